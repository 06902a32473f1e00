from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.demand.nets import random_towns
from tests.roads.test_fringe import cut_town
from tests.roads.test_zones import grid_town
from trafficdiff.datatypes.scene import CLASSES, Scene
from trafficdiff.datatypes.vehicles import class_bit, class_mask
from trafficdiff.demand.paths import shortest_paths
from trafficdiff.demand.randomised import randomised_trips
from trafficdiff.demand.successions import reverse_edges, succession_costs
from trafficdiff.errors import InputError, TripError
from trafficdiff.roads.scenes import make_scene, rim_capacity
from trafficdiff.roads.zones import make_zones

if TYPE_CHECKING:
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.scene import SceneTrips


def scene_of(town: RoadGraph, target: int = 60) -> Scene:
    zones = make_zones(town, generator=np.random.default_rng(1), target=target)
    return make_scene(town, zones=zones, name="town", place="town", source="randomised", licence="none")


def drawn(town: RoadGraph, seed: int, **size: int) -> SceneTrips:
    return randomised_trips(town, scene_of(town), generator=np.random.default_rng(seed), **size)[0]


def ways(town: RoadGraph, scene: Scene, trips: SceneTrips) -> None:
    """Assert that a shortest-path search finds a way of two edges and more for every trip and its class."""
    origin, destination = (scene.edge_index[rows] for rows in (trips.origin_edge, trips.destination_edge))
    assert (reverse_edges(town)[origin] != destination).all()
    for code in np.unique(trips.vehicle_class):
        rows = np.flatnonzero(trips.vehicle_class == code)
        mask = class_bit(CLASSES[code])
        costs = succession_costs(town, mask=mask, edge_time_s=town.free_flow_time_s)
        assert (shortest_paths(costs, origin[rows], destination[rows]).lengths >= 2).all()
        assert (town.allowed_classes[origin[rows]] & mask != 0).all()


@settings(max_examples=25, deadline=None)
@given(town=random_towns(), seed=st.integers(0, 9))
def test_every_trip_can_be_driven_by_its_class_on_any_net(town: RoadGraph, seed: int) -> None:
    scene = scene_of(town)
    try:
        trips, _ = randomised_trips(town, scene, generator=np.random.default_rng(seed), days=2, trips_a_day=40)
    except TripError:  # no two edges follow each other, or only turning round
        return
    ways(town, scene, trips)


def test_trucks_keep_to_where_they_may_drive() -> None:
    town = grid_town(8)
    cars, both = class_mask(["passenger"]), class_mask(["passenger", "truck"])
    town = dataclasses.replace(town, allowed_classes=np.where(np.arange(town.edge_count) % 3 > 0, both, cars))
    scene = scene_of(town)
    for seed in range(8):
        trips, _ = randomised_trips(town, scene, generator=np.random.default_rng(seed), days=2, trips_a_day=300)
        ways(town, scene, trips)
        assert set(trips.vehicle_class) <= {CLASSES.index("passenger"), CLASSES.index("truck")}


def test_the_same_seed_gives_the_same_trips_and_another_one_others() -> None:
    town = grid_town(8)
    one, same, other = (drawn(town, seed) for seed in (3, 3, 4))
    assert (one.origin_edge == same.origin_edge).all()
    assert (one.depart_share == same.depart_share).all()
    assert len(other) != len(one) or (one.origin_edge != other.origin_edge).any()


def test_zones_are_those_of_the_edges_and_numbers_are_in_their_ranges() -> None:
    town = grid_town(8)
    scene = scene_of(town)
    for seed in range(6):
        trips, (begin_s, end_s) = randomised_trips(town, scene, generator=np.random.default_rng(seed))
        assert (scene.edge_zone[trips.origin_edge] == trips.origin_zone).all()
        assert (scene.edge_zone[trips.destination_edge] == trips.destination_zone).all()
        assert ((trips.depart_share >= 0) & (trips.depart_share < 1)).all()
        assert 0 <= begin_s < end_s <= 86_400
        assert 4 <= len(np.unique(trips.day)) <= 10
        via = trips.via_zone >= 0
        assert (trips.via_zone[via] != trips.origin_zone[via]).all()
        assert (trips.via_zone[via] != trips.destination_zone[via]).all()
        assert via.mean() < 0.25
        dataclasses.replace(scene, trips=trips)  # the scene accepts them


def test_a_town_with_a_rim_has_traffic_across_it_from_little_to_most() -> None:
    town = cut_town(u_turns=True)
    scene = scene_of(town)
    enters = rim_capacity(town)[0][scene.edge_index] > 0
    shares = [
        enters[randomised_trips(town, scene, generator=np.random.default_rng(seed), days=2)[0].origin_edge].mean()
        for seed in range(40)
    ]
    assert min(shares) < 0.25
    assert max(shares) > 0.7


def test_a_town_without_a_rim_has_none() -> None:
    assert len(drawn(grid_town(6), 0, days=3, trips_a_day=100)) > 200


def test_days_of_one_scene_differ_more_than_draws_of_one_day_and_less_than_scenes() -> None:
    """Overdispersion: the variance of a zone's share over days, over that of a multinomial draw."""
    town = grid_town(8)
    overdispersion, over_days, means = [], [], []
    for seed in range(8):
        trips = drawn(town, seed, days=12, trips_a_day=1500)
        table = np.zeros((12, 60))
        np.add.at(table, (trips.day, trips.origin_zone), 1)
        share = table / table.sum(axis=1, keepdims=True)
        mean = share.mean(axis=0)
        squares = ((share - mean) ** 2 * table.sum(axis=1, keepdims=True)).sum()
        overdispersion.append(squares / (11 * (mean * (1 - mean)).sum()))
        over_days.append(np.abs(share - mean).sum(axis=1).mean())
        means.append(mean)
    over_scenes = [np.abs(a - b).sum() for place, a in enumerate(means) for b in means[:place]]
    assert np.median(overdispersion) > 5  # factors of flows alone give about 3
    assert np.mean(over_days) < np.mean(over_scenes)


def test_a_scene_without_edges_and_no_trips_at_all_are_refused() -> None:
    town = grid_town(4)
    scene = scene_of(town)
    bare = dataclasses.replace(
        scene,
        edge_values=scene.edge_values[:0],
        edge_index=scene.edge_index[:0],
        edge_offsets=np.zeros(len(scene) + 1, np.int64),
    )
    with pytest.raises(InputError, match="with edges"):
        randomised_trips(town, bare, generator=np.random.default_rng(0))
    for size in ({"days": 0}, {"trips_a_day": 0}):
        with pytest.raises(InputError, match="at least one day"):
            randomised_trips(town, scene, generator=np.random.default_rng(0), **size)


@pytest.mark.slow
def test_ten_thousand_edges_take_a_few_cpu_seconds() -> None:
    town = grid_town(51)
    scene = scene_of(town, target=256)
    started_s = time.process_time()
    randomised_trips(town, scene, generator=np.random.default_rng(0))
    assert time.process_time() - started_s < 5
