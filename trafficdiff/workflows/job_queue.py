"""Let the jobs of a folder wait in line, without anybody who runs the line.

::

    started ─▶ queued: looks once a second, under a lock ─▶ its turn: runs the command ─▶ ended
                 │  its turn = fewer than so many jobs run or stand before it
                 └─ SIGTERM: cancelled

Whether a job runs or waits stands in its record beside the result; one whose process has died counts no more. So no
dashboard has to live for it, and several see the same line.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import time
from typing import TYPE_CHECKING, Final

from trafficdiff.errors import OutputError
from trafficdiff.store.status import write_status
from trafficdiff.workflows.job_record import ENDING, is_alive, job_path, read_job, write_job

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from trafficdiff.workflows.job_record import JobFile

__all__ = ["in_turn", "job_files", "line_lock", "wait_for_turn"]

_LOCK: Final = ".jobs.lock"
_LOOK_EVERY_S: Final = 0.5
_NO_LOCKS: Final = frozenset({errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL})


def job_files(root: Path) -> dict[Path, JobFile]:
    """Return the records of a folder by their paths: beside results that lie in it, or one folder below."""
    paths = [*root.glob(f"*{ENDING}"), *root.glob(f"*/*{ENDING}")]
    found = ((path, read_job(path)) for path in paths)
    return {path: record for path, record in found if record is not None}


@contextlib.contextmanager
def line_lock(root: Path) -> Iterator[None]:
    """Be the only one who changes the line, for a moment; where the file system knows no locks, go without.

    Raises
    ------
    OutputError
        If nothing can be written in the folder.
    """
    try:
        descriptor = os.open(root / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
    except OSError as error:
        raise OutputError(
            f"{root}: expected a folder that jobs can be started in, got {error.strerror}; choose one that you may "
            "write to"
        ) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
        yield
    finally:
        os.close(descriptor)


def in_turn(root: Path, path: Path, record: JobFile) -> int:
    """Return how many jobs of the folder a job must wait for; 0 if it is its turn.

    Parameters
    ----------
    root
        The folder.
    path, record
        The job's.
    """
    others = [(at, one) for at, one in job_files(root).items() if at != path and is_alive(one, at)]
    running = sum(one.begun_utc is not None for _, one in others)
    before = sum(
        one.begun_utc is None and (one.asked_utc, str(at)) < (record.asked_utc, str(path)) for at, one in others
    )
    return max(0, running + before - record.most_at_once + 1)


def wait_for_turn(root: Path, directory: Path, *, pause: Callable[[float], None] = time.sleep) -> JobFile:
    """Wait until it is this job's turn, mark it as begun, and return its record.

    Parameters
    ----------
    root
        The folder.
    directory
        Of the result.
    pause
        Waits so many seconds.

    Raises
    ------
    OutputError
        If the record is gone, or nothing can be written.
    """
    path, said = job_path(directory), -1
    while True:
        with line_lock(root):
            record = read_job(path)
            if record is None:
                raise OutputError(f"{path}: expected the record of this job, found none; start it again")
            ahead = in_turn(root, path, record)
            if ahead == 0:
                record = record.begun()
                write_job(record, path)
                return record
        if ahead != said:
            said = ahead
            words = f"waiting for {ahead} other job{'s' if ahead > 1 else ''}"
            write_status(path.with_name(f"{directory.name}.status.json"), state="queued", message=words)
        pause(_LOOK_EVERY_S)
