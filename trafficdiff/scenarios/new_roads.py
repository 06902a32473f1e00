"""Build roads between junctions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.effect import Effect
from trafficdiff.datatypes.identifiers import is_refused
from trafficdiff.datatypes.net_patch import NetPatch, RoadToBuild
from trafficdiff.errors import Faults, ScenarioError
from trafficdiff.scenarios.edges import near_matches
from trafficdiff.scenarios.road_edit import RoadEdit, new_plans

if TYPE_CHECKING:
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.lanes import Lanes
    from trafficdiff.datatypes.part import Point
    from trafficdiff.datatypes.road_measures import NewRoad

__all__ = ["ROAD_CLASSES", "build_road"]

ROAD_CLASSES: Final = (
    "motorway", "motorway_link", "trunk", "trunk_link", "primary", "primary_link", "secondary", "secondary_link",
    "tertiary", "tertiary_link", "unclassified", "residential", "living_street", "service",
)  # fmt: skip
"""Road classes of OpenStreetMap that cars may use, as netconvert's type map knows them."""
_FARTHEST_M: Final = 500.0


def build_road(measure: NewRoad, graph: RoadGraph, *, lanes: Lanes) -> RoadEdit:
    """Build a road between two junctions, straight or through given points; every turn at its ends is allowed.

    Raises
    ------
    ScenarioError
        Listing all faults: an id that an edge has already, an end that is no junction or over 500 m from any, both
        ends the same, an unknown class.
    """
    faults = Faults(f"new road {measure.id!r}")
    names = [measure.id, f"-{measure.id}"] if measure.both_ways else [measure.id]
    for name in names:
        if name in graph.edge_index:
            faults.add(f"expected an id that no edge has yet, got {name!r}; choose another")
    if is_refused(measure.id):
        faults.add(f"expected an id that SUMO takes, got {measure.id!r}; use letters and digits")
    if measure.road_class not in ROAD_CLASSES:
        faults.add(
            f"expected a road_class that cars may use, got {measure.road_class!r}; "
            f"{near_matches(measure.road_class, ROAD_CLASSES)} There are {', '.join(ROAD_CLASSES)}"
        )
    ends = [_junction(graph, where, what, faults) for what, where in (("start", measure.start), ("end", measure.end))]
    if None not in ends and ends[0] == ends[1]:
        faults.add(
            f"expected two junctions, got {graph.node_id[ends[0]]!r} as both ends; give points nearer to the others"
        )
    faults.raise_if_any(ScenarioError)
    start, end = (str(graph.node_id[node]) for node in ends)
    inner = [tuple(xy) for xy in graph.from_lonlat(np.array(measure.through, float).reshape(-1, 2)).tolist()]
    roads = [_road(measure, names[0], start, end, inner)]
    if measure.both_ways:
        roads.append(_road(measure, names[1], end, start, inner[::-1]))
    points = np.array([graph.node_xy[ends[0]], *inner, graph.node_xy[ends[1]]])
    length_m = float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())
    at_ends = np.isin(graph.node_id[graph.to_node[lanes.edge[lanes.turn_from]]].astype(str), [start, end])
    summary = (
        f"built {measure.id} from {start} to {end}: {length_m / 1000:.2f} km, {measure.lanes} lane(s)"
        f"{' each way' if measure.both_ways else ''}, {measure.speed_kmh:g} km/h{new_plans(at_ends, lanes)}"
    )
    return RoadEdit(
        patch=NetPatch(roads=tuple(roads)), effect=Effect(kind=measure.kind, summary=summary, edges=tuple(names))
    )


def _road(measure: NewRoad, name: str, start: str, end: str, inner: list[tuple[float, float]]) -> RoadToBuild:
    return RoadToBuild(
        id=name,
        from_node=start,
        to_node=end,
        shape_xy=tuple(inner),
        lanes=measure.lanes,
        speed_ms=measure.speed_kmh / 3.6,
        street=measure.street,
        road_class=measure.road_class,
    )


def _junction(graph: RoadGraph, where: Point | str, what: str, faults: Faults) -> int | None:
    """Return the position of a junction: by its id, or the nearest one to a point."""
    if isinstance(where, str):
        found = np.flatnonzero(graph.node_id == where)
        if not len(found):
            near = near_matches(where, map(str, graph.node_id))
            faults.add(f"{what}: expected a junction's id or a point, got {where!r}; {near}")
            return None
        return int(found[0])
    xy = graph.from_lonlat(np.array([where], float))[0]
    away_m = np.linalg.norm(graph.node_xy - xy, axis=1)
    nearest = int(np.argmin(away_m))
    if away_m[nearest] > _FARTHEST_M:
        faults.add(
            f"{what}: expected a point within {_FARTHEST_M:g} m of a junction, got {list(where)}, "
            f"{away_m[nearest]:.0f} m from {graph.node_id[nearest]!r}; give longitude before latitude"
        )
        return None
    return nearest
