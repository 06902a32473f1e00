"""Workers live as long as the study, each does one job at a time, and one that dies is replaced."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.workflows.ensembles import all_ended, long_scenario, scenario_of, wait_for, workers_below
from trafficdiff.workflows.engine import Ended, Event, Lost
from trafficdiff.workflows.jobs import Failure, Job, Report
from trafficdiff.workflows.pool import LocalWorkers, usable_processors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trafficdiff.datatypes.scenario import Scenario

pytestmark = pytest.mark.sumo


@pytest.fixture
def one_worker() -> Iterator[LocalWorkers]:
    workers = LocalWorkers(1)
    yield workers
    workers.close(now=True)


def job_of(scenario: Scenario, folder: Path, *, sample: int = 0) -> Job:
    return Job(scenario, sample, folder / "study", folder / "study" / f"{sample}", folder)


def ended(workers: LocalWorkers, *, seconds: float = 60.0) -> Event:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for event in workers.wait(0.5):
            if isinstance(event, Ended | Lost):
                return event
    pytest.fail("waited in vain")


def has_ended(pid: int) -> bool:
    """Return whether the last thread of a child has ended; its first one may be gone while others hold the socket."""
    tasks = Path(f"/proc/{pid}/task")
    is_zombie = psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    return is_zombie and (not tasks.exists() or len(list(tasks.iterdir())) == 1)


@pytest.mark.slow
def test_a_worker_does_its_jobs_in_one_process_and_tells_why_one_failed(
    one_worker: LocalWorkers, grid_net: Path, tmp_path: Path
) -> None:
    (name,) = one_worker.idle()
    one_worker.start(name, job_of(scenario_of(grid_net), tmp_path))
    assert one_worker.idle() == []
    event = ended(one_worker)
    assert isinstance(event, Ended)
    assert isinstance(event.result, Report)
    assert event.result.numbers["trips_completed"] == 20
    first = one_worker.pids()
    lost = scenario_of(grid_net).model_copy(update={"network": "atlantis"})
    one_worker.start(name, job_of(lost, tmp_path, sample=1))
    event = ended(one_worker)
    assert isinstance(event, Ended)
    assert isinstance(event.result, Failure)
    assert event.result.is_input
    assert "atlantis" in event.result.message
    assert one_worker.pids() == first
    os.kill(first[name], signal.SIGKILL)  # while it is idle
    wait_for(lambda: has_ended(first[name]))
    one_worker.start(name, job_of(lost, tmp_path, sample=2))
    event = ended(one_worker)
    assert isinstance(event, Ended)
    assert one_worker.pids() != first


def test_workers_that_are_told_to_go_at_once_leave_nothing(grid_net: Path, tmp_path: Path) -> None:
    workers = LocalWorkers(1)
    workers.start(workers.idle()[0], job_of(long_scenario(grid_net, trips=2_000), tmp_path))
    processes = wait_for(lambda: workers_below(os.getpid()))
    begun = time.monotonic()
    workers.close(now=True)
    assert time.monotonic() - begun < 7
    assert all_ended(processes)
    assert not (tmp_path / "study" / "0").exists()
    assert workers.pids() == {}


def test_there_are_as_many_workers_as_processors_that_may_be_used() -> None:
    assert 1 <= usable_processors() <= (os.cpu_count() or 1)
