"""Set speed limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.datatypes.control import Control, SpeedChange
from trafficdiff.datatypes.effect import Effect
from trafficdiff.datatypes.net_patch import NetPatch
from trafficdiff.errors import ScenarioError
from trafficdiff.scenarios.edges import choose
from trafficdiff.scenarios.road_edit import ON_WHEELS, RoadEdit, chosen_ids, length_in_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.lanes import Lanes
    from trafficdiff.datatypes.road_measures import SpeedLimit

__all__ = ["limit_speed", "speed_change"]

_SAME_MS = 0.005
"""Nets give speeds with two digits [m/s]: 50 km/h is 13.89 m/s there."""


def limit_speed(measure: SpeedLimit, graph: RoadGraph, *, lanes: Lanes) -> RoadEdit:
    """Set the limit of roads; a limit that is there already changes nothing.

    Raises
    ------
    ScenarioError
        If nothing is chosen, nobody can drive there, or all are slower already where it may only be lowered.
    """
    chosen = choose(graph, measure.where)
    drivable = chosen & ((graph.allowed_classes & ON_WHEELS) != 0)
    if not drivable.any():
        raise ScenarioError(
            f"expected roads that vehicles may use, got {length_in_words(graph, chosen)} that are closed to them; "
            "choose others"
        )
    speed_ms = measure.speed_kmh / 3.6
    touched = drivable
    if measure.only_lower:
        touched = drivable & (graph.speed_limit_ms > speed_ms - _SAME_MS)
        if not touched.any():
            raise ScenarioError(
                f"expected roads faster than {measure.speed_kmh:g} km/h, got {length_in_words(graph, drivable)}, all "
                "slower; set only_lower: false to raise them"
            )
    same = np.abs(graph.speed_limit_ms[touched] - speed_ms) <= _SAME_MS
    summary = f"{measure.speed_kmh:g} km/h on {length_in_words(graph, touched)}"
    if same.any():
        summary += f", {int(same.sum())} of them as before"
    edges = chosen_ids(graph, touched)
    effect = Effect(kind=measure.kind, summary=summary, edges=edges)
    if measure.during is None:
        return RoadEdit(patch=NetPatch(speed_ms=dict.fromkeys(edges, speed_ms)), effect=effect)
    change = speed_change(
        lanes, np.flatnonzero(touched[lanes.edge]), speed_ms, during=(measure.during.begin_s, measure.during.end_s)
    )
    return RoadEdit(control=Control(speeds=(change,)), effect=effect)


def speed_change(lanes: Lanes, rows: NDArray[np.int64], speed_ms: float, *, during: tuple[float, float]) -> SpeedChange:
    """Return the change of some lanes' limit for some time [s]; a limit that is the same to two digits stays exact."""
    now = lanes.speed_ms[rows]
    if len(now) and (np.abs(now - speed_ms) <= _SAME_MS).all() and len(set(now.tolist())) == 1:
        speed_ms = float(now[0])
    return SpeedChange(
        lanes=tuple(map(str, lanes.lane_id[rows])),
        begin_s=during[0],
        end_s=during[1],
        speed_ms=speed_ms,
        speed_after_ms=tuple(now.tolist()),
    )
