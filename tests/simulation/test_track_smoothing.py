"""Smoothing keeps what is smooth, rounds corners, and says how far it moved anybody."""

from __future__ import annotations

import numpy as np
import pytest

from tests.tracking import path, tracks_of
from trafficdiff.datatypes.track_checks import kinematic_faults
from trafficdiff.datatypes.track_motion import yaw_rate
from trafficdiff.errors import InputError
from trafficdiff.simulation.track_smoothing import smooth_tracks

TIME_S = np.arange(0, 6, 0.1)


def test_straight_lines_standing_still_and_even_braking_are_kept() -> None:
    tracks = tracks_of(
        a=path(TIME_S, x=12 * TIME_S, speed=12),
        b=path(TIME_S, x=7, y=3, heading=2),
        c=path(TIME_S, x=12 * TIME_S - TIME_S**2, speed=12 - 2 * TIME_S),
    )
    found = smooth_tracks(tracks)
    assert found.largest_displacement_m < 1e-9
    for name in ("x_m", "y_m", "heading_rad", "speed_ms"):
        np.testing.assert_allclose(getattr(found.tracks, name), getattr(tracks, name), atol=1e-8)


def test_a_corner_of_a_polyline_is_rounded_within_the_bound_and_the_heading_goes_through_all_between() -> None:
    along = 6 * TIME_S - 18
    corner = {"x": np.minimum(along, 0), "y": np.maximum(along, 0), "heading": np.where(along < 0, 0, np.pi / 2)}
    raw = tracks_of(a=path(TIME_S, speed=6, **corner))
    found = smooth_tracks(raw, bound_m=0.5, mend=False)
    assert 0.05 < found.largest_displacement_m <= 0.5
    moved = np.hypot(found.tracks.x_m - raw.x_m, found.tracks.y_m - raw.y_m)
    assert moved.max() == pytest.approx(found.largest_displacement_m)
    assert np.abs(yaw_rate(found.tracks)).max() < 0.5 * np.abs(yaw_rate(raw)).max()
    between = (found.tracks.heading_rad > 0.2) & (found.tracks.heading_rad < 1.37)
    assert between.sum() >= 2
    assert not ((raw.heading_rad > 0.2) & (raw.heading_rad < 1.37)).any()


def test_nobody_moves_further_than_the_bound_and_who_wanted_to_is_counted() -> None:
    step = tracks_of(a=path(TIME_S, x=10 * TIME_S, y=np.where(TIME_S < 3, 0, 3.2), speed=10))
    found = smooth_tracks(step, bound_m=0.1, mend=False)
    assert found.largest_displacement_m == pytest.approx(0.1)
    assert found.bounded > 0
    assert found.as_dict()["bounded"] == found.bounded
    assert "lateral_speed" in set(kinematic_faults(found.tracks)["check"])  # a bound cannot hide a jump


def test_headings_that_turn_through_the_half_turn_stay_continuous() -> None:
    circle = tracks_of(
        a=path(TIME_S, x=8 * np.sin(TIME_S), y=-8 * np.cos(TIME_S), heading=np.angle(np.exp(1j * TIME_S)), speed=8)
    )
    found = smooth_tracks(circle, mend=False)
    np.testing.assert_allclose(np.exp(1j * found.tracks.heading_rad), np.exp(1j * circle.heading_rad), atol=1e-3)


def test_who_is_seen_for_a_moment_only_keeps_what_there_is() -> None:
    short = tracks_of(a=path(TIME_S[:4], x=np.array([0, 1, 1.5, 3]), speed=10), b=path(TIME_S, x=TIME_S, speed=1))
    found = smooth_tracks(short, mend=False)
    assert found.tracks.x_m[:4].tolist() == [0, 1, 1.5, 3]


def test_coarse_tracks_are_refused() -> None:
    with pytest.raises(InputError, match="record tracks at"):
        smooth_tracks(tracks_of(a=path(np.arange(9.0), x=np.arange(9.0), speed=1)))
