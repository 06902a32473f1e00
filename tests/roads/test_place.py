"""The card of a place: read without its extract, checked with it, all faults at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from trafficdiff.errors import NetworkError
from trafficdiff.resources import bundled
from trafficdiff.roads.place import bundled_place, read_place
from trafficdiff.roads.screen import sha256_of

if TYPE_CHECKING:
    from pathlib import Path

CARD = """
name = "Mini town"
file = "town.osm"
sha256 = "{sha256}"
box = [24.9, 60.1, 25.0, 60.2]
crs = "EPSG:32635"
time_zone = "Europe/Helsinki"
date = "2024-05-01T12:00:00Z"
source = "made by hand"
licence = "CC0-1.0"
attribution = "nobody"
"""


def write_place(folder: Path, text: str = CARD) -> Path:
    """Write a card, and an extract that fits it."""
    folder.mkdir(exist_ok=True)
    (folder / "town.osm").write_text("<osm/>")
    (folder / "place.toml").write_text(text.replace("{sha256}", sha256_of(folder / "town.osm")))
    return folder


def test_helsinki_travels_with_the_package_and_is_what_its_card_says() -> None:
    place = bundled_place("helsinki")
    assert place is not None
    assert place.time_zone == "Europe/Helsinki"
    assert place.licence == "ODbL-1.0"
    assert "OpenStreetMap contributors" in place.attribution
    assert place.checked_path() == bundled("networks/helsinki") / "helsinki.osm.pbf"


def test_card_dates_helsinki_by_its_newest_object() -> None:
    import osmium

    place = read_place(bundled("networks/helsinki"))
    newest = max(item.timestamp for item in osmium.FileProcessor(str(place.path)))
    assert newest.strftime("%Y-%m-%dT%H:%M:%SZ") == place.date


def test_card_is_read_without_the_extract(tmp_path: Path) -> None:
    folder = write_place(tmp_path / "mini")
    (folder / "town.osm").unlink()
    place = read_place(folder)
    assert place.name == "Mini town"
    with pytest.raises(NetworkError, match="made by hand"):
        place.checked_path()


def test_changed_extract_is_noticed(tmp_path: Path) -> None:
    folder = write_place(tmp_path / "mini")
    (folder / "town.osm").write_text("<osm />")
    with pytest.raises(NetworkError, match="expected the file with sha256"):
        read_place(folder).checked_path()


def test_all_faults_are_listed_at_once(tmp_path: Path) -> None:
    text = CARD.replace("town.osm", "../secret").replace("Europe/Helsinki", "Europe/Nowhere").replace("25.0", "24.0")
    with pytest.raises(NetworkError) as caught:
        read_place(write_place(tmp_path / "mini", text + 'colour = "red"\n'))
    message = str(caught.value)
    assert all(word in message for word in ("file: ", "time_zone: ", "box: ", "colour: ", "4 faults"))
    assert "Extra inputs" not in message


@pytest.mark.parametrize("text", ["name = ", "\x00", "x = 1\n" * 20_000])
def test_what_is_no_card_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(NetworkError, match="expected"):
        read_place(write_place(tmp_path / "mini", text))


def test_unknown_city_is_none() -> None:
    assert bundled_place("atlantis") is None
    assert bundled_place("../secrets") is None
