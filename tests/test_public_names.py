"""What ``import trafficdiff`` offers, and that it costs nothing before it is used."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import trafficdiff
from tests.test_import_cost import loaded_by
from trafficdiff.errors import ScenarioError


def test_every_public_name_is_there_and_is_what_its_module_says() -> None:
    for name in trafficdiff.__all__:
        assert getattr(trafficdiff, name) is not None
        assert name in dir(trafficdiff)
    from trafficdiff.workflows.sweep import sweep

    assert trafficdiff.sweep is sweep


def test_type_checkers_are_told_the_same_names_from_the_same_modules() -> None:
    stub = ast.parse(Path(trafficdiff.__file__).with_suffix(".pyi").read_text())
    told = {alias.name: node.module for node in stub.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert told == trafficdiff._MODULES
    listed = next(node.value for node in stub.body if isinstance(node, ast.Assign))
    assert ast.literal_eval(listed) == trafficdiff.__all__ == sorted(trafficdiff.__all__)


def test_a_name_that_there_is_not_is_said_plainly() -> None:
    with pytest.raises(AttributeError, match="no attribute 'simulate_everything'"):
        trafficdiff.simulate_everything  # noqa: B018
    assert not hasattr(trafficdiff, "workflow")


def test_a_name_of_a_workflow_does_not_load_the_others_heavy_libraries() -> None:
    loaded = loaded_by(
        "import trafficdiff; trafficdiff.ensemble, trafficdiff.sweep, trafficdiff.plan, trafficdiff.Scenario"
    )
    assert not loaded & {"torch", "geopandas", "xarray", "osmnx", "libsumo", "traci", "matplotlib", "scipy"}


def test_measures_are_added_to_a_scenario_after_its_own_and_all_faults_are_said() -> None:
    base = trafficdiff.Scenario.model_validate(
        {"name": "base", "network": "helsinki", "measures": [{"kind": "weather", "condition": "rain"}]}
    )
    limit = {"kind": "speed_limit", "where": {"classes": ["primary"]}, "speed_kmh": 30}
    slower = base.with_measures([limit], name="slower")
    assert [measure.kind for measure in slower.measures] == ["weather", "speed_limit"]
    assert (slower.name, slower.seed, base.with_measures(slower.measures[1:]).name) == ("slower", base.seed, "base")
    assert base.with_measures(slower.measures[1:]).measures == slower.measures
    with pytest.raises(ScenarioError) as said:
        base.with_measures([limit | {"speed_kmh": -1}, {"kind": "magic"}], name="a/b")
    assert "measures.0.speed_kmh" in str(said.value)  # the first that was added, not the base's
    assert all(words in str(said.value) for words in ("3 faults", "measures.1", "name"))
