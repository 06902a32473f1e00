"""What a staged case achieved, on tracks made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from trafficdiff.datatypes.tracks import Tracks
from trafficdiff.errors import InputError
from trafficdiff.metrics.staged_cases import achieved

BEGIN_S = 25_443.1
"""Far from zero, as scenes are: times differ by a small part of themselves."""


def tracks_of(users: dict[str, tuple[str, tuple[float, float], np.ndarray, np.ndarray]]) -> Tracks:
    """Users by id: kind, size, positions (n, 2) at 0.1 s from the begin on, headings (n,)."""
    counts = [len(position) for _, _, position, _ in users.values()]
    xy = np.concatenate([position for _, _, position, _ in users.values()])
    speed = np.concatenate([np.hypot(*np.gradient(position, 0.1, axis=0).T) for _, _, position, _ in users.values()])
    return Tracks(
        user_id=np.array(list(users), object),
        user_kind=np.array([kind for kind, *_ in users.values()], object),
        length_m=np.array([size[0] for _, size, *_ in users.values()]),
        width_m=np.array([size[1] for _, size, *_ in users.values()]),
        offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        time_s=np.concatenate([BEGIN_S + 0.1 * np.arange(count) for count in counts]),
        x_m=xy[:, 0], y_m=xy[:, 1],
        heading_rad=np.concatenate([heading for *_, heading in users.values()]), speed_ms=speed,
        edge=np.zeros(sum(counts), np.int32),
    )  # fmt: skip


def straight(start: tuple[float, float], velocity: tuple[float, float], count: int) -> tuple[np.ndarray, np.ndarray]:
    position = np.array(start) + 0.1 * np.arange(count)[:, None] * np.array(velocity)
    heading = np.arctan2(velocity[1], velocity[0]) if any(velocity) else 0.0
    return position, np.full(count, heading)


def meeting(impact: float, *, from_left: bool, walker: bool = True) -> Tracks:
    """An ego at 10 m/s whose front reaches x = 50 between two samples, where somebody has come as far as asked."""
    side = 1.0 if from_left else -1.0
    size = (0.5, 0.5) if walker else (4.0, 2.0)
    half = size[1] / 2
    ego = straight((0.03, 0.0), (10.0, 0.0), 48)  # front at 2.03; touches x = 50 - half after 4.772 s
    touch_s = (50 - half - 2.03) / 10
    ego = ego[0][: int(touch_s / 0.1) + 1], ego[1][: int(touch_s / 0.1) + 1]
    reference = side * (0.9 - 1.8 * impact)  # y of the point that counts at the touch
    centre = reference if walker else reference + side * 2.0
    other = straight((50.0, centre + side * 2.0 * touch_s), (0.0, -side * 2.0), 60)
    return tracks_of({
        "ego": ("passenger", (4.0, 1.8), *ego),
        "other": ("pedestrian" if walker else "passenger", size, *other),
    })  # fmt: skip


@pytest.mark.parametrize("impact", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("from_left", [True, False])
@pytest.mark.parametrize("walker", [True, False])
def test_impact_is_counted_from_the_side_that_somebody_comes_from(impact: float, from_left: bool, walker: bool) -> None:
    tracks = meeting(impact, from_left=from_left, walker=walker)
    found = achieved(tracks, "impact", ego="ego", opponent="other", trigger_s=BEGIN_S)
    assert found == pytest.approx(impact, abs=2e-3)


def test_overlap_of_a_car_that_stands_aside() -> None:
    tracks = tracks_of({
        "ego": ("passenger", (4.0, 1.8), *straight((0.0, 0.0), (10.0, 0.0), 40)),
        "other": ("passenger", (4.0, 1.8), *straight((44.0, -1.2), (0.0, 0.0), 60)),
    })  # fmt: skip
    found = achieved(tracks, "overlap", ego="ego", opponent="other", trigger_s=BEGIN_S)
    assert found == pytest.approx((1.8 - 1.2) / 1.8)


def test_time_to_collision_on_a_straight_is_gap_over_closing_speed() -> None:
    tracks = tracks_of({
        "ego": ("passenger", (4.0, 1.8), *straight((0.0, 0.0), (15.0, 0.0), 60)),
        "other": ("passenger", (4.0, 1.8), *straight((30.0, 0.0), (5.0, 0.0), 60)),
    })  # fmt: skip
    found = achieved(tracks, "ttc_s", ego="ego", opponent="other", trigger_s=BEGIN_S + 0.55)
    assert found == pytest.approx((30.0 - 4.0 - 10.0 * 0.55) / 10.0)


def test_time_to_collision_follows_the_bend() -> None:
    """Around a bend of 60 m a straight prediction would miss; along the way it is arc over speed."""
    radius, speed = 60.0, 12.0
    angle = 0.1 * np.arange(60) * speed / radius
    circle = np.stack([radius * np.sin(angle), radius * (1 - np.cos(angle))], axis=-1)
    stands = np.array([[radius * np.sin(0.9), radius * (1 - np.cos(0.9))]]).repeat(60, axis=0)
    tracks = tracks_of({
        "ego": ("passenger", (4.0, 1.8), circle[:44], angle[:44]),
        "other": ("passenger", (4.0, 1.8), stands, np.full(60, 0.9)),
    })  # fmt: skip
    found = achieved(tracks, "ttc_s", ego="ego", opponent="other", trigger_s=BEGIN_S + 1.0)
    assert found == pytest.approx((0.9 * radius - speed * 1.0 - 4.0) / speed, rel=0.02)


def test_no_contact_and_nobody_there_are_told_apart() -> None:
    tracks = tracks_of({
        "ego": ("passenger", (4.0, 1.8), *straight((0.0, 0.0), (10.0, 0.0), 10)),
        "other": ("passenger", (4.0, 1.8), *straight((0.0, 20.0), (10.0, 0.0), 10)),
    })  # fmt: skip
    assert np.isnan(achieved(tracks, "impact", ego="ego", opponent="other", trigger_s=BEGIN_S))
    with pytest.raises(InputError, match="nobody"):
        achieved(tracks, "impact", ego="ego", opponent="nobody", trigger_s=BEGIN_S)
