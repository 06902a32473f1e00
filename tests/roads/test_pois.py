from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.roads.drawn_osm import DrawnMap, lonlat
from trafficdiff.roads.pois import POI_CATEGORIES, category_of, points_of_interest

if TYPE_CHECKING:
    from pathlib import Path


def test_nodes_and_areas_count_once_and_areas_by_their_centroid(tmp_path: Path) -> None:
    drawn = DrawnMap()
    drawn.node(100, 100, amenity="cafe", name="Ärla <script>")
    drawn.square(200, 200, 40, amenity="school")
    outer, inner = drawn.square(500, 500, 100), drawn.square(530, 530, 40)
    drawn.multipolygon([outer], [inner], amenity="hospital", name="Oikea")
    drawn.way((0, 0), (900, 900), highway="residential")
    found = points_of_interest([drawn.write(tmp_path / "a.osm")], bounds=None).set_index("category")
    assert sorted(found.index) == ["cafe", "education", "health"]
    assert found.loc["cafe", "name"] == "Ärla <script>"
    assert found.loc["cafe", "tag"] == "amenity=cafe"
    assert found.loc["cafe", "osm_id"].startswith("n")
    assert found.loc["health", "osm_id"].startswith("r")
    school = found.loc["education", "geometry"]
    assert (school.x, school.y) == pytest.approx(lonlat(220, 220), abs=1e-7)
    assert found.crs == "EPSG:4326"


def test_points_outside_the_box_are_left_out(tmp_path: Path) -> None:
    drawn = DrawnMap()
    drawn.node(100, 100, amenity="cafe")
    drawn.node(900, 900, amenity="pub")
    found = points_of_interest([drawn.write(tmp_path / "a.osm")], bounds=(*lonlat(0, 0), *lonlat(500, 500)))
    assert found["category"].tolist() == ["cafe"]


def test_an_extract_without_any_gives_an_empty_frame(tmp_path: Path) -> None:
    drawn = DrawnMap()
    drawn.way((0, 0), (900, 900), highway="residential")
    found = points_of_interest([drawn.write(tmp_path / "a.osm")], bounds=None)
    assert len(found) == 0
    assert {"osm_id", "category", "tag", "name", "geometry"} == set(found.columns)


@pytest.mark.parametrize(
    ("tags", "category"),
    [
        ({"amenity": "bank", "building": "yes"}, "finance"),
        ({"building": "apartments", "shop": "bakery"}, "food"),
        ({"building": "apartments"}, "residential"),
        ({"shop": "convenience;alcohol"}, "shop_livelihood"),
        ({"office": "lawyer"}, "office"),
        ({"office": "insurance"}, "finance"),
        ({"office": "government"}, "government"),
        ({"healthcare": "physiotherapist"}, "health"),
        ({"highway": "bus_stop", "public_transport": "platform"}, "public_transport"),
        ({"amenity": "kindergarten"}, "kindergarten"),
        ({"shop": "vacant"}, None),
        ({"building": "yes"}, None),
        ({"highway": "residential"}, None),
        ({}, None),
    ],
)
def test_tags_decide_the_category(tags: dict[str, str], category: str | None) -> None:
    answer = category_of(tags)
    assert (answer and answer[0]) == category


@pytest.mark.data
@pytest.mark.slow
def test_categories_are_the_columns_of_the_commuting_corpus(data_folder: Path) -> None:
    columns = json.loads((data_folder / "commuting" / "columns.json").read_text())
    assert list(POI_CATEGORIES) == columns["pois"]
