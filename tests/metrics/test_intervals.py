"""Intervals hold what they promise with few samples, and say nothing where nothing is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from trafficdiff.metrics.intervals import (
    mean_interval,
    resamples,
    student_interval,
    studentised_interval,
    welch_interval,
)

DICE = resamples(20, generator=np.random.default_rng(3), replicates=999)


def test_differences_that_are_all_exactly_zero_give_exactly_zero() -> None:
    for count in (1, 2, 20):
        assert mean_interval(np.zeros(count), confidence=0.95, dice=DICE) == (0.0, 0.0, "constant")


def test_a_difference_that_is_the_same_in_every_sample_is_its_own_interval_but_one_sample_has_none() -> None:
    assert mean_interval(np.full(6, -17.0), confidence=0.95, dice=DICE)[:2] == (-17.0, -17.0)
    alone = mean_interval(np.array([-17.0]), confidence=0.95, dice=DICE)
    assert np.isnan(alone.low)
    assert not alone.excludes_zero


def test_students_interval_is_scipys() -> None:
    values = np.array([0.3, -1.0, 2.5, 0.7])
    scipys = stats.ttest_1samp(values, 0).confidence_interval(0.9)
    assert student_interval(values, confidence=0.9)[:2] == pytest.approx((scipys.low, scipys.high))
    assert mean_interval(values, confidence=0.9, dice=DICE).method == "student"  # four are too few to resample


def test_welchs_interval_is_scipys() -> None:
    generator = np.random.default_rng(4)
    base, scenario = generator.normal(3, 1, 7), generator.normal(5, 4, 12)
    scipys = stats.ttest_ind(scenario, base, equal_var=False).confidence_interval(0.95)
    assert welch_interval(base, scenario, confidence=0.95)[:2] == pytest.approx((scipys.low, scipys.high))
    assert welch_interval(np.ones(3), np.full(3, 4.0), confidence=0.95)[:2] == (3.0, 3.0)
    assert np.isnan(welch_interval(np.ones(1), np.ones(1), confidence=0.95).low)


@pytest.mark.parametrize("samples", [5, 8, 20])
@pytest.mark.parametrize("law", ["normal", "null of a skewed number", "skewed"])
def test_95_percent_intervals_hold_the_truth_in_90_to_98_percent_of_studies(samples: int, law: str) -> None:
    generator = np.random.default_rng(5)
    draw = {
        "normal": lambda: generator.normal(size=samples),
        "null of a skewed number": lambda: np.subtract(*generator.lognormal(size=(2, samples))),
        "skewed": lambda: generator.gamma(4, size=samples) - 4,
    }[law]
    held = [not mean_interval(draw(), confidence=0.95, dice=DICE).excludes_zero for _ in range(600)]
    assert 0.90 <= np.mean(held) <= 0.98


def test_the_bootstrap_leans_where_the_data_lean() -> None:
    values = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.9, 1.3, 2.0, 3.1])
    low, high, method = studentised_interval(values, confidence=0.95, dice=DICE)
    assert method == "bootstrap-t"
    assert high - values.mean() > 2 * (values.mean() - low)


def test_one_day_apart_among_days_alike_gives_no_bound_beyond_all_reason() -> None:
    values = np.array([110, 112, 109, 111, 110, 113, 108, 110, 111, 45.0])
    found = mean_interval(values, confidence=0.95, dice=DICE)
    assert found == student_interval(values, confidence=0.95)  # the bootstrap's lower bound is at -40
    assert 80 < found.low < 104 < found.high < 120


def test_a_count_that_hardly_ever_differs_falls_back_on_students() -> None:
    values = np.array([0.0, 0, 0, 0, 0, 1])
    assert mean_interval(values, confidence=0.95, dice=DICE) == student_interval(values, confidence=0.95)


@given(
    arrays(np.float64, st.integers(2, 15), elements=st.floats(-1e3, 1e3, width=32)),
    st.floats(-50, 50),
    st.floats(0.01, 100),
)
def test_shifting_and_scaling_the_data_shifts_and_scales_the_interval(
    values: np.ndarray, shift: float, scale: float
) -> None:
    values = np.round(values, 2)
    one = mean_interval(values, confidence=0.95, dice=DICE)
    other = mean_interval(scale * values + shift, confidence=0.95, dice=DICE)
    size = 1e-6 * (1 + scale * np.abs(values).max() + abs(shift)) * 1e3
    if "constant" not in {one.method, other.method}:
        assert other[:2] == pytest.approx((scale * one.low + shift, scale * one.high + shift), abs=size)


def test_the_same_dice_give_the_same_interval_whatever_else_was_compared() -> None:
    values = np.random.default_rng(6).normal(size=9)
    assert mean_interval(values, confidence=0.95, dice=DICE) == mean_interval(values, confidence=0.95, dice=DICE[:, :9])
