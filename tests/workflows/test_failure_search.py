"""A search for failures: what cannot be used is refused before anything is written; what is found can be used."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.av_scenes import write_walking_grid
from trafficdiff.cli.application import application
from trafficdiff.datatypes.driving_scene import DrivingScene
from trafficdiff.datatypes.driving_scene_files import read_driving_scene, write_driving_scene
from trafficdiff.datatypes.motion_files import write_motion_scenes
from trafficdiff.datatypes.net_shapes import read_net_shapes
from trafficdiff.datatypes.track_checks import kinematic_faults
from trafficdiff.datatypes.tracks import Tracks
from trafficdiff.errors import InputError
from trafficdiff.workflows.failure_rounds import Plan
from trafficdiff.workflows.failure_search import search_failures
from trafficdiff.workflows.failure_windows import opened_windows, risks_at_start
from trafficdiff.workflows.motion_corpus import fitted, motion_scenes_from
from trafficdiff.workflows.scene_table import read_scene_table

if TYPE_CHECKING:
    from pathlib import Path

RECKLESS = "tests.workflows.reckless:Reckless"


def test_all_that_cannot_be_asked_is_named_at_once_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").touch()
    with pytest.raises(InputError) as caught:
        search_failures(tmp_path, tmp_path / "taken", ego="sumo", count=0, seed=-1, budget_nats=-1.0)
    text = str(caught.value)
    for word in ("count", "seed", "budget", "SUMO alone", "found other content"):
        assert word in text
    with pytest.raises(InputError, match=r"module\.path:Name"):
        search_failures(tmp_path, tmp_path / "made", ego="nobody")
    assert [one.name for one in tmp_path.iterdir()] == ["taken"]


def test_a_folder_without_windows_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="found none"):
        opened_windows(tmp_path / "empty", seed=1)
    asked = ["scenes", "failures", str(tmp_path / "empty"), "--ego", "drawn", "-o", str(tmp_path / "made")]
    result = CliRunner().invoke(application, asked)
    assert isinstance(result.exception, InputError)
    assert "the drawn ego is the model's" in str(result.exception)
    assert not (tmp_path / "made").exists()


def drive_on(folder: Path, name: str, *, gap_m: float, aside_m: float = 0.0, made_by: str = "") -> Path:
    """Write eight seconds of two cars on a lane of a grid, the ego behind at 8 m/s, the other ahead at 4 m/s."""
    net = folder / "grid"
    net.mkdir(exist_ok=True, parents=True)
    net_file = next(iter(net.glob("*.net.xml*")), None) or write_walking_grid(net)
    lanes = [one for one in read_net_shapes(net_file).lanes.values() if not one.function and one.width_m >= 3.0]
    lane = max(lanes, key=lambda one: float(np.hypot(*(one.shape[-1, :2] - one.shape[0, :2]))))
    way = lane.shape[-1, :2] - lane.shape[0, :2]
    way = way / np.hypot(*way)
    begin = lane.shape[0, :2] + aside_m * np.array([-way[1], way[0]])
    time_s = 100.0 + 0.1 * np.arange(81)
    along_m = np.concatenate([5.0 + 8.0 * (time_s - 100.0), 10.0 + gap_m + 4.0 * (time_s - 100.0)])
    tracks = Tracks(
        user_id=np.array(["ego", "ahead"], object), user_kind=np.array(["passenger"] * 2, object),
        length_m=np.full(2, 5.0), width_m=np.full(2, 1.8), offsets=np.array([0, 81, 162]), time_s=np.tile(time_s, 2),
        x_m=begin[0] + way[0] * along_m, y_m=begin[1] + way[1] * along_m,
        heading_rad=np.full(162, np.arctan2(way[1], way[0])), speed_ms=np.repeat([8.0, 4.0], 81),
        edge=np.zeros(162, np.int32),
    )  # fmt: skip
    scene = DrivingScene(
        name=name, tracks=tracks, edge_id=np.array([lane.edge_id], object), ego="ego", net_file=net_file,
        provenance={"made_by": made_by} if made_by else {},
    )  # fmt: skip
    write_driving_scene(scene, folder / "scenes" / name)
    return folder / "scenes"


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three ordinary scenes: somebody 8, 12 and 16 m ahead."""
    folder = tmp_path_factory.mktemp("ordinary")
    for gap_m in (8.0, 12.0, 16.0):
        made = drive_on(folder, f"gap_{gap_m:.0f}", gap_m=gap_m)
    return made


@pytest.mark.slow
@pytest.mark.sumo
def test_a_reckless_driver_always_fails_and_its_scenes_can_be_used(scenes: Path, tmp_path: Path) -> None:
    found = search_failures(
        scenes, tmp_path / "made", ego=RECKLESS, count=5, seed=1, plan=Plan(simulations=18, rounds=3)
    )
    assert found.rate.failures == found.rate.simulations == 18
    assert found.rate.per_scene == pytest.approx(1.0, rel=0.35)
    assert found.rate.low < found.rate.per_million_km < found.rate.high
    assert len({one.draw.scene for one in found.failures[:3]}) == 3
    assert set(found.touches) <= {"front", "other stands"}
    told = json.loads((tmp_path / "made" / "failures.json").read_text())
    assert told["rate"]["simulations"] == 18
    assert [row["scene"] for row in told["failures"]] == list(found.scenes.values())
    with (tmp_path / "made" / "failures.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == 5
    table = read_scene_table(tmp_path / "made")
    assert (table["type"] == "following").all()
    scene = read_driving_scene(tmp_path / "made" / "failure_0000")
    assert scene.provenance["ego_policy"] == "reckless"
    assert len(kinematic_faults(scene.tracks)) == 0
    assert scene.end_s - scene.begin_s == pytest.approx(told["failures"][0]["when_s"], abs=0.05)


@pytest.mark.slow
@pytest.mark.sumo
def test_the_command_gives_the_same_again_for_a_corpus_which_has_no_net(scenes: Path, tmp_path: Path) -> None:
    generator = np.random.default_rng(1)
    motions = fitted(
        [one for path in sorted(scenes.iterdir()) for one in motion_scenes_from(path, generator=generator)]
    )
    write_motion_scenes(motions, tmp_path / "corpus", card={})
    said = []
    for name in ("one", "two"):
        result = CliRunner().invoke(
            application,
            [
                "scenes",
                "failures",
                str(tmp_path / "corpus"),
                "--ego",
                RECKLESS,
                "--simulations",
                "12",
                "--rounds",
                "2",
                "--led",
                "0.5",
                "-o",
                str(tmp_path / name),
                "--json",
            ],
        )
        assert result.exit_code == 0, result.output
        said.append(json.loads(result.stdout))
    assert said[0]["rate"] == said[1]["rate"]
    assert said[0]["scenes"] == 0
    assert not list((tmp_path / "one").glob("failure_*"))


@pytest.mark.slow
@pytest.mark.sumo
def test_only_ordinary_windows_whose_ego_is_on_the_map_count(tmp_path: Path) -> None:
    scenes = drive_on(tmp_path, "good", gap_m=8.0)
    windows = opened_windows(scenes, seed=1)
    assert len(windows.windows) == 1
    assert windows.left_out == {"the ego is not there for eight seconds": 3}
    assert risks_at_start(windows.windows[0].motion)[1] > 0
    away = drive_on(tmp_path / "b", "away", gap_m=8.0, aside_m=20.0)
    with pytest.raises(InputError, match="off the map"):
        opened_windows(away, seed=1)
    staged = drive_on(tmp_path / "c", "staged", gap_m=8.0, made_by="trafficdiff scenes make")
    with pytest.raises(InputError, match="staged"):
        opened_windows(staged, seed=1)
