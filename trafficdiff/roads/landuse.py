"""Count points of interest and floor area around edges and in zones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.roads.pois import POI_CATEGORIES

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.roads.zones import Zones

__all__ = ["NEAR_M", "land_use_by_zone", "land_use_near"]

NEAR_M: Final = 200.0
"""Points of interest and floor area count for an edge within this distance of its midpoint [m], a walk of 3 min."""


def land_use_near(
    graph: RoadGraph, *, pois: gpd.GeoDataFrame | None, buildings: gpd.GeoDataFrame | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what lies within `NEAR_M` of each edge's midpoint.

    Parameters
    ----------
    graph
        The roads.
    pois, buildings
        As `points_of_interest` and `buildings` return them, or None.

    Returns
    -------
    Counts by category, shape (E, C), and floor area [m2], shape (E,).
    """
    from scipy.spatial import KDTree

    midpoints = KDTree(graph.midpoint_xy)
    poi_xy, category, floor_xy, floor_m2 = _located(graph, pois, buildings)
    near = np.zeros((graph.edge_count, len(POI_CATEGORIES)))
    floor = np.zeros(graph.edge_count)
    if len(poi_xy):
        for edges, kind in zip(midpoints.query_ball_point(poi_xy, NEAR_M), category, strict=True):
            near[edges, kind] += 1
    if len(floor_xy):
        for edges, area in zip(midpoints.query_ball_point(floor_xy, NEAR_M), floor_m2, strict=True):
            floor[edges] += area
    return near, floor


def land_use_by_zone(
    graph: RoadGraph, zones: Zones, *, pois: gpd.GeoDataFrame | None, buildings: gpd.GeoDataFrame | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what lies in each zone; everything counts for the zone of the edge whose centre line is nearest.

    Returns
    -------
    Counts by category, shape (Z, C), and floor area [m2], shape (Z,).
    """
    import shapely

    edge = np.repeat(np.arange(graph.edge_count), np.diff(graph.shape_offsets))
    lines = shapely.STRtree(np.asarray(shapely.linestrings(graph.shape_xy, indices=edge)))
    poi_xy, category, floor_xy, floor_m2 = _located(graph, pois, buildings)

    def zone_at(xy: NDArray[np.float64]) -> NDArray[np.int32]:
        return zones.zone[lines.nearest(shapely.points(xy))] if len(xy) else np.zeros(0, np.int32)

    counts = np.zeros((len(zones), len(POI_CATEGORIES)))
    np.add.at(counts, (zone_at(poi_xy), category), 1)
    return counts, np.bincount(zone_at(floor_xy), floor_m2, len(zones)).astype(np.float64)


def _located(
    graph: RoadGraph, pois: gpd.GeoDataFrame | None, buildings: gpd.GeoDataFrame | None
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return places [m, net coordinates] and categories of points of interest, places and floor area of buildings."""
    places = [np.zeros((0, 2)), np.zeros((0, 2))]
    for number, frame in enumerate((pois, buildings)):
        if frame is not None and len(frame):
            centre = frame.geometry.to_crs("EPSG:4326").to_numpy()
            places[number] = graph.from_lonlat(_centres(centre))
    code = {name: number for number, name in enumerate(POI_CATEGORIES)}
    category = np.array([code[name] for name in (pois["category"] if pois is not None else ())], np.int64)
    area = buildings["floor_area_m2"].to_numpy(np.float64) if buildings is not None else np.zeros(0)
    return places[0], category, places[1], area


def _centres(shapes: NDArray[np.object_]) -> NDArray[np.float64]:
    import shapely

    centre = shapely.centroid(shapes)
    return np.stack([shapely.get_x(centre), shapely.get_y(centre)], axis=1)
