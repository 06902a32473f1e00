"""Take some of the trips of a set, by their places or by a window; give some of them other routes."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from trafficdiff.errors import TripError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.trips import TripSet

__all__ = ["cut_to_window", "take_trips", "with_routes"]

_logger = logging.getLogger(__name__)


def cut_to_window(trips: TripSet, window_s: tuple[float, float], *, name: str = "trips") -> TripSet:
    """Return the trips that depart in [begin, end) [s]; the log says how many were left out.

    Parameters
    ----------
    trips
        The set to take from.
    window_s
        Begin and end [s].
    name
        What the trips are called in the log.

    Raises
    ------
    TripError
        If no trip departs in the window, or the window ends before it begins.
    """
    begin_s, end_s = window_s
    inside = (trips.depart_s >= begin_s) & (trips.depart_s < end_s)
    if not inside.any():
        came = f"from {trips.depart_s[0]:.10g} to {trips.depart_s[-1]:.10g} s" if len(trips) else "of no trip at all"
        raise TripError(
            f"expected departures from {begin_s:.10g} to before {end_s:.10g} s, got only departures {came}; "
            "set the window to them"
        )
    if inside.all():
        return replace(trips, window_s=window_s)
    _logger.warning(
        "%s: %s of %s trips were left out: they depart outside %.10g to %.10g s (all departures run from %.10g to "
        "%.10g s)",
        name, f"{len(trips) - int(inside.sum()):,}", f"{len(trips):,}", begin_s, end_s, *trips.depart_s[[0, -1]],
    )  # fmt: skip
    return replace(take_trips(trips, np.flatnonzero(inside)), window_s=window_s)


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


def with_routes(
    trips: TripSet,
    rows: NDArray[np.integer[Any]],
    *,
    offsets: NDArray[np.integer[Any]],
    edges: NDArray[np.integer[Any]],
) -> TripSet:
    """Return the trips with new routes for those at the given places.

    Parameters
    ----------
    trips
        The set.
    rows
        Shape (P,), positions, each once.
    offsets, edges
        CSR of their routes, shape (P + 1,) and (R,); none is empty.
    """
    if not len(rows):
        return trips
    starts, lengths = trips.offsets[:-1].copy(), trips.route_lengths.copy()
    starts[rows] = offsets[:-1] + len(trips.edges)
    lengths[rows] = np.diff(offsets)
    ends = np.cumsum(lengths)
    along = np.repeat(starts - (ends - lengths), lengths) + np.arange(ends[-1])
    return replace(trips, offsets=np.concatenate([[0], ends]), edges=np.concatenate([trips.edges, edges])[along])
