"""Turn roads that were picked on a map into what a measure asks for, and measures into roads to be marked."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from pydantic import ValidationError

from trafficdiff.datatypes.edge_choice import Area, EdgeChoice
from trafficdiff.errors import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["area_around", "edges_of", "marks_of", "middle_of", "sketches_of", "streets_of", "with_opposite"]

_CLOSING: Final = frozenset({"close_road"})
_MARGIN_M: Final = 10.0
"""An area goes so far beyond the middles of its roads, so that rounding leaves none outside."""
_CORNER_DIGITS: Final = 6


def with_opposite(graph: RoadGraph, edges: Sequence[str]) -> tuple[str, ...]:
    """Return roads with those that lead the other way between the same junctions, each once, in the graph's order."""
    rows = _rows(graph, edges)
    ends = set(zip(graph.to_node[rows].tolist(), graph.from_node[rows].tolist(), strict=True))
    both = set(rows.tolist())
    both |= {
        row
        for row, pair in enumerate(zip(graph.from_node.tolist(), graph.to_node.tolist(), strict=True))
        if pair in ends
    }
    return tuple(str(graph.edge_id[row]) for row in sorted(both))


def streets_of(graph: RoadGraph, edges: Sequence[str]) -> list[tuple[str, int]]:
    """Return the names of streets that roads belong to, with how many of the roads; the most frequent first."""
    names = Counter(str(graph.street_name[row]) for row in _rows(graph, edges))
    return names.most_common()


def middle_of(graph: RoadGraph, edges: Sequence[str]) -> tuple[float, float] | None:
    """Return the middle of the first of some roads as longitude and latitude [degrees, WGS 84]; None of no road."""
    rows = _rows(graph, edges)
    if not len(rows):
        return None
    lon, lat = graph.to_lonlat(graph.midpoint_xy[rows[:1]])[0]
    return round(float(lon), _CORNER_DIGITS), round(float(lat), _CORNER_DIGITS)


def area_around(graph: RoadGraph, edges: Sequence[str]) -> dict[str, Any] | None:
    """Return the smallest convex polygon round the middles of roads as a measure holds it; None of no road."""
    import shapely

    rows = _rows(graph, edges)
    if not len(rows):
        return None
    points = shapely.MultiPoint(graph.midpoint_xy[rows])
    around = points.convex_hull.buffer(_MARGIN_M, quad_segs=1, join_style="mitre")
    corners = graph.to_lonlat(np.asarray(around.exterior.coords)[:-1])
    return {"polygon": [[round(float(lon), _CORNER_DIGITS), round(float(lat), _CORNER_DIGITS)] for lon, lat in corners]}


def edges_of(graph: RoadGraph, choice: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the roads that a choice or an area of a measure means; none where it cannot be meant here."""
    from trafficdiff.scenarios.edges import choose

    try:
        kind = EdgeChoice if {"edges", "streets", "classes"} & choice.keys() else Area
        chosen = choose(graph, kind.model_validate(dict(choice)))
    except (ValidationError, ScenarioError):
        return ()
    return tuple(str(edge) for edge in graph.edge_id[chosen])


def marks_of(graph: RoadGraph, measures: Iterable[Any]) -> dict[str, tuple[str, ...]]:
    """Return the roads that measures touch, by what is to be seen: ``closed`` or ``changed``; closed ones win.

    Parameters
    ----------
    graph
        The base's roads.
    measures
        As plain data, perhaps with faults: what cannot be meant is left out.
    """
    closed: dict[str, None] = {}
    changed: dict[str, None] = {}
    for measure in measures:
        if not isinstance(measure, dict):
            continue
        kind, target = measure.get("kind"), changed
        where = next(
            (measure[key] for key in ("where", "out_of", "zone", "cordon") if isinstance(measure.get(key), dict)), None
        )
        if where is None:
            continue
        found = edges_of(graph, where)
        if kind == "one_way":
            found = tuple(edge for edge in with_opposite(graph, found) if edge not in set(found))
        if kind in _CLOSING or kind == "one_way":
            target = closed
        target.update(dict.fromkeys(found))
    return {"closed": tuple(closed), "changed": tuple(edge for edge in changed if edge not in closed)}


def sketches_of(graph: RoadGraph, measures: Iterable[Any]) -> list[list[tuple[float, float]]]:
    """Return the lines of roads that measures would build, as longitude and latitude [degrees, WGS 84]."""
    lines = []
    for measure in measures:
        if isinstance(measure, dict) and measure.get("kind") == "new_road":
            ends = [measure.get("start"), *(measure.get("through") or []), measure.get("end")]
            points = [_point(graph, end) for end in ends]
            if all(point is not None for point in points):
                lines.append([point for point in points if point is not None])
    return lines


def _point(graph: RoadGraph, end: object) -> tuple[float, float] | None:
    if isinstance(end, str):
        found = np.flatnonzero(graph.node_id == end)
        if not len(found):
            return None
        lon, lat = graph.to_lonlat(graph.node_xy[found[:1]])[0]
        return float(lon), float(lat)
    if isinstance(end, list | tuple) and len(end) == 2 and all(isinstance(part, int | float) for part in end):
        return float(end[0]), float(end[1])
    return None


def _rows(graph: RoadGraph, edges: Sequence[str]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return the places of roads that are there, each once."""
    return np.array(sorted({graph.edge_index[edge] for edge in edges if edge in graph.edge_index}), np.int64)
