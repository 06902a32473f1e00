"""What the word NETWORK means."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.roads.mini_osm import write_osm
from tests.roads.test_place import write_place
from trafficdiff.errors import NetworkError
from trafficdiff.roads.source import find_source, summarise

if TYPE_CHECKING:
    from pathlib import Path

RECORD = {"name": "Mini", "time_zone": "UTC", "bounds": [1, 2, 3, 4], "attribution": "nobody"}


def write_built(folder: Path, content: object = RECORD) -> Path:
    folder.mkdir()
    (folder / "build.json").write_text(json.dumps(content))
    return folder


def test_every_kind_is_recognised(tmp_path: Path) -> None:
    (tmp_path / "a.net.xml").write_text("<net/>")
    assert find_source("helsinki").kind == "place"
    assert find_source(write_place(tmp_path / "mini")).kind == "place"
    assert find_source(write_built(tmp_path / "built")).kind == "built"
    assert find_source(str(write_osm(tmp_path / "a.osm.gz"))).kind == "osm"
    assert find_source(tmp_path / "a.net.xml").kind == "net"


def test_folder_without_a_place_does_not_hide_a_city(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "helsinki").mkdir()
    monkeypatch.chdir(tmp_path)
    assert find_source("helsinki").place is not None


@pytest.mark.parametrize("word", ["atlantis", "", "no/such/file.osm"])
def test_unknown_word_lists_the_cities(word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NetworkError, match=r"ready: .*helsinki"):
        find_source(word)


def test_summary_needs_no_build(tmp_path: Path) -> None:
    helsinki = summarise("helsinki")
    assert (helsinki.name, helsinki.time_zone) == ("Helsinki city centre", "Europe/Helsinki")
    assert helsinki.box is not None
    assert summarise(write_built(tmp_path / "built")).box == (1, 2, 3, 4)
    plain = summarise(write_osm(tmp_path / "my_town.osm"))
    assert (plain.name, plain.time_zone, plain.box) == ("my_town", "", None)


@pytest.mark.parametrize("content", [[], {"name": "x"}])
def test_damaged_record_is_refused(tmp_path: Path, content: object) -> None:
    with pytest.raises(NetworkError, match="record of a build"):
        summarise(write_built(tmp_path / "built", content))
