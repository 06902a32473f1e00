"""A ranking says which orders are sure and which are chance."""

from __future__ import annotations

import numpy as np
import pytest

from trafficdiff.metrics.intervals import resamples
from trafficdiff.metrics.ranking import ranking

DICE = resamples(20, generator=np.random.default_rng(1), replicates=1_999)


def ranked(values, names, *, more_is_better: bool = False):
    return ranking(np.asarray(values, float), names, more_is_better=more_is_better, confidence=0.95, dice=DICE)


def test_clear_differences_are_ranked_without_doubt_although_samples_scatter_much_more() -> None:
    day = np.random.default_rng(2).normal(100, 30, 12)  # shared by all: common random numbers
    small = np.random.default_rng(3).normal(0, 0.2, (3, 12))
    table = ranked(np.array([day + 2, day, day + 1]) + small, ["bus lane", "base", "bridge"])
    assert table["scenario"].tolist() == ["base", "bridge", "bus lane"]
    assert table["probability_best"].tolist() == [1, 0, 0]
    assert table["expected_place"].tolist() == [1, 2, 3]
    assert table["apart_from_next"].tolist() == [True, True, False]


def test_more_speed_is_better() -> None:
    values = [[10, 11, 9, 10, 10], [14, 15, 13, 14, 13]]
    table = ranked(values, ["slow", "fast"], more_is_better=True)
    assert table["scenario"].tolist() == ["fast", "slow"]
    assert table["probability_best"].tolist() == [1, 0]


def test_alike_scenarios_cannot_be_told_apart() -> None:
    values = np.random.default_rng(4).normal(100, 5, (2, 10))
    table = ranked(values, ["a", "b"])
    assert not table["apart_from_next"].any()
    assert table["probability_best"].between(0.02, 0.98).all()
    assert table["probability_best"].sum() == pytest.approx(1)
    assert (table["place_low"].tolist(), table["place_high"].tolist()) == ([1, 1], [2, 2])


def test_identical_scenarios_share_place_and_chance() -> None:
    day = np.random.default_rng(5).normal(size=8)
    table = ranked([day, day], ["a", "a again"])
    assert table["probability_best"].tolist() == [0.5, 0.5]
    assert table["expected_place"].tolist() == [1.5, 1.5]
    assert table["to_next"][0] == table["to_next_low"][0] == table["to_next_high"][0] == 0


@pytest.mark.slow
def test_the_probability_of_being_best_is_as_often_right_as_it_says() -> None:
    """With a flat prior it is the chance that the other is truly worse; truths are drawn wide."""
    generator = np.random.default_rng(6)
    said, right = [], []
    for _ in range(400):
        truth = generator.normal(0, 1, 2)
        values = truth[:, None] + generator.normal(0, 1.5, (2, 8))
        table = ranked(values, ["0", "1"])
        said.append(table["probability_best"][0])
        right.append(int(table["scenario"][0]) == truth.argmin())
    assert np.mean(said) == pytest.approx(np.mean(right), abs=0.06)


def test_one_sample_ranks_without_certainty() -> None:
    table = ranked([[2.0], [1.0]], ["a", "b"])
    assert table["scenario"].tolist() == ["b", "a"]
    assert table["probability_best"].isna().all()
    assert not table["apart_from_next"].any()
