import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.demand.nets import BUS_ONLY, CAR, edge_graph, random_towns
from tests.towns import make_town
from trafficdiff.datatypes.vehicles import VEHICLE_TYPES
from trafficdiff.demand.reachability import find_reach
from trafficdiff.errors import TripError


@given(town=random_towns(), kind=st.sampled_from(["car", "bus"]), seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=80)
def test_reach_is_what_networkx_finds(town, kind, seed):
    vehicle = VEHICLE_TYPES[kind]
    edge_index = np.random.default_rng(seed).permutation(town.edge_count).astype(np.int32)
    try:
        reach = find_reach(town, vehicle, edge_index=edge_index)
    except TripError:
        net = edge_graph(town, vehicle.mask, np.ones(town.edge_count))
        assert all(_reverse(town, edge, other) for edge, other in net.edges)
        return
    net = edge_graph(town, vehicle.mask, np.ones(town.edge_count))
    leads = np.array([[b == a or nx.has_path(net, a, b) for b in edge_index] for a in edge_index])
    np.testing.assert_array_equal(reach.reaches[reach.part[:, None], reach.part[None]], leads)
    parts = {frozenset(np.flatnonzero(reach.part == part)) for part in np.unique(reach.part)}
    row = np.argsort(edge_index)
    expected = {frozenset(row[list(part)]) for part in nx.strongly_connected_components(net)}
    assert parts == expected
    for place, edge in enumerate(edge_index):
        assert reach.can_end[place] == (net.in_degree(edge) > 0)
        onward = {other for other in nx.descendants(net, edge) if other != edge and not _reverse(town, edge, other)}
        assert reach.can_begin[place] == bool(onward)
        if reach.reverse[place] >= 0:
            assert _reverse(town, edge, edge_index[reach.reverse[place]])
        else:
            assert not any(_reverse(town, edge, other) for other in range(town.edge_count))


def _reverse(town, edge, other):
    return town.from_node[edge] == town.to_node[other] and town.to_node[edge] == town.from_node[other]


def test_a_class_that_can_drive_nothing_is_refused():
    nodes = {"A": (0.0, 0.0), "B": (100.0, 0.0), "C": (200.0, 0.0)}
    town = make_town(nodes, [("A", "B"), ("B", "C")], allowed={"A-B": BUS_ONLY})
    everything = np.arange(2, dtype=np.int32)
    with pytest.raises(TripError, match="leave the class out"):
        find_reach(town, VEHICLE_TYPES["car"], edge_index=everything)
    assert find_reach(town, VEHICLE_TYPES["bus"], edge_index=everything).can_begin.tolist() == [True, False]


def test_a_one_way_chain_leads_only_forward():
    nodes = {name: (100.0 * place, 0.0) for place, name in enumerate("ABCDE")}
    town = make_town(nodes, [("A", "B"), ("B", "C"), ("C", "D"), ("D", "E")])
    reach = find_reach(town, VEHICLE_TYPES["car"], edge_index=np.array([2, 0, 3, 1], np.int32))
    leads = reach.reaches[reach.part[:, None], reach.part[None]]
    place = np.array([2, 0, 3, 1])
    np.testing.assert_array_equal(leads, place[:, None] <= place[None])
    assert reach.can_begin.tolist() == [True, True, False, True]
    assert reach.can_end.tolist() == [True, False, True, True]
    assert CAR & town.allowed_classes.min()
