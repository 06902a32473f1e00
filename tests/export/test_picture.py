"""The map shows each value in its colour, nothing where there is nothing, and whom to thank."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from trafficdiff.export.picture import ATTRIBUTION, MapStyle, draw_map

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph

STYLE = MapStyle(title="a town", legend="index", demand="given trips, replayed", low=1.0, high=4.0, size_inches=(4, 4))
YELLOW, PURPLE = (253, 231, 37), (68, 1, 84)
"""The two ends of viridis."""


def colours(path: Path) -> set[tuple[int, ...]]:
    left_of_the_colour_bar = Image.open(path).convert("RGB").crop((0, 40, 330, 480))
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


def test_the_file_itself_names_the_source(square_town: RoadGraph, tmp_path: Path) -> None:
    draw_map(square_town, np.full(8, 2.0), style=STYLE, path=tmp_path / "a.png", background=None)
    with Image.open(tmp_path / "a.png") as image:
        assert image.text["Description"] == f"{ATTRIBUTION} · given trips, replayed"
        assert "OpenStreetMap" in ATTRIBUTION
