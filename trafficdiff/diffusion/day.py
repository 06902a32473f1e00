"""Give the trips of one day a common cause: the day's latent.

An encoder reads some trips of a day, other ones than the network then has to predict, and says what kind of day it
was; the latent z is Gaussian, and kept close to its prior::

    q(z | trips) = N(mu, sigma^2)        KL(q || N(0, I)) = 1/2 sum (mu^2 + sigma^2 - 1 - log sigma^2)

A study draws z once, so that 100,000 trips are one day and not 1,500 unrelated sets. Latents of sets: Edwards and
Storkey (2017), "Towards a neural statistician".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from trafficdiff.diffusion.noise import DESTINATION, ORIGIN

if TYPE_CHECKING:
    from trafficdiff.diffusion.denoiser import Zones

__all__ = ["DayEncoder", "divergence"]


class DayEncoder(nn.Module):
    """Say from some of its trips what kind of day it was."""

    def __init__(self, *, width: int, day_width: int) -> None:
        super().__init__()
        self.pair = nn.Sequential(nn.Linear(2 * width, width), nn.GELU(), nn.Linear(width, width), nn.GELU())
        self.out = nn.Linear(width, 2 * day_width)

    def forward(self, zones: Zones, slots: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and logarithm of the variance, shape (B, day width), of trips with slots (B, N, 4)."""
        batch = torch.arange(len(slots))[:, None]
        ends = [zones.token[batch, slots[..., slot]] for slot in (ORIGIN, DESTINATION)]
        mean, log_variance = self.out(self.pair(torch.cat(ends, dim=-1)).mean(dim=1)).chunk(2, dim=-1)
        return mean, log_variance.clamp(-8, 2)


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return the divergence from the standard normal [nat], shape (B,)."""
    return 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(dim=-1)
