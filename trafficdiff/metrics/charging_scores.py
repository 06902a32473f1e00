"""Compare generated charging sessions with real ones.

::

    JSD168   Jensen-Shannon divergence, base 2, of starts over the 168 hours of the week
    W1       1-Wasserstein distance of energies [kWh] and of dwells [h]
    ACF      mean |difference| of the autocorrelations of hourly occupancy at lags of 1 to 168 h
    CRPS     of the occupancy of each hour of held-out weeks under an ensemble of weeks, over its mean
    pinball  of the same at 10, 50 and 90 %
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.metrics.divergence import jensen_shannon

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "autocorrelation", "crps", "crps_by_week", "jsd168", "near_duplicates", "pinball", "pinball_by_week", "wasserstein",
    "weekly_occupancy",
]  # fmt: skip

HOURS: Final = 168
_QUANTILES: Final = (0.1, 0.5, 0.9)


def jsd168(one: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    """Return the divergence of two sets of starts, each as hours of the week, shape (S,)."""
    return jensen_shannon(np.bincount(one, minlength=HOURS), np.bincount(other, minlength=HOURS))


def wasserstein(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Return the 1-Wasserstein distance of two samples, in their unit; NaN where one is empty."""
    from scipy.stats import wasserstein_distance

    if not len(one) or not len(other):
        return float("nan")
    return float(wasserstein_distance(one, other))


def weekly_occupancy(
    week: NDArray[np.int64], start_s: NDArray[np.float64], dwell_s: NDArray[np.float64], *, weeks: int
) -> NDArray[np.float64]:
    """Return how many cars are plugged in on average in each hour, shape (weeks, 168); what runs over the end is cut.

    Parameters
    ----------
    week
        Shape (S,), week of each start, from 0.
    start_s, dwell_s
        Shape (S,), start in the week and dwell [s].
    weeks
        How many.
    """
    hours = weeks * HOURS
    begin = week * HOURS + start_s / 3600
    end = np.minimum(begin + dwell_s / 3600, hours)
    first, last = np.floor(begin).astype(np.int64), np.minimum(np.floor(end).astype(np.int64), hours)
    # Occupancy is the running sum of changes; the two hours of an edge get its part.
    change = np.zeros(hours + 2)
    np.add.at(change, first, first + 1 - begin)
    np.add.at(change, first + 1, begin - first)
    np.add.at(change, last, -(last + 1 - end))
    np.add.at(change, np.minimum(last + 1, hours + 1), -(end - last))
    return np.asarray(np.cumsum(change)[:hours].reshape(weeks, HOURS))


def autocorrelation(load: NDArray[np.float64], *, lags: int = HOURS) -> NDArray[np.float64]:
    """Return the autocorrelation of an hourly series at lags of 1 to `lags` hours; 0 for a flat one."""
    rest = load.ravel() - load.mean()
    power = float(rest @ rest)
    if power <= 0:
        return np.zeros(lags)
    return np.array([float(rest[lag:] @ rest[:-lag]) / power for lag in range(1, min(lags, len(rest) - 1) + 1)])


def crps(members: NDArray[np.float64], observed: NDArray[np.float64]) -> float:
    """Return the mean continuous ranked probability score of an ensemble, in the unit of the values.

    ``E|X - y| - E|X - X'| / 2`` with the fair estimate of the second term: Ferro (2014), "Fair scores for ensemble
    forecasts".

    Parameters
    ----------
    members
        Shape (K, ...), at least two.
    observed
        Shape (N, ...), each scored with the same ensemble.
    """
    return float(crps_by_week(members, observed).mean())


def crps_by_week(members: NDArray[np.float64], observed: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean score of each observed row, shape (N,); arguments as `crps`."""
    count = len(members)
    error = np.stack([np.abs(members - one).mean(0) for one in observed])
    ranks = 2 * np.arange(1, count + 1) - count - 1
    spread = np.tensordot(ranks, np.sort(members, axis=0), axes=(0, 0)) / (count * (count - 1))
    return np.asarray((error - spread).reshape(len(observed), -1).mean(axis=1))


def pinball(members: NDArray[np.float64], observed: NDArray[np.float64]) -> float:
    """Return the mean pinball loss at 10, 50 and 90 %, in the unit of the values; arguments as `crps`."""
    return float(pinball_by_week(members, observed).mean())


def pinball_by_week(members: NDArray[np.float64], observed: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean loss of each observed row, shape (N,); arguments as `crps`."""
    levels = np.array(_QUANTILES).reshape(-1, *(1,) * (observed.ndim))
    bounds = np.quantile(members, _QUANTILES, axis=0)[:, None]
    rest = observed[None] - bounds
    loss = np.maximum(levels * rest, (levels - 1) * rest).mean(axis=0)
    return np.asarray(loss.reshape(len(observed), -1).mean(axis=1))


def near_duplicates(
    generated: NDArray[np.float64], real: NDArray[np.float64], *, within: tuple[float, ...] = (5 / 60, 0.01, 0.01)
) -> float:
    """Return the share of generated sessions that have a real one beside them in every column.

    Parameters
    ----------
    generated, real
        Shape (S, 3) and (R, 3): start in the week [h], logarithm of dwell, logarithm of energy; or the first two.
    within
        How near, by column: five minutes, and 1 %.
    """
    from scipy.spatial import cKDTree

    scale = np.array(within[: generated.shape[1]])
    distance, _ = cKDTree(real / scale).query(generated / scale, p=np.inf, distance_upper_bound=1.0)
    return float(np.isfinite(distance).mean())
