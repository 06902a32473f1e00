"""Let drivers react to edited roads: keep, change or move their routes, and say so for every trip.

::

    route still legal? ── yes ──▶ kept              (or rerouted, where all may choose again and the way got worse)
        │ no
    a way between the same ends (over the edges where it charges)? ── yes ──▶ rerouted
        │ no
    a way between edges within walking distance of the ends? ── yes ──▶ moved
        │ no
    removed
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.scenario import RouteChoice
from trafficdiff.datatypes.selection import take_trips, with_routes
from trafficdiff.demand.detours import Detours, find_detours, why_illegal
from trafficdiff.demand.fastest import fastest_routes
from trafficdiff.demand.link_times import LinkTimes, free_flow_times, sums_along
from trafficdiff.demand.paths import Paths
from trafficdiff.demand.perceptions import Perceptions
from trafficdiff.demand.reaction import OUTCOMES, REASONS, Reaction
from trafficdiff.demand.walking import WALK_M
from trafficdiff.errors import TripError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.trips import TripSet

__all__ = ["SHORTEST", "react"]

SHORTEST: Final = RouteChoice()
"""Route choice without scatter."""

_NOISE_S: Final = 1e-6
"""Differences of sums of link times below this [s] are rounding and not choices."""


def react(
    trips: TripSet,
    after: RoadGraph,
    *,
    generator: np.random.Generator,
    choice: RouteChoice = SHORTEST,
    everyone: bool = False,
    times: LinkTimes | None = None,
    times_before: LinkTimes | None = None,
    walk_limit_m: float = WALK_M,
) -> tuple[TripSet, Reaction]:
    """Return the trips on the edited roads, and what became of each of them.

    Trips whose route is still legal keep it exactly. The others take the fastest way between the same ends, as their
    driver perceives it; where there is none, their ends are moved to the nearest edges between which there is one;
    where there is none within walking distance either, they are removed. Nothing happens in silence.

    Parameters
    ----------
    trips
        With routes on the roads as they were.
    after
        The edited roads. Edges are the same where their ids are; a closed edge allows no class or is gone.

    Other Parameters
    ----------------
    generator
        Source of randomness: base and scenario hand over generators in the same state. Used only with a scatter.
    choice
        Scatter of perceived link times among those who choose a new route; see
        `trafficdiff.demand.router.perceived_times`. Which perception a driver has depends on the trip's name alone.
    everyone
        Whether all drivers compare anew, for edits that change speeds or add roads. Trips do not say why they took
        their route, so the yardstick is what it cost more than the fastest one: who loses no more against the fastest
        way than before keeps the route, the others take the fastest way.
    times, times_before
        Link times on the edited roads and on those before; left out, free flow.
    walk_limit_m
        Longest walk at one end [m].

    Raises
    ------
    TripError
        If link times do not fit their roads, or no trip is left.
    """
    times, times_before = times or free_flow_times(after), times_before or free_flow_times(trips.graph)
    for given, graph in ((times, after), (times_before, trips.graph)):
        if given.time_s.shape[1] != graph.edge_count:
            raise TripError(f"expected times of {graph.edge_count} edges, got {given.time_s.shape[1]}; mend the times")
    position = _positions(trips.graph, after)
    seen = Perceptions(trips, after, position, choice=choice, generator=generator)
    time_s, row = seen.after(times)
    reason = why_illegal(trips, after, position)
    detours = find_detours(
        trips, after, position, rows=np.flatnonzero(reason), time_s=time_s, row=row, walk_limit_m=walk_limit_m
    )
    report = _report(trips, reason, detours, walk_limit_m=walk_limit_m)
    left = np.flatnonzero(report.outcome != OUTCOMES.index("removed"))
    changed = _assembled(trips, after, position, detours, left=left)
    if not everyone:
        return changed, report
    legal = np.flatnonzero(reason[left] == 0)
    before_s, row_before = seen.before(times_before)
    excess_before_s, _ = _excess_s(trips, left[legal], time_s=before_s, row=row_before)
    excess_s, best = _excess_s(changed, legal, time_s=time_s, row=row[left])
    better = np.flatnonzero(excess_s > excess_before_s + _NOISE_S)
    switched = left[legal[better]]
    report.outcome[switched], report.reason[switched] = OUTCOMES.index("rerouted"), REASONS.index("faster")
    chosen = best.take(better)
    return with_routes(changed, legal[better], offsets=chosen.offsets, edges=chosen.edges), report


def _positions(before: RoadGraph, after: RoadGraph) -> NDArray[np.int64]:
    """Return where each edge is on the edited roads, -1 where it is gone; shape (E,)."""
    return np.array([after.edge_index.get(str(name), -1) for name in before.edge_id], np.int64)


def _report(trips: TripSet, reason: NDArray[np.int8], detours: Detours, *, walk_limit_m: float) -> Reaction:
    outcome = np.zeros(len(trips), np.int8)
    moved = np.isfinite(detours.walk_m)
    found = np.where(moved, OUTCOMES.index("moved"), OUTCOMES.index("rerouted"))
    outcome[detours.rows] = np.where(detours.routes.lengths > 0, found, OUTCOMES.index("removed"))
    walk_m = np.full(len(trips), np.nan)
    walk_m[detours.rows] = detours.walk_m
    lost_stops = np.zeros(len(trips), bool)
    if trips.charging_stops is not None:
        lost_stops[trips.charging_stops["trip"].to_numpy()[~detours.stops]] = True
    return Reaction(trips.trip_id, outcome, reason, walk_m, lost_stops, walk_limit_m)


def _assembled(
    trips: TripSet, after: RoadGraph, position: NDArray[np.int64], detours: Detours, *, left: NDArray[np.int64]
) -> TripSet:
    """Return the trips that are left, on the edited roads, with their detours."""
    if not len(left):
        raise TripError(
            f"expected at least one trip that the edited roads leave possible, got none of {len(trips)}; "
            "check what the measures close"
        )
    own = Paths(trips.offsets, position[trips.edges].astype(np.int32))
    routes = own.replaced(detours.rows, detours.routes).take(left)
    kept = take_trips(trips, left)
    return replace(
        kept, graph=after, offsets=routes.offsets, edges=routes.edges,
        charging_stops=_stops(trips, position, detours, left=left),
    )  # fmt: skip


def _stops(
    trips: TripSet, position: NDArray[np.int64], detours: Detours, *, left: NDArray[np.int64]
) -> pd.DataFrame | None:
    """Return the charging stops that are still served, by the positions of trips and edges as they are now."""
    if trips.charging_stops is None:
        return None
    table = trips.charging_stops[detours.stops & np.isin(trips.charging_stops["trip"], left)]
    if not len(table):
        return None
    trip = np.searchsorted(left, table["trip"].to_numpy())
    return table.assign(trip=trip, edge=position[table["edge"].to_numpy()]).reset_index(drop=True)


def _excess_s(
    trips: TripSet, rows: NDArray[np.int64], *, time_s: NDArray[np.float64], row: NDArray[np.int64]
) -> tuple[NDArray[np.float64], Paths]:
    """Return how much longer the routes of some trips take than the fastest ones [s], shape (P,), and those."""
    best = fastest_routes(trips, time_s=time_s, row=row, rows=rows)
    own = Paths(trips.offsets, trips.edges).take(rows)
    taken_s, best_s = (
        sums_along(time_s, row=row[rows], offsets=paths.offsets, edges=paths.edges) for paths in (own, best)
    )
    return taken_s - best_s, best
