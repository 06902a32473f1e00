"""Measure how well hidden slots are told: the training objective."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from trafficdiff.diffusion.day import Days
from trafficdiff.diffusion.noise import DESTINATION, ORIGIN, SLOTS, TIME, VIA, hide, times

if TYPE_CHECKING:
    from trafficdiff.diffusion.batch import Batch, EdgeChoices
    from trafficdiff.diffusion.denoiser import Denoiser, Zones
    from trafficdiff.diffusion.settings import TrainingSettings

__all__ = ["Losses", "Model", "measure"]

_SLOT_WEIGHT: Final = (1.0, 1.0, 0.3, 0.1)
_EDGE_WEIGHT: Final = 0.5
_DAY_HIDDEN: Final = 0.5
"""Share of scenes whose day is not told, so that the network also knows the mean over days."""
_LOST: Final = -20.0
"""Logits are not let below this for the true slot: a pair that the map says cannot be reached, but somebody drove."""


@dataclass(frozen=True)
class Losses:
    """Hold the objective and its parts [nat]."""

    total: Tensor
    parts: dict[str, float]


class Model(nn.Module):
    """Join the network and what is known of days; what a checkpoint holds of each member."""

    def __init__(self, denoiser: Denoiser) -> None:
        super().__init__()
        self.denoiser = denoiser
        self.days = Days() if denoiser.settings.day else None


def measure(model: Model, batch: Batch, *, settings: TrainingSettings, generator: torch.Generator) -> Losses:
    """Return the weighted cross entropy of hidden slots and of edges inside zones."""
    network = model.denoiser
    zones = network.encode(
        batch.zone,
        batch.scene,
        real=batch.real,
        bases=batch.bases,
        prior=batch.prior,
        conditions=batch.conditions,
    )
    scenes, sets, agents = batch.slots.shape[:3]
    parts: dict[str, Tensor] = {}
    told = (torch.rand(scenes, 1, generator=generator) >= _DAY_HIDDEN).float()
    time = times(scenes * sets, generator=generator).view(scenes, sets)
    hidden = hide(time.flatten(), agents=agents, observed_share=settings.observed_share, generator=generator).view(
        scenes, sets, agents, len(SLOTS)
    )
    slots = batch.slots.masked_fill(hidden, -1)
    day = _by_set(batch.day, sets)
    tokens = network(zones, slots, batch.vehicle_class, time, day, told=_by_set(told, sets))
    counted = slots
    if settings.counted_share < 1:
        alone = torch.rand(scenes, sets, 1, 1, generator=generator) >= settings.counted_share
        counted = slots.masked_fill(alone, -1)
    logits = network.logits(zones, slots, tokens, counted=counted, day=_by_set(told * batch.day, sets))
    for slot, scores in (
        (ORIGIN, logits.origin),
        (DESTINATION, logits.destination),
        (VIA, logits.via),
        (TIME, logits.departure),
    ):
        entropy = functional.cross_entropy(scores.flatten(0, -2), batch.slots[..., slot].flatten(), reduction="none")
        weight = (hidden[..., slot] / time[..., None]).flatten()
        parts[SLOTS[slot]] = (entropy.clamp(max=-_LOST) * weight).sum() / (scenes * sets * agents)
    if batch.edges is not None:
        parts["edge"] = _edge_loss(network, zones, batch.edges)
    weights = dict(zip(SLOTS, _SLOT_WEIGHT, strict=True)) | {"edge": _EDGE_WEIGHT}
    total = torch.stack([weights[name] * value for name, value in parts.items()]).sum()
    return Losses(total, {name: float(value.detach()) for name, value in parts.items()})


def _by_set(values: Tensor, sets: int) -> Tensor:
    """Return what a scene has once for each of its sets, shape (B, S, ...)."""
    return values[:, None].expand(-1, sets, -1)


def _edge_loss(network: Denoiser, zones: Zones, choices: EdgeChoices) -> Tensor:
    token = zones.token[choices.batch, choices.zone][:, None]
    scores = network.edge_logits(choices.edge, token, choices.role, choices.vehicle_class) + choices.prior
    return functional.cross_entropy(scores.masked_fill(~choices.real, float("-inf")), choices.chosen)
