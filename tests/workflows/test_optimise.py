"""The search finds the bottom of a valley that is known, and says honestly whether it is better than the base."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.workflows.ensembles import scenario_of
from trafficdiff.errors import InputError, SimulationError
from trafficdiff.workflows import optimise as module
from trafficdiff.workflows.jobs import Failure, Report
from trafficdiff.workflows.optimise import Optimum, optimise
from trafficdiff.workflows.simulations import Simulations

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.scenario import Scenario

BEST = 62.0


class Valley(Simulations):
    """Simulations of a made-up town in which the best value of the description is known without SUMO."""

    def run(self, wanted: Iterable[tuple[Scenario, int]]) -> None:
        for scenario, sample in wanted:
            value = float(scenario.description or 90)
            common = np.random.default_rng([3, sample]).normal(500, 50)
            own = np.random.default_rng([int(value * 100), sample]).normal(0, 1)
            numbers = {"mean_trip_time": common + (value - BEST) ** 2 / 10 + own, "mean_speed": -((value - BEST) ** 2)}
            self.results[scenario.name, sample] = (
                Failure("x", "too slow") if value > 130 else Report("", "", numbers, (), 1.0)
            )


def searched(folder: Path, monkeypatch: pytest.MonkeyPatch, **changes: object) -> Optimum:
    base = scenario_of(folder / "net.xml")
    options = {"low": 30, "high": 120, "samples": 5, "trials": 15} | changes
    monkeypatch.setattr(module, "Simulations", Valley)
    return optimise(
        base, vary=lambda value: base.model_copy(update={"description": f"{value}"}), directory=folder / "search",
        **options,
    )  # type: ignore[arg-type]  # fmt: skip


def test_the_bottom_of_the_valley_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = searched(tmp_path, monkeypatch)
    assert found.value == pytest.approx(BEST, abs=4)
    assert found.verdict == "better"
    # The base has 90, 28 from the best: 78.4 more, whatever the samples share.
    assert found.change.mean == pytest.approx(-78.4, abs=4)
    assert found.simulations == (len(found.tried) + 2) * 5


def test_values_are_rounded_and_none_is_tried_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = searched(tmp_path, monkeypatch, step=5)
    assert all(value % 5 == 0 for value in found.tried)
    assert found.value in {60, 65}
    assert "best" in found.text()


def test_of_what_is_wanted_much_the_largest_is_best(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = searched(tmp_path, monkeypatch, kpi="mean_speed")
    assert found.value == pytest.approx(BEST, abs=4)
    assert found.verdict == "better"


def test_values_that_cannot_be_simulated_are_avoided(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert searched(tmp_path, monkeypatch, high=160).value < 130
    with pytest.raises(SimulationError, match="found none: too slow"):
        searched(tmp_path, monkeypatch, low=140, high=160)


def test_bounds_that_cannot_be_meant_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="low below high"):
        searched(tmp_path, monkeypatch, low=120)
    with pytest.raises(InputError, match="happiness"):
        searched(tmp_path, monkeypatch, kpi="happiness")


@pytest.mark.sumo
@pytest.mark.slow
def test_on_a_real_grid_the_fastest_limit_is_best_and_nothing_is_simulated_twice(
    tmp_path: Path, grid_net: Path, grid_graph: RoadGraph
) -> None:
    base = scenario_of(grid_net, trips=20)
    where = {"edges": [str(edge) for edge in grid_graph.edge_id]}

    def limited(speed_kmh: float) -> Scenario:
        return base.with_measures([{"kind": "speed_limit", "where": where, "speed_kmh": speed_kmh}])

    def found() -> Optimum:
        return optimise(
            base, vary=limited, low=10, high=40, step=5, samples=2, trials=3, workers=1, directory=tmp_path / "search"
        )

    first = found()
    assert first.value == max(first.tried)
    assert first.verdict in {"worse", "noise"}  # the base has 50 km/h
    runs = {path: path.stat().st_mtime_ns for path in tmp_path.glob("search/runs/*/*/manifest.json")}
    assert len(runs) == first.simulations
    assert found() == first
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("search/runs/*/*/manifest.json")} == runs
