"""Take some of the trips of a set."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.trips import TripSet

__all__ = ["take_trips"]


def take_trips(trips: TripSet, rows: NDArray[np.integer[Any]]) -> TripSet:
    """Return the trips at the given places, each once, in order of departure, with all that belongs to them.

    Parameters
    ----------
    trips
        The set to take from.
    rows
        Positions in it, in any order; repeats count once.
    """
    rows = np.unique(rows)
    lengths = trips.route_lengths[rows]
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    place = np.repeat(trips.offsets[:-1][rows] - offsets[:-1], lengths) + np.arange(offsets[-1])
    stops = trips.charging_stops
    if stops is not None:
        stops = stops[np.isin(stops["trip"], rows)]
        stops = stops.assign(trip=np.searchsorted(rows, stops["trip"].to_numpy())).reset_index(drop=True)
    return replace(
        trips,
        trip_id=trips.trip_id[rows],
        depart_s=trips.depart_s[rows],
        offsets=offsets,
        edges=trips.edges[place],
        vehicle_type=trips.vehicle_type[rows],
        state_of_charge=trips.state_of_charge[rows],
        battery_kwh=trips.battery_kwh[rows],
        charging_stops=stops,
    )
