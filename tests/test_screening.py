import gzip
import os
import resource
import time
from pathlib import Path

import pytest

from trafficdiff.errors import NetworkError, TripError
from trafficdiff.screening import open_screened, screen_xml

_ENTITIES = "".join(
    f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdefghi", "bcdefghij", strict=True)
)
BOMB = f'<?xml version="1.0"?>\n<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">{_ENTITIES}]>\n<routes>&j;</routes>'


def read_all(path: Path) -> int:
    with open_screened(path, error=TripError) as stream:
        return sum(len(block) for block in iter(lambda: stream.read(1 << 16), b""))


@pytest.mark.parametrize("name", ["routes.xml", "routes.xml.gz"])
def test_a_sound_file_is_read_whole(tmp_path, name):
    content = b'<?xml version="1.0"?><!-- written by hand --><routes><vehicle id="a"/></routes>'
    path = tmp_path / name
    path.write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    assert screen_xml(path) == "routes"
    assert read_all(path) == len(content)


def test_compression_is_told_by_content_and_not_by_name(tmp_path):
    path = tmp_path / "packed-without-saying-so.xml"
    path.write_bytes(gzip.compress(b"<net/>"))
    assert screen_xml(path) == "net"


def test_entity_bomb_is_refused_fast_and_small(tmp_path):
    path = tmp_path / "bomb.xml"
    path.write_text(BOMB)
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    with pytest.raises(NetworkError, match="DOCTYPE"):
        screen_xml(path, error=NetworkError)
    assert time.process_time() - started < 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 200_000


@pytest.mark.parametrize(
    "prolog",
    [
        '<!DOCTYPE routes SYSTEM "{other}">',
        '<!DOCTYPE routes [<!ENTITY secret SYSTEM "{other}">]>',
        '<!DOCTYPE routes [<!ENTITY % outside SYSTEM "{other}"> %outside;]>',
        '<!-- x --><!DOCTYPE routes PUBLIC "-//X" "{other}">',
    ],
)
def test_a_file_that_refers_to_others_is_refused_and_the_other_is_not_opened(tmp_path, prolog):
    other = tmp_path / "other.dtd"  # a pipe: opening it would block for ever
    os.mkfifo(other)
    path = tmp_path / "routes.xml"
    path.write_text(f'<?xml version="1.0"?>{prolog.format(other=other)}<routes/>')
    with pytest.raises(TripError, match="document type definition"):
        screen_xml(path, error=TripError)


def test_gzip_bomb_is_refused_fast(tmp_path):
    path = tmp_path / "bomb.xml.gz"
    with gzip.open(path, "wb") as file:
        file.write(b"<routes>")
        for _ in range(90):
            file.write(bytes(1_000_000))
    started = time.process_time()
    with pytest.raises(TripError, match="expands"):
        read_all(path)
    assert time.process_time() - started < 2


@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_truncated_gzip_is_named(tmp_path, kept, generator):
    content = b"<routes>" + generator.bytes(400_000).hex().encode() + b"</routes>"
    packed = gzip.compress(content)
    path = tmp_path / "cut.xml.gz"
    path.write_bytes(packed[: int(len(packed) * kept)])
    with pytest.raises(TripError, match="cut short"):
        read_all(path)


def test_damaged_gzip_is_named(tmp_path, generator):
    packed = bytearray(gzip.compress(b"<routes>" + generator.bytes(400_000).hex().encode() + b"</routes>"))
    packed[len(packed) // 2] ^= 0xFF
    path = tmp_path / "damaged.xml.gz"
    path.write_bytes(packed)
    with pytest.raises(TripError, match=r"sound gzip|cut short"):
        read_all(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "empty"), (b"id;edge;begin", "not XML|something else"), (b"<?xml version='1.0'?><!-- c -->", "XML")],
)
def test_a_foreign_or_empty_file_is_named(tmp_path, content, message):
    path = tmp_path / "foreign.xml"
    path.write_bytes(content)
    with pytest.raises(TripError, match=message):
        screen_xml(path, error=TripError)


def test_an_endless_comment_is_refused(tmp_path):
    path = tmp_path / "comment.xml"
    path.write_bytes(b"<!-- " + b"x" * 5_000_000 + b" --><routes/>")
    with pytest.raises(TripError, match="4 MiB"):
        screen_xml(path, error=TripError)


def test_missing_file_and_folder_are_named(tmp_path):
    with pytest.raises(TripError, match="No such file"):
        screen_xml(tmp_path / "nothing.xml", error=TripError)
    with pytest.raises(TripError, match="folder"):
        screen_xml(tmp_path, error=TripError)
