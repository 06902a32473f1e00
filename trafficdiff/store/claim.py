"""Hold the name of an output directory while its content is being made.

`trafficdiff.publish` lets exactly one of two writers win, at the very end. A claim tells the second one at its start::

    .NAME.claim     a file beside NAME, locked for as long as its writer lives; its content is the writer's token

The system drops the lock when the process ends, however that happens. A file that is left behind is not locked, so
it stops nobody, and the next writer in that folder removes it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import logging
import os
import re
import time
from typing import TYPE_CHECKING, Final

from trafficdiff.errors import OutputError, StoreError
from trafficdiff.publish import NO_SPACE, real_path, refuse_taken
from trafficdiff.writers import this_writer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["claiming", "holding", "is_claimed", "sweep_claims"]

_TOKEN: Final = re.compile(rb"[0-9a-f]{8}-(?P<pid>\d+)-\d+")
_LONGEST_NAME_BYTES: Final = 255
_TRIES: Final = 10
_PAUSE_S: Final = 0.02
_NO_LOCKS: Final = frozenset({errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL})
"""What a file system says that knows no locks; there the one who publishes first wins, as ever."""

_logger = logging.getLogger(__name__)


@contextlib.contextmanager
def claiming(directory: Path) -> Iterator[None]:
    """Claim an output directory for this process until the block ends; parents are made, and go again if unused.

    Raises
    ------
    OutputError
        If the directory is taken, cannot be written, or another writer is at work on it.
    StoreError
        If no space is left.
    """
    target = real_path(directory)
    refuse_taken(target)
    made = [folder for folder in target.parents if not folder.exists()]
    try:
        with _claim(target):
            refuse_taken(target)  # somebody may have published since
            yield
    finally:
        for folder in made:
            with contextlib.suppress(OSError):  # something is in it
                folder.rmdir()


@contextlib.contextmanager
def holding(directory: Path) -> Iterator[None]:
    """Claim a directory that grows over several calls and may be there already.

    Raises
    ------
    OutputError
        If it cannot be written, or another writer is at work on it.
    StoreError
        If no space is left.
    """
    with _claim(real_path(directory)):
        yield


def is_claimed(directory: Path, *, patient: bool = True) -> bool:
    """Return whether a writer is at work on an output directory.

    Two that look at the same moment may take each other for a writer; who is `patient` looks again, for 0.2 s where
    there is one.
    """
    try:
        descriptor = os.open(_path_of(real_path(directory)), os.O_RDWR)
    except OSError:
        return False
    try:
        return not (_lock_patiently(descriptor) if patient else _lock(descriptor))
    finally:
        os.close(descriptor)


def _path_of(target: Path) -> Path:
    name = f".{target.name}.claim"
    if len(os.fsencode(name)) > _LONGEST_NAME_BYTES:
        name = f".{hashlib.sha256(os.fsencode(target.name)).hexdigest()}.claim"
    return target.parent / name


@contextlib.contextmanager
def _claim(target: Path) -> Iterator[None]:
    path = _path_of(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        sweep_claims(target.parent)
        descriptor = _open_locked(path, target)
    except OSError as error:
        kind = StoreError if error.errno in NO_SPACE else OutputError
        raise kind(
            f"{target}: expected to write beside it, got {error.strerror}; choose a folder that you may write to"
        ) from error
    try:
        with contextlib.suppress(OSError):  # a full disk: the lock holds, only nobody can read whose it is
            os.truncate(descriptor, 0)
            os.write(descriptor, this_writer().encode())
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def _open_locked(path: Path, target: Path) -> int:
    """Open and lock the file of a claim; one that was removed between the two steps is made again."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        if not _lock_patiently(descriptor):
            found = _TOKEN.match(os.read(descriptor, 100))
            os.close(descriptor)
            who = f"process {found['pid'].decode()}" if found else "another process"
            raise OutputError(
                f"{target}: expected a directory that nobody works on, but {who} is making it now; wait for it, or "
                "choose another directory"
            )
        if _is_at(descriptor, path):
            return descriptor
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    """Lock an open file and return whether it is ours now."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
    return True


def _lock_patiently(descriptor: int) -> bool:
    """Lock an open file; somebody who only looks holds it for a moment."""
    for _ in range(_TRIES):
        if _lock(descriptor):
            return True
        time.sleep(_PAUSE_S)
    return False


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def sweep_claims(folder: Path) -> None:
    """Remove the claims of dead writers in a folder; whoever holds a lock lives."""
    for path in folder.glob(".*.claim"):
        with contextlib.suppress(OSError):  # another user's, or gone already
            descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
            try:
                if _lock(descriptor) and _is_at(descriptor, path) and _TOKEN.fullmatch(os.read(descriptor, 100)):
                    path.unlink()
                    _logger.debug("removed %s, left behind by a writer that died", path)
            finally:
                os.close(descriptor)
