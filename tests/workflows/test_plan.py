"""Candidates are ranked, a set is chosen and simulated together; all of it goes on where it stopped."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from tests.workflows.ensembles import scenario_of
from trafficdiff.datatypes.candidates import Candidates, parse_candidates
from trafficdiff.datatypes.scenario_files import read_scenario
from trafficdiff.errors import InputError, OutputError, ScenarioError
from trafficdiff.publish import verify
from trafficdiff.store.status import read_status, status_path
from trafficdiff.workflows.plan import CHOSEN, plan

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.scenario import Scenario
    from trafficdiff.workflows.plan_outcome import PlanOutcome

pytestmark = [pytest.mark.sumo, pytest.mark.slow]


def limit(edges: list[str], speed_kmh: float) -> dict[str, Any]:
    return {"kind": "speed_limit", "where": {"edges": edges}, "speed_kmh": speed_kmh}


def offered(graph: RoadGraph, **changes: Any) -> Candidates:
    """Slower everywhere, faster everywhere (two that add up), nothing at all, and one that is out of reach."""
    edges = sorted(map(str, graph.edge_id))
    half = len(edges) // 2
    rows = [
        {"name": "Slow", "cost": 1, "measures": [limit(edges, 20)]},
        {"name": "Fast west", "cost": 2, "measures": [limit(edges[:half], 80)]},
        {"name": "Fast east", "cost": 2, "measures": [limit(edges[half:], 80)]},
        {"name": "Dear", "cost": 100, "measures": [limit(edges, 90)]},
    ]
    return parse_candidates({"currency": "EUR", "windows_per_year": 100, "years": 2, "candidates": rows, **changes})


@pytest.fixture(scope="module")
def base(grid_net: Path) -> Scenario:
    return scenario_of(grid_net, trips=40)


@pytest.fixture(scope="module")
def planned(
    tmp_path_factory: pytest.TempPathFactory, base: Scenario, grid_graph: RoadGraph
) -> tuple[PlanOutcome, Callable[[], PlanOutcome]]:
    folder = tmp_path_factory.mktemp("plan") / "plan"

    def again() -> PlanOutcome:
        return plan(
            base, candidates=offered(grid_graph), budget=4, directory=folder, samples=3, simulations=27,
            kpi="trip_hours", workers=2,
        )  # fmt: skip

    return again(), again


def test_what_saves_is_ranked_above_what_harms_and_the_set_is_chosen_within_the_budget(planned) -> None:
    found, _ = planned
    verdicts = {row.name: row.verdict for row in found.ranking}
    assert verdicts["Slow"] == "harms"
    assert {row.name for row in found.ranking[:2]} == {"Fast west", "Fast east"}
    assert set(found.chosen) == {"Fast west", "Fast east"}
    assert found.cost == 4
    assert found.out_of_reach == ("Dear",)
    assert sum(row.probability_best for row in found.ranking) == pytest.approx(1)


def test_a_file_beside_it_says_that_it_is_done(planned) -> None:
    found, _ = planned
    status = read_status(status_path(found.directory))
    assert status is not None
    assert (status.state, status.progress, status.message) == ("done", 1.0, f"{found.simulations} simulations")


def test_worth_is_what_is_saved_over_a_lifetime_for_each_unit_of_money(planned) -> None:
    row = planned[0].ranking[0]
    assert row.lifetime_windows == 200
    assert row.worth.mean == pytest.approx(row.saved.mean * 200 / row.cost)
    assert row.worth.low <= row.worth.mean <= row.worth.high


def test_the_chosen_set_was_simulated_together_on_old_samples_and_on_new_ones(planned) -> None:
    found, _ = planned
    joint = found.joint
    assert joint is not None
    assert joint.samples == joint.common_samples == 3
    assert joint.saved.mean > 0
    assert joint.interaction.mean == pytest.approx(joint.together.mean - joint.singles.mean)
    new = range(found.base_samples, found.base_samples + 3)
    for name in ("base", CHOSEN):
        folder = found.directory / "runs" / name.replace(" ", "_")
        assert {f"{sample:04d}" for sample in new} <= {path.name for path in folder.iterdir()}


def test_no_more_simulations_are_used_than_were_allowed(planned) -> None:
    found, _ = planned
    assert found.simulations == found.simulations_made <= found.simulations_asked == 27
    runs = [path for path in found.directory.glob("runs/*/*") if path.is_dir()]
    assert len(runs) == found.simulations


def test_the_result_is_published_whole_and_its_scenario_can_be_run(planned, base: Scenario) -> None:
    found, _ = planned
    verify(found.directory / "result", kind="plan")
    table = pd.read_csv(found.directory / "result" / "ranking.csv")
    assert table["name"].tolist() == [row.name for row in found.ranking]
    assert json.loads((found.directory / "result" / "plan.json").read_text())["chosen"] == list(found.chosen)
    chosen = read_scenario(found.directory / "result" / "chosen.yaml")
    assert (chosen.name, len(chosen.measures)) == (CHOSEN, 2)
    assert (chosen.seed, chosen.demand) == (base.seed, base.demand)


def test_the_same_plan_again_repeats_no_run_and_says_the_same(planned) -> None:
    found, again = planned
    before = {path: path.stat().st_mtime_ns for path in found.directory.rglob("*") if path.is_file()}
    repeated = again()
    assert repeated.simulations_made == 0
    assert repeated.result_hash == found.result_hash
    assert {path: path.stat().st_mtime_ns for path in found.directory.rglob("*") if path.is_file()} == before


def test_another_plan_does_not_go_into_the_same_directory(planned, base: Scenario, grid_graph: RoadGraph) -> None:
    found, _ = planned
    with pytest.raises(OutputError, match="budget, candidates differ"):
        plan(
            base, candidates=offered(grid_graph, years=3), budget=5, directory=found.directory, samples=3,
            simulations=27, kpi="trip_hours",
        )  # fmt: skip


def test_it_is_said_in_words(planned) -> None:
    found, _ = planned
    assert len(found.rows()) == 3
    assert all(len(row) == len(found.headings()) for row in found.rows())
    said = " ".join(found.sentences())
    for words in ("Fast west", "4 of 4 EUR", "new samples", "together less sum"):
        assert words in said
    assert found.summary()["ranking"][0]["verdict"] == "saves"


def test_a_lost_run_is_made_again_and_the_result_is_the_same(planned) -> None:
    import shutil

    found, again = planned
    shutil.rmtree(found.directory / "runs" / "base" / "0001")
    shutil.rmtree(found.directory / "result")
    repeated = again()
    assert repeated.simulations_made == 1
    assert repeated.result_hash == found.result_hash
    verify(found.directory / "result", kind="plan")


def test_all_that_cannot_be_meant_is_said_at_once_and_nothing_is_written(
    tmp_path: Path, base: Scenario, grid_graph: RoadGraph
) -> None:
    with pytest.raises(InputError) as said:
        plan(
            base, candidates=offered(grid_graph), budget=-1, directory=tmp_path / "plan", samples=1, kpi="happiness",
            confidence=95,
        )  # fmt: skip
    assert all(words in str(said.value) for words in ("4 faults", "kpi", "budget", "samples", "confidence"))
    with pytest.raises(InputError, match="the cheapest, 'Slow', costs 1"):
        plan(base, candidates=offered(grid_graph), budget=0.5, directory=tmp_path / "plan")
    with pytest.raises(InputError, match="expected at least 35"):
        plan(base, candidates=offered(grid_graph), budget=4, directory=tmp_path / "plan", simulations=34)
    assert not any(tmp_path.iterdir())


def test_a_measure_that_chooses_nothing_is_an_error_that_names_its_candidate(tmp_path: Path, base: Scenario) -> None:
    rows = [{"name": "Ghost", "cost": 1, "measures": [limit(["no such edge"], 20)]}]
    ghost = parse_candidates({"currency": "EUR", "candidates": rows})
    with pytest.raises(ScenarioError, match="Ghost"):
        plan(base, candidates=ghost, budget=4, directory=tmp_path / "plan", samples=3, workers=1)
    assert not any(tmp_path.iterdir())


def test_a_set_that_cannot_be_had_together_is_said_and_its_candidates_stay_ranked(
    tmp_path: Path, base: Scenario, grid_graph: RoadGraph
) -> None:
    edges = sorted(map(str, grid_graph.edge_id))
    start, end = (str(grid_graph.node_id[place]) for place in (grid_graph.from_node[0], grid_graph.to_node[0]))
    road = {"kind": "new_road", "id": "same_name", "start": start, "end": end, "speed_kmh": 80}
    rows = [
        {"name": name, "cost": 1, "measures": [limit(edges, speed_kmh), road]}
        for name, speed_kmh in (("One", 80), ("Other", 90))
    ]
    both = parse_candidates({"currency": "EUR", "candidates": rows})
    found = plan(
        base, candidates=both, budget=4, directory=tmp_path / "plan", samples=3, simulations=18, kpi="trip_hours",
        workers=2,
    )  # fmt: skip
    assert set(found.chosen) == {"One", "Other"}
    assert found.joint is not None
    assert (found.joint.samples, found.joint.common_samples) == (0, 0)
    assert any("cannot be had together" in words and "same_name" in words for words in found.warnings)


def test_a_place_that_holds_something_else_is_left_alone(tmp_path: Path, base: Scenario, grid_graph: RoadGraph) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="other content"):
        plan(base, candidates=offered(grid_graph), budget=4, directory=tmp_path, samples=3)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
