from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
import shapely
from shapely.geometry import shape

from tests.roads.drawn_osm import DrawnMap, lonlat
from trafficdiff.resources import bundled
from trafficdiff.roads.background import ATTRIBUTION, KINDS, background
from trafficdiff.roads.buildings import buildings
from trafficdiff.roads.pois import points_of_interest
from trafficdiff.roads.surroundings import metres_per_degree

if TYPE_CHECKING:
    from pathlib import Path


def of_kind(collection: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [feature for feature in collection["features"] if feature["properties"]["kind"] == kind]


def area_m2(features: list[dict[str, Any]]) -> float:
    degree_x_m, degree_y_m = metres_per_degree(60.1745)
    return sum(shape(feature["geometry"]).area for feature in features) * degree_x_m * degree_y_m


def drawn_map() -> DrawnMap:
    drawn = DrawnMap(size_m=1000)
    drawn.square(100, 100, 40, building="yes", name="<b>Talo</b>")
    drawn.square(200, 100, 4, building="shed")
    outer, inner = drawn.square(300, 300, 200), drawn.square(350, 350, 100)
    drawn.multipolygon([outer], [inner], natural="water", name="Lampi")
    drawn.square(900, 500, 200, leisure="park")
    drawn.way((0, 700), (1000, 700), railway="tram")
    drawn.way((0, 720), (1000, 720), railway="subway", tunnel="yes")
    drawn.node(500, 500, place="suburb", name="Keskusta")
    drawn.square(480, 480, 30, place="suburb", name="Keskusta")
    return drawn


def test_each_kind_is_drawn_clipped_and_named(tmp_path: Path) -> None:
    collection = background([drawn_map().write(tmp_path / "a.osm")], bounds=None)
    assert collection["type"] == "FeatureCollection"
    assert collection["attribution"] == ATTRIBUTION
    (building,) = of_kind(collection, "building")
    assert building["properties"] == {"kind": "building", "name": "<b>Talo</b>", "class": "yes"}
    assert area_m2(of_kind(collection, "water")) == pytest.approx(200**2 - 100**2, rel=0.01)
    assert area_m2(of_kind(collection, "green")) == pytest.approx(100 * 200, rel=0.01)
    assert [f["properties"]["class"] for f in of_kind(collection, "railway")] == ["tram"]
    (place,) = of_kind(collection, "place")
    assert place["geometry"]["coordinates"] == pytest.approx(lonlat(500, 500), abs=1e-6)
    json.dumps(collection, allow_nan=False)


def test_the_sea_is_made_from_the_shore(tmp_path: Path) -> None:
    drawn = DrawnMap(size_m=1000)
    drawn.way((-500, 300), (10, 300), (500, 300), (990, 300), (1500, 300), crop=True, natural="coastline")
    drawn.way(*[(400, 600), (600, 600), (600, 800), (400, 800)][::-1], closed=True, natural="coastline")
    collection = background([drawn.write(tmp_path / "a.osm")], bounds=None)
    sea = of_kind(collection, "water")
    assert {feature["properties"]["class"] for feature in sea} == {"sea"}
    assert area_m2(sea) == pytest.approx(1000 * 300 + 200 * 200, rel=0.01)


def check_geojson(collection: dict[str, Any]) -> None:
    west, south, east, north = collection["bbox"]
    box = shapely.box(west, south, east, north).buffer(2e-6)
    for feature in collection["features"]:
        assert feature["properties"]["kind"] in KINDS
        geometry = shape(feature["geometry"])
        assert geometry.is_valid
        assert not geometry.is_empty
        assert box.contains(geometry)
        assert (shapely.get_coordinates(geometry).round(6) == shapely.get_coordinates(geometry)).all()
        if geometry.geom_type == "Polygon":
            assert geometry.exterior.is_ccw  # RFC 7946, section 3.1.6


@pytest.mark.slow
def test_the_embedded_city_has_its_sea_and_stays_small_and_quick() -> None:
    files = [bundled("networks/helsinki/helsinki.osm.pbf")]
    start_s = time.process_time()
    collection = background(files, bounds=None)
    found, houses = points_of_interest(files, bounds=None), buildings(files, bounds=None)
    assert time.process_time() - start_s < 3.0
    assert len(json.dumps(collection, ensure_ascii=False).encode()) < 1_000_000
    check_geojson(collection)
    sea = shapely.union_all([shape(f["geometry"]) for f in of_kind(collection, "water")])
    kaisaniemi_bay, park, senate_square = (24.9455, 60.1772), (24.9450, 60.1745), (24.9522, 60.1695)
    assert sea.contains(shapely.Point(kaisaniemi_bay))
    assert not sea.contains(shapely.Point(park))
    assert not sea.contains(shapely.Point(senate_square))
    assert 0.03 < area_m2(of_kind(collection, "water")) / area_m2([_box_feature(collection)]) < 0.12
    assert len(found) > 1500
    assert len(houses) > 400
    assert {"Kluuvi"} <= {f["properties"]["name"] for f in of_kind(collection, "place")}


def _box_feature(collection: dict[str, Any]) -> dict[str, Any]:
    return {"geometry": shapely.geometry.mapping(shapely.box(*collection["bbox"]))}


@pytest.mark.data
@pytest.mark.slow
def test_every_extract_at_hand_gives_a_map(data_folder: Path) -> None:
    for path in sorted((data_folder / "osm").iterdir()):
        collection = background([path], bounds=None)
        check_geojson(collection)
        assert len(of_kind(collection, "building")) >= 100, path.name
        houses = buildings([path], bounds=None)
        assert (houses["floor_area_m2"] >= 0).all()
        assert houses["floor_area_m2"].sum() > 0
        assert len(points_of_interest([path], bounds=None)) > 50
