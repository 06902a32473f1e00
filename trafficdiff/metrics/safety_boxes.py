"""Hold moving oriented boxes as columns, and find when two of them touch: separating axes in motion.

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

from trafficdiff.datatypes.boxes import side_axes

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MovingBoxes", "contact_interval", "strip_interval"]

_STILL_MS: Final = 1e-9
"""A relative speed below this is none [m/s]."""


class MovingBoxes(NamedTuple):
    """Hold boxes as columns of one shape: centre [m], velocity [m/s], heading [rad] and size [m]."""

    x_m: NDArray[np.float64]
    y_m: NDArray[np.float64]
    vx_ms: NDArray[np.float64]
    vy_ms: NDArray[np.float64]
    heading_rad: NDArray[np.float64]
    length_m: NDArray[np.float64]
    width_m: NDArray[np.float64]

    def at(self, index: NDArray[np.intp] | NDArray[np.bool_]) -> MovingBoxes:
        """Return some of the boxes."""
        return MovingBoxes(*(column[index] for column in self))

    @property
    def speed(self) -> NDArray[np.float64]:
        """Speed [m/s]."""
        return np.hypot(self.vx_ms, self.vy_ms)

    @property
    def radius(self) -> NDArray[np.float64]:
        """Radius of the circle around the box [m]."""
        return np.hypot(self.length_m, self.width_m) / 2


def contact_interval(one: MovingBoxes, other: MovingBoxes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return from when to when two boxes touch at constant velocities [s from now].

    Both are infinite where they never do; the begin is negative or ``-inf`` where they touch already, and the end is
    negative where they did.
    """
    dx, dy = other.x_m - one.x_m, other.y_m - one.y_m
    dvx, dvy = other.vx_ms - one.vx_ms, other.vy_ms - one.vy_ms
    shape = np.broadcast(dx, one.heading_rad, other.heading_rad).shape
    begin, end = np.full(shape, -np.inf), np.full(shape, np.inf)
    for nx, ny, reach in side_axes(one, other):
        first, last = _shadows_meet(dx * nx + dy * ny, dvx * nx + dvy * ny, reach)
        np.maximum(begin, first, out=begin)
        np.minimum(end, last, out=end)
    never = begin > end
    return np.where(never, np.inf, begin), np.where(never, np.inf, end)


def strip_interval(one: MovingBoxes, other: MovingBoxes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return from when to when a box lies on the strip that the other one sweeps along its heading [s from now].

    Infinite both where it never does.
    """
    nx, ny = -np.sin(other.heading_rad), np.cos(other.heading_rad)
    offset = (one.x_m - other.x_m) * nx + (one.y_m - other.y_m) * ny
    reach = other.width_m / 2 + _shadow(one, nx, ny)
    begin, end = _shadows_meet(offset, one.vx_ms * nx + one.vy_ms * ny, reach)
    never = begin > end
    return np.where(never, np.inf, begin), np.where(never, np.inf, end)


def _shadow(box: MovingBoxes, nx: NDArray[np.float64], ny: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return half the length of a box's shadow on an axis."""
    c, s = np.cos(box.heading_rad), np.sin(box.heading_rad)
    return np.asarray(np.abs(c * nx + s * ny) * box.length_m / 2 + np.abs(c * ny - s * nx) * box.width_m / 2)


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
