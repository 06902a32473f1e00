"""Start and watch an outside program: its own group, a deadline, a clean environment, all it said kept.

SUMO's programs on the path are Python wrappers that leave the native process alive when they are killed,
so the native ones inside the wheel are called.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import logging
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from trafficdiff.errors import DeadlineError, MissingDependencyError, StoreError, TrafficdiffError
from trafficdiff.publish import publishing_file, real_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = [
    "Finished",
    "die_with_parent",
    "keeping_log",
    "last_words",
    "module_path",
    "module_process",
    "run_program",
    "running_service",
    "sumo_environment",
    "sumo_home",
    "sumo_program",
]

_logger = logging.getLogger(__name__)

_KEPT_VARIABLES: Final = (
    "PATH",
    "HOME",
    "TMPDIR",
    "LANG",
    "LC_ALL",
    "DISPLAY",
    "XAUTHORITY",
    "LD_LIBRARY_PATH",
)
_PR_SET_PDEATHSIG: Final = 1
_ENDING_SIGNALS: Final = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
_POLL_S: Final = 0.01


@dataclass(frozen=True)
class Finished:
    """Say how a program ended.

    Parameters
    ----------
    command
        The argument list as started.
    returncode
        0 for success; negative for the signal that ended it.
    output
        Everything it wrote to stdout and stderr, in order.
    wall_s, cpu_s
        Elapsed and processor time [s].
    peak_memory_bytes
        Largest resident set [bytes]; Linux starts the count at the caller's own when the program is started.
    """

    command: tuple[str, ...]
    returncode: int
    output: str
    wall_s: float
    cpu_s: float
    peak_memory_bytes: int


@cache
def sumo_home() -> Path:
    """Return the folder of the SUMO wheel.

    Raises
    ------
    MissingDependencyError
        If the wheel is not installed.
    """
    spec = importlib.util.find_spec("sumo")
    if spec is None or spec.origin is None:
        raise MissingDependencyError(
            "expected the package eclipse-sumo, found none; install it with `pip install eclipse-sumo`"
        )
    return Path(spec.origin).parent


def sumo_program(name: str) -> Path:
    """Return the native program of the SUMO wheel (``"sumo"``, ``"netconvert"``, ``"duarouter"``, ...).

    Raises
    ------
    MissingDependencyError
        If the wheel does not have it.
    """
    program = sumo_home() / "bin" / (f"{name}.exe" if sys.platform == "win32" else name)
    if not program.exists():
        raise MissingDependencyError(f"expected SUMO's program {name}, found none at {program}; reinstall eclipse-sumo")
    return program


def sumo_environment() -> dict[str, str]:
    """Return the environment that SUMO's programs need: their home, projections and a neutral time zone."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return kept | {
        "SUMO_HOME": str(sumo_home()),
        "PROJ_DATA": str(sumo_home() / "data" / "proj"),
        "PROJ_LIB": str(sumo_home() / "data" / "proj"),  # the wheel brings PROJ 6, which knows the older name only
        "TZ": "UTC",
    }


def module_path(inherited: str | None = None) -> str:
    """Return a ``PYTHONPATH`` by which a new interpreter finds this package, before what `inherited` names."""
    return os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, [inherited])])


def module_process(work: Callable[[], int]) -> int:
    """Do a process's work and return its exit code; what goes wrong is said in the log that the caller reads."""
    try:
        return work()
    except Exception as error:  # the border of a process
        traceback.print_exc()
        print(f"Error: {type(error).__name__}: {error}", file=sys.stderr, flush=True)  # noqa: T201
        return 1


def die_with_parent() -> None:
    """Ask Linux to kill this process when its parent dies, so that no simulation is orphaned; elsewhere do nothing."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()  # nothing where the group is gone; never wait for one that was not killed
    process.wait()


@contextlib.contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Let an interrupt wait until the block has ended: one that comes while a program starts would orphan it."""
    if threading.current_thread() is not threading.main_thread():
        yield  # interrupts go to the main thread
        return
    came: list[int] = []
    usual = {number: signal.getsignal(number) for number in _ENDING_SIGNALS}
    held = [number for number, handler in usual.items() if handler not in {None, signal.SIG_IGN}]
    for number in held:
        signal.signal(number, lambda number, _: came.append(number))
    try:
        yield
    finally:
        for number in held:
            signal.signal(number, usual[number])
        if came:
            signal.raise_signal(came[0])


def run_program(
    command: Sequence[str | Path],
    *,
    log: Path,
    deadline_s: float,
    directory: Path | None = None,
    environment: Mapping[str, str] | None = None,
    on_poll: Callable[[], None] | None = None,
) -> Finished:
    """Run a program to its end and return how it ended; a nonzero return code is the caller's to judge.

    Parameters
    ----------
    command
        Program and arguments; no shell is involved.
    log
        File that receives everything the program says; it is kept.
    deadline_s
        Wall-clock limit [s]; at it the whole process group is killed.
    directory, environment
        Where and with which variables it runs (default: here, `sumo_environment`).
    on_poll
        Called about ten times a second while it runs and once when it has ended; an exception raised there ends it.

    Raises
    ------
    DeadlineError
        If the deadline passed.
    MissingDependencyError
        If the program cannot be started.
    """
    words = tuple(str(part) for part in command)
    started = time.monotonic()
    process: subprocess.Popen[bytes] | None = None
    with log.open("wb") as sink:
        try:
            with _interrupts_held_back():
                process = subprocess.Popen(
                    words,
                    cwd=directory,
                    env=dict(environment if environment is not None else sumo_environment()),
                    stdin=subprocess.DEVNULL,
                    stdout=sink,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    preexec_fn=die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509
                )
            returncode, usage = _wait(process, started + deadline_s, on_poll)
            if on_poll is not None:
                on_poll()  # a program that ends within a tenth of a second is watched as well
        except BaseException as error:
            if process is not None:
                _kill_group(process)
            elif isinstance(error, OSError):
                raise MissingDependencyError(f"expected to start {words[0]}, got {error.strerror}") from error
            raise
    output = log.read_text(encoding="utf-8", errors="replace")
    wall_s = time.monotonic() - started
    if returncode is None or usage is None:
        raise DeadlineError(
            f"expected {Path(words[0]).name} to finish within {deadline_s:g} s, it was still running and was stopped; "
            f"raise the deadline or lower the demand. It last said: {last_words(output)}"
        )
    # Linux counts the resident set in kibibytes, macOS in bytes.
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return Finished(words, returncode, output, wall_s, usage.ru_utime + usage.ru_stime, peak)


def _wait(
    process: subprocess.Popen[bytes], until: float, on_poll: Callable[[], None] | None
) -> tuple[int | None, os.struct_rusage | None]:  # type: ignore[name-defined]
    polls = 0
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode, usage
        if time.monotonic() > until:
            _kill_group(process)
            return None, None
        polls += 1
        if on_poll is not None and polls % 10 == 0:
            on_poll()
        time.sleep(_POLL_S)


def last_words(output: str, *, lines: int = 6) -> str:
    """Return the last error lines of a program's output, or its last lines where none says so."""
    said = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in said if line.startswith("Error")]
    return " | ".join((errors or said)[-lines:]) or "nothing"


@contextlib.contextmanager
def keeping_log(directory: Path) -> Iterator[None]:
    """Let the log of a program outlive the temporary files when the block fails: beside the directory it was to make.

    An error that names a log names ``NAME.failed.log`` afterwards; a block that goes well takes an older one away.
    """
    target = real_path(directory)
    kept = target.parent / f"{target.name}.failed.log"
    try:
        yield
    except TrafficdiffError as error:
        if error.log is not None:
            error.log = kept if _copied(error.log, kept) else None
        raise
    with contextlib.suppress(OSError):  # there is none, or it stays and does no harm
        kept.unlink()


def _copied(log: Path, kept: Path) -> bool:
    try:
        with publishing_file(kept) as temporary:
            temporary.write_bytes(log.read_bytes())
    except (StoreError, OSError) as error:
        _logger.warning("what the program said could not be kept: %s", error)
        return False
    return True


@contextlib.contextmanager
def running_service(
    command: Sequence[str | Path],
    *,
    directory: Path,
    environment: Mapping[str, str],
    grace_s: float = 5.0,
    log: Path | None = None,
    kept_open: Sequence[int] = (),
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program for as long as the block lasts; then it and all of its group end, asked first and killed after.

    Parameters
    ----------
    command
        Program and arguments; no shell is involved.
    directory, environment
        Where and with which variables it runs.
    grace_s
        Time to end in order [s].
    log
        File that all that it says is added to; this process's stderr if None.
    kept_open
        Open files of this process that it inherits, by their numbers.

    Raises
    ------
    MissingDependencyError
        If the program cannot be started.
    """
    words = [str(part) for part in command]
    process: subprocess.Popen[bytes] | None = None
    try:
        with _interrupts_held_back(), contextlib.nullcontext(2) if log is None else log.open("ab") as sink:
            process = subprocess.Popen(
                words,
                cwd=directory,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=None if log is None else subprocess.STDOUT,
                pass_fds=tuple(kept_open),
                start_new_session=True,
                preexec_fn=die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509
            )
        yield process
    except OSError as error:
        if process is not None:
            raise
        raise MissingDependencyError(f"expected to start {words[0]}, got {error.strerror}") from error
    finally:
        if process is not None:
            _end_group(process, grace_s=grace_s)


def _end_group(process: subprocess.Popen[bytes], *, grace_s: float) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(grace_s)
    except subprocess.TimeoutExpired:
        _logger.debug("%s did not end within %g s and was killed", Path(str(process.args[0])).name, grace_s)  # type: ignore[index]
    finally:
        _kill_group(process)
