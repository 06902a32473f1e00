"""Set the offsets of signals along a street so that who drives at the speed of the wave meets green after green."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.datatypes.control import Control
from trafficdiff.datatypes.effect import Effect
from trafficdiff.datatypes.signals import read_signals
from trafficdiff.errors import Faults, ScenarioError
from trafficdiff.scenarios.edges import choose
from trafficdiff.scenarios.road_edit import RoadEdit, some
from trafficdiff.scenarios.signal_plans import with_cycle

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.control import SignalProgram
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.lanes import Lanes
    from trafficdiff.datatypes.road_measures import CoordinateSignals

__all__ = ["coordinate_signals", "path_of"]


def coordinate_signals(measure: CoordinateSignals, graph: RoadGraph, *, lanes: Lanes) -> RoadEdit:
    """Give the signals along a street one cycle and offsets by the distance between them.

    Green at a signal ``x`` metres down the street begins ``x / v`` after that at the street's start:
    ``offset = x / v - begin of the street's green in the plan``, modulo the cycle.

    Raises
    ------
    ScenarioError
        If the roads are not one street in one direction, fewer than two signals stand along it, or a signal's plan
        cannot have that cycle or never gives the street green: all such signals are named.
    """
    street = path_of(graph, choose(graph, measure.where))
    programs = read_signals(graph.net_path)
    faults = Faults("green wave")
    plans: dict[str, SignalProgram] = {}
    for (signal, links), distance_m in zip(
        _signals_along(street, lanes), np.cumsum(graph.length_m[street]), strict=True
    ):
        if signal in programs and signal not in plans:
            plan = with_cycle(programs[signal], cycle_s=measure.cycle_s, offset_s=None, faults=faults)
            plans[signal] = _offset(plan, links, travel_s=distance_m / (measure.speed_kmh / 3.6), faults=faults)
    if len(plans) < 2:
        faults.add(
            f"expected at least two signals along the street, got {len(plans)} on {len(street)} edges from "
            f"{graph.edge_id[street[0]]!r} to {graph.edge_id[street[-1]]!r}; choose more of it"
        )
    faults.raise_if_any(ScenarioError)
    offsets = ", ".join(f"{name} {plan.offset_s:g} s" for name, plan in plans.items())
    summary = f"{len(plans)} signals in a wave of {measure.speed_kmh:g} km/h and {measure.cycle_s:g} s: {offsets}"
    edges = tuple(map(str, graph.edge_id[street]))
    return RoadEdit(
        control=Control(signals=tuple(plans.values())), effect=Effect(kind=measure.kind, summary=summary, edges=edges)
    )


def path_of(graph: RoadGraph, chosen: NDArray[np.bool_]) -> list[int]:
    """Return chosen edges in the order in which they are driven.

    Raises
    ------
    ScenarioError
        If they fork, run both ways, form a ring or have gaps.
    """
    edges = np.flatnonzero(chosen).tolist()
    starts: dict[int, list[int]] = {}
    for edge in edges:
        starts.setdefault(int(graph.from_node[edge]), []).append(edge)
    ends = {int(graph.to_node[edge]) for edge in edges}
    forks = [str(graph.node_id[node]) for node, leaving in starts.items() if len(leaving) > 1]
    first = [edge for edge in edges if int(graph.from_node[edge]) not in ends]
    path: list[int] = []
    if not forks and len(first) == 1:
        onward = first
        while onward:
            path.append(onward[0])
            onward = starts.get(int(graph.to_node[onward[0]]), [])
    if len(path) != len(edges):
        hint = f" (it forks at {some(forks)})" if forks else ""
        raise ScenarioError(
            f"expected one street in one direction without gaps, got {len(edges)} edges that are not one{hint}; "
            "name the edges of the favoured direction by their ids"
        )
    return path


def _signals_along(street: list[int], lanes: Lanes) -> list[tuple[str, list[int]]]:
    """Return, for each edge of a street, the signal at its end (``""`` for none) and the links of driving on."""
    found: list[tuple[str, list[int]]] = []
    for place, edge in enumerate(street):
        leaving = (lanes.edge[lanes.turn_from] == edge) & (lanes.turn_link >= 0)
        if place + 1 < len(street):
            leaving &= lanes.edge[lanes.turn_to] == street[place + 1]
        rows = np.flatnonzero(leaving)
        found.append((str(lanes.turn_signal[rows[0]]), lanes.turn_link[rows].tolist()) if len(rows) else ("", []))
    return found


def _offset(plan: SignalProgram, links: list[int], *, travel_s: float, faults: Faults) -> SignalProgram:
    """Return a plan whose green for some links begins a travel time after 0, modulo the cycle."""
    durations = np.array([phase.duration_s for phase in plan.phases])
    begins = np.concatenate([[0.0], np.cumsum(durations)[:-1]])
    green = np.array([any(phase.state[link] in "Gg" for link in links) for phase in plan.phases])
    rises = np.flatnonzero(green & ~np.roll(green, 1))
    if not len(rises):
        faults.add(f"signal {plan.signal!r}: expected a plan that lets the street wait and go, got one that never does")
        return plan
    runs = [_run_length(green, durations, int(rise)) for rise in rises]
    begin_s = begins[rises[int(np.argmax(runs))]]
    return replace(plan, offset_s=round((travel_s - begin_s) % durations.sum(), 1))


def _run_length(green: NDArray[np.bool_], durations: NDArray[np.float64], rise: int) -> float:
    """Return how long green lasts from a phase on [s], over the end of the cycle."""
    order = np.roll(np.arange(len(green)), -rise)
    stop = int(np.argmin(green[order])) or len(green)
    return float(durations[order[:stop]].sum())
