"""Start long work as processes of their own, stop them, start them again; `job_listing` says what there is.

::

    launch ─▶ NAME.job.json ─▶ python -m trafficdiff.cli.job ─▶ queued ─▶ running ─▶ done | failed | cancelled
                               (own session and group)              NAME.status.json, NAME.log

Nothing lives in who launched it: a dashboard that is reloaded, closed or killed leaves its jobs at work, and every
other one that looks at the folder sees them, together with what the command line makes there.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from trafficdiff.errors import InputError, OutputError, StoreError
from trafficdiff.process import module_path
from trafficdiff.publish import real_path
from trafficdiff.store.claim import is_claimed
from trafficdiff.store.status import status_path, write_status
from trafficdiff.workflows.job_kinds import KINDS, command_of, directory_of, request_of
from trafficdiff.workflows.job_listing import JobRecord, is_ours, job_of
from trafficdiff.workflows.job_queue import line_lock
from trafficdiff.workflows.job_record import JobFile, is_alive, job_path, log_path, read_job, write_job
from trafficdiff.workflows.log_tail import HEADING, log_tail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trafficdiff.workflows.job_kinds import GuidedWishes, JobRequest

__all__ = ["cancel", "command_text", "launch", "resume"]

_COMES_UP_WITHIN_S: Final = 20.0
_LOOK_EVERY_S: Final = 0.02


def launch(
    root: str | Path,
    *,
    kind: str,
    name: str,
    scenarios: Sequence[str | Path] = (),
    samples: int | None = None,
    workers: int | None = None,
    base: str | None = None,
    until: str | None = None,
    half_width: float | None = None,
    relative: bool = False,
    guided: GuidedWishes | None = None,
    asked_by: str = "",
    max_jobs: int = 1,
) -> JobRecord:
    """Start a job and return what is known of it; it runs, or waits in line, whatever becomes of the caller.

    Parameters
    ----------
    root
        The folder that all work in.
    kind
        A row of `trafficdiff.workflows.job_kinds.KINDS`.
    name
        Of the result; it goes below the folder of its kind.
    scenarios
        Scenario files inside the folder; the first is the base.

    Other Parameters
    ----------------
    samples, workers, base, until, half_width, relative
        As ``trafficdiff ensemble`` takes them.
    guided
        As ``trafficdiff scenes make guided`` takes them; its run lies inside the folder.
    asked_by
        Label of a visitor, nothing personal.
    max_jobs
        How many jobs of the folder may run when this one begins; until then it waits.

    Raises
    ------
    InputError
        If the request cannot be meant, or a scenario is not a file inside the folder.
    OutputError
        If the name is taken, somebody works on it, or nothing can be written.
    StoreError
        If the process does not come up.
    """
    root = real_path(Path(root))
    request = request_of(
        kind=kind, name=name, scenarios=tuple(_inside(root, one) for one in scenarios), samples=samples,
        workers=workers, base=base, until=until, half_width=half_width, relative=relative, guided=guided,
    )  # fmt: skip
    return _start(root, request, asked_by=asked_by, max_jobs=max_jobs)


def resume(record: JobRecord, *, asked_by: str = "", max_jobs: int = 1) -> JobRecord:
    """Give the command of a job that is over once more; a study goes on where it stopped.

    Raises
    ------
    InputError
        If nobody knows its command, or it is not over.
    OutputError, StoreError
        As in `launch`.
    """
    if record.request is None:
        raise InputError(f"{record.name}: expected a job that was started here, got one of the command line; use that")
    return _start(record.root, record.request, asked_by=asked_by, max_jobs=max_jobs)


def cancel(record: JobRecord) -> None:
    """Ask a job to end; it leaves what is finished, and says so. One that is over already is left alone.

    Raises
    ------
    OutputError
        If its process is another user's, or on another machine.
    """
    now = job_of(record.root, record.name) or record
    if now.is_over:
        return
    if now.pid is None or not is_ours(now.pid):
        raise OutputError(
            f"{now.name}: expected a process of this user on this machine, got {now.pid or 'none that is known'}; stop "
            "it where it was started"
        )
    with contextlib.suppress(ProcessLookupError):
        if now.request is not None and os.getpgid(now.pid) == now.pid:
            os.killpg(now.pid, signal.SIGTERM)
        else:
            os.kill(now.pid, signal.SIGTERM)


def command_text(words: Sequence[str]) -> str:
    """Return the words after ``trafficdiff`` as a line that a shell understands."""
    return shlex.join(["trafficdiff", *words])


def _start(root: Path, request: JobRequest, *, asked_by: str, max_jobs: int) -> JobRecord:
    """Put a job into the line and start its process."""
    directory = root / directory_of(request)
    try:
        directory.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(f"{directory}: expected a folder that can be written, got {error.strerror}") from error
    with line_lock(root):
        _refuse_taken(root, directory, request)
        record = JobFile(
            request=request, asked_by=asked_by, asked_utc=dt.datetime.now(dt.UTC), most_at_once=max(1, max_jobs)
        )
        write_job(record, job_path(directory))
        write_status(status_path(directory), state="queued", message="starting")
        process = _detached(root, directory, record)
    return _come_up(root, directory, process)


def _refuse_taken(root: Path, directory: Path, request: JobRequest) -> None:
    """Refuse a name that somebody works on, or that another request holds."""
    path, name = job_path(directory), directory_of(request)
    if real_path(directory) != directory:
        raise OutputError(f"{name}: expected a plain folder, found a link; choose another name")
    before = read_job(path)
    if before is not None and is_alive(before, path):
        raise OutputError(
            f"{name}: expected a name that nobody works on, a job of this name runs or waits; wait for it"
        )
    if is_claimed(directory):
        raise OutputError(f"{name}: expected a name that nobody works on, the command line is making it; wait for it")
    again = before is not None and before.request == request and KINDS[request.kind].goes_on
    if directory.exists() and not again:
        raise OutputError(f"{name}: expected a new name, there is a result of this name; choose another")
    for scenario in request.scenarios:
        if not (root / scenario).is_file():
            raise InputError(f"{scenario}: expected a scenario file, found none; save it first")
    if request.guided is not None and not (root / _inside(root, request.guided.source)).is_dir():
        raise InputError(f"{request.guided.source}: expected a run, found none; choose one that is there")


def _detached(root: Path, directory: Path, record: JobFile) -> subprocess.Popen[bytes]:
    """Start the process in a session of its own, which no terminal, reload or end of the caller reaches."""
    asked = record.asked_utc.isoformat(timespec="seconds")
    with log_path(directory).open("ab") as log:
        line = command_text(command_of(record.request)).removeprefix("trafficdiff ")
        log.write(f"{HEADING}{line} ({asked}) ---\n".encode())
        log.flush()
        process = subprocess.Popen(
            [sys.executable, "-m", "trafficdiff.cli.job", str(root), str(directory)],
            cwd=root,
            env={**os.environ, "PYTHONPATH": module_path(os.environ.get("PYTHONPATH")), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    threading.Thread(target=process.wait, daemon=True).start()  # so that no zombie stays
    return process


def _come_up(root: Path, directory: Path, process: subprocess.Popen[bytes]) -> JobRecord:
    """Wait until the process has written its name, and return what is known of the job then."""
    until, path = time.monotonic() + _COMES_UP_WITHIN_S, job_path(directory)
    while time.monotonic() < until:
        record = read_job(path)
        if (record is not None and record.writer is not None) or process.poll() is not None:
            break
        time.sleep(_LOOK_EVERY_S)
    found = job_of(root, directory.relative_to(root).as_posix())
    if found is None or (process.poll() is not None and found.exit_code is None and found.writer == ""):
        said = log_tail(log_path(directory), lines=3).strip()
        raise StoreError(f"{directory.name}: expected the job's process to come up, it ended; it last said: {said}")
    return found


def _inside(root: Path, scenario: str | Path) -> str:
    """Return a scenario file, or a run, relative to the folder.

    Raises
    ------
    InputError
        If it lies outside.
    """
    path = real_path(root / scenario)
    if not path.is_relative_to(root):
        raise InputError(f"{scenario}: expected a file or run inside {root}, got one outside; save it there first")
    return path.relative_to(root).as_posix()
