"""What physics allows two road users to come to, by closed forms."""

from __future__ import annotations

import pytest

from trafficdiff.metrics.reachable_ttc import least_reachable_ttc

SLOW = {"gas_ms2": (2.0, 0.5), "fastest_ms": (20.0, 2.0)}


def test_two_who_can_touch_in_time_are_bound_by_nothing() -> None:
    assert least_reachable_ttc(30.0, speed_ms=(10.0, 0.0), time_s=7.0, **SLOW) == 0.0


def test_a_far_walker_and_a_standing_car_come_no_closer_than_their_hardest_start() -> None:
    """Car: 2 t^2 / 2 = 9 m at 6 m/s after 3 s; walker: 0.5 t^2 / 2 = 2.25 m at 1.5 m/s."""
    found = least_reachable_ttc(50.0, speed_ms=(0.0, 0.0), time_s=3.0, **SLOW)
    assert found == pytest.approx((50 - 9 - 2.25) / 7.5)


def test_nobody_drives_faster_than_the_highest_speed() -> None:
    """Both at their highest speeds from the beginning: 22 m/s for 2 s."""
    found = least_reachable_ttc(100.0, speed_ms=(20.0, 2.0), time_s=2.0, **SLOW)
    assert found == pytest.approx((100 - 44) / 22)
