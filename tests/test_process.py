"""Outside programs: their group, their deadline, everything they say."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from trafficdiff.errors import DeadlineError, MissingDependencyError
from trafficdiff.process import last_words, run_program, sumo_environment, sumo_program

PYTHON = [sys.executable, "-c"]


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def gone_within(pid: int, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.01)
    return not alive(pid)


def test_everything_said_is_kept_in_order(tmp_path: Path) -> None:
    code = "import sys; print('one', flush=True); print('two', file=sys.stderr, flush=True); print('drei \\xe4')"
    finished = run_program([*PYTHON, code], log=tmp_path / "log", deadline_s=20)
    assert finished.returncode == 0
    assert finished.output.split()[:3] == ["one", "two", "drei"]
    assert (tmp_path / "log").read_text(errors="replace") == finished.output


def test_return_codes_and_signals_are_the_callers_to_judge(tmp_path: Path) -> None:
    assert run_program([*PYTHON, "raise SystemExit(3)"], log=tmp_path / "log", deadline_s=20).returncode == 3
    code = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert run_program([*PYTHON, code], log=tmp_path / "log", deadline_s=20).returncode == -signal.SIGKILL


def test_use_of_processor_and_memory_is_the_programs_own(tmp_path: Path) -> None:
    code = "x = bytearray(200_000_000); import time; t = time.process_time()\nwhile time.process_time() - t < 0.3: pass"
    finished = run_program([*PYTHON, code], log=tmp_path / "log", deadline_s=20)
    assert finished.cpu_s >= 0.3
    assert finished.wall_s > 0
    own = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # Linux starts the count at the caller's
    assert 190e6 < finished.peak_memory_bytes < 400e6 + own


GRANDCHILD = (
    "import os, subprocess, sys, time\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
    "print(child.pid, flush=True)\n"
    "time.sleep(60)\n"
)


def test_at_the_deadline_the_whole_group_ends(tmp_path: Path) -> None:
    with pytest.raises(DeadlineError, match="within 1 s"):
        run_program([*PYTHON, GRANDCHILD], log=tmp_path / "log", deadline_s=1)
    assert gone_within(int((tmp_path / "log").read_text()), 30)


def test_a_stopped_program_ends_at_the_deadline_too(tmp_path: Path) -> None:
    code = "import os, signal; print(os.getpid(), flush=True); os.kill(os.getpid(), signal.SIGSTOP)"
    with pytest.raises(DeadlineError):
        run_program([*PYTHON, code], log=tmp_path / "log", deadline_s=1)
    assert gone_within(int((tmp_path / "log").read_text()), 30)


def test_a_program_that_ends_at_once_is_watched_too(tmp_path: Path) -> None:
    log = tmp_path / "log"
    read: list[str] = []
    run_program([*PYTHON, "print('done')"], log=log, deadline_s=30, on_poll=lambda: read.append(log.read_text()))
    assert read[-1].strip() == "done"


def test_an_error_while_watching_ends_the_group(tmp_path: Path) -> None:
    def watch() -> None:
        if (tmp_path / "log").read_text().strip():
            raise KeyError("the watcher's own")

    with pytest.raises(KeyError, match="the watcher's own"):
        run_program([*PYTHON, GRANDCHILD], log=tmp_path / "log", deadline_s=30, on_poll=watch)
    assert gone_within(int((tmp_path / "log").read_text()), 30)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_a_program_starts_waits_until_it_can_be_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    heard: list[int] = []

    def hear(number: int, _: object) -> None:
        heard.append(number)
        raise KeyboardInterrupt

    def start(*words: object, **options: object) -> subprocess.Popen[bytes]:
        signal.raise_signal(number)
        assert heard == []
        started.append(original(*words, **options))  # type: ignore[call-overload]
        return started[0]

    started: list[subprocess.Popen[bytes]] = []
    original = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", start)
    usual = signal.signal(number, hear)
    try:
        with pytest.raises(KeyboardInterrupt):
            run_program([*PYTHON, "import time; time.sleep(60)"], log=tmp_path / "log", deadline_s=30)
    finally:
        signal.signal(number, usual)
    assert heard == [number]
    assert gone_within(started[0].pid, 10)


def test_a_program_dies_with_its_starter(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux ends a process with its parent")
    log = tmp_path / "log"
    sleeper = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    code = (
        "from pathlib import Path; from trafficdiff.process import run_program; "
        f"run_program([{sys.executable!r}, '-c', {sleeper!r}], log=Path({str(log)!r}), deadline_s=60)"
    )
    starter = subprocess.Popen([*PYTHON, code])
    try:
        until = time.monotonic() + 20
        while not (log.exists() and log.read_text().strip()) and time.monotonic() < until:
            time.sleep(0.01)
        starter.kill()
        assert gone_within(int(log.read_text()), 30)
    finally:
        starter.kill()
        starter.wait()


def test_a_program_sees_neither_the_callers_secrets_nor_its_time_zone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_TOKEN", "secret")
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    code = "import os; print(os.environ.get('API_TOKEN'), os.environ['TZ'])"
    assert run_program([*PYTHON, code], log=tmp_path / "log", deadline_s=20).output.split() == ["None", "UTC"]


def test_nothing_is_read_from_the_callers_input(tmp_path: Path) -> None:
    code = "import sys; print(repr(sys.stdin.read()))"
    assert run_program([*PYTHON, code], log=tmp_path / "log", deadline_s=20).output.strip() == "''"


def test_a_program_that_is_not_there_is_a_missing_dependency(tmp_path: Path) -> None:
    with pytest.raises(MissingDependencyError, match="expected to start"):
        run_program([tmp_path / "nothing"], log=tmp_path / "log", deadline_s=1)
    with pytest.raises(MissingDependencyError, match="expected SUMO's program warp"):
        sumo_program("warp")


@pytest.mark.sumo
def test_sumos_programs_find_their_projections(tmp_path: Path, cross_net: Path) -> None:
    finished = run_program(
        [sumo_program("sumo"), "-n", cross_net, "-e", "1", "--no-step-log"], log=tmp_path / "log", deadline_s=20
    )
    assert finished.returncode == 0
    assert finished.output == ""
    assert (Path(sumo_environment()["PROJ_LIB"]) / "proj.db").exists()


def test_last_words_are_the_errors_or_the_last_lines() -> None:
    assert last_words("") == "nothing"
    assert last_words("a\n\nb\n") == "a | b"
    assert last_words("hello\nError: no net\nQuitting (on error).\n") == "Error: no net"
    assert last_words("\n".join(map(str, range(20))), lines=2) == "18 | 19"
