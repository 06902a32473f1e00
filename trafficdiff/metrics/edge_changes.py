"""Compare a quantity by road, or by road and interval: which changes are real, and which are the dice.

::

    samples ──paired_moments──▶ means, variances ──moderated t──▶ p ──Benjamini-Hochberg──▶ q <= rate: shown
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.metrics.false_discovery import Dependence, q_values
from trafficdiff.metrics.moderation import mean_test

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.metrics.moments import PairedMoments

__all__ = ["PlaceChanges", "place_changes"]


@dataclass(frozen=True, eq=False)
class PlaceChanges:
    """Hold the change of one quantity at many places; all of one shape, (edge,) or (time, edge).

    Parameters
    ----------
    samples
        Pairs in which both runs have a value.
    base, scenario, difference
        Means over these pairs, in the quantity's unit; NaN without a pair.
    low, high
        Bounds of the difference, each for itself.
    p, q
        Two-sided p-value, and the rate of false discoveries at which the place would be shown; NaN where nothing was
        tested: less than two pairs, or a quantity that is 0 in all runs.
    distinguishable
        Whether q is at most the rate asked for.
    """

    samples: NDArray[np.int32]
    base: NDArray[np.float64]
    scenario: NDArray[np.float64]
    difference: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    p: NDArray[np.float64]
    q: NDArray[np.float64]
    distinguishable: NDArray[np.bool_]


def place_changes(
    moments: PairedMoments,
    *,
    confidence: float,
    rate: float,
    paired: bool = True,
    dependence: Dependence = "positive",
    left_out: NDArray[np.bool_] | None = None,
) -> PlaceChanges:
    """Return what changed where, with control of false discoveries over all places together.

    Parameters
    ----------
    moments
        Of base, scenario and their difference.
    confidence
        Of the bounds.
    rate
        Share of false ones among the places shown that is put up with, for example 0.05.
    paired
        Whether sample k of both has the same random numbers; if not, both variances count.
    dependence
        See `false_discovery.q_values`.
    left_out
        Places that are not to be tested (roads that only one of the two has); same shape.
    """
    level = (np.abs(moments.base.mean) + np.abs(moments.scenario.mean)) / 2
    tested = (moments.difference.count > 1) & (level > 0)
    if left_out is not None:
        tested &= ~left_out
    variance, freedom = _spread(moments, paired=paired)
    test = mean_test(
        moments.difference.mean[tested],
        variance[tested],
        count=moments.difference.count[tested],
        freedom=freedom[tested],
        level=level[tested],
        confidence=confidence,
    )
    low, high, p = (_scattered(values, tested) for values in (test.low, test.high, test.p))
    q = q_values(p, dependence=dependence)
    return PlaceChanges(
        samples=moments.difference.count,
        base=moments.base.mean_or_nan,
        scenario=moments.scenario.mean_or_nan,
        difference=moments.difference.mean_or_nan,
        low=low,
        high=high,
        p=p,
        q=q,
        distinguishable=np.nan_to_num(q, nan=np.inf) <= rate,
    )


def _spread(moments: PairedMoments, *, paired: bool) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Return the variance of one pair's difference, and its degrees of freedom."""
    freedom = moments.difference.count - 1
    if paired:
        return moments.difference.variance, freedom
    return moments.base.variance + moments.scenario.variance, 2 * freedom


def _scattered(values: NDArray[np.float64], tested: NDArray[np.bool_]) -> NDArray[np.float64]:
    whole = np.full(tested.shape, np.nan)
    whole[tested] = values
    return whole
