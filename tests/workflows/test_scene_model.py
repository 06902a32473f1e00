"""From recordings to a corpus, to a trained scene model, to scenes that are drawn: one command each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.av_scenes import record, write_walking_grid
from trafficdiff.cli.application import application
from trafficdiff.datatypes.driving_scene_files import read_driving_scene, write_driving_scene
from trafficdiff.datatypes.motion_files import read_motion_scenes
from trafficdiff.datatypes.motion_scene import STEPS
from trafficdiff.datatypes.track_checks import kinematic_faults
from trafficdiff.diffusion.motion_guidance import Guidance
from trafficdiff.errors import InputError
from trafficdiff.metrics.likely_opponent import likely_opponent
from trafficdiff.workflows.motion_corpus import build_motion_corpus, fitted, scene_at_start
from trafficdiff.workflows.motion_drawing import draw_driving_scenes, scene_model
from trafficdiff.workflows.motion_judging import asked_of, judge_recorded
from trafficdiff.workflows.motion_judging_model import judge_model
from trafficdiff.workflows.motion_judging_templates import judge_templates
from trafficdiff.workflows.train_motion import CHECKPOINT_FILE, train_motion

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.driving_scene import DrivingScene

pytestmark = [pytest.mark.sumo, pytest.mark.slow]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> DrivingScene:
    """Twelve seconds of cars and walkers on a grid with footways and signals."""
    folder = tmp_path_factory.mktemp("recorded")
    return record(write_walking_grid(folder), folder, seconds=12, cars=8, walkers=4).scene


@pytest.fixture(scope="module")
def corpus(scene: DrivingScene, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus of that scene and of its tracks as a file."""
    from trafficdiff.datatypes.track_files import write_tracks_table

    folder = tmp_path_factory.mktemp("corpus")
    write_driving_scene(scene, folder / "scenes" / "one")

    class _Names:
        edge_id = scene.edge_id

    write_tracks_table(scene.tracks, folder / "tracks.parquet", graph=_Names())  # type: ignore[arg-type]
    sources = [folder / "scenes", folder / "tracks.parquet"]
    build_motion_corpus(sources, directory=folder / "made", every_s=1.0, egos=2, licence="made up")
    return folder / "made"


@pytest.fixture(scope="module")
def checkpoint(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that was trained for a second."""
    directory = tmp_path_factory.mktemp("model") / "trained"
    train_motion([corpus], directory=directory, cpu_minutes=0.02)
    return directory / CHECKPOINT_FILE


def test_a_corpus_holds_scenes_and_outside_tracks_and_says_what_world_it_is(corpus: Path) -> None:
    scenes = read_motion_scenes(corpus)
    card = json.loads((corpus / "card.json").read_text())
    assert card["scenes"] == len(scenes) >= 6
    assert set(card["sources"]) == {"grid", "tracks.parquet"}
    assert "no recordings of people" in card["world"]
    assert card["users"]["pedestrian"] > 0
    assert card["drivable_share"] > 0.4  # SUMO's own tracks, not smoothed, have corners
    of_scene, of_file = ([one for one in scenes if one.source == name] for name in ("grid", "tracks.parquet"))
    assert all(len(one.lines) > 20 and one.path_valid[0].any() for one in of_scene)
    assert not any(len(one.lines) for one in of_file)


def test_a_guided_scene_says_so_and_can_be_driven(scene: DrivingScene, checkpoint: Path) -> None:
    other = likely_opponent(scene_at_start(scene, begin_s=2.0))
    assert other is not None
    asked = [Guidance(other=other, gap_m=3.0)]
    guided = draw_driving_scenes([scene], seed=1, checkpoint=checkpoint, begin_s=2.0, guidance=asked)[0].scene
    assert kinematic_faults(guided.tracks).empty
    assert guided.provenance["drawn_by"] == "trafficdiff scene model"
    assert float(guided.provenance["guidance_nats"]) > 0
    assert guided.begin_s == 2.0
    assert set(guided.tracks.user_id) <= set(scene.tracks.user_id)
    assert guided.tracks.on_edge.any()


def test_users_that_are_given_drive_as_they_did_and_the_scene_is_written_and_read(
    scene: DrivingScene, checkpoint: Path, tmp_path: Path
) -> None:
    start = fitted([scene_at_start(scene, begin_s=1.0)])[0]
    known = np.ones((len(start.user_id), STEPS), bool)
    drawn = draw_driving_scenes([scene], seed=1, checkpoint=checkpoint, begin_s=1.0, known=[known])[0]
    write_driving_scene(drawn.scene, tmp_path / "drawn")
    kept = read_driving_scene(tmp_path / "drawn")
    assert kept.ego == scene.ego
    assert start.drivable is not None
    there = start.valid & start.drivable[:, None]
    away = np.hypot(*np.moveaxis(drawn.drawn.knots[..., :2] - start.state[..., :2], -1, 0))
    assert away[there].max() < 1.1


def test_the_judges_table_has_a_floor_a_baseline_and_the_model(corpus: Path, checkpoint: Path) -> None:
    asked = asked_of([corpus], scenes=3, ttc_s=(0.9, 1.1))
    rows = judge_recorded(asked) + judge_model(asked, checkpoint=checkpoint, budgets=[5.0], draws=2, competing=[3, 20])
    told = {row.name: row.as_dict() for row in rows}
    assert told["recorded"]["mean_jsd"] == 0.0
    assert told["recorded"]["angle_error_median_deg"] == pytest.approx(20.0)
    assert told["model, unguided"]["kinematic_faults"] == 0
    assert told["model, unguided"]["scenes"] == 2 * told["recorded"]["scenes"] == 6
    assert told["model, guided, 5 nat"]["spent_nats"] <= 5.0
    assert all(told[f"model, guided, 40 nat, best of {number}"]["scenes"] == 3 for number in (3, 20))
    assert "model, guided, 40 nat, and angle, best of 20" not in told
    assert told["model, unguided, best of 3"]["collided"] <= told["model, unguided"]["collided"]
    assert ((asked.ttc_s >= 0.9) & (asked.ttc_s <= 1.1)).all()
    assert told["constant velocity"]["acceleration"] > told["recorded, fitted controls"]["acceleration"]


def test_staged_cases_stand_beside_with_what_they_were_asked(scene: DrivingScene, corpus: Path, tmp_path: Path) -> None:
    beside = asked_of([corpus], scenes=3)
    with pytest.raises(InputError, match="scenes make"):
        judge_templates(tmp_path, beside=beside)
    write_driving_scene(scene, tmp_path / "one")
    assert judge_templates(tmp_path, beside=beside).reached == {}
    rows = ["question,asked,achieved", "ttc_s,1.0,1.05", "ttc_s,2.0,1.7", "ttc_s,1.0,", "gap_m,1.0,9.0"]
    (tmp_path / "scenes.csv").write_text("\n".join(rows))
    told = judge_templates(tmp_path, beside=beside)
    assert told.reached == pytest.approx({"ttc_within_10": 1 / 3, "ttc_within_20": 2 / 3, "ttc_error_median": 0.15})
    assert told.numbers.scenes == 1
    assert told.numbers.users <= len(scene.tracks.user_id)


def test_training_goes_on_from_other_weights_and_says_from_which(
    corpus: Path, checkpoint: Path, tmp_path: Path
) -> None:
    sha256 = scene_model(checkpoint).sha256
    options = [str(corpus), "--cpu-minutes", "0.02", "--from", str(checkpoint), "-o", str(tmp_path / "more"), "--json"]
    made = CliRunner().invoke(application, ["scenes", "train", *options])
    assert made.exit_code == 0, made.output
    assert json.loads(made.stdout)["started_from"] == sha256
    with pytest.raises(InputError, match="a network to start from like the one to train"):
        train_motion([corpus], directory=tmp_path / "t", cpu_minutes=0.02, start=checkpoint, joint=False)
    with pytest.raises(InputError, match="checkpoint of the scene model"):
        train_motion([corpus], directory=tmp_path / "t", cpu_minutes=0.02, start=tmp_path / "none.safetensors")


def test_what_cannot_be_learned_from_or_drawn_is_refused(scene: DrivingScene, corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected a run with tracks"):
        build_motion_corpus([tmp_path], directory=tmp_path / "c")
    assert not (tmp_path / "c").exists()
    with pytest.raises(InputError, match="learn from"):
        train_motion([corpus], directory=tmp_path / "t", leave_out=["grid", "tracks.parquet"])
    other = tmp_path / "other.safetensors"
    from trafficdiff.resources import bundled

    other.write_bytes(bundled("data/charging_model.safetensors").read_bytes())
    with pytest.raises(InputError, match="scene model 1"):
        draw_driving_scenes([scene], seed=0, checkpoint=other)
    with pytest.raises(InputError, match="an ego that is there"):
        scene_at_start(scene, begin_s=500.0)


def test_the_commands_are_there() -> None:
    for verb in ("corpus", "train"):
        assert CliRunner().invoke(application, ["scenes", verb, "--help"]).exit_code == 0
