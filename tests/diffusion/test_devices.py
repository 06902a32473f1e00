"""Training on another device is the same training."""

from __future__ import annotations

import pytest
import torch

from tests.diffusion.places import tiny_settings
from tests.diffusion.test_resuming import SETTINGS, new_trainer, steps, towns
from trafficdiff.diffusion.devices import DeviceTrainer, device_named, threads
from trafficdiff.errors import MissingDependencyError


def on_cpu(*, bfloat16: bool | None = None) -> DeviceTrainer:
    return DeviceTrainer(towns(), tiny_settings(dropout=0.3), SETTINGS, bfloat16=bfloat16)


@pytest.mark.slow
def test_on_the_processor_it_is_the_plain_training_to_the_last_bit() -> None:
    plain, other = new_trainer(), on_cpu()
    steps(plain, 3)
    torch.manual_seed(SETTINGS.seed)  # both were made before, and share the global dice
    other = on_cpu()
    steps(other, 3)
    one, two = plain.average.state_dict(), other.average.state_dict()
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_bfloat16_trains_too_and_keeps_whole_weights() -> None:
    trainer = on_cpu(bfloat16=True)
    losses = [trainer.step() for _ in range(4)]
    assert all(torch.isfinite(torch.tensor(list(parts.values()))).all() for parts in losses)
    assert {weight.dtype for weight in trainer.model.parameters()} == {torch.float32}
    exact = on_cpu(bfloat16=False)
    first = exact.step()
    assert first["origin"] == pytest.approx(losses[0]["origin"], rel=0.02)
    assert first["origin"] != losses[0]["origin"]


def test_a_graphics_card_that_is_not_there_is_a_missing_dependency(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device_named("auto") == device_named("cpu") == torch.device("cpu")
    with pytest.raises(MissingDependencyError, match="torch sees none; give --device cpu"):
        device_named("cuda")


def test_with_a_graphics_card_auto_takes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert device_named("auto").type == "cuda"
    assert device_named("cpu").type == "cpu"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_graphics_card_trains() -> None:
    trainer = DeviceTrainer(towns(), tiny_settings(), SETTINGS, device=torch.device("cuda"))
    steps(trainer, 3)
    assert {weight.device.type for weight in trainer.average.parameters()} == {"cuda"}


def test_threads_are_given_back() -> None:
    before = torch.get_num_threads()
    with threads(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before
