"""Guided scenes: what cannot be asked is refused before anything is written; what is kept is as critical as asked."""

from __future__ import annotations

import dataclasses
import itertools
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from tests.av_scenes import write_walking_grid
from trafficdiff.cli.application import application
from trafficdiff.datatypes.driving_scene import DrivingScene
from trafficdiff.datatypes.driving_scene_files import read_driving_scene, write_driving_scene
from trafficdiff.datatypes.motion_scene import KINDS
from trafficdiff.datatypes.net_shapes import read_net_shapes
from trafficdiff.datatypes.track_checks import kinematic_faults
from trafficdiff.datatypes.tracks import Tracks
from trafficdiff.errors import InputError
from trafficdiff.metrics.safety_events import SafetyLimits, conflicts
from trafficdiff.resources import bundled
from trafficdiff.workflows.scene_table import read_scene_table
from trafficdiff.workflows.scenes_guide import GuidedScenes, guide_scenes
from trafficdiff.workflows.scenes_guide_judging import Achieved, _compared, _off_road
from trafficdiff.workflows.scenes_guide_starts import Start, of_pair, start_of
from trafficdiff.workflows.scenes_guide_wish import Wish

if TYPE_CHECKING:
    from pathlib import Path


def test_all_that_cannot_be_asked_is_named_at_once_and_nothing_is_written(tmp_path: Path) -> None:
    wish = Wish(ttc_s=(0.01, 99.0), budget_nats=-1.0, draws=0, angle_deg=400.0)
    with pytest.raises(InputError) as caught:
        guide_scenes(tmp_path, tmp_path / "made", count=0, seed=-1, wish=wish)
    text = str(caught.value)
    for word in ("count", "seed", "draws", "0.01", "99", "budget", "angle_deg"):
        assert word in text
    assert not list(tmp_path.iterdir())


def test_a_folder_without_scenes_and_another_models_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected an AV scene or a folder of them"):
        guide_scenes(tmp_path, tmp_path / "made", count=1, seed=1)
    with pytest.raises(InputError, match="demand_model"):
        guide_scenes(tmp_path, tmp_path / "made", count=1, seed=1, checkpoint=bundled("data/demand_model.safetensors"))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["guided", "--network", "helsinki", "--fog", "30:50"], "--network"),
        (["guided"], "--from SCENES"),
        (["guided", "--from", "x", "--ttc", "fast"], "--ttc: expected seconds or LOW:HIGH"),
        (["cut-in", "--network", "helsinki", "--budget", "4"], "--budget"),
        (["cut-in"], "--network NETWORK"),
    ],
)
def test_the_command_refuses_options_of_the_other_kind(tmp_path: Path, arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(application, ["scenes", "make", *arguments, "-o", str(tmp_path / "made")])
    assert isinstance(result.exception, InputError)
    assert said in str(result.exception)
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> DrivingScene:
    """Eight seconds of two cars on one lane: the ego at 10 m/s, 20 m behind one at 7 m/s."""
    net = write_walking_grid(tmp_path_factory.mktemp("grid"))
    lanes = [one for one in read_net_shapes(net).lanes.values() if not one.function and one.width_m >= 3.0]
    lane = max(lanes, key=lambda one: float(np.hypot(*(one.shape[-1, :2] - one.shape[0, :2]))))
    begin, way = lane.shape[0, :2], lane.shape[-1, :2] - lane.shape[0, :2]
    way = way / np.hypot(*way)
    time_s = 100.0 + 0.1 * np.arange(81)
    along_m = np.concatenate([5.0 + 10.0 * (time_s - 100.0), 30.0 + 7.0 * (time_s - 100.0)])
    tracks = Tracks(
        user_id=np.array(["ego", "ahead"], object), user_kind=np.array(["passenger"] * 2, object),
        length_m=np.full(2, 5.0), width_m=np.full(2, 1.8), offsets=np.array([0, 81, 162]), time_s=np.tile(time_s, 2),
        x_m=begin[0] + way[0] * along_m, y_m=begin[1] + way[1] * along_m,
        heading_rad=np.full(162, np.arctan2(way[1], way[0])), speed_ms=np.repeat([10.0, 7.0], 81),
        edge=np.full(162, -1, np.int32),
    )  # fmt: skip
    return DrivingScene(name="pair", tracks=tracks, edge_id=np.array([], object), ego="ego", net_file=net)


@pytest.fixture(scope="module")
def made(scene: DrivingScene, tmp_path_factory: pytest.TempPathFactory) -> GuidedScenes:
    """Two cases of it, mildly critical ones."""
    folder = tmp_path_factory.mktemp("guided")
    write_driving_scene(scene, folder / "found" / "one")
    wish = Wish(ttc_s=(2.0, 4.0), draws=128)
    return guide_scenes(folder / "found", folder / "made", count=2, seed=3, wish=wish)


@pytest.mark.sumo
@pytest.mark.slow
def test_an_ego_off_the_map_is_refused(scene: DrivingScene, tmp_path: Path) -> None:
    own = scene.tracks.user == scene.ego_place
    x_m, y_m = scene.tracks.x_m[0], scene.tracks.y_m[0]
    road = read_net_shapes(scene.net_file)
    shifts = [np.array(one) for one in ((-15.0, -15.0), (-15.0, 15.0), (15.0, -15.0), (15.0, 15.0))]
    far = max(shifts, key=lambda one: float(road.distance_from_road(x_m + one[:1], y_m + one[1:])[0]))
    aside = dataclasses.replace(scene.tracks, x_m=scene.tracks.x_m + far[0] * own, y_m=scene.tracks.y_m + far[1] * own)
    write_driving_scene(dataclasses.replace(scene, tracks=aside), tmp_path / "found" / "one")
    with pytest.raises(InputError, match="expected an ego on the map"):
        guide_scenes(tmp_path / "found", tmp_path / "made", count=1, seed=1)
    assert not (tmp_path / "made").exists()


@pytest.mark.sumo
@pytest.mark.slow
def test_what_is_kept_is_possible_and_as_critical_as_asked(made: GuidedScenes) -> None:
    kept = [case for case in made.cases if case.valid]
    assert kept
    assert made.drawn == len(kept) + sum(made.refused.values())
    for case in kept:
        scene = read_driving_scene(made.directory / case.scene)
        assert not len(kinematic_faults(scene.tracks))
        found = conflicts(scene.tracks, limits=SafetyLimits(horizon_s=10.0))
        assert not found["collision"].any()
        least_s = float(of_pair(found, scene.ego, case.other)["ttc_s"].min())
        assert least_s == pytest.approx(case.asked, rel=0.1)
        assert case.nats is not None
        assert 0 <= case.nats <= case.budget_nats
        assert scene.provenance["scene_model_sha256"] == made.checkpoint_sha256
        assert float(scene.provenance["log_weight"]) == pytest.approx(case.log_weight, abs=1e-3)


@pytest.mark.sumo
@pytest.mark.slow
def test_the_first_second_stays_and_the_table_shows_the_scenes(made: GuidedScenes, scene: DrivingScene) -> None:
    kept = next(case for case in made.cases if case.valid)
    drawn = read_driving_scene(made.directory / kept.scene)
    place = {str(name): number for number, name in enumerate(scene.tracks.user_id)}
    for number, name in enumerate(drawn.tracks.user_id.tolist()):
        own = slice(drawn.tracks.offsets[number], drawn.tracks.offsets[number + 1])
        was = slice(scene.tracks.offsets[place[name]], scene.tracks.offsets[place[name] + 1])
        early = drawn.tracks.time_s[own] <= drawn.begin_s + 1.0
        for axis in ("x_m", "y_m"):
            now, then = getattr(drawn.tracks, axis)[own], getattr(scene.tracks, axis)[was]
            told = np.interp(drawn.tracks.time_s[own][early], scene.tracks.time_s[was], then)
            assert np.abs(now[early] - told).max(initial=0.0) < 1.0
    table = read_scene_table(made.directory)
    assert table["name"].tolist() == [case.scene for case in made.cases]
    assert table.loc[table["valid"], "other"].tolist() == [case.other for case in made.cases if case.valid]
    assert json.loads((made.directory / "scenes.json").read_text())["provenance"]["drawn"] == str(made.drawn)


@pytest.mark.sumo
@pytest.mark.slow
def test_who_walks_in_a_walking_area_is_on_the_road_and_who_drives_there_is_not(scene: DrivingScene) -> None:
    start = start_of(scene, Wish(ttc_s=(1.0, 4.0)))
    assert isinstance(start, Start), start
    corners = 300.0 * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    square = np.stack([corners, np.roll(corners, -1, axis=0)], axis=1).astype(np.float32)
    astray_m = np.where(scene.tracks.user == scene.ego_place, 0.0, 5.0 * (scene.tracks.time_s - scene.begin_s))
    left = scene.tracks.heading_rad + np.pi / 2
    tracks = dataclasses.replace(
        scene.tracks, x_m=scene.tracks.x_m + astray_m * np.cos(left), y_m=scene.tracks.y_m + astray_m * np.sin(left)
    )
    found = {}
    for kind, areas in itertools.product(("pedestrian", "car"), (True, False)):
        motion = dataclasses.replace(
            start.motion, kind=np.array([KINDS.index("car"), KINDS.index(kind)], np.int8),
            area_edges=square if areas else square[:0], area_of=np.zeros(4 if areas else 0, np.int32),
        )  # fmt: skip
        found[kind, areas] = _off_road(dataclasses.replace(start, motion=motion), tracks)
    assert found["pedestrian", True] <= 0
    assert all(off_m > 0.5 for case, off_m in found.items() if case != ("pedestrian", True))


@pytest.mark.parametrize(
    ("asked", "refused"),
    [
        ({"ttc_s": 1.05, "angle_deg": 175.0, "bearing_deg": None}, None),
        ({"ttc_s": 1.2, "angle_deg": None, "bearing_deg": None}, "another time to collision"),
        ({"ttc_s": 1.0, "angle_deg": 150.0, "bearing_deg": -5.0}, "another angle"),
        ({"ttc_s": 1.0, "angle_deg": None, "bearing_deg": 20.0}, "another bearing"),
    ],
)
def test_what_is_asked_is_compared_with_what_came_out(asked: dict[str, float | None], refused: str | None) -> None:
    """A head-on conflict of 1 s; angles are compared around the circle."""
    made = Achieved(
        ttc_s=1.0, pet_s=2.0, time_s=5.0, angle_deg=-175.0, bearing_deg=-2.0, type="oncoming", tags=()
    )  # fmt: skip
    found = _compared(made, asked)
    assert found is made if refused is None else not isinstance(found, Achieved) and found[0] == refused


def test_time_on_course_is_that_of_straight_driving_boxes() -> None:
    """A head-on pair 20 m apart at 5 + 5 m/s; the same pair in two lanes is on no course."""
    from types import SimpleNamespace

    from trafficdiff.diffusion.motion_costs import times_on_course

    fine = torch.zeros(2, 2, 81, 4)
    fine[:, 0, :, 3] = fine[:, 1, :, 3] = 5.0
    fine[:, 1, :, 0], fine[:, 1, :, 2] = 24.0, torch.pi
    fine[1, 1, :, 1] = 4.0
    batch = SimpleNamespace(size=torch.tensor([4.0, 2.0]).expand(2, 2, 2), valid=torch.ones(2, 2, 17, dtype=torch.bool))
    found = times_on_course(fine, batch, torch.tensor([1, 1]))  # type: ignore[arg-type]
    assert torch.allclose(found[0], torch.tensor(2.0), atol=1e-4)
    assert (found[1] > 9.9).all()
