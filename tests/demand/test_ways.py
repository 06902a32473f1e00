import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.demand.nets import CAR, edge_graph, random_towns
from tests.towns import make_town
from trafficdiff.demand.ways import find_ways


def test_a_way_is_timed_from_the_begin_of_its_entry_to_the_end_of_its_exit():
    places = {"A": (0.0, 0.0), "B": (100.0, 0.0), "C": (100.0, 300.0), "D": (0.0, 400.0)}
    town = make_town(places, [("A", "B"), ("B", "C"), ("C", "D")], speed_ms=10.0)
    edge = town.edge_index
    enters, leaves = np.zeros(3, bool), np.zeros(3, bool)
    enters[[edge["A-B"], edge["C-D"]]] = leaves[[edge["C-D"]]] = True
    order = np.array([edge["C-D"], edge["A-B"], edge["B-C"]], np.int32)
    ways = find_ways(town, edge_index=order, edge_offsets=np.array([0, 1, 3]), enters=enters, leaves=leaves)
    np.testing.assert_array_equal(ways.entry, [0, 1])
    np.testing.assert_array_equal(ways.exit, [0])
    assert ways.time_s[0, 0] == np.inf  # nobody drives one edge only
    assert ways.time_s[1, 0] == pytest.approx((100 + 300 + np.hypot(100, 100)) / 10)
    assert ways.distance_m[1, 0] == pytest.approx(400)
    assert ways.apart_m[0, 0] == 0  # a zone of one street
    middles = np.array([[50, 350], [50, 0], [100, 150]])
    squared = ((middles[1:] - middles[0]) ** 2).sum(axis=1)
    assert ways.apart_m[0, 1] == pytest.approx(np.sqrt(squared.mean()))


@given(town=random_towns(), seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=25)
def test_times_and_distances_are_what_the_slow_way_finds(town, seed):
    random = np.random.default_rng(seed)
    order = random.permutation(town.edge_count).astype(np.int32)
    enters, leaves = random.random((2, town.edge_count)) < 0.6
    cut = random.integers(0, town.edge_count + 1)
    ways = find_ways(
        town, edge_index=order, edge_offsets=np.array([0, cut, town.edge_count]), enters=enters, leaves=leaves
    )
    net, free_s = edge_graph(town, CAR, town.free_flow_time_s), town.free_flow_time_s
    for row, entry in enumerate(order[ways.entry]):
        found = nx.single_source_dijkstra_path_length(net, int(entry), weight="time_s")
        for column, exit_ in enumerate(order[ways.exit]):
            way_s = np.inf if exit_ == entry else found.get(int(exit_), np.inf) + free_s[entry]
            assert ways.time_s[row, column] == pytest.approx(way_s)
    first, second = town.midpoint_xy[order[:cut]], town.midpoint_xy[order[cut:]]
    if len(first) and len(second):
        squared = ((first[:, None] - second[None]) ** 2).sum(axis=2)
        assert ways.apart_m[0, 1] == pytest.approx(np.sqrt(squared.mean()))


def test_a_place_without_a_rim_has_no_ways():
    places = {"A": (0.0, 0.0), "B": (100.0, 0.0), "C": (100.0, 300.0)}
    town = make_town(places, [("A", "B"), ("B", "C"), ("C", "A")])
    nothing = np.zeros(3, bool)
    ways = find_ways(
        town, edge_index=np.arange(3, dtype=np.int32), edge_offsets=np.array([0, 3]), enters=nothing, leaves=nothing
    )
    assert ways.time_s.shape == ways.distance_m.shape == (0, 0)
