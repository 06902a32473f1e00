"""List jobs: what their records and their status files say together.

::

    NAME.job.json     what was asked, and whose process works on it          -> JobRecord
    NAME.status.json  how far it is; alone where the command line makes it
    NAME.log          everything that it said
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from trafficdiff.errors import StoreError
from trafficdiff.publish import real_path
from trafficdiff.store.status import read_status, status_path
from trafficdiff.workflows.job_kinds import KINDS, command_of
from trafficdiff.workflows.job_queue import job_files
from trafficdiff.workflows.job_record import ENDING, is_alive, job_path, log_path, read_job
from trafficdiff.workflows.log_tail import last_error, log_tail
from trafficdiff.writers import writer_is_dead

if TYPE_CHECKING:
    import datetime as dt

    from trafficdiff.store.status import RunStatus, State
    from trafficdiff.workflows.job_kinds import JobRequest
    from trafficdiff.workflows.job_record import JobFile

__all__ = ["JobRecord", "is_ours", "job_of", "jobs"]

_STATUS_ENDING: Final = ".status.json"


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
        return not self.is_over and self.pid is not None and is_ours(self.pid)

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


def is_ours(pid: int) -> bool:
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
