"""Boxes and polygons: what is inside, and which ones are refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely

from trafficdiff.errors import NetworkError
from trafficdiff.roads.area import area_of_box, area_of_polygon, box_in_words, read_area

if TYPE_CHECKING:
    from pathlib import Path

TRIANGLE = {"type": "Polygon", "coordinates": [[[24, 60], [25, 60], [24, 61], [24, 60]]]}


def test_box_keeps_its_rim() -> None:
    area = area_of_box([24, 60, 25, 61])
    assert area.contains(np.array([24.0, 24.5, 25.1]), np.array([60.0, 60.5, 60.5])).tolist() == [True, True, False]


@pytest.mark.parametrize(
    "box", [[25, 60, 24, 61], [24, 61, 25, 60], [24, 60, 25], [24, 60, 25, 480], [float("nan"), 60, 25, 61]]
)
def test_impossible_box_is_refused(box: list[float]) -> None:
    with pytest.raises(NetworkError, match="box: expected"):
        area_of_box(box)


@pytest.mark.parametrize("box", [[24.95, 60.2, 24.9, 60.1], [24.95, 60.1, 24.9, 60.2], [24.9, 60.2, 24.95, 60.1]])
def test_swapped_corners_are_refused_with_the_box_that_was_meant(box: list[float]) -> None:
    with pytest.raises(NetworkError, match=r"its corners in order are 24\.9,60\.1,24\.95,60\.2$"):
        area_of_box(box)


def test_box_in_words_tells_places_a_metre_apart_from_each_other() -> None:
    assert box_in_words((-122.419416, 37.0, 24.94000001, 100)) == "-122.419416,37,24.94,100"


@pytest.mark.parametrize(
    "content",
    [
        TRIANGLE,
        {"type": "Feature", "properties": {}, "geometry": TRIANGLE},
        {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry": TRIANGLE}]},
    ],
)
def test_polygon_file_cuts_to_its_shape(tmp_path: Path, content: object) -> None:
    (tmp_path / "a.geojson").write_text(json.dumps(content))
    area = read_area(tmp_path / "a.geojson")
    assert area.bounds == (24, 60, 25, 61)
    assert area.contains(np.array([24.2, 24.9]), np.array([60.2, 60.9])).tolist() == [True, False]
    assert area.describe()["polygon"]["type"] == "Polygon"


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"type": "Point", "coordinates": [1, 2]}', '{"type": "FeatureCollection", "features": []}', "[" * 100_000])  # fmt: skip  # noqa: E501
def test_file_without_a_polygon_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.geojson").write_text(content)
    with pytest.raises(NetworkError, match="expected"):
        read_area(tmp_path / "a.geojson")


def test_missing_file_and_metres_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match=r"no.geojson: expected a GeoJSON file"):
        read_area(tmp_path / "no.geojson")
    with pytest.raises(NetworkError, match="degrees"):
        area_of_polygon(shapely.box(385_000, 6_671_000, 386_000, 6_672_000))
