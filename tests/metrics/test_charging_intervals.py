"""Margins of charging scores over weeks."""

from __future__ import annotations

import numpy as np
import pytest

from trafficdiff.metrics.charging_intervals import grid_of, margin_of, margins, week_counts
from trafficdiff.metrics.charging_scores import HOURS, autocorrelation, wasserstein

GRIDS = (np.linspace(0, 10, 200), np.linspace(0, 50, 200))


def made(weeks: int, *, seed: int, spread: float = 1.0) -> tuple[object, np.ndarray]:
    """Return counts of weeks that differ by chance, and their loads."""
    random = np.random.default_rng(seed)
    week = np.repeat(np.arange(weeks), 50)
    level = random.normal(0, spread, weeks)[week]
    load = 5 + random.normal(0, 0.2, (weeks, HOURS)) + np.sin(np.arange(HOURS) / 24 * 2 * np.pi)
    counts = week_counts(
        week, hour=random.integers(0, HOURS, len(week)), dwell_h=np.clip(5 + level, 0.1, 9.9),
        energy_kwh=20 + level, load=load, grids=GRIDS,
    )  # fmt: skip
    return counts, load


def test_margins_grow_with_how_much_weeks_differ_and_fall_with_their_number() -> None:
    found = {}
    for weeks, spread in ((8, 1.0), (8, 0.1), (200, 1.0)):
        (drawn, load), (real, seen) = made(300, seed=1, spread=spread), made(weeks, seed=2, spread=spread)
        found[weeks, spread] = margins(
            drawn,
            real,
            grids=GRIDS,
            members=load[:5],
            acf=autocorrelation(seen, lags=24),
            replicates=60,  # type: ignore[arg-type]
        )
    assert found[8, 1.0]["w1_dwell_h"] > 3 * found[8, 0.1]["w1_dwell_h"]
    assert found[8, 1.0]["w1_dwell_h"] > 2 * found[200, 1.0]["w1_dwell_h"]
    assert all(value > 0 for value in found[8, 1.0].values())


def test_one_week_has_no_margin() -> None:
    (drawn, load), (real, seen) = made(5, seed=1), made(1, seed=2)
    found = margins(drawn, real, grids=GRIDS, members=load, acf=autocorrelation(seen, lags=24), replicates=60)  # type: ignore[arg-type]
    assert all(np.isnan(value) for value in found.values())


def test_a_grid_keeps_distances() -> None:
    random = np.random.default_rng(0)
    one, other = random.exponential(2, 3_000), random.exponential(3, 3_000)
    grid = grid_of(one, other)
    shares = [np.bincount(np.searchsorted(grid, values), minlength=len(grid) + 1) / 3_000 for values in (one, other)]
    apart = np.abs(np.cumsum(shares[0]) - np.cumsum(shares[1]))[1:-1] @ np.diff(grid)
    assert apart == pytest.approx(wasserstein(one, other), rel=0.05)


def test_a_margin_is_half_of_the_middle_95_percent() -> None:
    assert margin_of(np.arange(1_001.0)) == pytest.approx(475.0)
