from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from trafficdiff.roads.rim import Rim, close_ring, sea_areas

BOX = (0.0, 0.0, 1.0, 1.0)
RIM = Rim(BOX)


def line(*points: tuple[float, float]) -> np.ndarray:
    return np.array(points, float)


def sea(*shores: np.ndarray) -> shapely.Geometry:
    return shapely.union_all(sea_areas(shores, RIM))


def test_water_is_on_the_right_of_the_shore() -> None:
    eastward = line((-0.5, 0.4), (1.5, 0.4))
    assert sea(eastward).equals(shapely.box(0, 0, 1, 0.4))
    assert sea(eastward[::-1]).equals(shapely.box(0, 0.4, 1, 1))


def test_an_island_is_land_in_the_sea_and_a_clockwise_shore_is_a_bay() -> None:
    island = line((0.3, 0.3), (0.6, 0.3), (0.6, 0.6), (0.3, 0.6), (0.3, 0.3))
    assert sea(island).area == pytest.approx(1 - 0.09)
    assert sea(island[::-1]).area == pytest.approx(0.09)


def test_a_shore_that_the_crop_has_cut_is_led_to_the_rim() -> None:
    assert sea(line((0.05, 0.4), (0.95, 0.4))).equals(shapely.box(0, 0, 1, 0.4))


def test_the_parts_of_a_shore_are_joined_whatever_their_order() -> None:
    west, middle, east = line((-1, 0.4), (0.3, 0.4)), line((0.3, 0.4), (0.5, 0.4)), line((0.5, 0.4), (2, 0.4))
    assert sea(east, west, middle).equals(shapely.box(0, 0, 1, 0.4))


def test_a_shore_that_ends_in_the_middle_floods_nothing() -> None:
    assert sea_areas([line((0, 0.5), (0.5, 0.5))], RIM) == []
    assert sea_areas([], RIM) == []


def test_shores_that_contradict_each_other_flood_nothing() -> None:
    north_shore, south_shore = line((-1, 0.6), (2, 0.6)), line((2, 0.4), (-1, 0.4))
    middle = sea(north_shore, south_shore)
    assert middle.equals(shapely.box(0, 0.4, 1, 0.6))
    assert sea(north_shore, south_shore[::-1]).equals(shapely.box(0, 0, 1, 0.4))


@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_sea_and_land_fill_the_box(start: float, middle: float, end: float) -> None:
    shore = line((0, start), (0.5, middle), (1, end))
    below, above = sea(shore), sea(shore[::-1])
    assert below.area == pytest.approx((start + 2 * middle + end) / 4)
    assert below.area + above.area == pytest.approx(1)
    assert shapely.intersection(below, above).area == pytest.approx(0, abs=1e-12)


def test_a_cut_ring_is_closed_round_the_corner() -> None:
    ring = close_ring([line((0.95, 0.5), (0.5, 0.5), (0.5, 0.95))], RIM)
    assert shapely.Polygon(ring).equals(shapely.box(0.5, 0.5, 1, 1))


def test_a_ring_cut_into_two_parts_is_joined_along_the_rim() -> None:
    ring = close_ring([line((0.02, 0.7), (0.98, 0.7)), line((0.98, 0.3), (0.02, 0.3))], RIM)
    assert shapely.Polygon(ring).equals(shapely.box(0, 0.3, 1, 0.7))


def test_ends_far_from_the_rim_are_joined_straight() -> None:
    ring = close_ring([line((0.3, 0.3), (0.7, 0.3), (0.7, 0.7))], RIM)
    assert shapely.Polygon(ring).area == pytest.approx(0.08)


@given(st.integers(0, 255), st.integers(0, 255))
def test_the_way_along_the_rim_is_the_shorter_one(first: int, last: int) -> None:
    start, end = first / 64, last / 64
    ahead = (end - start) % 4
    corners = RIM.between(start, end)
    assert len(corners) <= 2
    if ahead in (0, 2):
        return
    there, back = {tuple(c) for c in corners}, {tuple(c) for c in RIM.between(end, start)}
    assert there == back
