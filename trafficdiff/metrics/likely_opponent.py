"""Say which road user can most easily come to a collision course with the ego: who crosses, joins or leads its way.

Everybody is thought along the way ahead (straight on without one) at a few constant accelerations. For each user it is
looked at how near it and the ego come to a collision course, what accelerations that would take, and how far both ways
stay apart: who comes towards the ego on the other lane is on its course in every bend, and yet never in its way.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.boxes import Boxes, separation
from trafficdiff.datatypes.motion_scene import PATH_POINTS, PATH_STEP_M, STEP_S

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.motion_scene import MotionScene

__all__ = ["likely_opponent", "likely_opponents"]

_OPPONENTS_MS2: Final = (0.0, -1.0, -2.0, -4.0, 1.0, 2.0)
_EGOS_MS2: Final = (0.0, -1.0, 1.0)
"""Accelerations that are tried [m/s2]."""
_SPREAD_MS2: Final = 1.0
_SPREAD_M: Final = 0.4
"""An acceleration or a distance of this counts as one standard deviation: speeds are changed more easily than ways."""
_BESIDE_M: Final = 1.9
"""Ways whose middles come as near as that meet: about half the widths of two cars together [m]."""
_FASTEST_MS: Final = 14.0
_UNTIL_S: Final = 6.5
_THERE_KNOTS: Final = 5


def likely_opponent(scene: MotionScene, *, ttc_s: float = 1.0) -> int | None:
    """Return the first of `likely_opponents`; None where nobody is there."""
    found = likely_opponents(scene, ttc_s=ttc_s)
    return found[0] if found else None


def likely_opponents(scene: MotionScene, *, ttc_s: float = 1.0) -> list[int]:
    """Return the places of who can come to a time to collision with the ego, the most easily first.

    Parameters
    ----------
    scene
        Who is looked at is there from the first for two seconds, and does not overlap the ego.
    ttc_s
        Time to collision, both going straight on [s].
    """
    there = np.asarray(scene.valid[:, :_THERE_KNOTS].all(axis=1))
    there &= _apart(scene, scene.start[None].astype(np.float64), scene.start[:1].astype(np.float64))[0] > 0
    if not scene.valid[0, :_THERE_KNOTS].all() or not there[1:].any():
        return []
    ways = {gain: _ahead(scene, gain) for gain in {*_OPPONENTS_MS2, *_EGOS_MS2}}
    last_s = STEP_S * np.minimum(_lasts(scene), _lasts(scene)[0])
    effort = np.full(len(there), np.inf)
    for own, others in itertools.product(_EGOS_MS2, _OPPONENTS_MS2):
        ego, users = (_straight_on(ways[gain], ttc_s) for gain in (own, others))
        apart = _apart(scene, users, ego[:, 0])
        late = np.arange(len(apart))[:, None] * STEP_S > last_s
        missed = np.where(late, np.inf, apart).min(axis=0).clip(min=0) / _SPREAD_M
        effort = np.minimum(effort, (missed**2 + (own / _SPREAD_MS2) ** 2 + (others / _SPREAD_MS2) ** 2) / 2)
    effort += (_ways_apart(scene, ways[max(_OPPONENTS_MS2)]) / _SPREAD_M) ** 2 / 2
    effort[~there] = np.inf
    effort[0] = np.inf
    order = np.argsort(effort, kind="stable")
    return order[np.isfinite(effort[order])].tolist()  # type: ignore[no-any-return]


def _lasts(scene: MotionScene) -> NDArray[np.int64]:
    """Return the last knot at which each user is there, shape (A,)."""
    return np.asarray(scene.valid.shape[1] - 1 - scene.valid[:, ::-1].argmax(axis=1), np.int64)


def _ahead(scene: MotionScene, gain_ms2: float) -> NDArray[np.float64]:
    """Return states every half second along the ways ahead, at an acceleration, shape (T, A, 4)."""
    time_s = np.arange(0.0, _UNTIL_S + 0.01, STEP_S)[:, None]
    start = scene.start.astype(np.float64)
    speed = (start[:, 3] + gain_ms2 * time_s).clip(0.0, np.maximum(_FASTEST_MS, start[:, 3]))
    mean = (speed[1:] + speed[:-1]) / 2
    driven = np.concatenate([np.zeros((1, len(start))), np.cumsum(mean * STEP_S, axis=0)])
    way = _ways(scene)
    at = (driven / PATH_STEP_M).clip(max=PATH_POINTS - 1.001)
    before, share, users = at.astype(np.int64), (at % 1.0)[..., None], np.arange(len(start))
    step = way[users, before + 1] - way[users, before]
    heading = np.arctan2(step[..., 1], step[..., 0])
    return np.concatenate([way[users, before] + share * step, heading[..., None], speed[..., None]], axis=-1)


def _ways(scene: MotionScene) -> NDArray[np.float64]:
    """Return the ways ahead from where users are, gone on straight where they end, shape (A, PATH_POINTS, 2)."""
    start = scene.start.astype(np.float64)
    made = np.zeros((len(start), PATH_POINTS, 2))
    steps = PATH_STEP_M * np.arange(PATH_POINTS)[:, None]
    for user, (at, valid) in enumerate(zip(start, scene.path_valid, strict=True)):
        known = scene.path[user][valid].astype(np.float64)
        end, ahead = at[:2], np.array([np.cos(at[2]), np.sin(at[2])])
        if len(known) >= 2:
            size = float(np.hypot(*(known[-1] - known[-2])))
            end, ahead = known[-1], (known[-1] - known[-2]) / max(size, 1e-6)
            made[user, : len(known)] = known
            made[user, len(known) :] = end + ahead * steps[1 : PATH_POINTS - len(known) + 1]
        else:
            made[user] = end + ahead * steps
    return made


def _ways_apart(scene: MotionScene, farthest: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far ways stay apart from the ego's as far as users can come, shape (A,), 0 where they meet [m]."""
    way = _ways(scene)
    share = np.linspace(0, 1, round(PATH_STEP_M), endpoint=False)[:, None]
    dense = (way[:, :-1, None] + share * (way[:, 1:, None] - way[:, :-1, None])).reshape(len(way), -1, 2)
    driven = np.hypot(*np.moveaxis(np.diff(farthest[..., :2], axis=0), -1, 0)).sum(axis=0)
    within = np.arange(dense.shape[1]) <= np.maximum(driven, PATH_STEP_M)[:, None]
    ego = dense[0][within[0]]
    away = np.array([
        np.hypot(*np.moveaxis(one[own][:, None] - ego, -1, 0)).min() for one, own in zip(dense, within, strict=True)
    ])  # fmt: skip
    return np.asarray((away - _BESIDE_M).clip(min=0))


def _straight_on(states: NDArray[np.float64], time_s: float) -> NDArray[np.float64]:
    """Return where users would be if they went straight on for some time."""
    made = states.copy()
    made[..., 0] += time_s * states[..., 3] * np.cos(states[..., 2])
    made[..., 1] += time_s * states[..., 3] * np.sin(states[..., 2])
    return made


def _apart(scene: MotionScene, users: NDArray[np.float64], ego: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far boxes of users (T, A, 4) are from the ego's (T, 4) [m], shape (T, A)."""
    size = scene.size.astype(np.float64)
    boxes = [
        Boxes(x_m=at[..., 0], y_m=at[..., 1], heading_rad=at[..., 2], length_m=own[:, 0], width_m=own[:, 1])
        for at, own in ((ego[:, None], size[:1]), (users, size))
    ]
    return np.asarray(separation(*boxes))
