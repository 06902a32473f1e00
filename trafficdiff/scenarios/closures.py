"""Close roads, directions and turns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.datatypes.control import Closure, Control
from trafficdiff.datatypes.effect import Effect
from trafficdiff.datatypes.net_patch import NetPatch
from trafficdiff.datatypes.vehicles import class_bit, class_mask
from trafficdiff.errors import Faults, ScenarioError
from trafficdiff.scenarios.edges import choose
from trafficdiff.scenarios.road_edit import ON_WHEELS, RoadEdit, chosen_ids, length_in_words, some

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.lanes import Lanes
    from trafficdiff.datatypes.road_measures import BanTurn, CloseRoad, OneWay

__all__ = ["ban_turn", "close_road", "one_way"]


def close_road(measure: CloseRoad, graph: RoadGraph, *, lanes: Lanes) -> RoadEdit:
    """Close roads to all vehicles but some classes, for good or for a part of the day; who walks may still pass.

    Raises
    ------
    ScenarioError
        If nothing is chosen, no vehicle may use the roads as it is, or no road for cars would be left.
    """
    chosen = choose(graph, measure.where)
    still = class_mask(measure.open_to)
    closing = ON_WHEELS & ~still
    if not (graph.allowed_classes[chosen] & closing).any():
        raise ScenarioError(
            f"expected roads that are open to vehicles besides {list(measure.open_to)}, got "
            f"{length_in_words(graph, chosen)} that are closed to them already; choose others or leave the measure out"
        )
    what = f"closed {length_in_words(graph, chosen)}" + (f" but to {', '.join(measure.open_to)}" if still else "")
    edges = chosen_ids(graph, chosen)
    if measure.during is not None:
        begin_s, end_s = measure.during.begin_s, measure.during.end_s
        closure = Closure(edges=edges, begin_s=begin_s, end_s=end_s, open_to=measure.open_to)
        summary = f"{what} from {begin_s:g} to {end_s:g} s"
        return RoadEdit(
            control=Control(closures=(closure,)), effect=Effect(kind=measure.kind, summary=summary, edges=edges)
        )
    _check_something_drivable(graph, chosen, closing)
    return RoadEdit(
        patch=NetPatch(allowed=_narrowed(lanes, chosen, closing)),
        effect=Effect(kind=measure.kind, summary=what, edges=edges),
    )


def one_way(measure: OneWay, graph: RoadGraph, *, lanes: Lanes) -> RoadEdit:
    """Close the edges that lead the other way between the ends of the chosen ones.

    Raises
    ------
    ScenarioError
        If nothing is chosen, both directions are, or there is nothing the other way.
    """
    kept = choose(graph, measure.where)
    ends = set(zip(graph.to_node[kept].tolist(), graph.from_node[kept].tolist(), strict=True))
    pairs = zip(graph.from_node.tolist(), graph.to_node.tolist(), strict=True)
    against = np.array([pair in ends for pair in pairs]) & ((graph.allowed_classes & ON_WHEELS) != 0)
    both = kept & against
    faults = Faults("one way")
    if both.any():
        faults.add(
            f"expected one direction, got both between the same junctions ({some(chosen_ids(graph, both))}); "
            "choose the edges to keep by their ids"
        )
    elif not against.any():
        faults.add(
            f"expected edges the other way, got none beside {some(chosen_ids(graph, kept))}; these are one way already"
        )
    faults.raise_if_any(ScenarioError)
    _check_something_drivable(graph, against, ON_WHEELS)
    summary = f"one way on {length_in_words(graph, kept)}: {length_in_words(graph, against)} the other way closed"
    return RoadEdit(
        patch=NetPatch(allowed=_narrowed(lanes, against, ON_WHEELS)),
        effect=Effect(kind=measure.kind, summary=summary, edges=chosen_ids(graph, against)),
    )


def ban_turn(measure: BanTurn, graph: RoadGraph, *, lanes: Lanes) -> RoadEdit:
    """Forbid the turns from some edges into others to everybody.

    Raises
    ------
    ScenarioError
        If nothing is chosen, or no such turn is open.
    """
    out_of, into = choose(graph, measure.out_of), choose(graph, measure.into)
    sources, targets = graph.successor_sources, graph.successor_edges
    banned = out_of[sources] & into[targets] & (graph.successor_classes != 0)
    if not banned.any():
        onward = sorted({str(graph.edge_id[edge]) for edge in targets[out_of[sources]]})
        raise ScenarioError(
            f"expected turns from {some(chosen_ids(graph, out_of))} into {some(chosen_ids(graph, into))}, got none; "
            f"one can turn into {some(onward) or 'nothing'}"
        )
    pairs = sorted(
        (str(graph.edge_id[left]), str(graph.edge_id[entered]))
        for left, entered in zip(sources[banned], targets[banned], strict=True)
    )
    del lanes
    return RoadEdit(
        patch=NetPatch(banned_turns=frozenset(pairs)),
        effect=Effect(
            kind=measure.kind,
            summary=f"banned {len(pairs)} turn{'s' if len(pairs) != 1 else ''}: "
            + some([f"{left} to {entered}" for left, entered in pairs]),
            edges=tuple(dict.fromkeys(edge for pair in pairs for edge in pair)),
        ),
    )


def _narrowed(lanes: Lanes, chosen: NDArray[np.bool_], closing: int) -> dict[str, int]:
    """Return the permissions of the chosen edges' lanes without some classes, by lane id."""
    rows = np.flatnonzero(chosen[lanes.edge])
    return {str(lanes.lane_id[row]): int(lanes.allowed[row]) & ~closing for row in rows}


def _check_something_drivable(graph: RoadGraph, chosen: NDArray[np.bool_], closing: int) -> None:
    car = class_bit("passenger")
    left = np.where(chosen, graph.allowed_classes & ~closing, graph.allowed_classes)
    if not (left & car).any():
        raise ScenarioError("expected at least one road that cars may use to remain, got none; close fewer roads")
