"""Walks drawn between sides of streets."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import coo_matrix

from trafficdiff.datatypes.footways import Footways
from trafficdiff.demand.pedestrians import MEAN_LENGTH_M, draw_walks
from trafficdiff.errors import NetworkError

SIDE_M = 10.0
SIDES = 1_500


def line(sides: int = SIDES, *, cut: int | None = None) -> Footways:
    """Return sides of 10 m one after the other; two parts if cut."""
    one = np.array([place for place in range(sides - 1) if place + 1 != cut])
    links = coo_matrix((np.full(len(one), SIDE_M), (one, one + 1)), shape=(sides, sides))
    part = np.zeros(sides, np.int32) if cut is None else (np.arange(sides) >= cut).astype(np.int32)
    names = np.array([f"{place:04d}" for place in range(sides)], object)
    return Footways(
        edge_id=names,
        length_m=np.full(sides, SIDE_M),
        links=(links + links.T).tocsr(),
        part=part,
        crossings=0,
        corners=0,
    )


def drawn(footways: Footways, *, per_hour: float = 4_000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return origins and destinations as places on the line."""
    walks = draw_walks(footways, per_hour=per_hour, window_s=(0, 3_600), generator=np.random.default_rng(seed))
    return walks.origin.astype(int), walks.destination.astype(int)


def test_lengths_are_those_of_the_travel_survey() -> None:
    origin, destination = drawn(line())
    length_m = np.abs(origin - destination) * SIDE_M
    assert (length_m > 0).all()
    inner = np.abs(origin - SIDES / 2) < 250  # the ends of the line are five mean lengths away or more
    length_m = length_m[inner]
    assert np.mean(length_m) == pytest.approx(MEAN_LENGTH_M, rel=0.1)
    assert np.mean(length_m > 402) == pytest.approx(0.65, abs=0.04)
    assert np.mean(length_m > 1_609) == pytest.approx(0.18, abs=0.04)


def test_where_the_place_ends_the_law_is_cut_and_nobody_heaps_up_at_the_rim() -> None:
    origin, destination = drawn(line(40))
    ends, middle = np.isin(destination, (0, 39)), np.isin(destination, (19, 20))
    assert ends.sum() < 2 * middle.sum()
    assert (origin != destination).all()


def test_walks_stay_within_what_is_connected_and_begin_by_length() -> None:
    origin, destination = drawn(line(60, cut=20))
    assert ((origin < 20) == (destination < 20)).all()
    assert np.mean(origin < 20) == pytest.approx(1 / 3, abs=0.03)


def test_the_same_dice_give_the_same_walks_within_the_window() -> None:
    footways = line(60)
    one, other = (
        draw_walks(footways, per_hour=600, window_s=(100, 700), generator=np.random.default_rng(7)) for _ in range(2)
    )
    for name in ("depart_s", "origin", "origin_m", "destination", "destination_m", "speed_factor"):
        assert np.array_equal(getattr(one, name), getattr(other, name))
    assert len(one) == 100
    assert one.depart_s.min() >= 100
    assert one.depart_s.max() < 700
    assert (np.diff(one.depart_s) >= 0).all()
    assert (one.origin_m <= SIDE_M).all()


def test_nowhere_to_walk_is_said() -> None:
    with pytest.raises(NetworkError, match="leave pedestrians out"):
        drawn(line(1))
