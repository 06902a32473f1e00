"""The share of false discoveries is controlled as published."""

from __future__ import annotations

import numpy as np
import pytest

from trafficdiff.metrics.false_discovery import q_values

PUBLISHED = np.array(
    [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528, 0.759, 1]
)  # fmt: skip
"""The example of Benjamini and Hochberg (1995), section 3.2: four hypotheses are rejected at 0.05."""


def test_the_published_example_rejects_four() -> None:
    shuffled = np.random.default_rng(1).permutation(15)
    q = q_values(PUBLISHED[shuffled])
    assert (PUBLISHED[shuffled][q <= 0.05] < 0.01).all()
    assert (q <= 0.05).sum() == 4
    assert (q_values(PUBLISHED, dependence="any") <= 0.05).sum() == 3


def test_any_dependence_costs_the_harmonic_number() -> None:
    small = np.array([1e-6, 2e-6, 3e-6])
    assert q_values(small, dependence="any") == pytest.approx(q_values(small) * (1 + 1 / 2 + 1 / 3))


def test_what_was_not_tested_does_not_count() -> None:
    p = np.array([[0.01, np.nan], [0.04, np.nan]])
    assert q_values(p)[:, 0] == pytest.approx([0.02, 0.04])
    assert np.isnan(q_values(p)[:, 1]).all()
    assert np.isnan(q_values(np.full(3, np.nan))).all()
