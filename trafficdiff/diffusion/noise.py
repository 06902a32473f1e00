"""Hide what trips are made of: the forward process of masked diffusion.

Each trip is a row of discrete slots. At time t in [0, 1] a slot is hidden with probability t, independently::

    q(x_t | x_0) = t  mask + (1 - t)  x_0

and the reverse process reveals slots in any order. With the linear schedule the variational bound is the cross
entropy of the hidden slots, weighted by 1 / t: Sahoo et al. (2024), "Simple and effective masked diffusion language
models"; Shi et al. (2024), "Simplified and generalized masked diffusion for discrete data".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["DESTINATION", "ORIGIN", "SLOTS", "TIME", "VIA", "hide", "times"]

SLOTS: Final = ("origin", "destination", "via", "departure")
"""What a trip is made of."""
ORIGIN, DESTINATION, VIA, TIME = range(4)

_LEAST_TIME: Final = 0.05


def times(count: int, *, generator: torch.Generator) -> Tensor:
    """Return diffusion times of sets, shape (count,), spread evenly over (0.05, 1] with one random shift.

    Low-discrepancy times lower the variance of the loss: Kingma et al. (2021), "Variational diffusion models", 4.
    """
    shift = torch.rand(1, generator=generator)
    even = (torch.arange(count) / count + shift) % 1.0
    return _LEAST_TIME + (1 - _LEAST_TIME) * (1 - even)


def hide(
    time: Tensor,
    *,
    agents: int,
    observed_share: float,
    generator: torch.Generator,
    slots: int = len(SLOTS),
    given: Sequence[int] = (TIME,),
) -> Tensor:
    """Return which slots are hidden, shape (S, A, slots), bool.

    Parameters
    ----------
    time
        Shape (S,), diffusion time of each set.
    agents
        Agents in a set.
    observed_share
        Share of sets in which a random part of the agents, up to half, is shown whole: observed trips.
    generator
        Source of randomness.
    slots
        How many an agent has.
    given
        Slots that are hidden in half of the sets only, because they are mostly given: of trips the departure.
    """
    sets = len(time)
    hidden = torch.rand(sets, agents, slots, generator=generator) < time[:, None, None]
    partly = torch.rand(sets, 1, generator=generator) < observed_share
    part = 0.5 * torch.rand(sets, 1, generator=generator)
    shown = partly & (torch.rand(sets, agents, generator=generator) < part)
    told = torch.rand(sets, 1, generator=generator) < 0.5
    for slot in given:
        hidden[..., slot] &= ~told
    return hidden & ~shown[..., None]
