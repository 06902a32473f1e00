"""The script that measures coverage measures it: right where the truth is known, wrong where the interval is."""

from __future__ import annotations

import numpy as np
import pytest

from tests.test_benches import script


def test_the_interval_that_is_used_keeps_its_promise_and_the_percentile_does_not() -> None:
    found = script("coverage").coverage_of("normal", 6, studies=300)
    assert 0.90 <= found["in use"][0] <= 0.98
    assert 0.90 <= found["bootstrap-t"][0] <= 0.99
    assert 0.90 <= found["student"][0] <= 0.99
    assert found["percentile"][0] < 0.92
    assert found["bca"][0] < 0.92


@pytest.mark.parametrize("kind", ["counts", "heavy delays", "one bad day moves all", "neighbours move together"])
def test_few_of_the_roads_shown_are_false_and_moderation_finds_more(kind: str) -> None:
    found = script("coverage").false_discoveries(kind, 6, towns=6)
    assert found["moderated t"][0] <= 0.07
    assert found["moderated t"][1] > found["plain t"][1]
    assert found["moderated t, BY"][1] < found["moderated t"][1]


@pytest.mark.parametrize("skewed", [False, True])
def test_null_studies_from_a_pool_hold_zero_in_90_to_98_percent(skewed: bool) -> None:
    generator = np.random.default_rng(1)
    pool = generator.lognormal(0, 0.7, 2_400) if skewed else generator.normal(size=2_400)
    found = script("coverage").null_studies(pool, studies=200, samples=6, generator=generator)
    assert 0.90 <= found.unpaired <= 0.99
    assert 0.90 <= found.by_sample <= 0.98


def test_common_random_numbers_save_what_they_share() -> None:
    generator = np.random.default_rng(2)
    day = generator.normal(0, 3, 4_000)
    ratio = script("coverage").variance_ratio(day + generator.normal(size=4_000), day + generator.normal(size=4_000))
    assert ratio == pytest.approx(2 / 20, rel=0.1)


@pytest.mark.slow
@pytest.mark.sumo
def test_runs_with_other_seeds_differ_and_equal_ones_do_not(tmp_path) -> None:
    coverage = script("coverage")
    town = coverage.tiny_town(tmp_path)
    one, other, again = (coverage.numbers_of_run(town, seed=seed, sample=0, trips=40) for seed in (1, 2, 1))
    assert one == again
    assert one["mean_trip_time"] != other["mean_trip_time"]
