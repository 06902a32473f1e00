"""Hand jobs to the workers of an engine until all are done; failed ones get one more try, after the others.

Scenarios of one sample share their trips, and a worker keeps the last ones that it drew. So a worker that has begun a
sample goes on with it, one that is free begins the next, and only when none is left untouched does it help another::

    sample 0: base, variant ──▶ worker 0        sample 1: base, variant ──▶ worker 1        sample 2 ...
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from trafficdiff.workflows.engine import Ended, Lost, Moved
from trafficdiff.workflows.jobs import Failure, Report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from trafficdiff.workflows.engine import Engine
    from trafficdiff.workflows.jobs import Job

__all__ = ["Finished", "carry_out"]

_WAIT_S: Final = 0.5
_TRIES: Final = 2

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Finished:
    """Say what became of a job at last, and how often it was started."""

    job: Job
    result: Report | Failure
    attempts: int


def carry_out(jobs: Iterable[Job], engine: Engine, *, on_share: Callable[[float], None]) -> Iterator[Finished]:
    """Yield every job as it ends for good.

    Parameters
    ----------
    jobs
        What is to be done.
    engine
        Who does it.
    on_share
        Told about twice a second how much of the jobs under way is done, in jobs.
    """
    waiting = _Queue(jobs)
    under_way: dict[str, Job] = {}
    shares: dict[str, float] = {}
    tries: Counter[tuple[str, int]] = Counter()
    while waiting or under_way:
        for worker in engine.idle():
            if worker not in under_way and (job := waiting.next_for(worker)) is not None:
                tries[_key(job)] += 1
                under_way[worker], shares[worker] = job, 0.0
                engine.start(worker, job)
        for event in engine.wait(_WAIT_S):
            if event.worker not in under_way:
                continue
            if isinstance(event, Moved):
                shares[event.worker] = min(event.share, 1.0)
                continue
            job = under_way.pop(event.worker)
            del shares[event.worker]
            result = _result_of(event)
            if isinstance(result, Failure) and not result.is_input and tries[_key(job)] < _TRIES:
                _logger.warning("%s failed and is tried once more: %s", job.name, result.message)
                waiting.put_back(job)
            else:
                yield Finished(job, result, tries[_key(job)])
        on_share(sum(shares.values()))


def _result_of(event: Ended | Lost) -> Report | Failure:
    return event.result if isinstance(event, Ended) else Failure("WorkerLost", event.message)


def _key(job: Job) -> tuple[str, int]:
    return job.scenario.name, job.sample


class _Queue:
    """Hold the jobs that nobody has begun, by sample."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._samples: dict[int, deque[Job]] = {}
        for job in jobs:
            self._samples.setdefault(job.sample, deque()).append(job)
        self._again: deque[Job] = deque()
        self._begun: dict[str, int] = {}

    def __len__(self) -> int:
        return sum(map(len, self._samples.values())) + len(self._again)

    def put_back(self, job: Job) -> None:
        self._again.append(job)

    def next_for(self, worker: str) -> Job | None:
        """Return the next job for a worker: of its own sample, of an untouched one, of any, or a failed one."""
        mine = self._begun.get(worker)
        untouched = (sample for sample in self._samples if sample not in self._begun.values())
        sample = mine if mine in self._samples else next(untouched, next(iter(self._samples), None))
        if sample is None:
            return self._again.popleft() if self._again else None
        self._begun[worker] = sample
        jobs = self._samples[sample]
        job = jobs.popleft()
        if not jobs:
            del self._samples[sample]
        return job
