"""Simulations go where they decide, and the best is found more often than with equal numbers."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from trafficdiff.metrics.allocation import (
    best_shares,
    lent,
    moments_of,
    more_samples,
    next_samples,
    posterior_means,
    probability_best,
)


def test_the_shares_are_those_of_the_theorem_worked_by_hand() -> None:
    # Distances 1 and 2, variances 1, 1 and 4: N_1 : N_2 = 1/1 : 4/4, and N_b = 1 * sqrt(1/1 + 1/4).
    shares = best_shares(np.array([3.0, 2.0, 1.0]), np.array([1.0, 1.0, 4.0]))
    assert shares == pytest.approx(np.array([np.sqrt(1.25), 1, 1]) / (2 + np.sqrt(1.25)))


def test_close_and_noisy_candidates_get_most() -> None:
    shares = best_shares(np.array([5.0, 4.9, 0.0]), np.array([1.0, 1.0, 1.0]))
    assert min(shares[:2]) > 20 * shares[2]
    shares = best_shares(np.array([5.0, 3.0, 3.0]), np.array([1.0, 9.0, 1.0]))
    assert shares[1] == pytest.approx(9 * shares[2])


def test_what_never_varies_needs_no_more_samples() -> None:
    shares = best_shares(np.array([0.0, 3.0, 2.0]), np.array([0.0, 1.0, 1.0]))
    assert shares[0] == 0
    assert best_shares(np.zeros(3), np.zeros(3)).tolist() == pytest.approx([1 / 3] * 3)


def test_a_tie_does_not_take_everything() -> None:
    shares = best_shares(np.array([1.0, 1.0, 0.0]), np.ones(3))
    assert np.isfinite(shares).all()
    assert shares[2] > 0


@pytest.mark.parametrize("extra", [0, 1, 7, 100])
def test_more_samples_add_up_and_nobody_gives_any_back(extra: int) -> None:
    given = more_samples(np.array([0.6, 0.3, 0.1]), np.array([2.0, 2.0, 50.0]), extra=extra)
    assert given.sum() == extra
    assert (given >= 0).all()
    assert given[2] == 0 or extra > 40


def test_samples_converge_to_the_shares() -> None:
    shares, counts = np.array([0.5, 0.3, 0.2]), np.array([3.0, 3.0, 3.0])
    for _ in range(50):
        counts += more_samples(shares, counts, extra=4)
    assert counts / counts.sum() == pytest.approx(shares, abs=0.01)


def test_moments_are_those_of_each_candidate() -> None:
    mean, variance, counts = moments_of([np.array([1.0, 3.0]), np.array([2.0, 2.0, 5.0])])
    assert mean.tolist() == [2.0, 3.0]
    assert variance.tolist() == [2.0, 3.0]
    assert counts.tolist() == [2.0, 3.0]


def test_the_probability_of_being_best_is_that_of_two_means_in_closed_form() -> None:
    from scipy.stats import norm

    generator = np.random.default_rng(3)
    values = [generator.normal(size=400), generator.normal(0.1, 1, size=400)]
    drawn = posterior_means(values, draws=40_000, generator=generator)
    mean, variance, counts = moments_of(values)
    truth = norm.cdf((mean[1] - mean[0]) / np.sqrt((variance / counts).sum()))
    assert probability_best(drawn)[1] == pytest.approx(truth, abs=0.01)


def test_equal_candidates_share_the_probability() -> None:
    assert probability_best(np.zeros((10, 4))).tolist() == [0.25] * 4


def test_a_variance_borrows_from_the_others_but_none_is_made_up() -> None:
    counts = np.array([5.0, 5.0, 5.0])
    assert lent(np.array([0.0, 1.0, 9.0]), counts) == pytest.approx([0.0, (4 * 5 + 4 * 1) / 8, (4 * 5 + 4 * 9) / 8])
    assert lent(np.zeros(3), counts).tolist() == [0, 0, 0]


def test_who_never_varies_gets_no_more_while_the_others_do() -> None:
    generator = np.random.default_rng(2)
    values = [np.zeros(3), generator.normal(size=3), generator.normal(size=3)]
    given = next_samples(values, extra=20)
    assert given[0] == 0
    assert given.sum() == 20
    assert next_samples([np.zeros(3)] * 4, extra=8).tolist() == [2, 2, 2, 2]


def test_every_candidate_that_varies_keeps_being_looked_at() -> None:
    generator = np.random.default_rng(2)
    values = [generator.normal(place, 0.1, 3) for place in (0.0, 10.0, 9.9)]
    assert next_samples(values, extra=200)[0] >= 15


@pytest.mark.slow
def test_the_best_is_found_more_often_than_with_equal_numbers_and_sets_are_no_worse() -> None:
    """Ten candidates, 80 simulations, 300 synthetic studies; scripts/bench_allocation.py prints the table."""
    path = Path(__file__).parents[2] / "scripts" / "bench_allocation.py"
    spec = importlib.util.spec_from_file_location("scripts_bench_allocation", path)
    assert spec is not None
    assert spec.loader is not None
    bench = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bench)
    ours, equal = (bench.judged(rule, simulations=80, studies=300) for rule in ("ours", "equal"))
    assert ours[0] > 1.12 * equal[0]
    assert ours[1] > equal[1] - 0.04
