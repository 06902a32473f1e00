"""Train a committee of networks on scenes of trips until its time is spent; stop and go on at any step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trafficdiff.diffusion.batch import Batch, Corpus
from trafficdiff.diffusion.course import Course
from trafficdiff.diffusion.denoiser import Denoiser
from trafficdiff.diffusion.inputs import Scaling, scaling_of
from trafficdiff.diffusion.loss import Losses, Model, measure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trafficdiff.datatypes.scene import Scene
    from trafficdiff.diffusion.settings import NetworkSettings, TrainingSettings

__all__ = ["Trainer", "new_model"]


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
class Trainer(Course[Model, Batch]):
    """Hold a training on scenes, see `Course`.

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
    corpus: Corpus = field(init=False)
    model: Model = field(init=False)
    average: Model = field(init=False)
    finished: list[Model] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.scaling = scaling_of(self.scenes)
        self.corpus = Corpus(self.scenes, scaling=self.scaling, settings=self.settings)
        self._start()

    def _new_model(self) -> Model:
        return new_model(self.network, self.scaling)

    def _measure(self, batch: Batch) -> Losses:
        return measure(self.model, batch, settings=self.settings, generator=self.torch)

    def _remember(self, batch: Batch) -> None:
        for model in (self.model, self.average):
            if model.days is not None:
                model.days.remember(batch.day)
