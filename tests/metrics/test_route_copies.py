"""Copies of routes, and routes that do not connect."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.metrics.route_copies import copied, disconnected

if TYPE_CHECKING:
    from trafficdiff.datatypes.graph import RoadGraph


def test_only_the_whole_route_edge_for_edge_is_a_copy() -> None:
    known, known_offsets = np.array([1, 2, 3, 4]), np.array([0, 3, 4])
    edges, offsets = np.array([1, 2, 3, 1, 2, 4, 3, 4]), np.array([0, 3, 5, 6, 8])
    found = copied(edges, offsets, known_edges=known, known_offsets=known_offsets)
    assert found.tolist() == [True, False, True, False]


def test_a_jump_and_an_empty_route_are_disconnected(square_town: RoadGraph) -> None:
    place = square_town.edge_index
    edges = np.array([place["A-B"], place["B-D"], place["A-B"], place["D-C"], place["A-C"]], np.int32)
    lost = disconnected(square_town, edges, np.array([0, 2, 4, 4, 5]), mask=np.full(4, 1 << 5))
    assert lost.tolist() == [False, True, True, False]
