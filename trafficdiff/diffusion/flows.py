"""Expect flows between zones: what many draws would average to, without drawing them.

The order in which a trip's ends are revealed does not matter, so there are two readings of one table, and their mean
is steadier than either::

    T(o, d) = 1/2 [ p(o) p(d | o) + p(d) p(o | d) ]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from trafficdiff.datatypes.scene import CLASSES
from trafficdiff.diffusion.denoiser import DEPARTURE_BINS
from trafficdiff.diffusion.inputs import views_of
from trafficdiff.diffusion.noise import DESTINATION, ORIGIN, TIME
from trafficdiff.diffusion.sampler import encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from trafficdiff.datatypes.scene import Scene
    from trafficdiff.diffusion.denoiser import Conditions, Denoiser, Zones
    from trafficdiff.diffusion.inputs import Scaling
    from trafficdiff.diffusion.loss import Model

__all__ = ["expected_flows"]

_AGENTS = 64


@torch.inference_mode()
def expected_flows(
    members: Sequence[Model],
    scene: Scene,
    *,
    scaling: Scaling,
    conditions: Conditions,
    views: int = 4,
    hidden_columns: float = 0.0,
    seed: int = 0,
) -> NDArray[np.float64]:
    """Return the share of trips from zone to zone, shape (Z, Z), adding up to 1; none inside a zone.

    Parameters
    ----------
    members, scaling
        The networks, whose answers are averaged, and how they read scenes.
    scene, conditions
        The place, and what its trips are conditioned on.
    views, hidden_columns
        Views of the place to average over, the same for each member, and the share of columns hidden in each.
    seed
        Of the views, and of which zones stand together in a set.
    """
    dice = torch.Generator().manual_seed(seed)
    total = torch.zeros(len(scene), len(scene))
    for place in views_of(scene, scaling, count=views, hidden=hidden_columns, seed=seed):
        for model in members:
            zones = encode(model.eval(), place, conditions)
            total += _forth(model, zones, ORIGIN, dice) + _forth(model, zones, DESTINATION, dice).T
    total.fill_diagonal_(0.0)
    return (total / total.sum().clamp(min=1e-30)).double().numpy()


def _forth(model: Model, zones: Zones, first: int, dice: torch.Generator) -> Tensor:
    """Return p(first) p(second | first), shape (Z, Z), rows by the slot that is revealed first."""
    network, count = model.denoiser, zones.token.shape[1]
    second = DESTINATION if first == ORIGIN else ORIGIN
    hidden = torch.full((1, 1, _AGENTS, 4), -1)
    hidden[..., TIME] = DEPARTURE_BINS // 2
    kinds = torch.zeros(1, 1, _AGENTS, dtype=torch.long) + CLASSES.index("passenger")
    alone = _pointers(network, zones, hidden, kinds=kinds, time=1.0, slot=first)[0, 0, 0]
    start = alone.softmax(dim=-1)
    sets = -(-count // _AGENTS)
    order = torch.randperm(count, generator=dice)
    listed = order.repeat(-(-sets * _AGENTS // count))[: sets * _AGENTS]
    slots = hidden.repeat(1, sets, 1, 1)
    slots[..., first] = listed.view(1, sets, _AGENTS)
    scores = _pointers(network, zones, slots, kinds=kinds.repeat(1, sets, 1), time=0.5, slot=second).view(
        sets * _AGENTS, -1
    )
    scores[torch.arange(len(listed)), listed] = float("-inf")
    onward = torch.zeros(count, count)
    onward[listed] = scores.softmax(dim=-1) if count > 1 else torch.zeros(1, 1)
    return start[:, None] * onward


def _pointers(network: Denoiser, zones: Zones, slots: Tensor, *, kinds: Tensor, time: float, slot: int) -> Tensor:
    tokens = network(zones, slots, kinds, torch.full(slots.shape[:2], time), None)
    logits = network.logits(zones, slots, tokens, counted=torch.full_like(slots, -1))  # nobody was seen to travel
    return logits.origin if slot == ORIGIN else logits.destination
