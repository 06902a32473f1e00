"""Values of one thing are compared on the same random numbers, and the best one is judged on new ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.workflows.ensembles import scenario_of
from trafficdiff.errors import InputError
from trafficdiff.workflows.sweep import scenario_name, sweep

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.scenario import Scenario
    from trafficdiff.workflows.sweep import Sweep


@pytest.fixture(scope="module")
def base(grid_net: Path) -> Scenario:
    return scenario_of(grid_net, trips=30)


def limited(base: Scenario, graph: RoadGraph, speed_kmh: float) -> Scenario:
    where = {"edges": [str(edge) for edge in graph.edge_id]}
    return base.with_measures([{"kind": "speed_limit", "where": where, "speed_kmh": speed_kmh}])


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory, base: Scenario, grid_graph: RoadGraph) -> Sweep:
    present = float(grid_graph.speed_limit_ms[0]) * 3.6
    return sweep(
        base, vary=lambda speed: limited(base, grid_graph, speed), values=[present, 20.0], samples=3, workers=2,
        kpis=("mean_trip_time", "trips_completed"), directory=tmp_path_factory.mktemp("sweep") / "study",
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.sumo
def test_the_present_value_changes_exactly_nothing_and_a_slow_one_is_slower(swept: Sweep) -> None:
    present, slow = swept.changes.values()
    assert present["mean_trip_time"].side == "zero"
    assert slow["mean_trip_time"].side == "above"
    assert slow["trips_completed"].side == "zero"


@pytest.mark.slow
@pytest.mark.sumo
def test_changes_are_paired_by_sample(swept: Sweep) -> None:
    numbers = swept.study.numbers
    names = (swept.values[20.0], "base")
    slow, base = (np.array([numbers[name, k]["mean_trip_time"] for k in range(3)]) for name in names)
    assert swept.changes[20.0]["mean_trip_time"].mean == pytest.approx((slow - base).mean())


@pytest.mark.slow
@pytest.mark.sumo
def test_the_table_and_the_summary_say_what_is_noise(swept: Sweep) -> None:
    lines = swept.text().splitlines()
    assert len(lines) == 2 + 2 + 2 * 2
    assert sum(line.endswith("exactly the same") for line in lines) == 3
    assert swept.summary()["changes"]["20.0"]["mean_trip_time"]["verdict"] == "more"


def test_values_must_differ_and_numbers_must_be_known(tmp_path: Path) -> None:
    base = scenario_of(tmp_path / "net.xml")
    for values in ([], [1.0, 1.0]):
        with pytest.raises(InputError, match="values that differ"):
            sweep(base, vary=lambda _: base, values=values, directory=tmp_path / "study")
    with pytest.raises(InputError, match="got happiness"):
        sweep(base, vary=lambda _: base, values=[1], directory=tmp_path / "study", kpis=["happiness"])
    assert not any(tmp_path.iterdir())


def test_a_name_is_made_from_any_value(tmp_path: Path) -> None:
    base = scenario_of(tmp_path / "net.xml")
    names = [scenario_name(base, value) for value in (0.30000000000000004, -5, "a/b & c", "x" * 200, ("odd", 1))]
    assert names[:3] == ["base, 0.3", "base, -5", "base, a_b _ c"]
    for name in names:
        assert base.with_measures([], name=name).name == name
