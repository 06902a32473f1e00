"""Follow a way: where an ego is along it, where to steer, and how fast its limits and bends allow."""

from __future__ import annotations

import math
from bisect import bisect_right
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["EgoWay"]

_SPACING_M: Final = 1.0
_BEYOND_M: Final = 80.0
"""A way that ends goes on straight so far [m]."""
_BEND_M: Final = 4.0
"""Bends are measured over chords of this length: ways are polylines [m]."""
_LOOK_BACK: Final = 3
_LOOK_AHEAD: Final = 8


class EgoWay:
    """Hold a way ahead, evenly spaced, with the speed that it allows; made once for each way.

    Parameters
    ----------
    xy
        Shape (P, 2), points [m]; two at least that differ.
    limit_ms
        Shape (P,), speed limits [m/s].

    Other Parameters
    ----------------
    across_ms2
        Acceleration across that bends are taken with [m/s2].
    braking_ms2
        Braking towards lower limits and bends [m/s2].
    """

    def __init__(
        self, xy: NDArray[np.float64], limit_ms: NDArray[np.float64], *, across_ms2: float, braking_ms2: float
    ) -> None:
        self.xy, self.s, limit = _spaced(xy, limit_ms)
        chord = np.diff(self.xy, axis=0)
        heading = np.unwrap(np.arctan2(chord[:, 1], chord[:, 0]))
        heading = np.append(heading, heading[-1])
        self.cosine, self.sine = np.cos(heading), np.sin(heading)
        allowed = np.minimum(limit, np.sqrt(across_ms2 / np.maximum(_bends(heading), 1e-4)))
        squared = allowed**2 + 2 * braking_ms2 * self.s
        self.allowed_ms = np.sqrt(np.minimum.accumulate(squared[::-1])[::-1] - 2 * braking_ms2 * self.s)
        columns = (*self.xy.T, self.cosine, self.sine)
        self._rows: list[tuple[float, ...]] = list(zip(*(one.tolist() for one in columns), strict=True))
        self._allowed: list[float] = self.allowed_ms.tolist()
        self._s: list[float] = self.s.tolist()
        self._at = 0

    def along(self, x: float, y: float) -> float:
        """Return how far along the way a place is that moves on from call to call [m]."""
        rows = self._rows
        best, least = self._at, math.inf
        for place in range(max(0, self._at - _LOOK_BACK), min(len(rows), self._at + _LOOK_AHEAD)):
            dx, dy = x - rows[place][0], y - rows[place][1]
            away = dx * dx + dy * dy
            if away < least:
                best, least = place, away
        self._at = best
        px, py, cosine, sine = rows[best]
        return self._s[best] + (x - px) * cosine + (y - py) * sine

    def point(self, s_m: float) -> tuple[float, float]:
        """Return the point at a distance [m]."""
        place = min(max(bisect_right(self._s, s_m) - 1, 0), len(self._s) - 1)
        px, py, cosine, sine = self._rows[place]
        ahead = s_m - self._s[place]
        return px + ahead * cosine, py + ahead * sine

    def allowed(self, s_m: float) -> float:
        """Return the speed that the way allows at a distance [m/s]."""
        return self._allowed[min(max(bisect_right(self._s, s_m) - 1, 0), len(self._s) - 1)]

    def beside(
        self, x: NDArray[np.float64], y: NDArray[np.float64], *, from_m: float, to_m: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]:
        """Return where places are beside a part of the way: along it, to the left of it [m], and the nearest point."""
        first = max(0, bisect_right(self._s, from_m) - 1)
        last = max(first + 1, bisect_right(self._s, to_m))
        px, py = self.xy[first:last:2, 0], self.xy[first:last:2, 1]
        dx, dy = x[..., None] - px, y[..., None] - py
        place = first + 2 * (dx * dx + dy * dy).argmin(axis=-1)
        dx, dy = x - self.xy[place, 0], y - self.xy[place, 1]
        cosine, sine = self.cosine[place], self.sine[place]
        return self.s[place] + dx * cosine + dy * sine, dy * cosine - dx * sine, place


def _spaced(
    xy: NDArray[np.float64], limit_ms: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the way a metre apart, prolonged straight on, the distances, and the limits."""
    length = np.hypot(*np.diff(xy, axis=0).T)
    kept = np.append(True, length > 1e-6)
    xy, limit = xy[kept], np.asarray(limit_ms, np.float64)[kept]
    s = np.concatenate([[0.0], np.cumsum(length[kept[1:]])])
    last = (xy[-1] - xy[-2]) / (s[-1] - s[-2])
    s, xy = np.append(s, s[-1] + _BEYOND_M), np.concatenate([xy, [xy[-1] + _BEYOND_M * last]])
    limit = np.append(limit, limit[-1])
    at = np.arange(0.0, s[-1], _SPACING_M)
    fine = np.column_stack([np.interp(at, s, xy[:, 0]), np.interp(at, s, xy[:, 1])])
    return fine, at, limit[np.searchsorted(s, at, side="right") - 1]


def _bends(heading: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the curvature at points a metre apart, over a chord of `_BEND_M` [1/m]."""
    half = int(_BEND_M / _SPACING_M / 2)
    padded = np.pad(heading, half, mode="edge")
    return np.abs(padded[2 * half :] - padded[: -2 * half]) / _BEND_M
