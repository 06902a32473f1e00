"""Control delay and grades against the town worked out on paper and HCM's limits."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from tests.metrics.hand_town import hand_data
from trafficdiff.metrics import level_of_service as service

NAN = np.nan


def with_delay(seconds: list[float], *, signal: bool) -> xr.Dataset:
    """One edge each, on which 10 vehicles were held for the given time."""
    count = len(seconds)
    return xr.Dataset(
        {
            "sampled_time": (("time", "edge"), [[10 * (100 + held) for held in seconds]]),
            "travel_distance": (("time", "edge"), [[10 * 1000.0] * count]),
            "entered": (("time", "edge"), [[10.0] * count]),
            "departed": (("time", "edge"), [[0.0] * count]),
            "left": (("time", "edge"), [[10.0] * count]),
        },
        {
            "interval_length": ("time", [3600.0]),
            "edge_speed_limit": ("edge", [10.0 / 0.87] * count),  # so that cars run at 10 m/s between junctions
            "edge_signalised": ("edge", [signal] * count),
        },
    )


def test_control_delay_is_time_held_over_vehicles_that_left() -> None:
    # At a running speed equal to the limit: a: 2000 s / 20 left; b: 300 s / 12 left, then faster than the limit.
    # In the last interval nobody leaves a: 2400 s among the four that stand there.
    held = service.control_delay(hand_data(), running_speed_ratio=1.0)
    np.testing.assert_allclose(held, [[0, 25, NAN], [100, 0, NAN], [600, NAN, NAN]])


def test_running_below_the_limit_is_no_control_delay() -> None:
    # a, second interval: 4000 s - 2000 s / 0.87, over 20
    held = service.control_delay(hand_data())
    np.testing.assert_allclose(held[1, 0], (4000 - 2000 / 0.87) / 20)


def test_a_car_that_has_just_come_to_a_red_light_is_held_for_what_it_stood() -> None:
    # One car drove 100 m in 10 s and stood 15 s when the interval of 600 s ended.
    data = with_delay([0.0], signal=True).assign(
        sampled_time=(("time", "edge"), [[25.0]]),
        travel_distance=(("time", "edge"), [[100.0]]),
        entered=(("time", "edge"), [[1.0]]),
        left=(("time", "edge"), [[0.0]]),
    )
    assert service.control_delay(data).item() == pytest.approx(15.0)


def test_a_car_that_came_earlier_and_left_by_no_road_is_one_car() -> None:
    # It stood 30 s and ended its trip: nobody came in, nobody left, 0.05 cars present in the mean.
    data = with_delay([0.0], signal=True).assign(
        sampled_time=(("time", "edge"), [[30.0]]),
        travel_distance=(("time", "edge"), [[0.0]]),
        entered=(("time", "edge"), [[0.0]]),
        left=(("time", "edge"), [[0.0]]),
    )
    assert service.control_delay(data).item() == pytest.approx(30.0)


@pytest.mark.parametrize(
    ("signal", "limits"), [(True, [10, 20, 35, 55, 80]), (False, [10, 15, 25, 35, 50])], ids=["signal", "no signal"]
)
def test_grades_change_just_above_hcms_limits(signal: bool, limits: list[float]) -> None:
    at, above = [limit - 1e-6 for limit in limits], [limit + 1e-6 for limit in limits]
    np.testing.assert_array_equal(service.level_of_service(with_delay(at, signal=signal))[0], [0, 1, 2, 3, 4])
    np.testing.assert_array_equal(service.level_of_service(with_delay(above, signal=signal))[0], [1, 2, 3, 4, 5])


def test_a_delay_at_the_limit_has_the_better_grade() -> None:
    values = xr.DataArray([10.0, 20.0], dims="edge")
    np.testing.assert_array_equal(service._codes(values, limits=(10.0, 20.0)), [0, 1])


def test_the_hand_made_town() -> None:
    # a, second interval: 85.1 s at a signal is F; b, first: 21.3 s without one is C; the standstill is F
    expected = [[0, 2, NAN], [5, 0, NAN], [5, NAN, NAN]]
    np.testing.assert_array_equal(service.level_of_service(hand_data()), expected)


def test_grades_follow_the_speed_on_streets() -> None:
    # a: 10 of 10 m/s, 5 of 10 (not above 50 %: D), 0; b: 10 of 20 m/s, then over the limit
    expected = [[0, 3, NAN], [3, 0, NAN], [5, NAN, NAN]]
    np.testing.assert_array_equal(service.street_level_of_service(hand_data()), expected)


def test_street_grades_change_at_hcms_shares_of_free_flow_speed() -> None:
    shares = np.array([0.81, 0.80, 0.68, 0.67, 0.51, 0.50, 0.41, 0.40, 0.31, 0.30, 0.0])
    data = xr.Dataset(
        {
            "sampled_time": (("time", "edge"), np.ones((1, len(shares)))),
            "travel_distance": (("time", "edge"), shares[None, :]),
        },
        {"edge_speed_limit": ("edge", np.ones(len(shares)))},
    )
    np.testing.assert_array_equal(service.street_level_of_service(data)[0], [0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5])


@pytest.mark.parametrize("metric", [service.level_of_service, service.street_level_of_service])
def test_codes_say_their_meaning_in_the_file(metric) -> None:
    attributes = metric(hand_data()).attrs
    assert dict(zip(attributes["flag_values"], attributes["flag_meanings"].split(), strict=True)) == dict(
        enumerate("ABCDEF")
    )
