"""The indices of FHWA against the town worked out on paper, and their laws."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings

from tests.metrics.hand_town import ensemble, hand_data, hand_trips
from tests.metrics.test_congestion import measured
from trafficdiff.metrics import reliability

NAN = np.nan
INDICES = [reliability.travel_time_index, reliability.planning_time_index, reliability.buffer_index]


def test_travel_time_index_is_time_spent_over_time_needed() -> None:
    # a: (1000 + 4000 + 2400) s / (1000 + 2000 + 0) s; b: 720 / (300 + 150); c: nobody
    np.testing.assert_allclose(reliability.travel_time_index(hand_data()), [7400 / 3000, 1.6, NAN])


def test_planning_time_index_weights_intervals_by_traversals() -> None:
    # a: 10 traversals in 100 s, 20 in 200 s, none in the standstill: 95 % took 200 s or less, free flow is 100 s
    # b: 12 in 50 s and 6 in 20 s: 95 % took 50 s or less, free flow is 25 s
    np.testing.assert_allclose(reliability.planning_time_index(hand_data()), [2.0, 2.0, NAN])


@pytest.mark.parametrize(("slow", "expected"), [(4, 1.0), (5, 1.0), (6, 10.0)])
def test_the_slowest_five_per_cent_of_traversals_do_not_set_the_percentile(slow: int, expected: float) -> None:
    # 100 traversals of 1000 m, some in 1000 s and the others in 100 s; unweighted, the slow interval would set it.
    data = xr.Dataset(
        {
            "sampled_time": (("time", "edge"), [[(100 - slow) * 100.0], [slow * 1000.0]]),
            "travel_distance": (("time", "edge"), [[(100 - slow) * 1000.0], [slow * 1000.0]]),
        },
        {"edge_length": ("edge", [1000.0]), "edge_speed_limit": ("edge", [10.0])},
    )
    assert reliability.planning_time_index(data).item() == expected


def test_buffer_index_is_relative_to_the_mean() -> None:
    # a: mean 246.67 s, percentile 200 s; b: mean 40 s, percentile 50 s
    np.testing.assert_allclose(reliability.buffer_index(hand_data()), [(200 - 740 / 3) / (740 / 3), 0.25, NAN])


@pytest.mark.parametrize("index", INDICES, ids=lambda index: index.__name__)
def test_leading_dimensions_give_the_same_as_one_run_at_a_time(index) -> None:
    stacked = ensemble(hand_data())
    together = index(stacked)
    assert together.dims == ("scenario", "sample", "edge")
    xr.testing.assert_allclose(together.isel(scenario=1, sample=0), index(stacked.isel(scenario=1, sample=0)))


@pytest.mark.parametrize("index", INDICES, ids=lambda index: index.__name__)
def test_over_samples_pools_the_runs_of_an_ensemble(index) -> None:
    stacked = ensemble(hand_data()).isel(scenario=0, drop=True)
    one_after_the_other = xr.concat([stacked.isel(sample=0), stacked.isel(sample=1)], "time", data_vars="minimal")
    xr.testing.assert_allclose(
        index(stacked, over=("sample", "time")).drop_vars("sample", errors="ignore"), index(one_after_the_other)
    )


@settings(max_examples=25, deadline=None)
@given(measured())
def test_nobody_beats_free_flow_below_the_limit(data: xr.Dataset) -> None:
    for index in (reliability.travel_time_index, reliability.planning_time_index):
        values = index(data)
        assert ((values >= 1 - 1e-9) | values.isnull()).all()


@settings(max_examples=25, deadline=None)
@given(measured())
def test_the_indices_fit_together(data: xr.Dataset) -> None:
    mean, near_worst = reliability.travel_time_index(data), reliability.planning_time_index(data)
    np.testing.assert_allclose(reliability.buffer_index(data), near_worst / mean - 1, atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(measured())
def test_splitting_every_interval_in_two_changes_nothing(data: xr.Dataset) -> None:
    half = data.assign({name: data[name] / 2 for name in ("sampled_time", "travel_distance")})
    halves = xr.concat([half, half], "time", data_vars="minimal")
    for index in INDICES:
        np.testing.assert_allclose(index(halves), index(data), atol=1e-9)


def test_trip_indices_are_over_completed_trips() -> None:
    trips = hand_trips()
    # ratios 1, 2, 1.5, 2: mean 1.625; the smallest that 95 % of four do not exceed is the largest, 2
    assert reliability.trip_time_ratios(trips).tolist() == [1.0, 2.0, 1.5, 2.0]
    assert reliability.trip_travel_time_index(trips) == 1.625
    assert reliability.trip_planning_time_index(trips) == 2.0
    assert reliability.trip_buffer_index(trips) == pytest.approx(0.375 / 1.625)


def test_trip_indices_of_no_trips_are_missing() -> None:
    nobody = hand_trips().iloc[4:]
    assert np.isnan(reliability.trip_travel_time_index(nobody))
    assert np.isnan(reliability.trip_planning_time_index(nobody))
    assert np.isnan(reliability.trip_buffer_index(nobody))


def test_a_trip_that_did_not_move_has_no_ratio() -> None:
    trips = hand_trips()
    trips.loc[0, ["duration_s", "free_flow_time_s"]] = [3.0, 0.0]
    assert reliability.trip_time_ratios(trips).tolist() == [2.0, 1.5, 2.0]
