"""Routes for measures: fastest, legal, and never over what is closed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.scenarios.demands import grid_town
from trafficdiff.datatypes.vehicles import ALL_CLASSES, class_bit
from trafficdiff.workflows.measure_routing import FastestRoutes

GRAPH = grid_town()
CAR, BUS = class_bit("passenger"), class_bit("bus")


def best(pairs, *, graph=GRAPH, mask=CAR, closed=(), **options):
    ends = (np.array([graph.edge_index[pair[end]] for pair in pairs], np.int32) for end in (0, 1))
    barred = np.isin(graph.edge_id, list(closed))
    return FastestRoutes(graph, **options).best(*ends, np.full(len(pairs), mask), closed=barred)


def names(found, pair, graph=GRAPH):
    return graph.edge_id[found.edges[found.offsets[pair] : found.offsets[pair + 1]]].tolist()


def test_time_and_length_are_those_of_the_whole_route():
    found = best([("01-11", "21-31"), ("00-10", "00-10")])
    assert names(found, 0) == ["01-11", "11-21", "21-31"]
    assert found.time_s.tolist() == [30.0, 10.0]
    assert found.length_m.tolist() == [300.0, 100.0]


def test_a_way_round_what_is_closed_is_found():
    found = best([("01-11", "21-31"), ("00-10", "10-20")], closed=["11-21"])
    assert len(names(found, 0)) == 5
    assert "11-21" not in names(found, 0)
    assert names(found, 1) == ["00-10", "10-20"]


def test_nobody_reaches_or_leaves_what_is_closed():
    belt = [f"{x}1-{x}2" for x in range(4)]
    found = best([("00-10", "03-13"), ("00-10", "00-10"), ("01-02", "02-03"), ("00-01", "01-02")], closed=belt)
    assert found.reachable.tolist() == [False, True, False, False]
    assert np.isinf(found.time_s[[0, 2, 3]]).all()
    assert np.isinf(found.length_m[[0, 2, 3]]).all()
    assert len(found.edges) == 1


def test_routes_are_legal_for_who_drives():
    graph = grid_town(allowed={"11-21": ALL_CLASSES & ~BUS})
    pairs = [("01-11", "21-31"), ("11-21", "11-21")]
    assert len(names(best(pairs, graph=graph), 0, graph)) == 3
    found = best(pairs, graph=graph, mask=BUS)
    assert len(names(found, 0, graph)) == 5
    assert found.reachable.tolist() == [True, False]


def test_link_times_decide_where_they_are_given():
    slow = np.where(GRAPH.edge_id == "11-21", 1_000.0, GRAPH.free_flow_time_s)
    assert "11-21" not in names(best([("01-11", "21-31")], edge_time_s=slow), 0)


def test_no_pairs_give_no_routes():
    found = best([])
    assert found.offsets.tolist() == [0]
    assert len(found.taken(np.zeros(0, bool)).edges) == 0


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_chosen_routes_are_the_same_ones(seed):
    generator = np.random.default_rng(seed)
    pairs = [tuple(pair) for pair in GRAPH.edge_id[generator.integers(GRAPH.edge_count, size=(8, 2))]]
    chosen = generator.random(8) < 0.5
    found = best(pairs)
    some = found.taken(chosen)
    assert [names(some, place) for place in range(chosen.sum())] == [
        names(found, place) for place in np.flatnonzero(chosen)
    ]
    assert some.time_s == pytest.approx(found.time_s[chosen])
