"""Change how vehicle types drive, and find the type of a name under the weather that holds."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Final

from trafficdiff.datatypes.vehicles import VEHICLE_TYPES, VehicleType

if TYPE_CHECKING:
    from trafficdiff.datatypes.trips import TripSet

__all__ = ["WEATHER", "DrivingFactors", "driven", "known_type", "noted", "under_weather", "weather_of"]

WEATHER: Final = "weather"
"""Key of the provenance under which trips keep the weather that was declared for them."""

_GRAVITY_MS2: Final = 9.81
_REFERENCE_MS: Final = 50 / 3.6
_CAR_SPACE_M: Final = 7.5
"""Length of a car and its gap at rest [m]: SUMO's defaults, 5 m and 2.5 m."""

_TAU_S: Final = 1.0
_CAR_BRAKES_MS2: Final = (4.5, 9.0)
_HEAVY_BRAKES_MS2: Final = (4.0, 7.0)
"""Usual and hardest deceleration [m/s2], as SUMO 1.28 sets them by vehicle class."""

_HEAVY: Final = frozenset({"truck", "trailer", "bus", "coach"})
_DISTRIBUTION: Final = re.compile(r"^\s*(normc?)\(([^)]*)\)\s*$")


@dataclass(frozen=True)
class DrivingFactors:
    """Hold how weather changes driving; the defaults change nothing.

    Parameters
    ----------
    speed
        Factor on the speed that drivers wish for.
    headway
        Factor on the time between vehicles that follow each other at capacity, at 50 km/h.
    friction
        Friction between tyre and road; it bounds braking. 1 for dry.
    top_speed_ms
        Nobody drives faster [m/s]; None for no such bound.
    """

    speed: float = 1.0
    headway: float = 1.0
    friction: float = 1.0
    top_speed_ms: float | None = None


def driven(kind: VehicleType, factors: DrivingFactors) -> VehicleType:
    """Return a vehicle type that drives as the factors say.

    Notes
    -----
    At capacity vehicles follow each other every ``tau + s / v`` seconds: tau the gap in time, s = 7.5 m the room of a
    standing car, v the speed. ``tau`` is set so that this time grows by the headway factor h at v = 50 km/h while the
    speed falls by its own factor f: ``tau' = h (tau + s / v) - s / (f v)``, but never below tau. Braking is bounded by
    friction times gravity; that vehicles pull away more gently on ice is left to the headway factor.
    """
    attributes = dict(kind.attributes)
    if factors.speed != 1:
        attributes["speedFactor"] = _scaled(attributes.get("speedFactor", "1"), factors.speed)
    tau_s = float(attributes.get("tau", _TAU_S))
    room_s = _CAR_SPACE_M / _REFERENCE_MS
    longer_s = factors.headway * (tau_s + room_s) - room_s / factors.speed
    if longer_s > tau_s:
        attributes["tau"] = f"{longer_s:.4f}"
    if factors.friction < 1:
        limit_ms2 = factors.friction * _GRAVITY_MS2
        defaults = _HEAVY_BRAKES_MS2 if kind.vehicle_class in _HEAVY else _CAR_BRAKES_MS2
        for name, default in zip(("decel", "emergencyDecel"), defaults, strict=True):
            attributes[name] = f"{min(float(attributes.get(name, default)), limit_ms2):.4f}"
    if factors.top_speed_ms is not None:
        top_ms = min(float(attributes.get("maxSpeed", factors.top_speed_ms)), factors.top_speed_ms)
        attributes["maxSpeed"] = f"{top_ms:.4f}"
    return replace(kind, attributes=attributes)


def _scaled(value: str, factor: float) -> str:
    """Return SUMO's speedFactor, a number or a normal distribution, with all its lengths scaled."""
    found = _DISTRIBUTION.match(value)
    if found is None:
        return f"{float(value) * factor:.6g}"
    numbers = ",".join(f"{float(number) * factor:.6g}" for number in found[2].split(","))
    return f"{found[1]}({numbers})"


def weather_of(trips: TripSet) -> list[DrivingFactors]:
    """Return the weather that was declared for the trips, in its order."""
    return [DrivingFactors(**factors) for factors in json.loads(trips.provenance.get(WEATHER, "[]"))]


def noted(factors: list[DrivingFactors]) -> str:
    """Return weather as the provenance holds it."""
    return json.dumps([asdict(one) for one in factors], sort_keys=True)


def known_type(trips: TripSet, name: str) -> VehicleType:
    """Return the type of a name as the trips have it, or else the package's own under the trips' weather."""
    for kind in trips.vehicle_types:
        if kind.name == name:
            return kind
    return under_weather(trips, VEHICLE_TYPES[name])


def under_weather(trips: TripSet, kind: VehicleType) -> VehicleType:
    """Return a type made for dry daylight as it drives in the trips' weather."""
    for factors in weather_of(trips):
        kind = driven(kind, factors)
    return kind
