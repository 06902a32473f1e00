"""Observed trips count as far as they predict each other."""

from __future__ import annotations

import numpy as np
import pytest

from trafficdiff.demand.observed_ends import WAYS, Ends, districts, draw_ends, mixture_weights

ZONE = np.repeat(np.arange(10), 4).astype(np.int32)
PLACE_XY = np.stack([np.arange(40.0), np.arange(40.0) % 4], axis=1)
RANDOM = np.random.default_rng(5)


def evenly(count: int) -> Ends:
    ends = RANDOM.integers(0, 40, (2, count)).astype(np.int32)
    return Ends(ends[0], np.where(ends[1] == ends[0], (ends[1] + 1) % 40, ends[1]).astype(np.int32))


def test_pairs_that_repeat_themselves_are_believed() -> None:
    few = evenly(5)
    rows = RANDOM.integers(0, 5, 300)
    weight = dict(
        zip(
            WAYS,
            mixture_weights(Ends(few[0][rows], few[1][rows]), evenly(5_000), zone=ZONE, place_xy=PLACE_XY),
            strict=True,
        )
    )
    assert weight["the pair"] > 0.95
    assert sum(weight.values()) == pytest.approx(1)


def test_trips_like_the_models_leave_the_word_to_the_model() -> None:
    weight = dict(zip(WAYS, mixture_weights(evenly(300), evenly(5_000), zone=ZONE, place_xy=PLACE_XY), strict=True))
    assert weight["the pair"] < 0.1
    assert weight["model"] + weight["both zones"] + weight["quarters of the pair"] > 0.5


def test_a_single_trip_tells_nothing() -> None:
    assert mixture_weights(evenly(1), evenly(10), zone=ZONE, place_xy=PLACE_XY).tolist() == [0] * 8 + [1]


def test_each_way_keeps_what_it_says_it_keeps() -> None:
    seen, model = evenly(30), evenly(2_000)
    for way in range(8):
        number = np.zeros(9, np.int64)
        number[way] = 200
        ends, behind = draw_ends(seen, model, zone=ZONE, place_xy=PLACE_XY, number=number, generator=RANDOM)
        assert len(ends.origin) == len(ends.destination) == len(behind)
        assert (ends.origin != ends.destination).all()
        if way == 0:
            assert (seen.origin[behind] == ends.origin).all()
            assert (seen.destination[behind] == ends.destination).all()
        else:
            assert (behind == -1).all()
        if way in (1, 2):
            assert np.isin(ends.origin, seen.origin).all()
        if way in (1, 3):
            assert np.isin(ends.destination, seen.destination).all()
        assert np.isin(ZONE[ends.origin], ZONE[seen.origin]).all() or way not in (0, 1, 2, 4, 5)


def test_districts_halve_the_town_along_its_longer_side() -> None:
    part = districts(PLACE_XY, 3)
    assert np.bincount(part).tolist() == [5] * 8
    assert (np.diff(part) >= 0).all()


def test_trips_that_differ_from_the_model_in_the_large_are_told_by_districts() -> None:
    """All go from the first half of the town to the second, each between streets of its own."""
    seen = Ends(RANDOM.integers(0, 20, 300).astype(np.int32), RANDOM.integers(20, 40, 300).astype(np.int32))
    weight = dict(zip(WAYS, mixture_weights(seen, evenly(20_000), zone=ZONE, place_xy=PLACE_XY), strict=True))
    assert weight["model"] < 0.05
    assert weight["quarters of the pair"] + weight["both zones"] + weight["both ends"] > 0.6
