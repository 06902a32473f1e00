"""Conflicts: what they are called, what becomes one event, and where it counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.tracking import Path, path, straight, tracks_of
from trafficdiff.errors import InputError
from trafficdiff.metrics.safety_events import SafetyLimits, conflicts, headways

TIME_S = np.arange(0, 12, 0.1)
NORTH, WEST = np.pi / 2, np.pi


def turning_left(depart_s: float) -> Path:
    """Return a car from the east that turns left to the south on the spot at the origin, 6 m/s."""
    way = 6 * (TIME_S - depart_s)
    return path(TIME_S, x=np.maximum(-way, 0), y=np.minimum(-way, 0), heading=np.where(way < 0, WEST, -NORTH), speed=6)


CASES: dict[str, tuple[dict[str, Path], str]] = {
    "braking behind": (
        {"a": straight(TIME_S, start=(0, 0), heading=0, speed=14), "b": path(TIME_S, x=100)}, "following"
    ),
    "cut in": (
        {
            "a": straight(TIME_S, start=(0, 0), heading=0, speed=14),
            "b": path(TIME_S, x=20 + 10 * TIME_S, y=np.clip(3.2 - 1.6 * (TIME_S - 1), 0, 3.2), speed=10),
        },
        "lane_change",
    ),
    "crossing": (
        {
            "a": straight(TIME_S, start=(-60, 0), heading=0, speed=10),
            "b": straight(TIME_S, start=(0, -60), heading=NORTH, speed=9.6),
        },
        "crossing",
    ),
    "sharp": (
        {
            "a": straight(TIME_S, start=(-60, 0), heading=0, speed=10),
            "b": straight(TIME_S, start=(-60 * np.cos(0.8), -60 * np.sin(0.8)), heading=0.8, speed=9.6),
        },
        "oblique",
    ),
    "wrong way": (
        {
            "a": straight(TIME_S, start=(-60, 0), heading=0, speed=10),
            "b": straight(TIME_S, start=(60, 0.5), heading=WEST, speed=10),
        },
        "head_on",
    ),
    "left turn": (
        {"a": straight(TIME_S, start=(-60, -3), heading=0, speed=10), "b": turning_left(5.6)}, "turning_across"
    ),
    "walker": (
        {
            "a": straight(TIME_S, start=(-60, 0), heading=0, speed=10),
            "b": straight(TIME_S, start=(0, -9), heading=NORTH, speed=1.4, length=0.3, width=0.5, kind="pedestrian"),
        },
        "pedestrian",
    ),
    "rider": (
        {
            "a": straight(TIME_S, start=(-60, 0), heading=0, speed=10),
            "b": straight(TIME_S, start=(0, -30), heading=NORTH, speed=5, length=1.6, width=0.7, kind="bicycle"),
        },
        "cyclist",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_each_kind_of_conflict_has_its_name_and_is_one_event(case: str) -> None:
    users, kind = CASES[case]
    found = conflicts(tracks_of(**users))
    assert found["type"].tolist() == [kind]
    assert found["near_miss"].all()
    assert set(found.loc[0, ["user", "other"]]) == {"a", "b"}


def test_a_conflict_says_when_and_where_it_was_worst() -> None:
    # a closes at 14 m/s on a car that stands 95 m before its front at 0 s: 0.286 s are left at 6.5 s
    users, _ = CASES["braking behind"]
    tracks = tracks_of(
        **{name: Path({k: v[:66] for k, v in one.columns.items()}, *one[1:]) for name, one in users.items()}
    )
    (event,) = conflicts(tracks).itertuples()
    assert event.time_s == pytest.approx(6.5)
    assert event.begin_s == pytest.approx(95 / 14 - 3, abs=0.11)
    assert event.ttc_s == pytest.approx(95 / 14 - 6.5)
    assert event.drac_ms2 == pytest.approx(14 / (2 * event.ttc_s))
    assert (event.user, event.other) == ("a", "b")
    assert event.x_m == pytest.approx(97.5, abs=0.1)  # bumper to bumper: centres at 95 and 100 m
    assert not event.collision


def test_boxes_that_overlap_have_crashed() -> None:
    found = conflicts(tracks_of(**CASES["braking behind"][0]))
    assert found["collision"].tolist() == [True]
    assert found["ttc_s"].tolist() == [0.0]


def test_who_turns_past_a_waiting_car_is_no_conflict() -> None:
    # b waits at the stop line; a turns left 6 m before it and points at it for a moment
    angle = np.clip((TIME_S - 4) * 0.6, 0, NORTH)
    heading = angle
    step = 6 * 0.1
    x, y = (-40 + np.cumsum(step * np.cos(heading)), np.cumsum(step * np.sin(heading)))
    a = path(TIME_S, x=x, y=y, heading=heading, speed=6)
    b = path(TIME_S, x=x[55] + 12, y=y[55] + 8, heading=-NORTH * 1.0, length=5)
    found = conflicts(tracks_of(a=a, b=b))
    assert found.empty


def test_a_queue_has_no_conflicts_and_nobody_none_either() -> None:
    queue = tracks_of(**{f"u{k}": path(TIME_S, x=7.5 * k) for k in range(5)})
    assert conflicts(queue).empty
    assert conflicts(tracks_of(a=path(TIME_S))).empty


def test_two_approaches_with_a_pause_between_are_two_events() -> None:
    gap = 12 - 8 * np.sin(np.clip(TIME_S, 0, 6) * np.pi / 3) ** 2  # closes in twice, 4 m at the least
    speed = 10 + np.gradient(-gap, TIME_S)
    lead = 100 + 10 * TIME_S
    tracks = tracks_of(a=path(TIME_S, x=lead - 5 - gap, speed=speed), b=path(TIME_S, x=lead, speed=10))
    found = conflicts(tracks)
    assert found["type"].tolist() == ["following", "following"]
    assert found["time_s"].diff().iloc[1] > 2


def test_the_headway_is_that_to_the_next_one_ahead() -> None:
    users = {f"u{k}": straight(TIME_S, start=(-15.0 * k, 0), heading=0, speed=10) for k in range(3)}
    tracks = tracks_of(**users)
    found = headways(tracks).reshape(3, -1)
    assert np.isinf(found[0]).all()
    np.testing.assert_allclose(found[1:], 1.5)


def test_who_walks_in_a_row_follows_nobody_as_a_driver_does() -> None:
    walk = {"heading": 0.0, "speed": 1.4, "length": 0.2, "width": 0.5, "kind": "pedestrian"}
    walkers = {f"w{k}": straight(TIME_S, start=(-1.0 * k, 0), **walk) for k in range(2)}
    tracks = tracks_of(car=straight(TIME_S, start=(-10.0, 0), heading=0, speed=10), **walkers)
    assert np.isinf(headways(tracks)).all()


@pytest.mark.parametrize("limits", [{"ttc_s": 4.0}, {"horizon_s": 0.5}, {"drac_ms2": 0.0}, {"pet_s": -1.0}])
def test_limits_that_make_no_sense_are_refused(limits: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        SafetyLimits(**limits)
