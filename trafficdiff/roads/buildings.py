"""Measure the buildings of OSM files: footprint, levels, floor area."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.roads.surroundings import Bounds, in_box, metres_per_degree, read_surroundings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import geopandas as gpd
    from numpy.typing import NDArray

__all__ = ["DEFAULT_LEVELS", "LEVEL_HEIGHT_M", "OTHER_LEVELS", "buildings", "levels_of", "polygonal"]

LEVEL_HEIGHT_M: Final = 3.0
"""Height of one level [m] where only the building's height is known (OSM wiki, "Key:height")."""

_LOW: Final = (
    "barn bungalow cabin carport conservatory container cowshed farm_auxiliary garage garages grandstand greenhouse "
    "hut industrial kiosk mosque retail roof ruins service shed stable static_caravan supermarket sty toilets warehouse"
)
_HIGH: Final = "apartments commercial dormitory hospital hotel office public residential university"
DEFAULT_LEVELS: Final[dict[str, float]] = dict.fromkeys(_LOW.split(), 1.0) | dict.fromkeys(_HIGH.split(), 4.0)
"""Levels by kind where neither levels nor height are tagged; a declared guess, not a measurement."""
OTHER_LEVELS: Final = 2.0
"""Levels of every other kind; a declared guess."""

_MAXIMUM_LEVELS: Final = 163.0
"""Levels of the tallest building on earth (Burj Khalifa); more is a typing error and counts as unknown."""
_NUMBER: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(m|ft|')?\s*$")
_METRES_PER_FOOT: Final = 0.3048
_NOT_A_BUILDING: Final = frozenset({"no", "demolished", "razed", "proposed"})


def buildings(osm_files: Sequence[Path], *, bounds: Bounds | None = None) -> gpd.GeoDataFrame:
    """Return the buildings of OSM files whose centroid lies in the box.

    Parameters and errors are those of `trafficdiff.roads.surroundings.read_surroundings`.

    Returns
    -------
    Polygons in lon / lat [WGS 84] with the columns ``osm_id``, ``kind`` (value of ``building``), ``levels``,
    ``levels_given`` (False where `DEFAULT_LEVELS` filled in) and ``floor_area_m2`` (footprint [m2] times levels).
    Outlines count, their ``building:part`` do not.
    """
    import geopandas as gpd
    import shapely

    around = read_surroundings(osm_files, bounds=bounds)
    found = around.areas
    inside = in_box(found, around.bounds)
    places = [
        place
        for place in np.flatnonzero(inside).tolist()
        if found.tags[place].get("building", "no") not in _NOT_A_BUILDING
    ]
    geometry = polygonal(found.geometry[places])
    kinds = [found.tags[place]["building"] for place in places]
    tagged = [levels_of(found.tags[place]) for place in places]
    levels = [
        DEFAULT_LEVELS.get(kind, OTHER_LEVELS) if known is None else known
        for kind, known in zip(kinds, tagged, strict=True)
    ]
    degree_x_m, degree_y_m = metres_per_degree((around.bounds[1] + around.bounds[3]) / 2)
    return gpd.GeoDataFrame(
        {
            "osm_id": [found.osm_id[place] for place in places],
            "kind": kinds,
            "levels": np.array(levels, np.float64),
            "levels_given": np.array([known is not None for known in tagged], bool),
            "floor_area_m2": shapely.area(geometry) * degree_x_m * degree_y_m * np.array(levels, np.float64),
        },
        geometry=geometry,
        crs="EPSG:4326",
    )


def levels_of(tags: dict[str, str]) -> float | None:
    """Return the levels above ground that tags state, from ``building:levels`` or ``height``, or None."""
    levels = _number(tags.get("building:levels", ""))
    if levels is None and (height_m := _number(tags.get("height", ""))) is not None:
        levels = max(1.0, float(round(height_m / LEVEL_HEIGHT_M)))
    return levels if levels is not None and 0 < levels <= _MAXIMUM_LEVELS else None


def polygonal(geometry: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return valid polygons or multipolygons; what is no area after the repair comes back empty."""
    import shapely

    repaired = shapely.make_valid(geometry)
    mixed = shapely.get_type_id(repaired) == shapely.GeometryType.GEOMETRYCOLLECTION
    for place in np.flatnonzero(mixed):
        parts = shapely.get_parts(repaired[place])
        repaired[place] = shapely.union_all(parts[shapely.get_dimensions(parts) == 2])
    flat = shapely.get_dimensions(repaired) < 2
    repaired[flat] = shapely.Polygon()
    return np.asarray(repaired)


def _number(text: str) -> float | None:
    found = _NUMBER.match(text)
    if found is None:
        return None
    return float(found[1]) * (_METRES_PER_FOOT if found[2] in {"ft", "'"} else 1.0)
