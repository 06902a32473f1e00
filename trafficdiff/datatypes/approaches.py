"""Find the edges where drivers who come upon a closure can still choose another way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["approaches"]


def approaches(graph: RoadGraph, closed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the last edges before a closure from which another way leads on, and those between them and it.

    ::

        a ─▶ b ─▶ c ─▶ X          X is closed, c leads nowhere else: who is on b must know, and who is on c too
             └──▶ d

    Parameters
    ----------
    graph
        The roads.
    closed
        Shape (E,).

    Returns
    -------
    Shape (E,); closed edges are not among them.
    """
    sources, targets = graph.successor_sources, graph.successor_edges
    inside = closed.copy()
    while True:
        onward, leads_in = np.zeros(graph.edge_count, bool), np.zeros(graph.edge_count, bool)
        onward[sources[~inside[targets]]] = True
        leads_in[sources[inside[targets]]] = True
        trapped = leads_in & ~onward & ~inside
        if not trapped.any():
            return np.asarray((leads_in | inside) & ~closed)
        inside |= trapped
