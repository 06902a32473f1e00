"""Say what an engine is: workers that each take one job at a time, and tell what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trafficdiff.workflows.jobs import Failure, Job, Report

__all__ = ["Ended", "Engine", "Event", "Lost", "Moved"]


@dataclass(frozen=True)
class Ended:
    """Tell that a worker has done its job, well or not."""

    worker: str
    result: Report | Failure


@dataclass(frozen=True)
class Lost:
    """Tell that a worker died over its job."""

    worker: str
    message: str


@dataclass(frozen=True)
class Moved:
    """Tell which share of its job a worker has done."""

    worker: str
    share: float


Event = Ended | Lost | Moved


class Engine(Protocol):
    """Carry out jobs; a worker that died is replaced, by the engine or by whoever started it."""

    def idle(self) -> Sequence[str]:
        """Return the workers that wait for a job, by name; a name stays with a worker."""

    def width(self) -> int:
        """Return how many jobs can be done at once."""

    def start(self, worker: str, job: Job) -> None:
        """Give a job to a worker that is idle."""

    def wait(self, timeout_s: float) -> Sequence[Event]:
        """Return what has happened, after at most so long."""

    def close(self, *, now: bool) -> None:
        """Let the workers go; `now` ends the jobs that are under way."""
