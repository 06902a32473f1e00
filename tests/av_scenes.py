"""Nets and recorded scenes for the tests of AV scenes: SUMO at 0.1 s with sublanes, read by code of the tests' own.

The towns: a *grid* with footways, crossings and signals; *hills*, bent streets of one to three lanes on hills.
"""

from __future__ import annotations

import math
import random
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tests.towns import UTM, UTM_OFFSET
from trafficdiff.datatypes.driving_scene import DrivingScene
from trafficdiff.datatypes.scene_environment import Environment, SignalStates
from trafficdiff.datatypes.tracks import Tracks
from trafficdiff.process import run_program, sumo_program

if TYPE_CHECKING:
    from pathlib import Path

SIZES = {"passenger": (5.0, 1.8), "pedestrian": (0.215, 0.478)}


def _run(program: str, folder: Path, *arguments: object) -> None:
    command = [sumo_program(program), *map(str, arguments)]
    finished = run_program(command, log=folder / f"{program}.log", deadline_s=120)
    assert finished.returncode == 0, finished.output


def write_walking_grid(folder: Path) -> Path:
    """A 2 x 2 grid with two lanes, footways, crossings and signals."""
    net = folder / "grid.net.xml"
    _run("netgenerate", folder, "--grid", "--grid.number", 2, "--grid.length", 100, "--grid.attach-length", 60,
         "--default-junction-type", "traffic_light", "--sidewalks.guess", "--crossings.guess",
         "--default.lanenumber", 2, "--default.sidewalk-width", 2, "-o", net)  # fmt: skip
    return _placed(net)


def write_hills(folder: Path) -> Path:
    """A random net whose streets are bent and lie on hills; lanes change in number from street to street."""
    flat = folder / "flat"
    _run("netgenerate", folder, "--rand", "--rand.iterations", 25, "--seed", 5, "--random-lanenumber",
         "--rand.min-distance", 80, "--rand.max-distance", 160, "--default-junction-type", "priority",
         "--plain-output-prefix", flat)  # fmt: skip
    chance = random.Random(3)
    nodes = ET.parse(f"{flat}.nod.xml")
    places = {}
    for node in nodes.getroot().iter("node"):
        x, y = float(node.get("x")), float(node.get("y"))
        places[node.get("id")] = (x, y)
        node.set("z", f"{_height(x, y):.2f}")
    nodes.write(folder / "hills.nod.xml")
    edges = ET.parse(f"{flat}.edg.xml")
    bent = {}
    for edge in edges.getroot().iter("edge"):
        ends = (edge.get("from"), edge.get("to"))
        (x0, y0), (x1, y1) = places[ends[0]], places[ends[1]]
        key = tuple(sorted(ends))
        side = bent.setdefault(key, chance.uniform(-0.12, 0.12)) * (1 if ends == key else -1)
        points = []
        for step in range(9):
            share = step / 8
            bulge = side * math.sin(math.pi * share)
            x, y = x0 + share * (x1 - x0) - bulge * (y1 - y0), y0 + share * (y1 - y0) + bulge * (x1 - x0)
            points.append(f"{x:.2f},{y:.2f},{_height(x, y):.2f}")
        edge.set("shape", " ".join(points))
    edges.write(folder / "hills.edg.xml")
    net = folder / "hills.net.xml"
    _run("netconvert", folder, "-n", folder / "hills.nod.xml", "-e", folder / "hills.edg.xml", "-x", f"{flat}.con.xml",
         "--junctions.corner-detail", 5, "--no-warnings", "-o", net)  # fmt: skip
    return _placed(net)


def _height(x: float, y: float) -> float:
    return 60 + 6 * math.sin(x / 110) * math.cos(y / 130)


def _placed(net: Path) -> Path:
    """Give a net the projection of the made-up towns."""
    text = net.read_text()
    x, y = UTM_OFFSET
    text = re.sub(r'netOffset="[^"]*"', f'netOffset="{x},{y}"', text)
    text = re.sub(r'projParameter="[^"]*"', f'projParameter="{UTM}"', text)
    net.write_text(text)
    return net


@dataclass
class Recorded:
    """A scene, and what SUMO said of it: front bumpers and compass headings by user and tenth of a second."""

    scene: DrivingScene
    bumpers: dict[str, dict[int, tuple[float, float, float]]]


def record(net: Path, folder: Path, *, seconds: int = 25, cars: int = 14, walkers: int = 6, seed: int = 4) -> Recorded:
    """Let SUMO drive random trips, and return them as a scene about the car that is there all the time."""
    _write_trips(net, folder, seconds=seconds, cars=cars, walkers=walkers, seed=seed)
    signals = [one.get("id") for one in _root(net).iter("tlLogic")]
    events = "".join(f'<timedEvent type="SaveTLSStates" source="{one}" dest="tls.xml"/>' for one in signals)
    (folder / "add.xml").write_text(f"<additional>{events}</additional>")
    _run("sumo", folder, "-n", net, "-r", folder / "trips.xml", "-a", folder / "add.xml", "--step-length", 0.1, "--end",
         seconds, "--lateral-resolution", 0.4, "--fcd-output", folder / "fcd.xml", "--no-step-log", "--no-warnings",
         "--seed", seed, "--ignore-route-errors")  # fmt: skip
    return _recorded(net, folder, has_signals=bool(signals))


def _root(net: Path) -> ET.Element:
    import gzip

    with gzip.open(net) if net.suffix == ".gz" else net.open("rb") as stream:
        return ET.parse(stream).getroot()


def _write_trips(net: Path, folder: Path, *, seconds: int, cars: int, walkers: int, seed: int) -> None:
    chance = random.Random(seed)
    root = _root(net)
    edges, paths = [], []
    for edge in root.iter("edge"):
        if edge.get("function") in {None, "normal"}:
            lanes = edge.findall("lane")
            if any("pedestrian" in lane.get("allow", "") for lane in lanes):
                paths.append(edge.get("id"))
            if any(lane.get("allow") != "pedestrian" for lane in lanes):
                edges.append(edge.get("id"))
    followers: dict[str, list[str]] = {}
    for turn in root.iter("connection"):
        if turn.get("from") in edges and turn.get("to") in edges:
            followers.setdefault(turn.get("from"), []).append(turn.get("to"))
    rows = []
    for place in range(cars):
        start = chance.choice([edge for edge in edges if edge in followers])
        way = [start]
        while len(way) < 12 and way[-1] in followers:
            way.append(chance.choice(sorted(followers[way[-1]])))
        depart = 0.0 if place == 0 else place * seconds * 0.8 / cars
        route = f'<route edges="{" ".join(way)}"/>'
        row = f'<vehicle id="car.{place}" depart="{depart:.1f}" departSpeed="max">{route}</vehicle>'
        rows.append((depart, row))
    for place in range(walkers if paths else 0):
        depart = place * seconds * 0.6 / walkers
        start, end = chance.sample(paths, 2)
        walk = f'<walk from="{start}" to="{end}"/>'
        rows.append((depart, f'<person id="walker.{place}" depart="{depart:.1f}">{walk}</person>'))
    (folder / "trips.xml").write_text("<routes>" + "".join(row for _, row in sorted(rows)) + "</routes>")


def _recorded(net: Path, folder: Path, *, has_signals: bool) -> Recorded:
    bumpers: dict[str, dict[int, tuple[float, float, float]]] = {}
    facts: dict[str, list[tuple[float, str]]] = {}
    for step in ET.parse(folder / "fcd.xml").getroot():
        tenth = round(float(step.get("time")) * 10)
        for one in step:
            place = tuple(float(one.get(name)) for name in ("x", "y", "angle"))
            bumpers.setdefault(one.get("id"), {})[tenth] = place  # type: ignore[assignment]
            edge = one.get("edge") or one.get("lane", "").rpartition("_")[0]
            facts.setdefault(one.get("id"), []).append((float(one.get("speed")), edge))
    users = sorted(bumpers)
    kinds = ["passenger" if user.startswith("car") else "pedestrian" for user in users]
    values = np.array([(tenth / 10, *place) for user in users for tenth, place in bumpers[user].items()])
    counts = [len(bumpers[user]) for user in users]
    edges = [edge for user in users for _, edge in facts[user]]
    names = sorted({edge for edge in edges if not edge.startswith(":")})
    heading = np.radians(90 - values[:, 3])
    heading = np.arctan2(np.sin(heading), np.cos(heading))
    lengths = np.array([SIZES[kind][0] for kind in kinds])
    half = np.repeat(lengths / 2, counts)
    tracks = Tracks(
        user_id=np.array(users, object), user_kind=np.array(kinds, object), length_m=lengths,
        width_m=np.array([SIZES[kind][1] for kind in kinds]),
        offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), time_s=values[:, 0],
        x_m=values[:, 1] - half * np.cos(heading), y_m=values[:, 2] - half * np.sin(heading), heading_rad=heading,
        speed_ms=np.array([speed for user in users for speed, _ in facts[user]]),
        edge=np.array([names.index(edge) if edge in names else -1 for edge in edges], np.int32),
    )  # fmt: skip
    scene = DrivingScene(
        name=net.name.split(".")[0], tracks=tracks, edge_id=np.array(names, object), ego="car.0", net_file=net,
        environment=Environment(fog_visual_range_m=180.0, precipitation="rain", precipitation_mm_h=3.0, friction=0.7),
        signals=_signals(folder / "tls.xml") if has_signals else SignalStates(), tags=("RoadTypeMinor",),
        provenance={"model": "random trips", "data": "none", "seed": "4"},
    )  # fmt: skip
    return Recorded(scene, bumpers)


def _signals(path: Path) -> SignalStates:
    shown: dict[str, str] = {}
    rows = []
    for row in ET.parse(path).getroot():
        if shown.get(row.get("id")) != row.get("state"):
            shown[row.get("id")] = row.get("state")
            rows.append((row.get("id"), float(row.get("time")), row.get("state")))
    names, times, states = zip(*rows, strict=True)
    return SignalStates(
        signal_id=np.array(names, object), time_s=np.array(times), state=np.array(states, object)
    )  # fmt: skip
