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

__all__ = ["Access", "AccessTables", "access", "access_tables", "nearest_station_m"]


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


@dataclass(frozen=True, eq=False)
class AccessTables:
    """Hold what it costs to reach stations from every edge and to go on from them, shape (stations, E) each.

    Parameters
    ----------
    approach_s, approach_m
        From the end of an edge to the end of the station's edge: time [s] and distance [m] of the shortest ways.
    onward_s, onward_m
        From the end of the station's edge to the end of an edge.
    row
        Shape (S,), which row of the tables belongs to each station; stations at one edge share theirs.
    """

    approach_s: NDArray[np.float64]
    approach_m: NDArray[np.float64]
    onward_s: NDArray[np.float64]
    onward_m: NDArray[np.float64]
    row: NDArray[np.intp]

    def of(self, ends: tuple[NDArray[np.int32], NDArray[np.int32]]) -> Access:
        """Return what it costs trips to pass by the stations; `ends`: first and last edges, shape (W,) each."""
        rows, (first, last) = self.row[None, :], ends
        return Access(
            approach_s=self.approach_s[rows, first[:, None]],
            approach_m=self.approach_m[rows, first[:, None]],
            onward_s=self.onward_s[rows, last[:, None]],
            onward_m=self.onward_m[rows, last[:, None]],
        )


def access_tables(graph: RoadGraph, stations: NDArray[np.int64], *, edge_time_s: NDArray[np.float64]) -> AccessTables:
    """Return what passing by stations costs from and to every edge, once for all trips.

    Parameters
    ----------
    graph
        The roads.
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
        onward = np.atleast_2d(dijkstra(costs, indices=edges))
        approach = np.atleast_2d(dijkstra(costs.T.tocsr(), indices=edges))
        tables.append((approach, onward))
    (approach_s, onward_s), (approach_m, onward_m) = tables
    return AccessTables(
        approach_s=approach_s, approach_m=approach_m, onward_s=onward_s, onward_m=onward_m, row=np.ravel(row)
    )


def access(
    graph: RoadGraph,
    ends: tuple[NDArray[np.int32], NDArray[np.int32]],
    stations: NDArray[np.int64],
    *,
    edge_time_s: NDArray[np.float64],
) -> Access:
    """Return what it costs trips to pass by stations; see `access_tables` and `AccessTables.of`."""
    return access_tables(graph, stations, edge_time_s=edge_time_s).of(ends)


def nearest_station_m(graph: RoadGraph, stations: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the distance by road from each edge to its nearest station [m], shape (E,); infinite where none."""
    from scipy.sparse.csgraph import dijkstra

    costs = succession_costs(graph, mask=class_bit("passenger"), edge_time_s=graph.length_m)
    table = dijkstra(costs.T.tocsr(), indices=np.unique(stations), min_only=True)
    return np.asarray(table)
