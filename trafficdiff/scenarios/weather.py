"""Let everybody drive as in rain, snow, ice, fog or darkness."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.datatypes.effect import Declared, Effect
from trafficdiff.datatypes.net_patch import NetPatch
from trafficdiff.errors import ScenarioError
from trafficdiff.scenarios.declaring import GIVEN
from trafficdiff.scenarios.demand_edit import DemandEdit
from trafficdiff.scenarios.vehicle_styles import WEATHER, DrivingFactors, driven, noted, weather_of
from trafficdiff.scenarios.weather_factors import PUBLISHED, stopping_speed_ms

if TYPE_CHECKING:
    from trafficdiff.datatypes.demand_measures import Weather
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.scenarios.demand_edit import Means

__all__ = ["declared_weather", "weather"]


def weather(measure: Weather, trips: TripSet, *, means: Means) -> DemandEdit:  # noqa: ARG001 - the same for all edits
    """Change all vehicle types by the factors of a condition; the trips keep their ids, routes and departures.

    Speed acts on ``speedFactor``, headway on ``tau``, friction on the bounds of braking and, as a number that other
    programs can read, on the net; sight acts as the top speed from which one can stop within it. Vehicles that later
    measures add drive in the same weather. Numbers that the measure gives stand instead of the published ones.

    Raises
    ------
    ScenarioError
        If there are no trips.
    """
    if not len(trips):
        raise ScenarioError("expected trips that it changes, got none")
    declared = declared_weather(measure)
    sight = declared.get("sight_m")
    factors = DrivingFactors(
        speed=declared["speed_factor"].value,
        headway=declared["headway_factor"].value,
        friction=declared["friction"].value,
        top_speed_ms=None if sight is None else stopping_speed_ms(sight.value),
    )
    types = tuple(driven(kind, factors) for kind in trips.vehicle_types)
    differs = np.array([new != old for new, old in zip(types, trips.vehicle_types, strict=True)])
    changed = int(differs[trips.vehicle_type].sum())
    provenance = trips.provenance | {WEATHER: noted([*weather_of(trips), factors])}
    friction = {str(name): factors.friction for name in trips.graph.edge_id} if factors.friction < 1 else {}
    effect = Effect(
        kind=measure.kind,
        summary=f"{measure.condition.replace('_', ' ')}: {changed:,} of {len(trips):,} trips are driven otherwise "
        "(declared, not learned)",
        trips={"changed": changed},
        declared=declared,
    )
    return DemandEdit(
        trips=replace(trips, vehicle_types=types, provenance=provenance),
        effect=effect,
        patch=NetPatch(friction=friction),
    )


def declared_weather(measure: Weather) -> dict[str, Declared]:
    """Return the numbers that hold, the measure's own before the published ones."""
    published = PUBLISHED[measure.condition]
    values = {
        "speed_factor": (published.speed_factor, measure.speed_factor, "1"),
        "headway_factor": (published.headway_factor, measure.headway_factor, "1"),
        "friction": (published.friction, measure.friction, "1"),
        "sight_m": (published.sight_m, measure.sight_m, "m"),
    }
    declared = {}
    for name, (default, own, unit) in values.items():
        if own is not None:
            declared[name] = Declared(value=own, unit=unit, source=GIVEN)
        elif default is not None:
            declared[name] = default
    return declared
