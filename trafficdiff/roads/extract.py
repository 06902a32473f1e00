"""Cut the roads out of OSM files and write them as OSM XML that netconvert can trust.

::

    files ──ways, turn restrictions──▶ wanted nodes ──▶ runs of nodes that are present ──▶ crop.osm
                                                                                       └─▶ table of way tags

A way keeps only nodes that are present and inside the area; where it leaves, it is cut. So the crop holds no
dangling reference. Each piece of a cut way after the first gets an id of its own, see `piece_id`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.errors import NetworkError
from trafficdiff.roads.area import box_in_words
from trafficdiff.roads.findings import Findings
from trafficdiff.roads.osmroads import Members, Nodes, Roads, data_date, read_nodes, read_roads
from trafficdiff.roads.sanitise import DRIVABLE_CLASSES, LANE_CLASSES, PATH_CLASSES, oneway_direction

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from trafficdiff.roads.area import Area
    from trafficdiff.roads.screen import Screened

__all__ = ["MAXIMUM_SEGMENT_M", "Extract", "Ways", "extract", "piece_id", "segment_lengths"]

MAXIMUM_SEGMENT_M: Final = 25_000.0
"""Longest stretch of road between two neighbouring nodes [m]; longer ones are misplaced nodes."""

_PIECE_BITS: Final = 40
_EARTH_RADIUS_M: Final = 6_371_008.8  # mean radius R1, IUGG


def piece_id(way: int, piece: int) -> int:
    """Return the id of one piece of a cut way: the way's own for piece 0, above 2^40 for the others.

    OSM way ids stay below 2^31 until the 2030s; netconvert reads 64 bits.
    """
    return way + (piece << _PIECE_BITS) * (1 if way >= 0 else -1)


@dataclass(frozen=True, eq=False, kw_only=True)
class Ways:
    """Hold the roads of an extract: ``P`` pieces of ways with ``V`` points.

    Parameters
    ----------
    tags
        One row a way (index: OSM way id), one column a tag that occurs, missing ones None.
    way
        Shape (P,), OSM way id of each piece.
    oneway
        Shape (P,), 1 along the points only, -1 against them only, 0 both ways.
    offsets, lonlat
        CSR of the pieces' points: shape (P + 1,) and (V, 2) [degrees, WGS 84].
    """

    tags: pd.DataFrame
    way: NDArray[np.int64]
    oneway: NDArray[np.int8]
    offsets: NDArray[np.int64]
    lonlat: NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Extract:
    """Hold what came out of the OSM files.

    Parameters
    ----------
    ways
        Tags and geometry of the roads.
    bounds
        West, south, east, north of the roads [degrees, WGS 84].
    data_date
        When the OSM data were current (ISO 8601 UTC): as the file says, else the newest road or node kept.
    counts
        Numbers of ways, pieces, nodes and turn restrictions written.
    origin_of
        OSM way id of each piece that has an id of its own.
    findings
        What was left out or corrected.
    """

    ways: Ways
    bounds: tuple[float, float, float, float]
    data_date: str
    counts: dict[str, int]
    origin_of: dict[int, int]
    findings: Findings


@dataclass(frozen=True)
class _Pieces:
    """Hold the pieces of ways that are kept, in the order of the ways."""

    way: NDArray[np.int64]
    number: NDArray[np.int64]
    offsets: NDArray[np.int64]
    nodes: NDArray[np.int64]  # positions in Nodes


def extract(sources: Sequence[Screened], *, crop: Path, area: Area | None = None, paths: bool = True) -> Extract:
    """Cut the roads out of one or more OSM files and write them to `crop`.

    Parameters
    ----------
    sources
        Screened OSM files; objects in several of them are merged by id, the highest version wins.
    crop
        OSM XML file to write: highways, their nodes, and turn restrictions whose members are all there.
    area
        What to cut to; None keeps every node that is present.
    paths
        Whether footways and cycleways are kept; a net for cars is the same without them.

    Raises
    ------
    NetworkError
        If a file is cut or damaged, holds a coordinate that is no number on the globe, has too many objects,
        or no street that cars may use (inside the area).
    """
    findings = Findings()
    kept = DRIVABLE_CLASSES | LANE_CLASSES | (PATH_CLASSES if paths else frozenset())
    roads = read_roads(sources, classes=kept, findings=findings)
    nodes = read_nodes(sources, roads, findings=findings)
    present = np.ones(len(nodes.ids), bool) if area is None else area.contains(*nodes.lonlat.T)
    pieces = _cut(roads, nodes, present, findings)
    _require_drivable(roads, nodes, pieces, sources, area)
    used = np.unique(pieces.nodes)
    restrictions = _whole_restrictions(roads, nodes, pieces, findings)
    _write(crop, roads=roads, nodes=nodes, pieces=pieces, restrictions=restrictions)
    west, south = nodes.lonlat[used].min(axis=0)
    east, north = nodes.lonlat[used].max(axis=0)
    return Extract(
        ways=_ways(roads, nodes, pieces),
        bounds=(float(west), float(south), float(east), float(north)),
        data_date=data_date(sources, roads),
        counts={
            "ways": len(np.unique(pieces.way)),
            "pieces": len(pieces.way),
            "nodes": len(used),
            "turn_restrictions": len(restrictions),
        },
        origin_of={piece_id(way, number): way for way, number in _numbered(pieces) if number},
        findings=findings,
    )


def _numbered(pieces: _Pieces) -> Iterator[tuple[int, int]]:
    return zip(pieces.way.tolist(), pieces.number.tolist(), strict=True)


def _cut(roads: Roads, nodes: Nodes, present: NDArray[np.bool_], findings: Findings) -> _Pieces:
    """Cut every way into runs of present nodes; runs of one node are dropped.

    ::

        references   a  b  .  c  d  .  e        . is missing or outside
        pieces       a──b     c──d
    """
    ways = np.array(sorted(roads.references), np.int64)
    references = [roads.references[way] for way in ways.tolist()]
    owner = np.repeat(np.arange(len(ways)), [len(row) for row in references])
    known, place = _look_up(np.array([node for row in references for node in row], np.int64), nodes, present)
    kept = np.flatnonzero(known)
    kept = kept[_differs(place[kept]) | _differs(owner[kept]) | _differs(kept - known.cumsum()[kept])]
    place, owner_kept = place[kept], owner[kept]
    apart = _differs(owner_kept) | _differs(kept - known.cumsum()[kept])
    far = np.zeros(len(kept), bool)
    far[1:] = ~apart[1:] & (segment_lengths(nodes.lonlat[place]) > MAXIMUM_SEGMENT_M)
    run = np.cumsum(apart | far) - 1
    sizes = np.bincount(run) if len(run) else np.zeros(0, np.int64)
    first = np.flatnonzero(apart | far)[sizes >= 2]
    piece_owner = owner_kept[first]
    _note_cuts(ways, owner, known, piece_owner, findings)
    for bad in np.unique(owner_kept[far]):
        findings.add("segment_too_long", f"way {ways[bad]}")
    return _Pieces(
        way=ways[piece_owner],
        number=np.arange(len(piece_owner)) - np.searchsorted(piece_owner, piece_owner),
        offsets=np.concatenate([[0], np.cumsum(sizes[sizes >= 2])]).astype(np.int64),
        nodes=place[sizes[run] >= 2] if len(run) else place,
    )


def _look_up(
    references: NDArray[np.int64], nodes: Nodes, present: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Return which references are present, and their places among the nodes."""
    if not len(nodes.ids):
        return np.zeros(len(references), bool), np.zeros(len(references), np.int64)
    place = np.minimum(np.searchsorted(nodes.ids, references), len(nodes.ids) - 1)
    return (nodes.ids[place] == references) & present[place], place


def _differs(values: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return where a value differs from the one before it; the first does."""
    changed = np.ones(len(values), bool)
    changed[1:] = np.diff(values) != 0
    return changed


def _note_cuts(
    ways: NDArray[np.int64],
    owner: NDArray[np.int64],
    known: NDArray[np.bool_],
    piece_owner: NDArray[np.int64],
    findings: Findings,
) -> None:
    left = np.isin(np.arange(len(ways)), piece_owner)
    broken = np.zeros(len(ways), bool)
    broken[owner[~known]] = True
    for name, chosen in (("way_cut", left & broken), ("way_outside", ~left)):
        for way in ways[chosen]:
            findings.add(name, f"way {way}")


def segment_lengths(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distance between neighbouring points [m] on a sphere (equirectangular), shape (points - 1,)."""
    lon, lat = np.radians(lonlat).T
    east = np.diff(lon) * np.cos((lat[1:] + lat[:-1]) / 2)
    return np.asarray(_EARTH_RADIUS_M * np.hypot(east, np.diff(lat)))


def _require_drivable(
    roads: Roads, nodes: Nodes, pieces: _Pieces, sources: Sequence[Screened], area: Area | None
) -> None:
    classes = [roads.tags[way].get("highway", "") for way in np.unique(pieces.way).tolist()]
    if DRIVABLE_CLASSES.intersection(classes):
        return
    names = ", ".join(str(source.path) for source in sources)
    found = ", ".join(f"{classes.count(name)} {name}" for name in sorted(set(classes))) or "no road at all"
    where = "" if area is None else f" inside the area {box_in_words(area.bounds)}"
    advice = "give an extract or an area with streets"
    if area is not None and len(nodes.lonlat):
        bounds = (*nodes.lonlat.min(axis=0), *nodes.lonlat.max(axis=0))
        advice = f"the roads of the extract lie in {box_in_words(bounds)} (W,S,E,N): give an area there"
    raise NetworkError(f"{names}: expected at least one street that cars may use{where}, got {found}; {advice}")


def _whole_restrictions(
    roads: Roads, nodes: Nodes, pieces: _Pieces, findings: Findings
) -> dict[int, tuple[dict[str, str], Members]]:
    """Return the turn restrictions whose members are all there, their ways replaced by the piece at the via node."""
    by_way: dict[int, list[int]] = {}
    for piece, way in enumerate(pieces.way.tolist()):
        by_way.setdefault(way, []).append(piece)
    bounds, ids = pieces.offsets.tolist(), nodes.ids[pieces.nodes].tolist()
    used = set(ids)
    whole = {}
    for relation, (tags, members) in sorted(roads.restrictions.items()):
        via = {ref for kind, ref, _ in members if kind == "n"}
        replaced = []
        for kind, ref, role in members:
            if kind == "n" and ref in used:
                replaced.append((kind, ref, role))
            elif kind == "w":
                mine = by_way.get(ref, [])
                touching = [
                    piece for piece in mine if not via or via.intersection(ids[bounds[piece] : bounds[piece + 1]])
                ]
                if touching and (via or len(mine) == 1):
                    replaced.append((kind, piece_id(ref, int(pieces.number[touching[0]])), role))
        if len(replaced) == len(members):
            whole[relation] = (tags, replaced)
        else:
            findings.add("restriction_incomplete", f"relation {relation}")
    return whole


def _write(
    crop: Path,
    *,
    roads: Roads,
    nodes: Nodes,
    pieces: _Pieces,
    restrictions: dict[int, tuple[dict[str, str], Members]],
) -> None:
    import osmium
    from osmium.osm import mutable

    writer = osmium.SimpleWriter(osmium.io.File(str(crop), "osm,add_metadata=false"), overwrite=True)
    try:
        for place in np.unique(pieces.nodes).tolist():
            node = int(nodes.ids[place])
            location = tuple(nodes.lonlat[place].tolist())
            writer.add_node(mutable.Node(id=node, location=location, tags=nodes.tags.get(node, {})))
        ids = nodes.ids[pieces.nodes].tolist()
        bounds = pieces.offsets.tolist()
        for index, (way, number) in enumerate(_numbered(pieces)):
            points = ids[bounds[index] : bounds[index + 1]]
            writer.add_way(mutable.Way(id=piece_id(way, number), nodes=points, tags=roads.tags[way]))
        for relation, (tags, members) in restrictions.items():
            writer.add_relation(mutable.Relation(id=relation, members=members, tags=tags))
    finally:
        writer.close()


def _ways(roads: Roads, nodes: Nodes, pieces: _Pieces) -> Ways:
    import pandas as pd

    ids = np.unique(pieces.way)
    table = pd.DataFrame.from_records([roads.tags[way] for way in ids.tolist()], index=pd.Index(ids, name="way"))
    direction = {way: oneway_direction(roads.tags[way]) for way in ids.tolist()}
    return Ways(
        tags=table.astype(object).where(table.notna(), None).sort_index(axis="columns"),
        way=pieces.way,
        oneway=np.array([direction[way] for way in pieces.way.tolist()], np.int8),
        offsets=pieces.offsets,
        lonlat=nodes.lonlat[pieces.nodes],
    )
