"""Find the controls that were driven: the inverse of the roll-out, as a least-squares fit.

Reading accelerations and curvatures off the states lets errors add up over eight seconds. So the whole way is fitted
at once: weighted least squares of positions, headings and speeds at the knots, with a weak pull of controls towards
zero and of curvatures towards their neighbours, which decides what standing users do with their wheels.

SUMO takes corners faster than tyres hold (one user in ten above 7 m/s2 across). Such ways are fitted anew within the
limits, where coming later costs less than leaving the line. Who still cannot be followed is told by the distance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torch import Tensor

from trafficdiff.datatypes.motion_scene import STEP_S, STEPS
from trafficdiff.diffusion.motion_rolling import limits_of, roll_out

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.motion_scene import MotionScene

__all__ = ["fit_controls", "moves_of", "rolled_controls"]

_ROUNDS: Final = 4
_ROUNDS_LATE: Final = 12
_PER_STATE: Final = (10.0, 10.0, 10.0, 2.0)
"""Weights along, across, of headings and speeds: 0.1 m, 0.1 m, 0.1 rad and 0.5 m/s count as one."""
_PER_STATE_LATE: Final = (0.7, 10.0, 5.0, 0.5)
"""The same where limits are in the way: who may not take a corner so fast comes later, on the same line."""
_BEYOND_M: Final = 0.3
_PER_CONTROL: Final = (0.1, 1.0)
_SMOOTH: Final = 4.0
_BATCH: Final = 1024
_TINY: Final = 1e-6
"""Step of the differences that stand for slopes."""
_FREE: Final = torch.tensor([-1e3, 1e3, 1e3, 1e3, 1e9])


def moves_of(valid: Tensor) -> Tensor:
    """Return during which controls users move, shape (..., STEPS), of who is there at knots: from entering on."""
    return valid.cumsum(-1)[..., :-1] > 0


def fit_controls(
    state: NDArray[np.floating], valid: NDArray[np.bool_], kind: NDArray[np.integer]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return controls (N, STEPS, 2), and how far their roll-out then lies from the states at each knot (N, KNOTS) [m].

    Parameters
    ----------
    state, valid, kind
        Shape (N, KNOTS, 4), (N, KNOTS) and (N,), see `MotionScene`; distances are 0 where not valid.
    """
    found, errors = [], []
    for begin in range(0, len(kind), _BATCH):
        rows = slice(begin, begin + _BATCH)
        one, there = torch.from_numpy(state[rows].copy()).double(), torch.from_numpy(valid[rows].copy())
        limits = limits_of(torch.from_numpy(kind[rows].copy())).double()
        controls = _free(one, there)
        away = _away(controls, one, there, limits)
        beyond = away.amax(1) > _BEYOND_M
        if beyond.any():
            late = _bounded(controls[beyond], one[beyond], there[beyond], limits[beyond])
            controls[beyond] = late
            away[beyond] = _away(late, one[beyond], there[beyond], limits[beyond])
        found.append(controls.float())
        errors.append(away.float())
    if not found:
        return torch.zeros(0, STEPS, 2).numpy(), torch.zeros(0, STEPS + 1).numpy()
    return torch.cat(found).numpy(), torch.cat(errors).numpy()


def _away(controls: Tensor, state: Tensor, valid: Tensor, limits: Tensor) -> Tensor:
    """Return how far what is rolled out lies from the states at each knot [m]."""
    start = state[torch.arange(len(state)), valid.int().argmax(1)]
    rolled = roll_out(start, controls, limits, moves=moves_of(valid))
    away: Tensor = torch.linalg.vector_norm((rolled - state)[..., :2], dim=-1)
    return away * valid


def _free(state: Tensor, valid: Tensor) -> Tensor:
    """Return controls that nothing bounds; those outside a user's time are 0."""
    both = (valid[:, 1:] & valid[:, :-1])[..., None]
    change = state[:, 1:] - state[:, :-1]
    s = STEP_S * (state[:, 1:, 3:] + state[:, :-1, 3:]) / 2
    controls = torch.cat([change[..., 3:] / STEP_S, change[..., 2:3] / s.clamp(min=0.2)], dim=-1) * both
    return _solved(controls, state, valid, _FREE.to(state).expand(len(state), 5), _PER_STATE, rounds=_ROUNDS) * both


def _bounded(controls: Tensor, state: Tensor, valid: Tensor, limits: Tensor) -> Tensor:
    """Return controls within limits for users who drove beyond them: later rather than aside."""
    tight = limits * limits.new_tensor([0.95, 0.95, 1.0, 0.95, 0.95])
    both = (valid[:, 1:] & valid[:, :-1])[..., None]
    return _solved(controls, state, valid, tight, _PER_STATE_LATE, rounds=_ROUNDS_LATE) * both


def _solved(
    controls: Tensor, state: Tensor, valid: Tensor, limits: Tensor, per_state: tuple[float, ...], *, rounds: int
) -> Tensor:
    """Return the least squares (Levenberg-Marquardt), of whose rounds each is kept where it makes the sum smaller."""
    start = state[torch.arange(len(state)), valid.int().argmax(1)]
    moves = moves_of(valid)
    weight = state.new_tensor(per_state) * valid[..., None]

    cosine, sine = torch.cos(state[:, 1:, 2]), torch.sin(state[:, 1:, 2])
    per_control = state.new_tensor(_PER_CONTROL)

    def residuals(flat: Tensor) -> Tensor:
        """Return what is squared, shape (N, V, R), of V variants (N, V, 2 STEPS) of each user's controls."""
        own = flat.view(*flat.shape[:2], STEPS, 2)
        rolled = roll_out(start[:, None], own, limits[:, None], moves=moves[:, None])
        away = (rolled - state[:, None])[:, :, 1:]
        along = away[..., 0] * cosine[:, None] + away[..., 1] * sine[:, None]
        across = away[..., 1] * cosine[:, None] - away[..., 0] * sine[:, None]
        away = torch.stack([along, across, away[..., 2], away[..., 3]], dim=-1) * weight[:, None, 1:]
        smooth = _SMOOTH * (own[..., 1:, 1] - own[..., :-1, 1])
        return torch.cat([away.flatten(2), (own * per_control).flatten(2), smooth], dim=-1)

    flat, damping = controls.flatten(1), torch.full((len(state), 1, 1), 1e-3, dtype=state.dtype)
    eye = torch.eye(flat.shape[1], dtype=state.dtype)
    error = residuals(flat[:, None])[:, 0]
    for _ in range(rounds):
        slope = ((residuals(flat[:, None] + _TINY * eye) - error[:, None]) / _TINY).mT
        step = torch.linalg.solve(slope.mT @ slope + damping * eye, slope.mT @ error[..., None])[..., 0]
        tried = residuals((flat - step)[:, None])[:, 0]
        better = tried.square().sum(1) < error.square().sum(1)
        flat = torch.where(better[:, None], flat - step, flat)
        error = torch.where(better[:, None], tried, error)
        damping = torch.where(better[:, None, None], damping * 0.2, damping * 8)
    return flat.view(-1, STEPS, 2)


def rolled_controls(scene: MotionScene, controls: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the states at the knots that controls, shape (A, STEPS, 2), lead a scene's users to, (A, KNOTS, 4)."""
    start, limits = torch.tensor(scene.start), limits_of(torch.tensor(scene.kind))
    moves = moves_of(torch.tensor(scene.valid))
    return np.asarray(roll_out(start, torch.tensor(controls), limits, moves=moves).numpy())
