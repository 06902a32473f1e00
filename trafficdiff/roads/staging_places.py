"""Find places on real roads where an edge case fits: stretches, neighbour and oncoming lanes, bends, crossings.

Traffic keeps to the right here; a net of the other kind is refused by who asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.datatypes.staging import Line, Place
from trafficdiff.errors import InputError
from trafficdiff.roads.staging_lines import Net, Way, read_staging_net

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["KINDS", "find_places"]

KINDS: Final = ("stretch", "neighbour", "oncoming", "bend", "crossing", "from-right", "left-turn")
"""Kinds of places; ``bend`` are the stretches again, to be chosen by radius."""

_EVERY_M: Final = 20.0
_SHORTEST_LANE_M: Final = 12.0
_BESIDE_M: Final = 40.0
_SMOOTH_M: Final = 3.0
_SMOOTH_TURN_M: Final = 1.2
_STRAIGHT_M: Final = 5_000.0
"""A larger radius counts as straight [m]."""
_APART_M: Final = (2.4, 9.0)
"""How far apart the lanes of two directions of one street may be [m]."""
_WATCHED_M: Final = 90.0
"""Signals this near to the conflict must let the ego pass."""


def find_places(net_file: Path, kinds: frozenset[str]) -> dict[str, list[Place]]:
    """Return all places of some kinds on a net, in the order of its lanes.

    Raises
    ------
    InputError
        If the net has no place of a kind.
    """
    net = read_staging_net(net_file)
    found: dict[str, list[Place]] = {kind: [] for kind in kinds}
    if kinds & {"stretch", "neighbour", "oncoming", "bend"}:
        for place in _stretches(net):
            for kind in kinds & _kinds_of(place):
                found[kind].append(place)
    for kind in sorted(kinds & {"crossing", "from-right", "left-turn"}):
        found[kind] = list(_crossings(net, kind))
    if missing := sorted(kind for kind, places in found.items() if not places):
        raise InputError(f"{net_file.name}: expected places of kind {', '.join(missing)}, found none; "
                         "choose other types or another network")  # fmt: skip
    return found


def _kinds_of(place: Place) -> set[str]:
    kinds = {"stretch", "bend"} if not np.isfinite(place.oncoming_m) or place.beside_m[0] == -np.inf else set()
    if np.isfinite(place.oncoming_m) and place.beside_m[0] > -np.inf:
        kinds = {"oncoming"}
    elif np.isfinite(place.left_m) or np.isfinite(place.right_m):
        kinds.add("neighbour")
    return kinds


def _stretches(net: Net) -> Iterator[Place]:
    """Yield places on stretches; one that also has an oncoming lane comes a second time, as such."""
    for lane in net.lanes:
        if lane.getLength() < _SHORTEST_LANE_M:
            continue
        way = net.way([lane], smooth_m=_SMOOTH_M)
        here = next(piece for piece in way.pieces if piece.lane.getID() == lane.getID())
        count = max(1, int(lane.getLength() // _EVERY_M))
        for share in (np.arange(count) + 0.5) / count:
            at_m = here.begin_m + share * (here.end_m - here.begin_m)
            signals = _held(net, way, None, at_m=at_m, other_at_m=0.0)
            if signals is None:
                continue
            beside = _neighbours(lane)
            left_edge, right_edge, oncoming = _edges(lane, way.line, at_m)
            options: dict[str, Any] = {
                "name": f"{lane.getID()}@{at_m - here.begin_m:.0f}", "line": way.line, "conflict_m": float(at_m),
                "speed_limit_ms": float(lane.getSpeed()), "left_edge_m": left_edge, "right_edge_m": right_edge,
                "radius_m": _radius(way.line, at_m), "signals": signals,
            }  # fmt: skip
            plain = options | {"left_m": beside[0], "right_m": beside[1]}
            if np.isfinite(beside).any():
                plain["beside_m"] = _beside(way, here.begin_m, lambda one: np.isfinite(_neighbours(one)).any())
            yield Place(**plain)
            if np.isfinite(oncoming):
                reach = _beside(way, here.begin_m, lambda one: _opposite(one) is not None)
                if reach[1] - reach[0] >= _BESIDE_M:
                    yield Place(**options, oncoming_m=oncoming, beside_m=reach)


def _neighbours(lane: Any) -> tuple[float, float]:
    """Return the offsets of the car lanes left and right of a lane [m], NaN where there is none."""
    lanes, index = lane.getEdge().getLanes(), lane.getIndex()
    found = []
    for step in (1, -1):
        other = lanes[index + step] if 0 <= index + step < len(lanes) else None
        if other is not None and other.allows("passenger"):
            found.append(step * (lane.getWidth() + other.getWidth()) / 2)
        else:
            found.append(float("nan"))
    return found[0], found[1]


def _opposite(lane: Any) -> Any:
    """Return the innermost car lane of the other direction of a lane's street, None if there is none."""
    edge = lane.getEdge()
    lanes = edge.getLanes()
    if lane.getIndex() != len(lanes) - 1:
        return None
    for other in edge.getToNode().getOutgoing():
        if other.getToNode() is edge.getFromNode():
            inner = other.getLanes()[-1]
            return inner if inner.allows("passenger") else None
    return None


def _edges(lane: Any, line: Line, at_m: float) -> tuple[float, float, float]:
    """Return the offsets of the street's left and right edge and of the oncoming lane [m]."""
    lanes, index = lane.getEdge().getLanes(), lane.getIndex()
    half = lane.getWidth() / 2
    right = -half - sum(one.getWidth() for one in lanes[:index])
    left = half + sum(one.getWidth() for one in lanes[index + 1 :])
    inner = _opposite(lanes[-1])
    oncoming = float("nan")
    if inner is not None:
        s, d = line.project(np.asarray(inner.getShape(), float)[:, :2])
        near = float(np.interp(at_m, s[::-1], d[::-1]))
        if left - half + _APART_M[0] <= near <= left - half + _APART_M[1]:
            left = near + inner.getWidth() / 2 + sum(one.getWidth() for one in inner.getEdge().getLanes()[:-1])
            oncoming = near if _opposite(lane) is not None else oncoming
    return float(left), float(right), oncoming


def _beside(way: Way, at_m: float, has: Any) -> tuple[float, float]:
    """Return from where to where the lanes around a place have something beside them [m]."""
    here = next(number for number, piece in enumerate(way.pieces) if piece.begin_m <= at_m <= piece.end_m)
    first = last = here
    while first > 0 and has(way.pieces[first - 1].lane):
        first -= 1
    while last < len(way.pieces) - 1 and has(way.pieces[last + 1].lane):
        last += 1
    return way.pieces[first].begin_m, way.pieces[last].end_m


def _radius(line: Line, at_m: float) -> float:
    """Return the radius of the bend over ten metres around a place [m]; infinite where it is straight."""
    turn = line.heading_at(np.array([at_m - 5.0, at_m + 5.0]))
    radius = 10.0 / max(abs(float(turn[1] - turn[0])), 1e-9)
    return radius if radius < _STRAIGHT_M else float("inf")


def _crossings(net: Net, kind: str) -> Iterator[Place]:
    """Yield pairs of ways that meet in a junction."""
    turns = [turn for lane in net.lanes for turn in net.turns(lane)]
    by_node: dict[str, list[Any]] = {}
    for turn in turns:
        by_node.setdefault(turn.getFromLane().getEdge().getToNode().getID(), []).append(turn)
    ways: dict[int, Way] = {}

    def way_of(turn: Any) -> Way:
        if id(turn) not in ways:
            smooth_m = _SMOOTH_M if turn.getDirection() == "s" else _SMOOTH_TURN_M
            ways[id(turn)] = net.way([turn.getFromLane(), turn, turn.getToLane()], smooth_m=smooth_m)
        return ways[id(turn)]

    wanted = ("l", "L") if kind == "left-turn" else ("s",)
    for own in turns:
        if own.getDirection() not in wanted:
            continue
        for other in by_node[own.getFromLane().getEdge().getToNode().getID()]:
            if other.getDirection() != "s" or other.getFromLane().getEdge() is own.getFromLane().getEdge():
                continue
            place = _crossing(net, own, other, way_of(own), way_of(other), kind=kind)
            if place is not None:
                yield place


def _crossing(net: Net, own: Any, other: Any, way: Way, others: Way, *, kind: str) -> Place | None:
    inside = (net.inside(own), net.inside(other))
    if min(map(len, inside)) < 2:
        return None
    middle = np.mean(np.asarray(inside[0], float), axis=0)
    met = _meeting(way.line, others.line, near=middle)
    if met is None:
        return None
    own_m, other_m = met
    headings = (float(one.heading_at(np.array([at]))[0]) for one, at in ((way.line, own_m), (others.line, other_m)))
    first, second = headings
    angle = float(np.angle(np.exp(1j * (second - first))))
    entry = float(np.angle(np.exp(1j * (
        others.line.heading_at(np.array([other_m - 15.0]))[0] - way.line.heading_at(np.array([own_m - 15.0]))[0]
    ))))  # fmt: skip
    fits = {
        "left-turn": abs(entry) > np.radians(145) and np.radians(60) < abs(angle) < np.radians(160),
        "crossing": np.radians(50) < abs(angle) < np.radians(130),
        "from-right": np.radians(50) < angle < np.radians(130),
    }[kind]
    signals = _held(net, way, others if kind == "left-turn" else None, at_m=own_m, other_at_m=other_m)
    if not fits or signals is None:
        return None
    lane = own.getFromLane()
    left, right, _ = _edges(lane, way.line, own_m - 15.0)
    return Place(
        name=f"{lane.getID()}x{other.getFromLane().getID()}", line=way.line, conflict_m=own_m,
        speed_limit_ms=float(lane.getSpeed()), left_edge_m=left, right_edge_m=right, other=others.line,
        other_conflict_m=other_m, angle_rad=angle, signals=signals,
    )  # fmt: skip


def _meeting(one: Line, two: Line, *, near: Any) -> tuple[float, float] | None:
    """Return where two ways cross each other, on each [m]; of several points the one nearest to a junction."""
    import shapely

    lines = shapely.LineString(one.xy), shapely.LineString(two.xy)
    crossed = shapely.intersection(*lines)
    points = [part for part in shapely.get_parts(crossed) if part.geom_type == "Point"]
    if not points:
        return None
    centre = shapely.Point(near)
    point = min(points, key=centre.distance)
    if centre.distance(point) > 25.0:
        return None
    return float(lines[0].project(point)), float(lines[1].project(point))


def _held(
    net: Net, way: Way, others: Way | None, *, at_m: float, other_at_m: float
) -> tuple[tuple[str, str], ...] | None:
    """Return a state for each signal around the conflict that lets the ego pass; None if a signal has none.

    Where there is a choice, a state that lets the other pass too wins; then one with priority for the ego.
    """
    own: dict[str, set[int]] = {}
    theirs: dict[str, set[int]] = {}
    for obeyed, source, middle in ((own, way, at_m), (theirs, others, other_at_m)):
        for signal, link, where in source.links if source is not None else ():
            if abs(where - middle) < _WATCHED_M:
                obeyed.setdefault(signal, set()).add(link)
    held = []
    for signal, links in own.items():
        states = [phase.state for program in net.net.getTLS(signal).getPrograms().values()
                  for phase in program.getPhases()]  # fmt: skip
        fitting = [state for state in states if all(state[link] in "Gg" for link in links)]
        if not fitting:
            return None
        others_links = theirs.get(signal, set())
        worths = [_worth(state, links, others_links) for state in fitting]
        held.append((signal, fitting[worths.index(max(worths))]))
    return tuple(held)


def _worth(state: str, own: set[int], theirs: set[int]) -> tuple[int, int]:
    return sum(state[link] in "Gg" for link in theirs), sum(state[link] == "G" for link in own)
