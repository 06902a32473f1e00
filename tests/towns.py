"""Hand-made towns whose every number is known.

The square town, made as arrays (no SUMO)::

    C ──── D      A (0, 0)   B (100, 0)   C (0, 100)   D (100, 100)
    │      │      every side is a two-way street of 100 m, one lane, 10 m/s
    A ──── B      all turns are allowed, U-turns are not

The crossroads, made as a net by netconvert::

          N            N, E, S, W are 200 m from the centre C
          │            every arm is a two-way street with one lane and 13.89 m/s
    W ─── C ─── E      C has a traffic signal
          │
          S
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.datatypes.graph import RoadGraph
from trafficdiff.datatypes.vehicles import ALL_CLASSES
from trafficdiff.process import run_program, sumo_program

if TYPE_CHECKING:
    from collections.abc import Sequence

UTM = "+proj=utm +zone=35 +ellps=WGS84 +datum=WGS84 +units=m +no_defs"
"""Projection of the made-up towns: near Helsinki."""

UTM_OFFSET = (-385_000.0, -6_671_000.0)


def make_town(
    nodes: dict[str, tuple[float, float]],
    streets: Sequence[tuple[str, str]],
    *,
    speed_ms: float = 10.0,
    lanes: int = 1,
    u_turns: bool = False,
    allowed: dict[str, int] | None = None,
) -> RoadGraph:
    """Return a road graph with straight edges named ``from-to``; every turn is allowed.

    `allowed` gives class masks by edge name; the others are open to all.
    """
    node_names = sorted(nodes)
    node_place = {name: place for place, name in enumerate(node_names)}
    streets = sorted(streets)
    names = [f"{a}-{b}" for a, b in streets]
    ends = [(node_place[a], node_place[b]) for a, b in streets]
    shape = np.array([nodes[end] for street in streets for end in street], float).reshape(-1, 2)
    followers = [
        [other for other, (a2, b2) in enumerate(streets) if a2 == b and (u_turns or b2 != a)] for a, b in streets
    ]
    masks = np.array([(allowed or {}).get(name, ALL_CLASSES) for name in names], np.int64)
    successor_edges = np.array([f for row in followers for f in row], np.int32)
    sources = np.repeat(np.arange(len(names)), [len(row) for row in followers])
    return RoadGraph(
        net_path=Path("made-by-hand.net.xml"),
        crs=UTM,
        net_offset=UTM_OFFSET,
        edge_id=np.array(names, object),
        street_name=np.array(["" for _ in names], object),
        road_class=np.array(["residential" for _ in names], object),
        from_node=np.array([a for a, _ in ends], np.int32),
        to_node=np.array([b for _, b in ends], np.int32),
        length_m=np.linalg.norm(shape[1::2] - shape[::2], axis=1),
        speed_limit_ms=np.full(len(names), speed_ms),
        lanes=np.full(len(names), lanes, np.int32),
        allowed_classes=masks,
        shape_offsets=np.arange(0, 2 * len(names) + 1, 2, dtype=np.int64),
        shape_xy=shape,
        node_id=np.array(node_names, object),
        node_xy=np.array([nodes[name] for name in node_names], float),
        node_signalised=np.zeros(len(node_names), bool),
        successor_offsets=np.concatenate([[0], np.cumsum([len(row) for row in followers])]).astype(np.int64),
        successor_edges=successor_edges,
        successor_classes=masks[sources] & masks[successor_edges],
        way_offsets=np.zeros(len(names) + 1, np.int64),
        way_ids=np.zeros(0, np.int64),
        name="made by hand",
    )


def square_town() -> RoadGraph:
    """Return the square town drawn above."""
    nodes = {"A": (0.0, 0.0), "B": (100.0, 0.0), "C": (0.0, 100.0), "D": (100.0, 100.0)}
    sides = [("A", "B"), ("A", "C"), ("B", "D"), ("C", "D")]
    return make_town(nodes, sides + [(b, a) for a, b in sides])


def write_cross_net(directory: Path) -> Path:
    """Write the crossroads drawn above with netconvert and return the net's path."""
    arms = {"N": (0, 200), "E": (200, 0), "S": (0, -200), "W": (-200, 0)}
    nodes = "".join(f'<node id="{name}" x="{x}" y="{y}"/>' for name, (x, y) in arms.items())
    (directory / "cross.nod.xml").write_text(f'<nodes><node id="C" x="0" y="0" type="traffic_light"/>{nodes}</nodes>')
    edges = "".join(
        f'<edge id="{a}{b}" from="{a}" to="{b}" numLanes="1" speed="13.89"/>'
        for name in arms
        for a, b in ((name, "C"), ("C", name))
    )
    (directory / "cross.edg.xml").write_text(f"<edges>{edges}</edges>")
    return _georeferenced(
        directory / "cross.net.xml",
        ["netconvert", "-n", directory / "cross.nod.xml", "-e", directory / "cross.edg.xml", "--no-turnarounds"],
    )


def write_grid_net(
    directory: Path, *, side: int = 4, length_m: float = 150.0, junctions: str = "traffic_light"
) -> Path:
    """Write a grid, with signals unless another kind of junction is asked for, and return the net's path."""
    command = [
        "netgenerate", "--grid", "--grid.number", side, "--grid.length", length_m, "--grid.attach-length", length_m,
        "--default-junction-type", junctions, "--default.lanenumber", 1,
    ]  # fmt: skip
    return _georeferenced(directory / "grid.net.xml", command)


def _georeferenced(net: Path, command: Sequence[object]) -> Path:
    """Run the tool, then give the net the projection of the made-up towns."""
    program, *arguments = map(str, command)
    finished = run_program([sumo_program(program), *arguments, "-o", net], log=net.with_suffix(".log"), deadline_s=60)
    assert finished.returncode == 0, finished.output
    text = net.read_text()
    assert 'projParameter="!"' in text
    x, y = UTM_OFFSET
    text = text.replace('projParameter="!"', f'projParameter="{UTM}"').replace(
        'netOffset="0.00,0.00"', f'netOffset="{x},{y}"'
    )
    if f'netOffset="{x},{y}"' not in text:
        text = _replace_offset(text, f"{x},{y}")
    net.write_text(text)
    return net


def _replace_offset(text: str, offset: str) -> str:
    before, rest = text.split('netOffset="', 1)
    return f'{before}netOffset="{offset}{rest[rest.index(chr(34)) :]}'


def write_road_net(directory: Path, *, lanes: int = 2, length_m: float = 400.0, side: bool = False) -> Path:
    """Write a straight road with lanes in one direction only; with `side`, one-lane roads meet it at its inner nodes.

    ::

        V ─▶ W ─▶ M ─▶ E ─▶ X        VW, WM, ME, EX: 13.89 m/s
             │    │    │
             ▼    ▼    ▼   (side)     WS, MS, ES lead away, SW, SM, SE come in, one lane each
    """
    names = "VWMEX"
    nodes = {name: (length_m * place, 0.0) for place, name in enumerate(names)}
    streets = [(a, b, lanes) for a, b in pairwise(names)]
    if side:
        for name in "WME":
            nodes[f"{name}s"] = (nodes[name][0], -length_m)
            streets += [(name, f"{name}s", 1), (f"{name}s", name, 1)]
    (directory / "road.nod.xml").write_text(
        "<nodes>"
        + "".join(f'<node id="{n}" x="{x}" y="{y}" type="priority"/>' for n, (x, y) in nodes.items())
        + "</nodes>"
    )
    edges = "".join(
        f'<edge id="{a}{b}" from="{a}" to="{b}" numLanes="{count}" speed="13.89" priority="{9 if count > 1 else 3}"/>'
        for a, b, count in streets
    )
    (directory / "road.edg.xml").write_text(f"<edges>{edges}</edges>")
    return _georeferenced(
        directory / "road.net.xml",
        ["netconvert", "-n", directory / "road.nod.xml", "-e", directory / "road.edg.xml", "--no-turnarounds"],
    )


def write_corridor_net(
    directory: Path, *, signals: int = 5, length_m: float = 300.0, kinds: dict[str, str] | None = None
) -> Path:
    """Write an avenue with signals and a cross street at each; `kinds` gives SUMO's type of other junctions by name.

    ::

               n1      n2            each arm 200 m, one lane each way
               │       │
        J0 ─── J1 ─── J2 ─── ... ─── J6       avenue: two lanes each way, 13.89 m/s
               │       │
               s1      s2
    """
    nodes = {f"J{place}": (length_m * place, 0.0) for place in range(signals + 2)}
    streets = [(f"J{place}", f"J{place + 1}", 2) for place in range(signals + 1)]
    for place in range(1, signals + 1):
        for name, y in (("n", 200.0), ("s", -200.0)):
            nodes[f"{name}{place}"] = (length_m * place, y)
            streets.append((f"J{place}", f"{name}{place}", 1))
    lit = {f"J{place}" for place in range(1, signals + 1)}

    def kind_of(name: str) -> str:
        return (kinds or {}).get(name, "traffic_light" if name in lit else "priority")

    lines = [f'<node id="{name}" x="{x}" y="{y}" type="{kind_of(name)}"/>' for name, (x, y) in nodes.items()]
    (directory / "corridor.nod.xml").write_text(f"<nodes>{''.join(lines)}</nodes>")
    edges = [
        f'<edge id="{x}{y}" from="{x}" to="{y}" numLanes="{count}" speed="13.89"/>'
        for a, b, count in streets
        for x, y in ((a, b), (b, a))
    ]
    (directory / "corridor.edg.xml").write_text(f"<edges>{''.join(edges)}</edges>")
    return _georeferenced(
        directory / "corridor.net.xml",
        ["netconvert", "-n", directory / "corridor.nod.xml", "-e", directory / "corridor.edg.xml", "--no-turnarounds"],
    )


def write_walking_net(directory: Path) -> Path:
    """Write the crossroads drawn above without a signal, with sidewalks and zebra crossings, and return its path."""
    arms = {"N": (0, 100), "E": (100, 0), "S": (0, -100), "W": (-100, 0)}
    nodes = "".join(f'<node id="{name}" x="{x}" y="{y}"/>' for name, (x, y) in arms.items())
    (directory / "walk.nod.xml").write_text(f'<nodes><node id="C" x="0" y="0" type="priority"/>{nodes}</nodes>')
    edges = "".join(
        f'<edge id="{a}{b}" from="{a}" to="{b}" numLanes="1" speed="13.89" sidewalkWidth="2"/>'
        for name in arms
        for a, b in ((name, "C"), ("C", name))
    )
    (directory / "walk.edg.xml").write_text(f"<edges>{edges}</edges>")
    return _georeferenced(
        directory / "walk.net.xml",
        [
            "netconvert", "-n", directory / "walk.nod.xml", "-e", directory / "walk.edg.xml",
            "--no-turnarounds", "--crossings.guess",
        ],
    )  # fmt: skip
