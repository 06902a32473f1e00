"""Give signals other plans: another cycle, greens by demand, a green wave.

Phases that clear the junction (yellow, all red) keep their length; the greens share the rest.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.control import Control, SignalProgram
from trafficdiff.datatypes.effect import Effect
from trafficdiff.datatypes.signals import is_green, read_signals
from trafficdiff.errors import Faults, ScenarioError
from trafficdiff.scenarios.edges import choose, near_matches
from trafficdiff.scenarios.road_edit import RoadEdit, chosen_ids, some

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.lanes import Lanes
    from trafficdiff.datatypes.road_measures import ActuateSignals, FixSignals

__all__ = ["actuate_signals", "fix_signals", "plans_of", "with_cycle"]

_SHORTEST_GREEN_S: Final = 5.0
"""Shortest green that a plan may have [s] (RiLSA 2015, 2.7.2)."""


def fix_signals(measure: FixSignals, graph: RoadGraph, *, lanes: Lanes) -> RoadEdit:
    """Give signals a fixed plan of another cycle time; the greens share it as before.

    Raises
    ------
    ScenarioError
        If no signal is meant, one is unknown, or a cycle leaves no green of 5 s: all such signals are named.
    """
    faults = Faults("signals")
    plans = plans_of(measure, graph, lanes, faults)
    fixed = {
        signal: with_cycle(plan, cycle_s=measure.cycle_s, offset_s=measure.offset_s, faults=faults)
        for signal, plan in plans.items()
    }
    faults.raise_if_any(ScenarioError)
    summary = f"{len(fixed)} signals with a fixed plan of {measure.cycle_s:g} s: {some(list(fixed))}"
    return _edit(measure.kind, fixed.values(), graph, lanes, summary=summary)


def actuate_signals(measure: ActuateSignals, graph: RoadGraph, *, lanes: Lanes) -> RoadEdit:
    """Let detectors extend the greens of signals; SUMO places the detectors.

    Raises
    ------
    ScenarioError
        If no signal is meant, or one is unknown.
    """
    faults = Faults("signals")
    plans = plans_of(measure, graph, lanes, faults)
    faults.raise_if_any(ScenarioError)
    actuated = [
        replace(
            plan,
            kind="actuated",
            phases=tuple(
                replace(
                    phase,
                    duration_s=float(np.clip(phase.duration_s, measure.green_min_s, measure.green_max_s)),
                    min_s=measure.green_min_s,
                    max_s=measure.green_max_s,
                )
                if is_green(phase)
                else replace(phase, min_s=None, max_s=None)
                for phase in plan.phases
            ),
        )
        for plan in plans.values()
    ]
    summary = (
        f"{len(actuated)} signals with greens of {measure.green_min_s:g} to {measure.green_max_s:g} s by demand: "
        f"{some(list(plans))}"
    )
    return _edit(measure.kind, actuated, graph, lanes, summary=summary)


def plans_of(
    measure: FixSignals | ActuateSignals, graph: RoadGraph, lanes: Lanes, faults: Faults
) -> dict[str, SignalProgram]:
    """Return the present plans of the signals that a measure means, by their ids; what is wrong is noted.

    A signal is named by its own id or by that of a junction that it controls, or it stands at the end of a road.
    """
    programs = read_signals(graph.net_path)
    at_node = _signals_at(graph, lanes)
    wanted: list[str] = []
    for name in measure.junctions or ():
        found = [name] if name in programs else sorted(at_node.get(name, ()))
        if not found:
            faults.add(
                f"expected a signal or a junction with one, got {name!r}; {near_matches(name, [*programs, *at_node])}"
            )
        wanted += found
    if measure.where is not None:
        ends = {str(graph.node_id[node]) for node in graph.to_node[choose(graph, measure.where)]}
        beside = sorted({signal for node in ends for signal in at_node.get(node, ())})
        if not beside:
            faults.add(f"expected roads that end at a signal, got none among {len(ends)} junctions; choose others")
        wanted += beside
    plans = {name: programs[name] for name in dict.fromkeys(wanted) if name in programs}
    for name, plan in plans.items():
        if not any(map(is_green, plan.phases)):
            faults.add(f"signal {name!r}: expected a plan with green phases, got none ({plan.kind}); leave it out")
    return plans


def with_cycle(plan: SignalProgram, *, cycle_s: float, offset_s: float | None, faults: Faults) -> SignalProgram:
    """Return a fixed plan of another cycle: the greens share what the other phases leave, in whole seconds, as before.

    Parameters
    ----------
    plan
        The plan to change.
    cycle_s
        Time for all phases [s].
    offset_s
        Start of the cycle [s]; None leaves it.
    faults
        Told where a green would be shorter than 5 s.
    """
    greens = np.array([is_green(phase) for phase in plan.phases])
    durations = np.array([phase.duration_s for phase in plan.phases])
    left_s = cycle_s - durations[~greens].sum()
    if left_s < _SHORTEST_GREEN_S * greens.sum():
        faults.add(
            f"signal {plan.signal!r}: expected a cycle of at least "
            f"{durations[~greens].sum() + _SHORTEST_GREEN_S * greens.sum():g} s for {int(greens.sum())} greens and "
            f"what clears the junction, got {cycle_s:g} s; give more"
        )
        return plan
    durations[greens] = _shared(durations[greens], left_s)
    phases = tuple(
        replace(phase, duration_s=float(duration), min_s=None, max_s=None)
        for phase, duration in zip(plan.phases, durations, strict=True)
    )
    offset = plan.offset_s if offset_s is None else offset_s
    return SignalProgram(signal=plan.signal, kind="static", offset_s=offset % cycle_s, phases=phases)


def _shared(before: np.typing.NDArray[np.float64], total_s: float) -> np.typing.NDArray[np.float64]:
    """Return lengths that add up to a total, in the old proportions, at least 5 s each, whole but for one of them."""
    spare_s = total_s - _SHORTEST_GREEN_S * len(before)
    weight = np.maximum(before - _SHORTEST_GREEN_S, 0)
    weight = weight if weight.sum() > 0 else np.ones(len(before))
    lengths = _SHORTEST_GREEN_S + np.floor(spare_s * weight / weight.sum())
    lengths[np.argmax(weight)] += total_s - lengths.sum()
    return np.asarray(lengths)


def _signals_at(graph: RoadGraph, lanes: Lanes) -> dict[str, set[str]]:
    """Return the signals at each junction that has any."""
    found: dict[str, set[str]] = {}
    nodes = graph.node_id[graph.to_node[lanes.edge[lanes.turn_from]]]
    for node, signal in zip(nodes.tolist(), lanes.turn_signal.tolist(), strict=True):
        if signal:
            found.setdefault(str(node), set()).add(signal)
    return found


def _edit(kind: str, plans: Iterable[SignalProgram], graph: RoadGraph, lanes: Lanes, *, summary: str) -> RoadEdit:
    """Return plans as control; the roads that are touched are those that lead to the signals."""
    listed = tuple(plans)
    at = np.isin(lanes.turn_signal.astype(str), [plan.signal for plan in listed])
    leading = np.zeros(graph.edge_count, bool)
    leading[lanes.edge[lanes.turn_from[at]]] = True
    return RoadEdit(
        control=Control(signals=listed), effect=Effect(kind=kind, summary=summary, edges=chosen_ids(graph, leading))
    )
