"""Whole trips keep the sums of their weights."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from trafficdiff.demand.rounding import alike_together, systematic


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(1, 200))
def test_exactly_n_come_each_as_often_as_its_weight_says_rounded(seed: int, candidates: int, count: int) -> None:
    random = np.random.default_rng(seed)
    weight = random.random(candidates) * (random.random(candidates) < 0.7)
    weight[random.integers(candidates)] = 1.0
    rows = systematic(weight, count, order=random.permutation(candidates), generator=random)
    taken = np.bincount(rows, minlength=candidates)
    expected = weight / weight.sum() * count
    assert len(rows) == count
    assert (np.diff(rows) >= 0).all()
    assert (np.abs(taken - expected) < 1 + 1e-6).all()
    assert not taken[weight == 0].any()


def test_a_target_keeps_its_sum_to_about_one_trip_a_kind_of_candidate() -> None:
    random = np.random.default_rng(1)
    kinds = np.array(
        [[1, 0, 0, 0, 1], [0, 1, 0, 0, 1], [0, 0, 1, 0, 0], [0, 0, 0, 1, 1], [1, 1, 0, 0, 0], [0, 0, 0, 0, 0]]
    )
    kind = random.integers(0, 6, 3_000)
    hits = csr_matrix(kinds[kind].astype(float))
    weight = random.random(3_000)
    weight *= 800 / weight.sum()
    order = alike_together(hits, [np.arange(3_000)])
    assert len(np.flatnonzero(np.diff(kind[order]))) <= 5
    rows = systematic(weight, 800, order=order, generator=random)
    assert np.asarray(hits[rows].sum(axis=0)).ravel() == pytest.approx(hits.T @ weight, abs=6)
