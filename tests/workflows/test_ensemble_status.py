"""A study tells how far it is, how long it will take and how it ended, and does not end because it cannot."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from tests.store.test_stacking import plan_of
from trafficdiff.errors import SimulationError
from trafficdiff.store.status import read_status, status_path
from trafficdiff.workflows.ensemble_status import StudyProgress, seconds_left
from trafficdiff.workflows.jobs import Failure, Job, Report

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.store.status import RunStatus


def job_of(folder: Path) -> Job:
    return Job(plan_of("base", samples=1).scenarios[0], 0, folder, folder / "run", folder)


def report(wall_s: float, *gates: str) -> Report:
    return Report("id", "hash", {}, gates, wall_s)


def status_of(study: Path) -> RunStatus:
    status = read_status(status_path(study))
    assert status is not None
    return status


def test_the_time_left_is_that_of_the_jobs_left_over_the_workers() -> None:
    assert seconds_left([10.0, 20.0], jobs=4, width=2) == 30
    assert seconds_left([1_000.0] + [10.0] * 20, jobs=2, width=1) == 20  # the first pays for the start
    assert seconds_left([], jobs=4, width=2) is None
    assert seconds_left([10.0], jobs=4, width=0) is None


def test_people_and_the_file_are_told_the_same(tmp_path: Path) -> None:
    told: list[tuple[str, float | None]] = []
    study = tmp_path / "study"
    progress = StudyProgress(study, plan_of("base", "other", samples=2), lambda *words: told.append(words))
    with progress:
        progress.begin(4, width=lambda: 2)
        progress.ended(job_of(tmp_path), report(10.0), was_there=False)
        progress.under_way(0.5)
        assert told[-1] == ("1 of 4 runs, 12 s left", pytest.approx(1.5 / 4))
        progress.ended(job_of(tmp_path), report(10.0, "teleports"), was_there=False)
        progress.ended(job_of(tmp_path), Failure("E", "no"), was_there=False)
        assert status_of(study).state == "running"
    assert status_of(study).state == "done"
    assert status_of(study).message == "3 of 4 runs, 1 failed, 1 with failed gates"


def test_workers_that_have_gone_are_not_asked(tmp_path: Path) -> None:
    def gone() -> int:
        raise AssertionError("they have gone")

    with StudyProgress(tmp_path / "study", plan_of("base", samples=1), lambda *_: None) as progress:
        progress.begin(0, width=gone)
        progress.say("stacking the results")


@pytest.mark.parametrize(
    ("error", "state", "words"),
    [
        (SimulationError("the scheduler has gone"), "failed", "the scheduler has gone"),
        (KeyboardInterrupt(), "cancelled", "the same command goes on"),
    ],
)
def test_the_file_says_how_it_ended(tmp_path: Path, error: BaseException, state: str, words: str) -> None:
    study = tmp_path / "study"
    with pytest.raises(type(error)), StudyProgress(study, plan_of("base", samples=1), lambda *_: None):
        raise error
    assert status_of(study).state == state
    assert words in status_of(study).message


def test_a_status_that_cannot_be_written_is_said_once_and_ends_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    study = tmp_path / "study"
    status_path(study).mkdir()
    with caplog.at_level(logging.WARNING), StudyProgress(study, plan_of("base", samples=1), lambda *_: None):
        pass
    assert [record.getMessage() for record in caplog.records if "cannot be written" in record.getMessage()] != []
    assert len(caplog.records) == 1
