"""Tell people and dashboards how far a study is and how long it will take: one file, one callback."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Self

from trafficdiff.workflows.jobs import Failure
from trafficdiff.workflows.status_file import StatusFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from trafficdiff.store.study import StudyPlan
    from trafficdiff.workflows.jobs import Job, Report
    from trafficdiff.workflows.progress import Progress

__all__ = ["StudyProgress", "seconds_left"]

_logger = logging.getLogger(__name__)


class StudyProgress:
    """Keep count of a study's runs, and ``DIR.status.json`` up to date, from beginning to end.

    Parameters
    ----------
    directory, plan
        The study.
    progress
        Receives the same in words.
    """

    def __init__(self, directory: Path, plan: StudyPlan, progress: Progress) -> None:
        self._file = StatusFile(directory, what="study")
        self._progress = progress
        self._total = plan.samples * len(plan.names)
        self._finished = self._failed = self._marked = 0
        self._wall_s: list[float] = []
        self._waiting = 0
        self._under_way = 0.0
        self._width: Callable[[], int] = int

    def __enter__(self) -> Self:
        """Begin."""
        self.say("beginning")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Say how it ended."""
        self._file.ended(error, self._words(), share=self._finished / self._total)

    def begin(self, missing: int, *, width: Callable[[], int]) -> None:
        """Begin a batch of so many runs on workers of which `width` tells the number."""
        self._waiting, self._width = missing, width
        self.under_way(0.0)

    def ended(self, job: Job, result: Report | Failure, *, was_there: bool) -> None:
        """Count a run that ended for good."""
        self._finished += 1
        if isinstance(result, Failure):
            self._failed += 1
            _logger.warning("%s failed: %s", job.name, result.message)
        else:
            self._marked += bool(result.failed_gates)
        if not was_there:
            self._waiting -= 1
            if not isinstance(result, Failure):
                self._wall_s.append(result.wall_s)
            self.under_way(self._under_way)

    def under_way(self, jobs: float) -> None:
        """Take the work that is half done, in jobs."""
        self._under_way = jobs
        self.say(self._words())

    def say(self, words: str) -> None:
        """Tell what is being done."""
        share = min(1.0, (self._finished + self._under_way) / self._total)
        left_s = None
        if self._waiting > 0:  # else the workers may have gone already
            left_s = seconds_left(self._wall_s, jobs=self._waiting - self._under_way, width=self._width())
        self._progress(words if left_s is None else f"{words}, {_in_words(left_s)} left", share)
        self._file.running(words, share=share, left_s=left_s)

    def _words(self) -> str:
        parts = [f"{self._finished} of {self._total} runs"]
        parts += [f"{self._failed} failed"] if self._failed else []
        parts += [f"{self._marked} with failed gates"] if self._marked else []
        return ", ".join(parts)


def seconds_left(wall_s: list[float], *, jobs: float, width: int) -> float | None:
    """Return how long so many jobs will take on so many workers, from how long others took [s]; None if none has."""
    if not wall_s or width < 1:
        return None
    recent = wall_s[-max(10, 4 * width) :]
    return max(0.0, jobs) * sum(recent) / len(recent) / width


def _in_words(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3_600:.1f} h"
