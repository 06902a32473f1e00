"""Scores of charging sessions, against cases that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from trafficdiff.metrics.charging_scores import (
    autocorrelation,
    crps,
    jsd168,
    near_duplicates,
    pinball,
    wasserstein,
    weekly_occupancy,
)


def test_starts_in_the_same_hours_do_not_diverge_and_in_other_hours_do_wholly() -> None:
    assert jsd168(np.array([1, 2, 2]), np.array([1, 2, 2])) == 0
    assert jsd168(np.array([1, 1]), np.array([5])) == pytest.approx(1.0)


def test_a_shift_is_its_own_distance() -> None:
    assert wasserstein(np.arange(5.0), np.arange(5.0) + 2) == pytest.approx(2.0)
    assert np.isnan(wasserstein(np.array([]), np.arange(5.0)))


def test_occupancy_counts_parts_of_hours_and_is_cut_at_the_end() -> None:
    load = weekly_occupancy(
        np.array([0, 0, 1]), np.array([1800.0, 7200.0, 167 * 3600.0]), np.array([3600.0, 900.0, 7200.0]), weeks=2
    )
    assert load.shape == (2, 168)
    assert load[0, :4] == pytest.approx([0.5, 0.5, 0.25, 0.0])
    assert load[1, 167] == pytest.approx(1.0)
    assert load.sum() == pytest.approx(1.0 + 0.25 + 1.0)


def test_a_daily_wave_returns_after_a_day() -> None:
    wave = np.sin(2 * np.pi * np.arange(24 * 50) / 24)
    found = autocorrelation(wave)
    assert found[23] == pytest.approx(1.0, abs=0.05)
    assert found[11] == pytest.approx(-1.0, abs=0.05)
    assert not autocorrelation(np.ones(200)).any()


def test_an_ensemble_scores_as_the_definition_says() -> None:
    members = np.random.default_rng(0).normal(size=(6, 4))
    observed = np.zeros((1, 4))
    pairs = np.abs(members[:, None] - members[None]).sum((0, 1)) / (6 * 5)
    assert crps(members, observed) == pytest.approx(float((np.abs(members).mean(0) - pairs / 2).mean()))


def test_a_sure_and_right_ensemble_loses_nothing() -> None:
    assert crps(np.ones((3, 2)), np.ones((2, 2))) == 0
    assert pinball(np.ones((3, 2)), np.ones((2, 2))) == 0


def test_copies_are_found_and_neighbours_further_away_are_not() -> None:
    real = np.array([[8.0, 0.0, 1.0], [20.0, 1.0, 2.0]])
    assert near_duplicates(real + np.array([0.01, 0.001, 0.001]), real) == 1.0
    assert near_duplicates(real + np.array([1.0, 0.0, 0.0]), real) == 0.0
