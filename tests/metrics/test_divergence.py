"""Divergence and overlap of tables, by hand and against a second implementation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon

from trafficdiff.metrics.divergence import common_part, common_part_of_commuters, jensen_shannon

tables = st.lists(st.integers(0, 1_000), min_size=6, max_size=6).filter(any)


def test_a_value_worked_out_by_hand() -> None:
    # P = (1, 0), Q = (1/2, 1/2), M = (3/4, 1/4): (log2(4/3) + (log2(2/3) + log2(2)) / 2) / 2 = 0.311278
    assert jensen_shannon([7, 0], [3, 3]) == pytest.approx(0.3112781, abs=1e-7)
    assert common_part([7, 0], [3, 3]) == 0.5


def test_tables_without_a_common_cell_are_one_bit_apart() -> None:
    assert jensen_shannon([1, 0, 2, 0], [0, 5, 0, 1]) == 1.0
    assert common_part([1, 0, 2, 0], [0, 5, 0, 1]) == 0.0


def test_nothing_compares_with_nothing() -> None:
    assert np.isnan(jensen_shannon([0, 0], [1, 1]))
    assert np.isnan(common_part([1, 1], [0, 0]))


@given(tables, tables)
def test_the_divergence_is_symmetric_within_bounds_and_the_square_of_scipys_distance(
    one: list[int], other: list[int]
) -> None:
    found = jensen_shannon(one, other)
    assert 0.0 <= found <= 1.0
    assert found == pytest.approx(jensen_shannon(other, one), abs=1e-12)
    assert found == pytest.approx(float(jensenshannon(one, other, base=2)) ** 2, abs=1e-9)


@given(tables, st.integers(1, 50))
def test_only_shares_count_and_equal_ones_agree_fully(table: list[int], factor: int) -> None:
    scaled = factor * np.array(table)
    assert jensen_shannon(table, scaled) == pytest.approx(0.0, abs=1e-12)
    assert common_part(table, scaled) == pytest.approx(1.0)


@given(tables, tables)
def test_the_common_part_is_one_less_half_of_the_absolute_differences(one: list[int], other: list[int]) -> None:
    first, second = np.array(one) / sum(one), np.array(other) / sum(other)
    assert common_part(one, other) == pytest.approx(1 - np.abs(first - second).sum() / 2)


def test_commuters_who_stay_in_their_zone_do_not_count() -> None:
    # off the diagonal: modelled (2, 2), observed (30, 10); as shares (1/2, 1/2) and (3/4, 1/4): overlap 3/4
    assert common_part_of_commuters([[900, 2], [2, 0]], [[0, 30], [10, 5]]) == 0.75


def test_a_total_that_is_not_matched_counts() -> None:
    # off the diagonal: modelled (20, 10), observed (30, 10): 2 (20 + 10) / (30 + 40)
    found = common_part_of_commuters([[900, 20], [10, 0]], [[0, 30], [10, 5]], match_totals=False)
    assert found == pytest.approx(6 / 7)
    assert np.isnan(common_part_of_commuters([[1, 0], [0, 1]], [[2, 0], [0, 2]], match_totals=False))
