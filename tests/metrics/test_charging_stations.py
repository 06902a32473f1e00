"""Concentration and balance are what their definitions say."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from trafficdiff.metrics.charging_stations import concentration


def of(values: list[float]) -> float:
    return float(concentration(xr.DataArray(np.array(values), dims="station")))


def test_the_busiest_of_five_is_a_fifth_of_the_stations():
    assert of([1.0, 1.0, 6.0, 1.0, 1.0]) == pytest.approx(0.6)
    assert of([5.0] + [0.0] * 9) == 1.0
    assert np.isnan(of([0.0, 0.0]))


@given(st.integers(1, 30))
def test_equal_stations_are_not_concentrated(count: int):
    assert of([3.0] * count) == pytest.approx(0.2)


def test_leading_dimensions_are_kept():
    energy = xr.DataArray([[1.0, 0, 0, 0, 0], [1.0, 1, 1, 1, 1]], dims=("sample", "station"))
    np.testing.assert_allclose(concentration(energy), [1.0, 0.2])
