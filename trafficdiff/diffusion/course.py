"""Spend a time of training on a committee of networks, whatever they learn; stop and go on at any step.

Trips and charging sessions are learned by the same course: AdamW, a rate that warms up and falls by a cosine, gradients
clipped, a moving average of the weights, and members one after the other.
"""

from __future__ import annotations

import copy
import math
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar

import numpy as np
import torch
from torch import nn

from trafficdiff.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Course", "CourseSettings", "Measured", "Source"]

_Model = TypeVar("_Model", bound=nn.Module)
_Batch = TypeVar("_Batch")
_Drawn_co = TypeVar("_Drawn_co", covariant=True)

_WARM_UP: Final = 0.03
_CLIP: Final = 1.0


class CourseSettings(Protocol):
    """What a course must know; the settings of each training have it."""

    @property
    def cpu_minutes(self) -> float:
        """Process time after which training ends."""

    @property
    def members(self) -> int:
        """Networks that are trained one after the other."""

    @property
    def learning_rate(self) -> float:
        """Of AdamW, at its highest."""

    @property
    def weight_decay(self) -> float:
        """Of AdamW."""

    @property
    def average(self) -> float:
        """Decay of the moving average of the weights."""

    @property
    def seed(self) -> int:
        """Of everything random."""


class Measured(Protocol):
    """An objective and its parts [nat]."""

    @property
    def total(self) -> torch.Tensor:
        """What is made small."""

    @property
    def parts(self) -> dict[str, float]:
        """What is told."""


class Source(Protocol[_Drawn_co]):
    """Where batches come from."""

    def draw(self, generator: np.random.Generator) -> _Drawn_co:
        """Return one batch."""


class Course(ABC, Generic[_Model, _Batch]):
    """Hold a training that can be stopped and gone on with.

    Members of a committee are trained one after the other, each in an equal part of the time and from weights of its
    own. Who inherits sets `settings`, `corpus`, and calls `_start`.
    """

    settings: CourseSettings
    corpus: Source[_Batch]
    model: _Model
    average: _Model
    finished: list[_Model]
    spent_s: float
    steps: int
    begun: int

    @abstractmethod
    def _new_model(self) -> _Model:
        """Return a network with random weights."""

    @abstractmethod
    def _measure(self, batch: _Batch) -> Measured:
        """Return the objective of the member at hand on a batch."""

    def _remember(self, batch: _Batch) -> None:
        """Take from a batch what a model keeps beside its weights."""

    def _start(self) -> None:
        if self.settings.members < 1:
            raise InputError(f"expected at least one member to train, got {self.settings.members}")
        self.numpy = np.random.default_rng(self.settings.seed)
        self.torch = torch.Generator().manual_seed(self.settings.seed)
        self._begin()

    def _begin(self) -> None:
        """Begin a member: new weights, their average, a new optimiser."""
        torch.manual_seed(self.settings.seed + len(self.finished))
        self.begun = self.steps
        self.model = self._new_model()
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
    def members(self) -> list[_Model]:
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

    def run(self, *, told: Callable[[Any, dict[str, float]], None] | None = None, every: int = 50) -> None:
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
        losses = self._measure(batch)
        self.optimiser.zero_grad(set_to_none=True)
        losses.total.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), _CLIP)
        self.optimiser.step()
        self.steps += 1
        self._average(batch)
        return losses.parts

    def _average(self, batch: _Batch) -> None:
        """Move the average of the weights, and what is remembered beside them."""
        own = self.steps - self.begun
        decay = min(self.settings.average, (1 + own) / (10 + own))
        with torch.no_grad():
            for mean, weight in zip(self.average.parameters(), self.model.parameters(), strict=True):
                mean.lerp_(weight, 1 - decay)
        self._remember(batch)

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
