"""Say how far scores of charging sessions depend on which weeks were seen: a bootstrap over whole weeks.

Weeks of both sides are drawn again with replacement (Efron and Tibshirani 1993, "An introduction to the bootstrap"); a
margin is half of the interval that holds 95 % of the scores so found. Distances are taken on a grid of values here,
which is fine enough for margins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.metrics.charging_scores import HOURS, autocorrelation, crps_by_week, pinball_by_week
from trafficdiff.metrics.divergence import jensen_shannon

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["WeekCounts", "grid_of", "margin_of", "margins", "week_counts"]

_GRID: Final = 256
_LEVELS: Final = (2.5, 97.5)


@dataclass(frozen=True, eq=False)
class WeekCounts:
    """Hold what a bootstrap needs of weeks.

    Parameters
    ----------
    starts
        Shape (W, 168), sessions by hour of their start.
    dwell, energy
        Shape (W, bins), sessions by dwell and by energy on a grid.
    load
        Shape (W, 168), mean occupancy by hour.
    """

    starts: NDArray[np.float64]
    dwell: NDArray[np.float64]
    energy: NDArray[np.float64]
    load: NDArray[np.float64]


def week_counts(
    week: NDArray[np.int64],
    *,
    hour: NDArray[np.int64],
    dwell_h: NDArray[np.float64],
    energy_kwh: NDArray[np.float64],
    load: NDArray[np.float64],
    grids: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> WeekCounts:
    """Return counts by week of sessions, each column of shape (S,), with the load of the weeks, shape (W, 168)."""

    def by_week(bins: NDArray[np.int64], count: int, rows: NDArray[np.bool_]) -> NDArray[np.float64]:
        table = np.zeros((len(load), count))
        np.add.at(table, (week[rows], bins[rows]), 1)
        return table

    known = np.isfinite(energy_kwh)
    dwell_grid, energy_grid = grids
    return WeekCounts(
        by_week(hour, HOURS, np.ones(len(week), bool)),
        by_week(np.searchsorted(dwell_grid, dwell_h), len(dwell_grid) + 1, np.ones(len(week), bool)),
        by_week(np.searchsorted(energy_grid, np.nan_to_num(energy_kwh)), len(energy_grid) + 1, known),
        load,
    )


def grid_of(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return values to count between: quantiles of both samples together."""
    both = np.concatenate([one[np.isfinite(one)], other[np.isfinite(other)]])
    return np.unique(np.quantile(both, np.linspace(0, 1, _GRID))) if len(both) else np.zeros(1)


def margins(
    drawn: WeekCounts,
    real: WeekCounts,
    *,
    grids: tuple[NDArray[np.float64], NDArray[np.float64]],
    members: NDArray[np.float64],
    acf: NDArray[np.float64],
    replicates: int,
    seed: int = 0,
) -> dict[str, float]:
    """Return the margin of each score over resampled weeks; NaN where there are fewer than two weeks.

    Parameters
    ----------
    drawn, real
        Both sides.
    grids
        Of dwell [h] and energy [kWh].
    members
        Shape (K, 168), the ensemble of weeks that is scored.
    acf
        Shape (L,), the autocorrelation of what was drawn: of that, weeks are not drawn again.
    replicates, seed
        How many, and of the draws.
    """
    names = ("jsd168", "w1_energy_kwh", "w1_dwell_h", "acf", "crps", "pinball")
    if len(real.load) < 2 or replicates < 2:
        return dict.fromkeys(names, float("nan"))
    generator = np.random.default_rng(seed)
    errors = crps_by_week(members, real.load) if len(members) > 1 else np.full(len(real.load), np.nan)
    losses = pinball_by_week(members, real.load)
    found = []
    for _ in range(replicates):
        ours, theirs = (generator.integers(0, len(one.load), len(one.load)) for one in (drawn, real))
        level = max(float(real.load[theirs].mean()), 1e-9)
        again = autocorrelation(real.load[theirs], lags=len(acf))
        found.append(
            (
                jensen_shannon(drawn.starts[ours].sum(0), real.starts[theirs].sum(0)),
                _distance(drawn.energy[ours].sum(0), real.energy[theirs].sum(0), grids[1]),
                _distance(drawn.dwell[ours].sum(0), real.dwell[theirs].sum(0), grids[0]),
                float(np.abs(acf[: len(again)] - again).mean()),
                float(errors[theirs].mean()) / level,
                float(losses[theirs].mean()) / level,
            )
        )
    return dict(zip(names, map(margin_of, np.array(found).T), strict=True))


def margin_of(values: NDArray[np.float64]) -> float:
    """Return half of the interval that holds 95 % of the values; NaN where one is."""
    low, high = np.percentile(values, _LEVELS)
    return float(high - low) / 2


def _distance(one: NDArray[np.float64], other: NDArray[np.float64], grid: NDArray[np.float64]) -> float:
    if not one.sum() or not other.sum():
        return float("nan")
    apart = np.abs(np.cumsum(one) / one.sum() - np.cumsum(other) / other.sum())
    return float(apart[1:-1] @ np.diff(grid))
