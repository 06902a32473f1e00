"""A map shows the bulk of a network in its own shape."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.towns import make_town, square_town
from trafficdiff.export.frame import Frame, frame_of, map_inches

lengths = st.floats(1, 1e5)


def test_a_compact_town_is_shown_whole() -> None:
    town = square_town()
    assert frame_of(town).holds(town.shape_xy).all()


def test_a_line_is_shown_half_as_high_as_wide() -> None:
    town = make_town({"A": (0.0, 0.0), "B": (1_000.0, 0.0)}, [("A", "B"), ("B", "A")])
    frame = frame_of(town)
    assert frame.width_m == pytest.approx(2 * frame.height_m)
    assert frame.holds(town.shape_xy).all()


def test_a_motorway_that_leads_far_out_does_not_shrink_the_town() -> None:
    nodes = {f"{x},{y}": (100.0 * x, 100.0 * y) for x in range(12) for y in range(12)}
    streets = [(f"{x},{y}", f"{x + 1},{y}") for x in range(11) for y in range(12)]
    town = make_town(nodes | {"far": (90_000.0, 0.0)}, [*streets, ("11,0", "far")])
    frame = frame_of(town)
    assert frame.width_m < 2_000
    assert frame.holds(np.array([xy for name, xy in nodes.items()])).all()


@given(width=lengths, height=lengths, ratio=st.floats(0.1, 10))
def test_a_widened_frame_has_its_ratio_and_its_middle_and_holds_the_old_one(
    width: float, height: float, ratio: float
) -> None:
    frame = Frame(10.0, 20.0, 10.0 + width, 20.0 + height)
    wider = frame.widened_to(ratio)
    assert wider.width_m / wider.height_m == pytest.approx(ratio)
    assert (wider.left + wider.right) == pytest.approx(frame.left + frame.right)
    assert wider.width_m >= frame.width_m * (1 - 1e-12)
    assert wider.height_m >= frame.height_m * (1 - 1e-12)


def test_the_long_side_of_every_map_is_the_same() -> None:
    assert map_inches(Frame(0, 0, 300, 150)) == (9.0, 4.5)
    assert map_inches(Frame(0, 0, 150, 300)) == (4.5, 9.0)
