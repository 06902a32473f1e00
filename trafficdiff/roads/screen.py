"""Check a source file of roads before any parser sees it, and say what it is.

::

    first bytes ──▶ gzip or plain XML ──▶ no definition, no entity; expanded once, bounded ──▶ <osm> or <net>
               └──▶ PBF               ──▶ walked block by block, without unpacking one

The content decides, not the name. What passes can still be nonsense, but it cannot exhaust the memory or
make a parser open another file.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final, Literal

from trafficdiff.errors import NetworkError
from trafficdiff.screening import MAXIMUM_RATIO, expansion_limit, is_gzip, open_bounded, open_screened, screen_xml

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["MAXIMUM_EXPANDED_BYTES", "MAXIMUM_TAGS", "Screened", "screen_source", "sha256_of"]

MAXIMUM_EXPANDED_BYTES: Final = 8 * 1024**3
"""Most bytes that a source may unpack to; the OSM XML of a city of millions takes about 2 GB."""
MAXIMUM_TAGS: Final = 200_000_000
"""Most XML tags in a source; a city of millions has about 30 million."""
MAXIMUM_BLOCK_BYTES: Final = 32 * 1024**2
"""Largest unpacked block of a PBF file (OSM wiki, "PBF Format", section "File format")."""
MAXIMUM_BLOCK_HEADER_BYTES: Final = 64 * 1024
"""Largest block header of a PBF file (same source)."""

_CHUNK_BYTES: Final = 1024**2
_DATA_DATE: Final = re.compile(rb'osm_base="(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)"')


@dataclass(frozen=True)
class Screened:
    """Say what a source file is, now that it is safe to parse.

    Parameters
    ----------
    path
        The file.
    kind
        ``"osm_xml"``, ``"osm_pbf"`` or ``"net"``.
    compressed
        Whether it is a gzip stream (PBF compresses inside and counts as plain).
    size_bytes, sha256
        Size on disk [bytes] and hash of the file as it is.
    data_date
        When the OSM data were current, ISO 8601 UTC, where an Overpass file says so; else ``""``.
    """

    path: Path
    kind: Literal["osm_xml", "osm_pbf", "net"]
    compressed: bool
    size_bytes: int
    sha256: str
    data_date: str = ""

    @property
    def osmium_format(self) -> str:
        """The format as osmium names it, so that no file name is trusted."""
        if self.kind == "osm_pbf":
            return "pbf"
        return "osm.gz" if self.compressed else "osm"


def screen_source(path: Path) -> Screened:
    """Check an OSM file (XML, gzip XML, PBF) or a SUMO net and return what it is.

    Raises
    ------
    NetworkError
        If it is missing, empty, too large, cut, expands too far, carries a document type definition or an
        entity, or is neither OSM nor a net.
    """
    with open_bounded(path, error=NetworkError) as stream:
        first = stream.peek(16)[:16]
        size = path.stat().st_size
        if _looks_like_pbf(first):
            _walk_pbf(stream, path, size=size)
            return Screened(path, "osm_pbf", False, size, sha256_of(path))
    root = screen_xml(path, error=NetworkError)
    if root not in {"osm", "net"}:
        raise NetworkError(
            f"{path}: expected OpenStreetMap data (<osm>) or a SUMO net (<net>), got <{root}>; "
            "give an .osm, .osm.gz, .osm.pbf or .net.xml[.gz] file"
        )
    data_date = _read_through(path)
    return Screened(
        path,
        "osm_xml" if root == "osm" else "net",
        is_gzip(first),
        size,
        sha256_of(path),
        data_date,
    )


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _looks_like_pbf(first: bytes) -> bool:
    """Return whether a file begins with a PBF block header: four bytes of length, then the field ``type``."""
    return len(first) >= 6 and 0 < int.from_bytes(first[:4], "big") <= MAXIMUM_BLOCK_HEADER_BYTES and first[4] == 0x0A


def _read_through(path: Path) -> str:
    """Expand a file once within its bounds, count its tags, and return the date that Overpass puts near its top."""
    expanded = tags = 0
    data_date = ""
    with open_screened(path, error=NetworkError) as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            if not expanded and (found := _DATA_DATE.search(chunk[:4096])):
                data_date = found[1].decode()
            expanded += len(chunk)
            tags += chunk.count(b"<")
            if expanded > MAXIMUM_EXPANDED_BYTES or tags > MAXIMUM_TAGS:
                raise NetworkError(
                    f"{path}: expected at most {MAXIMUM_EXPANDED_BYTES / 1e9:.0f} GB of XML and {MAXIMUM_TAGS:,} tags, "
                    f"got more ({expanded / 1e9:.1f} GB, {tags:,} tags so far); cut a smaller box out of it first"
                )
    return data_date


def _walk_pbf(stream: IO[bytes], path: Path, *, size: int) -> None:
    """Check that a PBF file is whole and unpacks to a bounded size, from the sizes that its blocks state.

    ::

        4 bytes n │ BlobHeader of n bytes: type = 1, datasize = 3 │ Blob of datasize bytes: raw = 1, raw_size = 2, ...

    osmium refuses a block that unpacks to another size than it states.
    """
    unpacked = 0
    while head := stream.read(4):
        header_bytes = int.from_bytes(head, "big")
        header = _fields(_take(stream, header_bytes, MAXIMUM_BLOCK_HEADER_BYTES, path), path)
        data_bytes = header.get(3, 0)
        end = stream.tell() + data_bytes
        if len(head) < 4 or end > size:
            raise NetworkError(f"{path}: expected a whole PBF file, got one cut short; copy it again")
        blob = _fields(_take(stream, min(data_bytes, 24), MAXIMUM_BLOCK_BYTES, path), path)
        raw_bytes = blob.get(2, blob.get(1, MAXIMUM_BLOCK_BYTES))
        unpacked += raw_bytes
        if raw_bytes > MAXIMUM_BLOCK_BYTES or unpacked > expansion_limit(end, most_bytes=MAXIMUM_EXPANDED_BYTES):
            raise NetworkError(
                f"{path}: expected a PBF file that unpacks at most {MAXIMUM_RATIO}-fold, to "
                f"{MAXIMUM_EXPANDED_BYTES / 1e9:.0f} GB, in blocks of 32 MiB, got {unpacked / 1e6:.0f} MB "
                f"out of {end / 1e6:.1f} MB; cut a smaller box out of it first"
            )
        stream.seek(end)


def _take(stream: IO[bytes], count: int, most: int, path: Path) -> bytes:
    taken = stream.read(count) if count <= most else b""
    if len(taken) < count or not count:
        raise NetworkError(f"{path}: expected a whole PBF file, got one cut short or damaged; copy it again")
    return taken


def _fields(message: bytes, path: Path) -> dict[int, int]:
    """Return the numbers of a protocol buffer message by field; of texts their length, until the bytes end."""
    found: dict[int, int] = {}
    place = 0
    while place < len(message):
        key, place = _varint(message, place, path)
        number, place = _varint(message, place, path)
        found[key >> 3] = number
        if key & 7 == 2:
            place += number
        elif key & 7 != 0:
            raise NetworkError(f"{path}: expected a PBF file, got a block that cannot be read; copy it again")
    return found


def _varint(message: bytes, place: int, path: Path) -> tuple[int, int]:
    """Return one variable-length number and the place after it (base 128, low digits first)."""
    value = shift = 0
    for index in range(place, min(place + 10, len(message))):
        value |= (message[index] & 0x7F) << shift
        shift += 7
        if message[index] < 0x80:
            return value, index + 1
    raise NetworkError(f"{path}: expected a whole PBF file, got one cut short or damaged; copy it again")
