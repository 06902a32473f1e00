"""Block lanes at a place for some time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.datatypes.approaches import approaches
from trafficdiff.datatypes.control import Closure, Control
from trafficdiff.datatypes.effect import Effect
from trafficdiff.errors import ScenarioError
from trafficdiff.scenarios import lane_changes
from trafficdiff.scenarios.edges import choose
from trafficdiff.scenarios.road_edit import ON_WHEELS, RoadEdit, chosen_ids, length_in_words
from trafficdiff.scenarios.speeds import speed_change

if TYPE_CHECKING:
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.lanes import Lanes
    from trafficdiff.datatypes.road_measures import Incident

__all__ = ["block"]


def block(measure: Incident, graph: RoadGraph, *, lanes: Lanes) -> RoadEdit:
    """Block lanes for some time; beside them one drives slowly, and a road without a free lane is closed.

    Nobody knows of it beforehand: drivers learn of a closed road when they are about to turn into it.

    Raises
    ------
    ScenarioError
        If nothing is chosen, or vehicles may not use the roads as it is.
    """
    chosen = choose(graph, measure.where)
    own = lane_changes.own_lanes(chosen, lanes)
    if not any(own.values()):
        raise ScenarioError(
            f"expected roads that vehicles may use, got {length_in_words(graph, chosen)} that are closed to them"
        )
    during = (measure.during.begin_s, measure.during.end_s)
    passing_ms = measure.passing_speed_kmh / 3.6
    shut = {edge: rows for edge, rows in own.items() if rows and len(rows) <= measure.lanes}
    open_still = {edge: rows for edge, rows in own.items() if len(rows) > measure.lanes}
    control, slowed = lane_changes.block_lanes(
        graph, lanes, open_still, blocked=measure.lanes, during=during, passing_ms=passing_ms
    )
    if shut:
        control = control.joined(_closed(graph, lanes, list(shut), during=during, passing_ms=passing_ms))
    summary = (
        f"{measure.lanes} lane(s) of {length_in_words(graph, chosen)} blocked from {during[0]:g} to {during[1]:g} s"
    )
    if shut:
        summary += f"; {len(shut)} of them without a free lane"
    return RoadEdit(
        control=control,
        effect=Effect(
            kind=measure.kind,
            summary=summary + lane_changes.slowed_words(slowed),
            edges=chosen_ids(graph, chosen),
            declared=lane_changes.declared(slowed),
        ),
    )


def _closed(
    graph: RoadGraph, lanes: Lanes, edges: list[int], *, during: tuple[float, float], passing_ms: float
) -> Control:
    """Return the closure of whole roads; who cannot turn off squeezes past slowly."""
    chosen = np.zeros(graph.edge_count, bool)
    chosen[edges] = True
    closure = Closure(
        edges=chosen_ids(graph, chosen),
        begin_s=during[0],
        end_s=during[1],
        told_at=chosen_ids(graph, approaches(graph, chosen)) or chosen_ids(graph, chosen),
    )
    rows = np.flatnonzero(chosen[lanes.edge] & ((lanes.allowed & ON_WHEELS) != 0) & (lanes.speed_ms > passing_ms))
    if not len(rows):
        return Control(closures=(closure,))
    return Control(closures=(closure,), speeds=(speed_change(lanes, rows, passing_ms, during=during),))
