"""Variances lend each other strength, and only as much as they are alike."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from trafficdiff.metrics.moderation import MOST_LENT, mean_test, moderated


def judge(differences: np.ndarray, level: np.ndarray):
    count = np.full(level.shape, len(differences), np.int32)
    return mean_test(
        differences.mean(axis=0), differences.var(axis=0, ddof=1), count=count, freedom=count - 1, level=level,
        confidence=0.95,
    )  # fmt: skip


def test_a_few_roads_have_nobody_to_learn_from_and_get_plain_t() -> None:
    differences = np.random.default_rng(1).normal(0.5, 1, (8, 12))
    found = judge(differences, np.ones(12))
    plain = stats.ttest_1samp(differences, 0)
    np.testing.assert_allclose(found.p, plain.pvalue)
    bounds = plain.confidence_interval(0.95)
    np.testing.assert_allclose([found.low, found.high], [bounds.low, bounds.high])


def test_roads_that_are_alike_get_a_common_variance_and_more_degrees_of_freedom() -> None:
    generator = np.random.default_rng(2)
    variance = generator.chisquare(5, 5_000) / 5 * 9
    found, freedom = moderated(variance, freedom=np.full(5_000, 5, np.int32), level=np.ones(5_000))
    assert freedom == pytest.approx((1 + MOST_LENT) * 5)  # as much as is allowed
    assert found.std() < variance.std() / (1 + MOST_LENT) * 1.05
    assert found.mean() == pytest.approx(9, rel=0.05)


def test_what_is_lent_is_what_the_spread_of_the_variances_tells() -> None:
    generator = np.random.default_rng(3)
    own, prior, common = 10, 6.0, 4.0
    truth = common * prior / generator.chisquare(prior, 40_000)  # Smyth (2004), section 2
    variance = truth * generator.chisquare(own, 40_000) / own
    found, freedom = moderated(variance, freedom=np.full(40_000, own, np.int32), level=np.ones(40_000))
    assert freedom.mean() == pytest.approx(own + prior, rel=0.03)
    np.testing.assert_allclose(found, (prior * common + own * variance) / (prior + own), rtol=0.05)


def test_busy_roads_learn_from_busy_roads() -> None:
    generator = np.random.default_rng(4)
    level = np.repeat([1.0, 1_000.0], 2_000)
    variance = level * generator.chisquare(5, 4_000) / 5
    found, _ = moderated(variance, freedom=np.full(4_000, 5, np.int32), level=level)
    assert found[:2_000].mean() == pytest.approx(1, rel=0.1)
    assert found[2_000:].mean() == pytest.approx(1_000, rel=0.1)


def test_few_samples_that_agree_by_chance_do_not_make_a_change() -> None:
    generator = np.random.default_rng(5)
    differences = np.round(generator.normal(0, 2, (5, 2_000)))
    differences[:, 0] = 1.0  # no variance at all
    found = judge(differences, np.ones(2_000))
    assert found.p[0] > 0.05
    assert found.low[0] < 0 < found.high[0]


def test_exactly_no_difference_is_exactly_no_difference() -> None:
    found = judge(np.zeros((6, 30)), np.ones(30))
    assert not found.low.any()
    assert not found.high.any()
    assert (found.p == 1).all()
