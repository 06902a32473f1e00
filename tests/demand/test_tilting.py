"""The tilt is the demand of least relative entropy that meets its targets: closed forms, and another solver."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from trafficdiff.demand.slopes import Leant, lean, standardised
from trafficdiff.demand.tilting import tilt


def exactly(count: int) -> np.ndarray:
    """A tolerance that leaves nothing open beside counts of hundreds."""
    return np.full(count, 1e-3)


def test_two_counted_routes_take_the_counted_split_and_the_third_keeps_its_weight() -> None:
    hits = csr_matrix(np.array([[1.0, 0], [0, 1], [0, 0]]))
    prior = np.array([50.0, 50.0, 30.0])
    found = tilt(hits, prior, np.array([80.0, 20.0]), tolerance=exactly(2))
    assert found.weight == pytest.approx([80, 20, 30], rel=1e-6)
    assert found.multiplier == pytest.approx(np.log([80 / 50, 20 / 50]), rel=1e-5)


def test_trips_over_a_counted_edge_share_its_factor() -> None:
    hits = csr_matrix(np.array([[1.0], [1], [0]]))
    found = tilt(hits, np.array([10.0, 30.0, 5.0]), np.array([120.0]), tolerance=exactly(1))
    assert found.weight == pytest.approx([30, 90, 5], rel=1e-6)


def test_counts_that_agree_with_the_prior_change_nothing() -> None:
    hits = csr_matrix(np.array([[1.0, 0], [1, 1], [0, 1]]))
    prior = np.array([3.0, 5.0, 7.0])
    found = tilt(hits, prior, hits.T @ prior, tolerance=np.ones(2))
    assert found.weight == pytest.approx(prior)


def test_contradictory_counts_are_met_by_least_squares() -> None:
    """Upstream 900, downstream 100, no turn between: with a weak prior the weighted mean of the two."""
    hits = csr_matrix(np.ones((4, 2)))
    prior = np.full(4, 50.0)
    equal = tilt(hits, prior, np.array([900.0, 100.0]), tolerance=np.full(2, 0.5))
    assert equal.met == pytest.approx([500, 500], abs=1)
    assert equal.multiplier[0] > 0 > equal.multiplier[1]
    s = np.array([0.2, 0.6])
    better = tilt(hits, prior, np.array([900.0, 100.0]), tolerance=s)
    mean = (900 / s[0] ** 2 + 100 / s[1] ** 2) / (s**-2).sum()
    assert better.met == pytest.approx([mean, mean], rel=1e-2)


def test_a_count_that_no_trip_can_meet_is_left_and_the_others_are_met() -> None:
    hits = csr_matrix(np.array([[1.0, 0], [1, 0]]))
    found = tilt(hits, np.array([1.0, 1.0]), np.array([10.0, 50.0]), tolerance=np.full(2, 0.1))
    assert found.met == pytest.approx([10, 0], abs=0.1)


@pytest.mark.parametrize("seed", range(2))
def test_another_solver_of_the_primal_finds_the_same(seed: int) -> None:
    """L-BFGS over the logarithms of the weights, on the sum that the tilt is said to minimise."""
    random = np.random.default_rng(seed)
    trips, targets = 12, 4
    dense = (random.random((trips, targets)) < 0.4).astype(float)
    prior = random.uniform(0.5, 5, trips)
    wanted = random.uniform(0, 20, targets)
    s = random.uniform(0.3, 2, targets)

    def primal(logs: np.ndarray) -> tuple[float, np.ndarray]:
        weight = np.exp(logs)
        gap = wanted - dense.T @ weight
        value = (weight * (logs - np.log(prior)) - weight + prior).sum() + 0.5 * ((gap / s) ** 2).sum()
        return float(value), weight * (logs - np.log(prior) - dense @ (gap / s**2))

    other = minimize(primal, np.log(prior), jac=True, method="L-BFGS-B", options={"ftol": 1e-14, "gtol": 1e-8})
    found = tilt(csr_matrix(dense), prior, wanted, tolerance=s, accuracy=1e-8)
    assert (found.weight >= 0).all()
    assert found.weight == pytest.approx(np.exp(other.x), rel=2e-3, abs=1e-4)


def test_many_feasible_counts_are_all_reproduced() -> None:
    random = np.random.default_rng(3)
    hits = csr_matrix((random.random((2_000, 80)) < 0.1).astype(float))
    prior = random.gamma(0.5, 2, 2_000) + 0.01
    wanted = hits.T @ (prior * random.gamma(2, 0.5, 2_000))
    found = tilt(hits, prior, wanted, tolerance=np.full(80, 0.5))
    assert np.abs(found.met - wanted).max() < 1


def test_a_common_cause_is_put_into_the_slope_and_not_into_the_counts() -> None:
    """Every count is half of what the prior has, and those trips are the long ones: trips are shorter everywhere."""
    random = np.random.default_rng(0)
    length = random.uniform(0, 2, 400)
    place = random.integers(0, 8, 400)
    counted = (random.random(400) < 0.3) & (length > 1)
    rows = np.flatnonzero(counted)
    hits = csr_matrix((np.ones(len(rows)), (rows, place[rows])), shape=(400, 8))
    prior = np.ones(400)
    wanted = np.asarray(0.5 * (hits.T @ prior))
    x = standardised(length[:, None], prior)
    assert np.average(x[:, 0], weights=prior) == pytest.approx(0, abs=1e-12)

    def leaning(spread: float) -> Leant:
        return lean(
            hits, prior, wanted, tolerance=np.full(8, 1.0), qualities=x, spread=np.array([spread]), strength=10.0
        )

    free, held = leaning(1.0), leaning(1e-4)
    assert free.slope[0] < -0.2
    assert free.prior.sum() == pytest.approx(prior.sum())
    assert held.slope[0] == pytest.approx(0, abs=1e-3)
    assert np.abs(free.tilt.multiplier).mean() < np.abs(held.tilt.multiplier).mean()
