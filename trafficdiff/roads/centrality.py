"""Find shortest free-flow paths over the edges of a road graph, and how many of them pass each edge.

The nodes of the search are the graph's edges and its arcs the allowed successions, so that turn bans hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.vehicles import class_bit
from trafficdiff.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["BETWEENNESS_SEED", "BETWEENNESS_SOURCES", "betweenness", "succession_times", "travel_times"]

BETWEENNESS_SOURCES: Final = 250
"""Edges that paths are searched from; all of them in smaller graphs. The standard error of a share p is below
sqrt(p / 250), as the targets are all there."""
BETWEENNESS_SEED: Final = 0
"""Seed of the draw of sources."""
_BATCH: Final = 32


def succession_times(graph: RoadGraph, *, vehicle_class: str = "passenger") -> csr_array:
    """Return the time that each allowed turn adds [s], shape (E, E): the free-flow time of the edge turned into."""
    from scipy.sparse import csr_array

    left, entered = graph.successions(class_bit(vehicle_class))
    shape = (graph.edge_count, graph.edge_count)
    return csr_array((graph.free_flow_time_s[entered], (left, entered)), shape=shape)


def travel_times(
    graph: RoadGraph,
    origins: NDArray[np.int64],
    *,
    targets: NDArray[np.int64] | None = None,
    vehicle_class: str = "passenger",
) -> NDArray[np.float64]:
    """Return the least free-flow time from the end of each origin edge to the end of each target edge [s].

    Parameters
    ----------
    graph
        The roads.
    origins
        Shape (O,), edge positions.
    targets
        Shape (D,), edge positions; all edges if None.
    vehicle_class
        Whose permissions and turn bans hold.

    Returns
    -------
    Shape (O, D); infinite where there is no way, 0 from an edge to itself.
    """
    from scipy.sparse.csgraph import dijkstra

    times = succession_times(graph, vehicle_class=vehicle_class)
    kept = np.arange(graph.edge_count) if targets is None else targets
    found = np.empty((len(origins), len(kept)))
    for first in range(0, len(origins), _BATCH):
        found[first : first + _BATCH] = dijkstra(times, indices=origins[first : first + _BATCH])[:, kept]
    return found


def betweenness(
    graph: RoadGraph,
    *,
    sources: int = BETWEENNESS_SOURCES,
    seed: int = BETWEENNESS_SEED,
    vehicle_class: str = "passenger",
) -> NDArray[np.float64]:
    """Return the share of shortest paths that pass each edge between their ends.

    From Brandes 2001 ("A faster algorithm for betweenness centrality", dependency accumulation), with sampled
    sources after Brandes and Pich 2007, and one path for a pair of edges: of equally fast ones any is taken.

    Parameters
    ----------
    graph
        The roads.
    sources
        How many edges the paths begin at; all drivable edges where there are no more, and then it is exact.
    seed
        Of the draw of sources; the draw does not depend on edge ids or their order.
    vehicle_class
        Whose permissions and turn bans hold.

    Returns
    -------
    Shape (E,), paths through the edge over all pairs (source, other edge that can be reached); 0 to 1.

    Raises
    ------
    InputError
        If `sources` is less than one.
    """
    from scipy.sparse.csgraph import dijkstra

    if sources < 1:
        raise InputError(f"expected at least one source of paths, got {sources}")
    begins = _draw(graph, sources=sources, seed=seed, vehicle_class=vehicle_class)
    times = succession_times(graph, vehicle_class=vehicle_class)
    passing = np.zeros(graph.edge_count)
    pairs = 0
    for batch in np.array_split(begins, -(-len(begins) // _BATCH)):
        _, before = dijkstra(times, indices=batch, return_predecessors=True)
        reached = before >= 0
        pairs += int(reached.sum())
        passing += np.where(reached, _descendants(before), 0).sum(axis=0)
    return passing / max(pairs, 1)


def _draw(graph: RoadGraph, *, sources: int, seed: int, vehicle_class: str) -> NDArray[np.int64]:
    """Return the sources: drivable edges, drawn from an order by place."""
    drivable = np.flatnonzero(graph.drivable(vehicle_class))
    if len(drivable) <= sources:
        return drivable
    x, y = graph.midpoint_xy[drivable].T
    drawn = np.random.default_rng(seed).choice(len(drivable), sources, replace=False)
    return np.asarray(drivable[np.lexsort((y, x))][np.sort(drawn)])


def _descendants(before: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return how many nodes lie beyond each node in trees given by predecessors (negative: none), shape as given.

    Depths come from pointer doubling, then counts are handed up level by level.
    """
    rows, nodes = before.shape
    reached = (before >= 0).ravel()
    parent = np.where(
        before >= 0, before + np.arange(rows)[:, None] * nodes, np.arange(rows * nodes).reshape(rows, nodes)
    )
    parent = parent.ravel()
    depth = reached.astype(np.int32)
    ancestor = parent
    while (depth[ancestor] > 0).any():
        depth = depth + depth[ancestor]
        ancestor = ancestor[ancestor]
    by_depth = np.argsort(depth, kind="stable")
    limits = np.cumsum(np.bincount(depth))
    beyond = np.zeros(rows * nodes, np.int64)
    for level in range(len(limits) - 1, 0, -1):
        here = by_depth[limits[level - 1] : limits[level]]
        np.add.at(beyond, parent[here], beyond[here] + 1)
    return beyond.reshape(rows, nodes)
