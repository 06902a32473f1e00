"""Measure oriented boxes against each other: corners, how far apart, overlap.

Two convex shapes are apart exactly if some edge normal of one of them separates their projections (separating axis
theorem; Ericson 2005, Real-Time Collision Detection, section 5.2.1). A box has two normals, so four axes decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Boxes", "Pose", "boxes_overlap", "corners_of", "separation", "side_axes"]


class Pose(Protocol):
    """Say what a box needs to be measured: centre [m], heading [rad], counter-clockwise from x, and size [m]."""

    @property
    def x_m(self) -> NDArray[np.float64]:
        """Centre [m]."""

    @property
    def y_m(self) -> NDArray[np.float64]:
        """Centre [m]."""

    @property
    def heading_rad(self) -> NDArray[np.float64]:
        """Counter-clockwise from the x axis [rad]."""

    @property
    def length_m(self) -> NDArray[np.float64] | float:
        """Size along the heading [m]."""

    @property
    def width_m(self) -> NDArray[np.float64] | float:
        """Size across [m]."""


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


def corners_of(boxes: Pose) -> NDArray[np.float64]:
    """Return the corners [m], shape (..., 4, 2): front left, front right, rear right, rear left."""
    cosine, sine = np.cos(boxes.heading_rad), np.sin(boxes.heading_rad)
    ahead = np.multiply.outer(np.asarray(boxes.length_m, float) / 2, np.array([1.0, 1.0, -1.0, -1.0]))
    aside = np.multiply.outer(np.asarray(boxes.width_m, float) / 2, np.array([1.0, -1.0, -1.0, 1.0]))
    x = boxes.x_m[..., None] + ahead * cosine[..., None] - aside * sine[..., None]
    y = boxes.y_m[..., None] + ahead * sine[..., None] + aside * cosine[..., None]
    return np.stack([x, y], axis=-1)


def separation(one: Pose, other: Pose) -> NDArray[np.float64]:
    """Return how far two boxes are apart on the axis that separates them most [m]; negative where they overlap.

    The value is not the distance between boxes that are apart corner to corner, but never larger than it.
    """
    dx, dy = other.x_m - one.x_m, other.y_m - one.y_m
    found = np.full(np.broadcast(dx, one.heading_rad, other.heading_rad).shape, -np.inf)
    for nx, ny, reach in side_axes(one, other):
        np.maximum(found, np.abs(dx * nx + dy * ny) - reach, out=found)
    return found


def boxes_overlap(one: Pose, other: Pose) -> NDArray[np.bool_]:
    """Return where two boxes overlap; boxes that only touch do."""
    return np.asarray(separation(one, other) <= 0)


def side_axes(one: Pose, other: Pose) -> list[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]]:
    """Return the four side normals of two boxes, each with half the length of both shadows on it [m]."""
    turn = other.heading_rad - one.heading_rad
    cos, sin = np.abs(np.cos(turn)), np.abs(np.sin(turn))
    found = []
    for box, partner in ((one, other), (other, one)):
        c, s = np.cos(box.heading_rad), np.sin(box.heading_rad)
        along = box.length_m / 2 + partner.length_m / 2 * cos + partner.width_m / 2 * sin
        across = box.width_m / 2 + partner.length_m / 2 * sin + partner.width_m / 2 * cos
        found += [(c, s, along), (-s, c, across)]
    return found
