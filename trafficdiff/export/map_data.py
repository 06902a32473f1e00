"""Pack roads, values, vehicles and background into the bytes that the interactive map reads.

One blob holds any of these parts; the map joins the parts of several blobs, so that roads are sent once and values
later.

How the bytes are laid out says `trafficdiff.export.map_packing`; what is in them, this module's ``_pack_`` functions.

Coordinates are Web Mercator (EPSG:3857) in counts of 2**-30 of the world's width, from its north-western corner: below
4 cm. Vehicles are rounded to 2**-27, below 30 cm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.errors import Faults, InputError
from trafficdiff.export.map_packing import LARGEST_HALF, Packer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["MapData", "MapPoints", "RoadLines", "RoadValues", "VehicleTracks", "encode", "roads_of"]

_WORLD_BITS: Final = 30
_VEHICLE_BITS: Final = 27
_LARGEST_LATITUDE: Final = 85.051128
"""Where Web Mercator ends [degrees]: the world is a square."""
_AREAS: Final = ("green", "water", "building")
_LINES: Final = ("waterway", "railway")
_RANKS: Final[dict[str, int]] = {
    "motorway": 4, "trunk": 4, "primary": 3, "secondary": 2, "tertiary": 1,
}  # fmt: skip


@dataclass(frozen=True)
class MapData:
    """Represent packed data.

    Parameters
    ----------
    blob
        The bytes, as described above.
    data_id
        Hash of what they say: equal input gives an equal id, whatever version of zlib compressed it.
    """

    blob: bytes
    data_id: str


@dataclass(frozen=True, eq=False, kw_only=True)
class RoadLines:
    """Say where the roads are.

    Parameters
    ----------
    ids
        ``E`` ids of edges, each once.
    lines
        ``E`` arrays of shape (N, 2), N >= 2: longitude and latitude [degrees, WGS 84] in driving direction.
    names
        ``E`` street names, plain text, perhaps empty; None for none.
    rank
        Shape (E,), 0 (side street) to 4 (motorway): how wide a road is drawn, and what lies on top; None for all 0.
    two_way
        Shape (E,), whether another edge runs the other way along the same street: both are then drawn side by side.
        None for nowhere.
    left_hand
        Whether traffic drives on the left.
    """

    ids: Sequence[str]
    lines: Sequence[NDArray[np.float64]]
    names: Sequence[str] | None = None
    rank: ArrayLike | None = None
    two_way: ArrayLike | None = None
    left_hand: bool = False


@dataclass(frozen=True, eq=False, kw_only=True)
class RoadValues:
    """Say what is known of every road.

    Parameters
    ----------
    values
        Shape (E,) or (T, E) for T intervals, in the unit that the page names; NaN where there is nothing.
    low, high
        Same shape: the interval of uncertainty, or None.
    shown
        Shape (E,) or that of the values: True where the value can be told from chance; the others are grey. None shows
        all.
    interval_edges_s
        Shape (T + 1,), begin of every interval and end of the last [s of the simulated day]; for (T, E) only.
    """

    values: NDArray[np.float64]
    low: NDArray[np.float64] | None = None
    high: NDArray[np.float64] | None = None
    shown: NDArray[np.bool_] | None = None
    interval_edges_s: ArrayLike | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class VehicleTracks:
    """Say where vehicles are.

    Parameters
    ----------
    lonlat
        Shape (S, V, 2), longitude and latitude [degrees, WGS 84] of V vehicles at S times; NaN where one is not on the
        road.
    times_s
        Shape (S,), rising [s of the simulated day].
    kind
        Shape (V,), 0 or a small number that picks the colour (`road_map`'s ``vehicle_kinds``); None for all 0.
    """

    lonlat: NDArray[np.float64]
    times_s: ArrayLike
    kind: ArrayLike | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class MapPoints:
    """Represent one layer of points: stations, crashes, counting posts.

    Parameters
    ----------
    lonlat
        Shape (N, 2) [degrees, WGS 84].
    labels
        ``N`` plain texts that hovering shows, the first line in bold; None for none.
    values
        Shape (N,), which size the circles (area grows with the value); None for circles of one size.
    levels
        Shape (N,), which colour the circles where the page says how; NaN where nothing is known. None for one colour.
    """

    lonlat: NDArray[np.float64]
    labels: Sequence[str] | None = None
    values: ArrayLike | None = None
    levels: ArrayLike | None = None


def roads_of(graph: RoadGraph) -> RoadLines:
    """Return the roads of a graph for the map, in the order of its edges."""
    lonlat = graph.to_lonlat(graph.shape_xy)
    rank = [_RANKS.get(str(kind).removesuffix("_link"), 0) for kind in graph.road_class]
    return RoadLines(
        ids=[str(edge) for edge in graph.edge_id],
        lines=np.split(lonlat, graph.shape_offsets[1:-1]),
        names=[str(name) for name in graph.street_name],
        rank=np.array(rank, np.uint8),
        two_way=_has_opposite(graph.from_node, graph.to_node),
        left_hand=graph.left_hand,
    )


def _has_opposite(from_node: NDArray[np.int32], to_node: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return which edges have another one between the same nodes the other way round."""
    count = int(max(from_node.max(), to_node.max())) + 1
    there, back = from_node.astype(np.int64) * count + to_node, to_node.astype(np.int64) * count + from_node
    return np.asarray(np.isin(there, back) & (from_node != to_node))


def encode(
    *,
    roads: RoadLines | None = None,
    values: Mapping[str, RoadValues] | None = None,
    vehicles: VehicleTracks | None = None,
    vehicles_beside: VehicleTracks | None = None,
    points: Mapping[str, MapPoints] | None = None,
    background: Mapping[str, Any] | None = None,
) -> MapData:
    """Pack what a map shows.

    Parameters
    ----------
    roads
        Where the roads are. The order of the edges is that of every array of values.
    values
        Layers by a name of the page's choice; it may send them with the roads or in a blob of their own.
    vehicles, vehicles_beside
        Moving vehicles, and those of the other side of a split view; None for none.
    points
        Layers of points by name.
    background
        GeoJSON FeatureCollection in longitude and latitude with a ``kind`` for every feature, from `roads.background`.

    Raises
    ------
    InputError
        Listing every fault: arrays that do not fit together.
    """
    fleets = {"vehicles": vehicles, "vehicles_beside": vehicles_beside}
    moving = {name: fleet for name, fleet in fleets.items() if fleet is not None}
    _check(roads, values or {}, moving)
    packer = Packer()
    if roads is not None:
        _pack_roads(packer, roads)
    if values:
        packer.header["values"] = {name: _pack_values(packer, name, layer) for name, layer in values.items()}
    for name, fleet in moving.items():
        _pack_vehicles(packer, name, fleet)
    if points:
        packer.header["points"] = {name: _pack_points(packer, name, layer) for name, layer in points.items()}
    if background is not None:
        _pack_background(packer, background)
    return MapData(*packer.packed())


def _counts(lonlat: NDArray[np.float64], *, bits: int) -> NDArray[np.int32]:
    """Return Web Mercator coordinates in counts of 2**-bits of the world's width, y to the south (EPSG:3857)."""
    lonlat = np.asarray(lonlat, np.float64)
    latitude = np.radians(np.clip(lonlat[..., 1], -_LARGEST_LATITUDE, _LARGEST_LATITUDE))
    x = lonlat[..., 0] / 360 + 0.5
    y = 0.5 - np.arcsinh(np.tan(latitude)) / (2 * np.pi)
    return np.asarray(np.rint(np.stack([x, y], axis=-1) * 2.0**bits), np.int32)


def _offsets(lengths: Sequence[int]) -> NDArray[np.uint32]:
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.uint32)


def _pack_roads(packer: Packer, roads: RoadLines) -> None:
    names = roads.names if roads.names is not None else [""] * len(roads.ids)
    distinct = sorted(set(names))
    place = {name: position for position, name in enumerate(distinct)}
    packer.header["roads"] = {"ids": list(roads.ids), "names": distinct, "left_hand": roads.left_hand}
    packer.steps("roads.xy", _counts(np.concatenate(list(roads.lines)), bits=_WORLD_BITS))
    packer.plain("roads.offsets", _offsets([len(line) for line in roads.lines]))
    packer.plain("roads.name", np.array([place[name] for name in names], np.uint32))
    rank = np.zeros(len(roads.ids)) if roads.rank is None else np.asarray(roads.rank)
    packer.plain("roads.rank", rank.astype(np.uint8))
    two_way = np.zeros(len(roads.ids)) if roads.two_way is None else np.asarray(roads.two_way)
    packer.bits("roads.two_way", two_way.astype(bool))


def _pack_values(packer: Packer, name: str, layer: RoadValues) -> dict[str, Any]:
    arrays = {"value": layer.values, "low": layer.low, "high": layer.high}
    known = {part: np.asarray(array, np.float64) for part, array in arrays.items() if array is not None}
    largest = max((float(np.abs(part[np.isfinite(part)]).max(initial=0.0)) for part in known.values()), default=0.0)
    factor = 2.0 ** np.ceil(np.log2(largest / LARGEST_HALF)) if largest > 0 else 1.0
    for part, array in known.items():
        packer.half(f"values.{name}.{part}", array, factor=factor)
    if layer.shown is not None:
        shape = np.shape(layer.values)
        packer.bits(f"values.{name}.shown", np.broadcast_to(np.asarray(layer.shown, bool), shape))
    edges = [] if layer.interval_edges_s is None else [float(edge) for edge in np.asarray(layer.interval_edges_s)]
    return {"factor": float(factor), "interval_edges_s": edges}


def _pack_vehicles(packer: Packer, name: str, vehicles: VehicleTracks) -> None:
    tracks = np.swapaxes(np.asarray(vehicles.lonlat, np.float64), 0, 1)
    seen = np.asarray(np.isfinite(tracks).all(axis=-1))
    packer.header[name] = {"times_s": [float(time_s) for time_s in np.asarray(vehicles.times_s)]}
    packer.bits(f"{name}.seen", seen)
    packer.steps(f"{name}.xy", _counts(_standing(tracks, seen), bits=_VEHICLE_BITS))
    kind = np.zeros(len(tracks)) if vehicles.kind is None else np.asarray(vehicles.kind)
    packer.plain(f"{name}.kind", kind.astype(np.uint8))


def _standing(tracks: NDArray[np.float64], seen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return tracks, shape (V, S, 2), without gaps: a vehicle that is not seen waits where it was, or will be."""
    steps = np.arange(seen.shape[1])
    last = np.maximum.accumulate(np.where(seen, steps, -1), axis=1)
    first = np.where(seen.any(axis=1), seen.argmax(axis=1), 0)
    place = np.where(last < 0, first[:, None], last)
    return np.nan_to_num(np.take_along_axis(tracks, place[..., None], axis=1))


def _pack_points(packer: Packer, name: str, points: MapPoints) -> dict[str, Any]:
    packer.steps(f"points.{name}.xy", _counts(points.lonlat, bits=_WORLD_BITS))
    if points.values is not None:
        packer.plain(f"points.{name}.value", np.asarray(points.values, np.float32))
    if points.levels is not None:
        packer.plain(f"points.{name}.level", np.asarray(points.levels, np.float32))
    return {"labels": list(points.labels) if points.labels is not None else []}


def _pack_background(packer: Packer, background: Mapping[str, Any]) -> None:
    """Add polygons with their holes, lines and named places; kinds that the map does not draw are left out."""
    features = [(str(feature["properties"].get("kind", "")), feature) for feature in background["features"]]
    rings: list[NDArray[np.float64]] = []
    ring_counts, area_kinds = [], []
    for order, kind in enumerate(_AREAS):
        for feature in (feature for its_kind, feature in features if its_kind == kind):
            for polygon in _parts(feature["geometry"], "Polygon"):
                rings += [np.asarray(ring, np.float64)[:-1, :2] for ring in polygon]
                ring_counts.append(len(polygon))
                area_kinds.append(order)
    _pack_lines(packer, "areas", rings)
    packer.plain("areas.rings", _offsets(ring_counts))
    packer.plain("areas.kind", np.array(area_kinds, np.uint8))
    lines = [
        (order, np.asarray(line, np.float64)[:, :2])
        for order, kind in enumerate(_LINES)
        for its_kind, feature in features
        if its_kind == kind
        for line in _parts(feature["geometry"], "LineString")
    ]
    _pack_lines(packer, "lines", [line for _, line in lines])
    packer.plain("lines.kind", np.array([order for order, _ in lines], np.uint8))
    places = [feature for kind, feature in features if kind == "place" and feature["geometry"]["type"] == "Point"]
    lonlat = np.array([place["geometry"]["coordinates"][:2] for place in places], np.float64).reshape(-1, 2)
    packer.steps("places.xy", _counts(lonlat, bits=_WORLD_BITS))
    packer.header["background"] = {
        "places": [[str(place["properties"].get(key) or "") for key in ("name", "class")] for place in places]
    }


def _pack_lines(packer: Packer, name: str, lines: Sequence[NDArray[np.float64]]) -> None:
    points = np.concatenate(list(lines)) if len(lines) else np.zeros((0, 2))
    packer.steps(f"{name}.xy", _counts(points, bits=_WORLD_BITS))
    packer.plain(f"{name}.offsets", _offsets([len(line) for line in lines]))


def _parts(geometry: Mapping[str, Any], kind: str) -> list[Any]:
    """Return the polygons or lines of a GeoJSON geometry."""
    if geometry["type"] == kind:
        return [geometry["coordinates"]]
    return list(geometry["coordinates"]) if geometry["type"] == f"Multi{kind}" else []


def _check(roads: RoadLines | None, values: Mapping[str, RoadValues], fleets: Mapping[str, VehicleTracks]) -> None:
    faults = Faults("data of the map")
    if roads is not None:
        _check_roads(faults, roads)
    for name, layer in values.items():
        _check_values(faults, name, layer, edges=None if roads is None else len(roads.ids))
    for name, vehicles in fleets.items():
        shape, times = np.shape(vehicles.lonlat), len(np.asarray(vehicles.times_s))
        if len(shape) != 3 or shape[2] != 2 or shape[0] != times:
            faults.add(f"{name}: expected shape ({times}, V, 2) for {times} times, got {shape}")
    faults.raise_if_any(InputError)


def _check_roads(faults: Faults, roads: RoadLines) -> None:
    count = len(roads.ids)
    if not count:
        faults.add("roads: expected at least one edge, got none")
    if len(set(roads.ids)) != count:
        faults.add(f"roads: expected unique ids, got {count - len(set(roads.ids))} that appear twice")
    for what, length in _columns(roads):
        if length != count:
            faults.add(f"roads: expected {count} {what}, one an edge, got {length}")
    short = sum(np.ndim(line) != 2 or np.shape(line)[1] != 2 or len(line) < 2 for line in roads.lines)
    if short:
        faults.add(f"roads: expected lines of shape (N, 2) with two points at least, got {short} others")
    elif not all(np.isfinite(line).all() for line in roads.lines):
        faults.add("roads: expected finite coordinates, got NaN or infinity")


def _columns(roads: RoadLines) -> list[tuple[str, int]]:
    """Return how many values there are of everything that is told of every edge."""
    columns = [("lines", len(roads.lines))]
    columns += [("names", len(roads.names))] if roads.names is not None else []
    arrays = (("rank", roads.rank), ("two_way", roads.two_way))
    return columns + [(what, np.size(part)) for what, part in arrays if part is not None]


def _check_values(faults: Faults, name: str, layer: RoadValues, *, edges: int | None) -> None:
    shape = np.shape(layer.values)
    if len(shape) not in {1, 2} or (edges is not None and shape[-1] != edges):
        faults.add(f"values {name!r}: expected shape ({edges or 'E'},) or (T, {edges or 'E'}), got {shape}")
        return
    for what, part in (("low", layer.low), ("high", layer.high)):
        if part is not None and np.shape(part) != shape:
            faults.add(f"values {name!r}: expected {what} of shape {shape}, got {np.shape(part)}")
    if layer.shown is not None and np.shape(layer.shown) not in {shape, shape[-1:]}:
        faults.add(f"values {name!r}: expected shown of shape {shape} or {shape[-1:]}, got {np.shape(layer.shown)}")
    count = 0 if layer.interval_edges_s is None else len(np.asarray(layer.interval_edges_s))
    wanted = shape[0] + 1 if len(shape) == 2 else 0
    if count != wanted:
        faults.add(f"values {name!r}: expected {wanted} interval_edges_s for shape {shape}, got {count}")
