"""A claim holds a name for as long as its process lives, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from trafficdiff.errors import OutputError
from trafficdiff.publish import publishing
from trafficdiff.store import claim
from trafficdiff.store.claim import claiming, is_claimed

if TYPE_CHECKING:
    from pathlib import Path

_HOLDER = """
import sys
from pathlib import Path
from trafficdiff.store.claim import claiming
with claiming(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(directory: Path) -> subprocess.Popen[str]:
    """Start a process that claims a directory until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(directory)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_claimed_directory_is_refused_and_its_writer_named(tmp_path: Path) -> None:
    with holder(tmp_path / "run") as other:
        with pytest.raises(OutputError, match=f"process {other.pid} is making it"), claiming(tmp_path / "run"):
            pytest.fail("both were let in")
        assert is_claimed(tmp_path / "run")
        with claiming(tmp_path / "another"):
            pass
        other.communicate()
    with claiming(tmp_path / "run"):
        assert is_claimed(tmp_path / "run")
    assert not is_claimed(tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_the_claim_of_a_killed_process_holds_nobody_up_and_is_swept(tmp_path: Path) -> None:
    for name in ("run", "other"):
        with holder(tmp_path / name) as process:
            process.send_signal(signal.SIGKILL)
    assert not is_claimed(tmp_path / "run")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".other.claim"]  # swept by the second
    with claiming(tmp_path / "other"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_swept_while_it_is_being_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / ".run.claim"
    path.write_text("ffffffff-1-1")
    lock = claim._lock

    def lock_what_was_swept(descriptor: int) -> bool:
        monkeypatch.setattr(claim, "_lock", lock)
        path.unlink()
        return lock(descriptor)

    monkeypatch.setattr(claim, "sweep_claims", lambda _: None)
    monkeypatch.setattr(claim, "_lock", lock_what_was_swept)
    with claiming(tmp_path / "run"):
        assert is_claimed(tmp_path / "run")


def test_files_that_only_look_like_claims_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".insurance.claim").write_text("two windows")
    (tmp_path / "other").touch()
    (tmp_path / ".link.claim").symlink_to(tmp_path / "other")
    with claiming(tmp_path / "run"):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == [".insurance.claim", ".link.claim", "other"]


def test_parents_are_made_and_go_again_if_nothing_came(tmp_path: Path) -> None:
    with claiming(tmp_path / "a" / "b" / "run"):
        assert (tmp_path / "a" / "b").is_dir()
    assert list(tmp_path.iterdir()) == []
    with claiming(tmp_path / "a" / "run"), publishing(tmp_path / "a" / "run", kind="run") as folder:
        (folder / "file").touch()
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["run"]


def test_the_longest_of_names_can_be_claimed(tmp_path: Path) -> None:
    with claiming(tmp_path / ("ä" * 127)):
        assert is_claimed(tmp_path / ("ä" * 127))


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "file" / "run", tmp_path / "file"):
        with pytest.raises(OutputError), claiming(place):
            pytest.fail("it was let in")
    if os.getuid():
        (tmp_path / "locked").mkdir(mode=0o500)
        with pytest.raises(OutputError, match="may write to"), claiming(tmp_path / "locked" / "run"):
            pytest.fail("it was let in")


_RACER = """
import sys, time
from pathlib import Path
from trafficdiff.errors import OutputError
from trafficdiff.store.claim import claiming
for line in sys.stdin:
    try:
        with claiming(Path(line.strip())):
            print("in", flush=True)
            sys.stdin.readline()
        print("out", flush=True)
    except OutputError:
        print("refused", flush=True)
        sys.stdin.readline()
        print("out", flush=True)
"""


def test_of_racing_processes_exactly_one_is_let_in(tmp_path: Path) -> None:
    racers = [
        subprocess.Popen([sys.executable, "-c", _RACER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]

    def tell(words: str) -> list[str]:
        for racer in racers:
            assert racer.stdin is not None
            racer.stdin.write(words + "\n")
            racer.stdin.flush()
        return sorted(racer.stdout.readline().strip() for racer in racers if racer.stdout)

    for turn in range(6):
        assert tell(str(tmp_path / f"run{turn % 2}")) == ["in", "refused"]
        assert tell("go") == ["out", "out"]
    for racer in racers:
        racer.communicate()
    assert list(tmp_path.iterdir()) == []
