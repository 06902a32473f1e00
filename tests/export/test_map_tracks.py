"""Ways for the map: common moments, and fewer of them where there are too many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from trafficdiff.datatypes.tracks import Tracks
from trafficdiff.export.map_tracks import vehicle_tracks

if TYPE_CHECKING:
    from trafficdiff.datatypes.graph import RoadGraph


def two_cars(graph: RoadGraph) -> Tracks:
    """Return a car from 100 to 120 s and another one from 110 to 130 s, every two seconds, both on one spot each."""
    middle = graph.midpoint_xy
    time_s = np.concatenate([np.arange(100.0, 122, 2), np.arange(110.0, 132, 2)])
    of_second = np.arange(22) >= 11
    return Tracks(
        user_id=np.array(["a", "b"], object), user_kind=np.array(["passenger"] * 2, object),
        length_m=np.full(2, 5.0), width_m=np.full(2, 1.8), offsets=np.array([0, 11, 22]), time_s=time_s,
        x_m=np.where(of_second, middle[1, 0], middle[0, 0]), y_m=np.where(of_second, middle[1, 1], middle[0, 1]),
        heading_rad=np.zeros(22), speed_ms=np.zeros(22), edge=np.zeros(22, np.int32),
    )  # fmt: skip


def test_every_car_is_where_it_was_when_it_was_there(square_town: RoadGraph) -> None:
    found = vehicle_tracks(two_cars(square_town), square_town)
    assert found is not None
    np.testing.assert_array_equal(found.times_s, np.arange(100.0, 132, 2))
    seen = np.isfinite(found.lonlat).all(axis=2)
    np.testing.assert_array_equal(seen[:, 0], np.asarray(found.times_s) <= 120)
    np.testing.assert_array_equal(seen[:, 1], np.asarray(found.times_s) >= 110)
    np.testing.assert_allclose(found.lonlat[0, 0], square_town.to_lonlat(square_town.midpoint_xy[:1])[0])


@pytest.mark.parametrize(("most", "every"), [(22, 1), (21, 2), (11, 2), (8, 3)])
def test_too_many_samples_are_thinned_by_whole_steps(square_town: RoadGraph, most: int, every: int) -> None:
    found = vehicle_tracks(two_cars(square_town), square_town, most_samples=most)
    assert found is not None
    np.testing.assert_array_equal(found.times_s, np.arange(100.0, 132, 2)[::every])


def test_no_ways_are_none(square_town: RoadGraph) -> None:
    empty = np.zeros(0)
    none = Tracks(
        user_id=np.zeros(0, object), user_kind=np.zeros(0, object), length_m=empty, width_m=empty,
        offsets=np.zeros(1, np.int64), time_s=empty, x_m=empty, y_m=empty, heading_rad=empty, speed_ms=empty,
        edge=np.zeros(0, np.int32),
    )  # fmt: skip
    assert vehicle_tracks(none, square_town) is None
