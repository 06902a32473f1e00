"""No cell of fewer than ten is shown, nor one that totals give away."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from trafficdiff.metrics.privacy_cells import small_cells, suppressed


def test_cells_below_ten_go_and_empty_ones_and_ten_stay():
    np.testing.assert_array_equal(suppressed(np.array([0.0, 1, 9, 10, 25])), [0, np.nan, np.nan, 10, 25])


def test_with_totals_a_hole_never_stands_alone():
    table = np.array([[50.0, 3, 40], [20, 30, 60], [70, 80, 90]])
    shown = suppressed(table, totals=True)
    holes = np.isnan(shown)
    # 3 goes; 40 hides it in its row, 30 in its column; 60 hides both of these
    np.testing.assert_array_equal(holes, [[False, True, True], [False, True, True], [False, False, False]])


@settings(max_examples=25)
@given(arrays(np.int64, (4, 5), elements=st.integers(0, 25)))
def test_no_line_of_a_table_with_totals_has_one_hole(table):
    shown = suppressed(table.astype(float), totals=True)
    holes = np.isnan(shown)
    assert not small_cells(np.nan_to_num(shown)).any()
    assert (holes.sum(axis=0) != 1).all()
    assert (holes.sum(axis=1) != 1).all()
    np.testing.assert_array_equal(shown[~holes], table[~holes])


def test_totals_need_rows_and_columns():
    with pytest.raises(ValueError, match="rows and columns"):
        suppressed(np.array([1.0, 20.0]), totals=True)
