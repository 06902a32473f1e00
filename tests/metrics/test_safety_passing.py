"""Post-encroachment times against a pencil."""

from __future__ import annotations

import numpy as np
import pytest

from tests.tracking import path, straight, tracks_of
from trafficdiff.metrics.safety_candidates import candidate_samples
from trafficdiff.metrics.safety_events import boxes_of
from trafficdiff.metrics.safety_pairs import time_to_collision
from trafficdiff.metrics.safety_passing import passings

TIME_S = np.arange(0, 12, 0.1)
NORTH = np.pi / 2


def found(horizon_s: float = 5.0, **users):  # type: ignore[no-untyped-def]
    tracks = tracks_of(**users)
    got = passings(tracks, boxes_of(tracks), horizon_s=horizon_s)
    names = tracks.user_id[tracks.user]
    return [(names[a], names[b], pet) for a, b, pet in zip(*got, strict=True)]


def test_crossing_at_right_angles() -> None:
    # A leaves |x| < 1 with its rear at (20 + 1 + 2.5) / 10 = 2.35 s; B enters |y| < 1 at (30 - 1 - 2.5) / 6 = 4.4167 s
    a = straight(TIME_S, start=(-20, 0), heading=0, speed=10)
    b = straight(TIME_S, start=(0, -30), heading=NORTH, speed=6)
    for users in ({"a": a, "b": b}, {"b": b, "a": a}):
        assert found(**users) == [("a", "b", pytest.approx(26.5 / 6 - 2.35, abs=0.006))]


def test_who_comes_after_the_horizon_is_not_met() -> None:
    a = straight(TIME_S, start=(-20, 0), heading=0, speed=10)
    b = straight(TIME_S, start=(0, -30), heading=NORTH, speed=6)
    assert found(horizon_s=2.0, a=a, b=b) == []


def test_a_crash_leaves_no_time() -> None:
    a = straight(TIME_S, start=(-20, 0), heading=0, speed=10)
    b = straight(TIME_S, start=(0, -20), heading=NORTH, speed=10)
    assert found(a=a, b=b) == [("a", "b", 0.0)]


def test_an_oblique_crossing_is_that_of_the_corners() -> None:
    # B crosses at 60 degrees. In B's frame its strip is |v| < 1; A leaves it with its rear left corner, and
    # B touches A's strip |y| < 1 with its front left corner
    turn = np.pi / 3
    a = straight(TIME_S, start=(-20, 0), heading=0, speed=10)
    b = straight(TIME_S, start=(-40 * np.cos(turn), -40 * np.sin(turn)), heading=turn, speed=8)
    ((first, second, pet),) = found(a=a, b=b)
    # brute force with shapely-free geometry: fine grid over both times, boxes overlap in place
    from trafficdiff.datatypes.boxes import separation
    from trafficdiff.metrics.safety_boxes import MovingBoxes

    fine = np.arange(1, 7, 0.005)
    ones, zeros = np.ones(len(fine)), np.zeros(len(fine))
    box_a = MovingBoxes(-20 + 10 * fine, zeros, zeros, zeros, zeros, 5 * ones, 2 * ones)
    way = -40 + 8 * fine
    box_b = MovingBoxes(way * np.cos(turn), way * np.sin(turn), zeros, zeros, turn * ones, 5 * ones, 2 * ones)
    overlap = separation(MovingBoxes(*(c[:, None] for c in box_a)), MovingBoxes(*(c[None] for c in box_b))) < 0
    expected = (fine[None] - fine[:, None])[overlap].min()
    assert (first, second) == ("a", "b")
    assert pet == pytest.approx(expected, abs=0.02)


def test_merging_counts_the_time_at_the_point_where_ways_join() -> None:
    a = straight(TIME_S, start=(-30, 0), heading=0, speed=10)
    # B comes from the south, turns on the spot into the east at x = 0 and follows at the same speed, 2.5 s later
    late = 10 * (TIME_S - 2.5) - 30
    b = path(TIME_S, x=np.maximum(late, 0), y=np.minimum(late, 0), heading=np.where(late < 0, NORTH, 0.0), speed=10)
    ((first, second, pet),) = found(a=a, b=b)
    assert (first, second) == ("a", "b")
    assert 1.6 < pet <= 2.05  # rear to front at one place: 2.5 s less a length, 0.5 s, and less while B's box turns


def test_following_in_one_lane_is_no_passing() -> None:
    users = {f"u{k}": straight(TIME_S, start=(-20.0 * k, 0), heading=0, speed=10) for k in range(3)}
    assert found(**users) == []


def test_a_pedestrian_in_front_of_a_car() -> None:
    # the car's strip is |y| < 1; the walker of 0.2 by 0.5 m leaves it at (4 + 1 + 0.1) / 1.5 = 3.4 s, and the car
    # enters |x| < 0.25 at (50 - 0.25 - 2.5) / 12 = 3.9375 s
    walker = straight(TIME_S, start=(0, -4), heading=NORTH, speed=1.5, length=0.2, width=0.5, kind="pedestrian")
    car = straight(TIME_S, start=(-50, 0), heading=0, speed=12)
    assert found(walker=walker, car=car) == [("walker", "car", pytest.approx(3.9375 - 3.4, abs=0.006))]


def test_candidates_hold_every_pair_on_a_collision_course_and_no_queue() -> None:
    rng = np.random.default_rng(4)
    moving = {
        f"m{k}": straight(
            TIME_S, start=tuple(rng.uniform(-120, 120, 2)), heading=rng.uniform(-3, 3), speed=rng.uniform(2, 15)
        )
        for k in range(40)
    }
    queue = {f"q{k}": path(TIME_S, x=200 + 7.5 * k, y=200) for k in range(30)}
    tracks = tracks_of(**moving, **queue)
    boxes = boxes_of(tracks)
    pairs = candidate_samples(tracks, boxes, horizon_s=3.0)
    seen = set(zip(pairs.one.tolist(), pairs.other.tolist(), strict=True))
    assert all(tracks.time_s[a] == tracks.time_s[b] for a, b in list(seen)[:100])
    count = len(TIME_S)
    a, b = np.triu_indices(len(tracks.user_id), 1)
    one, other = (np.repeat(k * count, count) + np.tile(np.arange(count), len(a)) for k in (a, b))
    critical = time_to_collision(boxes.at(one), boxes.at(other)) <= 3.0
    assert critical.sum() > 50
    assert set(zip(one[critical].tolist(), other[critical].tolist(), strict=True)) <= seen
    names = tracks.user_id[tracks.user[pairs.one]].astype(str)
    assert not np.char.startswith(names, "q").any()
    assert len(seen) < 0.2 * len(one)
