"""Let as many trips begin and end at the rim as were asked for.

Every edge at the rim gets the same factor exp(lambda). With f(z) the rim's share of the chances inside zone z, that
moves the zones by

    l(z) + log(1 + f(z) (exp(lambda) - 1))

and the share at the rim that is expected over some trips rises with lambda, so bisection finds the one that was asked
for. Nothing else changes: which zones and edges are likelier among those at the rim, and among the others, is what the
model thinks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torch import Tensor

from trafficdiff.diffusion.prior import rim_capacity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from trafficdiff.datatypes.reach import Reach
    from trafficdiff.datatypes.scene import Scene

__all__ = ["Rim", "rim_of", "tilted"]

_STEEPEST: Final = 12.0
_HALVINGS: Final = 18
_MOST_ROWS: Final = 128
"""Trips that the expected share is taken over; the order of trips is random."""


@dataclass(frozen=True, eq=False)
class Rim:
    """Hold which edges lie at the rim, and what share of the chances inside each zone they have.

    Parameters
    ----------
    edges
        Shape (2, E): where traffic enters, for origins, and where it leaves, for destinations.
    shares
        Shape (2, K, Z), by role and vehicle class.
    """

    edges: NDArray[np.bool_]
    shares: Tensor


def rim_of(scene: Scene, reach: Mapping[int, Reach], scores: Mapping[int, NDArray[np.float32]]) -> Rim | None:
    """Return the rim of a scene as its edges' scores, shape (2, E) by class, see it; None without edges."""
    if not scene.has_edges:
        return None
    edges = np.stack([rim_capacity(scene, way) > 0 for way in ("in", "out")])
    shares = np.zeros((2, len(reach), len(scene)))
    for role in (0, 1):
        for place, kind in enumerate(sorted(reach)):
            usable = reach[kind].can_begin if role == 0 else reach[kind].can_end
            chance = usable * np.exp(scores[kind][role] - scores[kind][role].max()).astype(np.float64)
            whole = np.bincount(scene.edge_zone, chance, len(scene))
            at_rim = np.bincount(scene.edge_zone, chance * edges[role], len(scene))
            shares[role, place] = at_rim / np.maximum(whole, 1e-300)
    return Rim(edges, torch.from_numpy(shares.clip(0, 1).astype(np.float32)))


def tilted(scores: Tensor, inside: Tensor, *, wanted: float) -> tuple[Tensor, float]:
    """Return the scores with which a wanted share of trips is expected at the rim, and lambda.

    Parameters
    ----------
    scores, inside
        Shape (R, Z), logits of zones, and the rim's share inside each.
    wanted
        From 0 to 1; where no lambda reaches it, the nearest is taken.
    """
    some, shares = scores[:_MOST_ROWS], inside[:_MOST_ROWS]
    low, high = -_STEEPEST, _STEEPEST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        factor = 1 + shares * float(np.expm1(middle))
        chance = (some + factor.log()).softmax(dim=-1)
        expected = float((chance * shares * float(np.exp(middle)) / factor).sum(dim=-1).mean())
        low, high = (middle, high) if expected < wanted else (low, middle)
    slope = (low + high) / 2
    return scores + torch.log1p(inside * float(np.expm1(slope))), slope
