"""The layer across all types: time of day, sun, fog, precipitation, friction, debris.

Fog and precipitation are drawn as shares so that most scenes stay dry and clear; what it rains or snows fixes between
which values friction lies. Rates and visual ranges rise evenly in their logarithm.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.edge_case import ParameterRange
from trafficdiff.datatypes.scene_environment import Environment, Sun

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CONDITIONS", "DRY_GRIP_MS2", "NIGHT_H", "condition_tags", "environment_of", "grip_ms2"]

DRY_GRIP_MS2: Final = 9.81
"""Deceleration that a dry road takes [m/s2]: friction 0.8 to 1.0 (Wallman and Astrom 2001, VTI meddelande 911A)."""
NIGHT_H: Final = (22.0, 27.0)
"""Hours drawn for types that belong to the dark; above 24 they are the next day's."""

_DECLARED: Final = "declared here"
_FOG_SHARE: Final = 0.25
_CLEAR_LX: Final = 100_000.0
"""Illuminance of level ground under the highest sun [lx]; bright sunlight (CIE)."""
_DARK_LX: Final = 1.0
"""Illuminance at night [lx]: below street lighting, above moonlight."""

_FRICTION: Final = {"dry": (0.8, 1.0), "rain": (0.7, 0.8), "snow": (0.2, 0.5)}
"""Friction of a dry, a wet and a snow-covered road, relative to the best (Wallman and Astrom 2001)."""

CONDITIONS: Final[tuple[ParameterRange, ...]] = (
    ParameterRange(name="hour", low=0, high=24, unit="h", meaning="local time of day", source=_DECLARED),
    ParameterRange(
        name="fog_visual_range_m", low=20, high=800, unit="m", meaning="visual range in fog; a quarter of the scenes "
        "have fog unless this is set", source=f"{_DECLARED}; fog is a range below 1000 m (WMO)",
    ),
    ParameterRange(
        name="precipitation_mm_h", low=0.5, high=20, unit="mm/h", meaning="rate; half of the scenes are dry unless "
        "this is set", source=f"{_DECLARED}; light below 2.5, heavy above 10 mm/h (WMO)",
    ),
    ParameterRange(
        name="snow", low=0, high=1, unit="1", meaning="above 2/3 what falls is snow", source=_DECLARED
    ),
    ParameterRange(
        name="friction", low=0.2, high=1, unit="1", meaning="grip as a share of the best dry road's; within what dry, "
        "wet and snow-covered roads have", source="Wallman and Astrom 2001, VTI meddelande 911A",
    ),
    ParameterRange(name="debris", low=0, high=1, unit="1", meaning="above 2/3 debris lies beside the ego's way",
                   source=_DECLARED),
)  # fmt: skip
"""Parameters that every type has besides its own."""


def environment_of(
    shares: Mapping[str, float],
    ranges: Mapping[str, ParameterRange],
    *,
    date: dt.date,
    lonlat: tuple[float, float],
    utc_offset_h: float,
    varied: frozenset[str] = frozenset(),
) -> Environment:
    """Return the conditions of one case.

    Parameters
    ----------
    shares
        Drawn share of each parameter's range [0 to 1].
    ranges
        The ranges, which a user may have narrowed.
    date, lonlat, utc_offset_h
        Day, place [degrees] and offset of the local clock, for the sun.
    varied
        Parameters that the user has set: those are in force in every scene.
    """
    hour = ranges["hour"].at(shares["hour"])
    moment = dt.datetime.combine(date, dt.time()) + dt.timedelta(seconds=round(hour * 3600))
    fog = _upper_share(shares["fog_visual_range_m"], 1.0 if "fog_visual_range_m" in varied else _FOG_SHARE)
    rain = _upper_share(shares["precipitation_mm_h"], 1.0 if "precipitation_mm_h" in varied else 0.5)
    kind = "dry" if rain is None else "snow" if ranges["snow"].at(shares["snow"]) > 2 / 3 else "rain"
    rate = 0.0 if rain is None else round(_logarithmic(ranges["precipitation_mm_h"], rain), 3)
    kind, rate = ("dry", 0.0) if rate == 0 else (kind, rate)
    low, high = _FRICTION[kind]
    friction = (
        ranges["friction"].at(shares["friction"]) if "friction" in varied else low + (high - low) * (shares["friction"])
    )
    return Environment.model_validate({
        "date_time": moment,
        "fog_visual_range_m": None if fog is None else round(_logarithmic(ranges["fog_visual_range_m"], fog), 1),
        "precipitation": kind,
        "precipitation_mm_h": rate,
        "friction": round(friction, 3),
        "sun": sun_at(moment, lonlat=lonlat, utc_offset_h=utc_offset_h),
    })  # fmt: skip


def grip_ms2(environment: Environment) -> float:
    """Return the largest acceleration that tyres hold in any direction [m/s2]."""
    return DRY_GRIP_MS2 * environment.friction


def sun_at(moment: dt.datetime, *, lonlat: tuple[float, float], utc_offset_h: float) -> Sun:
    """Return where the sun stands, to about a degree, and how bright it is.

    Declination and equation of time after Spencer (1971), as in Iqbal 1983, An Introduction to Solar Radiation,
    sections 1.3 and 1.4. Brightness falls with the sine of the elevation; at night it is that of an unlit street.
    """
    day = 2 * math.pi * (moment.timetuple().tm_yday - 1) / 365
    declination = (
        0.006918 - 0.399912 * math.cos(day) + 0.070257 * math.sin(day) - 0.006758 * math.cos(2 * day)
        + 0.000907 * math.sin(2 * day) - 0.002697 * math.cos(3 * day) + 0.00148 * math.sin(3 * day)
    )  # fmt: skip
    equation_min = 229.18 * (
        0.000075 + 0.001868 * math.cos(day) - 0.032077 * math.sin(day) - 0.014615 * math.cos(2 * day)
        - 0.04089 * math.sin(2 * day)
    )  # fmt: skip
    clock_h = moment.hour + moment.minute / 60 + moment.second / 3600
    solar_h = clock_h - utc_offset_h + lonlat[0] / 15 + equation_min / 60
    angle, latitude = math.radians(15 * (solar_h - 12)), math.radians(lonlat[1])
    sine = math.sin(latitude) * math.sin(declination) + math.cos(latitude) * math.cos(declination) * math.cos(angle)
    elevation = math.asin(max(-1.0, min(1.0, sine)))
    south = math.atan2(
        math.sin(angle), math.cos(angle) * math.sin(latitude) - math.tan(declination) * math.cos(latitude)
    )
    return Sun(
        azimuth_rad=(south + math.pi) % (2 * math.pi),
        elevation_rad=elevation,
        illuminance_lx=max(_DARK_LX, _CLEAR_LX * sine),
    )


def condition_tags(environment: Environment) -> tuple[str, ...]:
    """Return OpenLABEL's terms for light, particles and weather."""
    dark = environment.sun is not None and environment.sun.elevation_rad < 0
    tags = ["IlluminationLowLight" if dark else "IlluminationDay"]
    if environment.fog_visual_range_m is not None:
        tags.append("ParticulatesWater")
    surfaces = {"rain": ("WeatherRain", "SurfaceConditionWet"), "snow": ("WeatherSnow", "SurfaceConditionSnow")}
    return (*tags, *surfaces.get(environment.precipitation, ()))


def _upper_share(share: float, wanted: float) -> float | None:
    """Return the share stretched over the upper part of the range that is in force, None below it."""
    return None if share < 1 - wanted else (share - (1 - wanted)) / wanted


def _logarithmic(one: ParameterRange, share: float) -> float:
    if one.low <= 0:
        return one.at(share)
    return float(np.exp(np.log(one.low) + share * (np.log(one.high) - np.log(one.low))))
