"""Choose trips by where they begin and end, when they depart and what drives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.vehicles import VEHICLE_TYPES, VehicleType
from trafficdiff.errors import Faults, ScenarioError
from trafficdiff.scenarios.edges import choose

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from trafficdiff.datatypes.edge_choice import EdgeChoice
    from trafficdiff.datatypes.part import Period
    from trafficdiff.datatypes.trips import TripSet

__all__ = [
    "AUTOMATED",
    "cars",
    "chosen_trips",
    "destinations",
    "electric",
    "family",
    "of_families",
    "origins",
    "within",
]

AUTOMATED: Final = "automated_"
"""Begins the name of a type that drives itself."""

_BY_CLASS: Final = {
    "delivery": "delivery_van", "truck": "truck", "trailer": "truck", "bus": "bus", "coach": "bus",
    "bicycle": "bicycle",
}  # fmt: skip
_ELECTRIC_MODELS: Final = ("MMPEVEM", "Energy")


def origins(trips: TripSet) -> NDArray[np.int32]:
    """Return the edge on which each trip begins, shape (T,)."""
    return trips.edges[trips.offsets[:-1]]


def destinations(trips: TripSet) -> NDArray[np.int32]:
    """Return the edge on which each trip ends, shape (T,)."""
    return trips.edges[trips.offsets[1:] - 1]


def is_electric(kind: VehicleType) -> bool:
    """Return whether a type drives by battery, told by its emission class."""
    return kind.attributes.get("emissionClass", "").startswith(_ELECTRIC_MODELS)


def family(kind: VehicleType) -> str:
    """Return the type of `VEHICLE_TYPES` that another type counts as: by its name, else by its class.

    Imported trips have types of their own; one of class passenger counts as a car, electric or not. A type that fits
    none counts as itself.
    """
    name = kind.name.replace(AUTOMATED, "")
    if name in VEHICLE_TYPES:
        return name
    if kind.vehicle_class == "passenger":
        return "electric_car" if is_electric(kind) else "car"
    return _BY_CLASS.get(kind.vehicle_class, kind.name)


def of_families(trips: TripSet, names: Iterable[str]) -> NDArray[np.bool_]:
    """Return which trips have a type that counts as one of these, shape (T,)."""
    wanted = set(names)
    return np.array([family(kind) in wanted for kind in trips.vehicle_types], bool)[trips.vehicle_type]


def cars(trips: TripSet) -> NDArray[np.bool_]:
    """Return which trips are made by car, of whatever drive, shape (T,)."""
    return of_families(trips, ("car", "electric_car"))


def electric(trips: TripSet) -> NDArray[np.bool_]:
    """Return which trips are made by a vehicle with a battery, shape (T,)."""
    by_type = np.array([is_electric(kind) for kind in trips.vehicle_types], bool)[trips.vehicle_type]
    return np.asarray(by_type | np.isfinite(trips.battery_kwh))


def within(time_s: NDArray[np.float64], period: Period | None) -> NDArray[np.bool_]:
    """Return which times [s] lie in [begin, end) of a period; all if there is none."""
    if period is None:
        return np.ones(len(time_s), bool)
    return np.asarray((time_s >= period.begin_s) & (time_s < period.end_s))


def chosen_trips(
    trips: TripSet,
    *,
    origin: EdgeChoice | None = None,
    destination: EdgeChoice | None = None,
    during: Period | None = None,
    vehicle_types: Iterable[str] | None = None,
) -> NDArray[np.bool_]:
    """Return which trips meet everything that is given, shape (T,).

    Parameters
    ----------
    trips
        The set to choose from.

    Other Parameters
    ----------------
    origin, destination
        Roads where they begin and end.
    during
        When they depart.
    vehicle_types
        What drives; see `family`.

    Raises
    ------
    ScenarioError
        With all faults: choices without a road, or no trip left.
    """
    faults = Faults("choice of trips")
    found = np.ones(len(trips), bool)
    for ends, choice in ((origins(trips), origin), (destinations(trips), destination)):
        if choice is None:
            continue
        try:
            found &= choose(trips.graph, choice)[ends]
        except ScenarioError as error:
            faults.add(str(error))
    faults.raise_if_any(ScenarioError)
    found &= within(trips.depart_s, during)
    if vehicle_types is not None:
        found &= of_families(trips, vehicle_types)
    if not found.any():
        present = sorted({family(kind) for kind in trips.vehicle_types})
        faults.add(
            f"expected trips that it changes, got none of {len(trips):,} (they depart from {trips.window_s[0]:g} to "
            f"{trips.window_s[1]:g} s with the vehicle types {', '.join(present)}); choose others"
        )
    faults.raise_if_any(ScenarioError)
    return found
