"""Train the scene model: the course of the other models, on eight-second scenes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor

from trafficdiff.datatypes.motion_scene import KINDS, STEPS
from trafficdiff.diffusion.course import Course
from trafficdiff.diffusion.loss import Losses
from trafficdiff.diffusion.motion_inputs import Prepared, SceneBatch, batched, prepare, without_paths
from trafficdiff.diffusion.motion_network import MotionModel
from trafficdiff.diffusion.motion_noise import training_levels
from trafficdiff.diffusion.motion_settings import MotionNetworkSettings, MotionTraining
from trafficdiff.diffusion.motion_views import rolled_out
from trafficdiff.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from trafficdiff.datatypes.motion_scene import MotionScene

__all__ = ["MotionCorpus", "MotionTrainer", "measure_motion", "spread_of"]

_LEAST: Final = (0.4, 0.01)
_LIKE: Final = 0.05
"""How far apart in rank by size scenes of a batch are, as a share of all."""
_MOST_SCENES: Final = 96
_HISTORY: Final = 2
"""Controls of the first second, where that is given."""


class MotionCorpus:
    """Draw batches of scenes of like size, each scene as likely as the other; prepared when they are first drawn."""

    def __init__(self, scenes: Sequence[MotionScene], *, lines: int, users: int) -> None:
        self.scenes, self.lines, self.users = sorted(scenes, key=lambda one: len(one.kind)), lines, users
        self._prepared: dict[int, Prepared] = {}

    def draw(self, generator: np.random.Generator) -> SceneBatch:
        """Return one batch: scenes whose rank by size is near that of one drawn at random."""
        total = len(self.scenes)
        middle, reach = int(generator.integers(total)), max(1, int(_LIKE * total))
        low, high = max(0, middle - reach), min(total, middle + reach)
        count = max(2, min(_MOST_SCENES, self.users // max(1, len(self.scenes[high - 1].kind))))
        chosen = generator.integers(low, high, size=count).tolist()
        for place in chosen:
            if place not in self._prepared:
                self._prepared[place] = prepare(self.scenes[place], lines=self.lines)
        return batched([self._prepared[place] for place in chosen])


@dataclass
class MotionTrainer(Course[MotionModel, SceneBatch]):
    """Hold a training on motion scenes, see `Course`.

    Parameters
    ----------
    scenes
        To learn from, with fitted controls.
    settings, network
        How, and how large.
    start
        Weights to go on from, of a network as large; random ones if None.

    Raises
    ------
    InputError
        If `start` is a network of another size.
    """

    scenes: Sequence[MotionScene]
    settings: MotionTraining
    network: MotionNetworkSettings = field(default_factory=MotionNetworkSettings)
    start: MotionModel | None = None
    spent_s: float = 0.0
    steps: int = 0
    begun: int = 0
    model: MotionModel = field(init=False)
    average: MotionModel = field(init=False)
    finished: list[MotionModel] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        if self.start is not None and self.start.settings != self.network:
            raise InputError(
                f"expected a network to start from like the one to train, {self.network}, got {self.start.settings}; "
                "train with the same settings"
            )
        self.corpus = MotionCorpus(self.scenes, lines=self.network.lines, users=self.settings.users)
        self.scale = spread_of(self.scenes)
        self._start()

    def _new_model(self) -> MotionModel:
        model = MotionModel(self.network)
        model.scale.copy_(self.scale)
        if self.start is not None:
            model.load_state_dict(self.start.state_dict())
        return model

    def _measure(self, batch: SceneBatch) -> Losses:
        return measure_motion(self.model, batch, settings=self.settings, generator=self.torch)


def spread_of(scenes: Sequence[MotionScene]) -> Tensor:
    """Return the standard deviation of accelerations and curvatures by kind, shape (len(KINDS), 2)."""
    spread = torch.tensor(_LEAST).expand(len(KINDS), 2).clone()
    for kind in range(len(KINDS)):
        own = []
        for scene in scenes:
            if scene.controls is None or scene.drivable is None:
                continue
            both = scene.valid[:, 1:] & scene.valid[:, :-1] & ((scene.kind == kind) & scene.drivable)[:, None]
            own.append(torch.from_numpy(scene.controls[both]))
        values = torch.cat(own) if own else torch.zeros(0, 2)
        if len(values) > STEPS:
            spread[kind] = torch.maximum(values.std(dim=0), spread[kind])
    return spread


def measure_motion(
    model: MotionModel, batch: SceneBatch, *, settings: MotionTraining, generator: torch.Generator
) -> Losses:
    """Return the error of predicted controls, weighted as in EDM, and of where they lead.

    Part of the controls is given now and then: the first second, all of some users, or the rest of a scene.
    """
    scenes, users = batch.there.shape
    hidden = torch.rand(scenes, users, generator=generator) < settings.hide_path
    hidden |= torch.rand(scenes, 1, generator=generator) < settings.hide_path / 2
    batch = without_paths(batch, hidden)
    sigma = training_levels(scenes, generator=generator)
    known = _given(batch, generator) & batch.learned[..., None]
    clean = batch.controls / model.scales(batch)
    noise = torch.randn(clean.shape, generator=generator) * sigma[:, None, None, None]
    noisy = clean + noise * ~known[..., None]
    predicted = model(noisy, sigma, model.encode(batch), known)
    both = batch.valid[..., 1:] & batch.valid[..., :-1] & batch.learned[..., None]
    counted = (both & ~known).to(clean)
    weight = ((1 + sigma.square()) / sigma.square())[:, None, None]
    error = (predicted - clean).square().clamp(max=25.0).mean(-1)
    controls = (weight * error * counted).sum() / counted.sum().clamp(min=1)
    away = (rolled_out(batch, predicted * model.scales(batch)) - batch.state)[..., 1:, :2]
    led = torch.sqrt(1 + away.square().sum(-1)) - 1
    counted = both.to(clean) * (1 / (0.05 + sigma)).clamp(max=10.0)[:, None, None]
    way = (led * counted).sum() / both.sum().clamp(min=1)
    total = controls + settings.way * way
    return Losses(total, {"controls": float(controls.detach()), "way": float(way.detach())})


def _given(batch: SceneBatch, generator: torch.Generator) -> Tensor:
    """Return which controls are given, shape (B, A, STEPS)."""
    scenes, users = batch.there.shape
    which = torch.rand(scenes, 1, 1, generator=generator)
    step = torch.arange(STEPS)
    share = torch.rand(scenes, 1, 1, generator=generator)
    some = torch.rand(scenes, users, 1, generator=generator) < share
    first = (step < _HISTORY).expand(scenes, users, STEPS)
    begun = step < (1 + share * STEPS)
    return (
        (first & (which >= 0.5) & (which < 0.7))
        | (some.expand(-1, -1, STEPS) & (which >= 0.7) & (which < 0.9))
        | (begun.expand(-1, users, -1) & (which >= 0.9))
    )  # fmt: skip
