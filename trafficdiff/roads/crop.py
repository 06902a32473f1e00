"""Cut a smaller area out of a road graph and its trips, so that one town gives many scenes.

::

            area            kept: every edge that has an end inside; successions at nodes inside
        ┌──────────┐
    ────┼──●────●──┼──▶     a route gives one trip for each stretch between two crossings of the rim
        │       │  │
        └───────┼──┘
                ▼
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.trips import TripSet
from trafficdiff.errors import InputError, NetworkError

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["Crop", "crop", "crop_trips", "nearest_edges", "places_near", "random_area", "random_crops"]

_EXTENTS: Final = (0.25, 0.9)
_TRIES: Final = 20
"""Areas drawn for each crop that is wanted before a net counts as too small."""


@dataclass(frozen=True, eq=False)
class Crop:
    """Hold a part of a road graph.

    Parameters
    ----------
    graph
        The part, a road graph of its own.
    edges
        Shape (E',), positions of its edges in the whole graph, ascending.
    inside
        Shape (N,), which nodes of the whole graph lie in the area.
    whole
        The whole graph.
    """

    graph: RoadGraph
    edges: NDArray[np.int64]
    inside: NDArray[np.bool_]
    whole: RoadGraph

    @property
    def share(self) -> float:
        """Edges of the part over edges of the whole."""
        return len(self.edges) / self.whole.edge_count


def crop(graph: RoadGraph, *, inside: NDArray[np.bool_], name: str = "") -> Crop:
    """Return the part of a graph that has an end inside an area.

    Streets across the rim stay whole. At their outer ends nothing follows, not even a turn round: there the traffic
    leaves.

    Parameters
    ----------
    graph
        The whole graph.
    inside
        Shape (N,), which nodes lie in the area.
    name
        Of the part.

    Raises
    ------
    NetworkError
        If no passenger car can drive there.
    """
    edges = np.flatnonzero(inside[graph.from_node] | inside[graph.to_node])
    if not len(edges):
        raise NetworkError(f"crop of {graph.name!r}: expected an area with roads, got none; choose a larger one")
    new_edge = np.full(graph.edge_count, -1, np.int32)
    new_edge[edges] = np.arange(len(edges))
    nodes, ends = np.unique(np.concatenate([graph.from_node[edges], graph.to_node[edges]]), return_inverse=True)
    source = graph.successor_sources
    kept = (new_edge[source] >= 0) & (new_edge[graph.successor_edges] >= 0) & inside[graph.to_node[source]]
    shape_offsets, points = _rows(graph.shape_offsets, edges)
    way_offsets, ways = _rows(graph.way_offsets, edges)
    by_edge = ("edge_id", "street_name", "road_class", "length_m", "speed_limit_ms", "lanes", "allowed_classes")
    follow = np.bincount(new_edge[source[kept]], minlength=len(edges))
    part = dataclasses.replace(
        graph,
        **{column: getattr(graph, column)[edges] for column in by_edge},
        **{column: getattr(graph, column)[nodes] for column in ("node_id", "node_xy", "node_signalised")},
        from_node=ends[: len(edges)].astype(np.int32),
        to_node=ends[len(edges) :].astype(np.int32),
        shape_offsets=shape_offsets,
        shape_xy=graph.shape_xy[points],
        successor_offsets=np.concatenate([[0], np.cumsum(follow)]).astype(np.int64),
        successor_edges=new_edge[graph.successor_edges[kept]],
        successor_classes=graph.successor_classes[kept],
        way_offsets=way_offsets,
        way_ids=graph.way_ids[ways],
        name=name or graph.name,
        tags=None if graph.tags is None else graph.tags.iloc[edges],
    )
    return Crop(part, edges, inside, graph)


def crop_trips(trips: TripSet, part: Crop, *, least_edges: int = 2) -> TripSet:
    """Return the trips inside a crop: one for each stretch of a route there.

    A stretch departs when its trip would reach it at free flow; stretches that begin after the window are left out,
    and so are those of fewer than `least_edges` edges. Charging stops are not kept.

    Raises
    ------
    TripError
        If the trips' routes do not fit the crop's graph.
    """
    graph = part.whole
    new_edge = np.full(graph.edge_count, -1, np.int32)
    new_edge[part.edges] = np.arange(len(part.edges))
    along = new_edge[trips.edges]
    trip = np.repeat(np.arange(len(trips)), trips.route_lengths)
    kept = along >= 0
    joined = np.zeros(len(along), bool)
    joined[1:] = kept[1:] & kept[:-1] & (trip[1:] == trip[:-1]) & part.inside[graph.to_node[trips.edges[:-1]]]
    begins = np.flatnonzero(kept & ~joined)
    lengths = np.diff(np.append(np.cumsum(kept)[begins] - 1, kept.sum()))
    before_s = np.concatenate([[0.0], np.cumsum(graph.free_flow_time_s[trips.edges])])
    depart_s = trips.depart_s[trip[begins]] + before_s[begins] - before_s[trips.offsets[:-1][trip[begins]]]
    depart_s = np.floor(depart_s * 100) / 100
    depart_s = np.maximum(depart_s, trips.depart_s[trip[begins]])
    wanted = np.flatnonzero((lengths >= least_edges) & (depart_s < trips.window_s[1]))
    wanted = wanted[np.argsort(depart_s[wanted], kind="stable")]
    offsets = np.concatenate([[0], np.cumsum(lengths[wanted])]).astype(np.int64)
    place = np.repeat(begins[wanted] - offsets[:-1], lengths[wanted]) + np.arange(offsets[-1])
    rows = trip[begins[wanted]]
    return TripSet(
        graph=part.graph,
        trip_id=np.arange(len(wanted)).astype(str).astype(object),
        depart_s=depart_s[wanted],
        window_s=trips.window_s,
        offsets=offsets,
        edges=along[place],
        vehicle_type=trips.vehicle_type[rows],
        vehicle_types=trips.vehicle_types,
        state_of_charge=trips.state_of_charge[rows],
        battery_kwh=trips.battery_kwh[rows],
        provenance=trips.provenance,
    )


def random_area(
    graph: RoadGraph, *, generator: np.random.Generator, extents: tuple[float, float] = _EXTENTS
) -> NDArray[np.bool_]:
    """Return which nodes lie in a random area, shape (N,): a rectangle at any angle, or a disc.

    Parameters
    ----------
    graph
        The roads.
    generator
        Source of randomness.
    extents
        Least and largest extent of the area, as shares of the graph's extent on the area's axes.
    """
    angle = generator.uniform(0, np.pi)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    xy = graph.node_xy @ turn
    size = np.ptp(xy, axis=0)
    centre = xy[generator.integers(len(xy))]
    half = size * generator.uniform(*extents, size=2) / 2
    if generator.random() < 1 / 3:
        return np.asarray((((xy - centre) / half.mean()) ** 2).sum(axis=1) <= 1)
    centre = np.clip(centre, xy.min(axis=0) + half, xy.max(axis=0) - half)  # a rectangle keeps its size
    return np.asarray((np.abs(xy - centre) <= half).all(axis=1))


def random_crops(
    graph: RoadGraph,
    *,
    count: int,
    generator: np.random.Generator,
    trips: TripSet | None = None,
    least_edges: int = 60,
    most_edges: int | None = None,
    least_trips: int = 100,
) -> list[tuple[Crop, TripSet | None]]:
    """Return random crops with their trips; fewer than asked for where the net is too small.

    Parameters
    ----------
    graph
        The whole graph.
    count
        How many crops.
    generator
        Source of randomness.
    trips
        Trips on the graph, if there are any.
    least_edges, most_edges
        Bounds of the drivable edges of a crop.
    least_trips
        Least trips of a crop, where there are trips.

    Raises
    ------
    InputError
        If `count` is negative.
    """
    if count < 0:
        raise InputError(f"expected a number of crops of at least 0, got {count}")
    found: list[tuple[Crop, TripSet | None]] = []
    drivable = graph.drivable()
    for _ in range(_TRIES * count):
        if len(found) == count:
            break
        inside = random_area(graph, generator=generator)
        edges = int((drivable & (inside[graph.from_node] | inside[graph.to_node])).sum())
        if edges < least_edges or (most_edges is not None and edges > most_edges) or inside.all():
            continue
        part = crop(graph, inside=inside, name=f"{graph.name} crop {len(found) + 1}")
        stretches = None if trips is None else crop_trips(trips, part)
        if stretches is None or len(stretches) >= least_trips:
            found.append((part, stretches))
    return found


def nearest_edges(
    graph: RoadGraph, places: gpd.GeoDataFrame, *, reach_m: float = 300.0
) -> tuple[gpd.GeoDataFrame, NDArray[np.int64]]:
    """Return the places within reach of a street, shrunk to their centres, and the edge nearest to each.

    Parameters
    ----------
    graph
        The roads.
    places
        Points of interest or buildings, in any CRS.
    reach_m
        How far from a centre line a place may lie [m].
    """
    import geopandas as gpd
    import shapely

    if not len(places):
        return places, np.zeros(0, np.int64)
    centre = shapely.centroid(places.geometry.to_crs("EPSG:4326").to_numpy())
    lonlat = np.stack([shapely.get_x(centre), shapely.get_y(centre)], axis=1)
    known = np.isfinite(lonlat).all(axis=1)
    edge = np.repeat(np.arange(graph.edge_count), np.diff(graph.shape_offsets))
    lines = shapely.STRtree(np.asarray(shapely.linestrings(graph.shape_xy, indices=edge)))
    points = shapely.points(graph.from_lonlat(lonlat[known]))
    (row, nearest) = lines.query_nearest(points, max_distance=reach_m, all_matches=False)
    kept = np.flatnonzero(known)[row]
    frame = places.iloc[kept].reset_index(drop=True)
    return gpd.GeoDataFrame(frame.drop(columns="geometry"), geometry=list(centre[kept]), crs="EPSG:4326"), nearest


def places_near(places: gpd.GeoDataFrame, nearest: NDArray[np.int64], part: Crop) -> gpd.GeoDataFrame:
    """Return the places whose nearest edge in the whole graph lies in the crop."""
    return places[np.isin(nearest, part.edges)].reset_index(drop=True)


def _rows(offsets: NDArray[np.int64], rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the offsets of some rows of a CSR, and the places of their entries."""
    lengths = np.diff(offsets)[rows]
    new = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return new, np.repeat(offsets[:-1][rows] - new[:-1], lengths) + np.arange(new[-1])
