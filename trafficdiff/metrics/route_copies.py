"""Tell which routes are copies of others, and which are no routes at all."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from trafficdiff.datatypes.trips import illegal_turns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["copied", "disconnected"]


def copied(
    edges: NDArray[np.integer[Any]],
    offsets: NDArray[np.int64],
    *,
    known_edges: NDArray[np.integer[Any]],
    known_offsets: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Return which routes are, edge for edge, among the known ones, shape (T,).

    Parameters
    ----------
    edges, offsets
        CSR of the routes in question, shape (R,) and (T + 1,).
    known_edges, known_offsets
        CSR of the known routes.
    """
    known = set(_keys(known_edges, known_offsets))
    return np.array([key in known for key in _keys(edges, offsets)], bool)


def disconnected(
    graph: RoadGraph, edges: NDArray[np.int32], offsets: NDArray[np.int64], *, mask: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return which routes are empty or have a turn that the net does not allow, shape (T,).

    Parameters
    ----------
    graph
        The roads.
    edges, offsets
        CSR of the routes, shape (R,) and (T + 1,).
    mask
        Shape (T,), class bit of each trip's vehicle.
    """
    trip = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    inner = np.flatnonzero(trip[1:] == trip[:-1])
    bad = illegal_turns(graph, edges[inner], edges[inner + 1], mask[trip[inner]])
    lost = np.diff(offsets) < 1
    lost[trip[inner[bad]]] = True
    return np.asarray(lost)


def _keys(edges: NDArray[np.integer[Any]], offsets: NDArray[np.int64]) -> list[bytes]:
    content = np.ascontiguousarray(edges, np.int32).tobytes()
    bounds = (4 * offsets).tolist()
    return [content[low:high] for low, high in pairwise(bounds)]
