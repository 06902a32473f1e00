"""Say which part of a map is wanted: a box or a polygon, in longitude and latitude."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.errors import NetworkError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

__all__ = ["Area", "area_of_box", "area_of_polygon", "box_in_words", "read_area"]

_MAXIMUM_POLYGON_BYTES: Final = 20_000_000


@dataclass(frozen=True, eq=False)
class Area:
    """Represent a part of the map.

    Parameters
    ----------
    bounds
        West, south, east, north [degrees, WGS 84].
    polygon
        The exact shape in longitude and latitude, or None where the box is the shape.
    """

    bounds: tuple[float, float, float, float]
    polygon: BaseGeometry | None = None

    def contains(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which points lie inside or on the rim, shape as `lon` and `lat` [degrees]."""
        west, south, east, north = self.bounds
        inside = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
        if self.polygon is not None:
            import shapely

            shapely.prepare(self.polygon)
            inside = inside & shapely.intersects_xy(self.polygon, lon, lat)
        return np.asarray(inside)

    def describe(self) -> dict[str, Any]:
        """Return bounds and polygon (GeoJSON) for provenance."""
        shape = None if self.polygon is None else dict(self.polygon.__geo_interface__)
        return {"bounds": list(self.bounds), "polygon": shape}


def area_of_box(box: Sequence[float]) -> Area:
    """Return the area of a box.

    Parameters
    ----------
    box
        West, south, east, north [degrees, WGS 84].

    Raises
    ------
    NetworkError
        If it is not four finite numbers on the globe in that order.
    """
    came = box_in_words(box)
    if len(box) != 4 or not np.isfinite(box).all():
        raise NetworkError(f"box: expected four finite numbers W,S,E,N in degrees, got {came or 'none'}")
    west, south, east, north = (float(value) for value in box)
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise NetworkError(
            f"box: expected W,S,E,N in degrees with west < east in -180..180 and south < north in -90..90, got {came}; "
            f"{_advice(box)}"
        )
    return Area((west, south, east, north))


def box_in_words(box: Sequence[float]) -> str:
    """Return W,S,E,N as ``--bbox`` takes it, to a millionth of a degree (0.1 m)."""
    return ",".join(f"{value:.6f}".rstrip("0").rstrip(".") for value in box)


def _advice(box: Sequence[float]) -> str:
    """Return the box with its corners swapped back, where that makes a good one; else the order."""
    west, east = sorted(box[::2])
    south, north = sorted(box[1::2])
    if west < east and south < north and max(-west, east) <= 180 and max(-south, north) <= 90:
        return f"its corners in order are {box_in_words((west, south, east, north))}"
    return "the order is west, south, east, north"


def area_of_polygon(polygon: BaseGeometry) -> Area:
    """Return the area of a polygon in longitude and latitude.

    Raises
    ------
    NetworkError
        If it is empty, invalid, not a polygon, or not in degrees.
    """
    if polygon.geom_type not in {"Polygon", "MultiPolygon"} or polygon.is_empty or not polygon.is_valid:
        raise NetworkError(
            f"polygon: expected a valid polygon or multipolygon, got {polygon.geom_type} "
            f"({'empty' if polygon.is_empty else 'valid' if polygon.is_valid else 'invalid'}); mend it in a GIS"
        )
    return Area(area_of_box(polygon.bounds).bounds, polygon)


def read_area(path: Path) -> Area:
    """Read an area from a GeoJSON file (geometry, feature or feature collection; polygons are united).

    Raises
    ------
    NetworkError
        If the file cannot be read, is over 20 MB, or holds no polygon in degrees.
    """
    import shapely
    from shapely.errors import ShapelyError

    try:
        size = path.stat().st_size
        if size > _MAXIMUM_POLYGON_BYTES:
            raise NetworkError(f"{path}: expected a polygon file of at most 20 MB, got {size / 1e6:.0f} MB")
        content = json.loads(path.read_text(encoding="utf-8"))
        shapes = [shapely.geometry.shape(part) for part in _geometries(content)]
    except OSError as error:
        raise NetworkError(f"{path}: expected a GeoJSON file, got {error.strerror}; check the path") from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, ShapelyError) as error:
        raise NetworkError(f"{path}: expected GeoJSON with polygons, got something else ({error})") from error
    if not shapes:
        raise NetworkError(f"{path}: expected a polygon, got no geometry; draw the area and export it as GeoJSON")
    return area_of_polygon(shapely.union_all(shapes))


def _geometries(content: Any) -> list[Any]:
    match content["type"]:
        case "FeatureCollection":
            return [feature["geometry"] for feature in content["features"]]
        case "Feature":
            return [content["geometry"]]
        case _:
            return [content]
