"""Show road users what an estimate of their controls would lead to: on their way ahead, and to each other.

Curvatures add up twice before they move anybody sideways. So the network need not add up: it is shown, at every knot,
where the roll-out of the estimate lies beside the user's way, and where it lies seen from the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import torch
from torch.nn import functional

from trafficdiff.datatypes.motion_scene import KINDS, KNOTS, STEPS
from trafficdiff.diffusion.motion_rolling import roll_out

if TYPE_CHECKING:
    from torch import Tensor

    from trafficdiff.diffusion.motion_inputs import SceneBatch

__all__ = ["OWN_WIDTH", "PAIR_WIDTH", "beside_path", "in_own_frame", "own_view", "pair_view", "rolled_out"]

_SEEN: Final = (0, 4, 8, 12, 16)
OWN_WIDTH: Final = 7 * STEPS
PAIR_WIDTH: Final = 4 * len(_SEEN) + 4 + 2 + len(KINDS)
_FAR_M: Final = 30.0
_ASIDE_M: Final = 6.0


def rolled_out(batch: SceneBatch, controls: Tensor) -> Tensor:
    """Return states at the knots that controls [m/s2, 1/m] lead to, shape (B, A, KNOTS, 4), in the scene's frame."""
    return roll_out(batch.start, controls, batch.limits, moves=batch.moves)


def own_view(batch: SceneBatch, rolled: Tensor) -> Tensor:
    """Return what each user sees of its own roll-out, shape (B, A, OWN_WIDTH)."""
    local = in_own_frame(rolled[:, :, 1:], batch.start)
    aside, askew, near = beside_path(local, batch.path, batch.path_valid)
    return torch.cat(
        [local[..., 0] / _FAR_M, local[..., 1] / _FAR_M, local[..., 2].cos(), local[..., 2].sin(),
         aside / 2, askew.sin(), near.to(aside)],
        dim=-1,
    )  # fmt: skip


def pair_view(batch: SceneBatch, rolled: Tensor) -> Tensor:
    """Return what each user is to each other, shape (B, A, A, PAIR_WIDTH): row i sees column j."""
    at = rolled[:, :, list(_SEEN)]
    gap = at[:, None, :, :, :2] - at[:, :, None, :, :2]
    heading = at[:, :, None, :, 2]
    cosine, sine = heading.cos(), heading.sin()
    ahead, left = (
        gap[..., 0] * cosine + gap[..., 1] * sine,
        gap[..., 1] * cosine - gap[..., 0] * sine,
    )
    turned = (at[:, None, :, :, 2] - heading)[..., [0, 2]]
    there = batch.valid[:, :, list(_SEEN)]
    both = there[:, None] & there[:, :, None]
    users = ahead.shape[1]
    other = torch.cat([batch.size / 5, functional.one_hot(batch.kind, len(KINDS))], dim=-1)
    return torch.cat(
        [torch.asinh(ahead / 4), torch.asinh(left / 2), (at[..., 3] / 10)[:, None].expand_as(ahead), both.to(gap),
         turned.cos(), turned.sin(), other[:, None].expand(-1, users, -1, -1)],
        dim=-1,
    )  # fmt: skip


def beside_path(local: Tensor, path: Tensor, path_valid: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return how far to the left of the way places lie [m], how far askew [rad], and whether there is a way near.

    Parameters
    ----------
    local
        Shape (..., n, 3 or more): x, y, heading, in the frame of the path.
    path, path_valid
        Shape (..., Q, 2) and (..., Q).
    """
    start, along = path[..., :-1, :], path[..., 1:, :] - path[..., :-1, :]
    size = along.norm(dim=-1).clamp(min=1e-3)
    along = along / size[..., None]
    usable = path_valid[..., 1:] & path_valid[..., :-1]
    relative = local[..., :, None, :2] - start[..., None, :, :]
    x, y = along[..., None, :, 0], along[..., None, :, 1]
    ahead = relative[..., 0] * x + relative[..., 1] * y
    left = relative[..., 1] * x - relative[..., 0] * y
    beyond = (ahead - torch.minimum(ahead.clamp(min=0), size[..., None, :])).abs()
    away = (left.square() + beyond.square()).masked_fill(~usable[..., None, :], 1e8)
    least, nearest = away.min(dim=-1)
    aside = left.gather(-1, nearest[..., None])[..., 0]
    direction = torch.atan2(along[..., 1], along[..., 0])
    direction = direction[..., None, :].expand_as(left).gather(-1, nearest[..., None])[..., 0]
    near = least < _ASIDE_M**2
    askew = local[..., 2] - direction
    return torch.where(near, aside, 0.0), torch.where(near, askew, 0.0), near


def in_own_frame(states: Tensor, start: Tensor) -> Tensor:
    """Return states (B, A, n, 4) in the frame of each user's start (B, A, 4)."""
    gap = states[..., :2] - start[..., None, :2]
    cosine, sine = start[..., None, 2].cos(), start[..., None, 2].sin()
    return torch.stack(
        [gap[..., 0] * cosine + gap[..., 1] * sine, gap[..., 1] * cosine - gap[..., 0] * sine,
         states[..., 2] - start[..., None, 2], states[..., 3]],
        dim=-1,
    )  # fmt: skip


assert KNOTS == STEPS + 1
