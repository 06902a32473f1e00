"""A training that was stopped ends as if it had not been."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from tests.diffusion.places import made_scene, made_trips, tiny_settings
from trafficdiff.diffusion.resuming import restore, save
from trafficdiff.diffusion.settings import TrainingSettings
from trafficdiff.diffusion.training import Trainer
from trafficdiff.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.scene import Scene

SETTINGS = TrainingSettings(scenes=2, sets=1, agents=8, seed=5, members=2)
ABOUT = {"corpus": {"card_sha256": "a"}, "left_out": ["b"], "losses": [{"minute": 1, "origin": 0.1}]}


def towns() -> list[Scene]:
    random = np.random.default_rng(1)
    bare = made_scene()
    ends = random.integers(0, len(bare), (2, 30))
    return [made_scene(trips=made_trips(bare, *ends)), made_scene(seed=1, trips=made_trips(made_scene(seed=1), *ends))]


def new_trainer() -> Trainer:
    """A training with dropout, so that the global dice count, too."""
    return Trainer(towns(), tiny_settings(dropout=0.3), SETTINGS)


def steps(trainer: Trainer, count: int) -> None:
    for _ in range(count):
        trainer.step()
        trainer.spent_s += 7.0


def test_a_training_that_was_stopped_ends_with_the_same_weights_as_one_that_was_not(tmp_path: Path) -> None:
    whole = new_trainer()
    steps(whole, 12)
    stopped = new_trainer()
    steps(stopped, 5)
    save(stopped, tmp_path / "state.safetensors", about=ABOUT)
    steps(stopped, 3)  # lost
    torch.rand(1_000)  # another process has other dice
    again = new_trainer()
    assert restore(again, tmp_path / "state.safetensors", same={"left_out": ["b"]}) == ABOUT
    assert (again.steps, again.spent_s) == (5, 35.0)
    steps(again, 7)
    for module in ("model", "average"):
        one, other = (getattr(trainer, module).state_dict() for trainer in (whole, again))
        assert all(torch.equal(one[name], other[name]) for name in one)
    first, other = whole.optimiser.state_dict(), again.optimiser.state_dict()
    assert first["param_groups"] == other["param_groups"]
    assert all(torch.equal(first["state"][0][name], other["state"][0][name]) for name in first["state"][0])


def test_a_committee_that_was_stopped_keeps_its_finished_members(tmp_path: Path) -> None:
    def halves(trainer: Trainer, count: int) -> None:
        for _ in range(count):
            trainer.spent_s = 60 * SETTINGS.cpu_minutes * trainer.steps / 8  # eight steps, four for each of two members
            trainer.step()

    whole = new_trainer()
    halves(whole, 8)
    stopped, again = new_trainer(), new_trainer()
    torch.manual_seed(SETTINGS.seed)  # all were made from the same dice
    stopped = new_trainer()
    halves(stopped, 6)
    save(stopped, tmp_path / "state.safetensors", about=ABOUT)
    restore(again, tmp_path / "state.safetensors", same={})
    assert (len(again.finished), again.begun) == (1, 4)
    halves(again, 2)
    assert len(whole.members) == len(again.members) == 2
    for one, other in zip(whole.members, again.members, strict=True):
        ours, theirs = one.state_dict(), other.state_dict()
        assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    first, second = (member.state_dict() for member in whole.members)
    assert not torch.equal(first["denoiser.hidden"], second["denoiser.hidden"])


def test_another_training_is_refused_and_what_differs_is_named(tmp_path: Path) -> None:
    path = tmp_path / "state.safetensors"
    save(new_trainer(), path, about=ABOUT)
    with pytest.raises(InputError, match="expected a training of the same corpus, left_out, got another one"):
        restore(new_trainer(), path, same={"corpus": {"card_sha256": "b"}, "left_out": []})
    larger = Trainer(towns(), tiny_settings(width=32), SETTINGS)
    with pytest.raises(InputError, match="does not fit this training"):
        restore(larger, path, same={})


def test_damage_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.safetensors"
    with pytest.raises(InputError, match="found none"):
        restore(new_trainer(), path, same={})
    torch.save({"a": 1}, path)
    with pytest.raises(InputError, match="got something else"):
        restore(new_trainer(), path, same={})
    trainer = new_trainer()
    steps(trainer, 1)
    save(trainer, path, about=ABOUT)
    whole = path.read_bytes()
    path.write_bytes(whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:])
    with pytest.raises(InputError, match="damaged"):
        restore(new_trainer(), path, same={})
    path.write_bytes(whole.replace(b'\\"steps\\": 1', b'\\"steps\\": 2'))
    assert path.read_bytes() != whole
    with pytest.raises(InputError, match="damaged"):
        restore(new_trainer(), path, same={})
