"""Read motion scenes ten times a second: recorded states lie half a second apart, measures of safety need more.

Positions follow the cubic between two knots that has their places and velocities (Hermite), headings and speeds go
evenly from one to the next. Users who come or go are there from their first knot to their last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.motion_scene import FINE, KNOTS, STEP_S

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.motion_scene import MotionScene

__all__ = ["fine_states", "there_finely"]

_MOMENTS: Final = (KNOTS - 1) * FINE + 1
_AT: Final = np.arange(_MOMENTS)
_BEFORE: Final = np.minimum(_AT // FINE, KNOTS - 2)
_SHARE: Final = _AT / FINE - _BEFORE


def fine_states(scene: MotionScene, knots: NDArray[np.floating] | None = None) -> NDArray[np.float64]:
    """Return x, y, heading and speed every 0.1 s, shape (A, (KNOTS - 1) * FINE + 1, 4), in the scene's frame.

    Parameters
    ----------
    scene
        Who is there when.
    knots
        States, shape (A, KNOTS, 4); the recorded ones if None. Where a user is not there, values mean nothing.
    """
    state = _held(np.asarray(scene.state if knots is None else knots, np.float64), scene.valid)
    velocity = state[..., 3:] * np.stack([np.cos(state[..., 2]), np.sin(state[..., 2])], axis=-1) * STEP_S
    one, other = state[:, _BEFORE], state[:, _BEFORE + 1]
    share = _SHARE[:, None]
    place = (
        (1 + 2 * share) * (1 - share) ** 2 * one[..., :2] + share**2 * (3 - 2 * share) * other[..., :2]
        + share * (1 - share) ** 2 * velocity[:, _BEFORE] - share**2 * (1 - share) * velocity[:, _BEFORE + 1]
    )  # fmt: skip
    turned = np.remainder(other[..., 2] - one[..., 2] + np.pi, 2 * np.pi) - np.pi
    heading = one[..., 2] + _SHARE * turned
    speed = (1 - _SHARE) * one[..., 3] + _SHARE * other[..., 3]
    return np.concatenate([place, heading[..., None], speed[..., None]], axis=-1)


def there_finely(scene: MotionScene) -> NDArray[np.bool_]:
    """Return who is there every 0.1 s: from the first knot to the last, shape (A, (KNOTS - 1) * FINE + 1)."""
    first = np.asarray(scene.valid.argmax(axis=1))
    last = scene.valid.shape[1] - 1 - scene.valid[:, ::-1].argmax(axis=1)
    moment = np.broadcast_to(np.arange(_MOMENTS), (len(first), _MOMENTS))
    here = (moment >= first[:, None] * FINE) & (moment <= last[:, None] * FINE)
    somewhere = np.asarray(scene.valid.any(axis=1))
    return np.asarray(here & somewhere[:, None])


def _held(state: NDArray[np.float64], valid: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return states in which moments without a user repeat his nearest one before, or his first."""
    at = np.where(valid, np.arange(valid.shape[1]), -1)
    last = np.maximum.accumulate(at, axis=1)
    last = np.where(last < 0, valid.argmax(axis=1)[:, None], last)
    return np.take_along_axis(state, last[..., None], axis=1)
