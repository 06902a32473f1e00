from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np
import pytest

from tests.roads.test_zones import grid_town
from tests.towns import make_town
from trafficdiff.datatypes.vehicles import class_mask
from trafficdiff.errors import InputError
from trafficdiff.roads.centrality import betweenness, succession_times, travel_times

if TYPE_CHECKING:
    from trafficdiff.datatypes.graph import RoadGraph


def chain(count: int) -> RoadGraph:
    """Return a one-way street of `count` edges of 100 m."""
    nodes = {f"N{place:02}": (100.0 * place, 0.0) for place in range(count + 1)}
    names = sorted(nodes)
    return make_town(nodes, list(itertools.pairwise(names)))


def crooked_town(seed: int = 5) -> RoadGraph:
    """Return a grid with shifted corners, so that no two paths take the same time."""
    town = grid_town(4)
    noise = np.random.default_rng(seed).uniform(0.8, 1.2, town.edge_count)
    return dataclasses.replace(town, length_m=town.length_m * noise)


def as_networkx(town: RoadGraph) -> nx.DiGraph:
    graph = nx.DiGraph()
    graph.add_nodes_from(range(town.edge_count))
    times = succession_times(town).tocoo()
    graph.add_weighted_edges_from(zip(times.row.tolist(), times.col.tolist(), times.data.tolist(), strict=True))
    return graph


def test_on_a_chain_each_edge_lies_between_what_is_before_and_behind_it() -> None:
    place = np.arange(6)
    assert betweenness(chain(6)) == pytest.approx(place * (5 - place) / (6 * 5 / 2))


def test_betweenness_agrees_with_networkx() -> None:
    town = crooked_town()
    theirs = nx.betweenness_centrality(as_networkx(town), weight="weight", normalized=False)
    pairs = town.edge_count * (town.edge_count - 1)
    assert betweenness(town) == pytest.approx(np.array([theirs[edge] for edge in range(town.edge_count)]) / pairs)


def test_sampled_sources_come_near_the_exact_value() -> None:
    town = grid_town(12)
    exact, sampled = betweenness(town, sources=town.edge_count), betweenness(town, sources=120)
    assert np.corrcoef(exact, sampled)[0, 1] > 0.9
    assert (sampled == betweenness(town, sources=120)).all()


def test_travel_times_agree_with_networkx_and_leave_the_origin_out() -> None:
    town = crooked_town()
    ours = travel_times(town, np.array([7]))[0]
    theirs = nx.single_source_dijkstra_path_length(as_networkx(town), 7)
    assert ours == pytest.approx(np.array([theirs[edge] for edge in range(town.edge_count)]))
    assert ours[7] == 0


def test_a_turn_ban_lengthens_the_way() -> None:
    nodes = {"A": (0, 0), "B": (100, 0), "C": (200, 0), "D": (100, 300)}
    streets = [("A", "B"), ("B", "C"), ("B", "D"), ("D", "B")]
    town = make_town(nodes, streets, u_turns=True)
    start, end = town.edge_index["A-B"], town.edge_index["B-C"]
    assert travel_times(town, np.array([start]))[0, end] == pytest.approx(10)
    classes = town.successor_classes.copy()
    source = np.repeat(np.arange(town.edge_count), np.diff(town.successor_offsets))
    classes[(source == start) & (town.successor_edges == end)] = class_mask(["bus"])
    banned = dataclasses.replace(town, successor_classes=classes)
    assert travel_times(banned, np.array([start]))[0, end] == pytest.approx(30 + 30 + 10)


def test_roads_closed_to_cars_carry_no_paths() -> None:
    town = chain(3)
    closed = make_town(
        dict(zip(town.node_id, town.node_xy, strict=True)),
        [tuple(name.split("-")) for name in town.edge_id],
        allowed={str(town.edge_id[1]): class_mask(["bus"])},
    )
    assert (betweenness(closed) == 0).all()
    assert np.isinf(travel_times(closed, np.array([0]))[0, 2])


def test_nonsense_is_refused() -> None:
    with pytest.raises(InputError, match="at least one source"):
        betweenness(chain(2), sources=0)
