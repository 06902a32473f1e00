"""Find what it costs each driver to pass by each station: time, distance, and whether the charge lasts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.datatypes.vehicles import class_bit
from trafficdiff.demand.successions import succession_costs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["Access", "access", "nearest_station_m"]


@dataclass(frozen=True, eq=False)
class Access:
    """Hold what passing by stations costs, shape (W, S) each; infinite where there is no way.

    Parameters
    ----------
    approach_s, approach_m
        From the begin of the trip to the station: time [s] and distance of the shortest way [m].
    onward_s, onward_m
        From the station to the end of the trip.
    """

    approach_s: NDArray[np.float64]
    approach_m: NDArray[np.float64]
    onward_s: NDArray[np.float64]
    onward_m: NDArray[np.float64]


def access(
    graph: RoadGraph,
    ends: tuple[NDArray[np.int32], NDArray[np.int32]],
    stations: NDArray[np.int64],
    *,
    edge_time_s: NDArray[np.float64],
) -> Access:
    """Return what it costs to pass by stations.

    Parameters
    ----------
    graph
        The roads.
    ends
        First and last edge of each trip, shape (W,) each.
    stations
        Shape (S,), edges of the stations.
    edge_time_s
        Shape (E,), time to traverse each edge [s].

    Notes
    -----
    Dijkstra's method once from each station on the net and once on the reversed net, for cars.
    """
    from scipy.sparse.csgraph import dijkstra

    edges, row = np.unique(stations, return_inverse=True)
    tables = []
    for weights in (edge_time_s, graph.length_m):
        costs = succession_costs(graph, mask=class_bit("passenger"), edge_time_s=weights)
        onward = np.atleast_2d(dijkstra(costs, indices=edges))[row]
        approach = np.atleast_2d(dijkstra(costs.T.tocsr(), indices=edges))[row]
        tables.append((approach[:, ends[0]].T, onward[:, ends[1]].T))
    (approach_s, onward_s), (approach_m, onward_m) = tables
    return Access(approach_s=approach_s, approach_m=approach_m, onward_s=onward_s, onward_m=onward_m)


def nearest_station_m(graph: RoadGraph, stations: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the distance by road from each edge to its nearest station [m], shape (E,); infinite where none."""
    from scipy.sparse.csgraph import dijkstra

    costs = succession_costs(graph, mask=class_bit("passenger"), edge_time_s=graph.length_m)
    table = dijkstra(costs.T.tocsr(), indices=np.unique(stations), min_only=True)
    return np.asarray(table)
