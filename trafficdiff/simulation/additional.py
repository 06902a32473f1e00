"""Write what acts while SUMO runs (closures, limits, signal plans, charging sites) as a SUMO additional file.

How SUMO 1.28 was found to behave, and what follows from it:

=====================================  ================================================================================
closed edge, permissions untouched     drivers turn off where they are told; a trip that ends on it ends where it is
                                       told, so only the doors tell these; nobody is stopped and nothing fails
closed edge, permissions changed for   drivers turn off where they are told; a trip that ends on it drives on: what is
a class that nobody has                said far away
closed edge, permissions changed for   who cannot turn off stands until teleported, and a departure with the edge in its
those who drive                        route ends the simulation with an error: not used
who is on a closed edge                finds no way from there: so each edge inside is told of the others only
no other way                           a warning in the log, and the old route is driven, through the closed edge
open to some classes                   the closure speaks to the types of the other classes only
=====================================  ================================================================================
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import quoteattr

import numpy as np

from trafficdiff.datatypes.approaches import approaches
from trafficdiff.datatypes.identifiers import is_refused
from trafficdiff.datatypes.lanes import lane_id_of
from trafficdiff.datatypes.part import DAY_S
from trafficdiff.errors import Faults, ScenarioError
from trafficdiff.simulation.charging_sites import charging_site_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from trafficdiff.datatypes.control import Closure, Control, SignalProgram, SpeedChange, Station
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.vehicles import VehicleType

__all__ = ["control_xml", "write_control"]

_PLUG_M: Final = 7.5
"""Length of road that one charging place takes [m]: SUMO's car of 5 m and its gap of 2.5 m."""
_MARGIN_M: Final = 0.2
_MOST_INSIDE: Final = 300
"""Most closed edges for which each gets directions of its own; their number grows with the square."""


def write_control(control: Control, path: Path, *, graph: RoadGraph, vehicle_types: Sequence[VehicleType] = ()) -> None:
    """Write control as a SUMO additional file; equal control gives equal bytes.

    Parameters
    ----------
    control
        What acts.
    path
        File to write.
    graph
        The roads that SUMO drives on.
    vehicle_types
        Types of the trips, for closures that are open to some classes.

    Raises
    ------
    ScenarioError
        Listing every edge that the roads do not have, and every number that is not finite.
    """
    path.write_text(control_xml(control, graph=graph, vehicle_types=vehicle_types), encoding="utf-8")


def control_xml(control: Control, *, graph: RoadGraph, vehicle_types: Sequence[VehicleType] = ()) -> str:
    """Return control as the text of a SUMO additional file; parameters and errors as `write_control`."""
    _check(control, graph)
    last_plans = {program.signal: program for program in control.signals}
    lines = [
        *(line for place, one in enumerate(control.closures) for line in _closure(one, place, graph, vehicle_types)),
        *_speeds(control.speeds),
        *(line for one in last_plans.values() for line in _plan(one)),
        *(_station(one, graph) for one in control.stations),
        *charging_site_lines(control.charging, graph=graph),
    ]
    return "\n".join(["<additional>", *(f"    {line}" for line in lines), "</additional>", ""])


def _closure(closure: Closure, place: int, graph: RoadGraph, vehicle_types: Sequence[VehicleType]) -> Iterator[str]:
    if closure.begin_s >= closure.end_s:
        return
    types = ""
    if closure.open_to:
        barred = [kind.name for kind in vehicle_types if kind.vehicle_class not in {*closure.open_to, "ignoring"}]
        if not barred:
            return
        types = f" vTypes={quoteattr(' '.join(barred))}"
    if closure.lanes:
        allow = f"allow={quoteattr(' '.join(closure.open_to))}" if closure.open_to else 'disallow="all"'
        shut = [
            f"<closingLaneReroute id={quoteattr(lane_id_of(edge, lane))} {allow}/>"
            for edge in closure.edges
            for lane in closure.lanes
        ]
        yield from _rerouter(f"closure{place}", closure.told_at or closure.edges, shut, closure=closure, types=types)
        return
    for number, (where, edges, keep) in enumerate(_announcements(closure, graph)):
        rule = f' disallow="{_unused_class(vehicle_types)}"' if keep else ""
        shut = [f"<closingReroute id={quoteattr(edge)}{rule}/>" for edge in edges]
        yield from _rerouter(f"closure{place}_{number}", where, shut, closure=closure, types=types)


def _announcements(closure: Closure, graph: RoadGraph) -> Iterator[tuple[Sequence[str], Sequence[str], bool]]:
    """Return where drivers are told that which edges are closed, and whether they keep a destination there for now.

    At the doors all are told, and a trip to a closed edge ends. Who is inside is told of all the other closed edges,
    so that the first way out is taken. Elsewhere only those who pass are turned away: who goes there drives on to
    the doors.
    """
    closed = np.isin(graph.edge_id.astype(str), closure.edges)
    doors = closure.told_at or tuple(map(str, graph.edge_id[approaches(graph, closed)]))
    doors = tuple(edge for edge in doors if edge not in set(closure.edges))
    if doors:
        yield doors, closure.edges, False
    if 1 < len(closure.edges) <= _MOST_INSIDE:
        for edge in closure.edges:
            yield (edge,), [other for other in closure.edges if other != edge], False
    if not closure.told_at:
        told = {*doors, *closure.edges}
        if far := [str(edge) for edge in graph.edge_id if edge not in told]:
            yield far, closure.edges, True


def _unused_class(vehicle_types: Sequence[VehicleType]) -> str:
    """Return a class that no vehicle has: a closure with permissions lets SUMO keep a trip's destination."""
    used = {kind.vehicle_class for kind in vehicle_types}
    return next(name for name in ("custom2", "custom1", "drone", "aircraft") if name not in used)


def _rerouter(name: str, where: Sequence[str], shut: Sequence[str], *, closure: Closure, types: str) -> Iterator[str]:
    yield f'<rerouter id="{name}" edges={quoteattr(" ".join(where))}{types}>'
    yield f'    <interval begin="{_number(closure.begin_s)}" end="{_number(closure.end_s)}">'
    yield from (f"        {line}" for line in shut)
    yield "    </interval>"
    yield "</rerouter>"


def _speeds(changes: Sequence[SpeedChange]) -> Iterator[str]:
    """Return one sign for all lanes with the same limits over time: SUMO lets two signs at a lane undo each other."""
    parts: dict[str, list[tuple[float, float, float, float]]] = {}
    for change in changes:
        for lane, after_ms in zip(change.lanes, change.speed_after_ms, strict=True):
            parts.setdefault(lane, []).append((change.begin_s, change.end_s, change.speed_ms, after_ms))
    lanes_by_steps: dict[tuple[tuple[float, float], ...], list[str]] = {}
    for lane, own in parts.items():
        lanes_by_steps.setdefault(_steps(own), []).append(lane)
    for place, (steps, lanes) in enumerate(lanes_by_steps.items()):
        yield f'<variableSpeedSign id="limit{place}" lanes={quoteattr(" ".join(lanes))}>'
        yield from (f'    <step time="{_number(time_s)}" speed="{_number(speed_ms)}"/>' for time_s, speed_ms in steps)
        yield "</variableSpeedSign>"


def _steps(parts: Sequence[tuple[float, float, float, float]]) -> tuple[tuple[float, float], ...]:
    """Return when a lane's limit becomes what: of changes that hold at once the last one given counts.

    Parameters
    ----------
    parts
        Begin [s], end [s], limit then and limit afterwards [m/s] of each change.
    """
    times_s = sorted({time_s for begin_s, end_s, _, _ in parts for time_s in (begin_s, end_s)})
    steps: list[tuple[float, float]] = []
    for time_s in times_s:
        holding = [speed_ms for begin_s, end_s, speed_ms, _ in parts if begin_s <= time_s < end_s]
        speed_ms = holding[-1] if holding else parts[-1][3]
        if not steps or steps[-1][1] != speed_ms:
            steps.append((time_s, speed_ms))
    return tuple(steps)


def _plan(program: SignalProgram) -> Iterator[str]:
    yield (
        f'<tlLogic id={quoteattr(program.signal)} type={quoteattr(program.kind)} programID="measure" '
        f'offset="{_number(program.offset_s)}">'
    )
    for phase in program.phases:
        bounds = ((" minDur", phase.min_s), (" maxDur", phase.max_s))
        words = "".join(f'{name}="{_number(value)}"' for name, value in bounds if value is not None)
        yield f'    <phase duration="{_number(phase.duration_s)}"{words} state={quoteattr(phase.state)}/>'
    yield "</tlLogic>"


def _station(station: Station, graph: RoadGraph) -> str:
    """Return a charging station in the middle of its edge's kerb lane, as long as its plugs need if there is room."""
    length_m = float(graph.length_m[graph.edge_index[station.edge]])
    half_m = min(station.plugs * _PLUG_M, length_m - 2 * _MARGIN_M) / 2
    total_kw = _total_kw(station)
    return (
        f"<chargingStation id={quoteattr(station.id)} lane={quoteattr(lane_id_of(station.edge, station.lane))} "
        f'startPos="{_number(length_m / 2 - half_m)}" endPos="{_number(length_m / 2 + half_m)}" '
        f'power="{_number(min(station.power_kw, total_kw) * 1000)}" totalPower="{_number(total_kw * 1000)}" '
        'efficiency="1" chargeInTransit="0"/>'
    )


def _total_kw(station: Station) -> float:
    """Return what all plugs of a site may draw together [kW]: their sum, or the lowest cap that holds all day.

    SUMO shares ``totalPower`` among two vehicles or more and does not look at it while there is only one, so that the
    power of each plug is bounded by it as well.
    """
    all_day = [value for begin_s, end_s, value in station.caps if begin_s <= 0 and end_s >= 2 * DAY_S]
    return min([station.plugs * station.power_kw, *all_day])


def _check(control: Control, graph: RoadGraph) -> None:
    faults = Faults("control of the simulation")
    named = {edge for one in control.closures for edge in (*one.edges, *one.told_at)}
    named |= {lane.rpartition("_")[0] for one in control.speeds for lane in one.lanes}
    named |= {one.edge for one in control.stations}
    for edge in sorted(named - graph.edge_index.keys()):
        faults.add(f"expected an edge of the net, got {edge!r}; build new roads before what acts on them")
    for what, name, value in _numbers(control):
        if not math.isfinite(value):
            faults.add(f"{what}: expected a finite {name}, got {value}")
    for station in control.stations:
        if is_refused(station.id):
            faults.add(f"charging site {station.id!r}: expected an id that SUMO takes; use letters and digits")
    if len({one.id for one in control.stations}) != len(control.stations):
        faults.add("expected charging sites with ids of their own, got one twice; rename it")
    faults.raise_if_any(ScenarioError)


def _numbers(control: Control) -> Iterator[tuple[str, str, float]]:
    for place, closure in enumerate(control.closures):
        yield from ((f"closure {place}", name, getattr(closure, name)) for name in ("begin_s", "end_s"))
    for place, change in enumerate(control.speeds):
        yield from ((f"limit {place}", name, getattr(change, name)) for name in ("begin_s", "end_s", "speed_ms"))
        yield from ((f"limit {place}", "speed_after_ms", value) for value in change.speed_after_ms)
    for program in control.signals:
        yield (f"signal {program.signal!r}", "offset_s", program.offset_s)
        for phase in program.phases:
            for name in ("duration_s", "min_s", "max_s"):
                value = getattr(phase, name)
                yield (f"signal {program.signal!r}", name, 0.0 if value is None else value)
    for station in control.stations:
        yield (f"charging site {station.id!r}", "power_kw", station.power_kw)


def _number(value: float) -> str:
    """Write a number so that nothing SUMO can tell is lost: it counts in thousandths."""
    return f"{value:.4f}".rstrip("0").rstrip(".")
