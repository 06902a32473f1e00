"""Roll controls out into motion that can be driven; exact, differentiable, and within what bodies can do.

A control holds acceleration ``a`` and curvature ``k`` for half a second. Speed is then linear in time and the way a
circle's arc, so that every moment in between is known in closed form::

    v(t) = v + a t          s(t) = v t + a t^2 / 2          h(t) = h + k s(t)
    p(t) = p + s(t) sinc(k s(t) / 2) (cos, sin)(h + k s(t) / 2)                 the chord of the arc

The steering angle of a bicycle model with wheelbase L is ``atan(L k)``. Limits by kind (`LIMITS`): braking and
accelerating, speed (0 and up: nobody drives backwards), curvature, acceleration across (``v^2 k``) and yaw rate
(``v k``). Whatever is asked beyond them is cut off, so that no drawn scene breaks `datatypes.track_checks`.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from trafficdiff.datatypes.motion_scene import FINE, KINDS, STEP_S

__all__ = ["LIMITS", "limits_of", "roll_out", "roll_out_finely"]

LIMITS: Final[dict[str, tuple[float, float, float, float, float]]] = {
    "car": (-9.0, 6.0, 50.0, 0.25, 8.5),
    "truck": (-9.0, 4.0, 30.0, 0.2, 7.0),
    "bus": (-9.0, 4.0, 30.0, 0.15, 7.0),
    "bicycle": (-7.0, 4.0, 15.0, 0.7, 7.0),
    "pedestrian": (-5.0, 4.0, 3.9, 2.5, 5.0),
}
"""Hardest braking, accelerating [m/s2], highest speed [m/s], largest curvature [1/m], acceleration across [m/s2].

Within those of `datatypes.track_checks` (9.81 m/s2; 4, 20 and 70 m/s). Curvatures are those of a box's centre on
turning circles: 8 m across for a car of SUMO, which turns more sharply than real ones.
"""
_YAW_RAD_S: Final = 2.0
_TABLE: Final = torch.tensor([LIMITS[kind] for kind in KINDS])


def limits_of(kind: Tensor) -> Tensor:
    """Return the limits of kinds, shape (..., 5)."""
    return _TABLE.to(kind.device)[kind.long()]


def roll_out(start: Tensor, controls: Tensor, limits: Tensor, *, moves: Tensor | None = None) -> Tensor:
    """Return states at the knots, shape (..., T + 1, 4): x, y [m], heading [rad], speed [m/s].

    Parameters
    ----------
    start
        Shape (..., 4), state at the first knot.
    controls
        Shape (..., T, 2), acceleration [m/s2] and curvature [1/m].
    limits
        Shape (..., 5), see `limits_of`.
    moves
        Shape (..., T), during which controls a user moves; before it enters it waits at its start. None for all.
    """
    return _rolled(start, controls, limits, moves)[0]


def roll_out_finely(start: Tensor, controls: Tensor, limits: Tensor, *, moves: Tensor | None = None) -> Tensor:
    """Return states every 0.1 s, shape (..., T * FINE + 1, 4); arguments as for `roll_out`."""
    knots, curvature = _rolled(start, controls, limits, moves)
    share = torch.arange(1, FINE + 1, device=start.device, dtype=start.dtype) / FINE
    speed, gain = knots[..., :-1, 3:4], knots[..., 1:, 3:4] - knots[..., :-1, 3:4]
    at_speed = speed + gain * share
    s = STEP_S * share * (speed + at_speed) / 2
    if moves is not None:
        s = s * moves[..., None]
    heading, xy = _arc(knots[..., :-1, 2:3], curvature[..., None], s)
    fine = torch.cat([(knots[..., :-1, None, :2] + xy), heading[..., None], at_speed[..., None]], dim=-1)
    return torch.cat([knots[..., :1, :], fine.flatten(-3, -2)], dim=-2)


def _rolled(start: Tensor, controls: Tensor, limits: Tensor, moves: Tensor | None) -> tuple[Tensor, Tensor]:
    """Return states at the knots, and the curvatures that were driven."""
    start = start.expand(*controls.shape[:-2], 4)
    brake, gas, fastest, tightest, across = limits.unbind(-1)
    asked = torch.minimum(torch.maximum(controls[..., 0], brake[..., None]), gas[..., None])
    speeds = [torch.minimum(start[..., 3].clamp(min=0), fastest)]
    for step in range(controls.shape[-2]):
        faster = torch.minimum((speeds[-1] + STEP_S * asked[..., step]).clamp(min=0), fastest)
        speeds.append(faster if moves is None else torch.where(moves[..., step], faster, speeds[-1]))
    speed = torch.stack(speeds, dim=-1)
    top = torch.maximum(speed[..., :-1], speed[..., 1:]).clamp(min=0.1)
    bound = torch.minimum(tightest[..., None], torch.minimum(across[..., None] / top.square(), _YAW_RAD_S / top))
    curvature = torch.minimum(torch.maximum(controls[..., 1], -bound), bound)
    s = STEP_S * (speed[..., :-1] + speed[..., 1:]) / 2
    if moves is not None:
        s = s * moves
    turned = torch.cumsum(curvature * s, dim=-1)
    heading = torch.cat([start[..., 2:3], start[..., 2:3] + turned], dim=-1)
    _, steps = _arc(heading[..., :-1], curvature, s)
    xy = torch.cat([start[..., None, :2], start[..., None, :2] + torch.cumsum(steps, dim=-2)], dim=-2)
    return torch.cat([xy, heading[..., None], speed[..., None]], dim=-1), curvature


def _arc(heading: Tensor, curvature: Tensor, s: Tensor) -> tuple[Tensor, Tensor]:
    """Return the heading at the end of arcs and the vectors of their chords, shape (..., 2)."""
    half = curvature * s / 2
    chord = s * torch.sinc(half / torch.pi)
    middle = heading + half
    return heading + 2 * half, torch.stack([chord * torch.cos(middle), chord * torch.sin(middle)], dim=-1)
