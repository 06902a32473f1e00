"""Find the fastest routes of many trips, on fixed link times or on those that change over the day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.demand.dynamic import dynamic_paths
from trafficdiff.demand.legs import join_legs, leg_ends
from trafficdiff.demand.paths import Paths, shortest_paths
from trafficdiff.demand.successions import succession_costs

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.demand.link_times import LinkTimes

__all__ = ["fastest_dynamic_routes", "fastest_paths", "fastest_routes", "stop_edges"]


def fastest_paths(
    graph: RoadGraph,
    ends: tuple[NDArray[np.int32], NDArray[np.int32]],
    *,
    mask: NDArray[np.int64],
    time_s: NDArray[np.float64],
    row: NDArray[np.int64],
) -> Paths:
    """Return the fastest path of each pair of edges; of length zero where there is none.

    Parameters
    ----------
    graph
        The roads.
    ends
        First and last edges, shape (P,) each.

    Other Parameters
    ----------------
    mask
        Shape (P,), class bit of who drives.
    time_s
        Shape (K, E), edge times [s].
    row
        Shape (P,), which of the K rows counts.
    """
    first, last = ends
    parts = []
    keys, group = np.unique(np.stack([mask, row]), axis=1, return_inverse=True)
    for place, (bit, times) in enumerate(keys.T):
        pairs = np.flatnonzero(group.ravel() == place)
        costs = succession_costs(graph, mask=int(bit), edge_time_s=time_s[times])
        parts.append((pairs, shortest_paths(costs, first[pairs], last[pairs])))
    return Paths.gathered(parts)


def stop_edges(trips: TripSet) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return the edges on which trips stop to charge, in the order of the table: CSR of shape (T + 1,) and (S,)."""
    if trips.charging_stops is None or not len(trips.charging_stops):
        return np.zeros(len(trips) + 1, np.int64), np.zeros(0, np.int32)
    trip = trips.charging_stops["trip"].to_numpy(np.int64)
    edge = trips.charging_stops["edge"].to_numpy(np.int32)
    counts = np.bincount(trip, minlength=len(trips))
    return np.concatenate([[0], np.cumsum(counts)]), edge[np.argsort(trip, kind="stable")]


def fastest_routes(
    trips: TripSet, *, time_s: NDArray[np.float64], row: NDArray[np.int64], rows: NDArray[np.int64] | None = None
) -> Paths:
    """Return the fastest route of trips from their first to their last edge, over the edges where they charge.

    A trip that ends on the edge where it began is a round whose purpose its route alone tells: it keeps its route.

    Parameters
    ----------
    trips
        With routes on the graph.

    Other Parameters
    ----------------
    time_s
        Shape (K, E), edge times [s].
    row
        Shape (T,), which of the K rows counts for each trip.
    rows
        Positions of the trips to route; left out, all of them.
    """
    rows = np.arange(len(trips)) if rows is None else rows
    return _over_stops(
        trips,
        rows,
        lambda pairs, trip: fastest_paths(
            trips.graph, pairs, mask=trips.class_mask[trip], time_s=time_s, row=row[trip]
        ),
    )


def fastest_dynamic_routes(trips: TripSet, times: LinkTimes) -> Paths:
    """Return the fastest route of every trip as `fastest_routes`, on times that change while it drives.

    The legs of a trip that charges on the way are routed by the times at its departure.
    """
    return _over_stops(
        trips,
        np.arange(len(trips)),
        lambda pairs, trip: dynamic_paths(
            trips.graph, pairs, mask=trips.class_mask[trip], times=times, depart_s=trips.depart_s[trip]
        ),
    )


def _over_stops(
    trips: TripSet,
    rows: NDArray[np.int64],
    search: Callable[[tuple[NDArray[np.int32], NDArray[np.int32]], NDArray[np.int64]], Paths],
) -> Paths:
    """Return the routes of trips out of legs; `search` takes their ends and which trip each belongs to."""
    own = Paths(trips.offsets, trips.edges).take(rows)
    ends = own.edges[own.offsets[:-1]], own.edges[own.offsets[1:] - 1]
    vias = Paths(*stop_edges(trips)).take(rows)
    pairs, place = leg_ends(ends, vias.offsets, vias.edges)
    found = join_legs(search(pairs, rows[place]), place, count=len(rows))
    rounds = np.flatnonzero((ends[0] == ends[1]) & (vias.lengths == 0))
    return found.replaced(rounds, own.take(rounds))
