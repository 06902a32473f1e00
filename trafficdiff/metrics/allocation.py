"""Spend simulations where they decide: which candidates to simulate next, and what is known so far.

A candidate's *worth* is what it saves for each unit of money, one value a sample. Equal numbers of samples for all
waste most of them on candidates that are clearly bad. Optimal computing budget allocation [1] gives each candidate
samples in proportion to its variance over the squared distance to the best, and the best one enough to be told from
them all::

    N_i ~ (s_i / d_i)^2        N_best = s_best sqrt(sum over the others of N_i^2 / s_i^2)

With the few samples that a simulation of a city allows, a variance that happens to come out small would end a
candidate for good, and whoever is not near the best would stay unknown, though a budget often pays for several. So each
variance borrows from the others, and a part of the samples goes evenly to all. `scripts/bench_allocation.py` prints
what both are worth.

References
----------
.. [1] C.-H. Chen, J. Lin, E. Yücesan, S. E. Chick (2000), Simulation budget allocation for further enhancing the
   efficiency of ordinal optimization, Discrete Event Dynamic Systems 10, 251-270, theorem 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = [
    "EVEN",
    "LENT",
    "best_shares",
    "lent",
    "moments_of",
    "more_samples",
    "next_samples",
    "posterior_means",
    "probability_best",
]

EVEN: Final = 0.3
"""Share of the samples that all candidates get alike (measured; see `docs/decisions/planning.md`)."""
LENT: Final = 4.0
"""Degrees of freedom that the candidates' common variance counts for in each one's own (measured, as above)."""
_CLOSEST: Final = 0.05
"""Least distance to the best, in standard deviations: nearer ones cannot be told apart by any affordable number of
samples, and would take them all."""


def next_samples(values: Sequence[NDArray[np.float64]], *, extra: int) -> NDArray[np.int64]:
    """Return how many more samples each candidate gets, shape (K,), sum `extra`.

    Parameters
    ----------
    values
        K arrays of at least two finite worths each.
    extra
        Samples to give out.
    """
    mean, variance, counts = moments_of(values)
    varies = variance > 0
    if not varies.any():
        varies = ~varies
    even = varies / varies.sum()
    shares = (1 - EVEN) * best_shares(mean, lent(variance, counts)) + EVEN * even
    return more_samples(shares, counts, extra=extra)


def lent(variance: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return variances drawn towards their median, shape (K,); what has never varied stays so.

    The common variance counts for `LENT` degrees of freedom beside the n - 1 own ones: the posterior mean of a
    variance under a scaled inverse chi-squared prior, without its small correction (Smyth 2004, equation 3).
    """
    varies = variance > 0
    if not varies.any():
        return variance
    free = counts - 1
    return np.where(varies, (LENT * np.median(variance[varies]) + free * variance) / (LENT + free), 0.0)


def moments_of(values: Sequence[NDArray[np.float64]]) -> tuple[NDArray[np.float64], ...]:
    """Return mean, variance and number of samples of each candidate, shape (K,) each.

    Parameters
    ----------
    values
        K arrays of at least two finite values.
    """
    mean = np.array([one.mean() for one in values])
    variance = np.array([one.var(ddof=1) for one in values])
    return mean, variance, np.array([len(one) for one in values], np.float64)


def best_shares(mean: NDArray[np.float64], variance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of all samples for each candidate by which the best is found, shape (K,), sum 1.

    Chen et al. (2000), theorem 1. Candidates without variance need no more samples.
    """
    best = int(np.argmax(mean))
    shares = _by_distance(mean[best] - mean, variance)
    shares[best] = 0.0
    known = variance > 0
    shares[best] = np.sqrt(variance[best] * (shares[known] ** 2 / variance[known]).sum())
    return _normalised(shares, variance)


def _by_distance(distance: NDArray[np.float64], variance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return variance over squared distance, which is kept from zero."""
    squared = np.maximum(distance**2, _CLOSEST**2 * variance)
    return np.divide(variance, squared, out=np.zeros(len(variance)), where=variance > 0)


def _normalised(shares: NDArray[np.float64], variance: NDArray[np.float64]) -> NDArray[np.float64]:
    if not shares.sum() > 0:
        shares = (variance > 0).astype(np.float64) if (variance > 0).any() else np.ones(len(shares))
    return np.asarray(shares / shares.sum())


def more_samples(shares: NDArray[np.float64], counts: NDArray[np.float64], *, extra: int) -> NDArray[np.int64]:
    """Return how many more samples each candidate gets, shape (K,), sum `extra`.

    Nobody can give samples back: those who have more than their share get none, and the others divide what is left in
    proportion to what they lack (largest remainders).

    Parameters
    ----------
    shares
        Of all samples, shape (K,), sum 1.
    counts
        Samples so far, shape (K,).
    extra
        Samples to give out.
    """
    lacking = np.maximum(shares * (counts.sum() + extra) - counts, 0.0)
    exact = lacking / lacking.sum() * extra if lacking.sum() > 0 else np.full(len(shares), extra / len(shares))
    given = np.floor(exact).astype(np.int64)
    rest = extra - int(given.sum())
    given[np.argsort(given - exact, kind="stable")[:rest]] += 1
    return np.asarray(given)


def posterior_means(
    values: Sequence[NDArray[np.float64]], *, draws: int, generator: np.random.Generator
) -> NDArray[np.float64]:
    """Return draws of the candidates' true means, shape (draws, K): what the samples leave open.

    Normal values with unknown mean and variance and no prior knowledge leave Student's t about the sample mean, with
    n - 1 degrees of freedom (Chick and Inoue 2001, Operations Research 49(5)). Candidates are drawn apart from each
    other, though they share random numbers: that is cautious.
    """
    mean, variance, counts = moments_of(values)
    scatter = generator.standard_t(counts - 1, size=(draws, len(counts)))
    return np.asarray(mean + scatter * np.sqrt(variance / counts))


def probability_best(drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how often each candidate has the highest of the drawn means; ties share, shape (K,)."""
    best = drawn == drawn.max(axis=1, keepdims=True)
    return np.asarray((best / best.sum(axis=1, keepdims=True)).mean(axis=0))
