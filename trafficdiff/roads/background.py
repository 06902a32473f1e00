"""Draw the map behind the roads: water, green, buildings, railways and place names as small GeoJSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.roads.buildings import polygonal
from trafficdiff.roads.rim import Rim, sea_areas
from trafficdiff.roads.surroundings import Bounds, Found, metres_per_degree, read_surroundings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["ATTRIBUTION", "KINDS", "background"]

ATTRIBUTION: Final = "© OpenStreetMap contributors, ODbL 1.0"
"""What the licence asks to be shown wherever the data are."""

KINDS: Final = ("green", "water", "building", "waterway", "railway", "place")
"""Every kind of feature, in the order in which to draw them."""

_AREAS: Final[dict[str, dict[str, str]]] = {
    "water": {
        "natural": "water",
        "waterway": "riverbank dock boatyard",
        "landuse": "reservoir basin pond",
        "place": "sea",
    },
    "green": {
        "leisure": "park garden nature_reserve golf_course pitch playground dog_park common",
        "landuse": "allotments cemetery forest grass meadow orchard recreation_ground village_green vineyard",
        "natural": "wood scrub grassland heath wetland",
        "amenity": "grave_yard",
    },
}
_LINES: Final = {
    "waterway": {"waterway": "river canal stream"},
    "railway": {"railway": "rail light_rail subway tram narrow_gauge"},
}
_PLACES: Final = "city town village suburb borough quarter neighbourhood hamlet square island"
_KIND_OF_AREA: Final = {
    (key, value): kind for kind, keys in _AREAS.items() for key, values in keys.items() for value in values.split()
}
_KIND_OF_LINE: Final = {
    (key, value): kind for kind, keys in _LINES.items() for key, values in keys.items() for value in values.split()
}

_DIGITS: Final = 6
"""Digits of the coordinates; 0.000001 degrees are 0.1 m."""
_TOLERANCE_M: Final = 1.0
"""How far a simplified line may leave the true one [m]."""
_SMALLEST_M2: Final = {"water": 100.0, "green": 200.0, "building": 30.0}
"""Smaller areas are left out [m2]."""
_SHORTEST_M: Final = 10.0
_MOST_BUILDINGS: Final = 15_000
"""Where a box holds more, only the largest are drawn; about 3 MB of GeoJSON."""


@dataclass
class _Layer:
    """Collect features of one kind, geometry in lon / lat."""

    kind: str
    geometry: NDArray[np.object_]
    name: list[str]
    detail: list[str]


def background(osm_files: Sequence[Path], *, bounds: Bounds | None = None) -> dict[str, Any]:
    """Return what a map shows behind the roads.

    Parameters and errors are those of `trafficdiff.roads.surroundings.read_surroundings`.

    Returns
    -------
    A GeoJSON FeatureCollection (RFC 7946) in lon / lat [WGS 84], clipped to the box, with ``bbox`` and ``attribution``.
    Each feature has ``kind`` (one of `KINDS`), ``name`` (plain text as it came, perhaps empty; escape it where
    it is shown) and ``class`` (the OSM value, ``"sea"`` for water made from coast lines). Features come in
    drawing order.
    """
    around = read_surroundings(osm_files, bounds=bounds)
    layers = {layer.kind: layer for layer in (*_area_layers(around.areas), *_line_layers(around.lines))}
    layers["place"] = _place_layer(around.points, around.areas)
    sea = np.array(sea_areas(around.shores, Rim(around.bounds)), object)
    water = layers["water"]
    layers["water"] = _Layer(
        "water", np.concatenate([water.geometry, sea]), water.name + [""] * len(sea), water.detail + ["sea"] * len(sea)
    )
    return {
        "type": "FeatureCollection",
        "attribution": ATTRIBUTION,
        "bbox": [round(value, _DIGITS) for value in around.bounds],
        "features": [feature for kind in KINDS for feature in _features(layers[kind], around.bounds)],
    }


def _area_layers(found: Found) -> list[_Layer]:
    kinds: dict[str, list[tuple[int, str]]] = {"water": [], "green": [], "building": []}
    for place, tags in enumerate(found.tags):
        if (building := tags.get("building", "no")) not in {"no", "roof"}:
            kinds["building"].append((place, building))
        elif (match := _match(tags, _KIND_OF_AREA)) is not None:
            kinds[match[0]].append((place, match[1]))
    return [_layer(kind, found, rows, polygonal) for kind, rows in kinds.items()]


def _line_layers(found: Found) -> list[_Layer]:
    kinds: dict[str, list[tuple[int, str]]] = {kind: [] for kind in _LINES}
    for place, tags in enumerate(found.tags):
        hidden = tags.get("tunnel", "no") != "no" or tags.get("service") in {"yard", "spur", "siding", "crossover"}
        if not hidden and (match := _match(tags, _KIND_OF_LINE)) is not None:
            kinds[match[0]].append((place, match[1]))
    return [_layer(kind, found, rows) for kind, rows in kinds.items()]


def _place_layer(points: Found, areas: Found) -> _Layer:
    """Return named places; one that is mapped as a node and as an area is shown once, at the node."""
    import shapely

    known = set(_PLACES.split())
    layer = _Layer("place", np.zeros(0, object), [], [])
    geometry = []
    seen: set[tuple[str, str]] = set()
    for found in (points, areas):
        for place, tags in enumerate(found.tags):
            key = (tags.get("place", ""), tags.get("name", ""))
            if key[0] not in known or not key[1] or key in seen:
                continue
            seen.add(key)
            geometry.append(shapely.point_on_surface(found.geometry[place]))
            layer.detail.append(key[0])
            layer.name.append(key[1])
    layer.geometry = np.array(geometry, object)
    return layer


def _match(tags: dict[str, str], kinds: dict[tuple[str, str], str]) -> tuple[str, str] | None:
    for key, value in tags.items():
        if (kind := kinds.get((key, value))) is not None:
            return kind, value
    return None


def _layer(kind: str, found: Found, rows: list[tuple[int, str]], repair: Any = np.asarray) -> _Layer:
    places = [place for place, _ in rows]
    return _Layer(
        kind,
        repair(found.geometry[places]),
        [found.tags[place].get("name", "") for place in places],
        [value for _, value in rows],
    )


def _features(layer: _Layer, bounds: Bounds) -> list[dict[str, Any]]:
    """Return a layer as GeoJSON features: clipped, simplified, rounded, without what is too small to see."""
    import shapely

    shapes = shapely.intersection(layer.geometry, shapely.box(*bounds))
    shapes, place = _parts(shapes, dimension={"place": 0, "waterway": 1, "railway": 1}.get(layer.kind, 2))
    degree_x_m, degree_y_m = metres_per_degree((bounds[1] + bounds[3]) / 2)
    if layer.kind in _SMALLEST_M2:
        size = shapely.area(shapes) * degree_x_m * degree_y_m
        large = size >= _SMALLEST_M2[layer.kind]
        if layer.kind == "building" and large.sum() > _MOST_BUILDINGS:
            large &= size >= np.sort(size)[-_MOST_BUILDINGS]
        shapes, place = shapes[large], place[large]
    elif layer.kind != "place":
        long = shapely.length(shapes) * degree_y_m >= _SHORTEST_M
        shapes, place = shapes[long], place[long]
    shapes = shapely.simplify(shapes, _TOLERANCE_M / degree_y_m)
    shapes, again = _parts(
        shapely.set_precision(shapes, 10**-_DIGITS),
        dimension=None if not len(shapes) else int(shapely.get_dimensions(shapes[0])),
    )
    return [
        {
            "type": "Feature",
            "properties": {"kind": layer.kind, "name": layer.name[row], "class": layer.detail[row]},
            "geometry": _geojson(shape),
        }
        for shape, row in zip(shapes, place[again].tolist(), strict=True)
    ]


def _parts(shapes: NDArray[np.object_], *, dimension: int | None) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Return the single parts of one dimension, and the row that each came from."""
    import shapely

    parts, row = shapely.get_parts(shapes, return_index=True)
    nested = shapely.get_num_geometries(parts) > 1  # a collection may hold multipolygons
    if nested.any():
        inner, inner_row = shapely.get_parts(parts[nested], return_index=True)
        parts, row = np.concatenate([parts[~nested], inner]), np.concatenate([row[~nested], row[nested][inner_row]])
    kept = ~shapely.is_empty(parts)
    if dimension is not None:
        kept &= shapely.get_dimensions(parts) == dimension
    return parts[kept], row[kept]


def _geojson(shape: Any) -> dict[str, Any]:
    import shapely

    mapping: dict[str, Any] = shapely.geometry.mapping(shapely.orient_polygons(shape))
    return {"type": mapping["type"], "coordinates": _rounded(mapping["coordinates"])}


def _rounded(coordinates: Any) -> Any:
    if isinstance(coordinates, float):
        return round(coordinates, _DIGITS)
    return [_rounded(part) for part in coordinates]
