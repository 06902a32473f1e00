"""Hostile and broken sources are refused before a parser sees them."""

from __future__ import annotations

import gzip
import socket
import struct
import subprocess
import sys
import time
import zlib
from typing import TYPE_CHECKING

import osmium
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.roads.mini_osm import osm_text, write_osm
from trafficdiff.errors import NetworkError
from trafficdiff.roads.screen import screen_source, sha256_of

if TYPE_CHECKING:
    from pathlib import Path

BOMB = "<!DOCTYPE osm [<!ENTITY a 'aaaaaaaaaa'>" + "".join(
    f"<!ENTITY {chr(98 + level)} '{f'&{chr(97 + level)};' * 10}'>" for level in range(12)
)


def to_pbf(source: Path, target: Path) -> Path:
    """Write an OSM XML file as PBF with osmium itself."""
    with osmium.SimpleWriter(str(target), overwrite=True) as writer:
        for item in osmium.FileProcessor(str(source)):
            writer.add(item)
    return target


@pytest.mark.parametrize(("name", "kind", "compressed"), [("a.osm", "osm_xml", False), ("a.osm.gz", "osm_xml", True)])
def test_kind_comes_from_the_content(tmp_path: Path, name: str, kind: str, compressed: bool) -> None:
    disguised = write_osm(tmp_path / name).rename(tmp_path / "town.bin")
    screened = screen_source(disguised)
    assert (screened.kind, screened.compressed) == (kind, compressed)
    assert screened.sha256 == sha256_of(disguised)
    assert screened.size_bytes == disguised.stat().st_size


def test_pbf_is_recognised(tmp_path: Path) -> None:
    assert screen_source(to_pbf(write_osm(tmp_path / "a.osm"), tmp_path / "a.osm.pbf")).kind == "osm_pbf"


def test_overpass_date_is_read(tmp_path: Path) -> None:
    text = osm_text().replace('<osm version="0.6">', '<osm version="0.6"><meta osm_base="2021-04-16T08:34:47Z"/>')
    (tmp_path / "a.osm").write_text(text)
    assert screen_source(tmp_path / "a.osm").data_date == "2021-04-16T08:34:47Z"


@pytest.mark.parametrize("name", ["bomb.osm", "bomb.osm.gz"])
def test_entity_bomb_is_refused_in_two_seconds_and_200_mb(tmp_path: Path, name: str) -> None:
    write_osm(tmp_path / name, prolog=BOMB + "]>\n")
    code = (
        "import pathlib, resource, sys\n"
        "from trafficdiff.errors import NetworkError\n"
        "from trafficdiff.roads.screen import screen_source\n"
        "try: screen_source(pathlib.Path(sys.argv[1]))\n"
        "except NetworkError as error: message = str(error)\n"
        "used = resource.getrusage(resource.RUSAGE_SELF)\n"
        # ru_maxrss would count the parent's memory too: a child inherits its mark when it is started.
        "peak = next(l.split()[1] for l in open('/proc/self/status') if l.startswith('VmHWM'))\n"
        "print(used.ru_utime + used.ru_stime, peak, message)\n"
    )
    said = subprocess.run([sys.executable, "-c", code, tmp_path / name], capture_output=True, text=True, check=True)
    cpu_s, peak_kib, message = said.stdout.split(" ", 2)
    assert float(cpu_s) < 2
    assert int(peak_kib) < 200 * 1024
    assert "document type definition" in message


def test_external_definition_is_never_opened(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/evil.dtd"
        write_osm(tmp_path / "a.osm", prolog=f'<!DOCTYPE osm SYSTEM "{address}">\n')
        with pytest.raises(NetworkError, match="document type definition"):
            screen_source(tmp_path / "a.osm")
        server.settimeout(0.05)
        with pytest.raises(TimeoutError):
            server.accept()


def test_gzip_cut_short_is_refused(tmp_path: Path) -> None:
    path = write_osm(tmp_path / "a.osm.gz")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(NetworkError, match="cut short"):
        screen_source(path)


def test_gzip_bomb_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.osm.gz"
    with gzip.open(path, "wb") as stream:
        stream.write(b'<osm version="0.6">')
        for _ in range(160):
            stream.write(b" " * 1024**2)
        stream.write(b"</osm>")
    started = time.process_time()
    with pytest.raises(NetworkError, match="expands at most 250-fold"):
        screen_source(path)
    assert time.process_time() - started < 2


def test_too_many_tags_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trafficdiff.roads.screen.MAXIMUM_TAGS", 10)
    with pytest.raises(NetworkError, match=r"expected at most .* 10 tags"):
        screen_source(write_osm(tmp_path / "a.osm"))


@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.99])
def test_pbf_cut_anywhere_is_refused(tmp_path: Path, share: float) -> None:
    path = to_pbf(write_osm(tmp_path / "a.osm"), tmp_path / "a.osm.pbf")
    content = path.read_bytes()
    path.write_bytes(content[: max(6, int(len(content) * share))])
    with pytest.raises(NetworkError, match="cut short"):
        screen_source(path)


def varint(number: int) -> bytes:
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def block(kind: bytes, raw_bytes: int, packed: bytes) -> bytes:
    """Return one PBF block that states an unpacked size."""
    blob = b"\x10" + varint(raw_bytes) + b"\x1a" + varint(len(packed)) + packed
    header = b"\x0a" + varint(len(kind)) + kind + b"\x18" + varint(len(blob))
    return struct.pack(">I", len(header)) + header + blob


@pytest.mark.parametrize(("raw_bytes", "count"), [(33 * 1024**2, 1), (32 * 1024**2, 4)])
def test_pbf_bomb_is_refused_without_unpacking(tmp_path: Path, raw_bytes: int, count: int) -> None:
    packed = zlib.compress(b"\0" * raw_bytes)
    (tmp_path / "a.osm.pbf").write_bytes(
        block(b"OSMHeader", 2, zlib.compress(b"\0\0")) + count * block(b"OSMData", raw_bytes, packed)
    )
    started = time.process_time()
    with pytest.raises(NetworkError, match="unpacks at most"):
        screen_source(tmp_path / "a.osm.pbf")
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"not xml at all", "expected XML"),
        (b"<html></html>", "got <html>"),
        (b'<?xml version="1.0"?>' + b" " * 5_000_000, "within the first 4 MiB"),
    ],
)
def test_what_is_no_map_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.osm").write_bytes(content)
    with pytest.raises(NetworkError, match=message):
        screen_source(tmp_path / "a.osm")


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match=r"nowhere\.osm"):
        screen_source(tmp_path / "nowhere.osm")


@settings(max_examples=60, deadline=None)
@given(noise=st.binary(max_size=200), pbf=st.booleans())
def test_noise_never_gets_through_nor_breaks_out(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, pbf: bool
) -> None:
    path = tmp_path_factory.mktemp("noise") / "a"
    path.write_bytes((b"\x00\x00\x00\x0d\x0a\x09OSMHeader\x18" if pbf else b"") + noise)
    try:
        assert screen_source(path).kind == "osm_pbf"  # zero-length data can be a whole, if empty, block list
    except NetworkError as error:
        assert str(path) in str(error)  # noqa: PT017 - either outcome is right
