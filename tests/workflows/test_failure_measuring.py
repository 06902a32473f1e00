"""A pool of draws is its own truth: brute force finds it, and replays of the search hold it."""

from __future__ import annotations

import numpy as np
import pytest

from trafficdiff.workflows.failure_measuring import Pool, Population, coverage, pool_rate, replayed
from trafficdiff.workflows.failure_rounds import Plan


def test_brute_force_is_the_pools_mean_and_replays_hold_it_with_fewer_draws() -> None:
    generator = np.random.default_rng(1)
    share = np.where(np.arange(200) < 6, 0.2, 0.0)
    failed = generator.random((200, 40)) < share[:, None]
    near_s = np.where(share[:, None] > 0, generator.uniform(0, 1.5, failed.shape), np.inf)
    pool = Pool(failed, np.where(failed, 0.0, near_s), generator.uniform(0.02, 0.06, failed.shape), cpu_s=0.0)
    truth = 1e6 * failed.mean() / pool.km.mean()
    brute = pool_rate(pool)
    assert brute.per_million_km == pytest.approx(truth)
    assert brute.low < truth < brute.high
    risks = [np.array([0.0, 0.5 if own > 0 or number % 10 == 0 else 0.02]) for number, own in enumerate(share)]
    windows = Population([], risks, pool.km.mean(axis=1))
    rates = replayed(windows, Plan(simulations=800), pool, seeds=range(40))
    said = coverage(rates, pool)
    assert said["held"] >= 0.9
    assert said["mean over truth"] == pytest.approx(1, abs=0.1)
    assert said["fewer"] > 5
    assert said["held"] + said["too low"] + said["too high"] == pytest.approx(1)
