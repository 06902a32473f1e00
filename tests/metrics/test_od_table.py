"""Cells of trip ends on a grid."""

from __future__ import annotations

import numpy as np

from trafficdiff.metrics.od_table import grid_cells, mass_by_cell, od_cells


def test_corners_fall_into_corner_cells() -> None:
    xy = np.array([[0.0, 0.0], [800.0, 0.0], [0.0, 400.0], [800.0, 400.0], [399.0, 199.0], [401.0, 201.0]])
    assert grid_cells(xy, side=8).tolist() == [0, 7, 56, 63, 27, 36]


def test_where_the_town_lies_does_not_matter() -> None:
    xy = np.random.default_rng(1).random((50, 2)) * [900, 400]
    assert (grid_cells(xy, side=16) == grid_cells(xy * 3 + [1e6, -5e5], side=16)).all()


def test_a_town_on_a_line_has_one_row() -> None:
    assert grid_cells(np.array([[0.0, 5.0], [10.0, 5.0]]), side=4).tolist() == [0, 3]


def test_pairs_have_a_place_of_their_own() -> None:
    origin, destination = np.divmod(np.arange(16), 4)
    assert sorted(od_cells(origin, destination, cells=4)) == list(range(16))


def test_masses_count_trips_or_their_weight() -> None:
    cell = np.array([2, 0, 2])
    assert mass_by_cell(cell, cells=4).tolist() == [1, 0, 2, 0]
    assert mass_by_cell(cell, cells=4, weight=np.array([0.5, 2.0, 1.0])).tolist() == [2, 0, 1.5, 0]
