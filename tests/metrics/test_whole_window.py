"""All intervals as one: the town worked out on paper, and the laws between parts and whole."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings

from tests.metrics.hand_town import ensemble, hand_data
from tests.metrics.test_congestion import measured
from trafficdiff.metrics import area, congestion, reliability
from trafficdiff.metrics.whole_window import merge_intervals, whole_window


def test_the_hand_made_town_over_half_an_hour() -> None:
    found = whole_window(hand_data())
    assert found.sizes == {"edge": 3}
    # edge a: 30,000 m in 7400 s on 1000 m in 1800 s; edge b: 9000 m in 720 s on 500 m
    np.testing.assert_allclose(found["flow"], [60.0, 36.0, 0.0])
    np.testing.assert_allclose(found["speed"], [30_000 / 7_400, 12.5, np.nan])
    np.testing.assert_allclose(found["travel_time"], [7_400 / 30, 40.0, np.nan])
    np.testing.assert_allclose(found["density"], [7_400 / 1_800, 720 / 1_800 * 2, 0.0])
    np.testing.assert_allclose(found["queue_length"], [4_400 / 1_800 * 7.5, 0.0, 0.0])
    np.testing.assert_allclose(found["delay"], [4_400.0, 300.0, 0.0])  # and not 270: the fast interval gives nothing
    np.testing.assert_allclose(found["delay_per_vehicle"], [4_400 / 30, 300 / 18, np.nan])
    np.testing.assert_allclose(found["travel_time_index"], [7_400 / 3_000, 720 / 450, np.nan])
    np.testing.assert_allclose(found["occupancy"], [0.061 / 3, 0.002, 0.0])
    np.testing.assert_allclose(found["co2_mass"], [6.0, 0.75, 0.0])


def test_every_variable_carries_the_unit_of_its_name() -> None:
    found = whole_window(hand_data())
    assert found["delay"].attrs["units"] == "s"
    assert found["flow"].attrs["units"] == "h-1"
    assert all("units" in array.attrs for array in found.data_vars.values())


def test_uneven_intervals_weigh_by_their_length() -> None:
    data = hand_data().assign_coords(interval_length=("time", [600.0, 600.0, 1_200.0]))
    occupancy = merge_intervals(data)["occupancy"].isel(time=0)
    assert occupancy.sel(edge="a").item() == pytest.approx((0.008 * 600 + 0.033 * 600 + 0.02 * 1_200) / 2_400)


def test_one_interval_is_its_own_whole() -> None:
    data = hand_data().isel(time=[1])
    found = whole_window(data)
    for metric in (congestion.flow, congestion.speed, congestion.delay, congestion.delay_per_vehicle):
        xr.testing.assert_allclose(found[metric(data).name], metric(data).isel(time=0, drop=True), check_dim_order=True)


@settings(max_examples=25, deadline=None)
@given(measured())
def test_edges_add_up_to_the_area(data: xr.Dataset) -> None:
    counts = {name: xr.zeros_like(data["sampled_time"]) for name in ("entered", "departed", "left")}
    signals = np.zeros(data.sizes["edge"], np.int8)
    found = whole_window(data.assign(counts).assign_coords(edge_signalised=("edge", signals)))
    np.testing.assert_allclose(found["delay"].sum() / 3_600, area.delay_hours(data))
    np.testing.assert_allclose(found["travel_distance"].sum() / 1_000, area.vehicle_kilometres(data))
    np.testing.assert_allclose(found["travel_time_index"], reliability.travel_time_index(data))


def test_leading_dimensions_stay() -> None:
    stacked = ensemble(hand_data())
    together = whole_window(stacked)
    alone = whole_window(stacked.isel(scenario=1, sample=0))
    assert set(together["speed"].dims) == {"scenario", "sample", "edge"}
    xr.testing.assert_allclose(together["speed"].isel(scenario=1, sample=0), alone["speed"])
