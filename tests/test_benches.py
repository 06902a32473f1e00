"""The benches compute what they print, and stop what does not end."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from trafficdiff.errors import DeadlineError

if TYPE_CHECKING:
    from types import ModuleType

SCRIPTS = Path(__file__).parents[1] / "scripts"


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"scripts_{name}", SCRIPTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def size(trips: int, ours_s: float, bare_s: float):
    bench = script("bench_run")
    return bench.Size(trips, 1.0, bench.Cost(ours_s, 300.0), bench.Cost(bare_s, 100.0), 0.995)


@pytest.mark.parametrize(
    ("ours_s", "bare_s", "verdict"),
    [(68.0, 60.0, "ok"), (70.0, 60.0, "MISSED"), (100.0, 10.0, None)],
)
def test_the_ratio_is_judged_where_the_simulator_takes_a_minute(
    ours_s: float, bare_s: float, verdict: str | None
) -> None:
    line = script("bench_run").line_of(size(10_000, ours_s, bare_s))
    assert ("ok" in line, "MISSED" in line) == (verdict == "ok", verdict == "MISSED")
    assert f"{ours_s / bare_s:.3f}" in line
    assert f"{ours_s / 10:.2f}" in line  # milliseconds a trip
    assert "99.50%" in line


def test_growth_compares_the_cost_of_a_trip_with_the_least_at_smaller_sizes() -> None:
    bench = script("bench_run")
    assert bench.growth([(1_000, 5.0), (10_000, 10.0), (100_000, 110.0)]) == pytest.approx(1.1)
    said = bench.growth_of([size(100_000, 130.0, 80.0), size(1_000, 5.0, 1.0), size(10_000, 10.0, 10.0)])
    assert "ours 1.30, bare SUMO 0.80" in said
    assert said.endswith("MISSED")
    assert bench.growth_of([size(1_000, 5.0, 1.0), size(10_000, 10.0, 10.0)]).endswith("ok")


def test_the_sizes_go_from_a_thousand_to_a_hundred_thousand_in_what_a_scenario_may_last() -> None:
    from trafficdiff.datatypes.scenario import Window

    bench = script("bench_run")
    assert (min(bench.SIZES), max(bench.SIZES)) == (1_000, 100_000)
    assert set(bench.SIZES) <= set(bench.FULL_SIZES)
    for trips in bench.FULL_SIZES:
        Window(begin_s=0, end_s=round(bench.SECONDS_PER_TRIP * trips), clear_s=1_800)


def test_a_process_that_does_not_end_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = script("bench_run")
    monkeypatch.setattr(bench, "DEADLINE_S", 0.3)
    with pytest.raises(DeadlineError):
        bench.cost_of([sys.executable, "-c", "import time; time.sleep(60)"], directory=tmp_path)


def test_a_process_that_fails_ends_the_bench(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        script("bench_run").cost_of([sys.executable, "-c", "raise SystemExit(3)"], directory=tmp_path)


@pytest.mark.parametrize(
    ("capacity", "found"), [(3_333, True), (1_000, True), (900, None), (10_000, True), (6_000, True)]
)
def test_the_highest_demand_is_found_between_two_that_were_tried(capacity: int, *, found: bool | None) -> None:
    tried: list[int] = []

    def cleared(trips: int) -> bool:
        tried.append(trips)
        return trips <= capacity

    answer = script("find_capacity").highest(cleared, low=1_000, high=6_000, tolerance=100)
    assert (answer is not None) is bool(found)
    if answer is not None:
        low, high = answer
        assert {low, high} <= set(tried)
        assert low <= capacity
        assert high - low <= 100
        assert high > capacity or high == low == 6_000
