"""Turn a road graph and its trips into what a demand model sees: zones, columns, trips between zones.

::

    RoadGraph ─zones─┬─ zone, edge and scene columns ──┐
                     └─ free-flow times between zones ─┼──▶ Scene
    TripSet ── ends, classes, the zone of the detour ──┘
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.scene import CLASSES, Scene, SceneTrips
from trafficdiff.datatypes.vehicles import class_bit
from trafficdiff.roads.features import ROAD_CLASSES, edge_features, scene_features, zone_features
from trafficdiff.roads.fringe import find_fringe
from trafficdiff.roads.zones import zone_travel_times

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.scene import Source
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.roads.features import Features
    from trafficdiff.roads.zones import Zones

__all__ = ["class_rank", "make_scene", "rim_capacity", "scene_trips"]

_RANKS: Final = ("service", "residential", "tertiary", "secondary", "primary", "trunk", "motorway")
"""Classes of `trafficdiff.roads.features` from the least to the greatest."""
_GUESSED_RANKS: Final[tuple[float, ...]] = (1, 2, 4, 6)
"""Rank by speed class where a net does not know the road's class; a declared guess."""
_GUESSED_SPEEDS_MS: Final = (35 / 3.6, 65 / 3.6, 95 / 3.6)
_WIDE_LANES: Final = 2
_BLOCK_PAIRS: Final = 2_000_000
_DIRECTIONAL: Final = (("centre_east", "centre_north"), ("bearing_sine", "bearing_cosine"))


def make_scene(
    graph: RoadGraph,
    *,
    zones: Zones,
    trips: TripSet | None = None,
    fastest: tuple[NDArray[np.int64], NDArray[np.int32]] | None = None,
    name: str,
    place: str,
    source: Source,
    licence: str,
    pois: gpd.GeoDataFrame | None = None,
    buildings: gpd.GeoDataFrame | None = None,
    population: NDArray[np.float64] | None = None,
    workers: NDArray[np.float64] | None = None,
    crop_share: float | None = None,
) -> Scene:
    """Return the scene of a road graph.

    Parameters
    ----------
    graph, zones
        The roads, and the zones that `trafficdiff.roads.zones.make_zones` makes of them.
    trips
        Trips on the graph, if there are any.
    fastest
        CSR of each trip's fastest way: shape (T + 1,) and (R,), edge positions. Without it no trip has a via.
    name, place, source, licence
        As in `Scene`.

    Other Parameters
    ----------------
    pois, buildings
        As `points_of_interest` and `buildings` return them; their columns are NaN where None.
    population, workers
        Shape (Z,), who lives and who works in each zone; NaN where None.
    crop_share
        Edges of the graph over those of the town that it was cropped from; None if it is not cropped.

    Notes
    -----
    Beyond the columns of `trafficdiff.roads.features` there are, for edges, ``enter_capacity`` and
    ``leave_capacity`` (`rim_capacity`) and ``class_rank`` (`class_rank`); for zones the sums of the capacities, the
    largest rank of a drivable edge, ``population`` and ``workers``; for the scene ``crop_share`` and ``is_crop``.
    """
    edges = edge_features(graph, pois=pois, buildings=buildings)
    times_s = zone_travel_times(graph, zones)
    by_zone = zone_features(graph, zones, edges=edges, travel_time_s=times_s, pois=pois, buildings=buildings)
    whole = scene_features(graph, pois=pois, buildings=buildings)
    enter, leave = rim_capacity(graph)
    rank = class_rank(graph)
    unknown = np.full(len(zones), np.nan)
    more_of_zones: dict[str, NDArray[np.float64]] = {
        "enter_capacity": np.bincount(zones.zone, enter, len(zones)).astype(np.float64),
        "leave_capacity": np.bincount(zones.zone, leave, len(zones)).astype(np.float64),
        "class_rank": _largest(np.where(graph.drivable(), rank, 0.0), zones),
        "population": unknown if population is None else population,
        "workers": unknown if workers is None else workers,
    }
    more_of_edges = {"enter_capacity": enter, "leave_capacity": leave, "class_rank": rank}
    more_of_scene = {
        "crop_share": np.array([1.0 if crop_share is None else crop_share]),
        "is_crop": np.array([float(crop_share is not None)]),
    }
    missing = (("pois_", pois is None), ("floor_area", buildings is None))
    zone_names, zone_values = _joined(by_zone, more_of_zones, missing)
    edge_names, edge_values = _joined(edges, more_of_edges, missing)
    scene_names, scene_values = _joined(whole, more_of_scene, ())
    return Scene(
        name=name,
        place=place,
        source=source,
        zone_xy_m=(zones.centre_xy - zones.centre_xy.mean(axis=0)).astype(np.float32),
        zone_columns=zone_names,
        zone_values=zone_values,
        scene_columns=scene_names,
        scene_values=_without_unknown(scene_names, scene_values[0], missing),
        travel_time_s=times_s.astype(np.float32),
        edge_offsets=zones.offsets,
        edge_columns=edge_names,
        edge_values=edge_values[zones.edges],
        edge_index=zones.edges,
        directional=_DIRECTIONAL,
        window_s=(float("nan"), float("nan")) if trips is None else trips.window_s,
        trips=SceneTrips.none() if trips is None else scene_trips(trips, zones=zones, fastest=fastest),
        licence=licence,
    )


def scene_trips(
    trips: TripSet, *, zones: Zones, fastest: tuple[NDArray[np.int64], NDArray[np.int32]] | None = None
) -> SceneTrips:
    """Return trips as a demand model sees them, in their order, all of one day.

    A trip has a via where its route leaves the fastest way: the zone of that edge of the route which lies farthest,
    by straight distance between midpoints, from every edge of the fastest way.

    Parameters
    ----------
    trips, zones
        Trips, and zones of the same graph.
    fastest
        As in `make_scene`.
    """
    count = len(trips)
    row = np.empty(trips.graph.edge_count, np.int32)
    row[zones.edges] = np.arange(trips.graph.edge_count)
    origin, destination = trips.edges[trips.offsets[:-1]], trips.edges[trips.offsets[1:] - 1]
    begin_s, end_s = trips.window_s
    codes = np.array(
        [
            CLASSES.index(kind.vehicle_class if kind.vehicle_class in CLASSES else "other")
            for kind in trips.vehicle_types
        ]
    )
    share = ((trips.depart_s - begin_s) / (end_s - begin_s)).astype(np.float32)
    via = np.full(count, -1, np.int32) if fastest is None else _via_zones(trips, zones, *fastest)
    return SceneTrips(
        origin_zone=zones.zone[origin],
        destination_zone=zones.zone[destination],
        via_zone=via,
        origin_edge=row[origin],
        destination_edge=row[destination],
        depart_share=np.minimum(share, np.nextafter(np.float32(1), np.float32(0))),
        vehicle_class=codes[trips.vehicle_type].astype(np.int8),
        weight=np.ones(count, np.float32),
        day=np.zeros(count, np.int16),
    )


def class_rank(graph: RoadGraph) -> NDArray[np.float64]:
    """Return how great a road each edge is, shape (E,): 0 service to 6 motorway.

    Where the net does not know the class, the speed limit stands for it (walking pace and calmed 1, town 2, country
    4, above 6), and a town road of two lanes and more counts 3.
    """
    speed = np.searchsorted(_GUESSED_SPEEDS_MS, graph.speed_limit_ms)
    rank = np.array(_GUESSED_RANKS)[speed] + ((speed == 1) & (graph.lanes >= _WIDE_LANES))
    classes = graph.road_class.astype(str)
    for place, name in enumerate(_RANKS):
        rank[np.isin(classes, ROAD_CLASSES[name])] = place
    return np.asarray(rank, np.float64)


def rim_capacity(graph: RoadGraph) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how much traffic each edge can bring in and take out across the rim, shape (E,) each, 0 inside.

    Lanes times speed limit [m/s] times one more than `class_rank`: through traffic keeps to great roads, in a net
    that was cut just as in a town. An edge brings traffic in where `find_fringe` says so, or nothing at all leads
    to it; taking out is the mirror image.
    """
    fringe = find_fringe(graph)
    drivable = graph.drivable()
    left, entered = graph.successions(class_bit("passenger"))
    led_to = np.bincount(entered, minlength=graph.edge_count) > 0
    leads_on = np.bincount(left, minlength=graph.edge_count) > 0
    capacity = graph.lanes * graph.speed_limit_ms * (1 + class_rank(graph))
    enters = (fringe.enters | (drivable & ~led_to)) & leads_on
    leaves = (fringe.leaves | (drivable & ~leads_on)) & led_to
    return np.where(enters, capacity, 0.0), np.where(leaves, capacity, 0.0)


def _largest(values: NDArray[np.float64], zones: Zones) -> NDArray[np.float64]:
    return np.asarray(np.maximum.reduceat(values[zones.edges], zones.offsets[:-1]))


def _joined(
    features: Features, more: dict[str, NDArray[np.float64]], missing: tuple[tuple[str, bool], ...]
) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    """Return names and values of features and further columns; what is missing is NaN."""
    values = np.concatenate([features.values, np.stack(list(more.values()), axis=1)], axis=1).astype(np.float32)
    for prefix, absent in missing:
        if absent:
            values[:, [place for place, name in enumerate(features.names) if name.startswith(prefix)]] = np.nan
    return (*features.names, *more), values


def _without_unknown(
    names: tuple[str, ...], values: NDArray[np.float32], missing: tuple[tuple[str, bool], ...]
) -> NDArray[np.float32]:
    known = values.copy()
    for prefix, absent in missing:
        if absent:
            known[names.index(prefix.rstrip("_"))] = np.nan
    return known


def _via_zones(
    trips: TripSet, zones: Zones, fastest_offsets: NDArray[np.int64], fastest_edges: NDArray[np.int32]
) -> NDArray[np.int32]:
    """Return the zone of each trip's detour or -1, shape (T,); equal pairs of routes are looked at once.

    What counts is which edges they have, not their order; sums of random 64-bit numbers of edges tell them apart.
    """
    numbers = np.random.default_rng(0).integers(2**63, size=trips.graph.edge_count, dtype=np.uint64)
    marks = _marks(numbers, trips.offsets, trips.edges) + np.uint64(3) * _marks(numbers, fastest_offsets, fastest_edges)
    _, first, inverse = np.unique(marks, return_index=True, return_inverse=True)
    pairs = np.cumsum(trips.route_lengths[first] * np.diff(fastest_offsets)[first])
    total = int(pairs[-1]) if len(pairs) else 0
    via = np.full(len(first), -1, np.int32)
    for block in np.split(np.arange(len(first)), np.searchsorted(pairs, np.arange(_BLOCK_PAIRS, total, _BLOCK_PAIRS))):
        if len(block):
            via[block] = _detours(trips, zones, first[block], fastest_offsets, fastest_edges)
    return via[inverse]


def _marks(numbers: NDArray[np.uint64], offsets: NDArray[np.int64], edges: NDArray[np.int32]) -> NDArray[np.uint64]:
    """Return a number for each row of edges that rows of other edges hardly share, shape (T,)."""
    total = np.concatenate([[np.uint64(0)], np.cumsum(numbers[edges])])
    return np.asarray(total[offsets[1:]] - total[offsets[:-1]])


def _detours(
    trips: TripSet,
    zones: Zones,
    rows: NDArray[np.int64],
    fastest_offsets: NDArray[np.int64],
    fastest_edges: NDArray[np.int32],
) -> NDArray[np.int32]:
    count, middle = trips.graph.edge_count, trips.graph.midpoint_xy
    trip, place = _ranges(trips.offsets, rows)
    fast_trip, fast_place = _ranges(fastest_offsets, rows)
    route, fast = trips.edges[place], fastest_edges[fast_place]
    off = ~np.isin(trip * count + route, fast_trip * count + fast)
    trip, route = trip[off], route[off]
    ways = np.diff(fastest_offsets)[rows]
    begins = np.concatenate([[0], np.cumsum(ways)])
    via = np.full(len(rows), -1, np.int32)
    known = ways[trip] > 0
    trip, route = trip[known], route[known]
    if not len(trip):
        return via
    each = ways[trip]
    starts = np.concatenate([[0], np.cumsum(each)[:-1]])
    other = fast[np.repeat(begins[trip] - starts, each) + np.arange(each.sum())]
    apart = np.linalg.norm(middle[np.repeat(route, each)] - middle[other], axis=1)
    nearest = np.minimum.reduceat(apart, starts)
    order = np.lexsort((nearest, trip))  # the farthest edge of each trip comes last, and stays
    via[trip[order]] = np.where(nearest[order] > 0, zones.zone[route[order]], -1)
    return via


def _ranges(offsets: NDArray[np.int64], rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return for the given rows of a CSR the number of the row and the place, one entry after the other."""
    lengths = np.diff(offsets)[rows]
    ends = np.cumsum(lengths)
    place = np.repeat(offsets[:-1][rows] - (ends - lengths), lengths) + np.arange(int(lengths.sum()))
    return np.repeat(np.arange(len(rows)), lengths), place
