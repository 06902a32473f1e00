"""Follow numbers over the day, with the band in which the mean of the samples lies; of roads, and of the whole area.

Bands are Student's: mean ± t(n - 1) s / sqrt n by interval, each for itself. One sample has none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.metrics.moments import sample_moments
from trafficdiff.metrics.road_levels import area_level, interval_level, window_level

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd
    import xarray as xr
    from numpy.typing import NDArray

__all__ = ["area_profile", "diagram", "road_profile", "road_samples"]


def area_profile(
    results: xr.Dataset, name: str, *, scenarios: Mapping[str, Sequence[int]], confidence: float
) -> pd.DataFrame:
    """Return how a quantity of all roads together runs over the day.

    Parameters
    ----------
    results
        With leading ``scenario`` and ``sample``, as `store.stack.Study.results`.
    name
        One of `road_levels.LEVELS` that is no grade.
    scenarios
        Samples to take of each scenario, in the order wanted.
    confidence
        Of the bands.

    Returns
    -------
    ``series`` (scenario), ``time_s`` (middle of the interval), ``mean``, ``low``, ``high``.
    """
    runs = ((scenario, _runs(results, scenario, samples)) for scenario, samples in scenarios.items())
    found = {scenario: (area_level(run, name) for run in each) for scenario, each in runs}
    return _profile(results, found, confidence=confidence)


def road_profile(
    results: xr.Dataset, name: str, *, edge: str, scenarios: Mapping[str, Sequence[int]], confidence: float
) -> pd.DataFrame:
    """Return how a quantity of one road runs over the day; columns as `area_profile`."""
    here = results.sel(edge=[edge])
    runs = ((scenario, _runs(here, scenario, samples)) for scenario, samples in scenarios.items())
    found = {scenario: (interval_level(run, name)[:, 0] for run in each) for scenario, each in runs}
    return _profile(results, found, confidence=confidence)


def road_samples(results: xr.Dataset, name: str, *, edge: str, scenarios: Mapping[str, Sequence[int]]) -> pd.DataFrame:
    """Return a quantity of one road over the whole window, one row a scenario and sample.

    Columns ``series``, ``sample``, ``value``; NaN where nobody drove.
    """
    import pandas as pd

    here = results.sel(edge=[edge])
    rows = [
        {"series": scenario, "sample": sample, "value": float(window_level(run, name)[0])}
        for scenario, samples in scenarios.items()
        for sample, run in zip(samples, _runs(here, scenario, samples), strict=True)
    ]
    return pd.DataFrame(rows, columns=["series", "sample", "value"])


def diagram(results: xr.Dataset, *, scenarios: Mapping[str, Sequence[int]]) -> pd.DataFrame:
    """Return Edie's density and flow of the whole area by interval, in the mean of the samples.

    Columns ``series``, ``time_s`` (start of the interval), ``density`` [km-1], ``flow`` [h-1], both per lane.
    """
    import pandas as pd

    time_s = results["time"].to_numpy()
    parts = []
    for scenario, samples in scenarios.items():
        chosen = results[["area_density", "area_flow"]].sel(scenario=scenario, sample=list(samples)).mean("sample")
        columns = {"density": chosen["area_density"].to_numpy(), "flow": chosen["area_flow"].to_numpy()}
        parts.append(pd.DataFrame({"series": scenario, "time_s": time_s, **columns}))
    return pd.concat(parts, ignore_index=True).dropna(ignore_index=True)


def _runs(results: xr.Dataset, scenario: str, samples: Sequence[int]) -> Iterable[xr.Dataset]:
    return (results.sel(scenario=scenario, sample=sample) for sample in samples)


def _profile(
    results: xr.Dataset, found: Mapping[str, Iterable[NDArray[np.float64]]], *, confidence: float
) -> pd.DataFrame:
    import pandas as pd
    from scipy.special import stdtrit

    time_s = results["time"].to_numpy()
    step_s = float(np.diff(time_s).min()) if len(time_s) > 1 else 0.0
    parts = []
    for scenario, samples in found.items():
        moments = sample_moments(samples)
        count = moments.count
        error = np.sqrt(moments.variance / np.maximum(count, 1))
        half = np.where(count > 1, stdtrit(np.maximum(count - 1, 1), (1 + confidence) / 2) * error, np.nan)
        mean = moments.mean_or_nan
        columns = {"time_s": time_s + step_s / 2, "mean": mean, "low": mean - half, "high": mean + half}
        parts.append(pd.DataFrame({"series": scenario, **columns}))
    return pd.concat(parts, ignore_index=True)
