"""Time to collision, braking needed and headway against what a pencil gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trafficdiff.datatypes.boxes import separation
from trafficdiff.metrics.safety_boxes import MovingBoxes, contact_interval
from trafficdiff.metrics.safety_pairs import drac, headway, time_to_collision


def box(
    x: float, y: float, *, heading: float = 0.0, speed: float = 0.0, length: float = 5.0, width: float = 2.0
) -> MovingBoxes:
    """Return one box of 5 by 2 m."""
    values = (x, y, speed * np.cos(heading), speed * np.sin(heading), heading, length, width)
    return MovingBoxes(*(np.array([value]) for value in values))


def measured(one: MovingBoxes, other: MovingBoxes) -> tuple[float, float, float]:
    """Return time to collision, braking needed and headway; the same whichever is named first."""
    ttc = time_to_collision(one, other)
    found = (ttc[0], drac(one, other, ttc_s=ttc)[0], headway(one, other)[0])
    back = time_to_collision(other, one)
    np.testing.assert_allclose((back[0], drac(other, one, ttc_s=back)[0], headway(other, one)[0]), found)
    return float(found[0]), float(found[1]), float(found[2])


def test_following_a_slower_car() -> None:
    ttc, needed, follows = measured(box(0, 0, speed=15), box(35, 0, speed=5))  # gap 35 - 5 = 30 m, closing 10 m/s
    assert ttc == pytest.approx(3.0)
    assert needed == pytest.approx(10**2 / (2 * 30))
    assert follows == pytest.approx(35 / 15)


def test_following_a_faster_car_is_no_collision_course() -> None:
    assert measured(box(0, 0, speed=10), box(20, 0, speed=12)) == (np.inf, 0.0, pytest.approx(2.0))


def test_a_lorry_in_front_counts_from_front_to_front() -> None:
    lorry = box(30, 0, speed=10, length=12)
    assert measured(box(0, 0, speed=10), lorry)[2] == pytest.approx((30 + 6 - 2.5) / 10)


def test_a_standing_car_ahead() -> None:
    ttc, needed, _ = measured(box(0, 0, speed=10), box(25, 0))  # gap 20 m
    assert (ttc, needed) == (pytest.approx(2.0), pytest.approx(100 / 40))


def test_two_standing_cars_never_meet_and_follow_nobody() -> None:
    assert measured(box(0, 0), box(7, 0)) == (np.inf, 0.0, np.inf)


def test_a_neighbour_in_the_next_lane_is_passed_by() -> None:
    assert measured(box(0, 0, speed=15), box(35, 3.2, speed=5)) == (np.inf, 0.0, np.inf)


def test_head_on_closes_with_both_speeds() -> None:
    ttc, needed, follows = measured(box(0, 0, speed=10), box(65, 0, heading=np.pi, speed=20))
    assert ttc == pytest.approx(60 / 30)
    assert needed == pytest.approx(30**2 / (2 * 60))
    assert follows == np.inf


def test_crossing_at_right_angles() -> None:
    # A to the east is in B's strip |x| < 1 from (20 - 1 - 2.5) / 10 = 1.65 s to (20 + 1 + 2.5) / 10 = 2.35 s;
    # B to the north is in A's strip |y| < 1 from (18.5 - 1 - 2.5) / 7.5 = 2.0 s to (18.5 + 3.5) / 7.5 = 2.93 s
    a, b = box(-20, 0, speed=10), box(0, -18.5, heading=np.pi / 2, speed=7.5)
    ttc, needed, follows = measured(a, b)
    assert ttc == pytest.approx(2.0)
    assert needed == pytest.approx(2 * (7.5 * 2.35 - 15) / 2.35**2)  # B arrives last: at 15 m when A is clear
    assert follows == np.inf


def test_crossing_in_front_of_one_who_must_stop() -> None:
    slow = box(-8.5, 0, speed=1)  # reaches the strip in 5 s and is clear in 12 s
    fast = box(0, -63.5, heading=np.pi / 2, speed=10)  # reaches the other strip in 6 s
    ttc, needed, _ = measured(slow, fast)
    assert ttc == pytest.approx(6.0)
    assert needed == pytest.approx(10**2 / (2 * 60))  # 2 (10 * 12 - 60) / 144 = 0.83 would drive backwards at the end


def test_crossing_one_after_the_other_is_no_collision_course() -> None:
    assert measured(box(-20, 0, speed=10), box(0, -30, heading=np.pi / 2, speed=7.5))[:2] == (np.inf, 0.0)


def test_an_oblique_approach_touches_at_a_corner() -> None:
    # B comes from the south-west at 45 degrees; its front right corner is what the east-bound A's side meets
    a = box(0, 0)  # stands: right side y = -1, rear x = -2.5
    b = box(0, -11, heading=np.pi / 4, speed=np.sqrt(2))  # 1 m/s north, 1 m/s east
    top = (5 / 2 + 2 / 2) / np.sqrt(2)  # front left corner: highest point above B's centre
    ttc, _, _ = measured(a, b)
    # the top corner is (2.5 - 1) / sqrt(2) = 1.06 m east of the centre: at y = -1 after 10 - 2.475 s at x = 8.6 > 2.5,
    # so it passes behind; started 9 m further west it meets A's side
    assert ttc == np.inf
    shifted = box(-8, -11, heading=np.pi / 4, speed=np.sqrt(2))
    assert measured(a, shifted)[0] == pytest.approx(10 - top)


def test_a_crash_that_is_there_has_no_time_left() -> None:
    ttc, needed, _ = measured(box(0, 0, speed=5), box(3, 0.5, heading=0.3))
    assert (ttc, needed) == (0.0, np.inf)


_NUMBER = st.floats(-20, 20)
_TURN = st.floats(-3.1, 3.1)


@settings(max_examples=60)
@given(
    st.tuples(_NUMBER, _NUMBER, _TURN, st.floats(0, 20)),
    st.tuples(_NUMBER, _NUMBER, _TURN, st.floats(0, 20)),
)
def test_first_contact_is_when_shapely_says_so(
    first: tuple[float, float, float, float], second: tuple[float, float, float, float]
) -> None:
    import shapely
    from shapely import affinity

    def shape(of: tuple[float, float, float, float], after_s: float) -> shapely.Polygon:
        x, y, heading, speed = of
        upright = affinity.rotate(shapely.box(-2.5, -1, 2.5, 1), heading, use_radians=True, origin=(0, 0))
        return affinity.translate(upright, x + speed * after_s * np.cos(heading), y + speed * after_s * np.sin(heading))

    one, other = (box(x, y, heading=turn, speed=speed) for x, y, turn, speed in (first, second))
    begin, end = (float(value[0]) for value in contact_interval(one, other))
    now = shape(first, 0).distance(shape(second, 0))
    apart = separation(one, other)[0]
    assert (now == 0) == (apart <= 1e-9)
    assert apart <= now + 1e-9
    if end < 0 or begin == np.inf:
        for after_s in np.linspace(0, 10, 21):
            assert shape(first, after_s).intersection(shape(second, after_s)).area < 1e-6
    elif 0 < begin < 1e6:
        assert shape(first, begin).distance(shape(second, begin)) == pytest.approx(0, abs=1e-6 * max(1, begin) * 20)
        assert shape(first, 0.999 * begin).distance(shape(second, 0.999 * begin)) >= 0
