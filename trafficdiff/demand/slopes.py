"""Let counts say how much a few qualities of trips matter: the learned demand itself leans before it is tilted.

A count that is too low everywhere is better explained by shorter trips than by a factor at each counted place. So the
prior may lean by a few qualities x of a trip (how long it takes, what its entry can carry, ...):

    p(b) = p exp(X b), of the same total          b ~ Normal(0, spread^2)

and b is the maximum of the posterior, the tilt integrated: with v(b) the least value of the tilt's objective,

    minimise  v(b) + 1/2 sum (b / spread)^2       dv/db = -X' (w - p(b) sum(w) / sum(p))
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.demand.tilting import Tilt, tilt

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

__all__ = ["Leant", "lean", "standardised"]

_ROUNDS: Final = 8
_STEEPEST: Final = 60.0


@dataclass(frozen=True, eq=False, kw_only=True)
class Leant:
    """Hold a tilt of a prior that leant.

    Parameters
    ----------
    tilt
        Of the leaning prior.
    prior
        Shape (T,), p(b).
    slope
        Shape (Q,), b.
    """

    tilt: Tilt
    prior: NDArray[np.float64]
    slope: NDArray[np.float64]


def standardised(qualities: NDArray[np.float64], prior: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return qualities of trips, shape (T, Q), less their mean under the prior."""
    return np.asarray(qualities - np.average(qualities, axis=0, weights=prior))


def lean(
    hits: csr_matrix,
    prior: NDArray[np.float64],
    wanted: NDArray[np.float64],
    *,
    tolerance: NDArray[np.float64],
    qualities: NDArray[np.float64],
    spread: NDArray[np.float64],
    strength: float = 1.0,
    rounds: int = _ROUNDS,
) -> Leant:
    """Return the tilt of a prior that leans by some qualities as far as the targets ask.

    Parameters
    ----------
    hits, prior, wanted
        As `trafficdiff.demand.tilting.tilt`.

    Other Parameters
    ----------------
    tolerance
        As there.
    qualities, spread
        Shapes (T, Q) and (Q,): X, and how far the slope of each may be expected to lie from 0.
    strength
        How many trips of evidence one trip of the prior is, for the slopes.
    rounds
        Most steps of L-BFGS (Nocedal and Wright 2006, chapter 7).
    """
    from scipy.optimize import minimize

    last: list[NDArray[np.float64]] = [np.zeros(len(wanted))]

    def leaning(slope: NDArray[np.float64]) -> NDArray[np.float64]:
        moved = qualities @ slope
        weight = prior * np.exp(np.maximum(moved - moved.max(), -_STEEPEST))
        return np.asarray(weight * (prior.sum() / weight.sum()))

    def value(slope: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        base = leaning(slope)
        found = tilt(hits, base, wanted, tolerance=tolerance, start=last[0])
        last[0] = found.multiplier
        least = base.sum() - found.weight.sum() + found.multiplier @ wanted
        least -= 0.5 * ((tolerance * found.multiplier) ** 2).sum()
        drift = found.weight - base * (found.weight.sum() / base.sum())
        gradient = -strength * (qualities.T @ drift) + slope / spread**2
        return float(strength * least + 0.5 * ((slope / spread) ** 2).sum()), gradient

    slope = np.zeros(qualities.shape[1])
    if len(slope) and len(wanted):
        slope = minimize(value, slope, jac=True, method="L-BFGS-B", options={"maxiter": rounds}).x
    base = leaning(slope)
    return Leant(tilt=tilt(hits, base, wanted, tolerance=tolerance, start=last[0]), prior=base, slope=np.asarray(slope))
