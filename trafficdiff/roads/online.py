"""Fetch a place by its name from OpenStreetMap, when the internet is there: geocoded by OSMnx, data from Overpass."""

from __future__ import annotations

import contextlib
import logging
import urllib.error
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Any, Final

from trafficdiff.errors import NetworkError
from trafficdiff.resources import bundled_places
from trafficdiff.roads.area import Area, area_of_polygon

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["MAXIMUM_AREA_KM2", "MAXIMUM_DOWNLOAD_BYTES", "fetch_place"]

MAXIMUM_AREA_KM2: Final = 2_500.0
"""Largest box that is asked of the public Overpass server, OSMnx's own limit for one query [km2]."""
MAXIMUM_DOWNLOAD_BYTES: Final = 2 * 1024**3
"""Most bytes that are taken from the server."""

_DEADLINE_S: Final = 300
_CHUNK_BYTES: Final = 1024**2
_QUERY: Final = """[out:xml][timeout:{seconds}][bbox:{south},{west},{north},{east}];
(node;way;relation[type=restriction];relation[type=multipolygon];);
(._;>;);
out meta;"""

_logger = logging.getLogger(__name__)


def fetch_place(name: str, *, file: Path) -> Area:
    """Download the OSM data of a named place to `file` (OSM XML) and return its boundary.

    Parameters
    ----------
    name
        As a person would type it into a map search: ``"Kotka, Finland"``.
    file
        Where to write.

    Raises
    ------
    NetworkError
        If there is no internet, no such place, a place without a boundary, or one that is too large.
    """
    area = _geocode(name)
    west, south, east, north = area.bounds
    size_km2 = _size_km2(area.bounds)
    if size_km2 > MAXIMUM_AREA_KM2:
        raise NetworkError(
            f"{name}: expected a place of at most {MAXIMUM_AREA_KM2:,.0f} km2, got a box of {size_km2:,.0f} km2; "
            "download an extract (for example from geofabrik.de) and give it with --bbox"
        )
    query = _QUERY.format(seconds=_DEADLINE_S, south=south, west=west, north=north, east=east)
    _logger.info("asking Overpass for %s, %.1f km2", name, size_km2)
    with _understood(name):
        _download(query, file)
    return area


@contextlib.contextmanager
def _understood(name: str) -> Iterator[None]:
    """Turn what goes wrong on the line into an error that says what to do instead."""
    try:
        yield
    except (OSError, urllib.error.URLError) as error:
        _logger.debug("%s: %s", name, error)
        raise NetworkError(
            f"{name}: expected a file, a folder, a city that travels with the package ({', '.join(bundled_places())}), "
            f"or OpenStreetMap online to look the place up, got {_reason(error)}; a place name needs the internet: "
            "give an OSM file (.osm, .osm.gz, .osm.pbf) instead"
        ) from error


def _reason(error: OSError) -> str:
    """Return in a few words why the line failed; the whole story is in the debug log."""
    if isinstance(error, urllib.error.HTTPError):
        return f"its refusal (HTTP status {error.code})"
    if isinstance(error, TimeoutError) or "timeout" in type(error).__name__.lower():
        return "no answer in time"
    return "no connection"


def _first_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {str(error).splitlines()[0][:200] if str(error) else 'no answer'}"


def _geocode(name: str) -> Area:
    import osmnx
    from osmnx._errors import InsufficientResponseError, ResponseStatusCodeError

    kept = osmnx.settings.use_cache
    osmnx.settings.use_cache = False  # or it leaves a folder "cache" wherever the user happens to be
    try:
        with _understood(name):
            found = osmnx.geocode_to_gdf(name)
    except (InsufficientResponseError, ResponseStatusCodeError, TypeError) as error:
        raise NetworkError(
            f"{name}: expected the name of a place with a boundary, got none ({_first_line(error)}); "
            "write it as 'City, Country', or give an OSM file"
        ) from error
    finally:
        osmnx.settings.use_cache = kept
    return area_of_polygon(found.geometry.iloc[0])


def _size_km2(bounds: tuple[float, float, float, float]) -> float:
    import math

    west, south, east, north = bounds
    return (east - west) * math.cos(math.radians((south + north) / 2)) * (north - south) * 111.195**2


def _download(query: str, file: Path) -> None:
    import osmnx

    settings: Any = osmnx.settings
    request = urllib.request.Request(  # noqa: S310 - the address is OSMnx's setting, https unless the user changes it
        f"{settings.overpass_url.rstrip('/')}/interpreter",
        data=urllib.parse.urlencode({"data": query}).encode(),
        headers={"User-Agent": settings.http_user_agent},
    )
    taken = 0
    with urllib.request.urlopen(request, timeout=_DEADLINE_S) as answer, file.open("wb") as sink:  # noqa: S310
        while chunk := answer.read(_CHUNK_BYTES):
            taken += len(chunk)
            if taken > MAXIMUM_DOWNLOAD_BYTES:
                raise NetworkError(
                    f"expected at most 2 GB from {settings.overpass_url}, got more; take a smaller place"
                )
            sink.write(chunk)
