"""Tilt a learned demand to counts: the demand nearest to it, in relative entropy, that meets what was counted.

With ``p`` how many trips each candidate stands for, ``A`` how often each target counts a candidate, ``n`` what was
counted and ``s`` how far that is believed, the weights ``w`` are the minimum of

    sum w log(w / p) - w + p   +   1/2 sum ((n - A' w) / s)^2

which is found from its dual, strictly convex in one number a target::

    w = p exp(A l)         minimise  sum p exp(A l) - n l + 1/2 sum (s l)^2

So a trip's weight is the model's, times a factor for each counted place on its way: all that no count speaks of stays
as the model had it. Counts that contradict each other have no exact answer; the second sum then is least squares.

Maximum entropy from counts: Van Zuylen and Willumsen (1980), "The most likely trip matrix estimated from traffic
counts", Transportation Research B 14(3); with errors in the counts, Cascetta (1984), Transportation Research B 18(4-5).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

__all__ = ["Tilt", "tilt"]

_MOST_STEPS: Final = 60
_MOST_INNER_STEPS: Final = 60
_LONGEST: Final = 4.0
"""Most that the logarithm of any weight moves in one step, so that no exponential overflows."""
_SLOPE: Final = 1e-4
"""Share of the expected descent that a step must bring (Armijo; Nocedal and Wright 2006, chapter 3)."""
_SMALLEST: Final = 1e-9


@dataclass(frozen=True, eq=False, kw_only=True)
class Tilt:
    """Hold tilted weights. ``T`` candidates, ``C`` targets.

    Parameters
    ----------
    weight
        Shape (T,), trips that each candidate stands for, not negative.
    multiplier
        Shape (C,), l, the logarithm of the factor of each target.
    met
        Shape (C,), what the weights give at each target.
    """

    weight: NDArray[np.float64]
    multiplier: NDArray[np.float64]
    met: NDArray[np.float64]


def tilt(
    hits: csr_matrix,
    prior: NDArray[np.float64],
    wanted: NDArray[np.float64],
    *,
    tolerance: NDArray[np.float64],
    start: NDArray[np.float64] | None = None,
    accuracy: float = 1e-3,
) -> Tilt:
    """Return the weights nearest to the prior that meet the targets within their tolerance.

    Parameters
    ----------
    hits
        A, shape (T, C): how often each target counts each candidate.
    prior
        p, shape (T,), positive.
    wanted
        n, shape (C,), not negative.

    Other Parameters
    ----------------
    tolerance
        s, shape (C,), positive: standard deviation of what was counted, in trips of the prior.
    start
        Shape (C,), multipliers to begin from, for example those of a similar problem.
    accuracy
        How near the optimum, as a share of a tolerance.

    Notes
    -----
    Newton's method, each step by conjugate gradients with a diagonal preconditioner (Nocedal and Wright 2006,
    "Numerical Optimization", algorithm 7.1): two products with A a step, and no matrix of targets by targets.
    """
    across, squared = hits.T.tocsr(), hits.multiply(hits).T.tocsr()
    variance = tolerance**2
    place = np.zeros(len(wanted)) if start is None else start.copy()

    def value(at: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weight = prior * np.exp(np.minimum(hits @ at, 500.0))
        return float(weight.sum() - at @ wanted + 0.5 * variance @ at**2), weight

    height, weight = value(place)
    for _ in range(_MOST_STEPS):
        gradient = across @ weight - wanted + variance * place
        if (np.abs(gradient) <= accuracy * tolerance).all():
            break
        step = _newton_step(hits, across, weight, gradient, variance=variance, diagonal=squared @ weight + variance)
        place, height, weight = _descend(value, place, step, height=height, slope=float(gradient @ step), hits=hits)
    return Tilt(weight=weight, multiplier=place, met=across @ weight)


def _newton_step(
    hits: csr_matrix,
    across: csr_matrix,
    weight: NDArray[np.float64],
    gradient: NDArray[np.float64],
    *,
    variance: NDArray[np.float64],
    diagonal: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the step that solves (A' W A + S) x = -gradient nearly, by conjugate gradients."""
    step = np.zeros_like(gradient)
    left = -gradient
    near = left / diagonal
    direction = near
    power = float(left @ near)
    target = min(0.1, power**0.25) ** 2 * power  # the nearer the optimum, the more exact
    for _ in range(_MOST_INNER_STEPS):
        if power <= max(target, _SMALLEST):
            break
        curved = across @ (weight * (hits @ direction)) + variance * direction
        length = power / float(direction @ curved)
        step = step + length * direction
        left = left - length * curved
        near = left / diagonal
        power, before = float(left @ near), power
        direction = near + power / before * direction
    return step


def _descend(
    value: Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]]],
    place: NDArray[np.float64],
    step: NDArray[np.float64],
    *,
    height: float,
    slope: float,
    hits: csr_matrix,
) -> tuple[NDArray[np.float64], float, NDArray[np.float64]]:
    """Return where a step leads that brings the value down, its value, and the weights there."""
    length = min(1.0, _LONGEST / max(float(np.abs(hits @ step).max(initial=0.0)), _SMALLEST))
    while True:
        there = place + length * step
        reached, weight = value(there)
        if reached <= height + _SLOPE * length * slope or length < _SMALLEST:
            return there, reached, weight
        length /= 2
