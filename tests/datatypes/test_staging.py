"""Lines against a circle, whose lengths, directions and curvatures are known."""

from __future__ import annotations

import numpy as np
import pytest

from trafficdiff.datatypes.staging import Line

RADIUS_M = 50.0


@pytest.fixture
def quarter() -> Line:
    """A quarter of a circle to the left, from (0, 0) eastwards."""
    angle = np.linspace(0.0, np.pi / 2, 158)
    return Line(np.stack([RADIUS_M * np.sin(angle), RADIUS_M * (1 - np.cos(angle))], axis=-1))


def test_length_direction_and_curvature_of_a_quarter_circle(quarter: Line) -> None:
    assert quarter.length_m == pytest.approx(RADIUS_M * np.pi / 2, rel=1e-4)
    assert quarter.heading_at(np.array([quarter.length_m / 2]))[0] == pytest.approx(np.pi / 4, abs=1e-3)
    assert quarter.curvature[20:-20] == pytest.approx(1 / RADIUS_M, rel=1e-3)


def test_points_beside_a_way_come_back_by_projection(quarter: Line) -> None:
    s, d = np.array([5.0, 40.0, 70.0]), np.array([2.0, -3.0, 0.0])
    back_s, back_d = quarter.project(quarter.at(s, d))
    assert back_s == pytest.approx(s, abs=0.05)
    assert back_d == pytest.approx(d, abs=0.01)


def test_a_way_goes_straight_on_beyond_its_ends(quarter: Line) -> None:
    assert quarter.at(np.array([-10.0]), 1.0)[0] == pytest.approx([-10.0, 1.0], abs=0.1)
    s, d = quarter.project(np.array([[RADIUS_M, RADIUS_M + 7.0]]))
    assert s[0] == pytest.approx(quarter.length_m + 7.0, abs=1e-2)
    assert d[0] == pytest.approx(0.0, abs=0.1)
