"""Run scenarios x samples with common random numbers, and stack what they measured in one store.

::

    study.json ─▶ batch of samples ─▶ jobs ─▶ workers ─▶ runs/<scenario>/<sample>/ ─▶ results.zarr ─▶ outcome.json
                      ▲                                        │
                      └──── the interval is too wide ──────────┘

Whatever ends it early, what is finished stays, and the same call goes on from there.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from trafficdiff.errors import Faults, IntegrityError, NetworkError, ScenarioError, SimulationError
from trafficdiff.publish import is_complete, real_path, sweep
from trafficdiff.store.claim import holding, sweep_claims
from trafficdiff.store.stack import STACK
from trafficdiff.store.stacking import write_results
from trafficdiff.store.study import (
    OUTCOME,
    PLAN,
    RESULTS,
    RUNS,
    StudyOutcome,
    StudyRun,
    read_outcome,
    study_hash,
    write_document,
)
from trafficdiff.workflows.dispatch import Finished, carry_out
from trafficdiff.workflows.ensemble_outcome import EnsembleOutcome
from trafficdiff.workflows.ensemble_plan import Given, jobs_of, keep_plan, make_plan, read_given, refuse_changed
from trafficdiff.workflows.ensemble_status import StudyProgress
from trafficdiff.workflows.jobs import Failure, Job, Report, finished_report
from trafficdiff.workflows.pool import LocalWorkers, usable_processors
from trafficdiff.workflows.progress import quiet
from trafficdiff.workflows.stopping import batches, look
from trafficdiff.workflows.training_range import say_if_far
from trafficdiff.workflows.trying_measures import refuse_idle_measures

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from trafficdiff.datatypes.calibration_facts import CalibrationFacts
    from trafficdiff.datatypes.scenario import Scenario
    from trafficdiff.datatypes.training_range import Standing
    from trafficdiff.store.study import Look, Stopping, StudyPlan
    from trafficdiff.workflows.engine import Engine
    from trafficdiff.workflows.progress import Progress

__all__ = ["ensemble"]

_HOPELESS: Final = frozenset({ScenarioError.__name__, NetworkError.__name__})
"""Kinds of failures that are a scenario's and not a run's."""

_logger = logging.getLogger(__name__)


def ensemble(
    scenarios: Sequence[Scenario | str | Path],
    *,
    directory: str | Path,
    samples: int | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    base: str | None = None,
    stopping: Stopping | None = None,
    picture: bool = False,
    progress: Progress = quiet,
) -> EnsembleOutcome:
    """Run every scenario so many times, sample k of all with the same random numbers, and stack the results.

    Parameters
    ----------
    scenarios
        Scenarios or their files; names differ, seed, window and interval are the same. Relative paths of one made in
        code start at the working directory.
    directory
        The study to make, or to go on with.
    samples
        Samples of each scenario, the most if `stopping` is given (default: what the base asks for).

    Other Parameters
    ----------------
    workers
        Simulations at once (default: the processors of this machine, or every worker of the scheduler).
    scheduler
        Address of a Dask scheduler whose workers see `directory` under the same path (default: processes here).
    base
        Name of the scenario that the others are compared with (default: the first).
    stopping
        Stop early, when the interval of a number is narrow enough.
    picture
        Whether every run gets a map.
    progress
        Receives what is done in words, and its share.

    Raises
    ------
    ScenarioError, OutputError
        Before anything is written: if the scenarios do not go together, or something else is in the directory. Later:
        if a run shows that a scenario cannot be used; finished runs are kept.
    SimulationError
        If every run failed, or the scheduler has gone. Where only some runs failed there is an outcome that lists them.
    StoreError
        If a finished run was damaged, or no space is left.
    """
    given = read_given(scenarios)
    plan = make_plan(given, samples=samples, base=base, stopping=stopping)
    directory = real_path(Path(directory))
    started = time.monotonic()
    if not (directory / PLAN).exists():
        refuse_idle_measures([(one.scenario, one.folder) for one in given], progress=progress)
    with holding(directory):
        keep_plan(directory, plan, given)
        _sweep(directory)
        with StudyProgress(directory, plan, progress) as told:
            study = _Study(plan, given, directory=directory, picture=picture, told=told)
            study.take_finished()
            with _engine(plan, workers=workers, scheduler=scheduler) as engine:
                for batch in batches(plan):
                    study.run(batch, engine)
                    if study.is_narrow(samples=batch.stop):
                        break
            told.say("stacking the results")
            outcome = study.finish()
    wall_s = time.monotonic() - started
    return EnsembleOutcome(
        directory, plan, outcome, study.numbers, wall_s=wall_s, training_ranges=study.ranges,
        calibrations=study.calibrations,
    )  # fmt: skip


class _Study:
    """Hold what is known of a study while it runs.

    Parameters
    ----------
    plan, given
        What was asked.
    directory
        Where it is.
    picture
        Whether every run gets a map.
    told
        Who is told how far it is.
    """

    def __init__(
        self, plan: StudyPlan, given: Sequence[Given], *, directory: Path, picture: bool, told: StudyProgress
    ) -> None:
        self.plan, self.given, self.directory, self.picture, self.told = plan, given, directory, picture, told
        self.runs: dict[tuple[str, int], StudyRun] = {}
        self.numbers: dict[tuple[str, int], Mapping[str, float]] = {}
        self.looks: list[Look] = []
        self.ranges: dict[str, Standing] = {}
        self.calibrations: dict[tuple[str, int], CalibrationFacts] = {}

    def take_finished(self) -> None:
        """Take the runs that an earlier call has finished.

        Raises
        ------
        IntegrityError
            Naming every one that is not what was published.
        """
        faults = Faults(f"{self.directory}: runs of an earlier call cannot be used; delete or restore them")
        for job in self._jobs(range(self.plan.samples)):
            if is_complete(job.directory):
                try:
                    self._note(Finished(job, finished_report(job), attempts=0))
                except IntegrityError as error:
                    faults.add(str(error))
        faults.raise_if_any(IntegrityError)
        if self.runs:
            _logger.info("%d runs are there already", len(self.runs))

    def run(self, samples: range, engine: Engine) -> None:
        """Make the runs of a batch that are not there.

        Raises
        ------
        ScenarioError
            At the first run that shows that a scenario or its network cannot be used: all its samples would fail.
        """
        missing = [job for job in self._jobs(samples) if _key(job) not in self.runs]
        self.told.begin(len(missing), width=engine.width)
        for finished in carry_out(missing, engine, on_share=self.told.under_way):
            self._note(finished)
            if isinstance(finished.result, Failure) and finished.result.kind in _HOPELESS:
                raise ScenarioError(f"scenario {finished.job.scenario.name!r}: {finished.result.message}")

    def is_narrow(self, *, samples: int) -> bool:
        """Look at the intervals, if somebody wants to stop by them, and return whether all are narrow enough."""
        rule = self.plan.stopping
        if rule is None:
            return False
        looks = look(self.plan, rule, self.numbers, samples=samples)
        self.looks += looks
        return all(one.is_narrow for one in looks)

    def finish(self) -> StudyOutcome:
        """Stack the runs and write what came out; what an earlier call wrote stays if it is the same.

        Raises
        ------
        SimulationError
            If every run failed.
        StoreError
            If a file that the runs rest on changed meanwhile, or the results cannot be written.
        """
        refuse_changed(self.plan, self.given)
        samples = max((sample for _, sample in self.runs), default=-1) + 1
        if self.looks:
            samples = self.looks[-1].samples
        order = [(name, sample) for name in self.plan.names for sample in range(samples)]
        runs = tuple(self.runs[key] for key in order)
        if all(run.state == "failed" for run in runs):
            raise SimulationError(f"expected runs, every one failed; the first: {runs[0].scenario}: {runs[0].error}")
        outcome = StudyOutcome(
            plan_hash=self.plan.hash,
            study_hash=study_hash(self.plan, runs),
            samples=samples,
            runs=runs,
            looks=tuple(self.looks),
            finished_utc=dt.datetime.now(dt.UTC),
        )
        if (before := self._there()) is not None and before.study_hash == outcome.study_hash:
            return before
        (self.directory / OUTCOME).unlink(missing_ok=True)
        write_results(self.directory, self.plan, runs, samples=samples)
        write_document(outcome, self.directory / OUTCOME)
        return outcome

    def _there(self) -> StudyOutcome | None:
        """Return the outcome of an earlier call if it is whole."""
        from trafficdiff.publish import verify

        try:
            verify(self.directory / RESULTS, kind=STACK)
            return read_outcome(self.directory, self.plan)
        except IntegrityError:
            return None

    def _jobs(self, samples: range) -> list[Job]:
        return jobs_of(self.given, directory=self.directory, samples=samples, picture=self.picture)

    def _note(self, finished: Finished) -> None:
        job, result = finished.job, finished.result
        self.runs[_key(job)] = _row_of(finished)
        if isinstance(result, Report):
            self.numbers[_key(job)] = result.numbers
            self._note_range(job, result)
            if result.calibration is not None:
                self.calibrations[_key(job)] = result.calibration
        self.told.ended(job, result, was_there=finished.attempts == 0)

    def _note_range(self, job: Job, result: Report) -> None:
        """Keep where the place of a scenario lies in the model's training range, and warn once of each that is far."""
        standing = result.training_range
        if standing is None or job.scenario.name in self.ranges:
            return
        if standing not in self.ranges.values():
            say_if_far(standing)
        self.ranges[job.scenario.name] = standing


def _key(job: Job) -> tuple[str, int]:
    return job.scenario.name, job.sample


def _row_of(finished: Finished) -> StudyRun:
    job, result = finished.job, finished.result
    if isinstance(result, Failure):
        return StudyRun(
            scenario=job.scenario.name, sample=job.sample, state="failed", attempts=finished.attempts,
            error=result.message,
        )  # fmt: skip
    return StudyRun(
        scenario=job.scenario.name,
        sample=job.sample,
        state="gates failed" if result.failed_gates else "done",
        run_id=result.run_id,
        result_hash=result.result_hash,
        failed_gates=result.failed_gates,
        attempts=finished.attempts,
        wall_s=max(0.0, result.wall_s),
    )


def _sweep(directory: Path) -> None:
    """Remove what killed calls left behind; each run sweeps its own folder, too."""
    for folder in (directory, *(path for path in (directory / RUNS).glob("*") if path.is_dir())):
        sweep(folder)
        sweep_claims(folder)


@contextlib.contextmanager
def _engine(plan: StudyPlan, *, workers: int | None, scheduler: str | None) -> Iterator[Engine]:
    """Give the workers, and let them go in the end: at once if something went wrong."""
    engine: Engine
    if scheduler is not None:
        from trafficdiff.workflows.cluster import DaskWorkers

        engine = DaskWorkers(scheduler, most=workers)
    else:
        most = plan.samples * len(plan.names)
        engine = LocalWorkers(min(most, workers or usable_processors()))
    try:
        yield engine
    except BaseException:
        engine.close(now=True)
        raise
    engine.close(now=False)
