"""The map shows each value in its colour, nothing where there is nothing, and whom to thank."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from tests.towns import make_town
from trafficdiff.export.credit import OSM_CREDIT
from trafficdiff.export.picture import SIMULATOR, MapStyle, draw_map, map_title

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph

STYLE = MapStyle(
    title="a town", legend="index", demand="given trips, replayed", low=1.0, high=4.0, size_inches=(4.0, 4.0)
)
YELLOW, PURPLE = (253, 231, 37), (68, 1, 84)
"""The two ends of viridis."""


def colours(path: Path) -> set[tuple[int, ...]]:
    left_of_the_colour_bar = Image.open(path).convert("RGB").crop((0, 40, 350, 480))
    return {colour for _, colour in left_of_the_colour_bar.getcolors(10**6)}


@pytest.mark.parametrize(("value", "shown", "hidden"), [(1.0, YELLOW, PURPLE), (4.0, PURPLE, YELLOW)])
def test_low_is_yellow_and_high_is_purple(
    square_town: RoadGraph, tmp_path: Path, value: float, shown: tuple[int, ...], hidden: tuple[int, ...]
) -> None:
    draw_map(square_town, np.full(8, value), style=STYLE, path=tmp_path / "a.png", background=None)
    assert shown in colours(tmp_path / "a.png")
    assert hidden not in colours(tmp_path / "a.png")


def test_an_edge_without_a_value_has_no_colour_of_the_scale(square_town: RoadGraph, tmp_path: Path) -> None:
    draw_map(square_town, np.full(8, np.nan), style=STYLE, path=tmp_path / "a.png", background=None)
    assert not {YELLOW, PURPLE} & colours(tmp_path / "a.png")


def test_water_lies_below_the_roads(square_town: RoadGraph, tmp_path: Path) -> None:
    corners = square_town.to_lonlat(np.array([[0.0, 0], [100, 0], [100, 100], [0, 100], [0, 0]]))
    feature = {"properties": {"kind": "water"}, "geometry": {"type": "Polygon", "coordinates": [corners.tolist()]}}
    draw_map(square_town, np.full(8, 4.0), style=STYLE, path=tmp_path / "a.png", background={"features": [feature]})
    image = Image.open(tmp_path / "a.png").convert("RGB")
    counts = {colour: count for count, colour in image.getcolors(10**6)}
    assert counts[0xCF, 0xE3, 0xEE] > 20_000
    assert PURPLE in colours(tmp_path / "a.png")


def description(path: Path) -> str:
    with Image.open(path) as image:
        return str(image.text["Description"])


def from_osm(town: RoadGraph) -> RoadGraph:
    return replace(town, way_offsets=np.arange(9, dtype=np.int64), way_ids=np.arange(8, dtype=np.int64))


def test_the_file_itself_names_the_source_and_the_demand(square_town: RoadGraph, tmp_path: Path) -> None:
    draw_map(from_osm(square_town), np.full(8, 2.0), style=STYLE, path=tmp_path / "a.png", background=None)
    assert description(tmp_path / "a.png") == f"{OSM_CREDIT} · {SIMULATOR} · given trips, replayed"
    assert "OpenStreetMap" in OSM_CREDIT


def test_openstreetmap_is_not_thanked_for_what_is_not_from_there(square_town: RoadGraph, tmp_path: Path) -> None:
    town = replace(square_town, road_class=np.array(["", "arterial"] * 4, object))
    draw_map(town, np.full(8, 2.0), style=STYLE, path=tmp_path / "a.png", background=None)
    assert description(tmp_path / "a.png") == f"{SIMULATOR} · given trips, replayed"
    draw_map(town, np.full(8, 2.0), style=STYLE, path=tmp_path / "b.png", background={"features": []})
    assert OSM_CREDIT in description(tmp_path / "b.png")  # the background is OpenStreetMap's


@pytest.mark.parametrize(("size", "wide"), [((3_000, 1_800), True), ((1_800, 3_000), False)])
def test_the_picture_has_the_networks_shape(tmp_path: Path, size: tuple[float, float], *, wide: bool) -> None:
    x, y = size
    corners = {"A": (0.0, 0.0), "B": (x, 0.0), "C": (x, y), "D": (0.0, y)}
    town = make_town(corners, [("A", "B"), ("B", "C"), ("C", "D"), ("D", "A")])
    draw_map(town, np.full(4, 4.0), style=replace(STYLE, size_inches=None), path=tmp_path / "a.png", background=None)
    with Image.open(tmp_path / "a.png") as image:
        assert (image.width > 1.2 * image.height) is wide
        assert (image.height > 1.2 * image.width) is not wide


def test_a_far_edge_is_left_out_and_counted(tmp_path: Path) -> None:
    nodes = {f"{x},{y}": (100.0 * x, 100.0 * y) for x in range(12) for y in range(12)}
    streets = [(f"{x},{y}", f"{x + 1},{y}") for x in range(11) for y in range(12)]
    town = make_town(nodes | {"far": (90_000.0, 0.0)}, [*streets, ("11,0", "far")])
    draw_map(town, np.full(133, 4.0), style=STYLE, path=tmp_path / "a.png", background=None)
    assert "1 of 133 edges lie outside the map" in description(tmp_path / "a.png")
    counts = {colour: count for count, colour in Image.open(tmp_path / "a.png").convert("RGB").getcolors(10**6)}
    assert counts[PURPLE] > 10_000  # the town fills the picture


def test_grey_is_explained_where_it_is_shown(square_town: RoadGraph, tmp_path: Path) -> None:
    draw_map(square_town, np.array([np.nan, *[2.0] * 7]), style=STYLE, path=tmp_path / "a.png", background=None)
    assert "grey: no traffic" in description(tmp_path / "a.png")


def test_a_title_in_any_script_is_drawn_without_a_warning_and_kept_in_the_file(
    square_town: RoadGraph, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    title = "京都 東大路通, القاهرة, Αθήνα, बनारस, $\\nonsense$, " * 3  # and no mathematics
    draw_map(square_town, np.ones(8), style=replace(STYLE, title=title), path=tmp_path / "a.png", background=None)
    with Image.open(tmp_path / "a.png") as image:
        assert image.text["Title"] == title
    assert not caplog.records


@pytest.mark.parametrize(
    ("place", "scenario", "title"),
    [
        ("Helsinki city centre", "Helsinki morning peak", "Helsinki morning peak, 07:00 to 08:30"),
        ("Kyoto", "morning peak", "Kyoto: morning peak, 07:00 to 08:30"),
        ("New York", "New bus lanes", "New York: New bus lanes, 07:00 to 08:30"),
        ("grid", "grid", "grid, 07:00 to 08:30"),
        ("", "study", "study, 07:00 to 08:30"),
    ],
)
def test_a_title_says_the_place_once(place: str, scenario: str, title: str) -> None:
    assert map_title(place, scenario, window_s=(25_200, 30_600)) == title
