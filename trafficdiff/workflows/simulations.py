"""Simulate scenarios and samples as a search asks for them, and keep every run: nothing is simulated twice.

A study (`workflows.ensemble`) has every sample of every scenario. A search asks for some of some, looks at the numbers,
and asks again. Its runs lie as those of a study do, so a search that was ended goes on where it stopped::

    DIR/runs/<scenario>/<sample>/      ordinary run directories
    DIR.status.json                    how far it is
"""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Self

from trafficdiff.errors import Faults, IntegrityError, ScenarioError
from trafficdiff.publish import is_complete, real_path, sweep
from trafficdiff.store.claim import holding
from trafficdiff.store.stack import run_directory
from trafficdiff.store.study import RUNS
from trafficdiff.workflows.dispatch import carry_out
from trafficdiff.workflows.jobs import Failure, Job, Report, finished_report
from trafficdiff.workflows.pool import LocalWorkers, usable_processors
from trafficdiff.workflows.progress import quiet
from trafficdiff.workflows.status_file import StatusFile

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from trafficdiff.datatypes.scenario import Scenario
    from trafficdiff.workflows.engine import Engine
    from trafficdiff.workflows.progress import Progress

__all__ = ["Simulations"]

_logger = logging.getLogger(__name__)


class Simulations:
    """Represent the runs of one search, and the workers that make them. Use it in a ``with`` block.

    Parameters
    ----------
    directory
        Where the runs are kept; another process that works there is refused.
    folder
        Where relative paths of the scenarios start.
    workers
        Simulations at once (default: the processors of this machine).
    scheduler
        Address of a Dask scheduler whose workers see `directory` under the same path (default: processes here).
    expected
        How many simulations will be asked for in all, for the progress.
    progress
        Receives what is done in words, and its share.

    Raises
    ------
    OutputError
        On entering, if the directory cannot be written or somebody works there.
    """

    def __init__(
        self,
        directory: str | Path,
        *,
        folder: Path | None = None,
        workers: int | None = None,
        scheduler: str | None = None,
        expected: int = 0,
        progress: Progress = quiet,
    ) -> None:
        self.directory = real_path(Path(directory))
        self.results: dict[tuple[str, int], Report | Failure] = {}
        self._folder = Path.cwd() if folder is None else folder.resolve()
        self._workers, self._scheduler = workers, scheduler
        self._expected, self._progress = expected, progress
        self._left = contextlib.ExitStack()
        self._engine: Engine
        self._file = StatusFile(self.directory, what="search")

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as entering:
            entering.enter_context(holding(self.directory))
            for folder in (self.directory, *(path for path in (self.directory / RUNS).glob("*") if path.is_dir())):
                sweep(folder)
            self._engine = self._started()
            self._left = entering.pop_all()
        self._tell(0.0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._left:
            self._engine.close(now=kind is not None)
            self._file.ended(error, f"{self.used} simulations", share=self._share(0.0))

    def _started(self) -> Engine:
        if self._scheduler is not None:
            from trafficdiff.workflows.cluster import DaskWorkers

            return DaskWorkers(self._scheduler, most=self._workers)
        return LocalWorkers(self._workers or usable_processors())

    @property
    def used(self) -> int:
        """Simulations that were asked for so far; those that an earlier call made count as well."""
        return len(self.results)

    @property
    def made(self) -> int:
        """Simulations that this call made; the rest was there."""
        return sum(isinstance(result, Report) and result.is_new for result in self.results.values())

    def run(self, wanted: Iterable[tuple[Scenario, int]]) -> None:
        """Make the runs of scenarios and samples that are not there; see `results` and `number`.

        Raises
        ------
        ScenarioError
            Listing every scenario that cannot be simulated as it is: another try would fail alike.
        SimulationError
            If the scheduler has gone. A run that failed twice is a `Failure` among the results.
        IntegrityError
            Naming every run of an earlier call that is not what was published.
        """
        by_key = {(scenario.name, sample): self._job(scenario, sample) for scenario, sample in wanted}
        jobs = [job for key, job in by_key.items() if key not in self.results]
        self._take_finished(jobs)
        jobs = [job for job in jobs if (job.scenario.name, job.sample) not in self.results]
        for finished in carry_out(jobs, self._engine, on_share=self._tell):
            self.results[finished.job.scenario.name, finished.job.sample] = finished.result
            if isinstance(finished.result, Failure):
                _logger.warning("%s failed: %s", finished.job.name, finished.result.message)
            self._tell(0.0)
        self._refuse_impossible({job.scenario.name for job in jobs})

    def _take_finished(self, jobs: Iterable[Job]) -> None:
        """Take the runs that an earlier call has finished."""
        faults = Faults(f"{self.directory}: runs of an earlier call cannot be used; delete or restore them")
        for job in jobs:
            if is_complete(job.directory):
                try:
                    self.results[job.scenario.name, job.sample] = finished_report(job)
                except IntegrityError as error:
                    faults.add(str(error))
        faults.raise_if_any(IntegrityError)

    def number(self, scenario: str, sample: int, name: str) -> float:
        """Return one number of the area of one run, NaN if it failed or has none."""
        result = self.results.get((scenario, sample))
        return result.numbers.get(name, float("nan")) if isinstance(result, Report) else float("nan")

    def marked(self, scenario: str) -> int:
        """Return how many runs of a scenario did not pass their gates."""
        mine = [result for (name, _), result in self.results.items() if name == scenario]
        return sum(isinstance(result, Report) and bool(result.failed_gates) for result in mine)

    def failed(self, scenario: str) -> list[str]:
        """Return why runs of a scenario failed, in words."""
        mine = [
            result for (name, _), result in sorted(self.results.items(), key=lambda one: one[0]) if name == scenario
        ]
        return [result.message for result in mine if isinstance(result, Failure)]

    def _job(self, scenario: Scenario, sample: int) -> Job:
        return Job(
            scenario=scenario,
            sample=sample,
            study=self.directory,
            directory=run_directory(self.directory, scenario.name, sample),
            folder=self._folder,
        )

    def _tell(self, under_way: float) -> None:
        words, share = f"{self.used} of {max(self._expected, self.used)} simulations", self._share(under_way)
        self._progress(words, share)
        self._file.running(words, share=share)

    def _share(self, under_way: float) -> float:
        known = max(self._expected, self.used)
        return min((self.used + under_way) / known, 1.0) if known else 0.0

    def _refuse_impossible(self, names: set[str]) -> None:
        faults = Faults("scenarios that cannot be simulated")
        said: set[tuple[str, str]] = set()
        for (name, _), result in sorted(self.results.items(), key=lambda one: one[0]):
            if name in names and isinstance(result, Failure) and result.is_input and (name, result.message) not in said:
                said.add((name, result.message))
                faults.add(f"{name}: {result.message}")
        faults.raise_if_any(ScenarioError)
