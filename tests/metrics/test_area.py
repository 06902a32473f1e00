"""The area's numbers against the town worked out on paper, and their laws."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings

from tests.metrics.hand_town import ensemble, hand_data
from tests.metrics.test_congestion import measured
from trafficdiff.metrics import area, congestion

SUMS = [area.vehicle_kilometres, area.vehicle_hours, area.delay_hours, area.time_loss_hours, area.waiting_hours]
RATIOS = [area.mean_speed, area.area_travel_time_index]


def test_the_hand_made_town() -> None:
    data = hand_data()
    assert area.vehicle_kilometres(data).item() == pytest.approx(39.0)  # 10 + 20 + 0 + 6 + 3
    assert area.vehicle_hours(data).item() == pytest.approx(8120 / 3600)  # 1000 + 4000 + 2400 + 600 + 120 s
    assert area.delay_hours(data).item() == pytest.approx(4700 / 3600)  # 2000 + 2400 + 300 s
    assert area.time_loss_hours(data).item() == pytest.approx(4860 / 3600)  # 50 + 2100 + 2400 + 310 s
    assert area.waiting_hours(data).item() == pytest.approx(4400 / 3600)
    assert area.mean_speed(data).item() == pytest.approx(39_000 / 8120)
    # free flow: 30,000 m at 10 m/s and 9000 m at 20 m/s = 3450 s
    assert area.area_travel_time_index(data).item() == pytest.approx(8120 / 3450)


def test_an_empty_area_has_no_speed_and_no_index_but_zero_sums() -> None:
    empty = hand_data().isel(edge=[2])
    assert all(metric(empty).item() == 0.0 for metric in SUMS)
    assert all(np.isnan(metric(empty).item()) for metric in RATIOS)


def test_an_area_in_which_everybody_stands_has_speed_zero_and_no_index() -> None:
    standstill = hand_data().isel(time=[2])
    assert area.mean_speed(standstill).item() == 0.0
    assert np.isnan(area.area_travel_time_index(standstill).item())


@pytest.mark.parametrize("metric", [*SUMS, *RATIOS], ids=lambda metric: metric.__name__)
def test_leading_dimensions_give_the_same_as_one_run_at_a_time(metric) -> None:
    stacked = ensemble(hand_data())
    together = metric(stacked)
    assert together.dims == ("scenario", "sample")
    for scenario in range(2):
        for sample in range(2):
            alone = metric(stacked.isel(scenario=scenario, sample=sample))
            xr.testing.assert_allclose(together.isel(scenario=scenario, sample=sample), alone)


@settings(max_examples=25, deadline=None)
@given(measured())
def test_two_halves_of_the_time_axis_add_up_to_the_whole(data: xr.Dataset) -> None:
    first, second = data.isel(time=slice(0, 2)), data.isel(time=slice(2, None))
    for metric in SUMS:
        np.testing.assert_allclose(metric(first) + metric(second), metric(data))


@settings(max_examples=25, deadline=None)
@given(measured())
def test_vehicle_kilometres_are_flow_times_length_and_time(data: xr.Dataset) -> None:
    by_flow = (congestion.flow(data) * data["edge_length"] / 1000 * data["interval_length"] / 3600).sum()
    np.testing.assert_allclose(area.vehicle_kilometres(data), by_flow)


@settings(max_examples=25, deadline=None)
@given(measured())
def test_below_the_limits_delay_is_time_spent_less_time_needed(data: xr.Dataset) -> None:
    needed = congestion.free_flow_vehicle_time(data).sum() / 3600
    np.testing.assert_allclose(area.delay_hours(data), area.vehicle_hours(data) - needed, atol=1e-9)
    index = area.area_travel_time_index(data)
    assert np.isnan(index) or index >= 1 - 1e-9
