"""Write lanes as CommonRoad lanelets, and what signals showed as traffic lights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.export.lane_borders import borders, drives_on, followers_of, lanes_around, walks_on
from trafficdiff.export.xml_tree import element

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.net_shapes import NetLane
    from trafficdiff.export.scene_view import SceneView

__all__ = ["add_lanelets", "add_lights"]

_COLOURS: Final = {
    "r": "red", "R": "red", "u": "redYellow", "y": "yellow", "Y": "yellow", "g": "green", "G": "green", "s": "red",
    "o": "inactive", "O": "inactive",
}  # fmt: skip
_DIRECTIONS: Final = {"r": "right", "R": "right", "s": "straight", "l": "left", "L": "left", "t": "left"}


def add_lanelets(root: Any, view: SceneView) -> int:
    """Add a lanelet a lane, junctions and crossings included, and return the first number that is free."""
    lanes = lanes_around(view)
    number = {name: place for place, name in enumerate(lanes, start=1)}
    after = followers_of(view, lanes)
    before: dict[str, list[str]] = {name: [] for name in lanes}
    for name, followers in after.items():
        for follower in followers:
            before[follower].append(name)
    lights = _lights(view, lanes, first=len(lanes) + 1)
    for name, lane in lanes.items():
        lanelet = element(root, "lanelet", id=str(number[name]))
        for tag, line in zip(("leftBound", "rightBound"), borders(lane), strict=True):
            _add_bound(element(lanelet, tag), line, elevated=view.shapes.is_elevated)
        for tag, others in (("predecessor", before[name]), ("successor", after[name])):
            for other in others:
                element(lanelet, tag, ref=str(number[other]))
        _add_neighbours(lanelet, lane, number, left_hand=view.shapes.left_hand)
        _add_use(lanelet, lane)
        for light, source, _, _ in lights:
            if source == name:
                element(lanelet, "trafficLightRef", ref=str(light))
    return len(lanes) + 1


def _add_neighbours(lanelet: Any, lane: NetLane, number: dict[str, int], *, left_hand: bool) -> None:
    for tag, shift in (("adjacentLeft", 1), ("adjacentRight", -1)):
        neighbour = f"{lane.edge_id}_{lane.index + (-shift if left_hand else shift)}"
        if neighbour in number and lane.function == "":
            element(lanelet, tag, ref=str(number[neighbour]), drivingDir="same")


def _add_use(lanelet: Any, lane: NetLane) -> None:
    element(lanelet, "laneletType").text = _kind(lane)
    if walks_on(lane):
        element(lanelet, "userBidirectional").text = "pedestrian"
    elif drives_on(lane):
        element(lanelet, "userOneWay").text = "vehicle"


def _kind(lane: NetLane) -> str:
    if lane.function == "crossing":
        return "crosswalk"
    if walks_on(lane):
        return "sidewalk"
    if lane.function == "internal":
        return "intersection"
    return "urban" if drives_on(lane) else "restricted"


def _add_bound(bound: Any, line: NDArray[np.float64], *, elevated: bool) -> None:
    for x, y, z in line:
        point = element(bound, "point")
        element(point, "x").text, element(point, "y").text = f"{x:.4f}", f"{y:.4f}"
        if elevated:
            element(point, "z").text = f"{z:.3f}"


def _lights(view: SceneView, lanes: dict[str, NetLane], *, first: int) -> list[tuple[int, str, str, tuple[str, int]]]:
    """Return number, lane, direction, and signal with link, of each light of the scene's surroundings."""
    shown = set(view.scene.signals.signals)
    found = {
        (turn.signal, turn.link): (turn.source, turn.direction)
        for turn in view.shapes.turns
        if turn.signal in shown and turn.source in lanes
    }
    return [
        (number, source, direction, key)
        for number, (key, (source, direction)) in enumerate(sorted(found.items()), start=first)
    ]


def add_lights(root: Any, view: SceneView, *, first: int, step_s: float) -> int:
    """Add a light a link of each signal, and return the first number that is free.

    A light's cycle is what it showed during the scene; it repeats only after the scene's end.
    """
    lanes = lanes_around(view)
    lights = _lights(view, lanes, first=first)
    for number, source, direction, (signal, link) in lights:
        light = element(root, "trafficLight", id=str(number))
        cycle = element(light, "cycle")
        for steps, colour in _cycle(view, signal, link, step_s=step_s):
            part = element(cycle, "cycleElement")
            element(part, "duration").text, element(part, "color").text = str(steps), colour
        x, y = lanes[source].shape[-1, :2]
        point = element(element(light, "position"), "point")
        element(point, "x").text, element(point, "y").text = f"{x:.4f}", f"{y:.4f}"
        element(light, "direction").text = _DIRECTIONS.get(direction, "all")
        element(light, "active").text = "true"
    return first + len(lights)


def _cycle(view: SceneView, signal: str, link: int, *, step_s: float) -> list[tuple[int, str]]:
    """Return how many steps a link showed which colour, one after the other, to the scene's end and one second on."""
    signals, begin_s = view.scene.signals, view.scene.begin_s
    changes = signals.time_s[signals.signal_id == signal] - begin_s
    last = round((view.duration_s + 1.0) / step_s)
    steps = np.unique(np.clip(np.round(changes / step_s).astype(int), 0, last))
    edges = np.unique(np.concatenate([[0], steps, [last]]))
    colours = [_COLOURS[signals.state_at(signal, begin_s + begin * step_s + step_s / 2)[link]] for begin in edges[:-1]]
    merged: list[tuple[int, str]] = []
    for length, colour in zip(np.diff(edges).tolist(), colours, strict=True):
        if merged and merged[-1][1] == colour:
            merged[-1] = (merged[-1][0] + length, colour)
        else:
            merged.append((length, colour))
    return merged
