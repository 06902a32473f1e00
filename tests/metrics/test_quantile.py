"""The weighted quantile against numpy's, and its laws."""

from __future__ import annotations

import numpy as np
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from trafficdiff.metrics.quantile import weighted_quantile

pairs = st.lists(st.tuples(st.floats(-1e6, 1e6), st.integers(0, 50)), min_size=1, max_size=30)
shares = st.floats(0.01, 1.0)


def quantile(values: list[float], weights: list[float], share: float) -> float:
    return float(
        weighted_quantile(xr.DataArray(values, dims="x"), xr.DataArray(weights, dims="x"), share=share, over=["x"])
    )


@given(pairs, shares)
def test_it_agrees_with_numpys_inverted_distribution_function(observed, share: float) -> None:
    values, weights = map(list, zip(*observed, strict=True))
    if not sum(weights):
        assert np.isnan(quantile(values, weights, share))
        return
    expected = np.quantile(values, share, weights=weights, method="inverted_cdf")
    assert quantile(values, weights, share) == expected


@given(pairs, shares)
def test_weights_are_repetitions(observed, share: float) -> None:
    repeated = [value for value, weight in observed for _ in range(weight)]
    if repeated:
        values, weights = map(list, zip(*observed, strict=True))
        assert quantile(values, weights, share) == np.quantile(repeated, share, method="inverted_cdf")


def test_missing_values_and_missing_weights_are_left_out() -> None:
    assert quantile([1.0, np.nan, 3.0, 9.0], [1.0, 5.0, 1.0, np.nan], 0.95) == 3.0


def test_nothing_weighed_is_missing() -> None:
    assert np.isnan(quantile([1.0, 2.0], [0.0, 0.0], 0.95))


def test_several_dimensions_are_pooled_and_the_others_kept() -> None:
    values = xr.DataArray(np.arange(24.0).reshape(2, 3, 4), dims=("sample", "time", "edge"))
    pooled = weighted_quantile(values, xr.ones_like(values), share=0.5, over=("sample", "time"))
    assert pooled.dims == ("edge",)
    # edge 0 has 0, 4, 8, 12, 16, 20: the third is the first that half of them do not exceed
    np.testing.assert_array_equal(pooled, [8, 9, 10, 11])
