"""Who on foot is among traffic: on crossings and carriageways."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.towns import write_cross_net, write_walking_net
from trafficdiff.datatypes.net_shapes import read_net_shapes
from trafficdiff.datatypes.tracks import Tracks
from trafficdiff.metrics.safety_events import conflicts
from trafficdiff.metrics.safety_footways import on_footways
from trafficdiff.roads.netfile import read_net

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph

pytestmark = pytest.mark.sumo

TIME_S = np.arange(0.0, 8.0, 0.1)


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> RoadGraph:
    """Crossroads with sides and crossings."""
    return read_net(write_walking_net(tmp_path_factory.mktemp("net")), name="walk")


def crossing_of(graph: RoadGraph) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the middle of a crossing, and the direction in which one walks over it."""
    lane = next(lane for lane in read_net_shapes(graph.net_path).lanes.values() if lane.function == "crossing")
    ends = lane.shape[[0, -1], :2]
    return ends.mean(axis=0), (ends[1] - ends[0]) / np.linalg.norm(ends[1] - ends[0])


def user(centre: NDArray[np.float64], along: NDArray[np.float64], speed_ms: float) -> NDArray[np.float64]:
    """Return x and y of somebody who is at the centre after four seconds, shape (2, T)."""
    return centre[:, None] + along[:, None] * speed_ms * (TIME_S - 4.0)


def tracks_of(kinds: tuple[str, ...], places: list[NDArray[np.float64]], edges: tuple[int, ...]) -> Tracks:
    """Return tracks of users seen all the time."""
    count, size = len(kinds), len(TIME_S)
    moved = [np.gradient(place, axis=1) / 0.1 for place in places]
    walks = np.array([kind == "pedestrian" for kind in kinds])
    return Tracks(
        user_id=np.array([f"u{place}" for place in range(count)], object),
        user_kind=np.array(kinds, object),
        length_m=np.where(walks, 0.215, 5.0),
        width_m=np.where(walks, 0.478, 1.8),
        offsets=np.arange(count + 1) * size,
        time_s=np.tile(TIME_S, count),
        x_m=np.concatenate([place[0] for place in places]),
        y_m=np.concatenate([place[1] for place in places]),
        heading_rad=np.concatenate([np.arctan2(speed[1], speed[0]) for speed in moved]),
        speed_ms=np.concatenate([np.hypot(*speed) for speed in moved]),
        edge=np.repeat(np.array(edges, np.int32), size),
    )


def test_people_share_the_road_on_crossings_and_not_beside_it(graph: RoadGraph) -> None:
    centre, along = crossing_of(graph)
    tracks = tracks_of(("pedestrian", "pedestrian"), [user(centre, along, 1.3)] * 2, (-1, 0))
    aside = on_footways(tracks, graph).reshape(2, -1)
    within = np.abs(1.3 * (TIME_S - 4.0)) < 2.0
    assert not aside[0][within].any()
    assert aside[0][[0, -1]].all()
    assert aside[1].all()


def test_on_a_net_without_footways_people_walk_on_the_road(
    graph: RoadGraph, tmp_path_factory: pytest.TempPathFactory
) -> None:
    bare = read_net(write_cross_net(tmp_path_factory.mktemp("bare")), name="bare")
    centre, along = crossing_of(graph)
    tracks = tracks_of(("pedestrian",), [user(centre, along, 1.3)], (-1,))
    assert not on_footways(tracks, bare).any()
    car = tracks_of(("passenger",), [user(centre, along, 8.0)], (-1,))
    assert not on_footways(car, graph).any()


def test_a_car_and_somebody_on_the_crossing_are_a_conflict_two_on_foot_and_one_at_the_kerb_are_none(
    graph: RoadGraph,
) -> None:
    centre, along = crossing_of(graph)
    across = np.array([-along[1], along[0]])
    on_foot, car = user(centre, along, 1.3), user(centre - across * 8.0, across, 8.0)  # the car comes a second later
    tracks = tracks_of(("pedestrian", "passenger"), [on_foot, car], (-1, -1))
    (event,) = conflicts(tracks, aside=on_footways(tracks, graph)).itertuples()
    assert (event.type, event.near_miss) == ("pedestrian", True)
    assert conflicts(tracks, aside=np.repeat([True, False], len(TIME_S))).empty
    two = tracks_of(("pedestrian", "pedestrian"), [on_foot, user(centre, across, 1.3)], (-1, -1))
    assert conflicts(two).empty
