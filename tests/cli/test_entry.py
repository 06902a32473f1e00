"""However a command ends: one message, one exit code, one JSON object where asked for, nothing left behind."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from tests.commands import PROGRAM, hear_interrupts, trafficdiff
from tests.workflows.test_run import write_scenario
from trafficdiff.store.claim import claiming

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LONG = {"demand": {"kind": "uniform", "trips": 300}, "simulation": {"period_s": 60, "step_s": 0.01}}
"""A run of many seconds: time to be ended in."""


def the_only_object(stdout: str) -> dict[str, Any]:
    found = json.loads(stdout)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    "words",
    [
        ("run", "--no-such-option"),
        ("run",),
        ("sample", "helsinki", "--demand", "magic"),
        ("no-such-verb",),
        (),
    ],
    ids=["option", "argument", "choice", "verb", "none"],
)
def test_usage_errors_are_one_json_object_when_asked(tmp_path: Path, words: tuple[str, ...]) -> None:
    said = trafficdiff(*words, "--json", directory=tmp_path)
    assert said.returncode == 2
    fault = the_only_object(said.stdout)
    assert (fault["error"], fault["exit_code"]) == ("UsageError", 2)
    assert fault["message"] in said.stderr


def test_usage_errors_show_people_the_usage() -> None:
    said = trafficdiff("run", "--no-such-option")
    assert said.returncode == 2
    assert said.stdout == ""
    assert "Usage: trafficdiff run" in said.stderr


# --- errors that nobody foresaw -----------------------------------------------------------------------------


def broken(tmp_path: Path, fault: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run ``trafficdiff doctor`` with a fault in the program."""
    code = (
        "import sys, trafficdiff.workflows.doctor as doctor\n"
        f"def examine(): {fault}\n"
        "doctor.examine = examine\n"
        "from trafficdiff.cli import main\n"
        f"main(['doctor', *{list(words)!r}])\n"
    )
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path, timeout=60
    )


def test_a_bug_is_one_line_that_says_where_and_how_to_learn_more(tmp_path: Path) -> None:
    said = broken(tmp_path, "raise KeyError('depart')")
    assert (said.returncode, said.stdout) == (1, "")
    assert len(said.stderr.splitlines()) == 1
    for part in ("error: unexpected KeyError: 'depart' at ", "doctor.py:", "--debug"):
        assert part in said.stderr


def test_a_bug_is_one_json_object_whatever_was_printed_before(tmp_path: Path) -> None:
    said = broken(tmp_path, "print('half a table'); raise ValueError('two\\nlines')", "--json")
    assert said.returncode == 1
    fault = the_only_object(said.stdout)
    assert (fault["error"], fault["exit_code"]) == ("ValueError", 1)
    assert "two lines" in fault["message"]
    assert "half a table" in said.stderr


@pytest.mark.parametrize("place", [["--debug"], ["--json", "--debug"]])
def test_debug_shows_the_whole_traceback(tmp_path: Path, place: list[str]) -> None:
    said = broken(tmp_path, "raise KeyError('depart')", *place)
    assert said.returncode == 1
    assert "Traceback (most recent call last)" in said.stderr
    assert "in examine" in said.stderr


def test_a_package_that_is_not_installed_is_a_missing_dependency(tmp_path: Path) -> None:
    said = broken(tmp_path, "import no_such_package", "--json")
    assert said.returncode == 3
    fault = the_only_object(said.stdout)
    assert fault["error"] == "MissingDependencyError"
    assert "no_such_package" in fault["message"]


def test_an_object_that_was_printed_before_the_error_stays_the_only_one(tmp_path: Path) -> None:
    said = broken(tmp_path, "from trafficdiff.errors import GateError; print('{\"ok\": false}'); raise GateError('no')",
                  "--json")  # fmt: skip
    assert said.returncode == 4
    assert the_only_object(said.stdout) == {"ok": False}


def test_a_reader_that_leaves_early_causes_no_traceback() -> None:
    said = subprocess.run(
        f"{PROGRAM} schema --json | head -c 10", shell=True, capture_output=True, text=True, check=False
    )
    assert said.stdout.startswith("{")
    assert said.stderr == ""


# --- signals ------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def started(folder: Path, scenario: Path, *, what: str = "run") -> Iterator[subprocess.Popen[str]]:
    """Start a long run in a process whose temporary files lie in ``folder/temporary``."""
    (folder / "temporary").mkdir(exist_ok=True)
    with subprocess.Popen(
        [PROGRAM, "run", scenario, "-o", folder / "runs" / what, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(folder / "temporary")},
        preexec_fn=hear_interrupts,  # noqa: PLW1509 - no other thread is at work
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(found: Callable[[], Any], process: subprocess.Popen[str]) -> Any:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if result := found():
            return result
        assert process.poll() is None, "it ended too early"
        time.sleep(0.02)
    pytest.fail("waited in vain")


def sumo_of(process: subprocess.Popen[str]) -> psutil.Process | None:
    with contextlib.suppress(psutil.Error):
        return next((child for child in psutil.Process(process.pid).children() if child.name() == "sumo"), None)
    return None


def answers(process: subprocess.Popen[str], number: signal.Signals) -> bool:
    """Return whether a process has a handler for a signal."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    (caught,) = (line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught, 16) >> (number - 1) & 1)


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "temporary").glob("trafficdiff-*"))


def assert_ended(process: subprocess.Popen[str], number: signal.Signals, folder: Path) -> None:
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    fault = the_only_object(stdout)
    assert (fault["error"], fault["exit_code"]) == ("Interrupted", 128 + number)
    assert stderr.splitlines() == [f"interrupted ({number.name}); nothing half-written was left behind"]
    assert left_in(folder) == []
    assert not (folder / "runs").exists()


@pytest.mark.slow
@pytest.mark.sumo
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_the_simulation_takes_sumo_and_the_temporary_files_with_it(
    tmp_path: Path, grid_net: Path, number: signal.Signals
) -> None:
    with started(tmp_path, write_scenario(tmp_path, grid_net, **LONG)) as process:
        sumo = wait_for(lambda: sumo_of(process), process)
        assert left_in(tmp_path)
        process.send_signal(number)
        assert_ended(process, number, tmp_path)
        psutil.wait_procs([sumo], timeout=10)
        assert not sumo.is_running()


@pytest.mark.sumo
@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc which signals the process answers")
@pytest.mark.parametrize("delay_s", [0.0, 0.3, 0.6])
def test_an_interrupt_while_libraries_load_ends_in_order(tmp_path: Path, grid_net: Path, delay_s: float) -> None:
    with started(tmp_path, write_scenario(tmp_path, grid_net, **LONG)) as process:
        wait_for(lambda: answers(process, signal.SIGTERM), process)  # before that it is Python that starts
        time.sleep(delay_s)
        process.send_signal(signal.SIGINT)
        assert_ended(process, signal.SIGINT, tmp_path)


_DEAF = """
import time
import trafficdiff.workflows.doctor as doctor

class Callback:
    def __del__(self):
        print("listening", flush=True)
        end = time.monotonic() + 30
        while time.monotonic() < end: pass

def examine():
    Callback()   # whatever is raised in its __del__ is ignored
    print("deaf", flush=True)
    time.sleep(30)

doctor.examine = examine
from trafficdiff.cli import main
main(["doctor"])
"""


def interrupted_at(code: str, word: str, *, folder: Path) -> tuple[str, str, int]:
    """Run Python code, interrupt it when it has said the word, and return both its streams and its exit code."""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder,
        preexec_fn=hear_interrupts,  # noqa: PLW1509
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == f"{word}\n"
            process.send_signal(signal.SIGINT)
            return (*process.communicate(timeout=15), process.returncode)
        finally:
            process.kill()


def test_an_interrupt_that_a_library_ignores_comes_again(tmp_path: Path) -> None:
    _, stderr, returncode = interrupted_at(_DEAF, "listening", folder=tmp_path)
    assert returncode == 130
    assert stderr.splitlines() == ["interrupted (SIGINT); nothing half-written was left behind"]


_TIDY = """
    try:
        print("working", flush=True)
        time.sleep(30)
    finally:
        time.sleep(0.5)
        print("tidied up", flush=True)
"""


def test_tidying_up_is_not_interrupted_again(tmp_path: Path) -> None:
    code = _DEAF.replace("    Callback()", _TIDY)
    stdout, stderr, returncode = interrupted_at(code, "working", folder=tmp_path)
    assert (stdout, returncode) == ("tidied up\n", 130)
    assert len(stderr.splitlines()) == 1


_TURNED = """
    try:
        print("working", flush=True)
        time.sleep(30)
    except BaseException:
        raise OSError("a library's own words") from None
"""


def test_what_a_library_makes_of_an_interrupt_is_still_one(tmp_path: Path) -> None:
    _, stderr, returncode = interrupted_at(_DEAF.replace("    Callback()", _TURNED), "working", folder=tmp_path)
    assert returncode == 130
    assert stderr.splitlines() == ["interrupted (SIGINT); nothing half-written was left behind"]


_SLOW_MODULE = """
import sys, time
print("loading", flush=True)
try:
    end = time.monotonic() + 2
    while time.monotonic() < end: pass
except BaseException as error:
    print("broken off", file=sys.stderr)
    raise ImportError("the C extension is not built") from error
"""


@pytest.mark.slow
def test_an_interrupt_does_not_break_off_an_import(tmp_path: Path) -> None:
    (tmp_path / "slow_module.py").write_text(_SLOW_MODULE)
    code = _DEAF.replace("Callback()", "import slow_module")
    _, stderr, returncode = interrupted_at(code, "loading", folder=tmp_path)
    assert returncode == 130
    assert stderr.splitlines() == ["interrupted (SIGINT); nothing half-written was left behind"]


@pytest.mark.slow
@pytest.mark.sumo
def test_what_a_killed_run_left_is_swept_by_the_next(tmp_path: Path, grid_net: Path) -> None:
    scenario = write_scenario(tmp_path, grid_net, **LONG)
    with started(tmp_path, scenario) as process:
        wait_for(lambda: sumo_of(process), process)
        process.kill()
        process.wait()
    (dead,) = left_in(tmp_path)
    assert {path.name for path in (tmp_path / "runs").iterdir()} == {".run.claim", "run.status.json"}
    with started(tmp_path, scenario, what="other") as process:
        wait_for(lambda: sumo_of(process), process)
        assert dead not in left_in(tmp_path)
        assert {path.name for path in (tmp_path / "runs").iterdir()} == {
            ".other.claim", "other.status.json", "run.status.json",
        }  # fmt: skip


# --- places for results -------------------------------------------------------------------------------------


@pytest.mark.sumo
def test_the_second_of_two_runs_into_one_directory_is_told_at_its_start(tmp_path: Path, grid_net: Path) -> None:
    scenario = write_scenario(tmp_path, grid_net, **LONG)
    with started(tmp_path, scenario) as first:
        wait_for((tmp_path / "runs" / ".run.claim").exists, first)
        begun = time.monotonic()
        second = trafficdiff("run", scenario, "-o", tmp_path / "runs" / "run", "--json")
        assert time.monotonic() - begun < 10
        assert first.poll() is None
        assert second.returncode == 2
        fault = the_only_object(second.stdout)
        assert fault["error"] == "OutputError"
        assert f"process {first.pid}" in fault["message"]


def test_a_build_into_a_directory_that_is_being_made_is_told_at_its_start(tmp_path: Path) -> None:
    with claiming(tmp_path / "built"):
        said = trafficdiff("build", "helsinki", "-o", tmp_path / "built", "--json")
    assert said.returncode == 2
    assert "is making it now" in the_only_object(said.stdout)["message"]
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_is_taken_or_cannot_be_written_is_refused_before_the_network_is_looked_for(tmp_path: Path) -> None:
    scenario = write_scenario(tmp_path, Path("no-such-net.net.xml"))
    (tmp_path / "file").touch()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").touch()
    for place in ("file", "full", "file/run", "/proc/run"):
        said = trafficdiff("run", scenario, "-o", tmp_path / place, "--json")
        assert said.returncode == 2, place
        assert the_only_object(said.stdout)["error"] == "OutputError", place
    said = trafficdiff("run", scenario, "-o", tmp_path / "deep" / "run", "--json")
    assert the_only_object(said.stdout)["error"] == "NetworkError"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "full", "scenario.yaml"]
