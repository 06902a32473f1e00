"""Training publishes a checkpoint with its card, and goes on where it was stopped."""

from __future__ import annotations

import json
import types
from typing import TYPE_CHECKING, Any

import pytest

from tests.diffusion.places import tiny_settings
from tests.diffusion.test_resuming import SETTINGS, towns
from tests.roads.test_scene_traits import grid
from tests.roads.test_scenes import scene_of, trips_on
from trafficdiff.datatypes.scene_files import write_scenes
from trafficdiff.datatypes.training_range import read_range
from trafficdiff.diffusion import course
from trafficdiff.diffusion.checkpoint import read_checkpoint
from trafficdiff.errors import InputError, OutputError
from trafficdiff.publish import verify
from trafficdiff.workflows import train as workflow
from trafficdiff.workflows.train import CARD_FILE, CHECKPOINT_FILE, KIND, state_file, train
from trafficdiff.workflows.training_range import range_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STEPS = 30


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    write_scenes(towns(), tmp_path / "corpus", card={"format": 1})
    return tmp_path / "corpus"


@pytest.fixture(autouse=True)
def even_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock of the processor by which every step lasts the same: 30 steps are the ten minutes."""
    ticks = iter(range(10_000))
    clock = types.SimpleNamespace(process_time=lambda: next(ticks) * 60.0 * SETTINGS.cpu_minutes / STEPS)
    monkeypatch.setattr(course, "time", clock)


def trained(corpus: Path, directory: Path, **options: Any) -> dict[str, Any]:
    network = tiny_settings(dropout=0.2)
    return train(corpus, directory=directory, settings=SETTINGS, network=network, device="cpu", **options)


def stopping_at(step: int) -> Callable[[str, float | None], None]:
    def progress(stage: str, share: float | None, /) -> None:
        if stage.startswith(f"step {step}:"):
            raise KeyboardInterrupt

    return progress


def test_the_card_says_what_was_learned_from_and_the_checkpoint_carries_it(corpus: Path, tmp_path: Path) -> None:
    said: list[str] = []
    card = trained(corpus, tmp_path / "model", leave_out=["place 1"], progress=lambda stage, share: said.append(stage))
    verify(tmp_path / "model", kind=KIND)
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == [CARD_FILE, CHECKPOINT_FILE, "manifest.json"]
    assert json.loads((tmp_path / "model" / CARD_FILE).read_text()) == card
    checkpoint = read_checkpoint(tmp_path / "model" / CHECKPOINT_FILE)
    assert checkpoint.card | {"sha256": checkpoint.sha256} == card
    assert (card["steps"], card["cpu_minutes"], card["left_out"]) == (STEPS, SETTINGS.cpu_minutes, ["place 1"])
    assert card["corpus"]["sources"] == {
        "calibrated": {"scenes": 1, "places": 1, "licences": [""], "names": ["place 0"]}
    }
    assert [row["steps"] for row in card["losses"]] == [10, 20, 30]
    assert all(row["origin"] > 0 for row in card["losses"])
    assert any(stage.startswith("step 10: origin ") for stage in said)
    assert not state_file(tmp_path / "model").exists()
    assert not range_file(tmp_path / "model" / CHECKPOINT_FILE).exists()  # of a single place


@pytest.mark.slow
def test_places_enough_leave_their_range_beside_the_checkpoint(tmp_path: Path) -> None:
    scenes = []
    for number in range(4):
        town = grid(side=3, block_m=100.0 + 50 * number)
        route = trips_on(town, ["a0 a1 b1", "b1 b0 a0"] * 4)
        scenes.append(scene_of(town, name=f"town {number}", place=f"town {number}", trips=route))
    write_scenes(scenes, tmp_path / "corpus")
    card = trained(tmp_path / "corpus", tmp_path / "model")
    found = read_range(range_file(tmp_path / "model" / CHECKPOINT_FILE))
    assert found.checkpoint_sha256 == card["sha256"]
    assert found.places == ("town 0", "town 1", "town 2", "town 3")
    verify(tmp_path / "model", kind=KIND)


@pytest.mark.slow
def test_a_stopped_training_goes_on_and_ends_with_the_same_weights(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = trained(corpus, tmp_path / "whole")
    monkeypatch.setattr(workflow, "_SAVE_EVERY_S", 0.0)
    with pytest.raises(KeyboardInterrupt):
        trained(corpus, tmp_path / "model", progress=stopping_at(20))
    assert state_file(tmp_path / "model").exists()
    assert not (tmp_path / "model").exists()
    with pytest.raises(OutputError, match="give --resume to go on with it"):
        trained(corpus, tmp_path / "model")
    with pytest.raises(InputError, match="expected a training of the same left_out"):
        trained(corpus, tmp_path / "model", leave_out=["place 1"], resume=True)
    again = trained(corpus, tmp_path / "model", resume=True)
    assert again["sha256"] == whole["sha256"]
    assert again["losses"] == whole["losses"]
    assert not state_file(tmp_path / "model").exists()


def test_resume_without_anything_to_resume_begins(corpus: Path, tmp_path: Path) -> None:
    assert trained(corpus, tmp_path / "model", resume=True)["steps"] == STEPS


def test_a_taken_place_and_unknown_scenes_are_refused_before_the_training(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "a").write_text("mine")
    with pytest.raises(OutputError):
        trained(corpus, tmp_path / "taken")
    with pytest.raises(InputError, match="atlantis"):
        trained(corpus, tmp_path / "model", leave_out=["atlantis"])
    with pytest.raises(InputError, match="expected at least one scene"):
        trained(corpus, tmp_path / "model", sources=["commuting"])
    assert not (tmp_path / "model").exists()
