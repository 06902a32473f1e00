"""A file is called after itself, or after its folder where its name says nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from trafficdiff.roads.naming import name_of


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("kotka.osm.pbf", "kotka"),
        ("cities/bologna/net.net.xml.gz", "bologna"),
        ("cities/bologna/map.osm", "bologna"),
        ("cities/bologna/OSM/Network.net.xml", "bologna"),
        ("cities/bologna/old_town.net.xml", "old_town"),
        ("cities/bologna/.net.xml", "bologna"),
        ("/net.net.xml", "net"),
        ("/net/osm/map.osm", "map"),
        ("/.osm", "network"),
    ],
)
def test_the_name_is_the_files_or_its_folders(path: str, name: str) -> None:
    assert name_of(Path(path)) == name


def test_a_relative_path_has_a_folder_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kotka").mkdir()
    monkeypatch.chdir(tmp_path / "kotka")
    assert name_of(Path("net.net.xml")) == "kotka"
