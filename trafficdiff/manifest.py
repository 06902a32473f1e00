"""List every file of a directory with its size and hash, and prove later that nothing has changed.

A directory without ``manifest.json`` is not complete; `trafficdiff.publish` writes it last.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from trafficdiff.errors import Faults, IntegrityError

__all__ = [
    "FORMAT",
    "MANIFEST",
    "FileEntry",
    "Manifest",
    "file_entry",
    "files_below",
    "is_complete",
    "read_manifest",
    "verify",
]

MANIFEST: Final = "manifest.json"
"""Name of the file that is written last."""

FORMAT: Final = 1
"""Version of the manifest that is written and read."""

_MAXIMUM_MANIFEST_BYTES: Final = 200_000_000
_MAXIMUM_NAMED: Final = 1_000
_DESKTOP_LITTER: Final = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
"""Files that a desktop's file browser drops into any folder that it shows."""


@dataclass(frozen=True, order=True)
class FileEntry:
    """Say what one file of a published directory must be.

    Parameters
    ----------
    path
        Relative to the directory, with forward slashes.
    sha256
        Of its content, hexadecimal.
    size
        [bytes].
    """

    path: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Manifest:
    """List every file of a published directory.

    Parameters
    ----------
    kind
        What the directory holds (``"run"``, ``"network"``, ...).
    format
        Version of the manifest itself.
    files
        Sorted by path; the manifest does not list itself.
    """

    kind: str
    format: int
    files: tuple[FileEntry, ...]

    @property
    def sha256(self) -> str:
        """Hash over kind, format and every file's path, size and hash: the identity of the content."""
        content = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(content.encode()).hexdigest()

    @property
    def total_bytes(self) -> int:
        """Size of all files together [bytes]."""
        return sum(entry.size for entry in self.files)

    def render(self) -> bytes:
        """Return the one way in which this manifest is written."""
        return (json.dumps({**asdict(self), "sha256": self.sha256}, indent=1) + "\n").encode()


def file_entry(path: Path, *, name: str, durable: bool = False) -> FileEntry:
    """Hash one file while reading it once; `durable` forces it to disk as well."""
    with path.open("rb") as source:
        sha256 = hashlib.file_digest(source, "sha256").hexdigest()
        size = source.tell()
        if durable:
            os.fsync(source.fileno())
    return FileEntry(name, sha256, size)


def files_below(directory: Path) -> dict[str, Path]:
    """Return everything below a directory that is not a directory, by relative path with forward slashes."""
    found: dict[str, Path] = {}
    folders = [(directory, "")]
    while folders:
        folder, prefix = folders.pop()
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append((Path(entry.path), f"{prefix}{entry.name}/"))
                else:
                    found[prefix + entry.name] = Path(entry.path)
    return found


def is_complete(directory: Path) -> bool:
    """Return whether a directory was published; cheap, proves nothing about its content."""
    return (directory / MANIFEST).is_file()


def read_manifest(directory: Path, *, kind: str | None = None) -> Manifest:
    """Read the manifest of a published directory without looking at the files that it lists.

    Raises
    ------
    IntegrityError
        If there is none, it was changed, or the directory holds something else than `kind`.
    """
    path = directory / MANIFEST
    heading = f"{directory}: {MANIFEST}"
    try:
        if path.stat().st_size > _MAXIMUM_MANIFEST_BYTES:
            raise IntegrityError(f"{heading}: expected at most {_MAXIMUM_MANIFEST_BYTES:,} bytes")
        content = path.read_bytes()
    except OSError as error:
        raise IntegrityError(
            f"{heading}: expected to find it, got {error.strerror}; the directory was never completed"
        ) from error
    manifest = _parsed(content, heading=heading)
    if manifest.render() != content:
        raise IntegrityError(f"{heading}: expected the content that was published, it was changed; restore it")
    if kind is not None and manifest.kind != kind:
        raise IntegrityError(f"{directory}: expected a published {kind}, found a {manifest.kind}; name a {kind}")
    return manifest


def _parsed(content: bytes, *, heading: str) -> Manifest:
    try:
        fields: dict[str, Any] = json.loads(content)
        entries = tuple(FileEntry(str(f["path"]), str(f["sha256"]), int(f["size"])) for f in fields["files"])
        manifest = Manifest(str(fields["kind"]), int(fields["format"]), entries)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise IntegrityError(f"{heading}: expected a manifest, got something else ({error}); restore it") from error
    if manifest.format != FORMAT:
        raise IntegrityError(f"{heading}: expected format {FORMAT}, got {manifest.format}; use a newer trafficdiff")
    outside = [e.path for e in entries if PurePosixPath(e.path).is_absolute() or ".." in PurePosixPath(e.path).parts]
    if outside:
        raise IntegrityError(f"{heading}: expected paths inside the directory, got {outside[:5]}; do not trust it")
    return manifest


def verify(directory: Path, *, kind: str | None = None) -> Manifest:
    """Read every file of a published directory and compare it with the manifest.

    Raises
    ------
    IntegrityError
        Naming every file that is missing, cut, changed or not listed, all at once.
    """
    manifest = read_manifest(directory, kind=kind)
    files = files_below(directory)
    faults = Faults(f"{directory} is not what was published; restore it from a copy or make it again")
    faults.shown = _MAXIMUM_NAMED
    for entry in manifest.files:
        if fault := _fault_of(entry, files.pop(entry.path, None)):
            faults.add(f"{entry.path}: {fault}")
    for name in sorted(set(files) - {MANIFEST}):
        if PurePosixPath(name).name not in _DESKTOP_LITTER:
            faults.add(f"{name}: not in the manifest, added later")
    faults.raise_if_any(IntegrityError)
    return manifest


def _fault_of(entry: FileEntry, path: Path | None) -> str | None:
    if path is None:
        return "missing"
    try:
        if (size := path.stat().st_size) != entry.size:
            return f"expected {entry.size} bytes, got {size}"
        changed = file_entry(path, name=entry.path).sha256 != entry.sha256
    except OSError as error:
        return f"expected to read it, got {error.strerror}"
    return "content changed (sha256 differs)" if changed else None
