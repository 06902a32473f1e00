from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.roads.test_features import places
from tests.roads.test_fringe import cut_town
from tests.roads.test_scenes import ladder, trips_on
from tests.roads.test_zones import grid_town
from trafficdiff.errors import InputError, NetworkError
from trafficdiff.roads.crop import Crop, crop, crop_trips, nearest_edges, places_near, random_area, random_crops
from trafficdiff.roads.scenes import rim_capacity

if TYPE_CHECKING:
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.trips import TripSet


def pairs(graph: RoadGraph) -> set[tuple[str, str]]:
    return {
        (str(graph.edge_id[a]), str(graph.edge_id[b]))
        for a, b in zip(graph.successor_sources, graph.successor_edges, strict=True)
    }


def routes(trips: TripSet) -> list[list[str]]:
    return [part.tolist() for part in np.split(trips.graph.edge_id[trips.edges], trips.offsets[1:-1])]


def middle_of_ladder(*, u_turns: bool = False) -> Crop:
    """Cut nodes A3 to A6 and B3 to B6 out of the ladder; streets reach one node further."""
    town = ladder(u_turns=u_turns)
    inside = np.array([name[1] in "3456" for name in town.node_id])
    return crop(town, inside=inside, name="middle")


def test_a_crop_keeps_streets_across_the_rim_and_every_number_of_them() -> None:
    part = middle_of_ladder()
    town, small = part.whole, part.graph
    assert small.edge_id.tolist() == town.edge_id[part.edges].tolist()
    assert {"A2-A3", "A6-A7", "A3-B3"} <= set(small.edge_id)
    assert not {"A1-A2", "A2-B2"} & set(small.edge_id)
    assert (small.length_m == town.length_m[part.edges]).all()
    assert (small.midpoint_xy == town.midpoint_xy[part.edges]).all()
    assert (small.node_id[small.from_node] == town.node_id[town.from_node[part.edges]]).all()
    assert (small.node_id[small.to_node] == town.node_id[town.to_node[part.edges]]).all()
    assert part.share == pytest.approx(len(part.edges) / town.edge_count)


@pytest.mark.parametrize("u_turns", [False, True])
def test_exactly_the_successions_at_nodes_inside_are_kept(u_turns: bool) -> None:
    part = middle_of_ladder(u_turns=u_turns)
    expected = {(a, b) for a, b in pairs(part.whole) if a.split("-")[1][1] in "3456"}
    assert pairs(part.graph) == expected


def test_streets_that_the_crop_cuts_are_its_rim() -> None:
    graph = middle_of_ladder().graph
    enter, leave = rim_capacity(graph)
    assert set(graph.edge_id[enter > 0]) == {"A2-A3", "B2-B3", "A7-A6", "B7-B6"}
    assert set(graph.edge_id[leave > 0]) == {"A3-A2", "B3-B2", "A6-A7", "B6-B7"}


def test_each_stretch_inside_is_a_trip_that_departs_when_it_is_reached() -> None:
    part = middle_of_ladder()
    through = "A0 A1 A2 A3 A4 A5 A6 A7 A8"
    out_and_back = "A5 A6 A7 A8 B8 B7 B6 B5"
    trips = crop_trips(trips_on(part.whole, [through, out_and_back, "A0 A1 A2", "A8 A7 A6"]), part)
    assert sorted(routes(trips)) == [
        ["A2-A3", "A3-A4", "A4-A5", "A5-A6", "A6-A7"],
        ["A5-A6", "A6-A7"],
        ["B7-B6", "B6-B5"],
    ]
    departs = dict(zip(map(tuple, routes(trips)), trips.depart_s, strict=True))
    assert departs["A2-A3", "A3-A4", "A4-A5", "A5-A6", "A6-A7"] == pytest.approx(40)  # two streets of 20 s
    assert departs["A5-A6", "A6-A7"] == pytest.approx(60)
    assert departs["B7-B6", "B6-B5"] == pytest.approx(60 + 20 + 20 + 20 + 30 + 20)


def test_who_turns_round_outside_leaves_and_comes_back() -> None:
    part = middle_of_ladder(u_turns=True)
    trips = crop_trips(trips_on(part.whole, ["A5 A6 A7 A6 A5"]), part)
    assert routes(trips) == [["A5-A6", "A6-A7"], ["A7-A6", "A6-A5"]]


def test_a_stretch_that_is_reached_after_the_window_is_left_out() -> None:
    part = middle_of_ladder(u_turns=True)
    town = part.whole
    there = ["A3 A4 A5"] * 9
    in_time, late = "A1 A2 A3 A4", "A0 A1 A2 A1 A2 A3 A4"  # depart at 540 s of 600 s, 20 s a street
    assert [len(crop_trips(trips_on(town, [*there, way]), part)) for way in (in_time, late)] == [10, 9]


def test_a_crop_of_everything_is_the_town_itself() -> None:
    town = cut_town(u_turns=True)
    part = crop(town, inside=np.ones(town.node_count, bool))
    assert pairs(part.graph) == pairs(town)
    trips = trips_on(town, ["G B D I", "A E B"])
    assert routes(crop_trips(trips, part)) == routes(trips)


def test_an_area_without_roads_is_refused() -> None:
    with pytest.raises(NetworkError, match="no"):
        crop(ladder(), inside=np.zeros(20, bool))


def test_random_areas_are_of_the_size_asked_for_and_differ(generator: np.random.Generator) -> None:
    town = grid_town(30)
    shares = [random_area(town, generator=generator, extents=(0.4, 0.5)).mean() for _ in range(40)]
    assert 0.02 < min(shares) < max(shares) < 0.36  # a disc in a corner keeps a quarter; a turned box has more extent
    assert len(set(shares)) > 20


def test_random_crops_keep_their_bounds_and_are_the_same_for_a_seed() -> None:
    town = grid_town(12)
    ways = [f"{x:02}{y:02} {x + 1:02}{y:02} {x + 2:02}{y:02}" for x in range(10) for y in range(12)]
    trips = trips_on(town, ways[:9])
    made = [
        random_crops(town, count=5, generator=np.random.default_rng(3), trips=trips, least_trips=3, most_edges=400)
        for _ in range(2)
    ]
    assert len(made[0]) == 5
    for (one, stretches), (other, _) in zip(*made, strict=True):
        assert (one.edges == other.edges).all()
        assert 60 <= one.graph.edge_count <= 400
        assert stretches is not None
        assert len(stretches) >= 3
    with pytest.raises(InputError, match="at least 0"):
        random_crops(town, count=-1, generator=np.random.default_rng(3))


def test_a_town_too_small_for_crops_gives_none() -> None:
    assert random_crops(ladder(), count=2, generator=np.random.default_rng(0)) == []


def test_places_count_for_the_crop_that_holds_their_nearest_street() -> None:
    part = middle_of_ladder()
    town = part.whole
    there = np.array([[900.0, 20.0], [1_650.0, 20.0], [900.0, 5_000.0]])
    pois, near = nearest_edges(town, places(town, there)[0])
    assert len(pois) == 2  # the third is far from every street
    assert set(town.edge_id[near]) <= {"A4-A5", "A5-A4", "A8-A9", "A9-A8"}
    kept = places_near(pois, near, part)
    assert town.from_lonlat(np.array([[kept.geometry[0].x, kept.geometry[0].y]]))[0] == pytest.approx(
        [900, 20], abs=0.1
    )
    assert len(kept) == 1
