"""Put charging stations at the roads beside them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.lanes import read_lanes
from trafficdiff.datatypes.stations import LEAST_EDGE_M, note_station_faults
from trafficdiff.datatypes.vehicles import class_bit
from trafficdiff.errors import Faults, InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.stations import ChargingStation

__all__ = ["FURTHEST_M", "match_stations", "reachable_edges"]

FURTHEST_M: Final = 150.0
"""Farthest road that a station may be at [m]: the depth of a large car park. Declared."""


def match_stations(
    stations: Sequence[ChargingStation],
    graph: RoadGraph,
    *,
    furthest_m: float = FURTHEST_M,
    faults: Faults | None = None,
) -> tuple[ChargingStation, ...]:
    """Return the stations at roads that cars can reach and leave.

    A station that names its edge keeps it, and its position where it has one (else the middle). The others get the
    nearest edge that belongs to the largest part of the net in which cars come from everywhere to everywhere.

    Parameters
    ----------
    stations, graph
        What to match, and the roads.
    furthest_m
        Farthest road from a station's point [m].
    faults
        Receives what is wrong instead of an error; stations with faults may be missing then.

    Raises
    ------
    InputError
        Listing every fault of every station: those of `check_stations`, a point far from every road for cars, a
        station without a place.
    """
    noted = Faults("charging stations") if faults is None else faults
    usable = reachable_edges(graph) & (graph.length_m >= LEAST_EDGE_M)
    placed = [_placed(station, graph, usable, furthest_m, noted) for station in stations]
    found = [station for station in placed if station is not None]
    note_station_faults(found, noted, graph=graph)
    unplaced = [station for station, place in zip(stations, placed, strict=True) if place is None]
    note_station_faults(unplaced, noted)
    if faults is None:
        noted.raise_if_any(InputError)
    return tuple(found) if noted else _at_the_kerb(found, graph)


def reachable_edges(graph: RoadGraph) -> NDArray[np.bool_]:
    """Return the edges of the largest part of the net in which cars come from every edge to every other, shape (E,)."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    bit = class_bit("passenger")
    left, entered = graph.successions(bit)
    count = graph.edge_count
    links = coo_matrix((np.ones(len(left)), (left, entered)), shape=(count, count))
    _, part = connected_components(links, directed=True, connection="strong")
    open_to_cars = graph.drivable()
    sizes = np.bincount(part[open_to_cars])
    return np.asarray(open_to_cars & (part == int(np.argmax(sizes))))


def _placed(
    station: ChargingStation, graph: RoadGraph, usable: NDArray[np.bool_], furthest_m: float, faults: Faults
) -> ChargingStation | None:
    import shapely

    if station.edge:
        edge = graph.edge_index.get(station.edge)
        if edge is None:
            return station
        length_m = float(graph.length_m[edge])
        position_m = station.position_m if np.isfinite(station.position_m) else length_m / 2
        return _seen_on_maps(replace(station, position_m=position_m), graph, edge)
    lonlat = np.array([station.longitude_deg, station.latitude_deg])
    if not (np.isfinite(lonlat).all() and np.abs(lonlat[0]) <= 180 and np.abs(lonlat[1]) <= 90):
        faults.add(f"station {station.id!r}: expected an edge, or longitude and latitude in degrees, got {lonlat}")
        return None
    point = shapely.Point(graph.from_lonlat(lonlat))
    distance_m = np.where(usable, shapely.distance(_lines(graph), point), np.inf)
    edge = int(np.argmin(distance_m))
    if distance_m[edge] > furthest_m:
        faults.add(
            f"station {station.id!r}: expected a point within {furthest_m:g} m of a road that cars may use, got one "
            f"{distance_m[edge]:,.0f} m away; points are longitude, latitude"
        )
        return None
    line = _lines(graph)[edge]
    share = float(shapely.line_locate_point(line, point, normalized=True))
    return replace(station, edge=str(graph.edge_id[edge]), position_m=share * float(graph.length_m[edge]))


def _seen_on_maps(station: ChargingStation, graph: RoadGraph, edge: int) -> ChargingStation:
    """Return the station with the longitude and latitude of its place at the road, where it has none."""
    import shapely

    if np.isfinite([station.longitude_deg, station.latitude_deg]).all():
        return station
    share = station.position_m / float(graph.length_m[edge])
    point = shapely.line_interpolate_point(_lines(graph)[edge], min(max(share, 0.0), 1.0), normalized=True)
    lon, lat = graph.to_lonlat(np.array([point.x, point.y]))
    return replace(station, longitude_deg=float(lon), latitude_deg=float(lat))


_KEPT: dict[int, tuple[RoadGraph, NDArray[np.object_]]] = {}


def _lines(graph: RoadGraph) -> NDArray[np.object_]:
    """Return the edges' centre lines; those of the last graph are kept."""
    import shapely

    if id(graph) not in _KEPT:
        _KEPT.clear()
        rows = np.repeat(np.arange(graph.edge_count), np.diff(graph.shape_offsets))
        _KEPT[id(graph)] = (graph, np.asarray(shapely.linestrings(graph.shape_xy, indices=rows)))
    return _KEPT[id(graph)][1]


def _at_the_kerb(stations: Sequence[ChargingStation], graph: RoadGraph) -> tuple[ChargingStation, ...]:
    """Return the stations on the first lane from the kerb that cars may use; lane 0 on roads without a net file."""
    if not graph.net_path.exists() or not stations:
        return tuple(stations)
    lanes, bit = read_lanes(graph), class_bit("passenger")
    placed = []
    for station in stations:
        own = [lane for lane in lanes.of(graph.edge_index[station.edge]) if lanes.allowed[lane] & bit]
        placed.append(replace(station, lane=int(lanes.index[own[0]]) if own else 0))
    return tuple(placed)
