"""Turns lane by lane keep every pair of roads, use every lane, and never cross."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trafficdiff.roads.rewiring import Turn, add_kerb_lane, add_lanes, drop_lanes, join_road

ANGLES = {"right": -90.0, "straight": 0.0, "left": 90.0, "back": 180.0}


def angle(_: str, target: str) -> float:
    return ANGLES[target]


@st.composite
def monotone(draw: st.DrawFn) -> tuple[set[Turn], int]:
    """Return turns out of a road whose lanes, from the kerb, lead ever further from it."""
    lanes = draw(st.integers(1, 4))
    names = list(ANGLES)[: draw(st.integers(1, 4))]
    turns, low = set(), 0
    for lane in range(lanes):
        high = len(names) - 1 if lane == lanes - 1 else draw(st.integers(low, len(names) - 1))
        turns |= {Turn("A", lane, name, 0) for name in names[low : high + 1]}
        low = high
    return turns, lanes


def crosses(turns: set[Turn]) -> bool:
    """Return whether some lane turns nearer to the kerb than one beside it on the kerb's side."""
    return any(
        one.source_lane < other.source_lane and ANGLES[one.target] > ANGLES[other.target]
        for one in turns
        for other in turns
    )


@given(road=monotone(), more=st.integers(1, 3))
def test_lanes_added_keep_all_turns_use_all_lanes_and_do_not_cross(road, more: int):
    turns, lanes = road
    wide = add_lanes(turns, "A", before=lanes, lanes=lanes + more, lanes_of=lambda _: 3, angle=angle)
    assert {turn.target for turn in wide} == {turn.target for turn in turns}
    assert {turn.source_lane for turn in wide} == set(range(lanes + more))
    assert not crosses(wide)


@given(road=monotone(), left=st.integers(1, 4))
def test_lanes_taken_keep_all_turns_and_do_not_cross(road, left: int):
    turns, lanes = road
    narrow = drop_lanes(turns, "A", lanes=min(left, lanes))
    assert {turn.target for turn in narrow} == {turn.target for turn in turns}
    assert all(turn.source_lane < left for turn in narrow)
    assert not crosses(narrow)


@given(road=monotone())
def test_a_lane_at_the_kerb_moves_the_others_up(road):
    turns, lanes = road
    shifted = add_kerb_lane(turns, "A")
    assert {turn for turn in shifted if turn.source_lane > 0} == {
        turn._replace(source_lane=turn.source_lane + 1) for turn in turns
    }
    assert {turn.target for turn in shifted if turn.source_lane == 0} == {
        turn.target for turn in turns if turn.source_lane == 0
    }
    del lanes


def test_a_lane_that_had_to_merge_goes_into_the_new_one():
    turns = {Turn("X", 0, "A", 0), Turn("X", 1, "A", 0), Turn("A", 0, "straight", 0)}
    wide = add_lanes(turns, "A", before=1, lanes=2, lanes_of=lambda _: 2, angle=angle)
    assert {(turn.source_lane, turn.target_lane) for turn in wide if turn.source == "X"} == {(0, 0), (1, 1)}


def test_a_new_road_is_entered_from_the_lane_on_its_side():
    turns = {Turn("A", 0, "right", 0), Turn("A", 0, "straight", 0), Turn("A", 1, "straight", 1)}
    for new, lane in (("left", 1), ("back", 1)):
        joined = join_road(turns, new, sources={"A": [0, 1]}, lanes=1, angle=angle)
        assert joined - turns == {Turn("A", lane, new, 0)}
    nothing = join_road(set(), "straight", sources={"A": [0, 1]}, lanes=2, angle=angle)
    assert nothing == {Turn("A", 0, "straight", 0), Turn("A", 1, "straight", 1)}
