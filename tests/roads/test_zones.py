from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.towns import make_town
from trafficdiff.errors import InputError
from trafficdiff.roads.zones import Zones, make_zones, zone_travel_times

if TYPE_CHECKING:
    from trafficdiff.datatypes.graph import RoadGraph


def grid_town(side: int) -> RoadGraph:
    """Return a grid of two-way streets of about 100 m whose corners are shifted, so that nothing ties."""
    shift = np.random.default_rng(side).uniform(-20, 20, (side, side, 2))
    nodes = {
        f"{x:02}{y:02}": (100.0 * x + shift[x, y, 0], 100.0 * y + shift[x, y, 1])
        for x in range(side)
        for y in range(side)
    }
    right = [(f"{x:02}{y:02}", f"{x + 1:02}{y:02}") for x in range(side - 1) for y in range(side)]
    up = [(f"{x:02}{y:02}", f"{x:02}{y + 1:02}") for x in range(side) for y in range(side - 1)]
    return make_town(nodes, [*right, *up, *((b, a) for a, b in right + up)])


def scattered_edges(count: int) -> RoadGraph:
    """Return edges of 100 m strewn over a town, denser in its centre, that lead nowhere."""
    one = make_town({"A": (0, 0), "B": (100, 0)}, [("A", "B")])
    start = np.random.default_rng(0).normal(0, 3000, (count, 1, 2))
    repeated = {
        name: np.repeat(getattr(one, name), count)
        for name in (
            "street_name",
            "road_class",
            "from_node",
            "to_node",
            "length_m",
            "speed_limit_ms",
            "lanes",
            "allowed_classes",
        )
    }
    return dataclasses.replace(
        one,
        **repeated,
        edge_id=np.arange(count).astype(str).astype(object),
        shape_offsets=np.arange(0, 2 * count + 1, 2),
        shape_xy=(start + np.array([[0.0, 0.0], [100.0, 0.0]])).reshape(-1, 2),
        successor_offsets=np.zeros(count + 1, np.int64),
        way_offsets=np.zeros(count + 1, np.int64),
    )


TOWN = grid_town(6)


@pytest.mark.slow
@settings(deadline=None)
@given(st.integers(1, 200), st.integers(1, 70), st.integers(0, 2**32 - 1))
def test_zones_part_the_edges_and_none_is_too_large(target: int, largest: int, seed: int) -> None:
    zones = make_zones(TOWN, target=target, largest=largest, generator=np.random.default_rng(seed))
    assert sorted(zones.edges) == list(range(TOWN.edge_count))
    assert zones.edge_counts.min() >= 1
    assert zones.edge_counts.max() <= largest
    for zone in range(len(zones)):
        members = zones.members(zone)
        assert (zones.zone[members] == zone).all()
        assert zones.centre_xy[zone] == pytest.approx(TOWN.midpoint_xy[members].mean(axis=0))


def test_the_same_seed_gives_the_same_zones() -> None:
    one, two, other = (make_zones(TOWN, target=12, generator=np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert (one.zone == two.zone).all()
    assert (one.zone != other.zone).any()


def test_zones_do_not_depend_on_the_order_of_edges() -> None:
    mirrored = dataclasses.replace(TOWN, shape_xy=TOWN.shape_xy.reshape(-1, 2, 2)[::-1].reshape(-1, 2).copy())
    one, two = (make_zones(town, target=12, generator=np.random.default_rng(3)) for town in (TOWN, mirrored))
    assert (one.zone == two.zone[::-1]).all()


def test_neighbours_share_zones_more_than_chance() -> None:
    zones = make_zones(TOWN, target=8, generator=np.random.default_rng(0))
    away = np.linalg.norm(TOWN.midpoint_xy - zones.centre_xy[zones.zone], axis=1)
    other = np.linalg.norm(TOWN.midpoint_xy[:, None] - zones.centre_xy[None], axis=2)
    assert (away <= other.min(axis=1) + 60).mean() > 0.95


def test_a_town_smaller_than_the_target_gets_a_zone_for_each_midpoint() -> None:
    small = make_town({"A": (0, 0), "B": (100, 0)}, [("A", "B"), ("B", "A")])
    assert len(make_zones(small, generator=np.random.default_rng(0))) == 1


def test_twenty_thousand_edges_take_two_seconds_at_most() -> None:
    town = scattered_edges(20_000)
    start_s = time.process_time()
    zones = make_zones(town, generator=np.random.default_rng(0))
    assert time.process_time() - start_s < 2.0
    assert 256 <= len(zones) <= 20_000 / 32
    assert zones.edge_counts.max() <= 64


def test_nonsense_is_refused() -> None:
    with pytest.raises(InputError, match="at least 1"):
        make_zones(TOWN, target=0, generator=np.random.default_rng(0))


def zones_by_hand(town: RoadGraph, zone: list[int]) -> Zones:
    of = np.array([zone[town.edge_index[name]] for name in town.edge_id], np.int32)
    return Zones(
        zone=of,
        centre_xy=np.array([town.midpoint_xy[of == place].mean(axis=0) for place in range(max(zone) + 1)]),
        offsets=np.concatenate([[0], np.cumsum(np.bincount(of))]).astype(np.int64),
        edges=np.argsort(of, kind="stable").astype(np.int32),
    )


def test_a_zone_is_stood_for_by_its_street_nearest_to_the_centre() -> None:
    nodes = {"A": (0.0, 0.0), "B": (10.0, 0.0), "C": (110.0, 0.0), "D": (200.0, 0.0), "E": (300.0, 0.0)}
    town = make_town(nodes, [("A", "B"), ("B", "C"), ("C", "D"), ("D", "E")])
    zones = zones_by_hand(town, [0, 0, 0, 1])
    assert zone_travel_times(town, zones) == pytest.approx(np.array([[0, 9 + 10], [np.inf, 0]]))


def test_the_quicker_direction_of_a_street_counts() -> None:
    nodes = {name: (100.0 * place, 0.0) for place, name in enumerate("ABCD")}
    both = [("A", "B"), ("B", "C"), ("C", "D")]
    town = make_town(nodes, [*both, *((b, a) for a, b in both)])
    zones = zones_by_hand(town, [0, 0, 1, 1, 2, 2])
    assert zone_travel_times(town, zones).tolist() == [[0, 10, 20], [10, 0, 10], [20, 10, 0]]
