"""Count where the others of a set begin and end: what trips of one place tell about each other.

Attention can blend what others did, but hardly point at the very zone; counts can. For the slot r of an agent, and
n(z) of the trips that are known so far,

===========  =====================================================================
same         trips whose slot r is z
share        the same, over all trips whose slot r is known
near         trips whose slot r lies within about a minute of z
other        trips whose other end is z
pair         trips whose slot r is z, and whose other end is this agent's
===========  =====================================================================

Each enters as log(1 + n) with a weight of the agent's own, as in copy mechanisms: Gu et al. (2016), "Incorporating
copying mechanism in sequence-to-sequence learning".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor

from trafficdiff.diffusion.noise import DESTINATION, ORIGIN

if TYPE_CHECKING:
    from trafficdiff.diffusion.denoiser import Zones

__all__ = ["TALLIES", "tally"]

TALLIES: Final = 5
_NEAR_BASES: Final = 4
"""Bumps of travel time that are near: full up to 81 s, nothing from 141 s."""
_SHARE_SCALE: Final = 50.0
_SHARE_GROUND: Final = 5.0


def tally(zones: Zones, counted: Tensor, *, known: Tensor, slot: int, weight: Tensor) -> Tensor:
    """Return what the counts add to the logits of a slot, shape (B, S, A, Z).

    Parameters
    ----------
    zones
        Of the place.
    counted
        Shape (B, S, C, 4), slots that count, -1 where unknown: those of the set itself, or of other trips.
    known
        Shape (B, S, A, 4), slots of the agents, by which each knows its own other end.
    slot
        `ORIGIN` or `DESTINATION`.
    weight
        Shape (B, S, A, `TALLIES`).
    """
    other = DESTINATION if slot == ORIGIN else ORIGIN
    count = zones.token.shape[1]
    same, ends = (_count(counted[..., end], count) for end in (slot, other))
    total = same.sum(dim=-1, keepdim=True)
    close = zones.bases[..., :_NEAR_BASES].sum(dim=-1)
    table = torch.stack(
        [same, _SHARE_SCALE * same / (total + _SHARE_GROUND), torch.einsum("bsz,bzy->bsy", same, close), ends], dim=-2
    ).log1p()
    pairs = _pairs(counted, known[..., other], slot=slot, other=other, zones=count).log1p()
    shared: Tensor = torch.einsum("bsak,bskz->bsaz", weight[..., :-1], table)
    return shared + weight[..., -1:] * pairs


def _count(places: Tensor, zones: int) -> Tensor:
    """Return how many of the known places are each zone, shape (B, S, Z)."""
    none = torch.zeros(*places.shape[:2], zones, device=places.device)
    return none.scatter_add(-1, places.clamp(min=0), (places >= 0).to(none.dtype))


def _pairs(counted: Tensor, own: Tensor, *, slot: int, other: int, zones: int) -> Tensor:
    """Return for each agent the counted trips of its other end by their slot, shape (B, S, A, Z).

    An agent whose slot is not known does not count itself, and where it is known nobody asks.
    """
    whole = (counted[..., slot] >= 0) & (counted[..., other] >= 0)
    alike = (own[..., :, None] == counted[..., other][..., None, :]) & whole[..., None, :] & (own >= 0)[..., None]
    places = counted[..., slot].clamp(min=0)[..., None, :].expand_as(alike)
    none = torch.zeros(*own.shape, zones, device=own.device)
    return none.scatter_add(-1, places, alike.to(none.dtype))
