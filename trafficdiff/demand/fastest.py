"""Find the fastest routes of many trips on link times that change over the day, and give trips new routes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.demand.dynamic import dynamic_paths
from trafficdiff.demand.paths import Paths, ranges, shortest_paths
from trafficdiff.demand.successions import succession_costs

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.demand.link_times import LinkTimes

__all__ = [
    "class_masks",
    "fastest_dynamic_routes",
    "fastest_paths",
    "fastest_routes",
    "join_legs",
    "leg_ends",
    "replaced",
    "stop_edges",
    "with_routes",
]


def class_masks(trips: TripSet) -> NDArray[np.int64]:
    """Return the bit of each trip's vehicle class, shape (T,)."""
    return np.array([kind.mask for kind in trips.vehicle_types], np.int64)[trips.vehicle_type]


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
    lengths = np.zeros(len(first), np.int64)
    parts = []
    keys, group = np.unique(np.stack([mask, row]), axis=1, return_inverse=True)
    for place, (bit, times) in enumerate(keys.T):
        pairs = np.flatnonzero(group.ravel() == place)
        costs = succession_costs(graph, mask=int(bit), edge_time_s=time_s[times])
        paths = shortest_paths(costs, first[pairs], last[pairs])
        lengths[pairs] = paths.lengths
        parts.append((pairs, paths))
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    edges = np.empty(offsets[-1], np.int32)
    for pairs, paths in parts:
        edges[ranges(offsets[:-1][pairs], paths.lengths)] = paths.edges
    return Paths(offsets, edges)


def stop_edges(trips: TripSet) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return the edges on which trips stop to charge, in the order of the table: CSR of shape (T + 1,) and (S,)."""
    if trips.charging_stops is None or not len(trips.charging_stops):
        return np.zeros(len(trips) + 1, np.int64), np.zeros(0, np.int32)
    trip = trips.charging_stops["trip"].to_numpy(np.int64)
    edge = trips.charging_stops["edge"].to_numpy(np.int32)
    counts = np.bincount(trip, minlength=len(trips))
    return np.concatenate([[0], np.cumsum(counts)]), edge[np.argsort(trip, kind="stable")]


def leg_ends(
    ends: tuple[NDArray[np.int32], NDArray[np.int32]], via_offsets: NDArray[np.int64], via_edges: NDArray[np.int32]
) -> tuple[tuple[NDArray[np.int32], NDArray[np.int32]], NDArray[np.int64]]:
    """Return the legs of trips over their vias: first and last edge, and which trip each belongs to.

    Parameters
    ----------
    ends
        First and last edge of each trip, shape (T,) each.
    via_offsets, via_edges
        CSR of the edges to pass in between, shape (T + 1,) and (V,).
    """
    first, last = ends
    vias = np.diff(via_offsets)
    offsets = np.concatenate([[0], np.cumsum(vias + 2)])
    points = np.empty(offsets[-1], np.int32)
    points[offsets[:-1]], points[offsets[1:] - 1] = first, last
    points[ranges(offsets[:-1] + 1, vias)] = via_edges
    begins = ranges(offsets[:-1], vias + 1)
    return (points[begins], points[begins + 1]), np.repeat(np.arange(len(first)), vias + 1)


def join_legs(legs: Paths, trip: NDArray[np.int64], *, count: int) -> Paths:
    """Return one path a trip from those of its legs; of length zero where a leg has none.

    Parameters
    ----------
    legs
        In the order of the trips; a leg begins with the edge that the one before ended with.
    trip
        Shape (L,), ascending: which trip each leg belongs to.

    Other Parameters
    ----------------
    count
        Number of trips.
    """
    leads = np.concatenate([[True], trip[1:] != trip[:-1]]) if len(trip) else np.zeros(0, bool)
    whole = np.bincount(trip, weights=legs.lengths == 0, minlength=count)[trip] == 0
    kept = np.where(whole, legs.lengths - ~leads, 0)
    lengths = np.bincount(trip, weights=kept, minlength=count).astype(np.int64)
    edges = legs.edges[ranges(legs.offsets[:-1] + ~leads, kept)]
    return Paths(np.concatenate([[0], np.cumsum(lengths)]), edges)


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
            trips.graph, pairs, mask=class_masks(trips)[trip], time_s=time_s, row=row[trip]
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
            trips.graph, pairs, mask=class_masks(trips)[trip], times=times, depart_s=trips.depart_s[trip]
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
    return replaced(found, rounds, own.take(rounds))


def with_routes(trips: TripSet, rows: NDArray[np.int64], paths: Paths) -> TripSet:
    """Return the trips with new routes for those at the given places.

    Parameters
    ----------
    trips
        The set.
    rows
        Shape (P,), positions, each once.
    paths
        Their routes, none empty.
    """
    if not len(rows):
        return trips
    routes = replaced(Paths(trips.offsets, trips.edges), rows, paths)
    return replace(trips, offsets=routes.offsets, edges=routes.edges)


def replaced(paths: Paths, rows: NDArray[np.int64], others: Paths) -> Paths:
    """Return the paths with others at the given places, each place once."""
    count = len(paths.offsets) - 1
    place = np.arange(count)
    place[rows] = count + np.arange(len(rows))
    offsets = np.concatenate([paths.offsets, others.offsets[1:] + paths.offsets[-1]])
    return Paths(offsets, np.concatenate([paths.edges, others.edges])).take(place)
