"""Weigh travel times as each agent likes: a function of time that is linear between the bumps.

The bumps of `trafficdiff.diffusion.inputs.time_bases` are tents, of which two at most are not 0 at any travel time.
With a time between bumps k and k + 1, a share f of the way on, the sum over all bumps is the line

    sum_b w_b phi_b(t) = w_k + f (w_(k+1) - w_k)

so two numbers are looked up where thirteen would be multiplied, and no table of all bumps of all agents is copied.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Nearness", "nearness_of", "rows"]


@dataclass(frozen=True)
class Nearness:
    """Hold where travel times between zones lie among the bumps, out of each zone and into it. ``B`` scenes.

    Parameters
    ----------
    bump
        Shape (2, B, Z, Z), the bump below each time; the flag's place where there is no way.
    onward
        Shape (2, B, Z, Z), the share of the way to the next bump.
    """

    bump: Tensor
    onward: Tensor

    def weighed(self, weight: Tensor, zone: Tensor, *, into: bool) -> Tensor:
        """Return for each agent what it makes of the times between a zone and all others, shape (B, S, A, Z).

        Parameters
        ----------
        weight
            Shape (B, S, A, T), of the bumps and of the flag.
        zone
            Shape (B, S, A); any zone where an agent has none.
        into
            Whether times lead into the zone; else out of it.
        """
        bump, onward = (rows(table[int(into)], zone) for table in (self.bump, self.onward))
        slope = torch.cat([weight.diff(dim=-1), torch.zeros_like(weight[..., :1])], dim=-1)
        return torch.addcmul(weight.gather(-1, bump), slope.gather(-1, bump), onward)


def nearness_of(bases: Tensor) -> Nearness:
    """Return where travel times lie, of their bumps, shape (B, Z, Z, T)."""
    last = bases.shape[-1] - 1
    place = (bases[..., :last] * torch.arange(last, device=bases.device)).sum(dim=-1)
    closed = bases[..., last] > 0
    bump = place.floor()
    onward = (place - bump).masked_fill(closed, 0.0)
    bump = bump.long().masked_fill(closed, last)
    return Nearness(*(torch.stack([table, table.transpose(1, 2)]) for table in (bump, onward)))


def rows(table: Tensor, place: Tensor) -> Tensor:
    """Return rows of a table, shape (B, N, d), at places of the same scene, shape (B, S, A): shape (B, S, A, d).

    Whole rows are copied, which is several times as fast as indexing by two tensors.
    """
    first = torch.arange(len(table), device=place.device)[:, None, None] * table.shape[1]
    found = table.flatten(0, 1).index_select(0, (first + place).flatten())
    return found.view(*place.shape, *table.shape[2:])
