"""Bound a mean over few samples: which interval, and why.

An ensemble has 5 to 20 samples. The percentile bootstrap and BCa are then far too narrow (80 to 90 % where 95 % are
promised), because they take the spread of the resamples for the spread of the mean. The studentised bootstrap asks how
the mean lies *in units of its own standard error* in each resample, so it widens as Student's t does and leans where
the data lean. ``scripts/coverage.py`` prints the coverage of each; ``docs/decisions/comparison.md`` has the table.

::

    t* = (mean* - mean) / (sd* / sqrt n)          over resamples, with replacement
    [mean - t*(1 - a/2) sd / sqrt n,  mean - t*(a/2) sd / sqrt n]

References
----------
.. [1] B. Efron, R. J. Tibshirani (1993), An Introduction to the Bootstrap, section 12.5.
.. [2] T. J. DiCiccio, B. Efron (1996), Bootstrap confidence intervals, Statistical Science 11(3), 189-228.
.. [3] B. L. Welch (1947), The generalization of Student's problem when several different population variances are
   involved, Biometrika 34, 28-35.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "LEAST_BOOTSTRAP",
    "LEAST_SPREAD",
    "REPLICATES",
    "Interval",
    "mean_interval",
    "resamples",
    "student_interval",
    "studentised_interval",
    "welch_interval",
]

REPLICATES: Final = 9_999
"""Resamples; the order statistics of 9,999 fall on the quantiles of 95 and 99 % (Efron and Tibshirani 1993)."""
LEAST_BOOTSTRAP: Final = 10
"""Fewest samples for the bootstrap: of five to nine, many resamples have next to no spread, and a bound that rests on
them can lie ten times as far out as Student's, which covers 93 to 98 % there (88 % of exponential values)."""

LEAST_SPREAD: Final = 0.2
"""Spread of a resample, over the samples', below which it counts as none. Of ten exponential values the interval then
covers 93.8 instead of 94.5 % and its longest is 5 instead of 15 means; of ten lognormal ones (sigma 1) 90 instead of
91 % and 22 instead of 158; normal and Poisson values are hardly touched (600 sets each)."""


class Interval(NamedTuple):
    """Say within which bounds a mean lies, and how that was found: ``constant``, ``student``, ``bootstrap-t``, ..."""

    low: float
    high: float
    method: str

    @property
    def excludes_zero(self) -> bool:
        """Whether zero lies outside; False where nothing is known."""
        return self.low > 0 or self.high < 0


def resamples(count: int, *, generator: np.random.Generator, replicates: int = REPLICATES) -> NDArray[np.float64]:
    """Return the dice for all resamples of up to `count` values, shape (replicates, count), in [0, 1).

    Every quantity takes its resamples from the same dice, so that results depend neither on their order nor on what
    else is compared.
    """
    return generator.random((replicates, count))


def mean_interval(values: NDArray[np.float64], *, confidence: float, dice: NDArray[np.float64]) -> Interval:
    """Return bounds for the mean of independent values.

    Parameters
    ----------
    values
        Shape (S,), finite.
    confidence
        For example 0.95.
    dice
        From `resamples`, at least S columns.

    Returns
    -------
    A value that is the same in every sample is its own interval, but a single value other than 0 has none (NaN).
    From `LEAST_BOOTSTRAP` samples on it is the studentised bootstrap's, else Student's.
    """
    if len(values) and (values == 0).all():
        return Interval(0.0, 0.0, "constant")
    if len(values) < 2:
        return Interval(np.nan, np.nan, "none")
    if (values == values[0]).all():
        return Interval(float(values[0]), float(values[0]), "constant")
    if len(values) < LEAST_BOOTSTRAP:
        return student_interval(values, confidence=confidence)
    return studentised_interval(values, confidence=confidence, dice=dice)


def student_interval(values: NDArray[np.float64], *, confidence: float) -> Interval:
    """Return Student's t interval for a mean: exact for normal values, too short where they are skewed."""
    from scipy.special import stdtrit  # scipy.stats takes half a second to import

    half = float(stdtrit(len(values) - 1, (1 + confidence) / 2)) * _standard_error(values)
    mean = float(values.mean())
    return Interval(mean - half, mean + half, "student")


def studentised_interval(values: NDArray[np.float64], *, confidence: float, dice: NDArray[np.float64]) -> Interval:
    """Return the bootstrap-t interval for a mean (Efron and Tibshirani 1993, section 12.5).

    Where so many resamples have next to no spread that a bound rests on them, it is Student's interval: nine days alike
    and one apart give resamples without that one, and a mean counted in their tiny spread lies anywhere.
    """
    count, tail = len(values), (1 - confidence) / 2
    drawn = values[(dice[:, :count] * count).astype(np.intp)]
    mean, error = float(values.mean()), _standard_error(values)
    spread = drawn.std(axis=1, ddof=1) / np.sqrt(count)
    if (spread <= LEAST_SPREAD * error).mean() > tail / 2:
        return student_interval(values, confidence=confidence)
    usable = spread > 1e-9 * error
    ratio = (drawn.mean(axis=1)[usable] - mean) / spread[usable]
    low, high = np.quantile(ratio, (tail, 1 - tail))
    return Interval(mean - float(high) * error, mean - float(low) * error, "bootstrap-t")


def welch_interval(base: NDArray[np.float64], scenario: NDArray[np.float64], *, confidence: float) -> Interval:
    """Return bounds for the difference of the means of two independent sets of samples, scenario less base.

    Welch (1947), with his degrees of freedom. Common random numbers are not used: this is what the same runs would say
    with seeds of their own.
    """
    from scipy.stats import t

    if min(len(base), len(scenario)) < 2:
        return Interval(np.nan, np.nan, "none")
    difference = float(scenario.mean() - base.mean())
    squares = np.array([_standard_error(base) ** 2, _standard_error(scenario) ** 2])
    if not squares.any():
        return Interval(difference, difference, "constant")
    freedom = squares.sum() ** 2 / (squares**2 / (len(base) - 1, len(scenario) - 1)).sum()
    half = float(t.ppf((1 + confidence) / 2, freedom) * np.sqrt(squares.sum()))
    return Interval(difference - half, difference + half, "welch")


def _standard_error(values: NDArray[np.float64]) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values)))
