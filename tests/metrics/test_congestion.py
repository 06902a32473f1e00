"""Flow, density, speed, travel time and delay against the town worked out on paper, and their laws."""

from __future__ import annotations

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.metrics.hand_town import ensemble, hand_data
from trafficdiff.metrics import congestion, level_of_service, queue
from trafficdiff.units import QUANTITIES

NAN = np.nan
BY_PLACE = [
    congestion.flow,
    congestion.density,
    congestion.speed,
    congestion.travel_time,
    congestion.delay,
    congestion.delay_per_vehicle,
    level_of_service.control_delay,
    level_of_service.level_of_service,
    level_of_service.street_level_of_service,
    queue.queue_length,
]


def test_flow_is_distance_over_length_and_time() -> None:
    # a, first interval: 10,000 m / (1000 m x 600 s) x 3600 = 60 vehicles per hour
    expected = [[60, 72, 0], [120, 36, 0], [0, 0, 0]]
    np.testing.assert_allclose(congestion.flow(hand_data()), expected)


def test_density_is_time_over_length_and_time() -> None:
    # a, second interval: 4000 s / (1000 m x 600 s) x 1000 = 6.667 vehicles per km; four standing cars are 4 per km
    expected = [[1000 / 600, 2, 0], [4000 / 600, 0.4, 0], [4, 0, 0]]
    np.testing.assert_allclose(congestion.density(hand_data()), expected)


def test_speed_is_zero_in_a_standstill_and_missing_on_an_empty_edge() -> None:
    expected = [[10, 10, NAN], [5, 25, NAN], [0, NAN, NAN]]
    np.testing.assert_allclose(congestion.speed(hand_data()), expected)


def test_travel_time_is_missing_where_nobody_moved() -> None:
    expected = [[100, 50, NAN], [200, 20, NAN], [NAN, NAN, NAN]]
    np.testing.assert_allclose(congestion.travel_time(hand_data()), expected)


def test_free_flow_time_is_length_over_limit() -> None:
    np.testing.assert_allclose(congestion.free_flow_time(hand_data()), [100, 25, 20])


def test_delay_counts_time_above_free_flow_and_never_below_zero() -> None:
    # a: 4000 - 2000 = 2000 s; b: 600 - 6000 / 20 = 300 s, then 120 - 150 < 0
    expected = [[0, 300, 0], [2000, 0, 0], [2400, 0, 0]]
    np.testing.assert_allclose(congestion.delay(hand_data()), expected)


def test_delay_per_vehicle_is_shared_among_traversals() -> None:
    # a: 2000 s / 20 traversals; b: 300 s / 12
    expected = [[0, 25, NAN], [100, 0, NAN], [NAN, NAN, NAN]]
    np.testing.assert_allclose(congestion.delay_per_vehicle(hand_data()), expected)


@pytest.mark.parametrize("metric", BY_PLACE, ids=lambda metric: metric.__name__)
def test_leading_dimensions_give_the_same_as_one_run_at_a_time(metric) -> None:
    stacked = ensemble(hand_data())
    together = metric(stacked)
    assert together.dims == ("scenario", "sample", "time", "edge")
    for scenario in range(2):
        for sample in range(2):
            alone = metric(stacked.isel(scenario=scenario, sample=sample))
            xr.testing.assert_allclose(together.isel(scenario=scenario, sample=sample), alone)


@pytest.mark.parametrize("metric", [*BY_PLACE, congestion.free_flow_time], ids=lambda metric: metric.__name__)
def test_every_metric_carries_its_own_name_and_unit(metric) -> None:
    array = metric(hand_data())
    assert array.name == metric.__name__
    assert array.attrs["units"] == QUANTITIES[metric.__name__].units
    assert array.attrs["long_name"] == QUANTITIES[metric.__name__].long_name


@st.composite
def measured(draw: st.DrawFn) -> xr.Dataset:
    """Any traffic that keeps to the limits, on three edges in four intervals of different length."""
    edges, intervals = 3, 4
    number = st.floats(1.0, 1e4)
    limit = draw(hnp.arrays(float, edges, elements=st.floats(1.0, 40.0)))
    time = draw(hnp.arrays(float, (intervals, edges), elements=st.just(0.0) | number))
    share = draw(hnp.arrays(float, (intervals, edges), elements=st.just(0.0) | st.floats(1e-3, 1.0)))
    standing = draw(hnp.arrays(float, (intervals, edges), elements=st.floats(0.0, 1.0)))
    return xr.Dataset(
        {
            "sampled_time": (("time", "edge"), time),
            "travel_distance": (("time", "edge"), time * limit * share),
            "time_loss": (("time", "edge"), time * (1 - share)),
            "waiting_time": (("time", "edge"), time * (1 - share) * standing),
        },
        {
            "interval_length": ("time", draw(hnp.arrays(float, intervals, elements=st.floats(1.0, 3600.0)))),
            "edge_length": ("edge", draw(hnp.arrays(float, edges, elements=st.floats(1.0, 5000.0)))),
            "edge_lanes": ("edge", draw(hnp.arrays(int, edges, elements=st.integers(1, 5)))),
            "edge_speed_limit": ("edge", limit),
        },
    )


@settings(max_examples=25, deadline=None)
@given(measured())
def test_flow_is_density_times_speed(data: xr.Dataset) -> None:
    product = congestion.density(data) * congestion.speed(data).fillna(0.0) * 3.6
    np.testing.assert_allclose(congestion.flow(data), product, atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(measured())
def test_delay_is_between_nothing_and_all_time_spent(data: xr.Dataset) -> None:
    lost = congestion.delay(data)
    assert (lost >= 0).all()
    assert (lost <= data["sampled_time"] * (1 + 1e-12)).all()


@settings(max_examples=25, deadline=None)
@given(measured())
def test_no_traversal_is_faster_than_the_limit_allows(data: xr.Dataset) -> None:
    ratio = congestion.travel_time(data) / congestion.free_flow_time(data)
    assert ((ratio >= 1 - 1e-9) | ratio.isnull()).all()
