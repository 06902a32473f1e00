"""Rank scenarios by one number, and say how sure the order is.

Samples are drawn again jointly, the same ones for every scenario, so that what they share (common random numbers) stays
shared. In each draw the scenarios get their places (Goldstein and Spiegelhalter 1996; Hall and Miller 2009, Using the
bootstrap to quantify the authority of an empirical ranking, Annals of Statistics 37(6B)).
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.metrics.intervals import mean_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["MORE_IS_BETTER", "ranking"]

MORE_IS_BETTER: Final = frozenset({"mean_speed", "completion_share", "trips_completed"})
"""Numbers of the area of which a planner wants much; of all others little."""


def ranking(
    values: NDArray[np.float64],
    names: Sequence[str],
    *,
    more_is_better: bool,
    confidence: float,
    dice: NDArray[np.float64],
) -> pd.DataFrame:
    """Return one row a scenario, the best first.

    Parameters
    ----------
    values
        Shape (K, S), one number for each scenario and sample, finite; samples are shared by all scenarios.
    names
        K names.
    more_is_better
        Whether the largest mean is the best.
    confidence
        Of the intervals.
    dice
        From `intervals.resamples`, at least S columns.

    Returns
    -------
    ``place`` and ``scenario``, ``mean``, ``probability_best`` (ties share), ``expected_place``, ``place_low``,
    ``place_high``; then against the next row: ``to_next`` (its mean less this one's), ``to_next_low``,
    ``to_next_high`` (paired) and ``apart_from_next``, false where the order of the two may be chance. The last row has
    NaN there. With one sample all uncertainty is NaN.
    """
    import pandas as pd

    mean = values.mean(axis=1)
    order = np.argsort(-mean if more_is_better else mean, kind="stable")
    values, mean = values[order], mean[order]
    places = _places(values, more_is_better=more_is_better, dice=dice)
    tail = (1 - confidence) / 2
    low = np.floor(np.quantile(places, tail, axis=1, method="closest_observation"))
    high = np.ceil(np.quantile(places, 1 - tail, axis=1, method="closest_observation"))
    best = places == places.min(axis=0)
    frame = pd.DataFrame(
        {
            "place": np.arange(1, len(mean) + 1),
            "scenario": [names[place] for place in order],
            "mean": mean,
            "probability_best": (best / best.sum(axis=0)).mean(axis=1),
            "expected_place": places.mean(axis=1),
            "place_low": low,
            "place_high": high,
        }
    )
    if values.shape[1] < 2:
        frame.loc[:, ["probability_best", "expected_place", "place_low", "place_high"]] = np.nan
    return pd.concat([frame, pd.DataFrame(_steps(values, confidence=confidence, dice=dice))], axis=1)


def _places(values: NDArray[np.float64], *, more_is_better: bool, dice: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the place of each scenario in each resample, shape (K, B); equal means share their mean place.

    Resampled means scatter by (n - 1) / n too little; they are drawn apart by the root of its inverse (Efron and
    Tibshirani 1993, section 5.5).
    """
    from scipy.stats import rankdata

    count = values.shape[1]
    drawn = values[:, (dice[:, :count] * count).astype(np.intp)].mean(axis=2)
    centre = values.mean(axis=1, keepdims=True)
    means = centre + np.sqrt(count / max(count - 1, 1)) * (drawn - centre)
    return np.asarray(rankdata(-means if more_is_better else means, axis=0))


def _steps(values: NDArray[np.float64], *, confidence: float, dice: NDArray[np.float64]) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = []
    for here, following in itertools.pairwise(values):
        interval = mean_interval(following - here, confidence=confidence, dice=dice)
        steps.append(
            {
                "to_next": float((following - here).mean()),
                "to_next_low": interval.low,
                "to_next_high": interval.high,
                "apart_from_next": interval.excludes_zero,
            }
        )
    nothing = {"to_next": np.nan, "to_next_low": np.nan, "to_next_high": np.nan, "apart_from_next": False}
    return [*steps, nothing]
