"""Read the roads of OSM files into memory: ways, the nodes that they refer to, turn restrictions.

The files may overlap and need no order; a newer version of an object replaces an older one.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.errors import NetworkError
from trafficdiff.roads.sanitise import node_tags, restriction_tags, way_tags

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from trafficdiff.roads.findings import Findings
    from trafficdiff.roads.screen import Screened

__all__ = ["MAXIMUM_REFERENCES", "Members", "Nodes", "Roads", "data_date", "read_nodes", "read_roads"]

MAXIMUM_REFERENCES: Final = 50_000_000
"""Most node references of all roads; a country of 10 million people has about 30 million."""

Members = list[tuple[str, int, str]]
"""Members of a relation: kind (``"n"``, ``"w"``, ``"r"``), id and role."""


@dataclass
class Roads:
    """Gather the roads of all files; a newer version of an object replaces an older one."""

    tags: dict[int, dict[str, str]] = field(default_factory=dict)
    references: dict[int, list[int]] = field(default_factory=dict)
    restrictions: dict[int, tuple[dict[str, str], Members]] = field(default_factory=dict)
    versions: dict[tuple[str, int], int] = field(default_factory=dict)
    newest: dt.datetime = field(default_factory=lambda: dt.datetime.fromtimestamp(0, dt.UTC))

    def is_news(self, kind: str, item: Any) -> bool:
        """Return whether an object is live and not older than what is there already."""
        if item.deleted or not item.visible or self.versions.get((kind, item.id), -1) >= item.version:
            return False
        self.versions[kind, item.id] = item.version
        self.newest = max(self.newest, item.timestamp)
        return True


@dataclass
class Nodes:
    """Hold the nodes that roads refer to, by ascending id."""

    ids: NDArray[np.int64]
    lonlat: NDArray[np.float64]
    tags: dict[int, dict[str, str]]


def _objects(source: Screened, *, entities: Any, filters: Sequence[Any]) -> Iterator[Any]:
    """Yield the objects of a file, and name the file in whatever osmium finds wrong with it."""
    import osmium

    try:
        processor = osmium.FileProcessor(osmium.io.File(str(source.path), source.osmium_format), entities)
        for chosen in filters:
            processor.with_filter(chosen)
        yield from processor
    except osmium.InvalidLocationError as error:
        raise NetworkError(
            f"{source.path}: expected latitudes from -90 to 90 and longitudes from -180 to 180, got {error}; "
            "correct or remove that node"
        ) from error
    except (RuntimeError, ValueError) as error:
        raise NetworkError(
            f"{source.path}: expected a whole OSM file, got one that breaks off or is damaged ({error}); "
            "download it again"
        ) from error


def read_roads(sources: Sequence[Screened], *, classes: frozenset[str], findings: Findings) -> Roads:
    """Return the ways of some ``highway`` classes and the turn restrictions of all files.

    Raises
    ------
    NetworkError
        If a file is cut or damaged, or the ways have more than `MAXIMUM_REFERENCES` points.
    """
    from osmium import filter as keep
    from osmium.osm import RELATION, WAY

    roads = Roads()
    total = 0
    highways, turns = keep.KeyFilter("highway"), keep.TagFilter(("type", "restriction"))
    highways.enable_for(WAY)
    turns.enable_for(RELATION)
    for source in sources:
        for item in _objects(source, entities=WAY | RELATION, filters=[highways, turns]):
            if item.is_relation():
                if roads.is_news("r", item):
                    members = [(member.type, member.ref, member.role) for member in item.members]
                    tags = restriction_tags((tag.k, tag.v) for tag in item.tags)
                    roads.restrictions[item.id] = (tags, members)
                continue
            if item.tags.get("highway") not in classes or not roads.is_news("w", item):
                continue
            if item.tags.get("area") == "yes":
                roads.references.pop(item.id, None)
                findings.add("road_as_area", f"way {item.id}")
                continue
            roads.references[item.id] = [node.ref for node in item.nodes]
            roads.tags[item.id] = way_tags(((tag.k, tag.v) for tag in item.tags), way=item.id, findings=findings)
            total += len(item.nodes)
            if total > MAXIMUM_REFERENCES:
                raise NetworkError(
                    f"{source.path}: expected roads with at most {MAXIMUM_REFERENCES:,} points, got more; "
                    "cut a smaller box out of the file first"
                )
    return roads


def read_nodes(sources: Sequence[Screened], roads: Roads, *, findings: Findings) -> Nodes:
    """Return the nodes that the roads refer to; those without a coordinate on the globe are left out and noted.

    Raises
    ------
    NetworkError
        If a file is cut or damaged, or a coordinate is no number on the globe.
    """
    from osmium.osm import NODE

    # osmium's own filter by id takes 4 MB for every 33 million ids in use: half a gigabyte for a village
    wanted = set().union(*roads.references.values()) if roads.references else set()
    lonlat: dict[int, tuple[float, float]] = {}
    tags: dict[int, dict[str, str]] = {}
    for source in sources:
        for node in _objects(source, entities=NODE, filters=[]):
            if node.id not in wanted or not roads.is_news("n", node):
                continue
            if not node.location.valid():
                findings.add("coordinate_outside_globe", f"node {node.id}")
                continue
            lonlat[node.id] = (node.location.lon_without_check(), node.location.lat_without_check())
            if node.tags:
                tags[node.id] = node_tags(((t.k, t.v) for t in node.tags), node=node.id, findings=findings)
    ids = np.fromiter(lonlat, np.int64, len(lonlat))
    order = np.argsort(ids)
    places = np.array(list(lonlat.values()), np.float64).reshape(-1, 2)
    return Nodes(ids[order], places[order], tags)


def data_date(sources: Sequence[Screened], roads: Roads) -> str:
    """Return the newest date of the data: what the files say, else the newest object among the roads."""
    import osmium

    stated = [source.data_date for source in sources]
    for source in sources:
        reader = osmium.io.Reader(osmium.io.File(str(source.path), source.osmium_format), osmium.osm.NOTHING)
        stated.append(reader.header().get("osmosis_replication_timestamp", ""))
        reader.close()
    if any(stated):
        return max(stated)
    return roads.newest.strftime("%Y-%m-%dT%H:%M:%SZ") if roads.newest.timestamp() > 0 else ""
