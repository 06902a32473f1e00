"""Scenes cut out of tracks say where everybody was, in the ego's frame; files bring them back."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.motion import straight_scene
from trafficdiff.datatypes.motion_files import _packed, read_motion_scenes, write_motion_scenes
from trafficdiff.datatypes.motion_map import LaneMap, signal_codes
from trafficdiff.datatypes.motion_scene import KINDS, KNOTS, SIGNAL_GREEN, SIGNAL_RED, into_frame, kind_of, out_of_frame
from trafficdiff.datatypes.motion_windows import motion_scene, motion_scenes_of, tracks_of_motion
from trafficdiff.datatypes.net_shapes import NetLane, NetShapes, NetTurn
from trafficdiff.datatypes.scene_environment import SignalStates
from trafficdiff.datatypes.tracks import Tracks
from trafficdiff.datatypes.vehicles import ALL_CLASSES, class_bit
from trafficdiff.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path


def _lane(name: str, points: list[tuple[float, float]], function: str = "") -> NetLane:
    shape = np.column_stack([np.array(points, float), np.zeros(len(points))])
    return NetLane(
        lane_id=name, edge_id=name.rpartition("_")[0], index=0, function=function, shape=shape, width_m=3.2,
        speed_ms=13.9, allowed=ALL_CLASSES, outline=np.zeros((0, 3)),
    )  # fmt: skip


@pytest.fixture(scope="module")
def fork() -> LaneMap:
    """A street to the east that goes straight on or turns left, with a signal before the fork."""
    lanes = [
        _lane("a_0", [(0, 0), (60, 0)]), _lane(":j_0", [(60, 0), (80, 0)], "internal"),
        _lane("b_0", [(80, 0), (300, 0)]),
        _lane(":j_1", [(60, 0), (70, 3), (75, 12)], "internal"), _lane("c_0", [(75, 12), (75, 200)]),
    ]  # fmt: skip
    turns = (
        NetTurn(source="a_0", target="b_0", via=":j_0", direction="s", signal="s", link=0),
        NetTurn(source=":j_0", target="b_0", via="", direction="s", signal="", link=-1),
        NetTurn(source="a_0", target="c_0", via=":j_1", direction="l", signal="s", link=1),
        NetTurn(source=":j_1", target="c_0", via="", direction="l", signal="", link=-1),
    )
    return LaneMap(
        NetShapes(
            lanes={lane.lane_id: lane for lane in lanes}, turns=turns, junctions={}, projection="!",
            net_offset=(0.0, 0.0), left_hand=False,
        )
    )  # fmt: skip


def _tracks(*ways: tuple[float, np.ndarray]) -> Tracks:
    """Return users who are at places (n, 2) every 0.1 s from a time on."""
    counts = [len(xy) for _, xy in ways]
    xy = np.concatenate([xy for _, xy in ways]).astype(float)
    time_s = np.concatenate([np.round(begin + 0.1 * np.arange(len(way)), 3) for begin, way in ways])
    heading, speed = [], []
    for _, way in ways:
        step = np.gradient(way.astype(float), 0.1, axis=0)
        heading.append(np.arctan2(step[:, 1], step[:, 0]))
        speed.append(np.hypot(*step.T))
    users = len(ways)
    return Tracks(
        user_id=np.array([f"u{n}" for n in range(users)], object), user_kind=np.array(["passenger"] * users, object),
        length_m=np.full(users, 5.0), width_m=np.full(users, 1.8),
        offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), time_s=time_s, x_m=xy[:, 0], y_m=xy[:, 1],
        heading_rad=np.concatenate(heading), speed_ms=np.concatenate(speed), edge=np.full(len(xy), -1, np.int32),
    )  # fmt: skip


@pytest.fixture(scope="module")
def tracks() -> Tracks:
    """An ego that drives straight on, one who turns left three seconds later, one far away."""
    at = np.arange(121) * 1.0
    left = np.concatenate(
        [np.column_stack([at[:60], np.zeros(60)]), np.column_stack([np.full(60, 75.0), 12 + at[:60]])]
    )
    left[56:60] = [[60, 0], [66, 2], [71, 4.5], [74, 8]]
    return _tracks(
        (100.0, np.column_stack([at, 0 * at])), (103.0, left), (100.0, np.column_stack([at, 0 * at + 500.0]))
    )


def test_the_ego_is_the_origin_and_looks_ahead_and_users_have_their_own_times(tracks: Tracks, fork: LaneMap) -> None:
    scene = motion_scene(tracks, ego=0, begin_s=101.0, lane_map=fork, source="by hand")
    assert scene.user_id.tolist() == ["u0", "u1"]
    np.testing.assert_allclose(scene.state[0, 0], [0, 0, 0, 10.0], atol=1e-5)
    np.testing.assert_allclose(scene.state[0, -1, :2], [80.0, 0.0], atol=1e-4)
    assert scene.valid[1].tolist() == [False] * 4 + [True] * 13
    assert scene.enter.tolist() == [0, 4]
    np.testing.assert_allclose(scene.start[1, :2], [-10.0, 0.0], atol=1e-4)
    assert set(scene.source.split()) == {"by", "hand"}


def test_headings_are_seen_from_the_ego_whatever_way_it_drives() -> None:
    north = np.column_stack([np.full(121, 3.0), 10.0 * np.arange(121) / 10])
    east = np.column_stack([8.0 * np.arange(121) / 10, np.full(121, 20.0)])
    scene = motion_scene(_tracks((0.0, north), (0.0, east)), ego=0, begin_s=1.0)
    np.testing.assert_allclose(scene.state[0, :, 2], 0.0, atol=1e-6)
    np.testing.assert_allclose(scene.state[1, :, 2], -np.pi / 2, atol=1e-6)
    np.testing.assert_allclose(scene.start[1, :2], [10.0, -5.0], atol=1e-5)  # ten ahead, five to the right


def test_who_is_near_when_one_of_both_is_gone_is_not_in_the_scene() -> None:
    at = np.arange(121) / 10
    gone = np.full((20, 2), [120.0, 0.0])
    ways = _tracks((100.0, np.column_stack([10 * at, 0 * at])), (100.0, gone), (100.0, np.full((121, 2), [120.0, 0.0])))
    assert motion_scene(ways, ego=0, begin_s=101.0).user_id.tolist() == ["u0", "u2"]
    late = _tracks((100.0, np.column_stack([10 * at[:21], 0 * at[:21]])), (100.0, np.column_stack([120 - 10 * at, at])))
    assert motion_scene(late, ego=0, begin_s=100.0).user_id.tolist() == ["u0"]  # it passes where the ego was


def test_the_way_is_the_branch_that_was_driven(tracks: Tracks, fork: LaneMap) -> None:
    scene = motion_scene(tracks, ego=0, begin_s=101.0, lane_map=fork)
    assert np.abs(scene.path[0][scene.path_valid[0], 1]).max() < 1e-4
    turned = scene.path[1][scene.path_valid[1]]
    assert turned[-1, 1] > 20
    assert scene.stop_m.tolist() == pytest.approx([50.0, 60.0], abs=0.01)
    assert len(fork.ways_from(np.array([10.0, 0.5]), heading_rad=0.1, kind=0)) == 2
    assert fork.ways_from(np.array([10.0, 0.5]), heading_rad=3.0, kind=0) == []


def test_users_take_lanes_that_their_class_may_use_as_far_as_they_lead() -> None:
    cars, bicycles = class_bit("passenger"), class_bit("bicycle")
    lanes = [
        dataclasses.replace(_lane("a_0", [(0, 0), (50, 0)]), allowed=bicycles),
        dataclasses.replace(_lane("a_1", [(0, 3), (50, 3)]), allowed=cars),
        dataclasses.replace(_lane("b_0", [(50, 3), (90, 3)]), allowed=bicycles),
    ]  # fmt: skip
    after = NetTurn(source="a_1", target="b_0", via="", direction="s", signal="", link=-1)
    known = {lane.lane_id: lane for lane in lanes}
    shapes = NetShapes(
        lanes=known, turns=(after,), junctions={}, projection="!", net_offset=(0.0, 0.0), left_hand=False
    )  # fmt: skip
    lane_map = LaneMap(shapes)
    for kind, aside_m in ((KINDS.index("car"), 3.0), (KINDS.index("bicycle"), 0.0)):
        (way,) = lane_map.ways_from(np.array([10.0, 0.2]), heading_rad=0.0, kind=kind)
        assert way.xy[way.valid].tolist() == [[x, aside_m] for x in range(10, 51, 4)]
        assert (way.limit_ms > 0).tolist() == way.valid.tolist()
        assert way.stop_m == 0.0


def test_a_signal_shows_at_each_knot_what_it_showed_then(tracks: Tracks, fork: LaneMap) -> None:
    signals = SignalStates(
        signal_id=np.array(["s", "s"], object), time_s=np.array([0.0, 104.0]), state=np.array(["rG", "Gr"], object)
    )
    scene = motion_scene(tracks, ego=0, begin_s=101.0, lane_map=fork, signals=signals)
    assert scene.path_signal[0].tolist() == [SIGNAL_RED] * 6 + [SIGNAL_GREEN] * 11
    assert scene.path_signal[1].tolist() == [SIGNAL_GREEN] * 6 + [SIGNAL_RED] * 11
    assert signal_codes(signals, [("", -1), ("s", 9)], np.array([100.0])).tolist() == [[0], [0]]
    assert {int(code) for code in np.unique(scene.line_signal)} == {0, SIGNAL_RED, SIGNAL_GREEN}


def test_clocks_that_are_not_even_move_nobody(generator: np.random.Generator) -> None:
    clock_s = np.sort(np.round(np.arange(120) / 10 + generator.uniform(-0.04, 0.04, 120), 4))
    even = _tracks((0.0, np.column_stack([12 * clock_s, 0 * clock_s])), (0.0, np.full((120, 2), [0.0, 20.0])))
    uneven = dataclasses.replace(even, time_s=np.tile(clock_s, 2), speed_ms=even.speed_ms.copy())
    scene = motion_scene(uneven, ego=0, begin_s=1.0)
    np.testing.assert_allclose(scene.state[0, :, 0], 6.0 * np.arange(KNOTS), atol=1e-3)
    np.testing.assert_allclose(scene.state[1, :, :2], np.column_stack([[-12.0] * KNOTS, [20.0] * KNOTS]), atol=1e-3)
    assert scene.valid.all()


def test_samples_further_apart_than_knots_are_refused(tracks: Tracks) -> None:
    seldom = dataclasses.replace(tracks, time_s=100 + 8 * (tracks.time_s - 100))
    random = np.random.default_rng(0)
    with pytest.raises(InputError, match=r"at most 0.5 s apart, got 0.8 s"):
        motion_scene(seldom, ego=0, begin_s=101.0)
    with pytest.raises(InputError, match=r"at most 0.5 s apart, got 0.8 s"):
        motion_scenes_of(seldom, lane_map=None, signals=None, generator=random)


def test_an_ego_that_is_not_there_is_refused(tracks: Tracks) -> None:
    with pytest.raises(InputError, match="an ego that is there from 101 s"):
        motion_scene(tracks, ego=1, begin_s=101.0)


def test_windows_of_a_recording_have_egos_that_are_there_all_the_time(tracks: Tracks, fork: LaneMap) -> None:
    scenes = motion_scenes_of(
        tracks, lane_map=fork, signals=None, generator=np.random.default_rng(0), every_s=2.0, egos=2, source="x"
    )
    assert len(scenes) >= 5
    assert all(scene.valid[0].all() for scene in scenes)
    assert {scene.begin_s for scene in scenes} <= {100.0, 102.0, 104.0, 106.0}


def test_motion_becomes_the_tracks_that_it_was_cut_from(tracks: Tracks) -> None:
    scene = motion_scene(tracks, ego=0, begin_s=101.0)
    fine = np.zeros((2, 81, 4))
    for user in range(2):
        for axis in range(4):
            fine[user, :, axis] = np.interp(np.arange(81) / 5, np.arange(KNOTS), scene.state[user, :, axis])
    present = np.ones((2, 81), bool)
    present[1, :20] = False
    made = tracks_of_motion(scene, fine, present)
    assert made.enter_s.tolist() == [101.0, 103.0]
    np.testing.assert_allclose(made.x_m[:81], 10 + 0.1 * 10 * np.arange(81), atol=1e-3)


def test_frames_are_each_others_inverse(generator: np.random.Generator) -> None:
    xy, frame = generator.normal(size=(20, 2)) * 100, np.array([3.0, -4.0, 2.0])
    np.testing.assert_allclose(out_of_frame(into_frame(xy, frame), frame), xy, atol=1e-9)
    ahead = frame[:2] + np.array([np.cos(2.0), np.sin(2.0)])
    np.testing.assert_allclose(into_frame(ahead, frame), [1.0, 0.0], atol=1e-12)


def test_every_class_has_a_kind() -> None:
    assert [kind_of(name) for name in ("passenger", "trailer", "coach", "moped", "pedestrian", "drone")] == [
        KINDS.index(kind) for kind in ("car", "truck", "bus", "bicycle", "pedestrian", "car")
    ]


def _paved(fork: LaneMap) -> LaneMap:
    """The fork with a walking area 30 m on, a crossing with an outline, and a walking area far away."""
    corner = np.array([(30.0, -8.0, 0), (40, -8, 0), (40, -2, 0)])
    lanes = [
        dataclasses.replace(_lane(":j_w0_0", [(0, 0), (1, 1)], "walkingarea"), shape=corner),
        dataclasses.replace(_lane(":j_w1_0", [(0, 0), (1, 1)], "walkingarea"), shape=corner + np.array([400.0, 0, 0])),
        dataclasses.replace(_lane(":j_c0_0", [(50, -2), (50, 2)], "crossing"), outline=corner[[0, 1, 2, 2]] + 9.0),
    ]  # fmt: skip
    return LaneMap(dataclasses.replace(fork.shapes, lanes=fork.shapes.lanes | {lane.lane_id: lane for lane in lanes}))


def test_scenes_have_the_outlines_of_walking_areas_and_crossings_near(tracks: Tracks, fork: LaneMap) -> None:
    scene = motion_scene(tracks, ego=0, begin_s=101.0, lane_map=_paved(fork))
    assert scene.area_of.tolist() == [0, 0, 0, 1, 1, 1, 1]
    back = out_of_frame(scene.area_edges.astype(float), scene.frame)
    assert back[:3, 0] == pytest.approx(np.array([(30, -8), (40, -8), (40, -2)]), abs=1e-3)
    assert back[:3, 1] == pytest.approx(back[[1, 2, 0], 0], abs=1e-3)  # closed
    assert len(scene.lines) == len(motion_scene(tracks, ego=0, begin_s=101.0, lane_map=fork).lines) + 1  # the crossing
    assert not len(motion_scene(tracks, ego=0, begin_s=101.0, lane_map=fork).area_edges)


def test_folders_written_before_scenes_had_areas_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trafficdiff.datatypes.motion_files._packed", lambda scenes: {
        name: values for name, values in _packed(scenes).items() if name not in {"edges", "area_edges", "area_of"}
    })  # fmt: skip
    write_motion_scenes([straight_scene(starts=[(0, 0, 0, 5.0)])], tmp_path / "old", card={})
    assert read_motion_scenes(tmp_path / "old")[0].area_edges.shape == (0, 2, 2)


def test_a_folder_of_scenes_comes_back(tmp_path: Path, tracks: Tracks, fork: LaneMap) -> None:
    scenes = [
        motion_scene(tracks, ego=0, begin_s=101.0, lane_map=_paved(fork), source="x"),
        straight_scene(starts=[(0, 0, 0, 5.0)]), motion_scene(tracks, ego=0, begin_s=102.0, lane_map=_paved(fork)),
    ]  # fmt: skip
    write_motion_scenes(scenes, tmp_path / "corpus", card={"a": 1})
    for scene, kept in zip(scenes, read_motion_scenes(tmp_path / "corpus"), strict=True):
        for one in dataclasses.fields(scene):
            before, after = getattr(scene, one.name), getattr(kept, one.name)
            if one.name in {"controls", "drivable"} and before is None:
                assert not after.any()
            elif isinstance(before, np.ndarray) and before.dtype.kind == "f":
                np.testing.assert_allclose(after, before, atol=0.006)
            else:
                assert np.all(before == after)
    with pytest.raises(InputError, match="folder of motion scenes"):
        read_motion_scenes(tmp_path)


def test_many_scenes_are_kept_in_several_files_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trafficdiff.datatypes.motion_files._SHARD", 2)
    scenes = [straight_scene(starts=[(0, 0, 0, float(speed))] * (1 + speed % 2)) for speed in range(5)]
    write_motion_scenes(scenes, tmp_path / "corpus", card={})
    assert len(list((tmp_path / "corpus").glob("scenes-*.npz"))) == 3
    kept = read_motion_scenes(tmp_path / "corpus")
    assert [float(scene.start[0, 3]) for scene in kept] == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert [len(scene.user_id) for scene in kept] == [1, 2, 1, 2, 1]


def test_gaps_and_wrong_shapes_are_refused() -> None:
    scene = straight_scene(starts=[(0, 0, 0, 5.0), (9, 0, 0, 5.0)])
    gap = scene.valid.copy()
    gap[1, 5] = False
    with pytest.raises(InputError, match="without gaps"):
        dataclasses.replace(scene, valid=gap)
    with pytest.raises(InputError, match="size of shape"):
        dataclasses.replace(scene, size=scene.size[:1])
