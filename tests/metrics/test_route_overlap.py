"""A route's overlap is the length that it shares with its nearest known route over the length of both together."""

from __future__ import annotations

import numpy as np
import pytest

from trafficdiff.metrics.route_overlap import nearest_overlap

LENGTH_M = np.array([100.0, 200.0, 300.0, 400.0])


def overlap(routes: list[list[int]], known: list[list[int]]) -> np.ndarray:
    def csr(some: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
        return np.concatenate([np.array(one, np.int32) for one in some]), np.cumsum([0, *map(len, some)])

    (edges, offsets), (known_edges, known_offsets) = csr(routes), csr(known)
    return nearest_overlap(edges, offsets, known_edges=known_edges, known_offsets=known_offsets, length_m=LENGTH_M)


def test_the_nearest_known_route_counts_by_length() -> None:
    found = overlap([[0, 1], [2], [3], [0, 1, 2]], [[0, 1, 2], [1, 2]])
    assert found == pytest.approx([300 / 600, 300 / 500, 0.0, 1.0])


def test_repeats_change_nothing_and_order_does_not_matter() -> None:
    found = overlap([[1, 0], [1, 0], [0, 1]], [[0, 1], [0, 1]])
    assert found == pytest.approx([1.0, 1.0, 1.0])


def test_many_routes_agree_with_the_definition_one_by_one(generator: np.random.Generator) -> None:
    routes = [generator.permutation(4)[: generator.integers(1, 5)].tolist() for _ in range(600)]
    known = routes[:3]
    slow = []
    for one in routes:
        shares = [LENGTH_M[list({*one} & {*other})].sum() / LENGTH_M[list({*one} | {*other})].sum() for other in known]
        slow.append(max(shares))
    assert overlap(routes, known) == pytest.approx(slow)
