"""Train a committee of networks until its time is spent; stop and go on at any step."""

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
from trafficdiff.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trafficdiff.datatypes.scene import Scene
    from trafficdiff.diffusion.batch import Batch
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

    Members of a committee are trained one after the other, each in an equal part of the time and from weights of its
    own.

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
    begun: int = 0
    scaling: Scaling = field(init=False)
    model: Model = field(init=False)
    average: Model = field(init=False)
    finished: list[Model] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        if self.settings.members < 1:
            raise InputError(f"expected at least one member to train, got {self.settings.members}")
        self.scaling = scaling_of(self.scenes)
        self.corpus = Corpus(self.scenes, scaling=self.scaling, settings=self.settings)
        self.numpy = np.random.default_rng(self.settings.seed)
        self.torch = torch.Generator().manual_seed(self.settings.seed)
        self._begin()

    def _begin(self) -> None:
        """Begin a member: new weights, their average, a new optimiser."""
        torch.manual_seed(self.settings.seed + len(self.finished))
        self.begun = self.steps
        self.model = new_model(self.network, self.scaling)
        if self.finished:
            self.model.to(next(self.finished[0].parameters()).device)
        self.average = copy.deepcopy(self.model).requires_grad_(False)
        weights = list(self.model.parameters())
        decayed, plain = ([weight for weight in weights if (weight.ndim > 1) == deep] for deep in (True, False))
        self.optimiser = torch.optim.AdamW(
            [{"params": decayed, "weight_decay": self.settings.weight_decay}, {"params": plain, "weight_decay": 0.0}],
            lr=self.settings.learning_rate,
            betas=(0.9, 0.98),
        )

    def next_member(self) -> None:
        """End the member at hand, and begin the next one."""
        self.finished.append(self.average)
        self._begin()

    @property
    def members(self) -> list[Model]:
        """The averages of all members so far."""
        return [*self.finished, self.average]

    @property
    def done(self) -> float:
        """The share of the training time that is spent."""
        return min(self.spent_s / (60 * self.settings.cpu_minutes), 1.0)

    @property
    def member_done(self) -> float:
        """The share of the time of the member at hand that is spent."""
        return min(self.done * self.settings.members - len(self.finished), 1.0)

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
        """Take one step, of the next member where the time of the last one is spent, and return the losses."""
        while self.member_done >= 1 and len(self.finished) + 1 < self.settings.members:
            self.next_member()
        rate = self.settings.learning_rate * self._rate()
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.model.train()
        batch = self.corpus.draw(self.numpy)
        losses = measure(self.model, batch, settings=self.settings, generator=self.torch)
        self.optimiser.zero_grad(set_to_none=True)
        losses.total.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), _CLIP)
        self.optimiser.step()
        self.steps += 1
        self._average(batch)
        return losses.parts

    def _average(self, batch: Batch) -> None:
        """Move the averages: of the weights, and of how days spread."""
        own = self.steps - self.begun
        decay = min(self.settings.average, (1 + own) / (10 + own))
        with torch.no_grad():
            for mean, weight in zip(self.average.parameters(), self.model.parameters(), strict=True):
                mean.lerp_(weight, 1 - decay)
        for model in (self.model, self.average):
            if model.days is not None:
                model.days.remember(batch.day)

    def _rate(self) -> float:
        done = self.member_done
        if done < _WARM_UP:
            return (done + 1e-3) / _WARM_UP
        return 0.5 * (1 + math.cos(math.pi * (done - _WARM_UP) / (1 - _WARM_UP)))

    def state(self) -> dict[str, Any]:
        """Return everything that is needed to go on."""
        return {
            "finished": [member.state_dict() for member in self.finished],
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "numpy": self.numpy.bit_generator.state,
            "torch": self.torch.get_state(),
            "spent_s": self.spent_s,
            "steps": self.steps,
            "begun": self.begun,
        }
