"""Published effects of weather on speed, headway, friction and sight: declared numbers, each with its source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from trafficdiff.datatypes.effect import Declared

__all__ = ["PUBLISHED", "PublishedWeather", "stopping_speed_ms"]

_HCM_2010: Final = "HCM 2010, exhibit 10-15, in FHWA-HOP-13-042, table 33"
_SHRP2: Final = "SHRP 2 L08, exhibit 36-25, in FHWA-HOP-13-042, table 34, at 55 mph"
_LU: Final = "Lu, Kwon and Fu 2019, J. Traffic Transp. Eng. 6(2), signalised streets"
_PERRIN: Final = "Perrin, Martin and Hansen 2001, TRR 1748, signalised streets, the worst surface"
_WALLMAN: Final = "Wallman and Astrom 2001, VTI meddelande 911A"
_WMO: Final = "WMO-No. 8, Guide to Instruments and Methods of Observation, volume I, intensity of precipitation"
_DRY: Final = "the surface is taken as dry"
_FREE: Final = "sight is not bounded"
_JAGERBRAND: Final = (
    "Jagerbrand and Sjobergh 2016, SpringerPlus 5:505: no effect of light in clear weather, 60 million cars"
)
_BEN_EDIGBE: Final = (
    "Ben-Edigbe 2014, Res. J. Appl. Sci. Eng. Technol. 7(22): darkness changed neither flow nor headway"
)

_REACTION_S: Final = 2.5
_BRAKING_MS2: Final = 3.4
"""Reaction time [s] and comfortable deceleration [m/s2] of stopping sight distance: AASHTO, A Policy on Geometric
Design of Highways and Streets 2011, section 3.2.2."""


def _factor(value: float, source: str) -> Declared:
    return Declared(value=value, unit="1", source=source)


@dataclass(frozen=True, kw_only=True)
class PublishedWeather:
    """Hold the published numbers of one condition.

    Parameters
    ----------
    speed_factor
        Free-flow speed over that of dry daylight.
    headway_factor
        Time between vehicles at capacity over that of dry daylight: 1 / (1 - loss of capacity).
    friction
        Between tyre and road, 1 for dry.
    sight_m
        How far one sees [m]; None where it does not bound the speed.
    rain_mm_h, snow_mm_h
        What falls, as water [mm/h]; None where nothing does. No driver heeds it: it is what scenes show.
    """

    speed_factor: Declared
    headway_factor: Declared
    friction: Declared
    sight_m: Declared | None = None
    rain_mm_h: Declared | None = None
    snow_mm_h: Declared | None = None


def _falling(value: float, source: str) -> Declared:
    return Declared(value=value, unit="mm/h", source=source)


PUBLISHED: Final[dict[str, PublishedWeather]] = {
    "rain": PublishedWeather(
        speed_factor=_factor(0.96, f"{_SHRP2}: medium rain"),
        headway_factor=_factor(1.078, f"{_HCM_2010}: 2.5 to 6.4 mm/h take 7.24 % of capacity"),
        friction=_factor(0.75, f"{_WALLMAN}: wet, 0.7 to 0.8"),
        rain_mm_h=_falling(4.5, f"{_HCM_2010}: the middle of 2.5 to 6.4 mm/h"),
    ),
    "heavy_rain": PublishedWeather(
        speed_factor=_factor(0.94, f"{_SHRP2}: heavy rain"),
        headway_factor=_factor(1.165, f"{_HCM_2010}: above 6.4 mm/h takes 14.13 % of capacity"),
        friction=_factor(0.7, f"{_WALLMAN}: wet, 0.7 to 0.8"),
        rain_mm_h=_falling(10.0, f"{_WMO}: heavy from 10 mm/h on"),
    ),
    "snow": PublishedWeather(
        speed_factor=_factor(0.831, f"{_LU}: slush takes 16.9 % of free-flow speed"),
        headway_factor=_factor(1.205, f"{_LU}: slush takes 17 % of saturation flow"),
        friction=_factor(0.35, f"{_WALLMAN}: loose snow or slush, 0.2 to 0.5"),
        snow_mm_h=_falling(1.0, f"{_WMO}: moderate from 1 mm/h of water on"),
    ),
    "heavy_snow": PublishedWeather(
        speed_factor=_factor(0.767, f"{_LU}: snow takes 23.3 % of free-flow speed"),
        headway_factor=_factor(1.333, f"{_LU}: snow takes 25 % of saturation flow"),
        friction=_factor(0.25, f"{_WALLMAN}: packed snow, 0.2 to 0.3"),
        snow_mm_h=_falling(5.0, f"{_WMO}: heavy from 5 mm/h of water on"),
    ),
    "ice": PublishedWeather(
        speed_factor=_factor(0.7, f"{_PERRIN}: 30 % slower"),
        headway_factor=_factor(1.25, f"{_PERRIN}: 20 % less saturation flow"),
        friction=_factor(0.15, f"{_WALLMAN}: black ice, 0.15 to 0.30"),
    ),
    "fog": PublishedWeather(
        speed_factor=_factor(0.96, f"{_SHRP2}: low visibility"),
        headway_factor=_factor(1.132, f"{_HCM_2010}: visibility of 400 to 800 m takes 11.67 % of capacity"),
        friction=_factor(1.0, _DRY),
        sight_m=Declared(value=400.0, unit="m", source="lower end of that range"),
    ),
    "dense_fog": PublishedWeather(
        speed_factor=_factor(0.95, f"{_SHRP2}: very low visibility"),
        headway_factor=_factor(1.117, f"{_HCM_2010}: visibility below 400 m takes 10.49 % of capacity"),
        friction=_factor(1.0, _DRY),
        sight_m=Declared(value=50.0, unit="m", source="StVO section 3(1), German road code: fog that bounds the speed"),
    ),
    "dark": PublishedWeather(
        speed_factor=_factor(1.0, _JAGERBRAND),
        headway_factor=_factor(1.0, _BEN_EDIGBE),
        friction=_factor(1.0, _DRY),
    ),
}
"""By condition. The numbers of rain and fog were measured on motorways, those of snow and ice on streets with signals.
Darkness changes what is seen and not how cars follow each other: a label for scenes, and a place for own numbers."""


def stopping_speed_ms(sight_m: float) -> float:
    """Return the speed from which one can stop within sight [m/s].

    Solves ``sight = reaction v + v^2 / (2 braking)``, the stopping sight distance of AASHTO's policy.

    Examples
    --------
    >>> round(stopping_speed_ms(50.0) * 3.6)
    42
    """
    return float(_BRAKING_MS2 * (-_REACTION_S + (_REACTION_S**2 + 2 * sight_m / _BRAKING_MS2) ** 0.5))
