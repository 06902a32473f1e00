"""Oriented boxes against cases that can be worked out by hand, and against shapely's polygons."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from trafficdiff.datatypes.boxes import Boxes, boxes_overlap, corners_of, separation


def box(x: float, y: float, heading: float, length: float = 4.0, width: float = 2.0) -> Boxes:
    return Boxes(x_m=np.array([x]), y_m=np.array([y]), heading_rad=np.array([heading]), length_m=length, width_m=width)


def test_corners_of_a_box_that_looks_north() -> None:
    corners = corners_of(box(10.0, 5.0, np.pi / 2))[0]
    assert corners == pytest.approx(np.array([[9.0, 7.0], [11.0, 7.0], [11.0, 3.0], [9.0, 3.0]]))


@pytest.mark.parametrize(
    ("other", "depth"),
    [
        (box(5.0, 0.0, 0.0), -1.0),  # behind each other, a metre between
        (box(3.0, 0.0, 0.0), 1.0),
        (box(0.0, 2.5, 0.0), -0.5),  # beside each other
        (box(3.5, 0.0, np.pi / 2), -0.5),  # 2 + 1 along the first one's axis
    ],
)
def test_depth_by_hand(other: Boxes, depth: float) -> None:
    assert -separation(box(0.0, 0.0, 0.0), other)[0] == pytest.approx(depth)


def test_overlap_agrees_with_polygons() -> None:
    generator = np.random.default_rng(3)
    first, second = (
        Boxes(
            x_m=generator.uniform(-4, 4, 400), y_m=generator.uniform(-4, 4, 400),
            heading_rad=generator.uniform(-4, 4, 400), length_m=generator.uniform(0.5, 6, 400),
            width_m=generator.uniform(0.5, 3, 400),
        )
        for _ in range(2)
    )  # fmt: skip
    shapes = [shapely.polygons(corners_of(one)) for one in (first, second)]
    expected = shapely.intersects(*shapes)
    assert 50 < expected.sum() < 350
    assert (boxes_overlap(first, second) == expected).all()
