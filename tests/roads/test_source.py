"""What the word NETWORK means."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.roads.mini_osm import write_osm
from tests.roads.test_place import write_place
from trafficdiff.errors import NetworkError
from trafficdiff.roads.source import absolute_word, find_source, summarise, word_beside, word_from

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


def test_a_typed_path_means_the_same_in_every_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    net = tmp_path / "nets" / "a.net.xml"
    (tmp_path / "work").mkdir()
    net.parent.mkdir()
    net.write_text("<net/>")
    monkeypatch.chdir(tmp_path / "work")
    assert absolute_word("../nets/a.net.xml") == str(net)
    assert absolute_word("../nets/../nets") == str(net.parent)
    assert absolute_word("..") == str(tmp_path)
    assert absolute_word("helsinki") == "helsinki"
    assert absolute_word("atlantis") == "atlantis"
    (tmp_path / "work" / "helsinki").mkdir()  # holds no place: the city is meant
    assert absolute_word("helsinki") == "helsinki"
    write_built(tmp_path / "work" / "helsinki" / "x").joinpath("build.json").rename("helsinki/build.json")
    assert absolute_word("helsinki") == str(tmp_path / "work" / "helsinki")
    (tmp_path / "work" / "link.net.xml").symlink_to(net)
    assert absolute_word("link.net.xml") == str(tmp_path / "work" / "link.net.xml")


def test_a_word_in_a_scenario_is_relative_to_it_or_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    net = tmp_path / "nets" / "a.net.xml"
    net.parent.mkdir()
    net.write_text("<net/>")
    monkeypatch.chdir(net.parent)
    assert word_beside("a.net.xml", tmp_path) == "nets/a.net.xml"
    assert word_beside("../nets/a.net.xml", net.parent) == "a.net.xml"
    assert word_beside("a.net.xml", tmp_path / "other") == str(net)
    assert word_beside("helsinki", tmp_path) == "helsinki"


def test_a_scenarios_word_starts_at_its_folder_and_a_folder_that_is_no_network_hides_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study, here = tmp_path / "study", tmp_path / "here"
    study.mkdir()
    here.mkdir()
    monkeypatch.chdir(here)
    (study / "helsinki").mkdir()  # results of an earlier run, say
    assert word_from("helsinki", study) == "helsinki"
    (study / "a").mkdir()
    write_built(here / "a")
    assert word_from("a", study) == "a"
    assert word_from("atlantis", study) == "atlantis"
    write_built(study / "b")
    (here / "b").mkdir()
    assert word_from("b", study) == str(study / "b")
    (study / "helsinki" / "build.json").write_text(json.dumps(RECORD))
    assert word_from("helsinki", study) == str(study / "helsinki")
    (study / "empty").mkdir()
    with pytest.raises(NetworkError, match="a folder without"):
        find_source(word_from("empty", study))


@pytest.mark.parametrize("content", [[], {"name": "x"}])
def test_damaged_record_is_refused(tmp_path: Path, content: object) -> None:
    with pytest.raises(NetworkError, match="record of a build"):
        summarise(write_built(tmp_path / "built", content))
