"""The search spends what it may, where it decides, and every sample of a candidate has the base's beside it."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np
import pytest

from trafficdiff.datatypes.scenario import Scenario
from trafficdiff.workflows.jobs import Failure, Report
from trafficdiff.workflows.plan_search import Search, saved_by
from trafficdiff.workflows.simulations import Simulations

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def scenario(name: str) -> Scenario:
    return Scenario(name=name, network="helsinki")


class Known(Simulations):
    """Simulations of a made-up town: the number of each sample is known without SUMO, and every call is kept.

    A sample's own chance is common to all scenarios; each scenario adds what it does, and some noise of its own.
    """

    def __init__(self, directory: Path, effects: dict[str, tuple[float, float]], *, broken: str = "") -> None:
        super().__init__(directory)
        self.effects, self.broken = effects, broken
        self.calls: list[list[tuple[str, int]]] = []

    def run(self, wanted: Iterable[tuple[Scenario, int]]) -> None:
        asked = [(one.name, sample) for one, sample in wanted]
        self.calls.append(asked)
        for name, sample in asked:
            assert (name, sample) not in self.results, "nothing is simulated twice"
            common = np.random.default_rng([5, sample]).normal(100, 30)
            mean, spread = self.effects.get(name, (0.0, 0.0))
            own = np.random.default_rng([zlib.crc32(name.encode()), sample]).normal(mean, spread)
            numbers = {"delay_hours": common - own, "mean_speed": common + own}
            fails = name == self.broken
            self.results[name, sample] = Failure("x", "broken") if fails else Report("", "", numbers, (), 1.0)


EFFECTS = {"great": (10.0, 3.0), "good": (9.0, 3.0), "poor": (-20.0, 3.0), "nothing": (0.0, 0.0)}


def searched(folder: Path, *, most: int, broken: str = "") -> tuple[Search, Known]:
    made = Known(folder / "search", EFFECTS, broken=broken)
    search = Search(made, scenario("base"), [scenario(name) for name in EFFECTS], scale=np.ones(4), kpi="delay_hours")
    search.begin(3)
    search.spend(most, step=4)
    return search, made


def test_what_is_saved_is_free_of_what_the_samples_share(tmp_path: Path) -> None:
    search, made = searched(tmp_path, most=15)
    assert search.saved(3) == pytest.approx(0, abs=1e-9)
    assert np.std(search.saved(0)) < 10 < np.std([made.number("base", sample, "delay_hours") for sample in range(3)])


def test_of_what_is_wanted_much_an_increase_is_saved(tmp_path: Path) -> None:
    made = Known(tmp_path / "search", EFFECTS)
    base, great = scenario("base"), scenario("great")
    made.run([(one, sample) for one in (base, great) for sample in range(3)])
    assert saved_by(made, base, great, kpi="mean_speed", samples=range(3)).mean() > 0


def test_impossible_measures_are_found_with_the_first_sample_of_all(tmp_path: Path) -> None:
    _, made = searched(tmp_path, most=15)
    assert sorted(made.calls[0]) == sorted((name, 0) for name in ("base", *EFFECTS))


def test_no_more_is_spent_than_was_allowed_and_nearly_all_of_it(tmp_path: Path) -> None:
    for most in (15, 16, 23, 60):
        _, made = searched(tmp_path / str(most), most=most)
        assert most - 1 <= made.used <= most


def test_the_base_has_every_sample_that_a_candidate_has_and_samples_come_in_order(tmp_path: Path) -> None:
    search, made = searched(tmp_path, most=60)
    for name, count in zip(EFFECTS, search.samples, strict=True):
        assert sorted(sample for one, sample in made.results if one == name) == list(range(count))
    assert sorted(sample for one, sample in made.results if one == "base") == list(range(search.samples.max()))


def test_samples_go_to_those_that_may_be_best(tmp_path: Path) -> None:
    search, _ = searched(tmp_path, most=80)
    great, good, poor, nothing = search.samples
    assert min(great, good) > 1.5 * poor
    assert nothing == 3  # it has never varied: nothing is left to learn


def test_one_whose_runs_fail_is_left_alone_and_the_others_go_on(tmp_path: Path) -> None:
    search, made = searched(tmp_path, most=40, broken="poor")
    assert search.known() == [0, 1, 3]
    assert search.samples[2] == 3
    assert made.failed("poor") == ["broken"] * 3


def test_nothing_is_spent_where_nothing_varies(tmp_path: Path) -> None:
    made = Known(tmp_path / "search", {"nothing": (0.0, 0.0), "none": (0.0, 0.0)})
    search = Search(
        made, scenario("base"), [scenario("nothing"), scenario("none")], scale=np.ones(2), kpi="delay_hours"
    )
    search.begin(3)
    search.spend(100, step=4)
    assert made.used == 9
