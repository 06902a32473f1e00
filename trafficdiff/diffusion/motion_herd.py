"""Let draws of the same scene compete: drop those far from what is asked, go on twice with those near it.

Twisted sequential Monte Carlo (Wu et al. 2023, "Practical and asymptotically exact conditional sampling in diffusion
models"). Each draw carries the logarithm of a weight: by how much the model prefers its way to the way that guidance
drew, and by how much its promise has grown. Where few draws carry most of the weight, the draws are drawn anew among
themselves, in proportion to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

__all__ = ["Herd"]

_FEW: Final = 0.5
"""Draws are chosen anew when so few of them, as a share, would carry the weight if all carried the same."""


class Herd:
    """Follow the weights of draws that compete within their scene.

    Parameters
    ----------
    scenes
        The scene of each draw; the same object for those that compete.
    seed
        Of the choice.
    """

    def __init__(self, scenes: Sequence[object], *, seed: Sequence[int]) -> None:
        of = np.array([id(one) for one in scenes])
        self.groups = [np.flatnonzero(of == one) for one in dict.fromkeys(of.tolist())]  # in order, not by address
        self.dice = np.random.default_rng([*seed, len(scenes)])
        self.told = np.zeros(len(scenes))
        self.weight = np.zeros(len(scenes))

    def chosen(self, promise: Tensor, log_ratio: Tensor) -> Tensor:
        """Return which draws go on, shape (B,): places of draws, some several times, each within its scene.

        Parameters
        ----------
        promise
            Shape (B,), logarithm of how likely each draw comes to what is asked.
        log_ratio
            Shape (B,), logarithm of the density of the model over that of its guidance along each draw's way.
        """
        known = promise.numpy().astype(np.float64) + log_ratio.numpy().astype(np.float64)
        self.weight += known - self.told
        order = np.arange(len(known))
        for own in self.groups:
            share = np.exp(self.weight[own] - self.weight[own].max())
            share /= share.sum()
            if 1.0 / np.square(share).sum() < _FEW * len(own):
                marks = (np.arange(len(own)) + self.dice.random()) / len(own)
                order[own] = own[np.searchsorted(share.cumsum(), marks).clip(max=len(own) - 1)]
                self.weight[own] = 0.0
        self.told = known[order]
        return torch.from_numpy(order)
