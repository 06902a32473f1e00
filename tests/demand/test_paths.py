import itertools

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from trafficdiff.demand import paths
from trafficdiff.demand.paths import ranges, shortest_paths


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 6)), max_size=20))
def test_ranges_are_aranges_one_after_the_other(pieces):
    starts = np.array([start for start, _ in pieces], np.int64)
    lengths = np.array([length for _, length in pieces], np.int64)
    expected = [start + step for start, length in pieces for step in range(length)]
    assert ranges(starts, lengths).tolist() == expected


@given(st.integers(2, 25), st.floats(0.05, 0.5), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=60)
def test_paths_cost_what_networkx_finds_and_walk_along_arcs(count, share, seed):
    random = np.random.default_rng(seed)
    costs = csr_matrix(random.uniform(1, 9, (count, count)) * (random.random((count, count)) < share))
    origin, destination = random.integers(0, count, (2, 60)).astype(np.int32)
    found = shortest_paths(costs, origin, destination)
    expected = dict(nx.all_pairs_dijkstra_path_length(nx.from_scipy_sparse_array(costs, create_using=nx.DiGraph)))
    for pair, (first, last) in enumerate(zip(origin.tolist(), destination.tolist(), strict=True)):
        path = found.edges[found.offsets[pair] : found.offsets[pair + 1]]
        if last not in expected[first]:
            assert len(path) == 0
            continue
        assert (path[0], path[-1]) == (first, last)
        steps = np.array([costs[a, b] for a, b in itertools.pairwise(path)])
        assert (steps > 0).all()
        assert steps.sum() == pytest.approx(expected[first][last])


def test_blocks_of_one_origin_give_the_same_paths(monkeypatch, generator):
    costs = csr_matrix(generator.uniform(1, 9, (40, 40)) * (generator.random((40, 40)) < 0.2))
    origin, destination = generator.integers(0, 40, (2, 200)).astype(np.int32)
    together = shortest_paths(costs, origin, destination)
    monkeypatch.setattr(paths, "_BLOCK_BYTES", 1)
    apart = shortest_paths(costs, origin, destination)
    np.testing.assert_array_equal(together.offsets, apart.offsets)
    np.testing.assert_array_equal(together.edges, apart.edges)


def test_no_pairs_give_no_paths():
    none = np.zeros(0, np.int32)
    assert len(shortest_paths(csr_matrix((3, 3)), none, none).edges) == 0


def test_ways_without_a_choice_are_followed_and_end_where_they_are_asked_to():
    #  0 -> 1 -> 2 -> 3 <-> 4,  3 -> 5,   6 -> 7 -> 8 -> 6 (a ring without a way out),   9 without arcs
    arcs = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 3), (3, 5), (6, 7), (7, 8), (8, 6)]
    rows, columns = np.array(arcs).T
    costs = csr_matrix((np.ones(len(arcs)), (rows, columns)), shape=(10, 10))
    pairs = {
        (0, 0): [0], (0, 2): [0, 1, 2], (0, 3): [0, 1, 2, 3], (1, 5): [1, 2, 3, 5], (4, 5): [4, 3, 5], (5, 3): [],
        (6, 8): [6, 7, 8], (8, 7): [8, 6, 7], (6, 3): [], (0, 6): [], (9, 9): [9], (9, 0): [], (2, 9): [],
    }  # fmt: skip
    origin, destination = np.array(list(pairs), np.int32).T
    found = shortest_paths(costs, origin, destination)
    assert [part.tolist() for part in np.split(found.edges, found.offsets[1:-1])] == list(pairs.values())


def test_a_way_without_a_choice_may_be_long(monkeypatch):
    count = 30
    costs = csr_matrix((np.ones(count - 1), (np.arange(count - 1), np.arange(1, count))), shape=(count, count))
    monkeypatch.setattr(paths, "_LONGEST_LEAD", 7)
    found = shortest_paths(costs, np.array([0, 3], np.int32), np.array([29, 5], np.int32))
    assert found.edges.tolist() == [*range(30), 3, 4, 5]
