"""Find what each kind of road measure does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trafficdiff.scenarios import closures, green_waves, incidents, lane_changes, new_roads, signal_plans, speeds
from trafficdiff.scenarios.road_edit import RoadEdit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.lanes import Lanes
    from trafficdiff.datatypes.measures import RoadMeasure

__all__ = ["RoadEdit", "road_edits"]

_EDITS: Mapping[str, Callable[..., RoadEdit]] = {
    "close_road": closures.close_road,
    "one_way": closures.one_way,
    "ban_turn": closures.ban_turn,
    "speed_limit": speeds.limit_speed,
    "close_lanes": lane_changes.close_lanes,
    "change_lanes": lane_changes.change_lanes,
    "reserve_lane": lane_changes.reserve_lane,
    "new_road": new_roads.build_road,
    "incident": incidents.block,
    "fix_signals": signal_plans.fix_signals,
    "actuate_signals": signal_plans.actuate_signals,
    "coordinate_signals": green_waves.coordinate_signals,
}


def road_edits(measure: RoadMeasure, graph: RoadGraph, *, lanes: Lanes) -> RoadEdit:
    """Return what a road measure comes to on these roads.

    Parameters
    ----------
    measure
        Any of `trafficdiff.datatypes.measures.RoadMeasure`.
    graph
        The roads as the measures before it have left them.
    lanes
        Their lanes, from `trafficdiff.datatypes.lanes.read_lanes`.

    Raises
    ------
    ScenarioError
        Listing all that keeps the measure from acting: nothing chosen, no such turn, nothing left to drive on.
    """
    return _EDITS[measure.kind](measure, graph, lanes=lanes)
