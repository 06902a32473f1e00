"""Compute with the reference line of an OpenDRIVE road: lines and cubic curves, the only pieces that netconvert writes.

ASAM OpenDRIVE 1.7, chapter 7.7: ``paramPoly3`` gives u and v as cubics of p in [0, 1] (``normalized``) or in
[0, length] (``arcLength``), in the piece's own axes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["Course", "arc_length_m"]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)
_PANELS: Final = 8
_SPACING_M: Final = 0.5


def _cubic(attributes: Mapping[Any, Any], axis: str) -> NDArray[np.float64]:
    return np.array([float(attributes[letter + axis]) for letter in "abcd"])


def arc_length_m(attributes: Mapping[Any, Any]) -> float:
    """Return the length of a ``paramPoly3`` with normalised range [m], by Gauss-Legendre quadrature on 8 panels."""
    u, v = (np.polynomial.Polynomial(_cubic(attributes, axis)).deriv() for axis in "UV")
    edges = np.linspace(0, 1, _PANELS + 1)
    half = 0.5 / _PANELS
    at = (edges[:-1, None] + half) + half * _NODES[None, :]
    return float((half * _WEIGHTS[None, :] * np.hypot(u(at), v(at))).sum())


@dataclass(frozen=True, eq=False)
class Course:
    """Represent a road's reference line by points half a metre apart: s, x, y, heading, each shape (N,)."""

    s: NDArray[np.float64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    heading: NDArray[np.float64]

    @classmethod
    def of(cls, road: Any) -> Self:
        """Return the line of a ``<road>`` whose lengths are right."""
        parts = [_piece(piece) for piece in road.findall("planView/geometry")]
        s, x, y, heading = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        return cls(s, x, y, np.unwrap(heading))

    def pose(self, s: float) -> tuple[float, float, float]:
        """Return x, y [m] and heading [rad] at s [m]."""
        x, y, heading = (float(np.interp(s, self.s, column)) for column in (self.x, self.y, self.heading))
        return x, y, heading

    def project(self, point: NDArray[np.float64]) -> tuple[float, float]:
        """Return s and t [m] of the nearest place of the line; t is to the left, of its tangent there."""
        begin = np.column_stack([self.x[:-1], self.y[:-1]])
        step = np.column_stack([np.diff(self.x), np.diff(self.y)])
        size = np.maximum((step**2).sum(axis=1), 1e-12)
        share = np.clip(((point - begin) * step).sum(axis=1) / size, 0, 1)
        gap = begin + share[:, None] * step - point
        nearest = int(np.argmin((gap**2).sum(axis=1)))
        s = float(self.s[nearest] + share[nearest] * (self.s[nearest + 1] - self.s[nearest]))
        x, y, heading = self.pose(s)
        t = -(point[0] - x) * np.sin(heading) + (point[1] - y) * np.cos(heading)
        return s, float(t)


def _piece(piece: Any) -> tuple[NDArray[np.float64], ...]:
    s, x, y, heading, length = (float(piece.get(name)) for name in ("s", "x", "y", "hdg", "length"))
    share = np.linspace(0, 1, max(2, int(np.ceil(length / _SPACING_M)) + 1))
    curve = piece.find("paramPoly3")
    if curve is None:
        u, v, turn = share * length, np.zeros_like(share), np.zeros_like(share)
    else:
        of_u, of_v = (np.polynomial.Polynomial(_cubic(curve.attrib, axis)) for axis in "UV")
        u, v = of_u(share), of_v(share)
        turn = np.arctan2(of_v.deriv()(share), of_u.deriv()(share))
    along = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(u), np.diff(v)))])
    along *= length / max(along[-1], 1e-12)
    return (
        s + along,
        x + u * np.cos(heading) - v * np.sin(heading),
        y + u * np.sin(heading) + v * np.cos(heading),
        heading + turn,
    )
