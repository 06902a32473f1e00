"""Vehicles follow their own ways where the lanes of a net do not meet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.tracking import path, straight, tracks_of
from trafficdiff.datatypes.track_checks import kinematic_faults
from trafficdiff.simulation.track_mending import mend_tracks
from trafficdiff.simulation.track_smoothing import smooth_tracks

if TYPE_CHECKING:
    from trafficdiff.datatypes.tracks import Tracks

TIME_S = np.arange(0, 8, 0.1)


def led_by_front(x: np.ndarray, y: np.ndarray, heading: np.ndarray, speed: float) -> Tracks:
    """Return a car of 5 m whose front is at these places, as SUMO says it."""
    return tracks_of(
        a=path(TIME_S, x=x - 2.5 * np.cos(heading), y=y - 2.5 * np.sin(heading), heading=heading, speed=speed)
    )


def test_a_straight_drive_and_a_pedestrian_stay_as_they_are() -> None:
    tracks = tracks_of(
        a=straight(TIME_S, start=(3, 4), heading=0.7, speed=9),
        b=path(TIME_S, x=TIME_S, heading=np.where(TIME_S < 2, 0, 3), speed=1, kind="pedestrian"),
        c=path(TIME_S, x=5, y=1, heading=-2),
    )
    found = mend_tracks(tracks)
    assert found.seams == 0
    assert found.largest_centre_m < 1e-9
    np.testing.assert_allclose(found.tracks.heading_rad, tracks.heading_rad, atol=1e-9)


def test_a_car_on_a_circle_keeps_its_heading_once_it_is_on_it() -> None:
    tracks = tracks_of(
        a=path(TIME_S, x=8 * np.sin(TIME_S), y=-8 * np.cos(TIME_S), heading=np.angle(np.exp(1j * TIME_S)), speed=8)
    )
    found = mend_tracks(tracks)
    on = TIME_S > 1
    np.testing.assert_allclose(
        np.exp(1j * found.tracks.heading_rad[on]), np.exp(1j * tracks.heading_rad[on]), atol=0.005
    )


def test_a_heading_that_leaps_where_two_lanes_meet_turns_with_the_way() -> None:
    # the front goes straight on; at x = 30 SUMO puts the rear on the next lane, which comes from 35 degrees aside
    x = 8 * TIME_S
    askew = np.where((x > 30) & (x < 35), np.radians(35) * (35 - x) / 5, 0.0)
    tracks = led_by_front(x, 0 * x, askew, 8.0)
    assert {"yaw_rate", "lateral_speed"} <= set(kinematic_faults(tracks)["check"])
    found = mend_tracks(tracks)
    assert kinematic_faults(found.tracks).empty
    np.testing.assert_allclose(found.tracks.heading_rad, 0, atol=1e-9)
    assert found.largest_centre_m == pytest.approx(np.hypot(*(tracks.x_m - found.tracks.x_m, tracks.y_m)).max())


def test_a_front_that_jumps_a_gap_is_led_over_it_and_nobody_moves_by_more_than_half_of_it() -> None:
    x = 8 * TIME_S + np.where(TIME_S > 4, 2.0, 0.0)
    tracks = led_by_front(x, np.where(TIME_S > 4, 1.0, 0.0), 0 * x, 8.0)
    assert "displacement" in set(kinematic_faults(tracks)["check"])
    found = mend_tracks(tracks)
    assert found.seams == 1
    assert found.largest_front_m == pytest.approx(np.hypot(2, 1) / 2, rel=0.01)
    assert kinematic_faults(found.tracks).empty
    far = np.abs(TIME_S - 4) > 3
    np.testing.assert_allclose(found.tracks.x_m[far], tracks.x_m[far], atol=1e-9)


def test_a_shift_sideways_while_standing_is_no_drive() -> None:
    tracks = tracks_of(a=path(TIME_S, x=10, y=0.1 * TIME_S, heading=0, speed=0))
    np.testing.assert_allclose(mend_tracks(tracks).tracks.heading_rad, 0, atol=np.radians(15))


def test_smoothing_mends_first_and_says_so() -> None:
    x = 8 * TIME_S + np.where(TIME_S > 4, 2.0, 0.0)
    found = smooth_tracks(led_by_front(x, 0 * x, 0 * x, 8.0))
    assert found.seams == 1
    assert found.largest_front_m == pytest.approx(1.0, rel=0.01)
    assert found.largest_displacement_m <= found.bound_m
    assert kinematic_faults(found.tracks).empty
