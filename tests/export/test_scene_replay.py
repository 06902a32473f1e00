"""Exported scenes, read back by code that only knows the standards, are where SUMO had everybody."""

from __future__ import annotations

import math
import pickle
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.av_scenes import record, write_hills, write_walking_grid
from tests.export.independent_reader import (
    OpenDrive,
    overlaps,
    read_commonroad,
    read_openscenario,
    read_osi,
    read_scenarionet,
)
from trafficdiff.export import commonroad, openscenario, osi_objects, scenarionet
from trafficdiff.export.opendrive import make_opendrive
from trafficdiff.export.reference_points import Placed, at_box_centre
from trafficdiff.export.scene_files import SceneFormat, scene_files
from trafficdiff.export.scene_view import view_scene

if TYPE_CHECKING:
    from pathlib import Path

    from tests.av_scenes import Recorded
    from tests.export.independent_reader import Replay
    from trafficdiff.datatypes.tracks import Tracks
    from trafficdiff.export.opendrive import RoadFile
    from trafficdiff.export.scene_view import SceneView

pytestmark = [pytest.mark.sumo, pytest.mark.slow]

READERS = {
    SceneFormat.openscenario: read_openscenario,
    SceneFormat.commonroad: read_commonroad,
    SceneFormat.osi: read_osi,
    SceneFormat.scenarionet: read_scenarionet,
}
USERS = {
    SceneFormat.openscenario: openscenario,
    SceneFormat.commonroad: commonroad,
    SceneFormat.osi: osi_objects,
    SceneFormat.scenarionet: scenarionet,
}


@pytest.fixture(scope="module", params=[write_walking_grid, write_hills], ids=["grid", "hills"])
def made(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Recorded, SceneView, RoadFile]:
    folder = tmp_path_factory.mktemp("scene")
    recorded = record(request.param(folder), folder)
    view = view_scene(recorded.scene)
    return recorded, view, make_opendrive(recorded.scene.net_file, shapes=view.shapes, name="map")


def replay(view: SceneView, road_file: RoadFile, scene_format: SceneFormat, folder: Path) -> Replay:
    contents = scene_files(view, scene_format, road_file=road_file, map_file="map.xodr")
    name = next(name for name in contents if not name.startswith("dataset_"))
    (folder / name).write_bytes(contents[name])
    return READERS[scene_format](folder / name)


def names_in(view: SceneView, scene_format: SceneFormat, found: Replay) -> dict[str, str]:
    """The user ids of what was read; CommonRoad has numbers, in the order of the users."""
    if scene_format is not SceneFormat.commonroad:
        return {name: name for name in found}
    users = [str(user) for user in view.scene.tracks.user_id if user != view.scene.ego]
    return dict(zip(sorted(found, key=int), users, strict=True))


def errors_m(recorded: Recorded, view: SceneView, scene_format: SceneFormat, found: Replay) -> np.ndarray:
    """Distance of every front bumper that SUMO reported from where the file has it."""
    errors = []
    for key, user in names_in(view, scene_format, found).items():
        for tenth, (x, y, compass) in recorded.bumpers[user].items():
            pose = found[key].at(tenth / 10)
            assert pose is not None, f"{user} is not there at {tenth / 10} s"
            half, heading = found[key].length / 2, math.radians(90 - compass)
            errors.append(math.hypot(pose[0] + half * math.cos(heading) - x, pose[1] + half * math.sin(heading) - y))
    return np.array(errors)


@pytest.mark.parametrize("scene_format", READERS)
def test_everybody_is_where_sumo_had_them(made, scene_format: SceneFormat, tmp_path: Path) -> None:
    recorded, view, road_file = made
    found = replay(view, road_file, scene_format, tmp_path)
    errors = errors_m(recorded, view, scene_format, found)
    assert len(found) >= len(recorded.bumpers) - 1
    assert np.quantile(errors, 0.95) <= 0.1
    assert errors.max() <= 0.5


@pytest.mark.parametrize("made", [write_walking_grid], ids=["grid"], indirect=True)
def test_the_kerb_is_on_the_other_side_where_traffic_keeps_left(made) -> None:
    _, view, _ = made
    mirrored = replace(view, shapes=replace(view.shapes, left_hand=True))
    sides = []
    for one in (view, mirrored):
        (content,) = (file for name, file in scenarionet.make_scenarionet(one).items() if name.startswith("sd_"))
        lanes = pickle.loads(content)["map_features"].items()
        sides.append(
            {name: (lane["left_neighbor"], lane["right_neighbor"]) for name, lane in lanes if "left_neighbor" in lane}
        )
    assert any(left for left, _ in sides[0].values())
    assert sides[1] == {name: (right, left) for name, (left, right) in sides[0].items()}


@pytest.mark.parametrize("scene_format", READERS)
def test_nobody_is_there_before_entering_or_after_leaving(made, scene_format: SceneFormat, tmp_path: Path) -> None:
    recorded, view, road_file = made
    found = replay(view, road_file, scene_format, tmp_path)
    late = 0
    for key, user in names_in(view, scene_format, found).items():
        first, last = min(recorded.bumpers[user]), max(recorded.bumpers[user])
        late += first > 0
        assert first == 0 or found[key].at(first / 10 - 0.05) is None
        assert last == 249 or found[key].at(last / 10 + 0.05) is None
    assert late > 3


@pytest.mark.parametrize("scene_format", READERS)
def test_no_collision_that_the_source_did_not_have(made, scene_format: SceneFormat, tmp_path: Path) -> None:
    recorded, view, road_file = made
    found = replay(view, road_file, scene_format, tmp_path)
    names = names_in(view, scene_format, found)
    source = {user: source_box(recorded, user) for user in recorded.bumpers}
    for tenth in range(0, 250, 5):
        played = {frozenset(names[key] for key in pair) for pair in overlaps(found, tenth / 10, shrink=0.01)}
        assert played <= overlaps(source, tenth / 10)


def source_box(recorded: Recorded, user: str):
    from tests.av_scenes import SIZES
    from tests.export.independent_reader import Box

    length, width = SIZES["passenger" if user.startswith("car") else "pedestrian"]
    poses = []
    for tenth, (x, y, compass) in recorded.bumpers[user].items():
        heading = math.radians(90 - compass)
        poses.append((tenth / 10, x - length / 2 * math.cos(heading), y - length / 2 * math.sin(heading), heading))
    return Box(length, width, poses, poses[0][0], poses[-1][0])


def at_front_bumper(tracks: Tracks) -> Placed:
    half = tracks.length_m[tracks.user] / 2
    x, y = tracks.x_m + half * np.cos(tracks.heading_rad), tracks.y_m + half * np.sin(tracks.heading_rad)
    return Placed(x, y, np.zeros(len(tracks.user_id)))


@pytest.mark.parametrize("scene_format", READERS)
def test_the_mutant_without_a_shift_of_the_reference_point_fails(
    made, scene_format: SceneFormat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded, view, road_file = made
    if scene_format is SceneFormat.openscenario:
        shifted = openscenario.at_rear_axle(view.scene.tracks).ahead_m
        mutant = lambda tracks: Placed(at_box_centre(tracks).x_m, at_box_centre(tracks).y_m, shifted)  # noqa: E731
        monkeypatch.setattr(openscenario, "at_rear_axle", mutant)
    else:
        monkeypatch.setattr(USERS[scene_format], "at_box_centre", at_front_bumper)
    errors = errors_m(recorded, view, scene_format, replay(view, road_file, scene_format, tmp_path))
    assert np.quantile(errors, 0.95) > 1.0


def test_headings_never_turn_the_long_way_round(made, tmp_path: Path) -> None:
    _, view, road_file = made
    for box in replay(view, road_file, SceneFormat.openscenario, tmp_path).values():
        turns = np.abs(np.diff([pose[3] for pose in box.poses]))
        assert (turns <= math.pi).all()


def test_lanes_of_the_map_begin_and_end_beside_sumos(made, tmp_path: Path) -> None:
    """Across the lane. Along it SUMO cuts each lane at the junction's outline, a road ends with all of its lanes."""
    _, view, road_file = made
    (tmp_path / "map.xodr").write_bytes(road_file.content)
    roads = OpenDrive(tmp_path / "map.xodr")
    edges = roads.sumo_edges()
    assert edges
    for edge, road_id in edges.items():
        road = roads.roads[road_id]
        lanes = sorted(
            (lane for lane in view.shapes.lanes.values() if lane.edge_id == edge), key=lambda lane: lane.index
        )
        ids = sorted(int(lane.get("id")) for lane in road.findall("lanes/laneSection[1]/right/lane"))
        length = float(road.get("length"))
        for lane, lane_id in zip(lanes, ids, strict=True):
            for s, ahead, point in ((0.0, 0.01, lane.shape[0]), (length, length - 0.01, lane.shape[-1])):
                x, y, z = roads.lane_middle(road_id, lane_id, s)
                x1, y1, _ = roads.lane_middle(road_id, lane_id, ahead)
                across = ((x1 - x) * (point[1] - y) - (y1 - y) * (point[0] - x)) / math.hypot(x1 - x, y1 - y)
                assert abs(across) <= 0.05
                assert math.dist((x, y), point[:2]) <= 2.0
                assert z == pytest.approx(point[2], abs=0.2)


def test_turns_begin_and_end_at_the_lanes_that_they_join(made, tmp_path: Path) -> None:
    _, _, road_file = made
    (tmp_path / "map.xodr").write_bytes(road_file.content)
    roads = OpenDrive(tmp_path / "map.xodr")
    checked = 0
    for road_id, road in roads.roads.items():
        for side, at in (("predecessor", 0.0), ("successor", float(road.get("length")))):
            link = road.find(f"link/{side}")
            if road.get("junction") == "-1" or link is None or link.get("elementType") != "road":
                continue
            other = roads.roads[link.get("elementId")]
            there = 0.0 if link.get("contactPoint") == "start" else float(other.get("length"))
            for lane in road.findall("lanes/laneSection/right/lane"):
                joined = lane.find(f"link/{side}")
                if joined is not None and lane.get("type") != "sidewalk":
                    own = roads.lane_middle(road_id, int(lane.get("id")), at)
                    theirs = roads.lane_middle(other.get("id"), int(joined.get("id")), there)
                    assert math.dist(own[:2], theirs[:2]) <= 0.01
                    checked += 1
    assert checked > 20
