"""Say how well the roads of a graph hang together for one class of vehicle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.datatypes.vehicles import class_bit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["Connectivity", "connectivity"]


@dataclass(frozen=True, eq=False)
class Connectivity:
    """Say which edges can all reach each other.

    Parameters
    ----------
    core
        Shape (E,), whether the edge is in the largest strongly connected component: every edge of it can be
        reached from every other.
    share
        Edges of the core over the edges that the class may use.
    parts
        Number of weakly connected parts, that is, of islands with no turn between them.
    island_share
        Edges outside the largest island over the edges that the class may use.
    """

    core: NDArray[np.bool_]
    share: float
    parts: int
    island_share: float


def connectivity(graph: RoadGraph, *, vehicle_class: str = "passenger") -> Connectivity:
    """Return how the edges that a vehicle class may use hang together.

    Vertices are edges, arcs are the turns that the class may make. Streets that the rim of the map cuts count as
    outside the core where they lead only in or only out.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    open_edges = graph.drivable(vehicle_class)
    count = graph.edge_count
    left, entered = graph.successions(class_bit(vehicle_class))
    turns = coo_array((np.ones(len(left), np.int8), (left, entered)), shape=(count, count))
    _, strong = connected_components(turns, directed=True, connection="strong")
    _, weak = connected_components(turns, directed=True, connection="weak")
    sizes = np.bincount(strong[open_edges])
    core = open_edges & (strong == sizes.argmax())
    islands = np.bincount(weak[open_edges])
    total = max(int(open_edges.sum()), 1)
    return Connectivity(core, float(core.sum() / total), int((islands > 0).sum()), float(1 - islands.max() / total))
