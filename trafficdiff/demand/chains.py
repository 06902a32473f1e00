"""Find stretches of road on which nobody can turn off or in: whoever passes one edge of it passes the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.demand.successions import reverse_edges

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["stretches"]


def stretches(graph: RoadGraph, mask: int) -> NDArray[np.int32]:
    """Return the stretch of each edge, shape (E,): edges have the same number where no turn lies between them.

    Turning round is no turn here. Trips may still begin or end on the way.

    Parameters
    ----------
    graph
        The roads.
    mask
        Bit of the vehicle class.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    count = graph.edge_count
    left, entered = graph.successions(mask)
    on = reverse_edges(graph)[left] != entered
    left, entered = left[on], entered[on]
    ways_on, ways_in = np.bincount(left, minlength=count), np.bincount(entered, minlength=count)
    only = (ways_on[left] == 1) & (ways_in[entered] == 1)
    links = coo_matrix((np.ones(int(only.sum())), (left[only], entered[only])), shape=(count, count))
    _, stretch = connected_components(links, directed=False)
    return np.asarray(stretch, np.int32)
