"""Refuse hostile or broken XML files before a parser sees them.

Three traps are looked for, in the order in which they can hurt: a file that is not there or far too large, a gzip
stream that blows up or breaks off, and a document type definition, the home of entity bombs and of references to
other files. A definition can only stand before the first element, so reading that far is enough.
"""

from __future__ import annotations

import gzip
import io
import zlib
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Final

from trafficdiff.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = [
    "MAXIMUM_EXPANDED_BYTES",
    "MAXIMUM_FILE_BYTES",
    "MAXIMUM_PROLOG_BYTES",
    "MAXIMUM_RATIO",
    "expansion_limit",
    "is_gzip",
    "open_bounded",
    "open_screened",
    "screen_xml",
]

MAXIMUM_FILE_BYTES: Final = 4 * 1024**3
"""Largest file on disk [bytes]; a million trips with inline routes take about 1 GB."""
MAXIMUM_EXPANDED_BYTES: Final = 16 * 1024**3
"""Most bytes that a compressed file may expand to."""
MAXIMUM_RATIO: Final = 250
"""Largest expansion of a gzip stream. Route files reach about 100 where one route repeats; deflate ends at 1,032."""
MAXIMUM_PROLOG_BYTES: Final = 4 * 1024**2
"""Most bytes before the first element [bytes]; SUMO puts the writing program's options there, some kilobytes."""
_FREE_BYTES: Final = 64 * 1024**2
_CHUNK_BYTES: Final = 64 * 1024
_GZIP_MAGIC: Final = b"\x1f\x8b"


@contextmanager
def open_screened(path: Path, *, error: type[InputError] = InputError) -> Iterator[IO[bytes]]:
    """Open an XML file, compressed or not, for a streaming parser; what it expands to is bounded as it is read.

    Whether it is compressed is told by its first bytes. Give the stream to a parser that loads no definition and
    resolves no entity (for lxml ``resolve_entities=False, load_dtd=False, no_network=True``).

    Parameters
    ----------
    path
        The file.
    error
        Type of the error to raise.

    Yields
    ------
    A readable binary stream of the expanded bytes, checked by `screen_xml`.

    Raises
    ------
    InputError
        `error`, as `screen_xml`, and while the stream is read: if it is cut, damaged, or expands too far.
    """
    screen_xml(path, error=error)
    with _expanded(path, error) as stream:
        yield stream


def screen_xml(path: Path, *, error: type[InputError] = InputError) -> str:
    """Return the name of a file's root element after checking that the file is safe to parse.

    Parameters
    ----------
    path
        The file, plain or gzip.
    error
        Type of the error to raise.

    Raises
    ------
    InputError
        `error`, if the file is missing, empty, too large, not XML, carries a document type definition or an
        entity, or holds no element in its first 4 MiB.
    """
    from xml.etree.ElementTree import ParseError

    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import DefusedXMLParser

    with _expanded(path, error) as stream:
        found = _FirstElement()
        parser = DefusedXMLParser(target=found, forbid_dtd=True, forbid_entities=True, forbid_external=True)
        try:
            for _ in range(MAXIMUM_PROLOG_BYTES // _CHUNK_BYTES):
                chunk = stream.read(_CHUNK_BYTES)
                parser.feed(chunk)
                if not chunk:
                    parser.close()
                if found.name or not chunk:
                    break
        except DefusedXmlException as fault:
            raise error(
                f"{path}: expected plain XML, got a document type definition or an entity ({type(fault).__name__}); "
                "such files can exhaust the memory or open other files: remove the <!DOCTYPE ...> part"
            ) from fault
        except (ParseError, ValueError, LookupError) as fault:
            if not found.name:
                raise error(f"{path}: expected XML, got something else ({fault}); check that it is whole") from fault
    if not found.name:
        raise error(f"{path}: expected an XML element within the first 4 MiB, got none; is this the right file?")
    return found.name


class _FirstElement:
    """Remember the first element that a parser meets."""

    def __init__(self) -> None:
        self.name = ""

    def start(self, tag: str, attributes: dict[str, str]) -> None:  # noqa: ARG002 - the parser's interface
        self.name = self.name or tag

    def close(self) -> None:
        """Do nothing: the parser asks for it."""


@contextmanager
def open_bounded(path: Path, *, error: type[InputError] = InputError) -> Iterator[io.BufferedReader]:
    """Open a file as it is after checking that it is there, holds something, and is not far too large.

    Raises
    ------
    InputError
        `error`, if it is missing, no file, empty, or over `MAXIMUM_FILE_BYTES`.
    """
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise error(f"{path}: expected a file, got a folder or a device; give the path of a file")
        if size == 0:
            raise error(f"{path}: expected content, got an empty file; write it again")
        if size > MAXIMUM_FILE_BYTES:
            raise error(
                f"{path}: expected at most {MAXIMUM_FILE_BYTES / 1e9:.1f} GB, got {size / 1e9:.1f} GB; split it"
            )
        file = path.open("rb")
    except OSError as fault:
        raise error(f"{path}: expected a file that can be read, got {fault.strerror}; check the path") from fault
    with file:
        yield file


def is_gzip(first: bytes) -> bool:
    """Return whether a file is a gzip stream, from its first bytes."""
    return first.startswith(_GZIP_MAGIC)


def expansion_limit(packed_bytes: int, *, most_bytes: int = MAXIMUM_EXPANDED_BYTES) -> int:
    """Return how far packed bytes may expand [bytes]: `MAXIMUM_RATIO`-fold, 64 MiB in any case, never over the most."""
    return min(most_bytes, max(_FREE_BYTES, MAXIMUM_RATIO * packed_bytes))


@contextmanager
def _expanded(path: Path, error: type[InputError]) -> Iterator[IO[bytes]]:
    with open_bounded(path, error=error) as file:
        packed = is_gzip(file.peek(2))
        yield io.BufferedReader(_Bounded(path, file, error), _CHUNK_BYTES) if packed else file


class _Bounded(io.RawIOBase):
    """Expand a gzip stream, and stop where it expands too far, breaks off or is damaged."""

    def __init__(self, path: Path, file: IO[bytes], error: type[InputError]) -> None:
        self.path = path
        self.packed = file
        self.stream = gzip.GzipFile(fileobj=file, mode="rb")
        self.error = error
        self.count = 0

    def readable(self) -> bool:
        """Say that this can be read."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read up to one buffer of expanded bytes."""
        try:
            count = self.stream.readinto(buffer)
        except EOFError as fault:
            raise self.error(f"{self.path}: expected a whole gzip file, got one cut short; copy it again") from fault
        except (OSError, zlib.error) as fault:
            raise self.error(f"{self.path}: expected a sound gzip file, got {fault}; copy it again") from fault
        self.count += count
        if self.count > expansion_limit(self.packed.tell()):
            raise self.error(
                f"{self.path}: expected a file that expands at most {MAXIMUM_RATIO}-fold and to "
                f"{MAXIMUM_EXPANDED_BYTES / 1e9:.0f} GB, got more than {self.count / 1e6:.0f} MB out of "
                f"{self.packed.tell() / 1e6:.1f} MB; expand it yourself if you trust it"
            )
        return int(count)
