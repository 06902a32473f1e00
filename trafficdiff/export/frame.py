"""Choose what part of a network a map shows, and the shape of the page that fits it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["Frame", "frame_of", "map_inches"]

_TAIL: Final = 0.01
"""Share of the edges beyond each side of the bulk."""
_MARGIN: Final = 0.12
"""How far the map goes beyond the bulk, as a share of the bulk's width or height."""
_RIM: Final = 0.02
"""White around a network that is shown whole, as a share of its longer side."""
_SLIMMEST: Final = 0.5
"""Least ratio of the map's short side to its long side."""
_LONG_SIDE_INCHES: Final = 9.0


@dataclass(frozen=True)
class Frame:
    """A rectangle in net coordinates [m]."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def width_m(self) -> float:
        """Width [m]."""
        return self.right - self.left

    @property
    def height_m(self) -> float:
        """Height [m]."""
        return self.top - self.bottom

    def holds(self, xy: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which points, shape (P, 2) [m], lie inside."""
        low, high = (self.left, self.bottom), (self.right, self.top)
        return np.asarray(((xy >= low) & (xy <= high)).all(axis=1))

    def widened_to(self, ratio: float) -> Frame:
        """Return the frame with its width or its height grown around the middle, so that width / height is `ratio`."""
        more_x = max(0.0, ratio * self.height_m - self.width_m) / 2
        more_y = max(0.0, self.width_m / ratio - self.height_m) / 2
        return Frame(self.left - more_x, self.bottom - more_y, self.right + more_x, self.top + more_y)


def frame_of(graph: RoadGraph) -> Frame:
    """Return the part of a network in which its edges are, without the few that reach far out.

    The bulk holds all edges but the hundredth that reaches furthest out on each side: every edge of a network of less
    than a hundred. The frame goes an eighth beyond it, but hardly beyond the roads, so that a compact network is shown
    whole. It is at least half as wide as high and half as high as wide.
    """
    first = graph.shape_offsets[:-1]
    lows, highs = np.minimum.reduceat(graph.shape_xy, first), np.maximum.reduceat(graph.shape_xy, first)
    low = np.quantile(lows, _TAIL, axis=0, method="lower")
    high = np.quantile(highs, 1 - _TAIL, axis=0, method="higher")
    margin = _MARGIN * (high - low)
    rim = _RIM * (high - low).max()
    (left, bottom), (right, top) = (
        np.maximum(low - margin, lows.min(axis=0) - rim),
        np.minimum(high + margin, highs.max(axis=0) + rim),
    )
    frame = Frame(float(left), float(bottom), float(right), float(top))
    ratio = frame.width_m / frame.height_m if frame.height_m > 0 else np.inf
    return frame.widened_to(float(np.clip(ratio, _SLIMMEST, 1 / _SLIMMEST)))


def map_inches(frame: Frame) -> tuple[float, float]:
    """Return width and height of a map of a frame [inches]; the long side is always the same."""
    scale = _LONG_SIDE_INCHES / max(frame.width_m, frame.height_m)
    return frame.width_m * scale, frame.height_m * scale
