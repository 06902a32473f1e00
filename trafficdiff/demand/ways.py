"""Measure the ways between the crossings of a place's rim, and how far the streets of its zones lie apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.vehicles import class_bit
from trafficdiff.datatypes.ways import Ways
from trafficdiff.demand.successions import succession_costs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["find_ways"]

_AT_ONCE: Final = 64
"""Entries that are searched from together: a row of times over all edges each."""


def find_ways(
    graph: RoadGraph,
    *,
    edge_index: NDArray[np.int32],
    edge_offsets: NDArray[np.int64],
    enters: NDArray[np.bool_],
    leaves: NDArray[np.bool_],
) -> Ways:
    """Return the ways of passenger cars between crossings, and distances between zones.

    Parameters
    ----------
    graph
        The roads.
    edge_index, edge_offsets
        Positions of a scene's edges in the graph, in the order of its zones, and the edges of each zone.
    enters, leaves
        Shape (edges of the graph,), where traffic crosses the rim.
    """
    entry, exit_ = np.flatnonzero(enters[edge_index]), np.flatnonzero(leaves[edge_index])
    begins, ends = edge_index[entry], edge_index[exit_]
    start_xy, stop_xy = graph.node_xy[graph.from_node[begins]], graph.node_xy[graph.to_node[ends]]
    return Ways(
        apart_m=_apart_m(graph.midpoint_xy[edge_index], edge_offsets),
        entry=entry,
        exit=exit_,
        time_s=_times_s(graph, begins, ends),
        distance_m=np.linalg.norm(start_xy[:, None] - stop_xy[None], axis=2),
    )


def _times_s(graph: RoadGraph, begins: NDArray[np.int32], ends: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return free-flow times from the begin of edges to the end of others, shape (A, B)."""
    from scipy.sparse.csgraph import dijkstra

    times_s = np.full((len(begins), len(ends)), np.inf)
    if not times_s.size:
        return times_s
    costs = succession_costs(graph, mask=class_bit("passenger"), edge_time_s=graph.free_flow_time_s)
    for start in range(0, len(begins), _AT_ONCE):
        some = begins[start : start + _AT_ONCE]
        times_s[start : start + len(some)] = dijkstra(costs, indices=some)[:, ends]
    times_s += graph.free_flow_time_s[begins][:, None]
    return np.where(begins[:, None] == ends[None], np.inf, times_s)  # a trip needs two edges


def _apart_m(xy: NDArray[np.float64], offsets: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the root mean square distance between the points of two zones, shape (Z, Z).

    E|a - b|^2 = |mean a - mean b|^2 + var a + var b.
    """
    zone = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    count = np.maximum(np.diff(offsets), 1)
    centre = np.stack([np.bincount(zone, xy[:, axis], len(count)) / count for axis in (0, 1)], axis=1)
    variance = np.bincount(zone, ((xy - centre[zone]) ** 2).sum(axis=1), len(count)) / count
    squared = ((centre[:, None] - centre[None]) ** 2).sum(axis=2)
    return np.asarray(np.sqrt(squared + variance[:, None] + variance[None]))
