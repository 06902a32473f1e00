"""Hold oriented boxes as columns, and find when two of them touch: separating axes, at rest and in motion.

Two convex bodies are apart if and only if an axis exists on which their shadows are apart; for boxes the four side
normals are enough (Gottschalk, Lin and Manocha 1996, OBBTree, SIGGRAPH). Moving at constant velocities without turning,
the shadows on each axis overlap during one interval; the boxes touch while all four do::

    axis 1   ────██████████──────▶ time
    axis 2   ──██████████────────
    axis 3   ███████████████████       first contact = latest begin
    axis 4   ──────████████──────      last contact  = earliest end, if that is not before it
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Boxes", "contact_interval", "separation", "strip_interval"]

_STILL_MS: Final = 1e-9
"""A relative speed below this is none [m/s]."""


class Boxes(NamedTuple):
    """Hold boxes as columns of one shape: centre [m], velocity [m/s], heading [rad] and size [m]."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    vx: NDArray[np.float64]
    vy: NDArray[np.float64]
    heading: NDArray[np.float64]
    length: NDArray[np.float64]
    width: NDArray[np.float64]

    def at(self, index: NDArray[np.intp] | NDArray[np.bool_]) -> Boxes:
        """Return some of the boxes."""
        return Boxes(*(column[index] for column in self))

    @property
    def speed(self) -> NDArray[np.float64]:
        """Speed [m/s]."""
        return np.hypot(self.vx, self.vy)

    @property
    def radius(self) -> NDArray[np.float64]:
        """Radius of the circle around the box [m]."""
        return np.hypot(self.length, self.width) / 2


def separation(one: Boxes, other: Boxes) -> NDArray[np.float64]:
    """Return how far two boxes are apart on the axis that separates them most [m]; negative where they overlap."""
    dx, dy = other.x - one.x, other.y - one.y
    found = np.full(np.broadcast(dx, one.heading, other.heading).shape, -np.inf)
    for nx, ny, reach in _axes(one, other):
        np.maximum(found, np.abs(dx * nx + dy * ny) - reach, out=found)
    return found


def contact_interval(one: Boxes, other: Boxes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return from when to when two boxes touch at constant velocities [s from now].

    Both are infinite where they never do; the begin is negative or ``-inf`` where they touch already, and the end is
    negative where they did.
    """
    dx, dy = other.x - one.x, other.y - one.y
    dvx, dvy = other.vx - one.vx, other.vy - one.vy
    shape = np.broadcast(dx, one.heading, other.heading).shape
    begin, end = np.full(shape, -np.inf), np.full(shape, np.inf)
    for nx, ny, reach in _axes(one, other):
        first, last = _shadows_meet(dx * nx + dy * ny, dvx * nx + dvy * ny, reach)
        np.maximum(begin, first, out=begin)
        np.minimum(end, last, out=end)
    never = begin > end
    return np.where(never, np.inf, begin), np.where(never, np.inf, end)


def strip_interval(one: Boxes, other: Boxes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return from when to when a box lies on the strip that the other one sweeps along its heading [s from now].

    Infinite both where it never does.
    """
    nx, ny = -np.sin(other.heading), np.cos(other.heading)
    offset = (one.x - other.x) * nx + (one.y - other.y) * ny
    reach = other.width / 2 + _shadow(one, nx, ny)
    begin, end = _shadows_meet(offset, one.vx * nx + one.vy * ny, reach)
    never = begin > end
    return np.where(never, np.inf, begin), np.where(never, np.inf, end)


def _axes(one: Boxes, other: Boxes) -> list[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]]:
    """Return the four side normals, each with half the length of both shadows on it."""
    turn = other.heading - one.heading
    cos, sin = np.abs(np.cos(turn)), np.abs(np.sin(turn))
    found = []
    for box, partner in ((one, other), (other, one)):
        c, s = np.cos(box.heading), np.sin(box.heading)
        along = box.length / 2 + partner.length / 2 * cos + partner.width / 2 * sin
        across = box.width / 2 + partner.length / 2 * sin + partner.width / 2 * cos
        found += [(c, s, along), (-s, c, across)]
    return found


def _shadow(box: Boxes, nx: NDArray[np.float64], ny: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return half the length of a box's shadow on an axis."""
    c, s = np.cos(box.heading), np.sin(box.heading)
    return np.asarray(np.abs(c * nx + s * ny) * box.length / 2 + np.abs(c * ny - s * nx) * box.width / 2)


def _shadows_meet(
    offset: NDArray[np.float64], speed: NDArray[np.float64], reach: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return from when to when ``|offset + speed t| <= reach``: always or never (inf, -inf) where nothing moves."""
    still = np.abs(speed) < _STILL_MS
    safe = np.where(still, 1.0, speed)
    one, other = (-reach - offset) / safe, (reach - offset) / safe
    inside = np.abs(offset) <= reach
    begin = np.where(still, np.where(inside, -np.inf, np.inf), np.minimum(one, other))
    end = np.where(still, np.where(inside, np.inf, -np.inf), np.maximum(one, other))
    return begin, end
