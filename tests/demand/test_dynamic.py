import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.demand.nets import CAR, edge_graph, random_towns
from tests.towns import make_town
from trafficdiff.demand import dynamic
from trafficdiff.demand.dynamic import driving_times_s, dynamic_paths
from trafficdiff.demand.link_times import LinkTimes, free_flow_times, link_times

NODES = {"A": (0.0, 0.0), "B": (400.0, 0.0), "C": (800.0, 0.0), "D": (1_200.0, 0.0), "N": (600.0, 300.0)}
ROADS = [("A", "B"), ("B", "C"), ("C", "D"), ("B", "N"), ("N", "C")]


def between(graph, first, last, times, *, depart_s):
    ends = tuple(np.array([graph.edge_index[name]], np.int32) for name in (first, last))
    paths = dynamic_paths(graph, ends, mask=np.array([CAR]), times=times, depart_s=np.array([depart_s]))
    return [graph.edge_id[edge] for edge in paths.edges]


def test_a_jam_counts_when_its_edge_is_entered_and_not_before():
    town = make_town(NODES, ROADS)  # A-B takes 40 s
    jam_s = np.tile(town.free_flow_time_s, (3, 1))
    jam_s[1, town.edge_index["B-C"]] = 500.0
    times = link_times(town, jam_s, begins_s=np.array([0.0, 100.0, 200.0]))
    direct, around = ["A-B", "B-C", "C-D"], ["A-B", "B-N", "N-C", "C-D"]
    assert between(town, "A-B", "C-D", times, depart_s=50.0) == direct  # enters B-C at 90 s
    assert between(town, "A-B", "C-D", times, depart_s=61.0) == around  # at 101 s, though at departure it was free
    assert between(town, "A-B", "C-D", times, depart_s=159.0) == around
    assert between(town, "A-B", "C-D", times, depart_s=161.0) == direct  # at 201 s, though at departure it was jammed


def test_driving_adds_up_the_times_at_which_edges_are_entered():
    town = make_town(NODES, ROADS)
    times_s = np.arange(1, 11, dtype=float).reshape(2, 5) * 10
    times = LinkTimes(np.array([0.0, 100.0]), times_s)
    taken_s = driving_times_s(
        times, depart_s=np.array([75.0, 500.0]), offsets=np.array([0, 3, 4]), edges=np.array([1, 0, 2, 4], np.int32)
    )
    # enters 1 at 75 s (20 s), 0 at 95 s (10 s), 2 at 105 s (80 s)
    assert taken_s.tolist() == [20.0 + 10.0 + 80.0, 100.0]
    assert driving_times_s(times, depart_s=np.zeros(0), offsets=np.zeros(1, int), edges=np.zeros(0, int)).shape == (0,)
    assert town.edge_count == 5


def arrivals_by_hand(graph, times, origin, depart_s):
    """Earliest arrival at the end of every edge: Dijkstra's method with times taken on entry, one edge at a time."""
    turns = edge_graph(graph, CAR, graph.free_flow_time_s)

    def after(edge, at_s):
        return at_s + times.time_s[times.interval(np.array([at_s]))[0], edge]

    done, waiting = {}, {origin: after(origin, depart_s)}
    while waiting:
        edge = min(waiting, key=waiting.get)
        done[edge] = waiting.pop(edge)
        for entered in turns.successors(edge):
            if entered not in done:
                waiting[entered] = min(waiting.get(entered, np.inf), after(entered, done[edge]))
    return done


@given(random_towns(), st.integers(0, 2**32 - 1))
@settings(max_examples=80, deadline=None)
def test_paths_are_the_fastest_that_a_second_search_finds(town, seed):
    random = np.random.default_rng(seed)
    period_s = 400.0
    # Times that fall by less than a period from one interval to the next: nobody gains by waiting (nearly).
    growing = np.cumsum(random.uniform(0, 60, (4, town.edge_count)), axis=0) + town.free_flow_time_s
    times = LinkTimes(np.arange(4) * period_s, growing)
    cars = np.flatnonzero(town.allowed_classes & CAR)
    first, last = random.choice(cars, (2, 12)).astype(np.int32)
    depart_s = random.choice([100.0, 500.0, 900.0], 12)
    paths = dynamic_paths(town, (first, last), mask=np.full(12, CAR), times=times, depart_s=depart_s)
    for place in range(12):
        best = arrivals_by_hand(town, times, int(first[place]), depart_s[place])
        if int(last[place]) not in best:
            assert paths.lengths[place] == 0
            continue
        route = paths.take(np.array([place]))
        assert (route.edges[0], route.edges[-1]) == (first[place], last[place])
        taken_s = driving_times_s(times, depart_s=depart_s[[place]], offsets=route.offsets, edges=route.edges)
        assert taken_s[0] + depart_s[place] <= best[int(last[place])] + period_s * 0.05
        turns = edge_graph(town, CAR, town.free_flow_time_s)
        assert nx.is_path(turns, route.edges.tolist())


def test_small_blocks_change_nothing(monkeypatch, generator):
    town = make_town(NODES, [*ROADS, ("C", "B"), ("D", "C"), ("B", "A")], u_turns=True)
    pairs = generator.integers(town.edge_count, size=(2, 40)).astype(np.int32)
    mask = np.full(40, CAR)

    def routes():
        return dynamic_paths(town, tuple(pairs), mask=mask, times=free_flow_times(town), depart_s=np.zeros(40))

    whole = routes()
    monkeypatch.setattr(dynamic, "_BLOCK_BYTES", 1)
    assert routes().edges.tolist() == whole.edges.tolist()
    assert whole.lengths.min() > 0


def test_no_pairs_give_no_paths():
    town = make_town(NODES, ROADS)
    none = np.zeros(0, np.int32)
    times = free_flow_times(town)
    paths = dynamic_paths(town, (none, none), mask=none.astype(int), times=times, depart_s=np.zeros(0))
    assert paths.offsets.tolist() == [0]


def test_classes_are_routed_each_on_its_own_roads():
    from tests.demand.nets import BUS_ONLY

    town = make_town(NODES, ROADS, allowed={"B-C": BUS_ONLY})
    ends = tuple(np.full(2, town.edge_index[name], np.int32) for name in ("A-B", "C-D"))
    paths = dynamic_paths(town, ends, mask=np.array([CAR, BUS_ONLY]), times=free_flow_times(town), depart_s=np.zeros(2))
    assert paths.lengths.tolist() == [4, 3]


def test_unreachable_edges_have_no_path():
    town = make_town(NODES, ROADS)
    ends = np.array([town.edge_index["C-D"]], np.int32), np.array([town.edge_index["A-B"]], np.int32)
    paths = dynamic_paths(town, ends, mask=np.array([CAR]), times=free_flow_times(town), depart_s=np.zeros(1))
    assert paths.lengths.tolist() == [0]
    assert pytest.approx(0) == paths.offsets[-1]
