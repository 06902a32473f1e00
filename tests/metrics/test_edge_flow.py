"""Flows by hand, and against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import pearsonr, spearmanr

from trafficdiff.metrics.edge_flow import (
    flow_pearson,
    flow_spearman,
    geh5_all,
    geh5_used,
    rmse_sqrt_flow,
    trips_over_edges,
)

flows = st.lists(st.integers(0, 500), min_size=8, max_size=8).filter(lambda values: len(set(values)) > 1)


def test_a_trip_counts_on_every_edge_it_passes_and_edges_without_trips_stay_zero() -> None:
    edges, offsets = np.array([0, 2, 0, 2, 2]), np.array([0, 2, 5])
    assert trips_over_edges(edges, offsets, edge_count=4).tolist() == [2, 0, 3, 0]
    assert trips_over_edges(edges, offsets, edge_count=4, weight=np.array([3.0, 0.5])).tolist() == [3.5, 0, 4, 0]


def test_values_worked_out_by_hand() -> None:
    one, other = np.array([0.0, 1.0, 4.0]), np.array([0.0, 9.0, 4.0])
    # square roots (0, 1, 2) and (0, 3, 2): one difference of 2 in three
    assert rmse_sqrt_flow(one, other) == pytest.approx(np.sqrt(4 / 3))
    # deviations (-5/3, -2/3, 7/3) and (-13/3, 14/3, -1/3): 10/3 over sqrt(26/3 x 122/3)
    assert flow_pearson(one, other) == pytest.approx((10 / 3) / np.sqrt((26 / 3) * (122 / 3)))
    assert flow_spearman(one, other) == pytest.approx(0.5)  # ranks (1, 2, 3) and (1, 3, 2)


@given(flows, flows)
def test_correlations_are_those_of_scipy(one: list[int], other: list[int]) -> None:
    first, second = np.array(one, float), np.array(other, float)
    assert flow_pearson(first, second) == pytest.approx(pearsonr(first, second).statistic, abs=1e-9)
    assert flow_spearman(first, second) == pytest.approx(spearmanr(first, second).statistic, abs=1e-9)


def test_a_flow_that_is_the_same_everywhere_has_no_correlation() -> None:
    assert np.isnan(flow_pearson(np.full(4, 0.1), np.arange(4.0)))


def test_geh_is_taken_on_hourly_flows() -> None:
    one, other = np.array([100.0, 0.0, 0.0]), np.array([180.0, 0.0, 4.0])
    # in one hour GEH = sqrt(2 x 80^2 / 280) = 6.8 and sqrt(8) = 2.8; in four hours half of that
    assert geh5_used(one, other, hours=1.0) == 0.5
    assert geh5_all(one, other, hours=1.0) == pytest.approx(2 / 3)
    assert geh5_used(one, other, hours=4.0) == 1.0
