"""The set is chosen by what is known, and what it does together is told from what luck made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.workflows.test_plan_search import Known, scenario
from trafficdiff.datatypes.candidates import Candidates, parse_candidates
from trafficdiff.errors import SimulationError
from trafficdiff.workflows.plan_choice import judged
from trafficdiff.workflows.plan_search import Search

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.workflows.plan_outcome import PlanOutcome

MEASURE = {"kind": "speed_limit", "where": {"classes": ["primary"]}, "speed_kmh": 30}
EFFECTS = {"great": (10.0, 1.0), "good": (9.0, 1.0), "poor": (-20.0, 1.0), "Set": (15.0, 1.0)}


def offered(**changes: dict[str, Any]) -> Candidates:
    rows = [
        {"name": name, "cost": cost, "measures": [MEASURE]} | changes.get(name, {})
        for name, cost in (("great", 2.0), ("good", 1.0), ("poor", 1.0))
    ]
    return parse_candidates({"currency": "EUR", "candidates": rows})


def found(folder: Path, candidates: Candidates, *, budget: float = 3.0, kpi: str = "delay_hours") -> PlanOutcome:
    made = Known(folder / "search", EFFECTS)
    scale = np.array([candidates.lifetime_windows(one) / one.cost for one in candidates.candidates])
    scenarios = [scenario(one.name) for one in candidates.candidates]
    search = Search(made, scenario("base"), scenarios, scale=scale, kpi=kpi)
    search.begin(8)
    outcome, _ = judged(
        search, candidates, within=[0, 1, 2], budget=budget, samples=8, most=100, confidence=0.95, name="Set"
    )
    return outcome


@pytest.mark.slow
def test_the_ranking_goes_by_cost_and_the_choice_by_the_whole_budget(tmp_path: Path) -> None:
    outcome = found(tmp_path, offered())
    assert [row.name for row in outcome.ranking] == ["good", "great", "poor"]
    assert outcome.chosen == ("good", "great")
    assert outcome.ranking[0].probability_best > 0.99
    assert outcome.ranking[2].probability_chosen == 0
    assert found(tmp_path / "less", offered(), budget=2).chosen == ("great",)


def test_conditions_between_candidates_hold(tmp_path: Path) -> None:
    assert found(tmp_path / "a", offered(great={"excludes": ["good"]})).chosen == ("great",)
    assert found(tmp_path / "b", offered(great={"requires": ["poor"]})).chosen == ("good",)


def test_a_long_life_counts(tmp_path: Path) -> None:
    outcome = found(tmp_path, offered(great={"years": 10}))
    assert outcome.ranking[0].name == "great"
    assert outcome.ranking[0].worth.mean == pytest.approx(outcome.ranking[0].saved.mean * 10 / 2)


def test_what_the_set_does_together_is_told_from_the_sum(tmp_path: Path) -> None:
    """Together 15 where the sum is 19, so 4 less; all within the scatter of eight samples."""
    joint = found(tmp_path, offered()).joint
    assert joint is not None
    assert joint.saved.mean == pytest.approx(15, abs=2)
    assert joint.singles.mean == pytest.approx(19, abs=2)
    assert joint.interaction.mean == pytest.approx(joint.together.mean - joint.singles.mean)
    assert joint.interaction.side == "below"


def test_a_set_of_one_needs_no_simulations_of_its_own(tmp_path: Path) -> None:
    outcome = found(tmp_path, offered(), budget=2)
    assert outcome.simulations == 4 * 8 + 2 * 8
    assert outcome.joint is not None
    assert outcome.joint.interaction.side == "zero"


@pytest.mark.slow
def test_the_savings_of_chosen_ones_are_flattered_and_new_samples_are_not(tmp_path: Path) -> None:
    """Fifteen towns in which ten candidates do nothing at all: the best one still seems to save something."""
    seemed, was = [], []
    for town in range(15):
        names = [f"{town} {number}" for number in range(10)]
        rows = [{"name": name, "cost": 1.0, "measures": [MEASURE]} for name in names]
        candidates = parse_candidates({"currency": "EUR", "candidates": rows})
        made = Known(tmp_path / str(town), dict.fromkeys(names, (0.0, 1.0)))
        search = Search(
            made, scenario("base"), [scenario(name) for name in names], scale=np.ones(10), kpi="delay_hours"
        )
        search.begin(3)
        outcome, _ = judged(
            search, candidates, within=range(10), budget=1, samples=3, most=100, confidence=0.95, name="Set"
        )
        if outcome.joint is not None:
            seemed.append(outcome.joint.together.mean)
            was.append(outcome.joint.saved.mean)
    assert np.mean(seemed) > 0.6
    assert abs(np.mean(was)) < 0.4


def test_a_number_that_no_run_has_is_said(tmp_path: Path) -> None:
    with pytest.raises(SimulationError, match="expected total_co2_mass"):
        found(tmp_path, offered(), kpi="total_co2_mass")


def test_warnings_name_what_may_be_chance_and_what_moves_the_measure(tmp_path: Path) -> None:
    said = " ".join(found(tmp_path, offered()).warnings)
    assert "delay is held against the speed limit" in said
    assert "may be chance" not in said
