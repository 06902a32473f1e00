"""Whose failure a touch is, and by how much others were missed, on two boxes where both are plain to see."""

from __future__ import annotations

import numpy as np
import pytest

from trafficdiff.metrics.failure_blame import TOUCHES, is_failure, kind_of_touch, margin_s

SIZE = np.array([4.0, 2.0])
EGO = np.array([0.0, 0.0, 0.0, 10.0])


@pytest.mark.parametrize(
    ("other", "ego_ms", "appeared", "kind"),
    [
        ((3.9, 0.0, 0.0, 5.0), 10.0, False, "front"),  # runs into who is ahead
        ((3.9, 0.5, np.pi, 5.0), 10.0, False, "front"),  # head-on
        ((3.9, 0.0, 0.0, 0.0), 10.0, False, "other stands"),
        ((-3.9, 0.0, 0.0, 15.0), 10.0, False, "from behind"),
        ((0.0, 2.9, -np.pi / 2, 5.0), 10.0, False, "side"),  # hit by who comes from the left
        ((2.5, 2.5, -np.pi / 2, 5.0), 10.0, False, "front"),  # runs into who crosses
        ((3.9, 0.0, np.pi, 5.0), 0.0, False, "ego stands"),
        ((3.9, 1.5, 0.1, 15.0), 10.0, False, "overtaken"),
        ((0.0, 0.0, 0.0, 5.0), 10.0, True, "appeared"),
    ],
)
def test_touches_are_told_apart(other: tuple[float, ...], ego_ms: float, appeared: bool, kind: str) -> None:
    ego = np.array([0.0, 0.0, 0.0, ego_ms])
    found = kind_of_touch(ego, np.array(other), ego_size_m=SIZE, other_size_m=SIZE, appeared=appeared)
    assert found == kind
    assert found in TOUCHES


def test_the_ego_fails_with_its_front_into_who_stands_and_sideways_off_its_way() -> None:
    assert [kind for kind in TOUCHES if is_failure(kind, off_way_m=0.2)] == ["other stands", "front"]
    assert [kind for kind in TOUCHES if is_failure(kind, off_way_m=1.5)] == ["other stands", "front", "side"]


def test_who_has_left_its_own_way_is_not_the_egos_to_answer_for() -> None:
    oncoming = np.array([3.9, 0.5, np.pi, 5.0])
    kinds = [
        kind_of_touch(EGO, oncoming, ego_size_m=SIZE, other_size_m=SIZE, other_off_way_m=off) for off in (0.8, 1.2)
    ]
    assert kinds == ["front", "other strays"]


def crossing(late_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Return an ego going east, and one going north through (20, 0) `late_s` after the ego's centre."""
    time_s = 0.1 * np.arange(81)
    ego = np.column_stack([10 * time_s, 0 * time_s, 0 * time_s, np.full(81, 10.0)])
    other = np.column_stack(
        [np.full(81, 20.0), 10 * (time_s - 2.0 - late_s), np.full(81, np.pi / 2), np.full(81, 10.0)]
    )
    return ego, other[None]


@pytest.mark.parametrize("late_s", [1.0, 2.0, -1.4])
def test_the_margin_is_the_time_between_two_boxes_at_one_place(late_s: float) -> None:
    """Both boxes cover the crossing for 0.6 s: half of each is off the time between centres."""
    ego, other = crossing(late_s)
    found = margin_s(ego, other, np.ones((1, 81), bool), ego_size_m=SIZE, sizes_m=SIZE[None])
    assert found == pytest.approx(abs(late_s) - 0.6, abs=0.21)


def test_nobody_on_the_way_a_follower_and_who_is_not_there_leave_no_margin() -> None:
    ego, other = crossing(1.0)
    there = np.ones((1, 81), bool)
    beside = other.copy()
    beside[..., 0] += 200
    follower = ego[None].copy()
    follower[..., 0] -= 10
    for others, present in ((beside, there), (follower, there), (other, ~there)):
        assert margin_s(ego, others, present, ego_size_m=SIZE, sizes_m=SIZE[None]) == np.inf
