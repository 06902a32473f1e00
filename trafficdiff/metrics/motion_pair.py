"""Say how the ego and one other meet in a motion scene: how far apart, at which angle, and along which way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.datatypes.boxes import Boxes, separation
from trafficdiff.datatypes.motion_fine import there_finely
from trafficdiff.datatypes.motion_scene import FINE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.motion_scene import MotionScene

__all__ = ["angle_when_closest", "bearing_when_closest", "boxes_apart", "relative_way"]


def boxes_apart(
    scene: MotionScene, fine: NDArray[np.floating], *, first: NDArray[np.integer], second: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Return by how much boxes of pairs are apart every 0.1 s [m]: negative for overlaps, ``inf`` where one is away.

    Parameters
    ----------
    scene
        Sizes, and who is there when.
    fine
        States every 0.1 s, shape (A, T, 4).
    first, second
        Shape (P,), places of users.

    Returns
    -------
    numpy.ndarray
        Shape (P, T).
    """
    state = np.asarray(fine, np.float64)
    boxes = [
        Boxes(x_m=state[own, :, 0], y_m=state[own, :, 1], heading_rad=state[own, :, 2],
              length_m=scene.size[own, :1].astype(float), width_m=scene.size[own, 1:].astype(float))
        for own in (first, second)
    ]  # fmt: skip
    there = there_finely(scene)
    return np.where(there[first] & there[second], separation(*boxes), np.inf)


def angle_when_closest(scene: MotionScene, fine: NDArray[np.floating], other: int) -> float:
    """Return the other's heading against the ego's at the moment when their boxes are closest [deg], -180 to 180.

    0 is the same way, 90 from the right, 180 head-on; NaN where the two are never there together.
    """
    when = _closest(scene, fine, other)
    return float("nan") if when is None else _turned(float(fine[other, when, 2]) - float(fine[0, when, 2]))


def bearing_when_closest(scene: MotionScene, fine: NDArray[np.floating], other: int) -> float:
    """Return where the ego sees the other's middle when their boxes are closest [deg]: 0 ahead, 90 on the left.

    -180 to 180; NaN where the two are never there together.
    """
    when = _closest(scene, fine, other)
    if when is None:
        return float("nan")
    x_m, y_m = (float(fine[other, when, axis]) - float(fine[0, when, axis]) for axis in (0, 1))
    return _turned(float(np.arctan2(y_m, x_m)) - float(fine[0, when, 2]))


def _closest(scene: MotionScene, fine: NDArray[np.floating], other: int) -> int | None:
    apart = boxes_apart(scene, fine, first=np.array([0]), second=np.array([other]))[0]
    when = int(apart.argmin())
    return when if np.isfinite(apart[when]) else None


def _turned(angle_rad: float) -> float:
    return float((np.degrees(angle_rad) + 180.0) % 360.0 - 180.0)


def relative_way(scene: MotionScene, fine: NDArray[np.floating], other: int) -> NDArray[np.float64]:
    """Return the other's places as the ego sees them, every half second, ahead and to the left [m], shape (KNOTS, 2).

    Moments without one of the two repeat the nearest one before, or the first; all 0 where there is none.
    """
    state = np.asarray(fine, np.float64)[[0, other], ::FINE]
    both = scene.valid[0] & scene.valid[other]
    if not both.any():
        return np.zeros((len(both), 2))
    gap = state[1, :, :2] - state[0, :, :2]
    cosine, sine = np.cos(state[0, :, 2]), np.sin(state[0, :, 2])
    way = np.stack([gap[:, 0] * cosine + gap[:, 1] * sine, gap[:, 1] * cosine - gap[:, 0] * sine], axis=-1)
    last = np.maximum.accumulate(np.where(both, np.arange(len(both)), -1))
    return np.asarray(way[np.where(last < 0, int(both.argmax()), last)])
