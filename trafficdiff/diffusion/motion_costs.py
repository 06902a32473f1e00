"""Say in numbers how far a drawn scene is from what is asked of it; every cost can be differentiated.

Costs of ego and other take the states of users every 0.1 s (``fine``, shape (B, A, S, 4)), costs of everybody those at
the knots (B, A, KNOTS, 4), in the scene's frame. They give one number a scene, shape (B,), 0 where what is asked is
there. The ego is user 0; ``other`` is the user who is to come close, shape (B,).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor

from trafficdiff.datatypes.motion_scene import FINE, LINE_FEATURES, LINE_POINTS, SIGNAL_RED
from trafficdiff.diffusion.motion_inputs import FAR_M
from trafficdiff.diffusion.motion_views import beside_path, in_own_frame

if TYPE_CHECKING:
    from trafficdiff.diffusion.motion_inputs import SceneBatch

__all__ = [
    "approach",
    "clear_of_others",
    "closest",
    "course_gap",
    "impact",
    "off_road",
    "red_light",
    "separation",
    "speed_held",
    "straight_on",
    "times_on_course",
    "ways_apart",
]

_SHARPNESS: Final = 6.0
_COURSE_SHARPNESS: Final = 2.0
_UNTIL: Final = 70
"""Samples of the first 7 s."""
_EVERY: Final = 3
"""Ways are compared at every third sample."""
_LONGEST_TTC_S: Final = 10.0
_CLEAR_M: Final = 0.3
_HALF_M: Final = 1.4
"""Half a narrow lane [m]."""
_INSIDE_M: Final = 0.2
_NOWHERE_M: Final = 30.0
"""Stands for no way and no map near; who is further off either counts as not seeing it [m]."""


def separation(one: Tensor, other: Tensor, one_size: Tensor, other_size: Tensor) -> Tensor:
    """Return how far boxes are apart on the axis that separates them most [m], see `datatypes.boxes.separation`.

    Parameters
    ----------
    one, other
        Shape (..., 4), states.
    one_size, other_size
        Shape (..., 2), length and width.
    """
    gap = other[..., :2] - one[..., :2]
    turn = other[..., 2] - one[..., 2]
    cosine, sine = turn.cos().abs(), turn.sin().abs()
    found = []
    for box, own, partner in ((one, one_size, other_size), (other, other_size, one_size)):
        c, s = box[..., 2].cos(), box[..., 2].sin()
        along = (gap[..., 0] * c + gap[..., 1] * s).abs()
        across = (gap[..., 1] * c - gap[..., 0] * s).abs()
        reach = (own[..., 0] + partner[..., 0] * cosine + partner[..., 1] * sine) / 2
        aside = (own[..., 1] + partner[..., 0] * sine + partner[..., 1] * cosine) / 2
        found += [along - reach, across - aside]
    return torch.stack(found, dim=-1).amax(dim=-1)


def closest(fine: Tensor, batch: SceneBatch, other: Tensor) -> tuple[Tensor, Tensor]:
    """Return how far ego and other are apart [m], and how much each moment counts as the closest one, (B, S) each."""
    apart = _pair(fine, batch, other)[2]
    both = _both(batch, other)
    weight = torch.softmax(-_SHARPNESS * apart.masked_fill(~both, 1e4), dim=-1)
    return apart, weight


def approach(fine: Tensor, batch: SceneBatch, other: Tensor, *, gap_m: Tensor) -> Tensor:
    """Return how far the smallest distance between ego and other is from gaps (B,), 0 and less being a touch [m]."""
    apart, weight = closest(fine, batch, other)
    return ((apart * weight).sum(-1) - gap_m).abs()


def course_gap(fine: Tensor, batch: SceneBatch, other: Tensor, *, ttc_s: Tensor) -> Tensor:
    """Return how far apart ego and other would be at least if from some moment both went straight on for ``ttc_s``.

    In metres, shape (B,); negative where boxes would overlap. Zero is a collision course with this time to collision.
    Unlike a time to collision it has a slope wherever the two are. Moments of the first 7 s count, so that there is
    time left to see what comes of it.
    """
    ego, opponent, _ = _pair(fine, batch, other)
    rows = torch.arange(len(fine))
    apart = separation(
        straight_on(ego, ttc_s[:, None]), straight_on(opponent, ttc_s[:, None]), batch.size[:, :1],
        batch.size[rows, other][:, None],
    )  # fmt: skip
    counted = _both(batch, other) & (torch.arange(fine.shape[2]) <= _UNTIL)
    weight = torch.softmax(-_COURSE_SHARPNESS * apart.masked_fill(~counted, 1e3), dim=-1)
    return (apart.clamp(max=1e3) * weight).sum(-1)


def ways_apart(fine: Tensor, batch: SceneBatch, other: Tensor) -> Tensor:
    """Return how far the ways of ego and other stay apart, whenever each is where [m], (B,); negative if they meet."""
    rows = torch.arange(len(fine))
    own, partner = fine[:, 0, ::_EVERY], fine[rows, other][:, ::_EVERY]
    there = [_there(batch.valid[rows, user])[:, ::_EVERY] for user in (torch.zeros_like(other), other)]
    apart = separation(
        own[:, :, None], partner[:, None], batch.size[:, :1, None], batch.size[rows, other][:, None, None]
    )
    apart = apart.masked_fill(~(there[0][:, :, None] & there[1][:, None]), 1e3).flatten(1)
    return (apart * torch.softmax(-_SHARPNESS * apart, dim=-1)).sum(-1)


def straight_on(states: Tensor, time_s: Tensor) -> Tensor:
    """Return where users with states (..., 4) are if they go straight on for some time, (...) [s]."""
    way = (time_s * states[..., 3])[..., None] * torch.stack([states[..., 2].cos(), states[..., 2].sin()], dim=-1)
    return torch.cat([states[..., :2] + way, states[..., 2:]], dim=-1)


def times_on_course(fine: Tensor, batch: SceneBatch, other: Tensor) -> Tensor:
    """Return by moment how long until both boxes touch if both go straight on at their speeds [s], at most 10, (B, S).

    Exact for boxes that do not turn: on each axis that could separate them they overlap from one time to another, and
    touch when they do on all.
    """
    ego, opponent, _ = _pair(fine, batch, other)
    rows = torch.arange(len(fine))
    sizes = batch.size[:, None, 0], batch.size[rows, other][:, None]
    gap = opponent[..., :2] - ego[..., :2]
    speed = [one[..., 3:] * torch.stack([one[..., 2].cos(), one[..., 2].sin()], dim=-1) for one in (ego, opponent)]
    moving = speed[1] - speed[0]
    turn = opponent[..., 2] - ego[..., 2]
    cosine, sine = turn.cos().abs(), turn.sin().abs()
    enters, leaves = [], []
    for box, own, partner in ((ego, *sizes), (opponent, sizes[1], sizes[0])):
        c, s = box[..., 2].cos(), box[..., 2].sin()
        reach = (own[..., 0] + partner[..., 0] * cosine + partner[..., 1] * sine) / 2
        aside = (own[..., 1] + partner[..., 0] * sine + partner[..., 1] * cosine) / 2
        for x, y, half in ((c, s, reach), (-s, c, aside)):
            away, drift = gap[..., 0] * x + gap[..., 1] * y, moving[..., 0] * x + moving[..., 1] * y
            closing = -drift * away.sign()
            pace = closing.abs().clamp(min=0.1)
            apart = away.abs() - half
            enters.append(torch.where(apart <= 0, 0.0, torch.where(closing > 0, apart / pace, _LONGEST_TTC_S)))
            leaves.append(torch.where(closing > 0, away.abs() + half, (half - away.abs()).clamp(min=0)) / pace)
    enter, leave = torch.stack(enters, dim=-1).amax(-1), torch.stack(leaves, dim=-1).amin(-1)
    touches = _both(batch, other) & (enter <= leave)
    return torch.where(touches, enter.clamp(max=_LONGEST_TTC_S), _LONGEST_TTC_S)


def impact(fine: Tensor, batch: SceneBatch, other: Tensor, *, angle_rad: Tensor, bearing_rad: Tensor) -> Tensor:
    """Return how far the other's heading and bearing, seen from the ego when closest, are from what is asked.

    The squared chord of the error on the unit circle, 0 to 4, of each that is asked (B,), NaN where it is not. A
    bearing of 0 is straight ahead, of pi / 2 left.
    """
    ego, opponent, _ = _pair(fine, batch, other)
    _, weight = closest(fine, batch, other)
    cost = fine.new_zeros(len(fine))
    gap = opponent[..., :2] - ego[..., :2]
    bearing = torch.atan2(gap[..., 1], gap[..., 0]) - ego[..., 2]
    for asked, seen in ((angle_rad, opponent[..., 2] - ego[..., 2]), (bearing_rad, bearing)):
        error = (weight * (2 - 2 * (seen - asked.nan_to_num()[:, None]).cos())).sum(-1)
        cost = cost + torch.where(asked.isnan(), 0.0, error)
    return cost


def speed_held(knots: Tensor, batch: SceneBatch, *, speed_ms: Tensor) -> Tensor:
    """Return how far users' speeds at the end are from those asked (B, A), NaN where not: sum of squares [m2/s2]."""
    error = (knots[:, :, -1, 3] - speed_ms.nan_to_num()).square()
    return (error * (~speed_ms.isnan() & batch.there)).sum(-1)


def off_road(knots: Tensor, batch: SceneBatch, *, whom: Tensor) -> Tensor:
    """Return how far some users (B, A) come off their way and off every piece of the map that they see, (B,) [m].

    The furthest of each beyond the edge, summed over users; on a way 0.2 m inside the edge counts already. Who has no
    way and sees no map is on the road.
    """
    scene, user = whom.nonzero(as_tuple=True)
    local = in_own_frame(knots, batch.start)[scene, user]
    aside, _, near = beside_path(local, batch.path[scene, user], batch.path_valid[scene, user])
    beyond = torch.where(near, aside.abs() - _HALF_M, _NOWHERE_M)
    told = batch.lines[scene, user]
    points = told[..., : 2 * LINE_POINTS].reshape(*told.shape[:-1], LINE_POINTS, 2) * FAR_M
    half = 2.0 * told[..., 2 * LINE_POINTS + LINE_FEATURES.index("width")]
    start, step = points[:, :, :-1].flatten(1, 2), (points[:, :, 1:] - points[:, :, :-1]).flatten(1, 2)
    gap = local[:, :, None, :2] - start[:, None]
    share = ((gap * step[:, None]).sum(-1) / step.square().sum(-1).clamp(min=1e-6)[:, None]).clamp(0, 1)
    away = ((gap - share[..., None] * step[:, None]).square().sum(-1) + 1e-6).sqrt()
    edge = torch.where(batch.seen[scene, user], half, -_NOWHERE_M).repeat_interleave(LINE_POINTS - 1, dim=1)
    beyond = torch.minimum(beyond, (away - edge[:, None]).amin(-1)) + _INSIDE_M
    beyond = torch.where(batch.valid[scene, user] & (beyond < _NOWHERE_M / 2), beyond, 0.0)
    return knots.new_zeros(len(knots)).index_add(0, scene, beyond.clamp(min=0).amax(-1))


def red_light(knots: Tensor, batch: SceneBatch, *, whom: Tensor) -> Tensor:
    """Return how many of some users (B, A) cross the stop line of their way while it shows red, about."""
    driven = torch.cumsum((knots[:, :, 1:, :2] - knots[:, :, :-1, :2]).norm(dim=-1), dim=-1)
    driven = torch.cat([torch.zeros_like(driven[..., :1]), driven], dim=-1)
    front = driven + batch.size[..., :1] / 2
    over = torch.sigmoid((front - batch.stop_m[..., None]) / 0.3)
    crossing = (over[..., 1:] - over[..., :-1]).clamp(min=0) * (batch.signal[..., 1:] == SIGNAL_RED)
    waits = (batch.stop_m > batch.size[..., 0] / 2) & whom
    return (crossing.sum(-1) * waits).sum(-1)


def clear_of_others(knots: Tensor, batch: SceneBatch, other: Tensor, *, whom: Tensor) -> Tensor:
    """Return by how much boxes of some users (B, A) overlap others', or nearly, squared and summed [m2].

    Of all pairs but ego and other.
    """
    users = knots.shape[1]
    first, second = torch.triu_indices(users, users, 1)
    apart = separation(
        knots[:, first], knots[:, second], batch.size[:, first][:, :, None], batch.size[:, second][:, :, None]
    )
    both = batch.valid[:, first] & batch.valid[:, second]
    pair = ((first == 0) & (second == other[:, None])) | ~(whom[:, first] | whom[:, second])
    started = apart[:, :, :1] < 0
    close = (_CLEAR_M - apart).clamp(min=0).square() * (both & ~pair[..., None] & ~started)
    total: Tensor = close.sum((1, 2))
    return total


def _pair(fine: Tensor, batch: SceneBatch, other: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    rows = torch.arange(len(fine))
    ego, opponent = fine[:, 0], fine[rows, other]
    return ego, opponent, separation(ego, opponent, batch.size[:, :1], batch.size[rows, other][:, None])


def _both(batch: SceneBatch, other: Tensor) -> Tensor:
    """Return when ego and other are there, shape (B, S)."""
    return _there(batch.valid[:, 0] & batch.valid[torch.arange(len(other)), other])


def _there(valid: Tensor) -> Tensor:
    """Return when users are there every 0.1 s, shape (B, S), from when they are at the knots."""
    spans = (valid[:, 1:] & valid[:, :-1]).repeat_interleave(FINE, dim=1)
    return torch.cat([valid[:, :1], spans], dim=1)
