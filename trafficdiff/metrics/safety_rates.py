"""Rank roads and junctions by how dangerous they are for what is driven there, and say how sure that is.

A rate of a place where little was driven is mostly luck. So places are ranked by the empirical Bayes rate of Marshall
(1991, Applied Statistics 40(2), 283-294): between the place's own rate and that of all places, the nearer to its own
the more was driven::

    m = sum n / sum K                       n: near misses, K: million vehicle-kilometres
    s2 = sum K (n/K - m)^2 / sum K - m / mean K      what rates differ by beyond chance, at least 0
    shrunk = m + (n/K - m) s2 / (s2 + m/K)

Intervals are over samples (see `intervals`): what a sample counts over the mean kilometres of all samples, so the mean
of the samples is the ratio of sums. Of a single sample, and of fewer than ten events in all, they are Garwood's (1936)
for a Poisson count: samples that nearly all count 0 say too little of their own spread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.metrics.edge_changes import PlaceChanges, place_changes
from trafficdiff.metrics.intervals import Interval, mean_interval, resamples
from trafficdiff.metrics.moments import paired_moments

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["hot_spots", "million_km", "poisson_interval", "rate_changes", "shrunk_rates"]

_KEYS: Final = ("kind", "site")
_DICE_SEED: Final = 0
_FEW: Final = 10


def million_km(vehicle_km: Any) -> Any:
    """Return vehicle-kilometres in millions."""
    return vehicle_km / 1e6


def shrunk_rates(count: NDArray[np.float64], exposure: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return empirical Bayes rates (see above), shape (P,), in counts per exposure.

    They are all the same where rates differ by no more than chance.

    Parameters
    ----------
    count, exposure
        Shape (P,); exposure above 0.
    """
    if not len(count) or not exposure.sum() > 0:
        return np.zeros(len(count))
    mean = count.sum() / exposure.sum()
    own = count / exposure
    spread = (exposure * (own - mean) ** 2).sum() / exposure.sum() - mean / exposure.mean()
    weight = 0.0 if spread <= 0 else spread / (spread + mean / exposure)
    return np.asarray(mean + (own - mean) * weight, np.float64)


def poisson_interval(count: float, *, confidence: float) -> Interval:
    """Return the exact bounds of the mean of a Poisson count (Garwood 1936, Biometrika 28)."""
    from scipy.stats import chi2

    tail = (1 - confidence) / 2
    low = chi2.ppf(tail, 2 * count) / 2 if count > 0 else 0.0
    return Interval(float(low), float(chi2.ppf(1 - tail, 2 * (count + 1)) / 2), "poisson")


def hot_spots(samples: Sequence[pd.DataFrame], *, confidence: float = 0.95, count: str = "near_misses") -> pd.DataFrame:
    """Return the places by how dangerous they are, the worst first.

    Columns of `safety_sites.site_names`, then means over the samples: ``vehicle_km``, ``events`` (the counted ones),
    ``collisions``; ``rate`` with ``low`` and ``high`` and the ranking's ``shrunk_rate`` [per million vehicle-km].

    Parameters
    ----------
    samples
        From `safety_sites.site_counts`, one a sample.
    confidence
        Of the bounds.
    count
        Which column is counted.
    """
    places, driven_km, events = _aligned(samples, count)
    collisions = _aligned(samples, "collisions")[2]
    exposure = million_km(driven_km.mean(axis=0))
    table = places.assign(
        vehicle_km=driven_km.mean(axis=0), events=events.mean(axis=0), collisions=collisions.mean(axis=0)
    )
    known = exposure > 0
    table, events, exposure = table[known].reset_index(drop=True), events[:, known], exposure[known]
    table["rate"] = events.mean(axis=0) / exposure
    table[["low", "high"]] = _bounds(events, exposure, confidence=confidence)
    table["shrunk_rate"] = shrunk_rates(events.sum(axis=0), exposure * len(samples))
    ranked: pd.DataFrame = table.sort_values(
        ["shrunk_rate", "events", "site"], ascending=[False, False, True], ignore_index=True
    )
    return ranked


def rate_changes(
    pairs: Sequence[tuple[pd.DataFrame, pd.DataFrame]],
    *,
    confidence: float = 0.95,
    rate: float = 0.05,
    count: str = "near_misses",
    paired: bool = True,
) -> pd.DataFrame:
    """Return how the rates changed between two scenarios, the largest change that is not chance first.

    Columns of `safety_sites.site_names`, then ``base``, ``scenario``, ``difference``, ``low``, ``high`` [per million
    vehicle-km], ``q`` and ``distinguishable`` (see `edge_changes.PlaceChanges`). A place where nobody drives in
    one of the two (a closed road) has no rate there and is left out.

    Parameters
    ----------
    pairs
        Site counts of base and scenario, one pair a sample.
    confidence
        Of the bounds.
    rate
        Share of false discoveries among the places that are called distinguishable.
    count
        Which column is counted.
    paired
        Whether both of a pair share their random numbers.
    """
    everywhere, driven_km, events = _aligned([one for pair in pairs for one in pair], count)
    exposure = [million_km(driven_km[side::2].mean(axis=0)) for side in (0, 1)]
    driven = (exposure[0] > 0) & (exposure[1] > 0)
    per = [np.where(driven, events[side::2] / np.where(driven, exposure[side], 1.0), np.nan) for side in (0, 1)]
    found: PlaceChanges = place_changes(
        paired_moments(zip(per[0], per[1], strict=True)), confidence=confidence, rate=rate, paired=paired
    )
    names = ("base", "scenario", "difference", "low", "high", "q", "distinguishable")
    table = everywhere.assign(**{name: getattr(found, name) for name in names})[driven]
    size = np.where(table["distinguishable"], 2.0, 1.0) * 1e12 + np.abs(table["difference"])
    ranked: pd.DataFrame = table.iloc[np.argsort(-size.to_numpy(), kind="stable")].reset_index(drop=True)
    return ranked


def _bounds(events: NDArray[np.float64], exposure: NDArray[np.float64], *, confidence: float) -> NDArray[np.float64]:
    """Return lower and upper bounds of the rates, shape (P, 2); a rate is not below 0."""
    found = np.zeros((len(exposure), 2))
    total, driven = events.sum(axis=0), exposure * len(events)
    few = (total < _FEW) | (len(events) == 1)
    for count in np.unique(total[few]):
        own = few & (total == count)
        found[own] = np.array(poisson_interval(count, confidence=confidence)[:2]) / driven[own, None]
    dice = resamples(len(events), generator=np.random.default_rng(_DICE_SEED)) if not few.all() else np.zeros((0, 0))
    for place in np.flatnonzero(~few):
        bounds = mean_interval(events[:, place] / exposure[place], confidence=confidence, dice=dice)
        found[place] = max(bounds.low, 0.0), bounds.high
    return found


def _aligned(
    samples: Sequence[pd.DataFrame], count: str
) -> tuple[pd.DataFrame, NDArray[np.float64], NDArray[np.float64]]:
    """Return the places of all samples, and by sample and place what was driven [km] and counted."""
    import pandas as pd

    columns = ["site", "kind", "name", "x_m", "y_m"]
    places = pd.concat([one[columns] for one in samples]).drop_duplicates(list(_KEYS), ignore_index=True)
    index = pd.MultiIndex.from_frame(places[list(_KEYS)])
    each = [one.set_index(list(_KEYS))[["vehicle_km", count]].reindex(index).fillna(0.0) for one in samples]
    driven = np.stack([one["vehicle_km"].to_numpy(np.float64) for one in each])
    return places, driven, np.stack([one[count].to_numpy(np.float64) for one in each])
