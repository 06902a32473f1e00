"""Read exported scenes by the letter of the standards, sharing no code with the exporters.

* ASAM OpenSCENARIO XML 1.3: entities, their boxes about the reference point, teleport, add and delete actions, timed
  polylines (linear between vertices), simulation time conditions.
* ASAM OpenDRIVE 1.7: plan view of lines and ``paramPoly3``, lane offset, lane widths, elevation.
* CommonRoad 2020a, OSI 3 ground truth (positions are box centres), ScenarioNet's dictionary.

Every reader gives `Replay`: who is there when, and where the middle of its box is.
"""

from __future__ import annotations

import math
import pickle
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Box:
    """One road user: size, and (time, x, y, heading) of the middle of its box, sorted by time."""

    length: float
    width: float
    poses: list[tuple[float, float, float, float]] = field(default_factory=list)
    enter: float = 0.0
    leave: float = math.inf

    def at(self, time: float) -> tuple[float, float, float] | None:
        """Where it is, or None while it is not there."""
        if time < self.enter - 1e-6 or time > self.leave + 1e-6:
            return None
        if time <= self.poses[0][0]:
            return self.poses[0][1:]
        for (t0, *first), (t1, *last) in zip(self.poses, self.poses[1:], strict=False):
            if t0 <= time <= t1:
                share = (time - t0) / (t1 - t0)
                return tuple(a + share * (b - a) for a, b in zip(first, last, strict=True))  # type: ignore[return-value]
        return self.poses[-1][1:]


Replay = dict[str, Box]


def read_openscenario(path: Path) -> Replay:
    root = ET.parse(path).getroot()
    replay, ahead = {}, {}
    for entity in root.find("Entities"):
        box = entity[0].find("BoundingBox")
        size, centre = box.find("Dimensions").attrib, box.find("Center").attrib
        assert float(centre["y"]) == 0
        name = entity.get("name")
        replay[name] = Box(float(size["length"]), float(size["width"]), enter=math.inf)
        ahead[name] = float(centre["x"])
    for private in root.find("Storyboard/Init/Actions").iter("Private"):
        position = private.find("PrivateAction/TeleportAction/Position/WorldPosition")
        if position is not None:
            name = private.get("entityRef")
            replay[name].enter = 0.0
            replay[name].poses.append((0.0, *_centre(position.attrib, ahead[name])))
    for group in root.iter("ManeuverGroup"):
        actor = group.find("Actors/EntityRef").get("entityRef")
        for event in group.iter("Event"):
            condition = event.find(".//SimulationTimeCondition")
            assert condition.get("rule") == "greaterOrEqual"
            _play(replay, ahead, actor, event, float(condition.get("value")))
    for box in replay.values():
        times = {}
        for pose in box.poses:
            times[pose[0]] = pose
        box.poses = sorted(times.values())
    return replay


def _play(replay: Replay, ahead: dict[str, float], actor: str, event: Any, at: float) -> None:
    for action in event.iter("Action"):
        entity = action.find("GlobalAction/EntityAction")
        if entity is not None:
            name = entity.get("entityRef")
            if entity.find("DeleteEntityAction") is not None:
                replay[name].leave = at
            else:
                replay[name].enter = at
                position = entity.find("AddEntityAction/Position/WorldPosition").attrib
                replay[name].poses.append((at, *_centre(position, ahead[name])))
        follow = action.find("PrivateAction/RoutingAction/FollowTrajectoryAction")
        if follow is not None:
            timing = follow.find("TimeReference/Timing").attrib
            assert timing["domainAbsoluteRelative"] == "absolute"
            for vertex in follow.find("TrajectoryRef/Trajectory/Shape/Polyline"):
                time = float(vertex.get("time")) * float(timing["scale"]) + float(timing["offset"])
                pose = _centre(vertex.find("Position/WorldPosition").attrib, ahead[actor])
                replay[actor].poses.append((time, *pose))


def _centre(position: Any, ahead: float) -> tuple[float, float, float]:
    x, y, heading = (float(position[name]) for name in ("x", "y", "h"))
    return x + ahead * math.cos(heading), y + ahead * math.sin(heading), heading


def read_commonroad(path: Path) -> Replay:
    """Everybody but the ego; who stands still and then is 40 m elsewhere at once has been waiting beside the map."""
    root = ET.parse(path).getroot()
    step = float(root.get("timeStepSize"))
    replay = {}
    for obstacle in root.iter("dynamicObstacle"):
        shape = obstacle.find("shape/rectangle")
        states = [_state(state, step) for state in (obstacle.find("initialState"), *obstacle.find("trajectory"))]
        assert [round(state[0] / step) for state in states] == list(range(len(states)))
        speed = float(obstacle.findtext("initialState/velocity/exact"))
        moves = [place for place in range(1, len(states)) if states[place][1:] != states[0][1:]]
        jump = math.dist(states[moves[0]][1:3], states[0][1:3]) if moves else 0.0
        if speed == 0 and jump > 40:
            states = states[moves[0] :]
        replay[obstacle.get("id")] = Box(
            float(shape.findtext("length")), float(shape.findtext("width")), states, states[0][0], states[-1][0]
        )
    return replay


def _state(state: Any, step: float) -> tuple[float, float, float, float]:
    time = int(state.findtext("time/exact")) * step
    x, y = (float(state.findtext(f"position/point/{axis}")) for axis in "xy")
    return time, x, y, float(state.findtext("orientation/exact"))


def read_osi(path: Path) -> Replay:
    from mcap.reader import make_reader
    from osi3.osi_groundtruth_pb2 import GroundTruth

    replay: Replay = {}
    with path.open("rb") as stream:
        for _, _, message in make_reader(stream).iter_messages(topics=["ground_truth"]):
            truth = GroundTruth.FromString(message.data)
            time = truth.timestamp.seconds + truth.timestamp.nanos * 1e-9
            for mover in truth.moving_object:
                name, base = mover.source_reference[0].identifier[0], mover.base
                box = replay.setdefault(name, Box(base.dimension.length, base.dimension.width, enter=time))
                box.poses.append((time, base.position.x, base.position.y, base.orientation.yaw))
                box.leave = time
    return replay


def read_scenarionet(path: Path) -> Replay:
    scenario = pickle.loads(path.read_bytes())
    times, replay = scenario["metadata"]["ts"], {}
    for name, track in scenario["tracks"].items():
        state = track["state"]
        there = [place for place, valid in enumerate(state["valid"]) if valid]
        poses = [(times[i], *state["position"][i][:2], state["heading"][i]) for i in there]
        replay[name] = Box(state["length"][there[0]], state["width"][there[0]], poses, poses[0][0], poses[-1][0])
    return replay


class OpenDrive:
    """An OpenDRIVE map: points of its lanes by the formulas of the standard."""

    def __init__(self, path: Path) -> None:
        self.root = ET.parse(path).getroot()
        self.roads = {road.get("id"): road for road in self.root.iter("road")}

    def sumo_edges(self) -> dict[str, str]:
        """Road ids by SUMO edge."""
        found = {}
        for road in self.roads.values():
            data = road.find("userData[@code='sumoId']")
            if data is not None:
                found[data.get("value")] = road.get("id")
        return found

    def point(self, road_id: str, s: float, t: float) -> tuple[float, float, float]:
        """Inertial x, y, z of a road's s and t."""
        road = self.roads[road_id]
        pieces = road.findall("planView/geometry")
        piece = [one for one in pieces if float(one.get("s")) <= s + 1e-9][-1]
        ds = s - float(piece.get("s"))
        u, v, turn = ds, 0.0, 0.0
        curve = piece.find("paramPoly3")
        if curve is not None:
            p = _parameter(curve, ds, float(piece.get("length")))
            u, v = (_cubic(curve, axis, p) for axis in "UV")
            turn = math.atan2(_slope(curve, "V", p), _slope(curve, "U", p))
        x0, y0, heading = (float(piece.get(name)) for name in ("x", "y", "hdg"))
        x = x0 + u * math.cos(heading) - v * math.sin(heading)
        y = y0 + u * math.sin(heading) + v * math.cos(heading)
        z = _record(road.findall("elevationProfile/elevation"), "s", s)
        return x - t * math.sin(heading + turn), y + t * math.cos(heading + turn), z

    def lane_middle(self, road_id: str, lane_id: int, s: float) -> tuple[float, float, float]:
        """Middle of a right lane at s."""
        road = self.roads[road_id]
        section = [one for one in road.findall("lanes/laneSection") if float(one.get("s")) <= s + 1e-9][-1]
        t = _record(road.findall("lanes/laneOffset"), "s", s)
        for lane in sorted(section.findall("right/lane"), key=lambda lane: -int(lane.get("id"))):
            width = _record(lane.findall("width"), "sOffset", s - float(section.get("s")))
            if int(lane.get("id")) == lane_id:
                return self.point(road_id, s, t - width / 2)
            t -= width
        raise KeyError(lane_id)


def _parameter(curve: Any, ds: float, length: float) -> float:
    """The p of a normalised cubic at a distance along it, by summing chords."""
    steps, total = 400, 0.0
    previous = (_cubic(curve, "U", 0), _cubic(curve, "V", 0))
    for step in range(1, steps + 1):
        here = (_cubic(curve, "U", step / steps), _cubic(curve, "V", step / steps))
        chord = math.dist(previous, here)
        if total + chord >= ds:
            return (step - 1 + (ds - total) / max(chord, 1e-12)) / steps
        total, previous = total + chord, here
    return 1.0


def _cubic(curve: Any, axis: str, p: float) -> float:
    return sum(float(curve.get(letter + axis)) * p**power for power, letter in enumerate("abcd"))


def _slope(curve: Any, axis: str, p: float) -> float:
    return sum(
        power * float(curve.get(letter + axis)) * p ** (power - 1) for power, letter in enumerate("abcd") if power
    )


def _record(records: list[Any], key: str, s: float) -> float:
    begun = [one for one in records if float(one.get(key)) <= s + 1e-9]
    if not begun:
        return 0.0
    ds = s - float(begun[-1].get(key))
    return sum(float(begun[-1].get(letter)) * ds**power for power, letter in enumerate("abcd"))


def overlaps(replay: Replay, time: float, *, shrink: float = 0.0) -> set[frozenset[str]]:
    """Pairs whose boxes overlap at a time (separating axes), boxes made smaller by `shrink` on every side."""
    there = [(name, box, pose) for name, box in replay.items() if (pose := box.at(time)) is not None]
    found = set()
    for place, (name, box, pose) in enumerate(there):
        for other_name, other, other_pose in there[place + 1 :]:
            reach = (math.hypot(box.length, box.width) + math.hypot(other.length, other.width)) / 2
            near = math.dist(pose[:2], other_pose[:2]) < reach
            if near and _touch(_corners(box, pose, shrink), _corners(other, other_pose, shrink)):
                found.add(frozenset({name, other_name}))
    return found


def _corners(box: Box, pose: tuple[float, float, float], shrink: float) -> list[tuple[float, float]]:
    x, y, heading = pose
    length, width = max(box.length / 2 - shrink, 0.01), max(box.width / 2 - shrink, 0.01)
    cosine, sine = math.cos(heading), math.sin(heading)
    signs = ((1, 1), (1, -1), (-1, -1), (-1, 1))
    return [(x + a * length * cosine - b * width * sine, y + a * length * sine + b * width * cosine) for a, b in signs]


def _touch(first: list[tuple[float, float]], other: list[tuple[float, float]]) -> bool:
    for shape in (first, other):
        for (x0, y0), (x1, y1) in zip(shape, [*shape[1:], shape[0]], strict=True):
            axis = (y1 - y0, x0 - x1)
            spans = [[axis[0] * x + axis[1] * y for x, y in points] for points in (first, other)]
            if max(spans[0]) <= min(spans[1]) or max(spans[1]) <= min(spans[0]):
                return False
    return True
