"""Say of each type of conflict how often it comes for what is driven, and whether a measure changed that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.metrics.intervals import mean_interval, resamples, welch_interval
from trafficdiff.metrics.kpi_changes import VERDICTS
from trafficdiff.metrics.safety_rates import million_km
from trafficdiff.metrics.safety_types import CONFLICT_TYPES

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["type_changes", "type_rates", "worst_moments"]

_DICE_SEED: Final = 0


def type_rates(samples: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return by type (the index, those that came at all, most first) ``a_day`` and ``rate`` [per million vehicle-km].

    Parameters
    ----------
    samples
        From `safety_sites.site_counts`, one a sample.
    """
    import pandas as pd

    counts = _counts(samples)
    driven = million_km(np.array([one["vehicle_km"].sum() for one in samples]))
    table = pd.DataFrame({"a_day": counts.mean(axis=0)}, index=list(CONFLICT_TYPES))
    table["rate"] = counts.sum(axis=0) / driven.sum() if driven.sum() > 0 else np.nan
    return table[table["a_day"] > 0].sort_values("a_day", ascending=False, kind="stable")


def type_changes(
    pairs: Sequence[tuple[pd.DataFrame, pd.DataFrame]], *, confidence: float = 0.95, paired: bool = True
) -> pd.DataFrame:
    """Return how the rates of all types changed, one row a type that came in either, as in `kpi_changes`.

    Columns ``base``, ``scenario``, ``difference``, ``low``, ``high`` [per million vehicle-km] and ``verdict``; each row
    stands for itself. The index is the type.

    Parameters
    ----------
    pairs
        Site counts of base and scenario, one pair a sample.
    confidence
        Of the bounds.
    paired
        Whether both of a pair share their random numbers.
    """
    import pandas as pd

    rates = [_rates([pair[side] for pair in pairs]) for side in (0, 1)]
    dice = resamples(len(pairs), generator=np.random.default_rng(_DICE_SEED))
    rows = {}
    for place, name in enumerate(CONFLICT_TYPES):
        base, scenario = (side[:, place] for side in rates)
        if not (base.any() or scenario.any()):
            continue
        change = scenario - base
        bounds = (
            mean_interval(change, confidence=confidence, dice=dice)
            if paired
            else welch_interval(base, scenario, confidence=confidence)
        )
        same = bool((change == 0).all())
        told = "unknown" if not np.isfinite(bounds.low) else "distinguishable" if bounds.excludes_zero else "not"
        rows[name] = {
            "base": base.mean(), "scenario": scenario.mean(), "difference": change.mean(),
            "low": bounds.low, "high": bounds.high, "verdict": VERDICTS["same" if same else told],
        }  # fmt: skip
    return pd.DataFrame.from_dict(rows, orient="index")


def worst_moments(samples: Sequence[pd.DataFrame], *, count: int = 10) -> pd.DataFrame:
    """Return the most critical conflicts of all samples, the worst first, with their ``day``; each pair once a day.

    That is, those with the least time left, whether to a collision or between two who cross. Pairs whose boxes overlap
    are left out: in a simulation without a staged crash they tell of lanes that are drawn too close (docs/safety.md).

    Parameters
    ----------
    samples
        Conflicts, from `safety_events.conflicts`, one table a sample.
    count
        How many.
    """
    import pandas as pd

    parts = [one[one["near_miss"] & ~one["collision"]].assign(day=day) for day, one in enumerate(samples)]
    every = pd.concat(parts, ignore_index=True)
    left_s = np.minimum(every["ttc_s"].to_numpy(np.float64), every["pet_s"].to_numpy(np.float64))
    order = np.lexsort((-every["drac_ms2"].to_numpy(np.float64), left_s))
    ranked = every.iloc[order].drop_duplicates(["day", "user", "other"])
    return ranked.head(count).reset_index(drop=True)


def _counts(samples: Sequence[pd.DataFrame]) -> NDArray[np.float64]:
    return np.stack([one[list(CONFLICT_TYPES)].sum().to_numpy(np.float64) for one in samples])


def _rates(samples: Sequence[pd.DataFrame]) -> NDArray[np.float64]:
    """Return rates by sample and type: counts over the mean of what is driven."""
    driven = float(million_km(np.mean([one["vehicle_km"].sum() for one in samples])))
    return np.asarray(_counts(samples) / driven if driven > 0 else np.nan * _counts(samples))
