"""The example study's files are sound, complete in any folder, and never written over somebody's own."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

from trafficdiff.datatypes.scenario_files import read_scenario
from trafficdiff.errors import OutputError
from trafficdiff.workflows.example import NAME, SAMPLES, example_command, write_example

if TYPE_CHECKING:
    from pathlib import Path


def test_the_files_are_a_base_and_the_same_with_one_street_closed(tmp_path: Path) -> None:
    base, closed = (read_scenario(tmp_path / name) for name in write_example(tmp_path))
    assert not base.measures
    assert [measure.kind for measure in closed.measures] == ["close_road"]
    assert closed.name == NAME
    same = {"name", "description", "measures"}
    assert base.model_dump(exclude=same) == closed.model_dump(exclude=same)


def test_no_line_of_them_leads_to_files_that_are_elsewhere(tmp_path: Path) -> None:
    for name in write_example(tmp_path):
        assert "$schema" not in (tmp_path / name).read_text(encoding="utf-8")


def test_writing_them_twice_changes_nothing_and_other_content_is_kept(tmp_path: Path) -> None:
    first, second = write_example(tmp_path)
    assert write_example(tmp_path) == (first, second)
    (tmp_path / second).write_text("mine")
    with pytest.raises(OutputError, match="rename yours"):
        write_example(tmp_path)
    assert (tmp_path / second).read_text() == "mine"


def test_the_command_names_the_files(tmp_path: Path) -> None:
    words = shlex.split(example_command())
    assert words[:2] == ["trafficdiff", "ensemble"]
    assert tuple(words[2:4]) == write_example(tmp_path)
    assert words[4:6] == ["--samples", str(SAMPLES)]
