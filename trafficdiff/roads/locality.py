"""Tell from coordinates alone, without the internet, on which side traffic drives and what time it is."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

__all__ = ["drives_on_left", "time_zone_at"]

_LEFT_HAND: Final = Path(__file__).with_name("left_hand.geojson.gz")


def drives_on_left(lon: float, lat: float) -> bool:
    """Return whether traffic drives on the left at a place.

    The areas are Natural Earth's countries (version 5.1.1, 1:10m, public domain) that drive on the left, good to
    about 1 km at land borders; ``scripts/left_hand_areas.py`` makes them.

    Parameters
    ----------
    lon, lat
        Longitude and latitude [degrees, WGS 84].
    """
    import shapely

    return bool(shapely.intersects_xy(_left_hand_areas(), lon, lat))


def time_zone_at(lon: float, lat: float) -> str:
    """Return the IANA time zone of a place, as tzfpy's map of time zones has it (good to about 1 km at borders)."""
    import tzfpy

    return str(tzfpy.get_tz(lon, lat))


@cache
def _left_hand_areas() -> BaseGeometry:
    import shapely

    feature = json.loads(gzip.decompress(_LEFT_HAND.read_bytes()))
    area = shapely.geometry.shape(feature["geometry"])
    shapely.prepare(area)
    return area
