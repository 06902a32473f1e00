"""Say how far people on foot are from where a net lets them walk between footways: its walking areas and crossings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.motion_scene import MotionScene

__all__ = ["distance_from_areas"]


def distance_from_areas(scene: MotionScene, at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far places are from every walking area and crossing of a scene, 0 inside [m].

    Inside is what an outline winds round, as SUMO has it (`PositionVector::around`): some outlines cross themselves.

    Parameters
    ----------
    scene
        Its areas reach as far as its map does.
    at
        Shape (N, 2), in the scene's frame [m].

    Returns
    -------
    numpy.ndarray
        Shape (N,), infinite where the scene has no area.
    """
    if not len(scene.area_of):
        return np.full(len(at), np.inf)
    start, end = np.moveaxis(scene.area_edges.astype(np.float64), 1, 0)
    step, gap = end - start, at[:, None] - start
    along = (gap * step).sum(-1) / np.maximum((step**2).sum(-1), 1e-6)
    away = np.hypot(*np.moveaxis(gap - along.clip(0, 1)[..., None] * step, -1, 0)).min(axis=1)
    left = step[:, 0] * gap[..., 1] - step[:, 1] * gap[..., 0] > 0
    starts_below, ends_below = start[:, 1] <= at[:, 1:], end[:, 1] <= at[:, 1:]
    turns = (starts_below & ~ends_below & left).astype(np.int64) - (~starts_below & ends_below & ~left)
    winds = turns @ (scene.area_of[:, None] == np.unique(scene.area_of))
    return np.where((winds != 0).any(axis=1), 0.0, away)
