"""Copy, add, retype and re-route trips; every function returns a new set."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from trafficdiff.datatypes.selection import take_trips
from trafficdiff.errors import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.datatypes.vehicles import VehicleType

__all__ = ["added", "copied", "dropped", "free_names", "is_stopping", "retyped"]


def dropped(trips: TripSet, gone: NDArray[np.bool_]) -> TripSet:
    """Return the trips without those that are gone, shape (T,)."""
    return trips if not gone.any() else take_trips(trips, np.flatnonzero(~gone))


def is_stopping(trips: TripSet) -> NDArray[np.bool_]:
    """Return which trips stop to charge on their way, shape (T,)."""
    found = np.zeros(len(trips), bool)
    if trips.charging_stops is not None:
        found[trips.charging_stops["trip"].to_numpy(np.int64)] = True
    return found


def free_names(wanted: Sequence[str], taken: Iterable[str]) -> list[str]:
    """Return the wanted ids, each with ``.2``, ``.3``, ... behind it if it is taken already."""
    used = set(taken)
    names = []
    for name in wanted:
        free, number = name, 1
        while free in used:
            number += 1
            free = f"{name}.{number}"
        used.add(free)
        names.append(free)
    return names


def copied(
    trips: TripSet, rows: NDArray[np.int64], *, trip_id: Sequence[str], depart_s: NDArray[np.float64]
) -> TripSet:
    """Return copies of trips under new ids and departures, sorted; a place that comes twice is copied twice.

    Parameters
    ----------
    trips
        The set to copy from.
    rows
        Shape (C,), positions.

    Other Parameters
    ----------------
    trip_id, depart_s
        Shape (C,), of the copies; departure [s].
    """
    order = np.argsort(depart_s, kind="stable")
    rows = rows[order]
    lengths = trips.route_lengths[rows]
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    place = np.repeat(trips.offsets[:-1][rows] - offsets[:-1], lengths) + np.arange(offsets[-1])
    return replace(
        trips,
        trip_id=np.array(trip_id, object)[order],
        depart_s=depart_s[order],
        offsets=offsets,
        edges=trips.edges[place],
        vehicle_type=trips.vehicle_type[rows],
        state_of_charge=trips.state_of_charge[rows],
        battery_kwh=trips.battery_kwh[rows],
        charging_stops=_stops_of(trips.charging_stops, rows),
    )


def _stops_of(stops: pd.DataFrame | None, rows: NDArray[np.int64]) -> pd.DataFrame | None:
    """Return the stops of trips that were taken, by their new places."""
    if stops is None:
        return None
    import pandas as pd

    places = pd.DataFrame({"trip": rows, "copy": np.arange(len(rows))})
    joined = places.merge(stops, on="trip", how="inner", sort=False)
    return joined.assign(trip=joined["copy"]).drop(columns="copy")[list(stops.columns)].reset_index(drop=True)


def added(first: TripSet, second: TripSet) -> TripSet:
    """Return two sets on the same roads as one, by departure; of equal departures the first set's come first.

    Raises
    ------
    ScenarioError
        If both describe a vehicle type of the same name in different ways.
    """
    types, place = _joined_types(first.vehicle_types, second.vehicle_types)
    order = np.argsort(np.concatenate([first.depart_s, second.depart_s]), kind="stable")
    lengths = np.concatenate([first.route_lengths, second.route_lengths])
    starts = np.concatenate([first.offsets[:-1], second.offsets[:-1] + len(first.edges)])[order]
    offsets = np.concatenate([[0], np.cumsum(lengths[order])])
    along = np.repeat(starts - offsets[:-1], lengths[order]) + np.arange(offsets[-1])

    def both(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(first, name), getattr(second, name)])[order]

    return replace(
        first,
        trip_id=both("trip_id"),
        depart_s=both("depart_s"),
        offsets=offsets,
        edges=np.concatenate([first.edges, second.edges])[along],
        vehicle_type=np.concatenate([first.vehicle_type, place[second.vehicle_type]])[order].astype(np.int32),
        vehicle_types=types,
        state_of_charge=both("state_of_charge"),
        battery_kwh=both("battery_kwh"),
        charging_stops=_joined_stops(first, second, order),
    )


def _joined_types(
    first: tuple[VehicleType, ...], second: tuple[VehicleType, ...]
) -> tuple[tuple[VehicleType, ...], NDArray[np.int32]]:
    """Return all types, and where those of the second set are among them."""
    by_name = {kind.name: kind for kind in first}
    for kind in second:
        if by_name.setdefault(kind.name, kind) != kind:
            raise ScenarioError(f"expected one description of the vehicle type {kind.name!r}, got two; rename one")
    names = list(by_name)
    return tuple(by_name.values()), np.array([names.index(kind.name) for kind in second], np.int32)


def _joined_stops(first: TripSet, second: TripSet, order: NDArray[np.int64]) -> pd.DataFrame | None:
    import pandas as pd

    parts = [
        one.charging_stops.assign(trip=one.charging_stops["trip"] + shift)
        for one, shift in ((first, 0), (second, len(first)))
        if one.charging_stops is not None
    ]
    if not parts:
        return None
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    stops = pd.concat(parts, ignore_index=True)
    return stops.assign(trip=place[stops["trip"].to_numpy(np.int64)]).sort_values(
        "trip", kind="stable", ignore_index=True
    )


def retyped(
    trips: TripSet, rows: NDArray[np.int64], *, change: Mapping[str, VehicleType], **columns: NDArray[np.float64]
) -> TripSet:
    """Return the trips with other vehicle types for those at the given places.

    Parameters
    ----------
    trips
        The set.
    rows
        Shape (P,), positions, each once.

    Other Parameters
    ----------------
    change
        The new type by the name of the old one; what is not named stays.
    columns
        ``state_of_charge`` and ``battery_kwh`` of these trips, shape (P,).
    """
    if not len(rows):
        return trips
    old = trips.vehicle_types
    concerned = [index for index in np.unique(trips.vehicle_type[rows]) if old[index].name in change]
    types, place = _joined_types(old, tuple(change[old[index].name] for index in concerned))
    target = np.arange(len(old), dtype=np.int32)
    target[concerned] = place
    kinds = trips.vehicle_type.copy()
    kinds[rows] = target[kinds[rows]]
    edited = {name: getattr(trips, name).copy() for name in columns}
    for name, values in columns.items():
        edited[name][rows] = values
    used = np.unique(kinds)
    compact = np.zeros(len(types), np.int32)
    compact[used] = np.arange(len(used))
    kept = tuple(types[index] for index in used)
    return replace(trips, vehicle_type=compact[kinds], vehicle_types=kept, **edited)
