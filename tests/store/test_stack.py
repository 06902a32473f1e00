"""A study says what it is and where its runs are, finished or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.store.test_stacking import STARTED, plan_of
from trafficdiff.errors import InputError, IntegrityError, StoreError
from trafficdiff.store.stack import open_study
from trafficdiff.store.study import (
    StudyOutcome,
    StudyRun,
    folder_name,
    read_plan,
    study_hash,
    write_document,
)

if TYPE_CHECKING:
    from pathlib import Path


def done(name: str, sample: int, result_hash: str = "") -> StudyRun:
    return StudyRun(scenario=name, sample=sample, state="done", result_hash=result_hash or f"{name}{sample}")


def test_an_unfinished_study_opens_and_says_that_it_has_no_results(tmp_path: Path) -> None:
    plan = plan_of("base", "30 km/h everywhere".replace("/", " "), samples=3)
    write_document(plan, tmp_path / "study.json")
    study = open_study(tmp_path)
    assert (study.complete, study.samples, study.base) == (False, 3, "base")
    assert study.run_directory("30 km h everywhere", 2) == tmp_path / "runs" / "30_km_h_everywhere" / "0002"
    assert study.scenario("base") == plan.scenarios[0]
    with pytest.raises(StoreError, match="goes on where it stopped"):
        _ = study.results
    with pytest.raises(InputError, match=r"base, 30 km h everywhere"):
        study.run_directory("none", 0)
    with pytest.raises(InputError, match="0 to 2"):
        study.run_directory("base", 3)


def test_a_folder_without_a_plan_is_no_study(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"study\.json"):
        open_study(tmp_path)
    with pytest.raises(InputError, match="makes one"):
        open_study(tmp_path / "nowhere")
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="makes one"):
        open_study(tmp_path / "file")


def test_a_plan_that_was_changed_is_found(tmp_path: Path) -> None:
    write_document(plan_of("base", samples=3), tmp_path / "study.json")
    text = (tmp_path / "study.json").read_text()
    (tmp_path / "study.json").write_text(text.replace('"clear_s": 1200.0', '"clear_s": 1201.0'))
    with pytest.raises(IntegrityError, match="was changed"):
        read_plan(tmp_path)


def test_an_outcome_of_another_plan_is_not_taken(tmp_path: Path) -> None:
    plan, other = plan_of("base", samples=3), plan_of("base", samples=4)
    write_document(plan, tmp_path / "study.json")
    runs = (done("base", 0),)
    outcome = StudyOutcome(
        plan_hash=other.hash, study_hash=study_hash(other, runs), samples=1, runs=runs, finished_utc=STARTED
    )
    write_document(outcome, tmp_path / "outcome.json")
    with pytest.raises(IntegrityError, match="another"):
        open_study(tmp_path)


def test_the_hash_of_a_study_knows_its_numbers_and_not_their_order_or_cost() -> None:
    plan = plan_of("a", "b", samples=2)
    runs = [done(name, sample) for name in "ab" for sample in range(2)]
    costly = [run.model_copy(update={"attempts": 2, "wall_s": 9.0}) for run in reversed(runs)]
    assert study_hash(plan, runs) == study_hash(plan, costly)
    assert study_hash(plan, runs) != study_hash(plan, [*runs[:-1], done("b", 1, "other")])
    assert study_hash(plan, runs) != study_hash(plan_of("a", "b", samples=3), runs)


def test_every_name_has_a_folder_that_a_file_system_takes() -> None:
    assert folder_name("Base case, 2030 (+10)") == "Base_case_2030_+10_"
    assert folder_name("Mäkelänkatu") == "Mäkelänkatu"
    assert len(folder_name("ä" * 80).encode()) < 130
    assert folder_name("ä" * 80) != folder_name("ä" * 79)
