"""Find out which edges a vehicle class can reach from which, before any trip is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.datatypes.reach import Reach
from trafficdiff.demand.places import find_places
from trafficdiff.demand.successions import succession_costs

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.vehicles import VehicleType

__all__ = ["find_reach"]


def find_reach(graph: RoadGraph, kind: VehicleType, *, edge_index: NDArray[np.int32]) -> Reach:
    """Return what a vehicle class can reach, for the edges of a scene.

    Parameters
    ----------
    graph
        The roads.
    kind
        Vehicle type; its class decides where it may drive.
    edge_index
        Shape (E,), positions of the scene's edges in the graph, every edge of it once.

    Raises
    ------
    TripError
        If the class has no trip that it could make.
    """
    from scipy.sparse.csgraph import connected_components

    places = find_places(graph, kind)
    costs = succession_costs(graph, mask=kind.mask, edge_time_s=graph.free_flow_time_s)
    _, part = connected_components(costs, directed=True, connection="strong")
    part = part[edge_index]
    position = np.full(graph.edge_count, -1, np.int32)
    position[edge_index] = np.arange(len(edge_index))
    reverse = places.reverse[edge_index]
    return Reach(
        part=part.astype(np.int32),
        reaches=_closure(costs, edge_index, part),
        can_begin=places.can_begin[edge_index],
        can_end=places.can_end[edge_index],
        reverse=np.where(reverse >= 0, position[reverse], -1).astype(np.int32),
    )


def _closure(costs: csr_matrix, edge_index: NDArray[np.int32], part: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Return which strongly connected parts lead to which, by walking the parts from the sinks up."""
    count = int(part.max()) + 1
    part_of = np.empty(costs.shape[0], np.int64)
    part_of[edge_index] = part
    links = costs.tocoo()
    pairs = np.unique(np.stack([part_of[links.row], part_of[links.col]], axis=1), axis=0)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    reaches = np.eye(count, dtype=bool)
    following = np.split(pairs[:, 1], np.cumsum(np.bincount(pairs[:, 0], minlength=count))[:-1])
    for node in _sinks_first(pairs, count):
        if len(following[node]):
            reaches[node] |= reaches[following[node]].any(axis=0)
    return reaches


def _sinks_first(pairs: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return the nodes of an acyclic graph so that every node comes after those that it leads to."""
    waiting = np.bincount(pairs[:, 0], minlength=count)
    order = np.argsort(pairs[:, 1], kind="stable")
    leads = np.split(pairs[order, 0], np.cumsum(np.bincount(pairs[:, 1], minlength=count))[:-1])
    ready = np.flatnonzero(waiting == 0).tolist()
    done: list[int] = []
    while ready:
        node = ready.pop()
        done.append(node)
        for before in leads[node]:
            waiting[before] -= 1
            if waiting[before] == 0:
                ready.append(int(before))
    return np.array(done, np.int64)
