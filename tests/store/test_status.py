"""Progress is read whole, and a run that died does not look alive."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from trafficdiff.errors import StoreError
from trafficdiff.store.status import read_status, status_path, write_status

if TYPE_CHECKING:
    from pathlib import Path


def test_a_status_comes_back_and_the_newest_counts(tmp_path: Path) -> None:
    path = status_path(tmp_path / "run")
    assert read_status(path) is None
    write_status(path, state="queued")
    written = write_status(path, state="running", progress=0.25, message="simulating", seconds_left=30.0)
    assert read_status(path) == written
    assert (written.pid, written.is_over) == (os.getpid(), False)
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.status.json"]


@pytest.mark.parametrize("wrong", [{"progress": 1.5}, {"progress": float("nan")}, {"seconds_left": -1.0}])
def test_impossible_progress_is_refused(tmp_path: Path, wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        write_status(tmp_path / "s.json", state="running", **wrong)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["", "{}", '{"state": "sleeping"}', "\x00"])
def test_a_file_that_is_no_status_is_a_clear_error(tmp_path: Path, content: str) -> None:
    (tmp_path / "s.json").write_text(content)
    with pytest.raises(StoreError, match="expected the status of a run"):
        read_status(tmp_path / "s.json")


@pytest.mark.parametrize(("state", "read"), [("running", "failed"), ("queued", "failed"), ("done", "done")])
def test_a_run_whose_process_died_reads_as_failed_unless_it_was_over(tmp_path: Path, state: str, read: str) -> None:
    script = (
        "import sys; from pathlib import Path; from trafficdiff.store.status import write_status; "
        "write_status(Path(sys.argv[1]), state=sys.argv[2], message='last')"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "s.json"), state], check=True)
    status = read_status(tmp_path / "s.json")
    assert status is not None
    assert status.state == read
    assert ("without a word" in status.message) is (read == "failed")


_READER = """
import sys, time
from pathlib import Path
from trafficdiff.store.status import read_status
seen, end, at_last = set(), time.monotonic() + 1.0, time.monotonic() + 60.0
print("ready", flush=True)
while time.monotonic() < end or (len(seen) <= 3 and time.monotonic() < at_last):
    seen.add(read_status(Path(sys.argv[1])).progress)
print(len(seen))
"""


def test_a_reader_never_sees_half_a_status(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    write_status(path, state="running")
    with subprocess.Popen([sys.executable, "-c", _READER, str(path)], stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout is not None
        reader.stdout.readline()
        turns = 0
        while reader.poll() is None:
            turns += 1
            write_status(path, state="running", progress=turns % 1000 / 1000, message="x" * (turns % 7 * 1000))
        assert int(reader.stdout.read()) > 3
    assert reader.returncode == 0
