"""Changed roads are found, few false ones among them, and what cannot be compared is not called unchanged."""

from __future__ import annotations

import time

import numpy as np
import pytest

from trafficdiff.metrics.edge_changes import place_changes
from trafficdiff.metrics.moments import paired_moments


def study(samples: int, roads: int, *, changed: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return vehicles by sample and road; the first `changed` roads lose a third of theirs."""
    generator = np.random.default_rng(seed)
    level = generator.lognormal(4, 1, roads)
    share = np.where(np.arange(roads) < changed, 2 / 3, 1.0)
    common = generator.poisson(0.5 * level, (samples, roads))
    base = common + generator.poisson(0.5 * level, (samples, roads))
    scenario = common * share + generator.poisson(0.5 * level * share, (samples, roads))
    return base.astype(float), scenario


def changes(base: np.ndarray, scenario: np.ndarray, **options):
    moments = paired_moments(zip(base, scenario, strict=True))
    return place_changes(moments, confidence=0.95, rate=0.05, **options)


@pytest.mark.parametrize("samples", [5, 10, 20])
def test_at_most_about_5_percent_of_the_roads_shown_are_false_and_most_changed_ones_are_shown(samples: int) -> None:
    false, found = [], []
    for seed in range(10):
        shown = changes(*study(samples, 2_000, changed=300, seed=seed)).distinguishable
        false.append(shown[300:].sum() / max(shown.sum(), 1))
        found.append(shown[:300].mean())
    assert np.mean(false) <= 0.06
    assert np.mean(found) > (0.5 if samples == 5 else 0.8)


@pytest.mark.slow
def test_without_any_change_hardly_any_study_shows_a_road() -> None:
    shown = [changes(*study(8, 500, changed=0, seed=seed)).distinguishable.any() for seed in range(100)]
    assert np.mean(shown) <= 0.1


def test_equal_runs_show_exactly_nothing() -> None:
    base, _ = study(6, 300, changed=0)
    found = changes(base, base.copy())
    assert not found.difference.any()
    assert not found.low.any()
    assert not found.high.any()
    assert (found.p == 1).all()
    assert not found.distinguishable.any()


def test_a_known_shift_is_found_where_it_is() -> None:
    base, _ = study(10, 300, changed=0)
    scenario = base.copy()
    scenario[:, 7] += 25
    found = changes(base, scenario)
    assert found.distinguishable.nonzero()[0].tolist() == [7]
    assert found.difference[7] == pytest.approx(25)
    assert found.low[7] <= 25 <= found.high[7]


def test_roads_that_nobody_used_are_not_tested_and_those_of_one_network_have_no_p() -> None:
    base, scenario = study(6, 50, changed=0)
    base[:, 0] = scenario[:, 0] = 0
    base[:, 1] = 0
    left_out = np.arange(50) == 1
    found = changes(base, scenario, left_out=left_out)
    assert np.isnan(found.p[:2]).all()
    assert np.isnan(found.q[:2]).all()
    assert not found.distinguishable[:2].any()
    assert np.isfinite(found.p[2:]).all()


def test_different_seeds_are_compared_without_pairs() -> None:
    base, scenario = study(10, 400, changed=100)
    paired, apart = changes(base, scenario), changes(base, scenario, paired=False)
    assert apart.distinguishable.sum() < paired.distinguishable.sum()
    assert (apart.difference == paired.difference).all()


@pytest.mark.slow
def test_a_city_by_interval_takes_seconds_and_little_memory() -> None:
    import tracemalloc

    edges, intervals, samples = 20_000, 12, 20
    generator = np.random.default_rng(1)

    def pairs():
        for _ in range(samples):
            base = generator.gamma(2, 10, (intervals, edges)).astype(np.float32)
            yield base, base + generator.normal(0, 1, base.shape).astype(np.float32)

    tracemalloc.start()
    started = time.process_time()
    found = place_changes(paired_moments(pairs()), confidence=0.95, rate=0.05)
    seconds, peak = time.process_time() - started, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.p.shape == (intervals, edges)
    one_run = intervals * edges * 8
    assert peak < 40 * one_run  # not samples times as much
    assert seconds < 10
