from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely
from pyproj import Geod

from tests.roads.drawn_osm import DrawnMap
from trafficdiff.errors import NetworkError
from trafficdiff.roads.surroundings import metres_per_degree, read_surroundings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("latitude", [-33.9, 0.0, 35.0, 60.17, 69.6])
def test_the_length_of_a_degree_is_that_of_the_geodesic(latitude: float) -> None:
    step = 1e-3
    geod = Geod(ellps="WGS84")
    _, _, east_m = geod.inv(0, latitude, step, latitude)
    _, _, north_m = geod.inv(0, latitude - step / 2, 0, latitude + step / 2)
    assert np.array(metres_per_degree(latitude)) * step == pytest.approx([east_m, north_m], rel=1e-6)


def test_one_file_gives_the_same_as_its_gzip(tmp_path: Path) -> None:
    drawn = DrawnMap()
    drawn.square(100, 100, 50, building="yes")
    drawn.node(10, 10, amenity="cafe")
    plain = read_surroundings([drawn.write(tmp_path / "a.osm")])
    packed = read_surroundings([drawn.write(tmp_path / "a.osm.gz")])
    assert plain.areas.osm_id == packed.areas.osm_id == ["w5"]
    assert plain.points.tags == packed.points.tags == [{"amenity": "cafe"}]
    assert plain.bounds == pytest.approx(drawn.bounds)


def test_an_object_in_two_files_is_taken_once(tmp_path: Path) -> None:
    drawn = DrawnMap()
    drawn.square(100, 100, 50, building="yes")
    one = drawn.write(tmp_path / "one.osm")
    drawn.node(10, 10, amenity="cafe")
    two = drawn.write(tmp_path / "two.osm")
    both = read_surroundings([one, two])
    assert len(both.areas.osm_id) == len(both.areas.geometry) == 1
    assert len(both.points.osm_id) == 1


def test_without_a_box_in_the_header_the_roads_give_the_extent(tmp_path: Path) -> None:
    drawn = DrawnMap()
    drawn.way((0, 0), (200, 300), highway="residential")
    drawn.node(5000, 5000, amenity="cafe")
    around = read_surroundings([drawn.write(tmp_path / "a.osm", box=False)])
    degree_x_m, degree_y_m = metres_per_degree(60.17)
    west, south, east, north = around.bounds
    assert ((east - west) * degree_x_m, (north - south) * degree_y_m) == pytest.approx((200, 300), rel=1e-4)


def test_a_park_that_a_crop_has_cut_is_closed_along_the_rim(tmp_path: Path) -> None:
    drawn = DrawnMap(size_m=1000)
    drawn.way(
        (-200, 400), (20, 400), (200, 400), (200, 600), (20, 600), (-200, 600), closed=True, crop=True, leisure="park"
    )
    around = read_surroundings([drawn.write(tmp_path / "a.osm")])
    degree_x_m, degree_y_m = metres_per_degree(60.17)
    assert shapely.area(around.areas.geometry).sum() * degree_x_m * degree_y_m == pytest.approx(200 * 200, rel=1e-3)


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    drawn = DrawnMap()
    drawn.node(10, 10, amenity="cafe")
    assert len(read_surroundings([drawn.write(tmp_path / "a.osm")]).points.osm_id) == 1
    drawn.node(20, 10, amenity="cafe")
    assert len(read_surroundings([drawn.write(tmp_path / "a.osm")]).points.osm_id) == 2


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match=r"gone\.osm.*check the path"):
        read_surroundings([tmp_path / "gone.osm"])
    with pytest.raises(NetworkError, match="at least one OSM file"):
        read_surroundings([])
    whole = DrawnMap()
    whole.square(0, 0, 10, building="yes")
    path = whole.write(tmp_path / "cut.osm")
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(NetworkError, match=r"cut\.osm"):
        read_surroundings([path])
    net = tmp_path / "a.net.xml"
    net.write_text("<net/>")
    with pytest.raises(NetworkError, match="got a SUMO net"):
        read_surroundings([net])
    empty = tmp_path / "empty.osm"
    empty.write_text('<osm version="0.6"></osm>')
    with pytest.raises(NetworkError, match="with an extent"):
        read_surroundings([empty])


def test_a_box_in_the_wrong_order_is_refused(tmp_path: Path) -> None:
    path = DrawnMap().write(tmp_path / "a.osm")
    with pytest.raises(NetworkError, match="west, south, east, north"):
        read_surroundings([path], bounds=(25, 60, 24, 61))
