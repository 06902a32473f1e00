"""A patched net is what was asked for, and nothing else changed."""

from __future__ import annotations

import gzip
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from trafficdiff.datatypes.lanes import read_lanes
from trafficdiff.datatypes.net_patch import NetPatch, RoadToBuild
from trafficdiff.datatypes.vehicles import class_bit
from trafficdiff.errors import NetworkError
from trafficdiff.process import run_program, sumo_program
from trafficdiff.roads.netfile import read_net
from trafficdiff.roads.patching import PATCHED_NET, apply_patch

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph

pytestmark = [pytest.mark.sumo, pytest.mark.slow]

COLUMNS = ("edge_id", "length_m", "speed_limit_ms", "lanes", "allowed_classes", "street_name", "node_id", "node_xy")


def sumo_opens(graph: RoadGraph, directory: Path) -> str:
    """Return what SUMO says of a net."""
    words = [sumo_program("sumo"), "-n", graph.net_path, "-e", "2", "--no-step-log", "--xml-validation", "never"]
    finished = run_program(words, log=directory / "open.log", deadline_s=60)
    assert finished.returncode == 0, finished.output
    return finished.output


def differing(one: RoadGraph, other: RoadGraph, *, but: set[str] = frozenset()) -> dict[str, list[str]]:
    """Return the edges of `one` that are not the same in `other`, by column; the lengths to 0.05 m."""
    shared = [edge for edge in one.edge_id if edge not in but]
    a, b = ([roads.edge_index[edge] for edge in shared] for roads in (one, other))
    found = {}
    for name in ("length_m", "speed_limit_ms", "lanes", "allowed_classes", "street_name", "road_class"):
        x, y = getattr(one, name)[a], getattr(other, name)[b]
        same = np.abs(x - y) < 0.05 if name == "length_m" else x == y
        if not same.all():
            found[name] = [shared[place] for place in np.flatnonzero(~same)]
    return found


def pairs(graph: RoadGraph) -> set[tuple[str, str, int]]:
    return {
        (str(graph.edge_id[a]), str(graph.edge_id[b]), int(mask))
        for a, b, mask in zip(graph.successor_sources, graph.successor_edges, graph.successor_classes, strict=True)
    }


def test_an_empty_patch_gives_the_same_roads(grid_graph: RoadGraph, tmp_path: Path):
    assert apply_patch(grid_graph, NetPatch(), directory=tmp_path) is grid_graph


def test_equal_patches_give_equal_bytes(grid_graph: RoadGraph, tmp_path: Path):
    patch = NetPatch(
        speed_ms={"A1B1": 5.0}, allowed={"B1C1_0": 0}, lanes={"C1D1": 2}, banned_turns=frozenset({("A1B1", "B1B2")})
    )
    written = [
        apply_patch(grid_graph, patch, directory=tmp_path / name).net_path.read_bytes() for name in ("one", "two")
    ]
    assert written[0] == written[1]


def test_only_what_was_asked_for_changes_in_place(grid_graph: RoadGraph, tmp_path: Path):
    patched = apply_patch(grid_graph, NetPatch(speed_ms={"A1B1": 5.0}), directory=tmp_path)
    assert differing(grid_graph, patched) == {"speed_limit_ms": ["A1B1"]}
    before = grid_graph.net_path.read_text().splitlines()
    after = gzip.decompress((tmp_path / PATCHED_NET).read_bytes()).decode().splitlines()
    changed = [(a, b) for a, b in zip(before, after, strict=True) if a != b]
    inside = [b for _, b in changed if '<lane id=":' in b]
    assert len(changed) == 1 + len(inside)
    assert {line.split('"')[1].split("_")[0] for line in inside} == {":A1", ":B1"}


def test_friction_is_written_to_lanes(grid_graph: RoadGraph, tmp_path: Path):
    patched = apply_patch(grid_graph, NetPatch(friction={"A1B1": 0.5}), directory=tmp_path)
    text = gzip.decompress(patched.net_path.read_bytes()).decode()
    line = next(line for line in text.splitlines() if '<lane id="A1B1_0"' in line)
    assert 'friction="0.50"' in line
    assert "open" not in sumo_opens(patched, tmp_path)
    same = apply_patch(patched, NetPatch(friction={"A1B1": 0.5}), directory=tmp_path / "again")
    assert gzip.decompress(same.net_path.read_bytes()).decode() == text


def test_friction_and_limits_back_at_their_old_value_give_the_old_net(grid_graph: RoadGraph, tmp_path: Path):
    slow = apply_patch(grid_graph, NetPatch(speed_ms={"A1B1": 5.0}), directory=tmp_path / "slow")
    back = apply_patch(slow, NetPatch(speed_ms={"A1B1": 13.89}), directory=tmp_path / "back")
    assert differing(grid_graph, back) == {}


def test_tags_and_name_travel_along(grid_graph: RoadGraph, tmp_path: Path):
    tags = pd.DataFrame({"surface": "asphalt"}, index=grid_graph.edge_id.astype(str))
    tagged = replace(grid_graph, tags=tags, name="somewhere")
    road = RoadToBuild(
        id="new", from_node="B1", to_node="D3", shape_xy=(), lanes=1, speed_ms=13.89, street="", road_class="tertiary"
    )
    patched = apply_patch(tagged, NetPatch(roads=(road,)), directory=tmp_path)
    assert patched.name == "somewhere"
    assert patched.tags.index.tolist() == patched.edge_id.tolist()
    assert patched.tags["surface"].isna().sum() == 1


@pytest.mark.parametrize(("edge", "lanes"), [("B1C1", 2), ("B1C1", 3)])
def test_more_lanes_leave_the_rest_alone(grid_graph: RoadGraph, tmp_path: Path, edge: str, lanes: int):
    patched = apply_patch(grid_graph, NetPatch(lanes={edge: lanes}), directory=tmp_path)
    assert patched.lanes[patched.edge_index[edge]] == lanes
    assert pairs(patched) == pairs(grid_graph)
    assert set(differing(grid_graph, patched, but={edge})) <= {"length_m"}
    table = read_lanes(patched)
    leaving = {int(table.index[lane]) for lane in table.turn_from if table.edge[lane] == patched.edge_index[edge]}
    assert leaving == set(range(lanes))  # no lane ends blind
    sumo_opens(patched, tmp_path)


def test_lanes_taken_away_again_leave_all_turns(grid_graph: RoadGraph, tmp_path: Path):
    wide = apply_patch(grid_graph, NetPatch(lanes={"B1C1": 3, "C1D1": 2}), directory=tmp_path / "wide")
    narrow = apply_patch(wide, NetPatch(lanes={"B1C1": 1, "C1D1": 1}), directory=tmp_path / "narrow")
    assert pairs(narrow) == pairs(grid_graph)
    assert differing(grid_graph, narrow) == {}


def test_a_reserved_lane_lies_at_the_kerb_and_is_for_its_class_only(grid_graph: RoadGraph, tmp_path: Path):
    patched = apply_patch(grid_graph, NetPatch(reserved={"B1C1": "bus"}), directory=tmp_path)
    table = read_lanes(patched)
    rows = table.of(patched.edge_index["B1C1"])
    assert [int(table.allowed[row]) == class_bit("bus") for row in rows] == [True, False]
    assert {(a, b) for a, b, _ in pairs(patched)} == {(a, b) for a, b, _ in pairs(grid_graph)}
    sumo_opens(patched, tmp_path)


def test_closures_and_bans_outlive_a_rebuild(grid_graph: RoadGraph, tmp_path: Path):
    ban = ("A2B2", "B2C2")
    first = apply_patch(
        grid_graph, NetPatch(allowed={"B1C1_0": 0}, banned_turns=frozenset({ban})), directory=tmp_path / "first"
    )
    then = apply_patch(first, NetPatch(lanes={"C2D2": 2, "A1B1": 2}), directory=tmp_path / "then")
    assert not then.drivable()[then.edge_index["B1C1"]]
    assert ban not in {(a, b) for a, b, _ in pairs(then)}
    together = apply_patch(
        grid_graph,
        NetPatch(allowed={"B1C1_0": 0}, banned_turns=frozenset({ban}), lanes={"C2D2": 2, "A1B1": 2}),
        directory=tmp_path / "together",
    )
    assert pairs(together) == pairs(then)


def test_a_new_road_joins_all_that_meet_at_its_ends(grid_graph: RoadGraph, tmp_path: Path):
    roads = tuple(
        RoadToBuild(
            id=name, from_node=a, to_node=b, shape_xy=(), lanes=1, speed_ms=13.89, street="Neu & alt",
            road_class="tertiary",
        )
        for name, a, b in (("new", "B1", "D3"), ("-new", "D3", "B1"))
    )  # fmt: skip
    patched = apply_patch(grid_graph, NetPatch(roads=roads), directory=tmp_path)
    at = patched.edge_index["new"]
    assert patched.road_class[at] == "tertiary"
    assert patched.street_name[at] == "Neu & alt"
    assert patched.length_m[at] == pytest.approx(np.hypot(300, 300), abs=30)
    turns = {(a, b) for a, b, _ in pairs(patched)}
    assert {a for a, b in turns if b == "new"} == {"A1B1", "B0B1", "C1B1", "B2B1"}
    assert {b for a, b in turns if a == "new"} == {"D3C3", "D3D2", "D3right3", "D3top3"}
    assert {(a, b) for a, b, _ in pairs(grid_graph)} <= turns
    sumo_opens(patched, tmp_path)


def test_a_patch_of_roads_that_are_not_there_names_them_all(grid_graph: RoadGraph, tmp_path: Path):
    road = RoadToBuild(
        id="A1B1", from_node="X", to_node="A1", shape_xy=(), lanes=1, speed_ms=9, street="", road_class="tertiary"
    )
    patch = NetPatch(
        speed_ms={"nowhere": 3.0, "B1C1": float("nan")}, allowed={"gone_0": 0}, lanes={"C1D1": 0}, roads=(road,)
    )
    with pytest.raises(NetworkError) as caught:
        apply_patch(grid_graph, patch, directory=tmp_path)
    for word in ("'nowhere'", "'gone'", "'B1C1'", "nan", "'C1D1'", "'X'", "no edge has yet"):
        assert word in str(caught.value)
    assert not (tmp_path / PATCHED_NET).exists()


def test_a_net_in_another_form_is_refused_and_not_left_as_it_was(grid_net: Path, tmp_path: Path):
    text = grid_net.read_text(encoding="utf-8")
    other = tmp_path / "other.net.xml"
    other.write_text(re.sub(r'<edge id="B1C1" (from="\w+")', r'<edge \1 id="B1C1"', text), encoding="utf-8")
    with pytest.raises(NetworkError, match=r"the id first in each edge, got other forms of \['B1C1'\]"):
        apply_patch(read_net(other), NetPatch(lanes={"B1C1": 2}), directory=tmp_path / "wide")
