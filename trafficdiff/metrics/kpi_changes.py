"""Compare the area's numbers of two scenarios: the change, how sure it is, and what the pairing is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trafficdiff.metrics.intervals import Interval, mean_interval, welch_interval
from trafficdiff.units import QUANTITIES

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["VERDICTS", "kpi_changes"]

VERDICTS = {
    "same": "exactly no difference",
    "distinguishable": "distinguishable",
    "not": "not distinguishable",
    "unknown": "too few samples",
}
"""What can be said of a change. A number that is the same in every pair of runs is not a small change but none."""


def kpi_changes(
    base: Mapping[str, NDArray[np.float64]],
    scenario: Mapping[str, NDArray[np.float64]],
    *,
    confidence: float,
    dice: NDArray[np.float64],
    paired: bool = True,
) -> pd.DataFrame:
    """Return one row a number that both have.

    Parameters
    ----------
    base, scenario
        By name in `trafficdiff.units`: shape (S,), one value a sample, NaN where the run has none.
    confidence
        Of the intervals; each row stands for itself, so of 40 rows without any change two leave zero out at 95 %.
    dice
        From `intervals.resamples`, at least S columns.
    paired
        Whether sample k of both has the same random numbers. If not, ``low`` and ``high`` are the unpaired ones.

    Returns
    -------
    ``name``, ``over``, ``unit``, ``samples``, ``base`` and ``scenario`` (means), ``difference``, ``low``, ``high``,
    ``method``, ``relative`` (difference over the base's mean, NaN where that is 0), ``unpaired_low``,
    ``unpaired_high`` (Welch), ``variance_ratio`` (of the paired difference's variance to the unpaired one's: what
    common random numbers save), ``distinguishable``, ``verdict``.
    """
    import pandas as pd

    rows = [
        _row(name, values, np.asarray(scenario[name]), confidence=confidence, dice=dice, paired=paired)
        for name, values in base.items()
        if name in scenario
    ]
    return pd.DataFrame(rows)


def _row(
    name: str,
    base: NDArray[np.float64],
    scenario: NDArray[np.float64],
    *,
    confidence: float,
    dice: NDArray[np.float64],
    paired: bool,
) -> dict[str, Any]:
    both = np.isfinite(base) & np.isfinite(scenario)
    base, scenario = base[both].astype(np.float64), scenario[both].astype(np.float64)
    changes = scenario - base
    unpaired = welch_interval(base, scenario, confidence=confidence)
    interval = mean_interval(changes, confidence=confidence, dice=dice) if paired else unpaired
    difference = float(changes.mean()) if len(changes) else np.nan
    base_mean = float(base.mean()) if len(base) else np.nan
    verdict = _verdict(changes, interval)
    return {
        "name": name,
        "over": QUANTITIES[name].over,
        "unit": QUANTITIES[name].units,
        "samples": len(changes),
        "base": base_mean,
        "scenario": float(scenario.mean()) if len(scenario) else np.nan,
        "difference": difference,
        "low": interval.low,
        "high": interval.high,
        "method": interval.method,
        "relative": difference / base_mean if base_mean else np.nan,
        "unpaired_low": unpaired.low,
        "unpaired_high": unpaired.high,
        "variance_ratio": _variance_ratio(base, scenario),
        "distinguishable": verdict == "distinguishable",
        "verdict": VERDICTS[verdict],
    }


def _verdict(changes: NDArray[np.float64], interval: Interval) -> str:
    if len(changes) and (changes == 0).all():
        return "same"
    if not np.isfinite(interval.low):
        return "unknown"
    return "distinguishable" if interval.excludes_zero else "not"


def _variance_ratio(base: NDArray[np.float64], scenario: NDArray[np.float64]) -> float:
    """Return var(scenario - base) / (var(base) + var(scenario)); NaN where nothing varies."""
    if len(base) < 2:
        return np.nan
    independent = base.var(ddof=1) + scenario.var(ddof=1)
    return float((scenario - base).var(ddof=1) / independent) if independent > 0 else np.nan
