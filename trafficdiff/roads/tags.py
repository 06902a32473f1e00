"""Join the tags of OSM ways to the edges of a net.

Edge and way are m : n. Five points along every edge look for ways nearby that run in the same direction, and the
way that most points choose describes the edge::

    edge  ──•────•────•────•────•──▶      way 11 has three votes, way 12 two
    ways  ════════11══════╪════12═══

Where the net carries OSM way ids and the table knows them, only these ways stand for election.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.roads.sanitise import DRIVABLE_CLASSES, LANE_CLASSES

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.roads.extract import Ways

__all__ = ["MAXIMUM_DISTANCE_M", "TAG_COLUMNS", "JoinShares", "join_shares", "join_tags", "read_tags"]

TAG_COLUMNS: Final[tuple[str, ...]] = (
    "highway", "name", "ref", "maxspeed", "lanes", "lanes:forward", "lanes:backward", "turn:lanes", "oneway",
    "junction", "access", "motor_vehicle", "hgv", "bus", "psv", "service", "bridge", "tunnel", "layer", "width",
    "surface", "smoothness", "lit", "sidewalk", "cycleway", "cycleway:left", "cycleway:right", "cycleway:both",
    "bicycle", "foot", "maxweight", "maxheight", "incline", "motorroad", "toll", "traffic_calming",
)  # fmt: skip
"""OSM tags that edges get, as text; None where the way has none."""

MAXIMUM_DISTANCE_M: Final = 15.0
"""Farthest way from an edge's centre line that may describe it [m]: half a wide street and a map's usual error."""

_FRACTIONS: Final = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
_LEAST_COSINE: Final = float(np.cos(np.radians(30.0)))
_LEAST_VOTES: Final = 3


@dataclass(frozen=True)
class JoinShares:
    """Say how many edges got their tags how; shares of the edges, adding up to 1."""

    way_id: float
    geometry: float
    none: float


@dataclass(frozen=True)
class _Pairs:
    """Hold candidates: point on an edge, position of the way in the table, distance [m], whether traffic agrees."""

    point: NDArray[np.int64]
    way: NDArray[np.int64]
    distance_m: NDArray[np.float64]
    with_traffic: NDArray[np.bool_]

    def only(self, chosen: NDArray[np.bool_]) -> _Pairs:
        return _Pairs(self.point[chosen], self.way[chosen], self.distance_m[chosen], self.with_traffic[chosen])


def join_tags(graph: RoadGraph, ways: Ways, *, maximum_distance_m: float = MAXIMUM_DISTANCE_M) -> pd.DataFrame:
    """Return the OSM tags of every edge.

    Parameters
    ----------
    graph
        The net, with or without OSM way ids.
    ways
        Ways and their tags, from `trafficdiff.roads.extract.extract`.
    maximum_distance_m
        Farthest way that may describe an edge [m].

    Returns
    -------
    One row an edge (index ``edge_id``): `TAG_COLUMNS` as text or None, ``way`` (OSM way id or missing), ``joined``
    (``"way_id"``, ``"geometry"`` or ``"none"``), ``way_share`` (share of the five points that chose it) and
    ``distance_m`` (mean distance from them, NaN where no point met the way).
    """
    import pandas as pd

    pairs = _nearby(graph, ways, maximum_distance_m)
    known_edge, known_way = _known_pairs(graph, ways)
    width = len(ways.tags)
    edge = pairs.point // len(_FRACTIONS)
    by_id = _elect(pairs.only(np.isin(edge * width + pairs.way, known_edge * width + known_way)), graph.edge_count)
    by_shape = _elect(pairs.only(pairs.with_traffic & _same_use(graph, ways, edge, pairs.way)), graph.edge_count)
    way, votes, distance_m = (values.copy() for values in by_id)
    listed = np.zeros(graph.edge_count, bool)
    listed[known_edge] = True
    first = np.unique(known_edge, return_index=True)[1]
    fallback = known_edge[first][way[known_edge[first]] < 0]
    way[fallback] = known_way[first][way[known_edge[first]] < 0]
    geometric = ~listed & (by_shape[1] >= _LEAST_VOTES)
    for mine, other in zip((way, votes, distance_m), by_shape, strict=True):
        mine[geometric] = other[geometric]
    table = ways.tags.reindex(columns=list(TAG_COLUMNS)).astype(object)
    rows = table.to_numpy()[np.maximum(way, 0)] if width else np.full((graph.edge_count, len(TAG_COLUMNS)), None)
    rows[way < 0] = None
    frame = pd.DataFrame(rows, columns=list(TAG_COLUMNS), index=pd.Index(graph.edge_id, name="edge_id"), dtype=object)
    frame = frame.where(frame.notna(), None)
    ids = table.index.to_numpy()
    frame["way"] = pd.array([int(ids[place]) if place >= 0 else pd.NA for place in way], dtype="Int64")
    joined = np.where(listed, "way_id", np.where(geometric, "geometry", "none"))
    frame["joined"] = pd.Series(joined.tolist(), index=frame.index, dtype=object)
    frame["way_share"] = votes / len(_FRACTIONS)
    frame["distance_m"] = distance_m
    return frame


def read_tags(path: Path) -> pd.DataFrame:
    """Return a table that `join_tags` made and ``to_parquet`` wrote, with the same types: text or None as objects."""
    import pandas as pd

    tags = pd.read_parquet(path)
    text = [*TAG_COLUMNS, "joined"]
    tags[text] = tags[text].astype(object).where(tags[text].notna(), None)
    return tags


def join_shares(tags: pd.DataFrame) -> JoinShares:
    """Return how many edges of a joined table got their tags how."""
    shares = tags["joined"].value_counts(normalize=True)
    return JoinShares(*(float(shares.get(name, 0.0)) for name in ("way_id", "geometry", "none")))


def _known_pairs(graph: RoadGraph, ways: Ways) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return edge and way position for the way ids of the net that the table knows, in the net's order."""
    ids = ways.tags.index.to_numpy()
    edge = np.repeat(np.arange(graph.edge_count), np.diff(graph.way_offsets))
    if not len(ids) or not len(graph.way_ids):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    place = np.minimum(np.searchsorted(ids, graph.way_ids), len(ids) - 1)
    known = ids[place] == graph.way_ids
    return edge[known], place[known]


def _same_use(graph: RoadGraph, ways: Ways, edge: NDArray[np.int64], way: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return whether edge and way are both for cars; an edge without cars may be described by any way."""
    for_cars = ways.tags["highway"].isin(DRIVABLE_CLASSES | LANE_CLASSES).to_numpy()
    return np.asarray(for_cars[way] | ~graph.drivable()[edge])


def _nearby(graph: RoadGraph, ways: Ways, maximum_distance_m: float) -> _Pairs:
    """Return every pair of a point on an edge and a way close to it that runs parallel."""
    import shapely

    points, heading = _points_along(graph)
    xy = graph.from_lonlat(ways.lonlat)
    inside = np.ones(len(xy), bool)
    inside[ways.offsets[1:] - 1] = False  # no segment leads from one piece to the next
    begin = np.flatnonzero(inside)
    piece = np.searchsorted(ways.offsets, begin, side="right") - 1
    start, step = xy[begin], xy[begin + 1] - xy[begin]
    tree = shapely.STRtree(np.asarray(shapely.linestrings(np.stack([start, start + step], axis=1))))
    point, segment = tree.query(shapely.points(points), predicate="dwithin", distance=maximum_distance_m)
    length = np.maximum(np.linalg.norm(step, axis=1), 1e-9)
    offset = points[point] - start[segment]
    along = np.clip((offset * step[segment]).sum(axis=1) / length[segment] ** 2, 0.0, 1.0)
    distance_m = np.linalg.norm(offset - along[:, None] * step[segment], axis=1)
    cosine = (heading[point] * step[segment]).sum(axis=1) / length[segment]
    oneway = ways.oneway[piece[segment]]
    parallel = np.abs(cosine) >= _LEAST_COSINE
    position = np.searchsorted(ways.tags.index.to_numpy(), ways.way)[piece[segment]]
    return _Pairs(point, position, distance_m, (oneway == 0) | (oneway * cosine > 0)).only(parallel)


def _points_along(graph: RoadGraph) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return points at fixed fractions of every edge's centre line and the unit direction there.

    Both have shape (E * fractions, 2) [m], net coordinates.
    """
    step = np.diff(graph.shape_xy, axis=0)
    length = np.linalg.norm(step, axis=1)
    along = np.concatenate([[0.0], np.cumsum(length)])
    first, last = graph.shape_offsets[:-1], graph.shape_offsets[1:] - 1
    wanted = along[first][:, None] + (along[last] - along[first])[:, None] * _FRACTIONS
    segment = np.searchsorted(along, wanted, side="right") - 1
    segment = np.clip(segment, first[:, None], np.maximum(last - 1, first)[:, None]).ravel()
    part = np.divide(
        wanted.ravel() - along[segment], length[segment], out=np.zeros(segment.shape), where=length[segment] > 0
    )
    heading = step[segment] / np.maximum(length[segment], 1e-9)[:, None]
    return graph.shape_xy[segment] + np.clip(part, 0, 1)[:, None] * step[segment], heading


def _elect(pairs: _Pairs, edge_count: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return by edge the way with most votes (-1 where none), its votes, and its mean distance [m].

    Each point votes for its nearest way; of equal votes the nearer way wins.
    """
    order = np.lexsort((pairs.way, pairs.distance_m, pairs.point))
    nearest = order[np.unique(pairs.point[order], return_index=True)[1]]
    edge = pairs.point[nearest] // len(_FRACTIONS)
    ballots, group = np.unique(np.stack([edge, pairs.way[nearest]], axis=1), axis=0, return_inverse=True)
    votes = np.bincount(group.ravel(), minlength=len(ballots))
    mean_m = np.bincount(group.ravel(), pairs.distance_m[nearest], minlength=len(ballots)) / np.maximum(votes, 1)
    ranking = np.lexsort((mean_m, -votes, ballots[:, 0]))
    winner = ranking[np.unique(ballots[ranking, 0], return_index=True)[1]]
    way, count, distance = np.full(edge_count, -1), np.zeros(edge_count, np.int64), np.full(edge_count, np.nan)
    won = ballots[winner, 0]
    way[won], count[won], distance[won] = ballots[winner, 1], votes[winner], mean_m[winner]
    return way, count, distance
