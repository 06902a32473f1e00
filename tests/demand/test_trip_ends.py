import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.demand.nets import CAR, edge_graph, random_towns
from tests.towns import make_town
from trafficdiff.datatypes.vehicles import VEHICLE_TYPES
from trafficdiff.demand import paths
from trafficdiff.demand.places import find_places
from trafficdiff.demand.trip_ends import sample_ends
from trafficdiff.errors import TripError

KIND = VEHICLE_TYPES["car"]


def draw(graph, count, *, fringe_factor=1.0, beta=0.0, size=None, seed=5):
    return sample_ends(
        graph,
        count,
        kind=KIND,
        size=np.ones(graph.edge_count) if size is None else size,
        fringe_factor=fringe_factor,
        deterrence_per_s=beta,
        generator=np.random.default_rng(seed),
    )


@given(random_towns(), st.floats(0, 0.5), st.sampled_from([0.0, 1.0, 5.0]), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=60)
def test_as_many_trips_as_asked_each_with_a_way_of_two_edges_or_more(town, beta, fringe_factor, seed):
    try:
        origin, destination = draw(town, 200, fringe_factor=fringe_factor, beta=beta, seed=seed)
    except TripError:
        if fringe_factor > 0:
            with pytest.raises(TripError):
                find_places(town, KIND)
        return
    reached = {a: nx.descendants(net, a) for net in [edge_graph(town, CAR, town.free_flow_time_s)] for a in net}
    assert len(origin) == len(destination) == 200
    for first, last in zip(origin.tolist(), destination.tolist(), strict=True):
        assert last in reached[first]
        assert last != first
        assert (town.from_node[first], town.to_node[first]) != (town.to_node[last], town.from_node[last])


def star(*lengths_m):
    """One way in, then ways out of the given lengths."""
    nodes = {"A": (0.0, 0.0), "B": (100.0, 0.0)}
    nodes |= {chr(67 + place): (100.0 + length, place * 1e-6) for place, length in enumerate(lengths_m)}
    return make_town(nodes, [("A", "B")] + [("B", chr(67 + place)) for place in range(len(lengths_m))])


def test_destinations_follow_weight_times_deterrence():
    town = star(100.0, 300.0, 700.0)  # 10, 30 and 70 s at 10 m/s
    origin, destination = draw(town, 200_000, beta=0.02, size=town.length_m)
    assert (town.edge_id[origin] == "A-B").all()
    ways = [town.edge_index[name] for name in ("B-C", "B-D", "B-E")]
    expected = np.array([100, 300, 700]) * np.exp(-0.02 * np.array([10, 30, 70]))
    found = np.array([(destination == way).mean() for way in ways])
    np.testing.assert_allclose(found, expected / expected.sum(), atol=0.004)


def test_strong_deterrence_does_not_underflow():
    town = star(50_000.0, 60_000.0)
    _, destination = draw(town, 100, beta=1.0)
    assert (town.edge_id[destination] == "B-C").all()


def test_origins_follow_size_and_fringe():
    nodes = {"A": (0.0, 0.0), "B": (100.0, 0.0), "C": (200.0, 0.0), "D": (300.0, 0.0)}
    town = make_town(nodes, [("A", "B"), ("B", "C"), ("C", "D")])
    origin, _ = draw(town, 100_000, fringe_factor=4.0)
    assert (town.edge_id[origin] == "A-B").mean() == pytest.approx(0.8, abs=0.005)


def test_small_blocks_draw_the_same_trips(monkeypatch, grid_graph):
    together = draw(grid_graph, 500, beta=0.01)
    monkeypatch.setattr(paths, "_BLOCK_BYTES", 1)
    apart = draw(grid_graph, 500, beta=0.01)
    np.testing.assert_array_equal(together, apart)
