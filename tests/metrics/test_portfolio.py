"""The chosen set is the best one that the budget and the conditions allow."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trafficdiff.metrics.portfolio import best_portfolio, chosen_share, fits_alone

SIZE = 6
number = st.floats(-10, 10, allow_nan=False)
pairs = st.lists(
    st.tuples(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1)).filter(lambda p: p[0] != p[1]), max_size=4
)


def by_enumeration(saved, cost, budget, requires, excludes):
    """Look at every set."""
    best = 0.0
    for bits in itertools.product((False, True), repeat=len(saved)):
        taken = np.array(bits)
        if cost[taken].sum() > budget or any(taken[i] and not taken[j] for i, j in requires):
            continue
        if any(taken[i] and taken[j] for i, j in excludes):
            continue
        best = max(best, saved[taken].sum())
    return best


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    saved=st.lists(number, min_size=SIZE, max_size=SIZE),
    cost=st.lists(st.floats(0.1, 10), min_size=SIZE, max_size=SIZE),
    budget=st.floats(0.5, 40),
    requires=pairs,
    excludes=pairs,
)
def test_no_other_set_within_budget_and_conditions_saves_more(saved, cost, budget, requires, excludes) -> None:
    saved, cost = np.array(saved), np.array(cost)
    taken = best_portfolio(saved, cost, budget=budget, requires=requires, excludes=excludes)
    assert cost[taken].sum() <= budget
    assert not any(taken[i] and not taken[j] for i, j in requires)
    assert not any(taken[i] and taken[j] for i, j in excludes)
    largest = np.abs(saved).max()
    truth = by_enumeration(saved, cost, budget, requires, excludes)
    assert saved[taken].sum() >= truth - 1e-5 * max(largest, 1e-9)


def test_two_cheap_ones_beat_the_best_single_one() -> None:
    taken = best_portfolio(np.array([10.0, 7.0, 6.0]), np.array([10.0, 5.0, 5.0]), budget=10.0)
    assert taken.tolist() == [False, True, True]


def test_what_does_harm_is_taken_only_where_something_better_needs_it() -> None:
    saved, cost = np.array([-1.0, 5.0]), np.array([1.0, 1.0])
    assert best_portfolio(saved, cost, budget=5.0).tolist() == [False, True]
    assert best_portfolio(saved, cost, budget=5.0, requires=[(1, 0)]).tolist() == [True, True]
    assert best_portfolio(np.array([-6.0, 5.0]), cost, budget=5.0, requires=[(1, 0)]).tolist() == [False, False]


def test_a_candidate_that_saves_nothing_is_left_out() -> None:
    assert best_portfolio(np.array([0.0, 2.0]), np.array([1.0, 1.0]), budget=5.0).tolist() == [False, True]


@pytest.mark.slow
def test_a_saving_that_is_sure_is_always_chosen_and_an_even_one_half_the_time() -> None:
    drawn = np.random.default_rng(1).normal([10.0, 0.0], [0.1, 1.0], size=(400, 2))
    share = chosen_share(drawn, np.array([1.0, 1.0]), budget=2.0)
    assert share[0] == 1
    assert 0.4 < share[1] < 0.6


def test_a_candidate_fits_only_with_all_that_it_requires() -> None:
    cost = np.array([1.0, 2.0, 4.0, 9.0])
    assert fits_alone(cost, budget=6.5, requires=[(0, 1), (1, 2)]).tolist() == [False, True, True, False]
    assert fits_alone(cost, budget=8.0, requires=[(0, 1), (1, 2)], excludes=[(2, 1)]).tolist() == [
        False,
        False,
        True,
        False,
    ]
