"""Ids that SUMO refuses are refused before it is started, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

import pytest

from trafficdiff.datatypes.identifiers import is_refused, note_refused_ids
from trafficdiff.errors import Faults
from trafficdiff.process import run_program, sumo_program

if TYPE_CHECKING:
    from pathlib import Path

PRINTABLE = [chr(code) for code in range(0x20, 0x7F)] + ["\t", "\n", "é", "中", "\xa0", "😀"]


def drive(names: list[str], net: Path, folder: Path) -> bool:
    """Return whether SUMO takes the names for vehicles and for their types."""
    blanks = {"\n": "&#10;", "\t": "&#9;"}
    quoted = [quoteattr(name, blanks) for name in names]
    vehicles = "".join(
        f'<vType id={name}/><vehicle id={name} type={name} depart="{place}"><route edges="WC CE"/></vehicle>'
        for place, name in enumerate(quoted)
    )
    (folder / "ids.rou.xml").write_text(f"<routes>{vehicles}</routes>", encoding="utf-8")
    command = [
        sumo_program("sumo"), "-n", net, "-r", folder / "ids.rou.xml", "--no-step-log", "-X", "never",
        "--xml-validation.net", "never", "--xml-validation.routes", "never",
    ]  # fmt: skip
    return run_program(command, log=folder / "log", deadline_s=60).returncode == 0


@pytest.mark.sumo
def test_sumo_takes_every_id_that_is_not_refused(cross_net: Path, tmp_path: Path) -> None:
    taken = [f"a{sign}b" for sign in PRINTABLE if not is_refused(f"a{sign}b")]
    assert len(taken) > 80
    assert drive([*taken, ":", "-", "."], cross_net, tmp_path)


@pytest.mark.sumo
@pytest.mark.parametrize("name", ["", *(f"a{sign}b" for sign in PRINTABLE if is_refused(f"a{sign}b"))], ids=repr)
def test_sumo_refuses_every_id_that_is_refused(name: str, cross_net: Path, tmp_path: Path) -> None:
    assert not drive([name], cross_net, tmp_path)


@pytest.mark.parametrize("name", [None, 7, "\0", "\ud800", "\ufffe", "trailing "])
def test_what_is_no_text_or_cannot_be_written_as_xml_is_refused(name: object) -> None:
    assert is_refused(name)


def test_all_refused_ids_are_one_fault_with_their_number() -> None:
    faults = Faults("trips")
    note_refused_ids(["good", *(f"bad {place}" for place in range(9))], faults, what="vehicle")
    (message,) = faults.messages
    assert "got 9 of 10 that it refuses: 'bad 0'" in message
    assert "and 4 more" in message
