"""Start long work as processes of their own, list them, stop them, start them again.

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
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import trafficdiff
from trafficdiff.errors import InputError, OutputError, StoreError
from trafficdiff.publish import real_path, writer_is_dead
from trafficdiff.store.claim import is_claimed
from trafficdiff.store.status import read_status, status_path, write_status
from trafficdiff.workflows.job_kinds import KINDS, command_of, directory_of, request_of
from trafficdiff.workflows.job_queue import job_files, line_lock
from trafficdiff.workflows.job_record import ENDING, JobFile, is_alive, job_path, log_path, read_job, write_job
from trafficdiff.workflows.log_tail import HEADING, last_error, log_tail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trafficdiff.store.status import RunStatus, State
    from trafficdiff.workflows.job_kinds import JobRequest

__all__ = ["JobRecord", "cancel", "command_text", "job_of", "jobs", "launch", "resume"]

_STATUS_ENDING: Final = ".status.json"
_COMES_UP_WITHIN_S: Final = 20.0
_LOOK_EVERY_S: Final = 0.02


@dataclass(frozen=True, kw_only=True)
class JobRecord:
    """Say what is known of a job, from its record and its status together.

    Parameters
    ----------
    root
        The folder that all work in.
    name
        Of the result, relative to it (``studies/school_street``).
    state, progress, message, seconds_left, updated_utc
        As in `trafficdiff.store.status.RunStatus`; a job whose process died without a word has failed, and the
        message is the last error in its log.
    request, asked_by, asked_utc, exit_code
        As in `trafficdiff.workflows.job_record.JobFile`; None or empty where the command line started it.
    pid
        Of the process that works on it; None if none does.
    """

    root: Path
    name: str
    state: State
    progress: float = 0.0
    message: str = ""
    seconds_left: float | None = None
    updated_utc: dt.datetime | None = None
    request: JobRequest | None = None
    asked_by: str = ""
    asked_utc: dt.datetime | None = None
    begun_utc: dt.datetime | None = None
    exit_code: int | None = None
    pid: int | None = None
    writer: str = ""

    @property
    def directory(self) -> Path:
        """Of the result."""
        return self.root / self.name

    @property
    def kind(self) -> str:
        """A row of `job_kinds.KINDS`, empty where nobody knows."""
        return "" if self.request is None else self.request.kind

    @property
    def command(self) -> tuple[str, ...]:
        """The words after ``trafficdiff``; empty where nobody knows."""
        return () if self.request is None else command_of(self.request)

    @property
    def log(self) -> Path:
        """Everything that it said."""
        return log_path(self.directory)

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self.state in {"done", "failed", "cancelled"}

    @property
    def can_cancel(self) -> bool:
        """Whether its process lives on this machine and belongs to this user."""
        return not self.is_over and self.pid is not None and _is_ours(self.pid)

    @property
    def can_resume(self) -> bool:
        """Whether the same command could be given again."""
        return self.state in {"failed", "cancelled"} and self.request is not None

    @property
    def goes_on(self) -> bool:
        """Whether the same command would go on where it stopped, and not begin again."""
        return self.request is not None and KINDS[self.request.kind].goes_on

    def tail(self, *, lines: int = 40) -> str:
        """Return the last lines of its log."""
        return log_tail(self.log, lines=lines)


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
        workers=workers, base=base, until=until, half_width=half_width, relative=relative,
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
    if now.pid is None or not _is_ours(now.pid):
        raise OutputError(
            f"{now.name}: expected a process of this user on this machine, got {now.pid or 'none that is known'}; stop "
            "it where it was started"
        )
    with contextlib.suppress(ProcessLookupError):
        if now.request is not None and os.getpgid(now.pid) == now.pid:
            os.killpg(now.pid, signal.SIGTERM)
        else:
            os.kill(now.pid, signal.SIGTERM)


def jobs(root: str | Path) -> list[JobRecord]:
    """Return all jobs of a folder: first those at work, then those in line, then those that are over, newest first.

    What the command line makes there is among them, as long as its status file is there.
    """
    root = real_path(Path(root))
    records = job_files(root)
    names = {_name(root, path, ENDING): (path, record) for path, record in records.items()}
    told = [*root.glob(f"*{_STATUS_ENDING}"), *root.glob(f"*/*{_STATUS_ENDING}")]
    found = [_joined(root, name, path, record) for name, (path, record) in names.items()]
    found += [
        _joined(root, name, job_path(root / name), None)
        for path in told
        if (name := _name(root, path, _STATUS_ENDING)) not in names
    ]
    order = {"running": 0, "queued": 1}
    return sorted(
        (one for one in found if one is not None), key=lambda one: (order.get(one.state, 2), _moment(one), one.name)
    )


def job_of(root: str | Path, name: str) -> JobRecord | None:
    """Return what is known of one job, or None if there is none of that name in the folder."""
    root = real_path(Path(root))
    directory = real_path(root / name)
    if not directory.is_relative_to(root) or directory == root:
        return None
    path = job_path(directory)
    return _joined(root, directory.relative_to(root).as_posix(), path, read_job(path))


def command_text(words: Sequence[str]) -> str:
    """Return the words after ``trafficdiff`` as a line that a shell understands."""
    return shlex.join(["trafficdiff", *words])


def _joined(root: Path, name: str, path: Path, record: JobFile | None) -> JobRecord | None:
    status = _status(root / name)
    if record is None:
        return None if status is None else _of_command_line(root, name, status)
    alive = is_alive(record, path)
    facts = JobRecord(
        root=root, name=name, state="queued", message="waiting", request=record.request, asked_by=record.asked_by,
        asked_utc=record.asked_utc, begun_utc=record.begun_utc, exit_code=record.exit_code,
        updated_utc=record.asked_utc, pid=record.pid if alive else None, writer=record.writer or "",
    )  # fmt: skip
    own = status is not None and status.updated_utc >= record.asked_utc
    if own and status is not None:
        facts = _with_status(facts, status)
    if alive or facts.state in {"done", "cancelled"}:
        return facts
    if facts.state == "failed" and "without a word" not in facts.message and own:
        return facts
    said = last_error(log_path(root / name)) or log_tail(log_path(root / name), lines=3).strip()
    words = f"the process ended without a word{f'; it last said: {said}' if said else ''}"
    return _changed(facts, state="failed", message=words)


def _of_command_line(root: Path, name: str, status: RunStatus) -> JobRecord:
    facts = JobRecord(root=root, name=name, state=status.state, writer=status.writer)
    lives = not status.is_over and writer_is_dead(status.writer) is False
    return _changed(_with_status(facts, status), pid=status.pid if lives else None)


def _with_status(facts: JobRecord, status: RunStatus) -> JobRecord:
    return _changed(
        facts, state=status.state, progress=status.progress, message=status.message,
        seconds_left=status.seconds_left, updated_utc=status.updated_utc,
    )  # fmt: skip


def _changed(facts: JobRecord, **changes: object) -> JobRecord:
    return JobRecord(**{**vars(facts), **changes})


def _status(directory: Path) -> RunStatus | None:
    try:
        return read_status(status_path(directory))
    except StoreError:
        return None


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


def _detached(root: Path, directory: Path, record: JobFile) -> subprocess.Popen[bytes]:
    """Start the process in a session of its own, which no terminal, reload or end of the caller reaches."""
    package = str(Path(trafficdiff.__file__).parents[1])
    path = os.pathsep.join([package, *filter(None, [os.environ.get("PYTHONPATH")])])
    asked = record.asked_utc.isoformat(timespec="seconds")
    with log_path(directory).open("ab") as log:
        line = command_text(command_of(record.request)).removeprefix("trafficdiff ")
        log.write(f"{HEADING}{line} ({asked}) ---\n".encode())
        log.flush()
        process = subprocess.Popen(
            [sys.executable, "-m", "trafficdiff.cli.job", str(root), str(directory)],
            cwd=root,
            env={**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"},
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
    """Return a scenario file relative to the folder.

    Raises
    ------
    InputError
        If it lies outside.
    """
    path = real_path(root / scenario)
    if not path.is_relative_to(root):
        raise InputError(f"{scenario}: expected a scenario file inside {root}, got one outside; save it there first")
    return path.relative_to(root).as_posix()


def _is_ours(pid: int) -> bool:
    """Return whether a process is one of ours: this user's, and Python at work for this package."""
    import psutil

    try:
        process = psutil.Process(pid)
        return process.uids().real == os.getuid() and any("trafficdiff" in word for word in process.cmdline())
    except psutil.Error:
        return False


def _name(root: Path, path: Path, ending: str) -> str:
    return path.relative_to(root).as_posix().removesuffix(ending)


def _moment(record: JobRecord) -> float:
    """Return a number by which jobs at work and in line stand in order of asking, others newest first."""
    moment = record.asked_utc or record.updated_utc
    seconds = 0.0 if moment is None else moment.timestamp()
    return -seconds if record.is_over else seconds
