"""Bring visitors to a venue, and take them home again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.edge_choice import EdgeChoice
from trafficdiff.datatypes.effect import Effect
from trafficdiff.errors import Faults, ScenarioError
from trafficdiff.scenarios.declaring import declared_by
from trafficdiff.scenarios.demand_edit import DemandEdit
from trafficdiff.scenarios.edges import choose
from trafficdiff.scenarios.places import nearest_edges
from trafficdiff.scenarios.trip_choice import cars, origins
from trafficdiff.scenarios.trip_edits import added, free_names
from trafficdiff.scenarios.vehicle_styles import known_type

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.chance import Chance
    from trafficdiff.datatypes.demand_measures import Event
    from trafficdiff.datatypes.routing import FoundRoutes
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.datatypes.vehicles import VehicleType
    from trafficdiff.scenarios.demand_edit import Means

__all__ = ["event"]

_ROUNDS: Final = 12
"""How often a visitor's home is drawn again if no way leads from it to the venue."""

_PER_SECOND: Final = 100


@dataclass(frozen=True, eq=False)
class _Visits:
    """Hold the cars: home and road at the venue, shape (C,), and the routes there and back."""

    home: NDArray[np.int32]
    venue: NDArray[np.int32]
    there: FoundRoutes
    back: FoundRoutes


def event(measure: Event, trips: TripSet, *, means: Means) -> DemandEdit:
    """Add the visitors' cars; all other trips stay as they are.

    ``attendance x car_share / riders_per_car`` cars arrive spread evenly over the window, on free roads: each departs
    at its time of arrival less the free-flow time of its way. Homes are drawn from where the car trips at hand begin
    (not at the venue), the roads at the venue by length and lanes. If there is a time to leave, each car departs within
    it on its way home. A smaller event's cars are the first of a larger one's.

    Raises
    ------
    ScenarioError
        With all faults: no car, no road at the venue, no trips to draw homes from, homes without a way, or windows that
        do not fit into the study, with those that would.
    """
    count = round(measure.attendance * measure.car_share / measure.riders_per_car)
    faults = Faults("visitors")
    if count == 0:
        faults.add(
            f"expected at least one car, got {measure.attendance} visitors, {measure.car_share:g} of them by car with "
            f"{measure.riders_per_car:g} in each; raise them"
        )
    venues = np.zeros(0, np.int64)
    kind = known_type(trips, "car")
    try:
        venues = _venue_edges(measure, trips, kind)
    except ScenarioError as error:
        faults.add(str(error))
    if not _may_host(trips, venues).any():
        faults.add(
            f"expected car trips that begin elsewhere and tell where visitors live, got none of {len(trips):,}; choose "
            "fewer roads at the venue (parking_within_m), or more trips"
        )
    faults.raise_if_any(ScenarioError)
    visits = _visits(measure, trips, venues, count=count, kind=kind, means=means)
    arrive_s = _spread(means.chance.evenly(count, "arrive"), measure.arrive.begin_s, measure.arrive.end_s)
    depart_s = np.floor((arrive_s - visits.there.time_s) * _PER_SECOND) / _PER_SECOND
    _check_window(depart_s, trips.window_s, measure=measure, faults=faults)
    faults.raise_if_any(ScenarioError)
    edited = _with_cars(trips, visits.there, depart_s, kind=kind, way="in")
    counts = {"cars": count, "added": count}
    if measure.leave is not None:
        leave_s = _spread(means.chance.evenly(count, "leave"), measure.leave.begin_s, measure.leave.end_s)
        edited = _with_cars(edited, visits.back, leave_s, kind=kind, way="out")
        counts["added"] = 2 * count
    effect = Effect(
        kind=measure.kind,
        summary=f"{count:,} cars bring {measure.car_share:.0%} of {measure.attendance:,} visitors",
        edges=tuple(str(name) for name in trips.graph.edge_id[venues]),
        trips=counts,
        declared=declared_by(measure, car_share="1", riders_per_car="1", parking_within_m="m"),
    )
    return DemandEdit(trips=edited, effect=effect)


def _venue_edges(measure: Event, trips: TripSet, kind: VehicleType) -> NDArray[np.int64]:
    """Return the roads for cars at the venue."""
    graph = trips.graph
    usable = (graph.allowed_classes & kind.mask) != 0
    if not isinstance(measure.venue, EdgeChoice):
        return nearest_edges(graph, measure.venue, usable=usable, within_m=measure.parking_within_m, what="venue")
    found = np.flatnonzero(choose(graph, measure.venue) & usable)
    if not len(found):
        raise ScenarioError("expected roads for cars at the venue, got none among those that are chosen; choose others")
    return found


def _visits(
    measure: Event, trips: TripSet, venues: NDArray[np.int64], *, count: int, kind: VehicleType, means: Means
) -> _Visits:
    """Draw homes and roads at the venue until there is a way between them, and back if the visitors leave."""
    hosts = np.flatnonzero(_may_host(trips, venues))
    room = trips.graph.length_m[venues] * trips.graph.lanes[venues]
    names = [str(number) for number in range(count)]
    home, venue = np.zeros(count, np.int32), np.zeros(count, np.int32)
    open_cars = np.arange(count)
    for attempt in range(_ROUNDS):
        drawn = [names[car] for car in open_cars]
        home[open_cars] = _homes(trips, hosts, drawn, chance=means.chance, attempt=attempt)
        share = means.chance.uniforms(drawn, f"venue {attempt}")
        venue[open_cars] = venues[np.searchsorted(np.cumsum(room) / room.sum(), share, side="right")]
        mask = np.full(len(open_cars), kind.mask, np.int64)
        ends = home[open_cars], venue[open_cars]
        good = means.router.best(*ends, mask).reachable
        if measure.leave is not None:
            good &= means.router.best(*ends[::-1], mask).reachable
        open_cars = open_cars[~good]
        if not len(open_cars):
            break
    else:
        raise ScenarioError(
            f"expected ways between the venue and where trips begin, got none for {len(open_cars)} of {count} "
            f"cars in {_ROUNDS} draws; choose roads at the venue that cars can reach"
        )
    mask = np.full(count, kind.mask, np.int64)
    return _Visits(home, venue, means.router.best(home, venue, mask), means.router.best(venue, home, mask))


def _may_host(trips: TripSet, venues: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which trips tell where visitors live: those by car that do not begin at the venue, shape (T,)."""
    return cars(trips) & ~np.isin(origins(trips), venues)


def _homes(
    trips: TripSet, rows: NDArray[np.int64], names: list[str], *, chance: Chance, attempt: int
) -> NDArray[np.int32]:
    """Draw origins of these trips: the trip that comes next after the visitor on a ring of random numbers.

    Trips that come or go move only the visitors who had drawn them (consistent hashing: Karger et al. 1997).
    """
    ring = chance.uniforms(trips.trip_id[rows], "ring")
    order = np.argsort(ring, kind="stable")
    place = np.searchsorted(ring[order], chance.uniforms(names, f"home {attempt}")) % len(rows)
    return origins(trips)[rows[order[place]]]


def _spread(share: NDArray[np.float64], begin_s: float, end_s: float) -> NDArray[np.float64]:
    """Return times in [begin, end) in hundredths of a second."""
    time_s = np.floor((begin_s + share * (end_s - begin_s)) * _PER_SECOND) / _PER_SECOND
    return np.asarray(np.clip(time_s, begin_s, np.nextafter(end_s, begin_s)))


def _check_window(
    depart_s: NDArray[np.float64], window_s: tuple[float, float], *, measure: Event, faults: Faults
) -> None:
    begin_s, end_s = window_s
    if depart_s.min() < begin_s:
        later_s = np.ceil(begin_s - depart_s.min())
        faults.add(
            f"expected cars that depart in the study, from {begin_s:g} s on, got the first at {depart_s.min():g} s; "
            f"let arrive begin {later_s:g} s later, or the study's window at {np.floor(depart_s.min()):g} s"
        )
    if depart_s.max() >= end_s:
        faults.add(
            f"expected cars that depart before the study's end at {end_s:g} s, got the last at {depart_s.max():g} s; "
            f"let arrive end {np.ceil(depart_s.max() - end_s) + 1:g} s earlier, or the study's window later"
        )
    leave = measure.leave
    if leave is not None and not begin_s <= leave.begin_s < leave.end_s <= end_s:
        faults.add(
            f"expected leave inside the study, {begin_s:g} to {end_s:g} s, got {leave.begin_s:g} to {leave.end_s:g} s; "
            "move it, widen the study's window, or leave it out"
        )


def _with_cars(
    trips: TripSet, routes: FoundRoutes, depart_s: NDArray[np.float64], *, kind: VehicleType, way: str
) -> TripSet:
    """Return the trips and the cars on one way."""
    count = len(depart_s)
    order = np.argsort(depart_s, kind="stable")
    lengths = np.diff(routes.offsets)[order]
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    along = np.repeat(routes.offsets[:-1][order] - offsets[:-1], lengths) + np.arange(offsets[-1])
    names = np.array(free_names([f"event.{number}.{way}" for number in range(count)], trips.trip_id), object)
    visitors = replace(
        trips,
        trip_id=names[order],
        depart_s=depart_s[order],
        offsets=offsets,
        edges=routes.edges[along],
        vehicle_type=np.zeros(count, np.int32),
        vehicle_types=(kind,),
        state_of_charge=np.full(count, np.nan),
        battery_kwh=np.full(count, np.nan),
        charging_stops=None,
    )
    return added(trips, visitors)
