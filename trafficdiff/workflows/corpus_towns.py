"""Open the towns that a corpus is made of: nets, their trips, and what OpenStreetMap knows around the roads."""

from __future__ import annotations

import dataclasses
import logging
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.errors import InputError
from trafficdiff.workflows.progress import quiet

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import geopandas as gpd
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.workflows.progress import Progress

__all__ = ["Surroundings", "Town", "open_towns"]

_NET_FILE: Final = "net.net.xml.gz"
_ROUTE_FILE: Final = "cars.rou.xml.gz"
_ODBL: Final = "ODbL 1.0, (c) OpenStreetMap contributors"
_SLACK_DEG: Final = 0.0005
"""How far beyond the box of an extract's streets it is still taken to know what is there [degrees], half a block."""
_TOWN_OF: Final = {"hamburg_tavf": "hamburg"}
"""Towns of known nets that are named after a part of one."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Surroundings:
    """Hold what an OSM extract knows beside roads: places shrunk to points, and the edge nearest to each."""

    pois: gpd.GeoDataFrame
    poi_edge: NDArray[np.int64]
    buildings: gpd.GeoDataFrame
    building_edge: NDArray[np.int64]
    covered: NDArray[np.bool_]
    """Shape (E,), which edges' midpoints lie in the extract."""


@dataclass(frozen=True, eq=False)
class Town:
    """Hold a net, its trips if it has some, and what surrounds it.

    Parameters
    ----------
    name, place, licence
        Of the net; of the town that it shows; of net and trips.
    kind
        Whether it is a SUMO net or was built from an extract.
    graph, trips
        The roads, and real or calibrated trips on them.
    around
        Points of interest and buildings, where an extract is at hand.
    """

    name: str
    graph: RoadGraph
    licence: str
    kind: str = "net"
    place: str = ""
    trips: TripSet | None = None
    around: Surroundings | None = field(default=None, repr=False)


def open_towns(
    *,
    calibrated: Path | None,
    osm: Sequence[Path] = (),
    nets: Sequence[Path] = (),
    cache: Path | None = None,
    progress: Progress = quiet,
) -> list[Town]:
    """Open nets and extracts, join what surrounds them, and give nets that overlap the same place.

    A net that lies inside another one of the same folder is left out. Parameters and errors are those of
    `trafficdiff.workflows.corpus.corpus`.
    """
    from trafficdiff.roads.load import load_network, network_directory
    from trafficdiff.roads.netfile import read_net

    towns, extracts = [], []
    for city in () if calibrated is None else sorted(path for path in calibrated.iterdir() if path.is_dir()):
        progress(f"opening {city.name}", None)
        if (town := _read_city(city)) is not None:
            towns.append(town)
            extracts += [_read_extract(path) for path in sorted(city.glob("*.osm*"))]
    towns = _without_inner(towns)
    for path in nets:
        name = path.parent.name if path.name == _NET_FILE else path.name.split(".")[0]
        graph = read_net(path, name=name)
        towns.append(Town(name, graph, _terms(graph, path.parent)))
    for path in osm:
        progress(f"building {path.name}", None)
        directory = network_directory(path, cache=cache)
        if directory is None:
            raise InputError(f"{path}: expected an OSM file or what was built from one, got a net; give it as a net")
        name = path.name.split(".")[0]
        graph = dataclasses.replace(load_network(directory), name=name)
        towns.append(Town(name, graph, _ODBL, kind="extract"))
        extracts.append(_built_extract(directory, graph))
    names = [(town.name, town.kind) for town in towns]
    if twice := sorted({name for name, kind in names if names.count((name, kind)) > 1}):
        raise InputError(f"expected nets and extracts of different names, got {', '.join(twice)} twice; rename one")
    progress("joining points of interest and buildings", None)
    return _placed([_with_surroundings(town, extracts) for town in towns])


def _read_city(city: Path) -> Town | None:
    from trafficdiff.datatypes.trip_files import read_trips
    from trafficdiff.roads.netfile import read_net

    if not (city / _NET_FILE).exists():
        return None
    if not (city / "LICENSE").exists():
        _logger.warning("%s: expected a file LICENSE, got none; the city is left out", city)
        return None
    graph = read_net(city / _NET_FILE, name=city.name)
    routes = city / _ROUTE_FILE
    types = sorted(city.glob("vtypes*.xml*"))
    trips = read_trips(routes, graph, type_files=types) if routes.exists() else None
    return Town(city.name, graph, _terms(graph, city), trips=trips)


def _terms(graph: RoadGraph, folder: Path) -> str:
    """Return the terms of a net and its trips; a net that knows its OSM ways stands under OpenStreetMap's, too."""
    return _licence_of(folder) + (f"; {_ODBL}" if len(graph.way_ids) else "")


def _licence_of(folder: Path) -> str:
    """Return the title of a folder's licence, the first lines of its file."""
    file = folder / "LICENSE"
    if not file.exists():
        return "not stated"
    title = " ".join(file.read_text(encoding="utf-8").split()[:7])
    found = re.match(r"(.*?[vV](?:ersion)?\.?[ -]*[\d.]+)", title)
    return found[1] if found else title


def _without_inner(towns: list[Town]) -> list[Town]:
    """Return the towns whose net does not lie inside the net of another one; of equal nets the first one."""
    boxes = [_box(town.graph) for town in towns]
    kept: list[Town] = []
    for number, (town, box) in enumerate(zip(towns, boxes, strict=True)):
        outer = [
            other.name
            for place, (other, around) in enumerate(zip(towns, boxes, strict=True))
            if (around[0] <= box[0]).all()
            and (around[1] >= box[1]).all()
            and (place < number or not np.array_equal(around, box))
        ]
        if outer:
            _logger.warning("%s lies inside %s and is left out", town.name, outer[0])
        else:
            kept.append(town)
    return kept


def _box(graph: RoadGraph) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the south-west and north-east corner of a net [degrees]."""
    lonlat = graph.to_lonlat(graph.node_xy)
    return lonlat.min(axis=0), lonlat.max(axis=0)


def _placed(towns: list[Town]) -> list[Town]:
    """Return towns with places: nets whose boxes overlap show one town, which bears the words that they share."""
    boxes = [_box(town.graph) for town in towns]
    group = list(range(len(towns)))
    for one in range(len(towns)):
        for other in range(one):
            if (boxes[one][0] <= boxes[other][1]).all() and (boxes[other][0] <= boxes[one][1]).all():
                low, high = sorted((group[one], group[other]))
                group = [low if number == high else number for number in group]
    placed = []
    for number, town in enumerate(towns):
        names = [towns[other].name for other in range(len(towns)) if group[other] == group[number]]
        placed.append(dataclasses.replace(town, place=_place_name(names)))
    return placed


def _place_name(names: Sequence[str]) -> str:
    """Return the leading words that names share, without a number at the end; the first name if they share none."""
    words = [re.sub(r"_?\d+$", "", _TOWN_OF.get(name, name)).split("_") for name in names]
    shared = []
    for column in zip(*words, strict=False):
        if len(set(column)) > 1:
            break
        shared.append(column[0])
    return "_".join(shared) or names[0]


@dataclass(frozen=True, eq=False)
class _Extract:
    """Hold what an OSM extract knows beside roads, and its south-west and north-east corner [degrees]."""

    pois: gpd.GeoDataFrame
    buildings: gpd.GeoDataFrame
    box: tuple[NDArray[np.float64], NDArray[np.float64]]


def _read_extract(path: Path) -> _Extract:
    from trafficdiff.roads.buildings import buildings
    from trafficdiff.roads.pois import points_of_interest
    from trafficdiff.roads.surroundings import read_surroundings

    bounds = np.array(read_surroundings([path]).bounds)
    return _Extract(points_of_interest([path]), buildings([path]), (bounds[:2], bounds[2:]))


def _built_extract(directory: Path, graph: RoadGraph) -> _Extract:
    import geopandas as gpd

    from trafficdiff.roads.build import BUILDINGS_FILE, POIS_FILE

    return _Extract(gpd.read_parquet(directory / POIS_FILE), gpd.read_parquet(directory / BUILDINGS_FILE), _box(graph))


def _with_surroundings(town: Town, extracts: Sequence[_Extract]) -> Town:
    """Return the town with the points of interest and buildings of the extract that covers most of it."""
    from trafficdiff.roads.crop import nearest_edges

    lonlat = town.graph.to_lonlat(town.graph.midpoint_xy)
    best, covered = None, np.zeros(len(lonlat), bool)
    for extract in extracts:
        inside = np.asarray(
            ((lonlat >= extract.box[0] - _SLACK_DEG) & (lonlat <= extract.box[1] + _SLACK_DEG)).all(axis=1)
        )
        if inside.sum() > covered.sum():
            best, covered = extract, inside
    if best is None:
        return town
    pois, poi_edge = nearest_edges(town.graph, best.pois)
    floors, floor_edge = nearest_edges(town.graph, best.buildings)
    return dataclasses.replace(town, around=Surroundings(pois, poi_edge, floors, floor_edge, covered))
