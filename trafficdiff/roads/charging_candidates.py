"""Find where chargers could be built in OSM files: car parks, fuel stations, shops, and street sides where cars park.

Tags follow the OSM wiki's pages "Key:amenity", "Key:shop" and "Street parking" (both schemes: ``parking:lane:right``
and ``parking:right``). What is private or closed is left out.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.datatypes.charging_matching import FURTHEST_M, reachable_edges
from trafficdiff.datatypes.charging_sites import KIND_PLUGS, CandidateSite, SiteKind
from trafficdiff.datatypes.stations import LEAST_EDGE_M, ChargingStation
from trafficdiff.errors import NetworkError
from trafficdiff.roads.surroundings import in_box, read_surroundings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["charging_candidates", "kind_of_tags"]

_LARGE_SHOPS: Final = frozenset({"supermarket", "mall", "department_store", "doityourself", "furniture", "wholesale"})
_CLOSED: Final = frozenset({"private", "no", "permit", "residents", "employees", "customers_only"})
_NOT_A_BAY: Final = frozenset({"no", "none", "no_stopping", "no_parking", "separate", "drawn_separately", "fire_lane"})
_SIDES: Final = ("both", "left", "right")
_APART_M: Final = 60.0
"""Candidates of one kind that are closer than this are one site: the length of ten parked cars. Declared."""
_MOST_SPACES: Final = 500


def kind_of_tags(tags: Mapping[str, str]) -> SiteKind | None:
    """Return what kind of site an OSM area or point is, or None if it is none.

    Examples
    --------
    >>> kind_of_tags({"amenity": "parking"}), kind_of_tags({"amenity": "parking", "access": "private"})
    ('parking', None)
    >>> kind_of_tags({"shop": "supermarket"}), kind_of_tags({"shop": "florist"}), kind_of_tags({"amenity": "fuel"})
    ('shop', None, 'fuel')
    """
    if tags.get("access") in _CLOSED or tags.get("motor_vehicle") in _CLOSED:
        return None
    amenity = tags.get("amenity")
    if amenity == "parking":
        return "parking"
    if amenity == "fuel":
        return "fuel"
    return "shop" if tags.get("shop") in _LARGE_SHOPS else None


def charging_candidates(osm_files: Sequence[Path], graph: RoadGraph) -> tuple[CandidateSite, ...]:
    """Return the candidate sites of OSM files at roads that cars can reach and leave, by their ids.

    Parameters
    ----------
    osm_files
        The extract that the roads were made from.
    graph
        The roads; what is further than `FURTHEST_M` from all that cars can use is left out.

    Raises
    ------
    NetworkError
        If a file is missing, cut, hostile or not OSM.
    """
    found = [*_places(osm_files), *_street_sides(osm_files)]
    return _apart(_at_roads(found, graph), graph)


def _places(osm_files: Sequence[Path]) -> Iterator[CandidateSite]:
    """Yield car parks, fuel stations and large shops."""
    import shapely

    around = read_surroundings(osm_files)
    for found in (around.points, around.areas):
        for place in np.flatnonzero(in_box(found, around.bounds)).tolist():
            tags = found.tags[place]
            kind = kind_of_tags(tags)
            if kind is not None:
                centre = shapely.centroid(found.geometry[place])
                yield _site(found.osm_id[place], kind, tags, (centre.x, centre.y))


def _street_sides(osm_files: Sequence[Path]) -> Iterator[CandidateSite]:
    """Yield the middles of streets at whose sides cars may park."""
    import osmium

    way: Any
    seen: set[int] = set()
    for path in osm_files:
        try:
            ways = osmium.FileProcessor(str(path)).with_locations().with_filter(osmium.filter.KeyFilter("highway"))
            for way in ways:
                if not way.is_way() or way.id in seen or not _has_bays(dict(way.tags)):
                    continue
                nodes = [(node.lon, node.lat) for node in way.nodes if node.location.valid()]
                if len(nodes) > 1:
                    seen.add(way.id)
                    yield _site(f"w{way.id}", "street", dict(way.tags), _middle(nodes))
        except (RuntimeError, ValueError) as fault:
            raise NetworkError(f"{path}: expected whole OpenStreetMap data, got {fault}; download it again") from fault


def _has_bays(tags: Mapping[str, str]) -> bool:
    values = [tags.get(f"parking:{lane}{side}") for lane in ("lane:", "") for side in _SIDES]
    return any(value is not None and value not in _NOT_A_BAY for value in values)


def _middle(nodes: Sequence[tuple[float, float]]) -> tuple[float, float]:
    import shapely

    point = shapely.line_interpolate_point(shapely.LineString(nodes), 0.5, normalized=True)
    return float(point.x), float(point.y)


def _site(osm_id: str, kind: SiteKind, tags: Mapping[str, str], lonlat: tuple[float, float]) -> CandidateSite:
    from dataclasses import replace

    plugs = KIND_PLUGS[kind]
    spaces = tags.get("capacity", "")
    if spaces.isdigit() and 0 < int(spaces) <= _MOST_SPACES:
        plugs = tuple(replace(group, count=min(group.count, int(spaces))) for group in plugs)
    name = tags.get("name") or tags.get("operator") or ""
    station = ChargingStation(
        id=f"{kind}_{osm_id}", plugs=plugs, longitude_deg=lonlat[0], latitude_deg=lonlat[1], name=name[:80]
    )
    return CandidateSite(station=station, kind=kind)


def _at_roads(sites: Sequence[CandidateSite], graph: RoadGraph) -> list[CandidateSite]:
    """Return the sites that have a road for cars near by, each at the nearest one."""
    from dataclasses import replace

    import shapely

    usable = np.flatnonzero(reachable_edges(graph) & (graph.length_m >= LEAST_EDGE_M))
    if not sites or not len(usable):
        return []
    rows = np.repeat(np.arange(graph.edge_count), np.diff(graph.shape_offsets))
    lines: Any = shapely.linestrings(graph.shape_xy, indices=rows)
    lines = lines[usable]
    lonlat = np.array([(one.station.longitude_deg, one.station.latitude_deg) for one in sites])
    points: Any = shapely.points(graph.from_lonlat(lonlat))
    tree = shapely.STRtree(lines)
    which, nearest = tree.query_nearest(points, max_distance=FURTHEST_M, all_matches=False)
    placed = []
    for place, line in zip(which.tolist(), nearest.tolist(), strict=True):
        edge = int(usable[line])
        share = float(shapely.line_locate_point(lines[line], points[place], normalized=True))
        station = replace(
            sites[place].station, edge=str(graph.edge_id[edge]), position_m=share * float(graph.length_m[edge])
        )
        placed.append(replace(sites[place], station=station))
    return placed


def _apart(sites: Sequence[CandidateSite], graph: RoadGraph) -> tuple[CandidateSite, ...]:
    """Return the sites, of those of a kind that are close to each other only the first by id."""
    kept: list[CandidateSite] = []
    at: dict[str, list[Any]] = {}
    ordered = sorted(sites, key=lambda one: one.station.id)
    lonlat = np.array([(one.station.longitude_deg, one.station.latitude_deg) for one in ordered]).reshape(-1, 2)
    for site, xy in zip(ordered, graph.from_lonlat(lonlat), strict=True):
        if all(math.dist(xy, other) >= _APART_M for other in at.setdefault(site.kind, [])):
            at[site.kind].append(xy)
            kept.append(site)
    return tuple(kept)
