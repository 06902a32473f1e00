"""Moments that were added up sample by sample are those of the whole."""

from __future__ import annotations

import numpy as np
import pytest

from trafficdiff.metrics.moments import merged, paired_moments


def samples(count: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(1)
    base = generator.normal(10, 1, (count, 3, 4))
    scenario = base + generator.normal(0, 0.1, base.shape)
    scenario[generator.random(base.shape) < 0.2] = np.nan
    return base, scenario


def test_they_are_numpys_over_the_pairs_that_are_whole() -> None:
    base, scenario = samples(7)
    found = paired_moments(zip(base, scenario, strict=True))
    difference = scenario - base
    assert (found.difference.count == np.isfinite(difference).sum(axis=0)).all()
    np.testing.assert_allclose(found.difference.mean_or_nan, np.nanmean(difference, axis=0))
    np.testing.assert_allclose(found.difference.variance, np.nanvar(difference, axis=0, ddof=1))
    seen = np.where(np.isfinite(difference), base, np.nan)
    np.testing.assert_allclose(found.base.mean_or_nan, np.nanmean(seen, axis=0))


def test_samples_that_come_later_merge() -> None:
    base, scenario = samples(9)
    whole, first, rest = (
        paired_moments(zip(base[part], scenario[part], strict=True)).difference
        for part in (slice(None), slice(4), slice(4, None))
    )
    together = merged(first, rest)
    assert (together.count == whole.count).all()
    np.testing.assert_allclose(together.mean, whole.mean, atol=1e-12)
    np.testing.assert_allclose(together.squares, whole.squares, atol=1e-12)


def test_equal_runs_leave_exactly_nothing() -> None:
    base, _ = samples(5)
    found = paired_moments(zip(base, base.copy(), strict=True)).difference
    assert not found.mean.any()
    assert not found.squares.any()


def test_what_is_rounded_in_another_way_does_not_differ() -> None:
    whole = np.array([6.0, 0.0, 6_000.0])
    stored = np.array([6.0 + 3.2e-7, 0.0, 6_000.01])  # six vehicles, one of them in a last interval of 137 s
    found = paired_moments([(whole, stored), (whole, whole)]).difference
    assert found.mean.tolist()[:2] == [0.0, 0.0]
    assert found.mean[2] == pytest.approx(0.005)


def test_without_a_pair_there_is_no_mean() -> None:
    found = paired_moments([(np.array([np.nan, 1.0]), np.array([1.0, 2.0]))]).difference
    assert np.isnan(found.mean_or_nan[0])
    assert found.mean_or_nan[1] == 1
    assert np.isnan(found.variance).all()  # one sample
    with pytest.raises(ValueError, match="at least one sample"):
        paired_moments([])
