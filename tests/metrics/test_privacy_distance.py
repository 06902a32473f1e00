"""Who is nearer is counted as by hand, ties half, and the bounds widen where neighbours are few."""

from __future__ import annotations

import numpy as np
import pytest

from trafficdiff.metrics.privacy_distance import closer_share, standardised

TRAINING, OTHERS = np.array([[0.0], [10.0]]), np.array([[4.0], [20.0]])


def test_each_drawn_record_counts_for_the_half_it_lies_nearer_to():
    # 1 is nearer to 0, 3 and 19 to the others, 2 and 15 lie in the middle
    found = closer_share(np.array([[1.0], [3.0], [19.0], [2.0], [15.0]]), TRAINING, OTHERS)
    assert found.share == pytest.approx((1 + 0 + 0 + 0.5 + 0.5) / 5)
    assert found.ties == pytest.approx(2 / 5)


def test_copies_of_the_training_half_are_all_nearer_and_swapping_halves_mirrors():
    drawn = np.random.default_rng(0).normal(size=(200, 3))
    one, other = np.random.default_rng(1).normal(size=(2, 50, 3))
    assert closer_share(one, one, other).share == 1
    assert closer_share(drawn, one, other).share == pytest.approx(1 - closer_share(drawn, other, one).share)


def test_a_thousand_drawn_records_with_two_neighbours_are_as_good_as_two():
    drawn = np.concatenate([np.full((500, 1), 0.1), np.full((500, 1), 19.0)])
    found = closer_share(drawn, TRAINING, OTHERS)
    assert (found.share, found.neighbours) == (0.5, 2)
    assert tuple(found.interval[:2]) == (0.0, 1.0)  # a standard error of one half


def test_metres_share_a_unit_and_drawn_records_have_no_say_in_it():
    drawn = np.full((3, 3), 1e6)
    real = np.array([[0.0, 0, 0], [2.0, 0, 60]]), np.array([[0.0, 4, 0], [2.0, 4, 60]])
    _, one, other = standardised(drawn, *real, groups=(0, 0, 1))
    joined = np.concatenate([one, other])
    assert np.ptp(joined[:, 1]) == pytest.approx(2 * np.ptp(joined[:, 0]))
    assert joined[:, 2].std() == pytest.approx(1.0)


def test_halves_of_different_size_are_refused():
    with pytest.raises(ValueError, match="two halves of one size"):
        closer_share(TRAINING, TRAINING, OTHERS[:1])
