"""Noise controls and take noise away: the process of Karras et al. (2022), "Elucidating the design space" (EDM).

Controls are scaled to a standard deviation of about 1; ``x = u + sigma e``. A network F predicts the clean controls by
(equation 7, with sigma_data 1)::

    D(x, sigma) = x / (1 + sigma^2) + sigma / sqrt(1 + sigma^2)  F(x / sqrt(1 + sigma^2), ln(sigma) / 4)

Taking noise away from sigma to sigma' is a draw from the Gaussian that has the right marginals if D were exact (Ho et
al. 2020, equation 7, in these letters)::

    x' ~ N(D + (sigma'/sigma)^2 (x - D),  s^2),      s^2 = sigma'^2 (1 - (sigma'/sigma)^2)

Because every step is a Gaussian draw, a process whose means are shifted has a known density against the one whose means
are not: see `trafficdiff.diffusion.motion_guidance`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import torch

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["LARGEST", "SMALLEST", "levels", "scalings", "training_levels", "transition"]

LARGEST: Final = 10.0
SMALLEST: Final = 0.04
_RHO: Final = 7.0
"""Karras et al. (2022), equation 5 and table 1."""


def levels(steps: int) -> list[float]:
    """Return the noise levels of so many steps, falling, with 0 behind the last."""
    ends = (LARGEST ** (1 / _RHO), SMALLEST ** (1 / _RHO))
    share = [step / max(steps - 1, 1) for step in range(steps)]
    return [(ends[0] + one * (ends[1] - ends[0])) ** _RHO for one in share] + [0.0]


def training_levels(count: int, *, generator: torch.Generator) -> Tensor:
    """Return noise levels for training, shape (count,): even in their logarithm, with one random shift."""
    even = (torch.arange(count) / count + torch.rand(1, generator=generator)) % 1.0
    low, high = math.log(SMALLEST * 0.7), math.log(LARGEST * 1.2)
    return torch.exp(low + (high - low) * even)


def scalings(sigma: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return what x is scaled by beside the network, what the network's output is, and what its input is."""
    total = (1 + sigma.square()).sqrt()
    return 1 / total.square(), sigma / total, 1 / total


def transition(x: Tensor, clean: Tensor, *, sigma: float, following: float) -> tuple[Tensor, float]:
    """Return the mean and the standard deviation of the next, less noisy controls."""
    kept = (following / sigma) ** 2
    return clean + kept * (x - clean), following * math.sqrt(1 - kept)
