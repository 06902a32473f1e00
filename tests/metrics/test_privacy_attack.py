"""The membership attack is what the textbook says, ties and bounds included."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from trafficdiff.metrics.privacy_attack import attack, true_positives

SCORES = st.lists(st.integers(-5, 5), min_size=2, max_size=30).map(lambda values: np.array(values, float))


@settings(max_examples=30)
@given(SCORES, SCORES)
def test_the_area_is_that_of_mann_and_whitney(members, others):
    u = mannwhitneyu(members, others, method="asymptotic").statistic
    assert attack(members, others).auc == pytest.approx(u / len(members) / len(others))


def test_bounds_agree_with_the_bootstrap():
    random = np.random.default_rng(0)
    members, others = random.normal(0.5, 1, 200), random.normal(0, 1, 300)
    drawn = [attack(random.choice(members, 200), random.choice(others, 300)).auc for _ in range(400)]
    found = attack(members, others)
    assert found.auc_interval.high - found.auc == pytest.approx(1.96 * np.std(drawn), rel=0.12)


def test_equal_scores_tell_nothing():
    found = attack(np.zeros(50), np.zeros(50))
    assert (found.auc, found.found) == (0.5, pytest.approx(0.01))


def test_members_above_all_others_are_all_found():
    found = attack(np.arange(10.0) + 100, np.arange(10.0))
    assert (found.auc, found.found) == (1.0, 1.0)


def test_the_curve_is_straight_between_thresholds():
    # thresholds from above: 9 -> (false 0, hits 1/2), 5 -> (1/4, 1/2 + 1/2), so at false .125 hits are .75
    assert true_positives(np.array([9.0, 5.0]), np.array([5.0, 1, 1, 1]), false_rate=0.125) == pytest.approx(0.75)


def test_of_thresholds_with_one_false_rate_the_attacker_takes_the_best():
    # nobody of the others lies above 3: both members above are found without any false one
    assert true_positives(np.array([9.0, 5.0, 1.0]), np.array([3.0, 2.0]), false_rate=0.0) == pytest.approx(2 / 3)


@pytest.mark.parametrize("members", [np.array([1.0]), np.array([1.0, np.nan])])
def test_too_few_or_unknown_scores_are_refused(members):
    with pytest.raises(ValueError, match="two finite scores"):
        attack(members, np.arange(3.0))
