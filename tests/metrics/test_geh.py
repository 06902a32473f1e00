"""The GEH statistic against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trafficdiff.metrics.geh import geh, geh_share

flows = st.floats(0.0, 1e5)


def test_known_values() -> None:
    # 1000 against 1200: sqrt(2 x 200^2 / 2200) = 6.03; 100 against 80: sqrt(2 x 400 / 180) = 2.11
    np.testing.assert_allclose(geh([1000, 100], [1200, 80]), [6.0302, 2.1082], atol=1e-4)


def test_nothing_against_nothing_fits() -> None:
    assert geh(0.0, 0.0) == 0.0


@given(flows, flows)
def test_it_is_symmetric_and_zero_for_equal_flows_only(one: float, other: float) -> None:
    assert geh(one, other) == geh(other, one)
    assert geh(one, one) == 0.0
    assert (geh(one, other) > 0) == (one != other) or abs(one - other) < 1e-100


@given(flows, flows)
def test_four_times_the_flow_doubles_it(one: float, other: float) -> None:
    assert geh(4 * one, 4 * other) == pytest.approx(2 * geh(one, other), abs=1e-9)


def test_the_share_that_fits_leaves_places_without_a_count_out() -> None:
    assert geh_share([1000, 100, 7], [1200, 80, np.nan]) == 0.5
    assert geh_share([1000, 100], [1200, 80], below=10) == 1.0
    assert np.isnan(geh_share([7], [np.nan]))
