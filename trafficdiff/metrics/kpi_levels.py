"""Say how the area's numbers stand in one scenario: mean over the samples, and the bounds of that mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.metrics.intervals import mean_interval
from trafficdiff.units import QUANTITIES

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["kpi_levels"]


def kpi_levels(
    values: Mapping[str, NDArray[np.float64]], *, confidence: float, dice: NDArray[np.float64]
) -> pd.DataFrame:
    """Return one row a number: ``name``, ``unit``, ``samples``, ``mean``, ``low``, ``high``.

    Parameters
    ----------
    values
        By name in `trafficdiff.units`: shape (S,), one value a sample, NaN where the run has none.
    confidence
        Of the bounds, for example 0.95. One sample has none (NaN).
    dice
        From `intervals.resamples`, at least S columns.
    """
    import pandas as pd

    rows = []
    for name, each in values.items():
        known = np.asarray(each, np.float64)[np.isfinite(each)]
        bounds = mean_interval(known, confidence=confidence, dice=dice) if len(known) > 1 else None
        rows.append(
            {
                "name": name,
                "unit": QUANTITIES[name].units,
                "samples": len(known),
                "mean": float(known.mean()) if len(known) else np.nan,
                "low": np.nan if bounds is None else bounds.low,
                "high": np.nan if bounds is None else bounds.high,
            }
        )
    return pd.DataFrame(rows, columns=["name", "unit", "samples", "mean", "low", "high"])
