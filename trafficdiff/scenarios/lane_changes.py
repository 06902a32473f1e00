"""Close lanes, add and take them, give them to buses or bicycles.

A lane at the kerb mostly carries turns of its own. Where a lane cannot be closed without taking a turn away from
everybody, the road is built anew with the turns spread over the lanes that remain; for a part of the day, when nothing
can be built, the road's capacity is cut by the speed instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.control import Closure, Control, SpeedChange
from trafficdiff.datatypes.effect import Declared, Effect
from trafficdiff.datatypes.net_patch import NetPatch
from trafficdiff.datatypes.vehicles import class_bit
from trafficdiff.errors import Faults, ScenarioError
from trafficdiff.scenarios.edges import choose
from trafficdiff.scenarios.road_edit import ON_WHEELS, RoadEdit, chosen_ids, length_in_words, new_plans, some
from trafficdiff.scenarios.speeds import speed_change

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.lanes import Lanes
    from trafficdiff.datatypes.road_measures import ChangeLanes, CloseLanes, ReserveLane

__all__ = [
    "block_lanes",
    "change_lanes",
    "close_lanes",
    "declared",
    "own_lanes",
    "reserve_lane",
    "slowed_speed_ms",
    "slowed_words",
]

_MOST_LANES: Final = 12
_HEADWAY_S: Final = 1.2
_SPACE_M: Final = 10.5
_DAWDLING_MS: Final = 0.6
"""Headway of saturated lanes at the limit v [m/s] is 1.2 s + 10.5 m / (v - 0.6 m/s): fitted to SUMO 1.28's default
driver (Krauss, sigma 0.5, cars of 5 m) on a straight road of two lanes at 1 to 13.89 m/s, within 6 %."""
_CAPACITY_SOURCE: Final = "headway of saturated lanes, 1.2 s + 10.5 m / (v - 0.6 m/s), fitted to SUMO's default driver"


def close_lanes(measure: CloseLanes, graph: RoadGraph, *, lanes: Lanes) -> RoadEdit:
    """Close the lanes nearest to the kerb, for good or for a part of the day.

    Raises
    ------
    ScenarioError
        If nothing is chosen, or a road would keep no lane: all such roads are named.
    """
    chosen = choose(graph, measure.where)
    own = own_lanes(chosen, lanes)
    _check_some_remain(graph, own, taken=measure.lanes, advice="choose wider roads, or close_road")
    words = f"closed {measure.lanes} lane{'s' if measure.lanes > 1 else ''} of {length_in_words(graph, chosen)}"
    edges = chosen_ids(graph, chosen)
    if measure.during is not None:
        during = (measure.during.begin_s, measure.during.end_s)
        control, slowed = block_lanes(graph, lanes, own, blocked=measure.lanes, during=during)
        summary = f"{words} from {during[0]:g} to {during[1]:g} s{slowed_words(slowed)}"
        effect = Effect(kind=measure.kind, summary=summary, edges=edges, declared=declared(slowed))
        return RoadEdit(control=control, effect=effect)
    allowed: dict[str, int] = {}
    counts: dict[str, int] = {}
    for edge, rows in own.items():
        closed = rows[: measure.lanes]
        if _loses_turns(lanes, closed, keep=0):
            counts[str(graph.edge_id[edge])] = len(lanes.of(edge)) - measure.lanes
        else:
            allowed |= {str(lanes.lane_id[row]): int(lanes.allowed[row]) & ~ON_WHEELS for row in closed}
    if counts:
        words += f"; {len(counts)} built anew, because turns left from the closed lanes"
        rebuilt = np.isin(graph.edge_id.astype(str), list(counts))
        words += new_plans(_turns_of(rebuilt, lanes), lanes)
    return RoadEdit(
        patch=NetPatch(allowed=allowed, lanes=counts), effect=Effect(kind=measure.kind, summary=words, edges=edges)
    )


def change_lanes(measure: ChangeLanes, graph: RoadGraph, *, lanes: Lanes) -> RoadEdit:
    """Add lanes on the side away from the kerb, or take them away there.

    Raises
    ------
    ScenarioError
        If nothing is chosen, vehicles may not use the roads, or a road would have no lane or over twelve.
    """
    chosen = choose(graph, measure.where)
    own = own_lanes(chosen, lanes)
    _check_some_remain(graph, own, taken=max(0, -measure.lanes), advice="choose wider roads, or close_road")
    counts = {str(graph.edge_id[edge]): len(lanes.of(edge)) + measure.lanes for edge in own}
    if wide := [edge for edge, count in counts.items() if count > _MOST_LANES]:
        raise ScenarioError(f"expected at most {_MOST_LANES} lanes, got more on {some(wide)}; add fewer")
    words = (
        f"{abs(measure.lanes)} lane{'s' if abs(measure.lanes) > 1 else ''} {'more' if measure.lanes > 0 else 'fewer'}"
    )
    return RoadEdit(
        patch=NetPatch(lanes=counts),
        effect=Effect(
            kind=measure.kind,
            summary=f"{words} on {length_in_words(graph, chosen)}{new_plans(_turns_of(chosen, lanes), lanes)}",
            edges=chosen_ids(graph, chosen),
        ),
    )


def reserve_lane(measure: ReserveLane, graph: RoadGraph, *, lanes: Lanes) -> RoadEdit:
    """Give the lane at the kerb, or a new one there, to buses or bicycles.

    Raises
    ------
    ScenarioError
        If nothing is chosen, a road has no second lane for the others (all such roads are named), or the lane at the
        kerb is for that class only on all of them already.
    """
    chosen = choose(graph, measure.where)
    own = own_lanes(chosen, lanes)
    _check_some_remain(graph, own, taken=0 if measure.new_lane else 1, advice="set new_lane: true to build one")
    only = class_bit(measure.for_class)
    if not measure.new_lane and all(int(lanes.allowed[rows[0]]) & ON_WHEELS == only for rows in own.values()):
        raise ScenarioError(
            f"expected roads whose lane at the kerb others may use, got {length_in_words(graph, chosen)} that have it "
            f"for {measure.for_class} only already; choose others or leave the measure out"
        )
    allowed: dict[str, int] = {}
    counts: dict[str, int] = {}
    reserved: dict[str, str] = {}
    for edge, rows in own.items():
        name = str(graph.edge_id[edge])
        if measure.new_lane:
            reserved[name] = measure.for_class
        elif _loses_turns(lanes, rows[:1], keep=only):
            counts[name], reserved[name] = len(lanes.of(edge)) - 1, measure.for_class
        else:
            allowed[str(lanes.lane_id[rows[0]])] = only
    what = "a new lane" if measure.new_lane else "the lane at the kerb"
    return RoadEdit(
        patch=NetPatch(allowed=allowed, lanes=counts, reserved=reserved),
        effect=Effect(
            kind=measure.kind,
            summary=f"{what} of {length_in_words(graph, chosen)} for {measure.for_class} only"
            + (new_plans(_turns_of(chosen, lanes), lanes) if reserved else ""),
            edges=chosen_ids(graph, chosen),
        ),
    )


def block_lanes(
    graph: RoadGraph,
    lanes: Lanes,
    own: dict[int, list[int]],
    *,
    blocked: int,
    during: tuple[float, float],
    passing_ms: float = np.inf,
) -> tuple[Control, dict[str, float]]:
    """Return control that blocks the lanes nearest to the kerb for some time; the others pass slowly.

    Parameters
    ----------
    graph, lanes
        The roads.
    own
        Positions of the lanes that vehicles may use, by edge, from the kerb; more than are blocked.
    blocked
        How many lanes are blocked.
    during
        Begin and end [s].
    passing_ms
        Speed beside what blocks them [m/s].

    Returns
    -------
    The control, and by edge id the speed [m/s] of roads whose capacity is cut by the speed, because no lane can be
    closed without a turn that has no other lane.
    """
    closures: list[Closure] = []
    speeds: list[SpeedChange] = []
    slowed: dict[str, float] = {}
    for edge, rows in own.items():
        name = str(graph.edge_id[edge])
        limit_ms = min(float(graph.speed_limit_ms[edge]), passing_ms)
        if _loses_turns(lanes, rows[:blocked], keep=0):
            slowed[name] = slowed_speed_ms(limit_ms, share=1 - blocked / len(rows))
            speeds.append(speed_change(lanes, np.array(rows), slowed[name], during=during))
            continue
        indices = tuple(int(lanes.index[row]) for row in rows[:blocked])
        closures.append(Closure(edges=(name,), begin_s=during[0], end_s=during[1], lanes=indices))
        if passing_ms < graph.speed_limit_ms[edge]:
            speeds.append(speed_change(lanes, np.array(rows), passing_ms, during=during))
    return Control(closures=tuple(closures), speeds=tuple(speeds)), slowed


def slowed_speed_ms(speed_ms: float, *, share: float) -> float:
    """Return the speed at which lanes together pass as much as a share of them does at a given speed [m/s].

    With the headway ``h(v) = tau + s / (v - d)`` of a saturated lane, the speed w with ``h(w) = h(v) / share`` is
    ``w = d + s / (h(v) / share - tau)``.

    Parameters
    ----------
    speed_ms
        Speed on the lanes that stay open [m/s]; taken as 1 m/s where it is less.
    share
        Lanes that stay open over all lanes, above 0.
    """
    headway_s = _HEADWAY_S + _SPACE_M / (max(speed_ms, 1.0) - _DAWDLING_MS)
    return min(speed_ms, _DAWDLING_MS + _SPACE_M / (headway_s / share - _HEADWAY_S))


def own_lanes(chosen: NDArray[np.bool_], lanes: Lanes) -> dict[int, list[int]]:
    """Return the lanes that vehicles may use of each chosen edge, from the kerb."""
    wheels = (lanes.allowed & ON_WHEELS) != 0
    return {int(edge): [row for row in lanes.of(int(edge)) if wheels[row]] for edge in np.flatnonzero(chosen)}


def _check_some_remain(graph: RoadGraph, own: dict[int, list[int]], *, taken: int, advice: str) -> None:
    faults = Faults("lanes")
    closed = [str(graph.edge_id[edge]) for edge, rows in own.items() if not rows]
    narrow = [str(graph.edge_id[edge]) for edge, rows in own.items() if rows and len(rows) <= taken]
    if closed:
        faults.add(f"expected roads that vehicles may use, got {some(closed)} that are closed to them; choose others")
    if narrow:
        faults.add(f"expected roads of over {taken} lane{'s' if taken > 1 else ''}, got {some(narrow)}; {advice}")
    faults.raise_if_any(ScenarioError)


def _loses_turns(lanes: Lanes, rows: list[int], *, keep: int) -> bool:
    """Return whether some turn has no lane left for cars, or for anybody on wheels, once lanes are closed."""
    after = lanes.allowed.copy()
    after[rows] &= ~ON_WHEELS | keep
    touched = np.isin(lanes.turn_from, rows) | np.isin(lanes.turn_to, rows)
    if not touched.any():
        return False
    return any(
        lanes.turns_between(after, classes=classes) < lanes.turns_between(lanes.allowed, classes=classes)
        for classes in (class_bit("passenger"), ON_WHEELS)
    )


def _turns_of(chosen: NDArray[np.bool_], lanes: Lanes) -> NDArray[np.bool_]:
    """Return which turns lead from or to chosen edges, shape (C,)."""
    return np.asarray(chosen[lanes.edge[lanes.turn_from]] | chosen[lanes.edge[lanes.turn_to]])


def slowed_words(slowed: dict[str, float]) -> str:
    """Say which roads are slowed instead of losing a lane; nothing where none is."""
    if not slowed:
        return ""
    return (
        f"; on {some(list(slowed))} all lanes pass at {min(slowed.values()) * 3.6:.0f} km/h instead, which passes as "
        "much, because turns have no other lane"
    )


def declared(slowed: dict[str, float]) -> dict[str, Declared]:
    """Return the speeds of slowed roads as declared numbers."""
    return {
        f"speed_ms of {name}": Declared(value=round(value, 3), unit="m/s", source=_CAPACITY_SOURCE)
        for name, value in slowed.items()
    }
