"""Move trips from one mode to another."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.datatypes.effect import Effect
from trafficdiff.errors import ScenarioError
from trafficdiff.scenarios.declaring import declared_by
from trafficdiff.scenarios.demand_edit import DemandEdit
from trafficdiff.scenarios.trip_choice import chosen_trips, destinations, origins
from trafficdiff.scenarios.trip_edits import added, dropped, free_names
from trafficdiff.scenarios.vehicle_styles import known_type

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.demand_measures import ShiftMode
    from trafficdiff.datatypes.routing import RouteFinder
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.scenarios.demand_edit import Means

__all__ = ["shift_mode"]


def shift_mode(measure: ShiftMode, trips: TripSet, *, means: Means) -> DemandEdit:
    """Take a share of the trips off the road, or put them into buses.

    Each trip decides by a number of its own: who changes at a share of 20 % changes at 40 % as well. To ``bus``, the
    trips that change are sorted by departure and every `riders_per_bus` of them share a bus, which drives the way of
    the one among them whose length is in the middle, at the mean of their departures. It stands for the load of the
    buses on the road, not for a timetable. Riders none of whose ways a bus may drive keep their vehicle.

    Raises
    ------
    ScenarioError
        If no trip is chosen.
    """
    found = chosen_trips(
        trips,
        origin=measure.origin,
        destination=measure.destination,
        vehicle_types=measure.from_types,
    )
    if measure.longest_m is not None:
        found &= trips.sum_over_route(trips.graph.length_m) <= measure.longest_m
        if not found.any():
            raise ScenarioError(
                f"expected trips of up to {measure.longest_m:g} m, got only longer ones; raise longest_m"
            )
    rows = np.flatnonzero(found)
    moved = rows[means.chance.uniforms(trips.trip_id[rows]) < measure.share]
    counts = {"chosen": len(rows)}
    buses = None
    if measure.to == "bus":
        moved, buses = _buses(trips, moved, riders=measure.riders_per_bus, router=means.router)
        counts["added"] = len(buses)
    gone = np.zeros(len(trips), bool)
    gone[moved] = True
    rest = dropped(trips, gone)
    effect = Effect(
        kind=measure.kind,
        summary=f"{len(moved):,} of {len(rows):,} trips go by {measure.to.replace('_', ' ')}",
        trips={**counts, "removed": len(moved)},
        trip_ids={f"to_{measure.to}": tuple(trips.trip_id[gone])},
        declared={} if buses is None else declared_by(measure, riders_per_bus="1"),
    )
    return DemandEdit(trips=rest if buses is None or not len(buses) else added(rest, buses), effect=effect)


def _buses(
    trips: TripSet, moved: NDArray[np.int64], *, riders: int, router: RouteFinder
) -> tuple[NDArray[np.int64], TripSet]:
    """Return who rides, and the buses."""
    bus = known_type(trips, "bus")
    group = np.arange(len(moved)) // riders  # trips lie in order of departure
    ends = origins(trips)[moved], destinations(trips)[moved]
    routes = router.best(*ends, np.full(len(moved), bus.mask, np.int64))
    length_m = np.where(routes.reachable, routes.length_m, np.inf)
    order = np.lexsort((length_m, group))
    possible = np.bincount(group, weights=routes.reachable).astype(np.int64)
    first = np.searchsorted(group[order], np.arange(len(possible)))
    served = possible > 0
    leader = order[(first + np.maximum(possible - 1, 0) // 2)[served]]
    depart_s = np.bincount(group, weights=trips.depart_s[moved])[served] / np.bincount(group)[served]
    lengths = np.diff(routes.offsets)[leader]
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    along = np.repeat(routes.offsets[:-1][leader] - offsets[:-1], lengths) + np.arange(offsets[-1])
    names = free_names([f"bus.{trips.trip_id[row]}" for row in moved[leader]], trips.trip_id)
    count = len(leader)
    buses = replace(
        trips,
        trip_id=np.array(names, object),
        depart_s=np.floor(depart_s * 100) / 100,
        offsets=offsets,
        edges=routes.edges[along],
        vehicle_type=np.zeros(count, np.int32),
        vehicle_types=(bus,),
        state_of_charge=np.full(count, np.nan),
        battery_kwh=np.full(count, np.nan),
        charging_stops=None,
    )
    return moved[served[group]], buses
