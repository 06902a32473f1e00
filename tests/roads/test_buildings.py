from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely

from tests.roads.drawn_osm import DrawnMap
from trafficdiff.roads.buildings import DEFAULT_LEVELS, OTHER_LEVELS, buildings, levels_of, polygonal

if TYPE_CHECKING:
    from pathlib import Path


def test_floor_area_is_footprint_times_levels(tmp_path: Path) -> None:
    drawn = DrawnMap()
    drawn.square(0, 0, 20, building="office", building__levels="5")
    drawn.square(100, 0, 10, building="garage")
    drawn.square(200, 0, 10, building="yes", height="12 m")
    outer, inner = drawn.square(400, 400, 100), drawn.square(420, 420, 50)
    drawn.multipolygon([outer], [inner], building="castle")
    drawn.square(300, 0, 10, building="no")
    drawn.square(300, 0, 10, building__part="yes")
    found = buildings([drawn.write(tmp_path / "a.osm")], bounds=None).set_index("kind")
    expected = {
        "office": 400 * 5,
        "garage": 100 * DEFAULT_LEVELS["garage"],
        "yes": 100 * 4,
        "castle": 7500 * OTHER_LEVELS,
    }
    assert found["floor_area_m2"].to_dict() == pytest.approx(expected, rel=1e-3)
    assert found["levels_given"].to_dict() == {"office": True, "garage": False, "yes": True, "castle": False}


@pytest.mark.parametrize(
    ("tags", "levels"),
    [
        ({"building:levels": "3"}, 3),
        ({"building:levels": "2.5"}, 2.5),
        ({"building:levels": "3", "height": "30"}, 3),
        ({"height": "30"}, 10),
        ({"height": "98.4 ft"}, 10),
        ({"height": "1"}, 1),
        ({"building:levels": "999999"}, None),
        ({"building:levels": "0"}, None),
        ({"building:levels": "-1"}, None),
        ({"building:levels": "three"}, None),
        ({"building:levels": "nan"}, None),
        ({}, None),
    ],
)
def test_levels_come_from_tags_that_make_sense(tags: dict[str, str], levels: float | None) -> None:
    assert levels_of(tags) == levels


def test_a_bow_tie_becomes_two_triangles() -> None:
    tie = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    (repaired,) = polygonal(np.array([tie], object))
    assert repaired.is_valid
    assert repaired.area == pytest.approx(0.5)


def test_what_has_no_area_comes_back_empty() -> None:
    spike = shapely.Polygon([(0, 0), (1, 1), (2, 2), (0, 0)])
    (repaired,) = polygonal(np.array([spike], object))
    assert repaired.is_empty
