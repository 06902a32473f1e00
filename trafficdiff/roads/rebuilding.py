"""Add lanes and roads to a net, or take lanes away, with netconvert; what is not touched stays as it is.

netconvert reads the net itself and a patch of edges and turns. Measured on Helsinki: with an empty patch 9 of 9,076
lines of the net differ (the geometry at one junction). Signals whose turns change get a new plan from netconvert; all
other plans, ids, street names, OSM way ids and the projection stay.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import quoteattr, unescape

import numpy as np

from trafficdiff.datatypes.lanes import Lanes, read_lanes
from trafficdiff.datatypes.vehicles import class_bit
from trafficdiff.errors import NetworkError
from trafficdiff.process import last_words, run_program, sumo_home, sumo_program
from trafficdiff.roads.rewiring import Turn, add_kerb_lane, add_lanes, drop_lanes, join_road

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.net_patch import NetPatch, RoadToBuild

__all__ = ["convert_net", "rebuild_net"]

_DEADLINE_S: Final = 1_800.0
_PROLOG: Final = re.compile(r"\A(<\?xml[^>]*\?>)?\s*<!--.*?-->\s*", re.DOTALL)
_NET: Final = re.compile(r"<net\b[^>]*>")
_LOCATION: Final = re.compile(r"<location\b[^>]*/>")
_EDGE: Final = re.compile(r'<edge id="([^":][^"]*)"[^>]*>(.*?)</edge>', re.DOTALL)
_LANE: Final = re.compile(r"<lane\b([^>]*?)/?>(?:\s*<param key=\"origId\" value=\"([^\"]*)\"/>\s*</lane>)?", re.DOTALL)
_KEPT_OF_LANE: Final = re.compile(r'\s(?:speed|allow|disallow|width)="[^"]*"')
_NET_OPTIONS: Final = {
    "junctionCornerDetail": "junctions.corner-detail",
    "limitTurnSpeed": "junctions.limit-turn-speed",
    "walkingareas": "walkingareas",
    "rectangularLaneCut": "rectangular-lane-cut",
}
_FLAGS: Final = {"walkingareas", "rectangular-lane-cut"}
_FLAG_WORDS: Final = {"1": "true", "0": "false"}


@dataclass
class _Wiring:
    """Hold the turns of a net before and after, and how many lanes each edge has by now."""

    before: set[Turn]
    after: set[Turn]
    counts: dict[str, int] = field(default_factory=dict)


def rebuild_net(text: str, patch: NetPatch, *, graph: RoadGraph, directory: Path) -> str:
    """Return a net with lanes and roads of a patch built (`lanes`, `reserved`, `roads`).

    Parameters
    ----------
    text
        The net's XML.
    patch
        What is built.
    graph
        The roads of that net.
    directory
        For netconvert's files; the caller deletes it.

    Raises
    ------
    NetworkError
        If netconvert fails, with its last words.
    DeadlineError
        If it does not finish within half an hour.
    """
    lanes = read_lanes(graph)
    wiring = _rewired(patch, graph, lanes)
    edges = [*_changed_edges(text, patch), *(_new_edge(road, graph) for road in patch.roads)]
    (directory / "edges.edg.xml").write_text(_document("edges", edges), encoding="utf-8")
    (directory / "turns.con.xml").write_text(_document("connections", _turn_changes(wiring)), encoding="utf-8")
    return convert_net(
        text, ["--edge-files", "edges.edg.xml", "--connection-files", "turns.con.xml"], graph=graph, directory=directory
    )


def convert_net(text: str, words: list[str], *, graph: RoadGraph, directory: Path) -> str:
    """Return a net as netconvert makes it of another one; what the further words do not touch stays as it is.

    Parameters
    ----------
    text
        The net's XML.
    words
        Further options; files that they name lie in `directory`.
    graph
        The roads of that net.
    directory
        For netconvert's files; the caller deletes it.

    Raises
    ------
    NetworkError
        If netconvert fails, with its last words.
    DeadlineError
        If it does not finish within half an hour.
    """
    (directory / "net.net.xml").write_text(text, encoding="utf-8")
    command = [
        *(str(sumo_program("netconvert")), "--sumo-net-file", "net.net.xml", *words),
        *("--output-file", "built.net.xml", "--no-turnarounds", "true"),
        *("--type-files", str(sumo_home() / "data" / "typemap" / "osmNetconvert.typ.xml")),
        *("--output.street-names", "true", "--output.original-names", "true"),
        *("--offset.disable-normalization", "true", "--lefthand", "true" if graph.left_hand else "false"),
        *_net_options(text),
    ]
    finished = run_program(command, log=directory / "netconvert.log", deadline_s=_DEADLINE_S, directory=directory)
    built = directory / "built.net.xml"
    if finished.returncode != 0 or not built.exists():
        raise NetworkError(
            f"expected netconvert to build the changed roads, it failed ({finished.returncode}): "
            f"{last_words(finished.output)[:400]}; change fewer roads at once to find the one at fault"
        )
    return _with_old_head(built.read_text(encoding="utf-8"), text)


def _rewired(patch: NetPatch, graph: RoadGraph, lanes: Lanes) -> _Wiring:
    """Return the turns before and after the patch."""
    before = set(_turns(graph, lanes))
    counts = dict(zip(map(str, graph.edge_id), np.diff(lanes.offsets).tolist(), strict=True))
    angle = partial(_angle, _directions(graph, patch.roads), left_hand=graph.left_hand)
    after = set(before)
    for edge, count in sorted(patch.lanes.items()):
        if count < counts[edge]:
            after = drop_lanes(after, edge, lanes=count)
        elif count > counts[edge]:
            after = add_lanes(after, edge, before=counts[edge], lanes=count, lanes_of=counts.__getitem__, angle=angle)
        counts[edge] = count
    for edge in sorted(patch.reserved):
        after = add_kerb_lane(after, edge)
        counts[edge] += 1
    counts |= {road.id: road.lanes for road in patch.roads}
    for road in patch.roads:
        sources = {
            str(graph.edge_id[edge]): [row - lanes.of(edge)[0] for row in lanes.of(edge) if _for_cars(lanes, row)]
            for edge in np.flatnonzero(graph.node_id[graph.to_node] == road.from_node).tolist()
        }
        after = join_road(after, road.id, sources=sources, lanes=road.lanes, angle=angle)
    return _Wiring(before=before, after=after, counts=counts)


def _for_cars(lanes: Lanes, row: int) -> bool:
    return bool(lanes.allowed[row] & class_bit("passenger"))


def _turns(graph: RoadGraph, lanes: Lanes) -> Iterator[Turn]:
    for left, entered in zip(lanes.turn_from.tolist(), lanes.turn_to.tolist(), strict=True):
        yield Turn(
            str(graph.edge_id[lanes.edge[left]]),
            int(lanes.index[left]),
            str(graph.edge_id[lanes.edge[entered]]),
            int(lanes.index[entered]),
        )


def _turn_changes(wiring: _Wiring) -> Iterator[str]:
    for turn in sorted(wiring.before - wiring.after):
        yield f"<delete {_words(turn)}/>"
    for turn in sorted(wiring.after - wiring.before):
        yield f"<connection {_words(turn)}/>"


def _words(turn: Turn) -> str:
    return (
        f"from={quoteattr(turn.source)} to={quoteattr(turn.target)} "
        f'fromLane="{turn.source_lane}" toLane="{turn.target_lane}"'
    )


def _changed_edges(text: str, patch: NetPatch) -> Iterator[str]:
    """Return the edges whose lanes change, each lane with the attributes of the one that it was or lies beside."""
    changed = {*patch.lanes, *patch.reserved}
    for match in _EDGE.finditer(text):
        name = unescape(match[1])
        if name not in changed:
            continue
        changed.remove(name)
        old = [("".join(_KEPT_OF_LANE.findall(lane[1])), lane[2]) for lane in _LANE.finditer(match[2])]
        count = patch.lanes.get(name, len(old))
        new = [old[min(place, len(old) - 1)] for place in range(count)]
        if name in patch.reserved:
            kept = re.sub(r'\s(?:allow|disallow)="[^"]*"', "", new[0][0] if new else old[0][0])
            new.insert(0, (f'{kept} allow="{patch.reserved[name]}"', old[0][1]))
        lines = [_lane_line(place, attributes, origin) for place, (attributes, origin) in enumerate(new)]
        yield f'<edge id={quoteattr(name)} numLanes="{len(new)}">{"".join(lines)}</edge>'
    if changed:
        raise NetworkError(
            f"expected a net as SUMO writes it, the id first in each edge, got other forms of {sorted(changed)[:5]}; "
            "run `netconvert -s NET -o NEW` once and use the new file"
        )


def _lane_line(place: int, attributes: str, origin: str | None) -> str:
    """Return a lane; one that says nothing of who may use it is open to all, whatever netconvert knew before."""
    if "allow=" not in attributes:
        attributes += ' allow="all"'
    ways = f'<param key="origId" value="{origin}"/>' if origin else ""
    return f'<lane index="{place}"{attributes}>{ways}</lane>'


def _new_edge(road: RoadToBuild, graph: RoadGraph) -> str:
    ends = {str(name): tuple(xy) for name, xy in zip(graph.node_id, graph.node_xy.tolist(), strict=True)}
    points = [ends[road.from_node], *road.shape_xy, ends[road.to_node]]
    shape = " ".join(f"{x:.2f},{y:.2f}" for x, y in points)
    name = f"name={quoteattr(road.street)} " if road.street else ""
    return (
        f"<edge id={quoteattr(road.id)} from={quoteattr(road.from_node)} to={quoteattr(road.to_node)} "
        f'numLanes="{road.lanes}" speed="{road.speed_ms:.2f}" type={quoteattr(f"highway.{road.road_class}")} '
        f'{name}shape="{shape}"/>'
    )


def _directions(
    graph: RoadGraph, roads: Iterable[RoadToBuild]
) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Return the directions in which each edge begins and ends, as vectors."""
    shapes = {str(name): graph.shape_xy[a:b] for name, a, b in _spans(graph)}
    ends = dict(zip(map(str, graph.node_id), graph.node_xy, strict=True))
    for road in roads:
        shapes[road.id] = np.array([ends[road.from_node], *road.shape_xy, ends[road.to_node]], float)
    return {name: (xy[1] - xy[0], xy[-1] - xy[-2]) for name, xy in shapes.items()}


def _spans(graph: RoadGraph) -> Iterator[tuple[str, int, int]]:
    return zip(map(str, graph.edge_id), graph.shape_offsets[:-1], graph.shape_offsets[1:], strict=True)


def _angle(
    directions: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]],
    source: str,
    target: str,
    *,
    left_hand: bool,
) -> float:
    """Return how far one turns away from the kerb [degrees]; turning round counts as 180."""
    (x, y), (u, v) = directions[source][1], directions[target][0]
    degrees = float(np.degrees(np.arctan2(x * v - y * u, x * u + y * v)))
    away = -degrees if left_hand else degrees
    return 180.0 if abs(away) > 175.0 else away


def _net_options(text: str) -> Iterator[str]:
    """Return the options that the net says it was built with."""
    head = _NET.search(text)
    for attribute, option in _NET_OPTIONS.items():
        if head and (found := re.search(rf'\b{attribute}="([^"]*)"', head[0])):
            yield from (f"--{option}", _FLAG_WORDS.get(found[1], found[1]) if option in _FLAGS else found[1])


def _with_old_head(built: str, old: str) -> str:
    """Return the built net without the comment that holds a date, with the location as it was, digit for digit."""
    text = _PROLOG.sub(r"\1\n\n", built, count=1)
    was = _LOCATION.search(old)
    return _LOCATION.sub(lambda _: was[0], text, count=1) if was else text


def _document(root: str, lines: Iterable[str]) -> str:
    return "\n".join([f"<{root}>", *lines, f"</{root}>", ""])
