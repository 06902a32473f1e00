"""Every job ends once; failed ones get one more try; a worker goes on with the sample that it has begun."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trafficdiff.datatypes.scenario import Scenario
from trafficdiff.workflows.dispatch import carry_out
from trafficdiff.workflows.engine import Ended, Event, Lost, Moved
from trafficdiff.workflows.jobs import Failure, Job, Report

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Answer = Callable[[Job, int], Event]

FINE = Report("id", "hash", {}, (), 1.0)


class HandMade:
    """An engine whose workers end in the order in which they began, as they are told to."""

    def __init__(self, workers: int, answer: Callable[[str, Job, int], Event]) -> None:
        self.workers = [f"w{place}" for place in range(workers)]
        self.answer = answer
        self.under_way: dict[str, Job] = {}
        self.tries: Counter[tuple[str, int]] = Counter()
        self.log: list[tuple[str, str, int]] = []

    def idle(self) -> Sequence[str]:
        return [worker for worker in self.workers if worker not in self.under_way]

    def width(self) -> int:
        return len(self.workers)

    def start(self, worker: str, job: Job) -> None:
        assert worker not in self.under_way
        self.under_way[worker] = job
        self.log.append((worker, job.scenario.name, job.sample))

    def wait(self, timeout_s: float) -> Sequence[Event]:
        worker = next(iter(self.under_way))
        job = self.under_way.pop(worker)
        key = (job.scenario.name, job.sample)
        self.tries[key] += 1
        return [Moved(worker, 0.5), self.answer(worker, job, self.tries[key])]

    def close(self, *, now: bool) -> None:
        """Nothing is held."""


def jobs_of(samples: int, *names: str) -> list[Job]:
    scenarios = [Scenario(name=name, network="helsinki") for name in names]
    return [
        Job(scenario, sample, Path("/study"), Path("/study/run"), Path("/"))
        for sample in range(samples)
        for scenario in scenarios
    ]


def fine(worker: str, job: Job, attempt: int) -> Event:
    return Ended(worker, FINE)


@given(st.integers(1, 12), st.integers(1, 4), st.integers(1, 6), st.data())
def test_every_job_ends_exactly_once_whatever_fails(
    samples: int, scenarios: int, workers: int, data: st.DataObject
) -> None:
    jobs = jobs_of(samples, *(f"s{n}" for n in range(scenarios)))

    def answer(worker: str, job: Job, attempt: int) -> Event:
        how = data.draw(st.sampled_from(["fine", "fails", "dies", "input"]))
        if how == "dies":
            return Lost(worker, "died")
        return Ended(worker, FINE if how == "fine" else Failure("E", "no", is_input=how == "input"))

    ended = list(carry_out(jobs, HandMade(workers, answer), on_share=lambda _: None))
    names = Counter((one.job.scenario.name, one.job.sample) for one in ended)
    assert set(names.values()) == {1}
    assert len(names) == len(jobs)
    assert all(one.attempts <= 2 for one in ended)
    assert all(one.attempts == 2 or one.result.is_input for one in ended if isinstance(one.result, Failure))


def test_scenarios_of_a_sample_go_to_one_worker() -> None:
    engine = HandMade(2, fine)
    list(carry_out(jobs_of(4, "a", "b", "c"), engine, on_share=lambda _: None))
    for sample in range(4):
        assert len({worker for worker, _, number in engine.log if number == sample}) == 1


def test_a_worker_without_a_sample_of_its_own_helps_another() -> None:
    engine = HandMade(3, fine)
    list(carry_out(jobs_of(1, "a", "b", "c"), engine, on_share=lambda _: None))
    assert {worker for worker, *_ in engine.log} == {"w0", "w1", "w2"}


@pytest.mark.parametrize("dies", [True, False])
def test_what_failed_is_tried_once_more_after_the_others(dies: bool) -> None:
    def answer(worker: str, job: Job, attempt: int) -> Event:
        if (job.sample, attempt) == (0, 1):
            return Lost(worker, "died") if dies else Ended(worker, Failure("SimulationError", "killed"))
        return Ended(worker, FINE)

    engine = HandMade(1, answer)
    ended = list(carry_out(jobs_of(3, "a"), engine, on_share=lambda _: None))
    assert [sample for *_, sample in engine.log] == [0, 1, 2, 0]
    assert [(one.job.sample, one.attempts) for one in ended] == [(1, 1), (2, 1), (0, 2)]


def test_what_the_user_gave_wrong_is_not_tried_again() -> None:
    engine = HandMade(1, lambda worker, job, attempt: Ended(worker, Failure("ScenarioError", "no", is_input=True)))
    (ended,) = carry_out(jobs_of(1, "a"), engine, on_share=lambda _: None)
    assert ended.attempts == 1


def test_shares_of_what_is_under_way_are_told() -> None:
    told: list[float] = []
    list(carry_out(jobs_of(2, "a"), HandMade(2, fine), on_share=told.append))
    assert told[-1] == 0
