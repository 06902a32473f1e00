"""Find ways for trips whose route an edit of the roads took away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.trips import illegal_turns
from trafficdiff.demand.fastest import fastest_paths
from trafficdiff.demand.legs import join_legs, leg_ends
from trafficdiff.demand.paths import Paths
from trafficdiff.demand.reaction import REASONS
from trafficdiff.demand.walking import nearest_ends

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.trips import TripSet

__all__ = ["Detours", "find_detours", "why_illegal"]

_CODE: Final = {reason: code for code, reason in enumerate(REASONS)}


@dataclass(frozen=True, eq=False)
class Detours:
    """Hold new routes of some trips.

    Parameters
    ----------
    rows
        Shape (P,), positions of the trips.
    routes
        P routes on the edited roads; of length zero where there is no way.
    walk_m
        Shape (P,), walks at both ends together [m]; NaN for trips whose ends stayed.
    stops
        Shape (S,), which rows of the table of charging stops can still be served.
    """

    rows: NDArray[np.int64]
    routes: Paths
    walk_m: NDArray[np.float64]
    stops: NDArray[np.bool_]


def why_illegal(trips: TripSet, after: RoadGraph, position: NDArray[np.int64]) -> NDArray[np.int8]:
    """Return why the edited roads do not allow each route, shape (T,), as positions in `REASONS`.

    Parameters
    ----------
    trips
        On the roads as they were.
    after
        The edited roads.
    position
        Shape (E,), where each edge is on the edited roads; -1 where it is gone.
    """
    trip = np.repeat(np.arange(len(trips)), trips.route_lengths)
    mask = trips.class_mask[trip]
    edge = position[trips.edges].astype(np.int32)
    allowed = np.where(edge >= 0, after.allowed_classes[edge], 0)
    inner = np.flatnonzero((trip[1:] == trip[:-1]) & (edge[1:] >= 0) & (edge[:-1] >= 0))
    turns = inner[illegal_turns(after, edge[inner], edge[inner + 1], mask[inner])]
    reason = np.zeros(len(trips), np.int8)
    reason[trip[turns]] = _CODE["turn"]
    reason[trip[(allowed & mask) == 0]] = _CODE["class"]
    reason[trip[allowed == 0]] = _CODE["road"]
    return reason


def find_detours(
    trips: TripSet,
    after: RoadGraph,
    position: NDArray[np.int64],
    *,
    rows: NDArray[np.int64],
    time_s: NDArray[np.float64],
    row: NDArray[np.int64],
    walk_limit_m: float,
) -> Detours:
    """Return new routes for some trips: between their ends if there is a way, else between edges near them.

    Charging stops are passed where they can be; one that cannot be reached on the way is given up before an end is
    moved.

    Parameters
    ----------
    trips, after, position
        As in `why_illegal`.

    Other Parameters
    ----------------
    rows
        Positions of the trips.
    time_s, row
        Shape (K, E), edge times on the edited roads [s], and (T,), which of the K rows counts for each trip.
    walk_limit_m
        Longest walk at one end [m].
    """
    search = _Search(trips, after, position, rows=rows, time_s=time_s, row=row)
    routes = Paths(np.zeros(len(rows) + 1, np.int64), np.zeros(0, np.int32))
    if not len(rows):
        return Detours(rows, routes, np.zeros(0), search.stops)
    ends = search.ends
    routes = search.fill(routes, ends)
    walk_m = np.full(len(rows), np.nan)
    lost = np.flatnonzero(routes.lengths == 0)
    walks = nearest_ends(
        after, search.places(lost), own=(ends[0][lost], ends[1][lost]), mask=search.mask[lost], walk_m=walk_limit_m
    )
    walk_m[lost] = walks.walk_m
    moved = (ends[0].copy(), ends[1].copy())
    moved[0][lost], moved[1][lost] = walks.first, walks.last
    return Detours(rows, search.fill(routes, moved), walk_m, search.stops)


class _Search:
    """Look for ways of some trips on the edited roads, over their charging stops where that can be."""

    def __init__(
        self,
        trips: TripSet,
        after: RoadGraph,
        position: NDArray[np.int64],
        *,
        rows: NDArray[np.int64],
        time_s: NDArray[np.float64],
        row: NDArray[np.int64],
    ) -> None:
        self._trips, self._after, self._rows = trips, after, rows
        self._time_s, self._row = time_s, row[rows]
        self.mask = trips.class_mask[rows]
        self._old_ends = trips.edges[trips.offsets[:-1][rows]], trips.edges[trips.offsets[1:][rows] - 1]
        self.ends = position[self._old_ends[0]].astype(np.int32), position[self._old_ends[1]].astype(np.int32)
        table = trips.charging_stops
        empty = np.zeros(0, np.int64)
        self._stop_trip = empty if table is None else table["trip"].to_numpy(np.int64)
        self._stop_edge = empty if table is None else position[table["edge"].to_numpy(np.int64)]
        self.stops = self._open(self._stop_edge, trips.class_mask[self._stop_trip])

    def _open(self, edge: NDArray[np.integer], mask: NDArray[np.int64]) -> NDArray[np.bool_]:
        return np.asarray((edge >= 0) & ((self._after.allowed_classes[edge] & mask) != 0))

    def places(self, chosen: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return where trips began and ended: the middle of the edge, in the edited roads' net coordinates [m]."""
        before = self._trips.graph
        shift = np.asarray(self._after.net_offset) - np.asarray(before.net_offset)
        first, last = (before.midpoint_xy[edges[chosen]] + shift for edges in self._old_ends)
        return first, last

    def fill(self, routes: Paths, ends: tuple[NDArray[np.int32], NDArray[np.int32]]) -> Paths:
        """Return the routes, with ways between the given ends where a route was missing and there is one."""
        for with_stops in (True, False):
            can = self._open(ends[0], self.mask) & self._open(ends[1], self.mask)
            missing = np.flatnonzero((routes.lengths == 0) & can)
            if not len(missing):
                break
            found = self._between((ends[0][missing], ends[1][missing]), missing, with_stops=with_stops)
            routes = routes.replaced(missing, found)
            if not with_stops:
                gone = self._rows[missing[found.lengths > 0]]
                self.stops &= ~np.isin(self._stop_trip, gone)
        return routes

    def _between(
        self, ends: tuple[NDArray[np.int32], NDArray[np.int32]], chosen: NDArray[np.int64], *, with_stops: bool
    ) -> Paths:
        vias = self._vias(chosen) if with_stops else Paths(np.zeros(len(chosen) + 1, np.int64), np.zeros(0, np.int32))
        pairs, trip = leg_ends(ends, vias.offsets, vias.edges)
        legs = fastest_paths(
            self._after, pairs, mask=self.mask[chosen][trip], time_s=self._time_s, row=self._row[chosen][trip]
        )
        return join_legs(legs, trip, count=len(chosen))

    def _vias(self, chosen: NDArray[np.int64]) -> Paths:
        """Return the edges of the stops that can be served, trip by trip in the order of the table."""
        trip, edge = self._stop_trip[self.stops], self._stop_edge[self.stops]
        counts = np.bincount(trip, minlength=len(self._trips))
        by_trip = Paths(
            np.concatenate([[0], np.cumsum(counts)]), edge[np.argsort(trip, kind="stable")].astype(np.int32)
        )
        return by_trip.take(self._rows[chosen])
