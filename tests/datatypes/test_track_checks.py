"""Road users that no body could be are named, with the moment."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.tracking import path, tracks_of
from trafficdiff.datatypes.track_checks import check_kinematics, kinematic_faults
from trafficdiff.datatypes.track_motion import acceleration, jerk, velocity, yaw_rate
from trafficdiff.errors import InputError

TIME_S = np.arange(0, 5, 0.1)


def test_a_car_that_brakes_evenly_has_that_acceleration_and_no_jerk() -> None:
    car = tracks_of(a=path(TIME_S, x=20 * TIME_S - 2 * TIME_S**2, speed=20 - 4 * TIME_S))
    np.testing.assert_allclose(acceleration(car), -4)
    np.testing.assert_allclose(jerk(car), 0, atol=1e-9)
    np.testing.assert_allclose(velocity(car)[0][1:-1], car.speed_ms[1:-1])
    assert kinematic_faults(car).empty


def test_a_car_on_a_circle_turns_through_the_half_turn_without_a_step() -> None:
    angle = TIME_S
    circle = tracks_of(a=path(TIME_S, x=10 * np.sin(angle), y=-10 * np.cos(angle), heading=angle, speed=10))
    np.testing.assert_allclose(yaw_rate(circle), 1.0)
    assert kinematic_faults(circle).empty


def test_the_jerk_of_a_steady_brake_that_grows_is_its_growth() -> None:
    car = tracks_of(a=path(TIME_S, x=20 * TIME_S - TIME_S**3 / 6, speed=20 - TIME_S**2 / 2))
    np.testing.assert_allclose(jerk(car)[10:-10], -1, atol=1e-9)


@pytest.mark.parametrize(
    ("check", "change"),
    [
        ("speed", {"speed": 80, "x": 80 * TIME_S}),
        ("acceleration", {"speed": np.where(TIME_S < 2.45, 10, 5)}),
        ("lateral_speed", {"y": np.where(TIME_S < 2.45, 0, 3.2)}),
        ("yaw_rate", {"heading": np.where(TIME_S < 2.45, 0, 1.5)}),
        ("displacement", {"x": 10 * TIME_S + np.where(TIME_S < 2.45, 0, 4)}),
    ],
)
def test_a_seeded_fault_is_named_with_user_and_moment(check: str, change: dict[str, Any]) -> None:
    fine = {"x": 10 * TIME_S, "speed": 10}
    tracks = tracks_of(good=path(TIME_S, **fine), bad=path(TIME_S, **(fine | change)))
    found = kinematic_faults(tracks)
    assert set(found["user_id"]) == {"bad"}
    assert check in set(found["check"])
    if check != "speed":
        assert found["time_s"].min() == pytest.approx(2.45, abs=0.11)
    with pytest.raises(InputError, match=rf"user 'bad' \(passenger\) at .* s: expected a .*{check.replace('_', ' ')}"):
        check_kinematics(tracks)


def test_a_pedestrian_may_turn_on_the_spot_but_not_run_like_a_car() -> None:
    turning = path(TIME_S, x=TIME_S, speed=1, heading=np.where(TIME_S < 2, 0, 3), kind="pedestrian")
    assert kinematic_faults(tracks_of(a=turning)).empty
    running = path(TIME_S, x=6 * TIME_S, speed=6, kind="pedestrian")
    assert set(kinematic_faults(tracks_of(a=running))["check"]) == {"speed"}


@pytest.mark.parametrize(("width", "said"), [(-1.8, r"width_m above 0, got -1.8 of user 'a'"), (0.0, "above 0")])
def test_a_box_without_size_is_refused(width: float, said: str) -> None:
    with pytest.raises(InputError, match=said):
        tracks_of(a=path(TIME_S, x=TIME_S, speed=1, width=width))


def test_backwards_time_and_positions_that_are_not_numbers_name_user_and_moment() -> None:
    with pytest.raises(InputError, match=r"first: user 'a' at 0.1 s"):
        tracks_of(a=path(np.array([0, 0.2, 0.1]), x=np.zeros(3), speed=0))
    with pytest.raises(InputError, match=r"finite x_m.*first: user 'b', sample 1"):
        tracks_of(a=path(TIME_S, x=TIME_S, speed=1), b=path(np.array([0, 0.1]), x=np.array([0, np.nan]), speed=0))
