"""Changes of the area's numbers come with what can be said of them."""

from __future__ import annotations

import numpy as np
import pytest

from trafficdiff.metrics.intervals import resamples
from trafficdiff.metrics.kpi_changes import kpi_changes

DICE = resamples(20, generator=np.random.default_rng(1), replicates=1_999)


def row(base, scenario, *, name: str = "delay_hours", paired: bool = True):
    found = kpi_changes(
        {name: np.asarray(base, float)}, {name: np.asarray(scenario, float)}, confidence=0.95, dice=DICE, paired=paired
    )
    return found.iloc[0]


def test_identical_runs_are_exactly_no_difference() -> None:
    found = row([3.1, 2.2, 5.0], [3.1, 2.2, 5.0])
    assert (found["difference"], found["low"], found["high"]) == (0, 0, 0)
    assert found["verdict"] == "exactly no difference"
    assert not found["distinguishable"]


def test_a_known_shift_is_found_under_scatter_that_both_share() -> None:
    generator = np.random.default_rng(2)
    day = generator.normal(100, 30, 10)
    found = row(day, day + 5 + generator.normal(0, 0.5, 10))
    assert found["low"] < 5 < found["high"]
    assert found["distinguishable"]
    assert found["unpaired_low"] < 0 < found["unpaired_high"]  # without the pairs nobody would see it
    assert found["variance_ratio"] < 0.01
    assert found["relative"] == pytest.approx(found["difference"] / found["base"])


def test_different_seeds_get_the_unpaired_interval() -> None:
    generator = np.random.default_rng(3)
    found = row(generator.normal(size=9), generator.normal(size=9), paired=False)
    assert (found["low"], found["high"]) == (found["unpaired_low"], found["unpaired_high"])
    assert found["method"] == "welch"


def test_runs_without_the_number_are_left_out_and_too_few_say_nothing() -> None:
    found = row([1.0, np.nan, 2.0], [2.0, 3.0, np.nan])
    assert found["samples"] == 1
    assert found["difference"] == 1
    assert found["verdict"] == "too few samples"
    nothing = row([np.nan], [np.nan])
    assert nothing["samples"] == 0
    assert nothing["verdict"] == "too few samples"


def test_a_change_from_nothing_has_no_percentage_and_the_same_change_everywhere_is_certain() -> None:
    found = row([0.0, 0.0], [4.0, 4.0], name="teleports")
    assert np.isnan(found["relative"])
    assert (found["low"], found["high"]) == (4, 4)
    assert found["distinguishable"]
