"""Train the session model: the same noise, objective and course as the trip model, on sets of charging sessions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from trafficdiff.diffusion.course import Course
from trafficdiff.diffusion.loss import Losses
from trafficdiff.diffusion.noise import hide, times
from trafficdiff.diffusion.session_corpus import SessionBatch, SessionCorpus
from trafficdiff.diffusion.session_network import SessionModel, expected, session_network_settings
from trafficdiff.diffusion.session_prior import SessionPrior, prior_of
from trafficdiff.diffusion.session_slots import SESSION_SLOTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trafficdiff.datatypes.session_sites import SessionNetwork
    from trafficdiff.diffusion.session_settings import SessionTraining
    from trafficdiff.diffusion.settings import NetworkSettings

__all__ = ["SessionTrainer", "measure_sessions"]


@dataclass
class SessionTrainer(Course[SessionModel, SessionBatch]):
    """Hold a training on sessions, see `Course`.

    Parameters
    ----------
    networks
        To learn from.
    settings, network
        How, and how large.
    """

    networks: Sequence[SessionNetwork]
    settings: SessionTraining
    network: NetworkSettings = field(default_factory=session_network_settings)
    spent_s: float = 0.0
    steps: int = 0
    begun: int = 0
    prior: SessionPrior = field(init=False)
    model: SessionModel = field(init=False)
    average: SessionModel = field(init=False)
    finished: list[SessionModel] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.prior = prior_of(self.networks)
        self.corpus = SessionCorpus(self.networks, prior=self.prior, settings=self.settings)
        self._start()

    def _new_model(self) -> SessionModel:
        return SessionModel(self.network)

    def _measure(self, batch: SessionBatch) -> Losses:
        return measure_sessions(
            self.model,
            batch,
            observed_share=self.settings.observed_share,
            restraint=self.settings.restraint,
            generator=self.torch,
        )


def measure_sessions(
    model: SessionModel, batch: SessionBatch, *, observed_share: float, restraint: float, generator: torch.Generator
) -> Losses:
    """Return the cross entropy of hidden slots that were measured, weighted by 1 / t, and what the network adds.

    The mean square of what it adds to the logits, times `restraint`, keeps it near what is expected where sessions do
    not speak against it.
    """
    sets, sessions = batch.slots.shape[:2]
    time = times(sets, generator=generator)
    hidden = hide(
        time,
        agents=sessions,
        observed_share=observed_share,
        generator=generator,
        slots=len(SESSION_SLOTS),
        given=(),
    )
    shown = batch.slots.masked_fill(hidden, -1)
    added = model.added(shown, time, batch.place)
    parts = {}
    for slot, (name, prior) in enumerate(zip(SESSION_SLOTS, expected(shown, batch.place), strict=True)):
        true, scores = batch.slots[..., slot], prior + added[slot]
        entropy = functional.cross_entropy(scores.flatten(0, 1), true.clamp(min=0).flatten(), reduction="none")
        weight = (hidden[..., slot] & (true >= 0)) / time[:, None]
        parts[name] = (entropy * weight.flatten()).sum() / (true >= 0).sum().clamp(min=1)
    total = torch.stack(list(parts.values())).sum()
    total = total + restraint * torch.stack([one.square().mean() for one in added]).sum()
    return Losses(total, {name: float(value.detach()) for name, value in parts.items()})
