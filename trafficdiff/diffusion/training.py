"""Train the network until its time is spent; stop and go on at any step."""

from __future__ import annotations

import copy
import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch

from trafficdiff.diffusion.batch import Corpus
from trafficdiff.diffusion.denoiser import Denoiser
from trafficdiff.diffusion.inputs import Scaling, scaling_of
from trafficdiff.diffusion.loss import Model, measure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trafficdiff.datatypes.scene import Scene
    from trafficdiff.diffusion.settings import NetworkSettings, TrainingSettings

__all__ = ["Trainer", "new_model"]

_WARM_UP: Final = 0.03
_CLIP: Final = 1.0


def new_model(settings: NetworkSettings, scaling: Scaling) -> Model:
    """Return a network with random weights that reads what the scaling describes."""
    return Model(
        Denoiser(
            settings,
            zone_width=scaling.zone_width,
            scene_width=scaling.scene_width,
            edge_width=scaling.edge_width,
        )
    )


@dataclass
class Trainer:
    """Hold a training that can be stopped and gone on with.

    Parameters
    ----------
    scenes
        To learn from.
    network, settings
        How large, and how.
    """

    scenes: Sequence[Scene]
    network: NetworkSettings
    settings: TrainingSettings
    spent_s: float = 0.0
    steps: int = 0
    scaling: Scaling = field(init=False)
    model: Model = field(init=False)
    average: Model = field(init=False)

    def __post_init__(self) -> None:
        torch.manual_seed(self.settings.seed)
        self.scaling = scaling_of(self.scenes)
        self.model = new_model(self.network, self.scaling)
        self.average = copy.deepcopy(self.model).requires_grad_(False)
        self.corpus = Corpus(self.scenes, scaling=self.scaling, settings=self.settings)
        decayed = [weight for weight in self.model.parameters() if weight.ndim > 1]
        plain = [weight for weight in self.model.parameters() if weight.ndim <= 1]
        self.optimiser = torch.optim.AdamW(
            [{"params": decayed, "weight_decay": self.settings.weight_decay}, {"params": plain, "weight_decay": 0.0}],
            lr=self.settings.learning_rate,
            betas=(0.9, 0.98),
        )
        self.numpy = np.random.default_rng(self.settings.seed)
        self.torch = torch.Generator().manual_seed(self.settings.seed)

    @property
    def done(self) -> float:
        """The share of the training time that is spent."""
        return min(self.spent_s / (60 * self.settings.cpu_minutes), 1.0)

    def run(self, *, told: Callable[[Trainer, dict[str, float]], None] | None = None, every: int = 50) -> None:
        """Train to the end, telling the mean losses every so many steps."""
        sums: dict[str, list[float]] = {}
        while self.done < 1:
            started_s = time.process_time()
            parts = self.step()
            self.spent_s += time.process_time() - started_s
            for name, value in parts.items():
                sums.setdefault(name, []).append(value)
            if told is not None and self.steps % every == 0:
                told(self, {name: float(np.mean(values)) for name, values in sums.items()})
                sums = {}

    def step(self) -> dict[str, float]:
        """Take one step, and return the losses."""
        rate = self.settings.learning_rate * self._rate()
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.model.train()
        losses = measure(self.model, self.corpus.draw(self.numpy), settings=self.settings, generator=self.torch)
        self.optimiser.zero_grad(set_to_none=True)
        losses.total.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), _CLIP)
        self.optimiser.step()
        self.steps += 1
        decay = min(self.settings.average, (1 + self.steps) / (10 + self.steps))
        with torch.no_grad():
            for mean, weight in zip(self.average.parameters(), self.model.parameters(), strict=True):
                mean.lerp_(weight, 1 - decay)
        return losses.parts

    def _rate(self) -> float:
        done = self.done
        if done < _WARM_UP:
            return (done + 1e-3) / _WARM_UP
        return 0.5 * (1 + math.cos(math.pi * (done - _WARM_UP) / (1 - _WARM_UP)))

    def state(self) -> dict[str, Any]:
        """Return everything that is needed to go on."""
        return {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "numpy": self.numpy.bit_generator.state,
            "torch": self.torch.get_state(),
            "spent_s": self.spent_s,
            "steps": self.steps,
        }
