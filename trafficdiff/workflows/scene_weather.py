"""Say under which sky a run was driven, for the scenes that are cut out of it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

from trafficdiff.datatypes.demand_measures import Weather
from trafficdiff.datatypes.scene_environment import Environment, Sun
from trafficdiff.scenarios.weather import declared_weather
from trafficdiff.scenarios.weather_factors import PUBLISHED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trafficdiff.datatypes.scenario import Scenario

__all__ = ["environment_of"]

_NIGHT: Final = Sun(azimuth_rad=0.0, elevation_rad=-0.21, illuminance_lx=10.0)
"""Declared, for darkness at whatever hour: the sun 12 degrees down (the end of nautical twilight), and the light of
street lamps on a road of traffic, 10 lx (EN 13201-2, class C3 has 15 lx, C4 10 lx)."""


def environment_of(scenario: Scenario, *, at_s: float) -> Environment:
    """Return time of day and weather of a scenario at a moment of its day [s after midnight].

    Several weather measures act together: the heaviest precipitation, the shortest sight, the worst grip.
    """
    weathers = [measure for measure in scenario.measures if isinstance(measure, Weather)]
    numbers = [declared_weather(weather) for weather in weathers]
    sights = [declared["sight_m"].value for declared in numbers if "sight_m" in declared]
    return Environment(
        date_time=dt.datetime.combine(scenario.date, dt.time()) + dt.timedelta(seconds=at_s),
        fog_visual_range_m=min(sights, default=None),
        friction=min((declared["friction"].value for declared in numbers), default=1.0),
        sun=_NIGHT if any(weather.condition == "dark" for weather in weathers) else None,
        **_precipitation(weathers),
    )


def _precipitation(weathers: Sequence[Weather]) -> dict[str, Any]:
    falling = [
        (amount.value, kind)
        for published in (PUBLISHED[weather.condition] for weather in weathers)
        for kind, amount in (("rain", published.rain_mm_h), ("snow", published.snow_mm_h))
        if amount is not None
    ]
    if not falling:
        return {}
    rate_mm_h, kind = max(falling)
    return {"precipitation": kind, "precipitation_mm_h": rate_mm_h}
