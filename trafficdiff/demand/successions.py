"""See a road net as a graph whose nodes are edges: what a vehicle class may drive after what.

::

    roads                      edge graph
      C ──▶ D                    AC ──▶ CD          an arc exists only where the net lets the class turn,
      ▲                          ▲                  so no path on it can break a turn ban or a permission
      A ◀── B                    BA                 cost of an arc: the time of the edge that it enters
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["reverse_edges", "succession_costs"]


def succession_costs(graph: RoadGraph, *, mask: int, edge_time_s: NDArray[np.float64]) -> csr_matrix:
    """Return the edge graph of a vehicle class as a sparse matrix of costs [s], shape (E, E).

    Parameters
    ----------
    graph
        The roads.
    mask
        Bit of the vehicle class.
    edge_time_s
        Shape (E,), positive time to traverse each edge [s].
    """
    from scipy.sparse import csr_matrix

    left, entered = graph.successions(mask)
    shape = (graph.edge_count, graph.edge_count)
    return csr_matrix((edge_time_s[entered], (left, entered)), shape=shape)


def reverse_edges(graph: RoadGraph) -> NDArray[np.int64]:
    """Return for each edge the one that leads back between the same two nodes, or -1; shape (E,).

    Of several such edges the first one counts.
    """
    count = np.int64(graph.node_count)
    forth = graph.from_node * count + graph.to_node
    back = graph.to_node * count + graph.from_node
    known, first = np.unique(forth, return_index=True)
    place = np.minimum(np.searchsorted(known, back), len(known) - 1)
    return np.where(known[place] == back, first[place], -1)
