"""Tell who wins and who loses: the change of each trip's time, summed by the zone where it starts or ends.

A trip's time counts from the planned departure to the arrival, the wait to enter the roads included. Pairs are trips of
one id in base and scenario of the same sample; what has no pair is counted by its fate and never averaged away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.metrics.false_discovery import q_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["NOTICED_S", "trip_changes", "zone_changes", "zone_sums"]

NOTICED_S: Final = 60.0
"""From what change of its time on a trip counts as won or lost [s]; a minute, the step of timetables and navigation."""

_COUNTS: Final = ("trips", "faster", "slower", "missing", "unfinished", "finished_only_now")


def trip_changes(base: pd.DataFrame, scenario: pd.DataFrame) -> pd.DataFrame:
    """Return one row a trip of the base, in its order: ``trip_id``, ``change_s`` and ``fate``.

    Parameters
    ----------
    base, scenario
        Trip tables of one sample (`datatypes.result.TRIP_COLUMNS`).

    Returns
    -------
    ``fate`` is ``both`` (arrived in both: the only ones with a ``change_s``), ``missing`` (the scenario has no such
    trip), ``unfinished`` (arrived in the base alone), ``finished_only_now`` (in the scenario alone) or ``neither``.
    """
    import pandas as pd

    columns = ["trip_id", "duration_s", "depart_delay_s", "completed"]
    pairs = base[columns].merge(scenario[columns], on="trip_id", how="left", suffixes=("", "_now"), validate="1:1")
    before = pairs["completed"].to_numpy(bool)
    known = pairs["completed_now"].notna().to_numpy()
    now = pairs["completed_now"].eq(other=True).to_numpy(bool)
    fate = np.select(
        [~known, before & now, before, now], ["missing", "both", "unfinished", "finished_only_now"], "neither"
    )
    took_s = [pairs[f"duration_s{end}"] + pairs[f"depart_delay_s{end}"] for end in ("", "_now")]
    change_s = (took_s[1] - took_s[0]).where(fate == "both")
    return pd.DataFrame({"trip_id": pairs["trip_id"], "change_s": change_s, "fate": fate})


def zone_sums(changes: pd.DataFrame, zone: NDArray[np.int64], *, zones: int) -> dict[str, NDArray[np.float64]]:
    """Return what one sample says of each zone, shape (zones,) each.

    Parameters
    ----------
    changes
        From `trip_changes`.
    zone
        Shape (T,), zone of each of its trips; -1 for none.
    zones
        Number of zones.

    Returns
    -------
    ``change_s`` (summed over the pairs), ``trips`` (pairs), ``faster`` and ``slower`` (by `NOTICED_S` or more),
    ``missing``, ``unfinished``, ``finished_only_now``.
    """
    fate = changes["fate"].to_numpy()
    change_s = changes["change_s"].to_numpy(np.float64)
    both = fate == "both"
    weights = {
        "change_s": np.where(both, change_s, 0.0),
        "trips": both,
        "faster": both & (change_s <= -NOTICED_S),
        "slower": both & (change_s >= NOTICED_S),
        **{name: fate == name for name in ("missing", "unfinished", "finished_only_now")},
    }
    placed = zone >= 0
    return {name: np.bincount(zone[placed], each[placed], zones).astype(np.float64) for name, each in weights.items()}


def zone_changes(samples: Sequence[dict[str, NDArray[np.float64]]], *, confidence: float, rate: float) -> pd.DataFrame:
    """Return one row a zone: the mean change of a trip's time over all samples, and how sure it is.

    The mean is the ratio of two sums, changes over trips; its variance is that of the samples' residuals (Cochran 1977,
    Sampling Techniques, section 6.3), its interval Student's.

    Returns
    -------
    ``trips`` and the other counts as means a sample, ``mean_change_s``, ``low_s``, ``high_s``, ``p``, ``q``,
    ``distinguishable`` (q at most `rate`). NaN where a zone has no trip or there is one sample.
    """
    import pandas as pd
    from scipy.stats import t

    change, trips = (np.stack([sample[name] for sample in samples]) for name in ("change_s", "trips"))
    count = len(samples)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = change.sum(axis=0) / trips.sum(axis=0)
        residual = (change - mean * trips) / trips.mean(axis=0)
        error = np.sqrt((residual**2).sum(axis=0) / (count - 1) / count) if count > 1 else np.full(mean.shape, np.nan)
        p = np.where((mean == 0) & (error == 0), 1.0, 2 * t.sf(np.abs(mean) / error, max(count - 1, 1)))
    half = t.ppf((1 + confidence) / 2, max(count - 1, 1)) * error
    q = q_values(p)
    counts = {name: np.mean([sample[name] for sample in samples], axis=0) for name in _COUNTS}
    return pd.DataFrame(
        {
            **counts,
            "mean_change_s": mean,
            "low_s": mean - half,
            "high_s": mean + half,
            "p": p,
            "q": q,
            "distinguishable": np.nan_to_num(q, nan=np.inf) <= rate,
        }
    )
