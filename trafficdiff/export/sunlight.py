"""Tell where the sun stands at a time and place.

The low-precision formulas of the Astronomical Almanac, as J. J. Michalsky gives them ("The Astronomical Almanac's
algorithm for approximate solar position (1950-2050)", Solar Energy 40, 1988): good to 0.01 degrees. Refraction is left
out.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from trafficdiff.datatypes.scene_environment import Sun

if TYPE_CHECKING:
    from trafficdiff.datatypes.scene_environment import Environment

__all__ = ["sun_at", "sun_position"]

_NOON_2000: Final = datetime(2000, 1, 1, 12, tzinfo=UTC)
_CLEAR_SUN_LX: Final = 120_000.0
"""Level ground under a clear sky with the sun overhead [lx]."""
_NIGHT_LX: Final = 0.1
"""Moon and sky [lx]; lamps are not counted."""
_OVERCAST_SHARE: Final = 0.15


def sun_at(environment: Environment, *, lonlat: tuple[float, float] | None) -> tuple[datetime, Sun]:
    """Return the moment of a scene with its time zone, and its sun: the given one, or where it stands then and there.

    Parameters
    ----------
    environment
        Of the scene.
    lonlat
        Place [degrees, WGS 84]; None is taken as Greenwich's meridian at 45 degrees north.
    """
    lon, lat = lonlat or (0.0, 45.0)
    moment = environment.date_time
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=_zone(lon, lat) if lonlat else UTC)
    if environment.sun is not None:
        return moment, environment.sun
    azimuth, elevation = sun_position(moment, lon=lon, lat=lat)
    share = 1.0 if environment.precipitation == "dry" else _OVERCAST_SHARE
    light = max(_NIGHT_LX, share * _CLEAR_SUN_LX * max(0.0, math.sin(elevation)))
    return moment, Sun(azimuth_rad=azimuth, elevation_rad=elevation, illuminance_lx=light)


def _zone(lon: float, lat: float) -> ZoneInfo:
    from tzfpy import get_tz

    return ZoneInfo(get_tz(lon, lat) or "UTC")


def sun_position(moment: datetime, *, lon: float, lat: float) -> tuple[float, float]:
    """Return azimuth, from north clockwise, and elevation of the sun [rad].

    Parameters
    ----------
    moment
        With a time zone.
    lon, lat
        Place [degrees, WGS 84].
    """
    days = (moment - _NOON_2000).total_seconds() / 86_400
    mean_longitude = math.radians((280.460 + 0.9856474 * days) % 360)
    anomaly = math.radians((357.528 + 0.9856003 * days) % 360)
    longitude = mean_longitude + math.radians(1.915 * math.sin(anomaly) + 0.020 * math.sin(2 * anomaly))
    obliquity = math.radians(23.439 - 0.0000004 * days)
    ascension = math.atan2(math.cos(obliquity) * math.sin(longitude), math.cos(longitude))
    declination = math.asin(math.sin(obliquity) * math.sin(longitude))
    sidereal = math.radians((280.46062 + 360.985647 * days + lon) % 360)
    hour, phi = sidereal - ascension, math.radians(lat)
    elevation = math.asin(
        math.sin(declination) * math.sin(phi) + math.cos(declination) * math.cos(phi) * math.cos(hour)
    )
    azimuth = math.atan2(-math.sin(hour), math.tan(declination) * math.cos(phi) - math.sin(phi) * math.cos(hour))
    return azimuth % (2 * math.pi), elevation
