"""Files of other tools are read into tracks; what this package exports comes back as it was."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.av_scenes import record, write_walking_grid
from trafficdiff.datatypes.motion_map import LaneMap
from trafficdiff.datatypes.motion_windows import motion_scene
from trafficdiff.datatypes.outside_tracks import is_track_file, read_outside_tracks
from trafficdiff.datatypes.track_rows import TrackRows, tracks_of_rows
from trafficdiff.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.driving_scene import DrivingScene

FORMATS = ("commonroad", "osi", "scenarionet", "parquet")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[DrivingScene, dict[str, Path]]:
    """A scene of six cars and three walkers, some of whom come late, and its file in each format."""
    from trafficdiff.export.opendrive import make_opendrive
    from trafficdiff.export.scene_files import SceneFormat, scene_files
    from trafficdiff.export.scene_view import view_scene

    folder = tmp_path_factory.mktemp("scene")
    scene = record(write_walking_grid(folder), folder, seconds=10, cars=6, walkers=3).scene
    view = view_scene(scene)
    road_file = make_opendrive(scene.net_file, shapes=view.shapes, name="map")
    files = {}
    for name in FORMATS:
        contents = scene_files(view, SceneFormat(name), road_file=road_file, map_file="map.xodr")
        file = next(one for one in contents if not one.startswith("dataset_"))
        (folder / file).write_bytes(contents[file])
        files[name] = folder / file
    return scene, files


@pytest.mark.sumo
@pytest.mark.parametrize("scene_format", FORMATS)
def test_an_exported_scene_comes_back_within_a_tenth_of_a_metre(
    exported: tuple[DrivingScene, dict[str, Path]], scene_format: str
) -> None:
    scene, files = exported
    assert is_track_file(files[scene_format])
    recording = read_outside_tracks(files[scene_format])
    tracks, found = scene.tracks, recording.tracks
    users = tracks.user_id[np.diff(tracks.offsets) > 1].astype(str).tolist()  # one moment says nothing of motion
    if scene_format == "commonroad":  # the ego is its planning problem, and users are numbers in their order
        users.remove(scene.ego)
        names = dict(zip(sorted(found.user_id, key=int), users, strict=True))
    else:
        names = {name: name for name in found.user_id}
        assert recording.ego in {scene.ego, ""}
    shift_s = 0.0 if scene_format == "parquet" else scene.begin_s
    for place, name in enumerate(found.user_id):
        whose = int(np.flatnonzero(tracks.user_id == names[name])[0])
        mine = slice(found.offsets[place], found.offsets[place + 1])
        own = slice(tracks.offsets[whose], tracks.offsets[whose + 1])
        np.testing.assert_allclose(found.time_s[mine] + shift_s, tracks.time_s[own], atol=1e-3)
        np.testing.assert_allclose(found.x_m[mine], tracks.x_m[own], atol=0.1)
        np.testing.assert_allclose(found.y_m[mine], tracks.y_m[own], atol=0.1)
        np.testing.assert_allclose(np.cos(found.heading_rad[mine] - tracks.heading_rad[own]), 1.0, atol=1e-3)
        assert found.length_m[place] == pytest.approx(tracks.length_m[whose], abs=1e-3)
        assert found.user_kind[place] == tracks.user_kind[whose]
    assert len(names) == len(users)


@pytest.mark.sumo
@pytest.mark.parametrize("scene_format", ["commonroad", "scenarionet"])
def test_lanes_come_with_the_tracks_and_lead_somewhere(
    exported: tuple[DrivingScene, dict[str, Path]], scene_format: str
) -> None:
    recording = read_outside_tracks(exported[1][scene_format])
    assert recording.shapes is not None
    tracks = recording.tracks
    car = int(np.flatnonzero(tracks.user_kind == "passenger")[-1])
    first = tracks.offsets[car]
    ways = LaneMap(recording.shapes).ways_from(
        np.array([tracks.x_m[first], tracks.y_m[first]]), heading_rad=float(tracks.heading_rad[first]), kind=0
    )
    assert ways
    assert ways[0].valid.sum() > 10


def test_argoverse_is_read_with_typical_sizes(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = ["vehicle"] * 5 + ["pedestrian"] * 5 + ["background"] * 5
    columns = {
        "track_id": ["a"] * 5 + ["b"] * 5 + ["c"] * 5, "object_type": kinds, "timestep": list(range(5)) * 3,
        "position_x": np.arange(15.0), "position_y": np.zeros(15), "heading": np.zeros(15),
        "velocity_x": np.full(15, 3.0), "velocity_y": np.full(15, 4.0), "focal_track_id": ["a"] * 15,
    }  # fmt: skip
    pq.write_table(pa.table(columns), tmp_path / "scenario.parquet")
    recording = read_outside_tracks(tmp_path / "scenario.parquet")
    assert recording.tracks.user_kind.tolist() == ["passenger", "pedestrian"]
    assert recording.tracks.speed_ms.tolist() == [5.0] * 10
    assert recording.tracks.leave_s.tolist() == pytest.approx([0.4, 0.4])
    assert recording.ego == "a"


def test_animals_are_no_road_users_of_osi() -> None:
    from osi3.osi_groundtruth_pb2 import GroundTruth

    from trafficdiff.datatypes.outside_osi import _Users

    truth, users = GroundTruth(), _Users()
    for number, kind in enumerate(("TYPE_UNKNOWN", "TYPE_OTHER", "TYPE_VEHICLE", "TYPE_PEDESTRIAN", "TYPE_ANIMAL")):
        mover = truth.moving_object.add()
        mover.id.value = number
        mover.type = mover.Type.Value(kind)
    users.take(truth)
    rows = users.rows()
    assert dict(zip(rows.user_id, rows.user_kind, strict=True)) == {
        "0": "passenger", "2": "passenger", "3": "pedestrian"
    }  # fmt: skip


def test_gaps_jumps_and_waiting_cut_users() -> None:
    x = np.array([0.0, 0.0, 0.0, 60.0, 61.0, 62.0, 65.0, 66.0])
    time_s = np.array([0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.9, 1.0])
    rows = TrackRows(
        user_id=["a"], user_kind=["passenger"], size_m=np.array([[4.0, 2.0]]), user=np.zeros(8, int), time_s=time_s,
        xy_m=np.column_stack([x, 0 * x]), heading_rad=np.zeros(8), speed_ms=np.zeros(8),
    )  # fmt: skip
    assert tracks_of_rows(rows, what="f").user_id.tolist() == ["a", "a~1", "a~2"]
    assert tracks_of_rows(rows, what="f", drop_waiting=True).enter_s.tolist() == [0.3, 0.9]


def test_rows_in_any_order_become_tracks_with_headings_within_half_a_turn() -> None:
    rows = TrackRows(
        user_id=["a"], user_kind=["passenger"], size_m=np.array([[4.0, 2.0]]), user=np.zeros(3, int),
        time_s=np.array([0.2, 0.0, 0.1]), xy_m=np.array([[2.0, 0.0], [0.0, 0.0], [1.0, 0.0]]),
        heading_rad=np.array([3.5, 6.5, -4.0]), speed_ms=np.array([3.0, 1.0, 2.0]),
    )  # fmt: skip
    tracks = tracks_of_rows(rows, what="f")
    assert tracks.x_m.tolist() == [0.0, 1.0, 2.0]
    assert tracks.speed_ms.tolist() == [1.0, 2.0, 3.0]
    turn = 2 * np.pi
    np.testing.assert_allclose(tracks.heading_rad, [6.5 - turn, turn - 4.0, 3.5 - turn], atol=1e-12)


def test_parts_of_a_user_take_no_name_of_another() -> None:
    rows = TrackRows(
        user_id=["a", "a~1"], user_kind=["passenger"] * 2, size_m=np.array([[4.0, 2.0]] * 2),
        user=np.array([0, 0, 0, 0, 1, 1]), time_s=np.array([0.0, 0.1, 5.0, 5.1, 0.0, 0.1]), xy_m=np.zeros((6, 2)),
        heading_rad=np.zeros(6), speed_ms=np.zeros(6),
    )  # fmt: skip
    assert tracks_of_rows(rows, what="f").user_id.tolist() == ["a", "a~2", "a~1"]


def _scenario(features: dict[str, object], **state: object) -> bytes:
    count = 90
    track = {
        "position": np.column_stack([np.arange(count), np.zeros(count)]), "heading": np.zeros(count),
        "velocity": np.tile([10.0, 0.0], (count, 1)), "length": np.full(count, 4.5), "width": np.full(count, 1.8),
        "valid": np.ones(count, bool), **state,
    }  # fmt: skip
    return pickle.dumps({
        "tracks": {"a": {"type": "VEHICLE", "state": track}}, "map_features": features,
        "metadata": {"ts": np.arange(count) / 10, "sdc_id": "a"},
    })  # fmt: skip


LINE = np.array([[0.0, 0.0, 0.0], [80.0, 0.0, 0.0]])


@pytest.mark.parametrize(
    "features",
    [
        {"1": {"type": "LANE_FREEWAY", "polyline": LINE[[0, 0]]}},  # of no length
        {"1": {"type": "LANE_FREEWAY", "polyline": LINE, "exit_lanes": None}},
        {"1": {"type": "LANE_FREEWAY", "polyline": LINE, "exit_lanes": ["1", "2"]}},  # to itself, and out of the file
    ],
)
def test_odd_maps_are_read_as_far_as_they_go(tmp_path: Path, features: dict[str, object]) -> None:
    (tmp_path / "a.pkl").write_bytes(_scenario(features))
    recording = read_outside_tracks(tmp_path / "a.pkl")
    assert recording.shapes is not None
    lane_map = LaneMap(recording.shapes)
    scene = motion_scene(recording.tracks, ego=0, begin_s=0.0, lane_map=lane_map)
    longer = np.ptp(features["1"]["polyline"][:, 0]) > 1  # type: ignore[index]
    assert scene.path_valid[0].any() == longer
    edges = lane_map.edges_under(np.array([[5.0, 0.0]]), heading_rad=np.zeros(1))
    assert edges.tolist() == (["1"] if longer else [""])


def test_a_map_of_crossings_alone_has_no_ways(tmp_path: Path) -> None:
    def bound(side: str, y: int) -> str:
        return f"<{side}Bound>" + "".join(f"<point><x>{x}</x><y>{y}</y></point>" for x in (0, 9)) + f"</{side}Bound>"

    def state(at: int) -> str:
        return f"<position><point><x>{at}</x><y>0</y></point></position><time><exact>{at}</exact></time>"

    crossing = bound("left", 1) + bound("right", -1) + "<laneletType>crosswalk</laneletType>"
    way = "".join(f"<state>{state(at)}</state>" for at in range(1, 5))
    car = "<type>car</type><shape><rectangle><length>4</length><width>2</width></rectangle></shape>"
    text = (
        f"<commonRoad timeStepSize='0.1'><lanelet id='1'>{crossing}</lanelet><dynamicObstacle id='7'>{car}"
        f"<initialState>{state(0)}</initialState><trajectory>{way}</trajectory></dynamicObstacle></commonRoad>"
    )
    (tmp_path / "a.xml").write_text(text)
    recording = read_outside_tracks(tmp_path / "a.xml")
    assert recording.shapes is not None
    assert LaneMap(recording.shapes).ways_from(np.zeros(2), heading_rad=0.0, kind=0) == []


class _Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        import os

        return os.system, ("false",)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.xml", b"<commonRoad timeStepSize='0.1'/>", "road users"),
        ("a.xml", b"<scenario/>", "expected a CommonRoad file"),
        ("a.xml", b"<commonRoad timeSte", "whole"),
        ("a.xml", b"<commonRoad/>", "whole CommonRoad file"),
        ("a.pkl", pickle.dumps(_Evil()), "plain data"),
        ("a.pkl", pickle.dumps({"tracks": {}}), "ScenarioNet scenario"),
        ("a.pkl", b"\x80\x04", "ScenarioNet scenario"),
        ("a.pkl", _scenario({}, width=np.full(90, np.nan)), "expected finite width_m"),
        ("a.pkl", _scenario({"1": {"type": "LANE_FREEWAY", "polyline": LINE * np.nan}}), "lane 1: expected finite"),
        ("a.mcap", b"no recording", "whole MCAP"),
        ("a.parquet", b"no table", "table of tracks"),
        ("a.csv", b"", "expected a file of"),
    ],
)
def test_what_is_no_file_of_tracks_is_refused_by_name(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message) as refused:
        read_outside_tracks(tmp_path / name)
    assert name in str(refused.value)


def test_a_table_of_something_else_is_refused(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"x": [1.0]}), tmp_path / "t.parquet")
    with pytest.raises(InputError, match="columns of Argoverse 2"):
        read_outside_tracks(tmp_path / "t.parquet")
