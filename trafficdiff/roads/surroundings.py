"""Read what lies around the roads of OSM files: areas, lines and points with their tags, in one pass.

Background, points of interest and buildings are views of it. Text from OSM is kept as plain text, as it came;
whoever shows it escapes it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.errors import NetworkError
from trafficdiff.roads.rim import Rim, close_ring
from trafficdiff.roads.screen import screen_source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Bounds", "Found", "Surroundings", "in_box", "metres_per_degree", "read_surroundings"]

Bounds = tuple[float, float, float, float]
"""West, south, east, north [degrees, WGS 84]."""

_KEYS: Final = (
    "amenity", "building", "healthcare", "highway", "landuse", "leisure", "natural", "office", "place",
    "public_transport", "railway", "shop", "tourism", "water", "waterway",
)  # fmt: skip
_LINE_KEYS: Final = frozenset({"railway", "waterway"})
_logger = logging.getLogger(__name__)

_FEWEST_RING_NODES: Final = 3


@dataclass
class Found:
    """Collect objects of one kind: OSM id (``n1``, ``w2``, ``r3``), tags, geometry in lon / lat [WGS 84]."""

    osm_id: list[str] = field(default_factory=list)
    tags: list[dict[str, str]] = field(default_factory=list)
    geometry: NDArray[np.object_] = field(default_factory=lambda: np.zeros(0, object))


@dataclass(frozen=True)
class Surroundings:
    """Hold what OSM files know besides roads.

    Parameters
    ----------
    bounds
        The box that was asked for, else the one in the files' headers, else the extent of their roads.
    points, lines, areas
        Tagged nodes; railways and waterways; closed ways and multipolygons. Not clipped.
    shores
        Coast lines, directed with water on the right, each of shape (P, 2) [degrees].
    """

    bounds: Bounds
    points: Found
    lines: Found
    areas: Found
    shores: list[NDArray[np.float64]]


def read_surroundings(osm_files: Sequence[Path], *, bounds: Bounds | None = None) -> Surroundings:
    """Read the tagged objects of OSM files once; the last answer is remembered until a file changes.

    Parameters
    ----------
    osm_files
        ``.osm``, ``.osm.gz`` or ``.osm.pbf``; an object that several files hold is taken once.
    bounds
        Box of interest [degrees, WGS 84] as west, south, east, north; None for the extent of the files.

    Raises
    ------
    NetworkError
        If a file is missing, cut, hostile or not OSM, or the box is empty.
    """
    stamps = []
    for path in osm_files:
        try:
            state = Path(path).stat()
        except OSError as fault:
            raise NetworkError(f"{path}: expected an OSM file, got {fault.strerror}; check the path") from fault
        stamps.append((Path(path).resolve(), state.st_mtime_ns, state.st_size))
    if bounds is not None and not (bounds[0] < bounds[2] and bounds[1] < bounds[3]):
        raise NetworkError(f"expected a box as west, south, east, north [degrees], got {bounds}; check the order")
    return _read(tuple(stamps), bounds)


def metres_per_degree(latitude: float) -> tuple[float, float]:
    """Return the length of one degree of longitude and of latitude [m] on the WGS 84 ellipsoid.

    From the radii of curvature N = a / sqrt(1 - e2 sin2 phi) and M = a (1 - e2) / (1 - e2 sin2 phi)^1.5
    (Snyder 1987, "Map Projections: A Working Manual", equations 4-18 to 4-20); a = 6,378,137 m, e2 = 0.00669438.
    """
    a, e2 = 6_378_137.0, 0.006_694_379_990_14
    phi = np.radians(latitude)
    w = 1 - e2 * np.sin(phi) ** 2
    return float(np.radians(a / w**0.5 * np.cos(phi))), float(np.radians(a * (1 - e2) / w**1.5))


@lru_cache(maxsize=1)
def _read(stamps: tuple[tuple[Path, int, int], ...], bounds: Bounds | None) -> Surroundings:
    collectors = [_Collector(path) for path, _, _ in stamps]
    if not collectors:
        raise NetworkError("expected at least one OSM file, got none; name the extract")
    for collector in collectors:
        collector.read()
    box = bounds or _union([collector.extent for collector in collectors])
    rims = [Rim(collector.extent) for collector in collectors]
    cut = [collector.closed_areas(rim) for collector, rim in zip(collectors, rims, strict=True)]
    return Surroundings(
        bounds=box,
        points=_together([collector.points for collector in collectors]),
        lines=_together([collector.lines for collector in collectors]),
        areas=_together([collector.areas for collector in collectors] + cut),
        shores=[shore for collector in collectors for shore in collector.shores.values()],
    )


class _Collector:
    """Read one file. Geometry is kept as raw coordinates and WKB, and built in bulk at the end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.points, self.lines, self.areas = Found(), Found(), Found()
        self.shores: dict[tuple[int, int], NDArray[np.float64]] = {}
        self._open_rings: list[tuple[str, dict[str, str], list[NDArray[np.float64]]]] = []
        self._header: Bounds | None = None
        self._roads = np.array([np.inf, np.inf, -np.inf, -np.inf])
        self._node_xy: list[tuple[float, float]] = []
        self._line_xy: list[NDArray[np.float64]] = []
        self._area_wkb: list[bytes] = []

    def read(self) -> None:
        """Fill this collector from the file."""
        import osmium
        import shapely

        screened = screen_source(self.path)
        if screened.kind == "net":
            raise NetworkError(f"{self.path}: expected OpenStreetMap data, got a SUMO net; give the OSM file beside it")
        source = osmium.io.File(str(self.path), screened.osmium_format)
        self._wkb = osmium.geom.WKBFactory()
        try:
            with osmium.io.Reader(source, osmium.osm.osm_entity_bits.NOTHING) as reader:
                self._header = _header_box(reader)
            keys = osmium.filter.KeyFilter(*_KEYS)
            for thing in osmium.FileProcessor(source).with_locations().with_areas(keys).with_filter(keys):
                self._take(thing)
        except (RuntimeError, ValueError) as fault:
            raise NetworkError(
                f"{self.path}: expected whole OpenStreetMap data, got {fault}; download or copy it again"
            ) from fault
        self.points.geometry = np.asarray(shapely.points(np.array(self._node_xy).reshape(-1, 2)))
        self.lines.geometry = np.array([shapely.LineString(line) for line in self._line_xy], object)
        self.areas.geometry = shapely.from_wkb(np.array(self._area_wkb, object))

    @property
    def extent(self) -> Bounds:
        """Box in the file's header, else the extent of its roads, else of its points [degrees]."""
        if self._header is not None:
            return self._header
        box = self._roads
        if not np.isfinite(box).all() and self._node_xy:
            xy = np.array(self._node_xy)
            box = np.concatenate([xy.min(axis=0), xy.max(axis=0)])
        if not (np.isfinite(box).all() and box[0] < box[2] and box[1] < box[3]):
            raise NetworkError(f"{self.path}: expected map data with an extent, got none; is the extract empty?")
        return (float(box[0]), float(box[1]), float(box[2]), float(box[3]))

    def _take(self, thing: Any) -> None:
        tags = dict(thing.tags)
        if thing.is_node():
            if thing.location.valid():
                _note(self.points, f"n{thing.id}", tags)
                self._node_xy.append((thing.lon, thing.lat))
        elif thing.is_area():
            self._take_area(thing, tags)
        elif thing.is_way():
            self._take_way(thing, tags)

    def _take_area(self, area: Any, tags: dict[str, str]) -> None:
        try:
            wkb = self._wkb.create_multipolygon(area)
        except RuntimeError as fault:
            _logger.debug("%s: left out an area without a valid outline: %s", self.path.name, fault)
            return
        _note(self.areas, f"{'w' if area.from_way() else 'r'}{area.orig_id()}", tags)
        self._area_wkb.append(bytes.fromhex(wkb))

    def _take_way(self, way: Any, tags: dict[str, str]) -> None:
        is_line = not _LINE_KEYS.isdisjoint(tags)
        is_shore = tags.get("natural") == "coastline"
        is_road = "highway" in tags and self._header is None
        closed = way.is_closed()
        if not (is_line or is_shore or is_road or closed):
            return
        whole = [(node.lon, node.lat) if node.location.valid() else None for node in way.nodes]
        runs = _runs(whole)
        if is_road and runs:
            xy = np.concatenate(runs)
            self._roads = np.concatenate(
                [np.minimum(self._roads[:2], xy.min(axis=0)), np.maximum(self._roads[2:], xy.max(axis=0))]
            )
        for number, run in enumerate(runs):
            if is_shore:
                self.shores[way.id, number] = run
            elif is_line and len(run) > 1:
                _note(self.lines, f"w{way.id}", tags)
                self._line_xy.append(run)
        if closed and None in whole and sum(map(len, runs)) >= _FEWEST_RING_NODES and "highway" not in tags:
            self._open_rings.append((f"w{way.id}", tags, _from_a_gap(whole)))

    def closed_areas(self, rim: Rim) -> Found:
        """Return the closed ways that the crop has cut, closed along the rim."""
        import shapely

        found = Found()
        rings = []
        for osm_id, tags, runs in self._open_rings:
            _note(found, osm_id, tags)
            rings.append(shapely.Polygon(close_ring(runs, rim)))
        found.geometry = np.array(rings, object)
        return found


def _note(found: Found, osm_id: str, tags: dict[str, str]) -> None:
    found.osm_id.append(osm_id)
    found.tags.append(tags)


def _runs(points: Sequence[tuple[float, float] | None]) -> list[NDArray[np.float64]]:
    """Return the unbroken parts of a line with missing points."""
    runs: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if point is not None:
            runs[-1].append(point)
        elif runs[-1]:
            runs.append([])
    return [np.array(run) for run in runs if run]


def _from_a_gap(ring: list[tuple[float, float] | None]) -> list[NDArray[np.float64]]:
    """Return the unbroken parts of a closed ring, walking from a gap so that no part is split at its seam."""
    nodes = ring[:-1]
    gap = nodes.index(None)
    return _runs(nodes[gap:] + nodes[:gap])


def _header_box(reader: Any) -> Bounds | None:
    box = reader.header().box()
    if not box.valid():
        return None
    low, high = box.bottom_left, box.top_right
    return (low.lon, low.lat, high.lon, high.lat) if low.lon < high.lon and low.lat < high.lat else None


def _union(boxes: list[Bounds]) -> Bounds:
    array = np.array(boxes)
    low, high = array[:, :2].min(axis=0), array[:, 2:].max(axis=0)
    return (float(low[0]), float(low[1]), float(high[0]), float(high[1]))


def _together(parts: list[Found]) -> Found:
    """Return the objects of several files, each taken once.

    A line that a crop has cut comes in several parts under one id; all parts of the first file that has it are kept.
    """
    seen: set[str] = set()
    joined = Found()
    kept = []
    for part in parts:
        places = [place for place, osm_id in enumerate(part.osm_id) if osm_id not in seen]
        seen.update(part.osm_id)
        joined.osm_id += [part.osm_id[place] for place in places]
        joined.tags += [part.tags[place] for place in places]
        kept.append(part.geometry[places])
    joined.geometry = np.concatenate(kept) if kept else joined.geometry
    return joined


def in_box(found: Found, bounds: Bounds) -> NDArray[np.bool_]:
    """Return which objects have their centroid in a box."""
    import shapely

    centre = shapely.centroid(found.geometry)
    x, y = shapely.get_x(centre), shapely.get_y(centre)
    west, south, east, north = bounds
    return np.asarray((x >= west) & (x <= east) & (y >= south) & (y <= north))
