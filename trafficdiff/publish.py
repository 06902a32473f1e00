"""Publish a directory whole or not at all.

::

    .NAME.<writer>.partial/   work, then hash and fsync every file, manifest.json last
            │
            └── one rename ──▶ NAME/      complete, or absent; never half

The writer's name holds its machine, process id and start time, so that what a killed writer left behind can
be told from what a live one is working on.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import re
import secrets
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from trafficdiff.errors import Faults, GateError, InputError, OutputError, StoreError
from trafficdiff.manifest import (
    FORMAT,
    MANIFEST,
    Manifest,
    file_entry,
    files_below,
    is_complete,
    read_manifest,
    verify,
)
from trafficdiff.writers import this_writer, writer_is_dead

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "NO_SPACE",
    "Manifest",
    "is_complete",
    "publishing",
    "publishing_file",
    "read_manifest",
    "real_path",
    "refuse_taken",
    "refuse_unwritable",
    "scratch",
    "sweep",
    "verify",
]

_WRITER: Final = r"(?P<writer>[0-9a-f]{8}-\d+-\d+)"
_TEMPORARY: Final = (
    re.compile(rf"^\..*\.{_WRITER}-[0-9a-f]{{8}}\.partial$", re.DOTALL),
    re.compile(rf"^trafficdiff-[a-z]+-{_WRITER}-[a-z0-9_]{{8}}$"),
)
"""Names that `publishing` and `scratch` give."""
_NOT_A_PLACE: Final = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.ENOENT, errno.ELOOP}
    | {errno.ENAMETOOLONG}
)
"""What the system says when the path is at fault, and not the disk."""
NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What the system says when a disk or a quota is full."""
_FULL_BELOW_BYTES: Final = 1_000_000
_FOREIGN_STALE_S: Final = 86_400.0

_logger = logging.getLogger(__name__)


@contextlib.contextmanager
def publishing(directory: Path, *, kind: str, expected_bytes: int = 0) -> Iterator[Path]:
    """Give a temporary directory to fill, and publish it whole when the block ends without an error.

    Parameters
    ----------
    directory
        The target; parents are made. It may exist if it is empty.
    kind
        What it holds; `verify` can ask for it.
    expected_bytes
        What will be needed [bytes], if known: a file system with less room is refused before any work.

    Yields
    ------
    The temporary directory, beside the target. Write plain files and folders, no links, no ``manifest.json``.

    Raises
    ------
    OutputError
        If the target is taken (at the start, or by another writer meanwhile), or cannot be written.
    StoreError
        If no space is left. Whatever ends the block early, nothing is published and the temporary directory is removed.
    """
    target = real_path(directory)
    refuse_taken(target)
    with _temporary(target) as temporary, _explain_full_disk(temporary, target, expected_bytes):
        yield temporary
        _seal(temporary, kind=kind)
        _rename(temporary, target)


@contextlib.contextmanager
def publishing_file(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """Give a temporary path of the same file name, and put it in place in one step when the block ends well.

    Parents are made. A file that is there already is replaced. `durable` forces the content to disk before.

    Raises
    ------
    OutputError
        If the path is a folder, or may not be written.
    StoreError
        If the file was not written, or no space is left.
    """
    target = real_path(path)
    try:
        with _temporary(target) as temporary, _explain_full_disk(temporary, target, 0):
            written = temporary / target.name
            yield written
            if not written.is_file():
                raise StoreError(f"{path}: expected the file to be written, found none; nothing was published")
            if durable:
                _fsync(written)
            written.replace(target)
            if durable:
                _fsync(target.parent)
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> StoreError:
    kind = OutputError if error.errno in _NOT_A_PLACE else StoreError
    return kind(f"{path}: expected a file that can be written, got {error.strerror or error}; choose another place")


def real_path(path: Path) -> Path:
    """Return a path without links; a loop of links stays, to be refused as any place that cannot be written."""
    return Path(os.path.realpath(path))  # `Path.resolve` raises before Python 3.13


def refuse_taken(target: Path) -> None:
    """Refuse a target that a directory cannot be published to, because something is there.

    Raises
    ------
    OutputError
        If it is a published directory, a mount point, a file, or a folder with content.
    """
    try:
        if is_complete(target):
            raise OutputError(f"{target}: expected a new directory, found a complete one; choose another or delete it")
        if target.is_mount():
            raise OutputError(f"{target}: expected a new directory, found a mount point; name a new folder inside it")
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise OutputError(f"{target}: expected a new or empty directory, found other content; choose another")
    except OSError as error:
        raise OutputError(f"{target}: expected a new directory, got {error.strerror}; choose another") from error


def refuse_unwritable(path: Path) -> None:
    """Refuse, before the work for it, a path that `publishing_file` could not write; a file that is there is none.

    Raises
    ------
    OutputError
        If it is a folder, or nothing can be written beside it.
    StoreError
        If no space is left.
    """
    target = real_path(path)
    if os.path.isdir(target):  # noqa: PTH112 - no error where the name is too long
        raise OutputError(f"{path}: expected a file that can be written, got a folder; name a file inside it")
    made = [folder for folder in target.parents if not os.path.exists(folder)]  # noqa: PTH110 - as above
    try:
        with _temporary(target) as temporary, (temporary / target.name).open("wb"):
            pass
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        for folder in made:
            with contextlib.suppress(OSError):  # it was not made after all, or somebody uses it
                folder.rmdir()


@contextlib.contextmanager
def _temporary(target: Path) -> Iterator[Path]:
    """Make a directory beside the target that only this process uses, and remove it in the end."""
    name = f".{target.name[:50]}.{this_writer()}-{secrets.token_hex(4)}.partial"
    temporary = target.parent / name
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        sweep(target.parent)
        temporary.mkdir()
    except OSError as error:
        kind = OutputError if error.errno in _NOT_A_PLACE else StoreError
        raise kind(
            f"{target}: expected to write beside it, got {error.strerror}; choose a folder that you may write to"
        ) from error
    try:
        yield temporary
    finally:
        _remove(temporary)


def _remove(directory: Path) -> None:
    try:
        shutil.rmtree(directory)
    except FileNotFoundError:
        pass  # published, or swept by another process
    except OSError as error:
        _logger.warning("%s could not be removed (%s); delete it by hand", directory, error.strerror)


@contextlib.contextmanager
def _explain_full_disk(temporary: Path, target: Path, expected_bytes: int) -> Iterator[None]:
    """Turn whatever a full disk causes into one clear error."""
    free = shutil.disk_usage(temporary).free
    if free < expected_bytes:
        raise StoreError(
            f"{target}: no space left on the file system of {target.parent}: it has {_megabytes(free)} free and this "
            f"needs about {_megabytes(expected_bytes)}; free some space or choose another folder"
        )
    try:
        yield
    except Exception as error:
        if not _is_full(error, temporary):
            raise
        written = _size_of(temporary)
        raise StoreError(
            f"{target}: no space left on the file system of {target.parent} after {_megabytes(written)}; it needs "
            f"about {_megabytes(max(2 * written, expected_bytes))}; free some space or choose another folder "
            "(nothing was published)"
        ) from error


def _is_full(error: Exception, directory: Path) -> bool:
    """Return whether an error comes from a full disk; programs that ignore one leave cut files and other errors."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in NO_SPACE:
            return True
        cause = cause.__cause__ or cause.__context__
    unrelated = isinstance(error, InputError | GateError)
    return not unrelated and shutil.disk_usage(directory).free < _FULL_BELOW_BYTES


def _size_of(directory: Path) -> int:
    return sum(path.lstat().st_size for path in files_below(directory).values())


def _seal(directory: Path, *, kind: str) -> None:
    """Hash and fsync every file, then every folder, then write the manifest."""
    files = files_below(directory)
    faults = Faults(f"cannot publish {directory}")
    if MANIFEST in files:
        faults.add(f"expected no {MANIFEST}, found one; it is written last, by the publisher")
    for name, path in files.items():
        if path.is_symlink() or not path.is_file():
            faults.add(f"{name}: expected a plain file, found a link or a device; copy the content instead")
    faults.raise_if_any(StoreError)
    entries = tuple(sorted(file_entry(path, name=name, durable=True) for name, path in files.items()))
    for folder, _, _ in os.walk(directory):
        _fsync(Path(folder))
    manifest = directory / MANIFEST
    manifest.write_bytes(Manifest(kind, FORMAT, entries).render())
    _fsync(manifest)
    _fsync(directory)


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _rename(temporary: Path, target: Path) -> None:
    try:
        temporary.rename(target)  # fails on a directory that is not empty: exactly one writer wins
    except OSError as error:
        if error.errno in NO_SPACE:
            raise
        raise OutputError(
            f"{target}: expected to publish here, but it is taken ({error.strerror}): another writer was first; "
            "open that one, or choose another directory"
        ) from error
    _fsync(target.parent)


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB"


@contextlib.contextmanager
def scratch(purpose: str) -> Iterator[Path]:
    """Give a folder among the system's temporary files, and remove it when the block ends.

    Its name holds `purpose`, one lower-case word, and this writer, so that what a killed one left behind is swept by
    the next.

    Raises
    ------
    StoreError
        If there is no place for temporary files.
    """
    try:
        parent = Path(tempfile.gettempdir())
        sweep(parent)
        folder = tempfile.TemporaryDirectory(prefix=f"trafficdiff-{purpose}-{this_writer()}-", dir=parent)
    except OSError as error:
        raise StoreError(
            f"expected a place for temporary files, got {error.strerror}; free some space or set TMPDIR"
        ) from error
    with folder as name:
        yield Path(name)


def sweep(parent: Path) -> list[Path]:
    """Remove this user's temporary directories in a folder whose writer is dead, and return them.

    A writer of this machine is asked for by process id and start time. One of another machine (a shared
    folder, another container) or from before a reboot counts as dead when nothing has changed for a day.
    """
    if not parent.is_dir():
        return []
    removed = []
    with os.scandir(parent) as entries:
        candidates = [
            (entry, found["writer"]) for entry in entries for form in _TEMPORARY if (found := form.match(entry.name))
        ]
    for entry, writer in candidates:
        if entry.is_dir(follow_symlinks=False) and _is_stale(Path(entry.path), writer):
            _logger.info("removing %s, left behind by a writer that died", entry.path)
            _remove(Path(entry.path))
            removed.append(Path(entry.path))
    return removed


def _is_stale(directory: Path, writer: str) -> bool:
    try:
        if directory.lstat().st_uid != os.getuid():
            return False
        if (dead := writer_is_dead(writer)) is not None:
            return dead
        changes = [path.lstat().st_mtime for path in (directory, *files_below(directory).values())]
    except OSError:
        return False  # it changes at this moment
    return time.time() - max(changes) > _FOREIGN_STALE_S
