"""Describe edges, zones and the whole scene by numbers that mean the same in every city.

Nothing here depends on ids, on the order of edges, or on where on earth the place lies. Columns that turn with the
map (bearing, offsets from the centre) are declared as directional; all others stay when the town is turned
or moved. The layout is fixed: where points of interest or buildings are not known their columns are 0 and the scene
says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.errors import Faults, NetworkError
from trafficdiff.roads.centrality import betweenness
from trafficdiff.roads.fringe import find_fringe, hull_area_m2, hull_distance_m
from trafficdiff.roads.landuse import land_use_by_zone, land_use_near
from trafficdiff.roads.pois import POI_CATEGORIES
from trafficdiff.roads.zones import zone_travel_times

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.roads.zones import Zones

__all__ = ["Features", "edge_features", "scene_features", "zone_features"]

ROAD_CLASSES: Final[dict[str, tuple[str, ...]]] = {
    "motorway": ("motorway", "motorway_link"),
    "trunk": ("trunk", "trunk_link"),
    "primary": ("primary", "primary_link"),
    "secondary": ("secondary", "secondary_link"),
    "tertiary": ("tertiary", "tertiary_link"),
    "residential": ("residential", "unclassified", "living_street", "road"),
    "service": ("service", "track", "path", "footway", "cycleway", "pedestrian"),
}
"""OSM classes by the class that stands for them; everything else, and none, is ``other``."""

SPEED_LIMITS_MS: Final = (35 / 3.6, 55 / 3.6, 85 / 3.6)
"""Upper bounds of the speed classes [m/s]: calmed, town, country road; above: motorway."""
_SPEED_NAMES: Final = ("calmed", "town", "country", "motorway")

BLOCK_M: Final = 50.0
"""How far a zone reaches beyond the streets at its rim [m], half a block."""
_MOST_SINUOSITY: Final = 10.0
"""Length over straight distance of loops, where the ratio has no bound."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Features:
    """Represent a table of named numbers; immutable. ``N`` rows, ``F`` columns.

    Parameters
    ----------
    names
        Unique names of the columns.
    units
        UDUNITS string of each column, ``"1"`` for counts, shares and flags.
    values
        Shape (N, F), float32, finite.
    directional
        Names of the columns that change when the map is turned or mirrored.

    Raises
    ------
    NetworkError
        If names, units and columns do not match, or a value is not finite.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    values: NDArray[np.float32]
    directional: frozenset[str] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        faults = Faults("features")
        if not len(self.names) == len(set(self.names)) == len(self.units) == self.values.shape[1]:
            faults.add(f"expected one name and one unit a column ({self.values.shape[1]}), got {len(self.names)} names")
        bad = np.flatnonzero(~np.isfinite(self.values).all(axis=0))
        for column in bad:
            faults.add(f"expected finite values of {self.names[column]!r}, got NaN or infinity")
        faults.raise_if_any(NetworkError)
        self.values.setflags(write=False)

    def column(self, name: str) -> NDArray[np.float32]:
        """Return one column, shape (N,)."""
        return self.values[:, self.names.index(name)]


_Columns = dict[str, tuple[str, "NDArray[np.float64]"]]


def _table(columns: _Columns, *, directional: frozenset[str] = frozenset()) -> Features:
    return Features(
        names=tuple(columns),
        units=tuple(unit for unit, _ in columns.values()),
        values=np.stack([values for _, values in columns.values()], axis=1).astype(np.float32),
        directional=directional,
    )


def edge_features(
    graph: RoadGraph, *, pois: gpd.GeoDataFrame | None = None, buildings: gpd.GeoDataFrame | None = None
) -> Features:
    """Return what is known of each edge.

    Geometry, class, lanes, speed, signal, neighbours, betweenness, distance to the hull, fringe capacity, and what
    lies within `NEAR_M` of the midpoint.

    Parameters
    ----------
    graph
        The roads.
    pois
        As `points_of_interest` returns them, or None.
    buildings
        As `buildings` returns them, or None.
    """
    fringe = find_fringe(graph)
    flags = {
        "drivable": graph.drivable(),
        "ends_at_signal": graph.ends_at_signal,
        "dead_end": fringe.dead_end,
        **_class_flags(graph),
    }
    columns = _shape_columns(graph)
    columns |= {
        "length": ("m", graph.length_m),
        "lanes": ("1", graph.lanes.astype(float)),
        "speed_limit": ("m s-1", graph.speed_limit_ms),
        "free_flow_time": ("s", graph.free_flow_time_s),
        "successors": ("1", np.diff(graph.successor_offsets).astype(float)),
        "predecessors": ("1", np.bincount(graph.successor_edges, minlength=graph.edge_count).astype(float)),
        "betweenness": ("1", betweenness(graph)),
        "hull_distance": ("m", hull_distance_m(graph, graph.midpoint_xy)),
        "fringe_lanes_in": ("1", graph.lanes * fringe.enters.astype(float)),
        "fringe_lanes_out": ("1", graph.lanes * fringe.leaves.astype(float)),
    }
    columns |= {name: ("1", flag.astype(float)) for name, flag in flags.items()}
    near, floor_m2 = land_use_near(graph, pois=pois, buildings=buildings)
    columns |= {f"pois_near_{name}": ("1", near[:, kind]) for kind, name in enumerate(POI_CATEGORIES)}
    columns |= {"floor_area_near": ("m2", floor_m2)}
    return _table(columns, directional=frozenset({"bearing_sine", "bearing_cosine"}))


def _shape_columns(graph: RoadGraph) -> _Columns:
    """Return sinuosity, turning and bearing of the centre lines."""
    first, last = graph.shape_offsets[:-1], graph.shape_offsets[1:] - 1
    chord = graph.shape_xy[last] - graph.shape_xy[first]
    straight = np.linalg.norm(chord, axis=1)
    step = np.diff(graph.shape_xy, axis=0)
    edge = np.repeat(np.arange(graph.edge_count), np.diff(graph.shape_offsets))
    inner = (edge[1:] == edge[:-1]) & (np.linalg.norm(step, axis=1) > 0)
    step, edge = step[inner], edge[1:][inner]
    along = np.bincount(edge, np.linalg.norm(step, axis=1), graph.edge_count)
    heading = np.arctan2(step[:, 1], step[:, 0])
    turn = np.abs((np.diff(heading) + np.pi) % (2 * np.pi) - np.pi)
    same = edge[1:] == edge[:-1]
    turned = np.bincount(edge[1:][same], turn[same], graph.edge_count)
    with np.errstate(divide="ignore", invalid="ignore"):
        sinuosity = np.where(straight > 0, along / straight, _MOST_SINUOSITY)
        bearing = np.where(straight[:, None] > 0, chord / straight[:, None], 0.0)
    return {
        "sinuosity": ("1", np.minimum(sinuosity, _MOST_SINUOSITY)),
        "turning": ("rad km-1", 1000 * turned / graph.length_m),
        "bearing_sine": ("1", bearing[:, 0]),
        "bearing_cosine": ("1", bearing[:, 1]),
    }


def _class_flags(graph: RoadGraph) -> dict[str, NDArray[np.bool_]]:
    flags = {f"class_{name}": np.isin(graph.road_class.astype(str), members) for name, members in ROAD_CLASSES.items()}
    return flags | {"class_other": ~np.logical_or.reduce(list(flags.values()))}


def zone_features(
    graph: RoadGraph,
    zones: Zones,
    *,
    edges: Features | None = None,
    travel_time_s: NDArray[np.float64] | None = None,
    pois: gpd.GeoDataFrame | None = None,
    buildings: gpd.GeoDataFrame | None = None,
) -> Features:
    """Return what is known of each zone.

    Parameters
    ----------
    graph
        The roads.
    zones
        As `make_zones` returns them.
    edges
        `edge_features` of the same graph, if they are there already.
    travel_time_s
        `zone_travel_times` of the same zones, if they are there already.
    pois, buildings
        As `points_of_interest` and `buildings` return them, or None. Each counts for the zone of the edge whose
        centre line is nearest.

    Notes
    -----
    The area of a zone is that of the convex hull of its streets, widened by `BLOCK_M`. Where no other zone can be
    reached, the median travel time is the largest median of the scene and ``reachable_share`` is 0.
    """
    edges = edge_features(graph) if edges is None else edges
    times = zone_travel_times(graph, zones) if travel_time_s is None else travel_time_s
    count = len(zones)

    def total(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(zones.zone, values, count).astype(np.float64)

    centre = graph.midpoint_xy.mean(axis=0)
    offset_km = (zones.centre_xy - centre) / 1000
    lane_km = graph.length_m * graph.lanes / 1000
    speed_class = np.searchsorted(SPEED_LIMITS_MS, graph.speed_limit_ms)
    size = zones.edge_counts
    passing = edges.column("betweenness").astype(np.float64)
    median, reachable = _medians(times)
    area_km2 = _zone_areas_m2(graph, zones) / 1e6
    columns: _Columns = {
        "edges": ("1", size.astype(float)),
        "drivable_edges": ("1", total(graph.drivable().astype(float))),
        "area": ("km2", area_km2),
        **{f"lane_km_{name}": ("km", total(lane_km * (speed_class == k))) for k, name in enumerate(_SPEED_NAMES)},
        "fringe_lanes_in": ("1", total(edges.column("fringe_lanes_in").astype(float))),
        "fringe_lanes_out": ("1", total(edges.column("fringe_lanes_out").astype(float))),
        "dead_ends": ("1", total(edges.column("dead_end").astype(float))),
        "signals": ("1", _signals(graph, zones)),
        "betweenness_mean": ("1", total(passing) / size),
        "betweenness_largest": ("1", _largest(passing, zones)),
        "median_travel_time": ("s", median),
        "reachable_share": ("1", reachable),
        "hull_distance": ("m", hull_distance_m(graph, zones.centre_xy)),
        "centre_distance": ("km", np.linalg.norm(offset_km, axis=1)),
        "centre_east": ("km", offset_km[:, 0]),
        "centre_north": ("km", offset_km[:, 1]),
    }
    counts, floor_m2 = land_use_by_zone(graph, zones, pois=pois, buildings=buildings)
    density = counts / area_km2[:, None]
    columns |= {f"pois_{name}": ("km-2", density[:, kind]) for kind, name in enumerate(POI_CATEGORIES)}
    columns |= {"floor_area": ("m2", floor_m2)}
    return _table(columns, directional=frozenset({"centre_east", "centre_north"}))


def scene_features(
    graph: RoadGraph, *, pois: gpd.GeoDataFrame | None = None, buildings: gpd.GeoDataFrame | None = None
) -> Features:
    """Return what is known of the whole scene, one row: size, share of the fringe, signals, what is mapped."""
    fringe = find_fringe(graph)
    drivable = graph.drivable()
    lane_km = graph.length_m * graph.lanes / 1000
    area_km2 = hull_area_m2(graph) / 1e6
    values = {
        "lane_km": ("km", lane_km[drivable].sum()),
        "drivable_edges": ("1", drivable.sum()),
        "extent": ("km", area_km2**0.5),
        "lane_density": ("km-1", lane_km[drivable].sum() / area_km2),
        "fringe_share_in": ("1", fringe.enters.sum() / drivable.sum()),
        "fringe_share_out": ("1", fringe.leaves.sum() / drivable.sum()),
        "fringe_lanes_in": ("1", graph.lanes[fringe.enters].sum()),
        "fringe_lanes_out": ("1", graph.lanes[fringe.leaves].sum()),
        "signals": ("1", graph.node_signalised.sum()),
        "mean_speed_limit": ("m s-1", (lane_km * graph.speed_limit_ms)[drivable].sum() / lane_km[drivable].sum()),
        "pois_known": ("1", pois is not None),
        "pois": ("1", 0 if pois is None else len(pois)),
        "buildings_known": ("1", buildings is not None),
        "floor_area": ("m2", 0 if buildings is None else buildings["floor_area_m2"].sum()),
        "left_hand": ("1", graph.left_hand),
    }
    return _table({name: (unit, np.array([value], np.float64)) for name, (unit, value) in values.items()})


def _medians(times: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the median time to other zones that can be reached, and the share of zones that can."""
    others = np.where(np.eye(len(times), dtype=bool) | ~np.isfinite(times), np.nan, times)
    known = np.isfinite(others).any(axis=1)
    median = np.zeros(len(times))
    median[known] = np.nanmedian(others[known], axis=1)
    median[~known] = median.max(initial=0.0)
    return median, np.isfinite(others).sum(axis=1) / max(len(times) - 1, 1)


def _signals(graph: RoadGraph, zones: Zones) -> NDArray[np.float64]:
    """Return the signalised nodes of each zone; a node counts for every zone that an edge of enters it from."""
    pairs = np.unique(np.stack([zones.zone, graph.to_node], axis=1)[graph.ends_at_signal], axis=0)
    return np.bincount(pairs[:, 0], minlength=len(zones)).astype(np.float64)


def _largest(values: NDArray[np.float64], zones: Zones) -> NDArray[np.float64]:
    return np.asarray(np.maximum.reduceat(values[zones.edges], zones.offsets[:-1]))


def _zone_areas_m2(graph: RoadGraph, zones: Zones) -> NDArray[np.float64]:
    import shapely

    points_of = np.repeat(zones.zone, np.diff(graph.shape_offsets))
    order = np.argsort(points_of, kind="stable")
    points = np.asarray(shapely.points(graph.shape_xy[order]))
    clouds = shapely.multipoints(points, indices=points_of[order])
    return np.asarray(shapely.area(shapely.buffer(shapely.convex_hull(clouds), BLOCK_M)))
