"""Measure oriented boxes against each other: corners, overlap, moment of first contact.

Two convex shapes are apart exactly if some edge normal of one of them separates their projections (separating axis
theorem; Ericson 2005, Real-Time Collision Detection, section 5.2.1). A box has two normals, so four axes decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Boxes", "boxes_overlap", "corners_of", "depth_of_overlap"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Boxes:
    """Hold oriented boxes, one a moment or one a user; all shapes broadcast.

    Parameters
    ----------
    x_m, y_m
        Centres [m].
    heading_rad
        Counter-clockwise from the x axis [rad].
    length_m, width_m
        Sizes [m].
    """

    x_m: NDArray[np.float64]
    y_m: NDArray[np.float64]
    heading_rad: NDArray[np.float64]
    length_m: NDArray[np.float64] | float
    width_m: NDArray[np.float64] | float


def corners_of(boxes: Boxes) -> NDArray[np.float64]:
    """Return the corners [m], shape (..., 4, 2): front left, front right, rear right, rear left."""
    cosine, sine = np.cos(boxes.heading_rad), np.sin(boxes.heading_rad)
    ahead = np.multiply.outer(np.asarray(boxes.length_m, float) / 2, np.array([1.0, 1.0, -1.0, -1.0]))
    aside = np.multiply.outer(np.asarray(boxes.width_m, float) / 2, np.array([1.0, -1.0, -1.0, 1.0]))
    x = boxes.x_m[..., None] + ahead * cosine[..., None] - aside * sine[..., None]
    y = boxes.y_m[..., None] + ahead * sine[..., None] + aside * cosine[..., None]
    return np.stack([x, y], axis=-1)


def depth_of_overlap(first: Boxes, second: Boxes) -> NDArray[np.float64]:
    """Return how deep two boxes overlap along the axis that separates them most [m]; negative where they are apart.

    The value is not the distance between boxes that are apart corner to corner, but never larger than it.
    """
    dx, dy = second.x_m - first.x_m, second.y_m - first.y_m
    turn = second.heading_rad - first.heading_rad
    cosine, sine = np.abs(np.cos(turn)), np.abs(np.sin(turn))
    depths = []
    for own, other in ((first, second), (second, first)):
        ahead = np.abs(dx * np.cos(own.heading_rad) + dy * np.sin(own.heading_rad))
        aside = np.abs(dy * np.cos(own.heading_rad) - dx * np.sin(own.heading_rad))
        half = _half(own), _half(other)
        depths.append(half[0][0] + half[1][0] * cosine + half[1][1] * sine - ahead)
        depths.append(half[0][1] + half[1][0] * sine + half[1][1] * cosine - aside)
    return np.asarray(np.minimum.reduce(depths))


def boxes_overlap(first: Boxes, second: Boxes) -> NDArray[np.bool_]:
    """Return where two boxes overlap; boxes that only touch do."""
    return np.asarray(depth_of_overlap(first, second) >= 0)


def _half(boxes: Boxes) -> tuple[Any, Any]:
    return np.asarray(boxes.length_m) / 2, np.asarray(boxes.width_m) / 2
