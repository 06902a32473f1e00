"""Intervals are Student's, and a study stops when all of them are narrow enough."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from trafficdiff.datatypes.scenario import Scenario
from trafficdiff.store.study import Stopping, StudyPlan
from trafficdiff.workflows.stopping import batches, look, mean_and_half_width


def plan_of(*names: str, samples: int = 40, stopping: Stopping | None = None) -> StudyPlan:
    scenarios = tuple(Scenario(name=name, network="helsinki") for name in names)
    hashes = tuple(scenario.hash for scenario in scenarios)
    return StudyPlan(
        version="1", base=names[0], seed=42, samples=samples, scenarios=scenarios, scenario_hashes=hashes,
        stopping=stopping,
    )  # fmt: skip


def test_the_interval_is_that_of_another_implementation() -> None:
    values = np.random.default_rng(1).normal(100, 7, 23)
    mean, half = mean_and_half_width([*values, math.nan], confidence=0.9)
    low, high = stats.t.interval(0.9, len(values) - 1, values.mean(), stats.sem(values))
    assert (mean - half, mean + half) == pytest.approx((low, high))


def test_one_value_has_a_mean_and_no_interval() -> None:
    mean, half = mean_and_half_width([3.0, math.nan], confidence=0.95)
    assert mean == 3
    assert math.isnan(half)


def test_batches_cover_every_sample_once_and_do_not_depend_on_anything_but_the_plan() -> None:
    rule = Stopping(kpi="mean_trip_time", half_width=1.0)
    assert list(batches(plan_of("a", samples=23, stopping=rule))) == [
        range(10), range(10, 15), range(15, 20), range(20, 23)
    ]  # fmt: skip
    assert list(batches(plan_of("a", samples=23))) == [range(23)]
    assert list(batches(plan_of("a", samples=7, stopping=rule))) == [range(7)]


def numbers_of(values: dict[str, list[float]]) -> dict[tuple[str, int], dict[str, float]]:
    return {
        (name, sample): {"mean_trip_time": value} for name, own in values.items() for sample, value in enumerate(own)
    }


def test_several_scenarios_are_looked_at_by_their_differences_sample_by_sample() -> None:
    base = np.random.default_rng(2).normal(600, 50, 10)
    rule = Stopping(kpi="mean_trip_time", half_width=1e-6)
    numbers = numbers_of({"a": list(base), "b": list(base + 5)})
    (one,) = look(plan_of("a", "b"), rule, numbers, samples=10)
    assert (one.scenario, one.mean, one.half_width) == ("b", pytest.approx(5), pytest.approx(0, abs=1e-9))
    assert one.is_narrow
    (lone,) = look(plan_of("a"), rule, numbers, samples=10)
    assert lone.half_width == pytest.approx(stats.t.ppf(0.975, 9) * base.std(ddof=1) / math.sqrt(10))
    assert not lone.is_narrow


def test_a_relative_width_is_a_share_of_the_bases_mean() -> None:
    rule = Stopping(kpi="mean_trip_time", half_width=0.05, relative=True)
    numbers = numbers_of({"a": [-200.0] * 10, "b": [-210.0] * 5 + [-190.0] * 5})
    (one,) = look(plan_of("a", "b"), rule, numbers, samples=10)
    assert one.asked == pytest.approx(10)
    assert one.is_narrow


def test_runs_that_failed_are_no_ground_to_stop() -> None:
    rule = Stopping(kpi="mean_trip_time", half_width=1e9)
    numbers = numbers_of({"a": [1.0, 2.0, 3.0, 4.0] + [math.nan] * 6})
    (one,) = look(plan_of("a"), rule, numbers, samples=10)
    assert one.half_width is None
    assert not one.is_narrow
    assert one.mean == 2.5


def test_looking_again_and_again_costs_little_coverage() -> None:
    """Stopped at a wanted half width, 95 % intervals of normal values cover somewhat less often; the docs say so."""
    generator = np.random.default_rng(3)
    rule = Stopping(kpi="mean_trip_time", half_width=0.35)
    plan = plan_of("a", samples=200, stopping=rule)
    covered = []
    for _ in range(300):
        values = generator.normal(0, 1, 200)
        for batch in batches(plan):
            mean, half = mean_and_half_width(list(values[: batch.stop]), confidence=0.95)
            if half <= rule.half_width:
                break
        covered.append(abs(mean) <= half)
    assert 0.88 < np.mean(covered) < 0.98
