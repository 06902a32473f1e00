"""Open a study: many runs, stacked into one dataset by scenario and sample.

::

    DIR/study.json                     what was asked
        runs/<scenario>/<sample>/      ordinary run directories
        results.zarr/                  their metrics, dims (scenario, sample, ...)
        outcome.json                   every run's state, and the hash of the study
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from trafficdiff.errors import InputError, IntegrityError, StoreError
from trafficdiff.publish import read_manifest, verify
from trafficdiff.store.arrays import read_dataset
from trafficdiff.store.study import RESULTS, RUNS, StudyOutcome, StudyPlan, folder_name, read_outcome, read_plan
from trafficdiff.units import check_dataset

if TYPE_CHECKING:
    import xarray as xr

    from trafficdiff.datatypes.scenario import Scenario

__all__ = ["STACK", "Study", "open_study", "run_directory"]

STACK = "results"
"""What the manifest of ``results.zarr`` says that it holds."""


@dataclass(frozen=True, eq=False)
class Study:
    """Represent one study; what is large is read when it is first used.

    Parameters
    ----------
    directory
        Where it is.
    plan
        What was asked.
    outcome
        What came out, or None while it is not finished.
    """

    directory: Path
    plan: StudyPlan
    outcome: StudyOutcome | None

    @property
    def base(self) -> str:
        """Name of the scenario that the others are compared with."""
        return self.plan.base

    @property
    def scenarios(self) -> tuple[str, ...]:
        """Names of all scenarios, in the order given."""
        return self.plan.names

    @property
    def samples(self) -> int:
        """Samples of each scenario: those that were run, or those that were asked for while it is not finished."""
        return self.plan.samples if self.outcome is None else self.outcome.samples

    @property
    def complete(self) -> bool:
        """Whether every run that the study needs is there; gates may have failed."""
        return self.outcome is not None and not self.outcome.failures

    @property
    def hash(self) -> str:
        """Hash over the numbers of every run; the same whichever engine, workers or interruptions made them.

        Raises
        ------
        StoreError
            If the study is not finished.
        """
        return self._finished().study_hash

    @cached_property
    def results(self) -> xr.Dataset:
        """Metrics of every run, read when they are used: numbers as `trafficdiff.units` says, leading dims first.

        ====================  ====================================  =================================
        dims                  such as                               type, where nothing is known
        ====================  ====================================  =================================
        scenario, sample      ``delay_hours``, ``mean_speed``       float64, NaN
        ..., time             ``area_flow``, ``interval_length``    float64, NaN
        ..., edge             ``travel_time_index``                 float32, NaN
        ..., time, edge       ``flow``, ``speed``, ``delay``        float32, NaN
        scenario, edge        ``edge_length``, ``edge_lanes``, ...  float64, NaN: not in this scenario
        ====================  ====================================  =================================

        Coordinates are ``scenario`` (names), ``sample`` (numbers from 0), ``time``, ``edge``, and ``run_state``
        (``done``, ``gates failed``, ``failed``) by scenario and sample. A failed run is NaN everywhere. After a run's
        roads are empty, sums, flows, densities and ``interval_length`` are 0, and means are NaN.

        Raises
        ------
        StoreError
            If the study is not finished.
        IntegrityError
            If the store is not whole.
        """
        self._finished()
        read_manifest(self.directory / RESULTS, kind=STACK)
        data = read_dataset(self.directory / RESULTS)
        check_dataset(data, heading=f"{self.directory / RESULTS}")
        return data

    def scenario(self, name: str) -> Scenario:
        """Return one scenario as resolved.

        Raises
        ------
        InputError
            If there is none of that name; the names are listed.
        """
        return self.plan.scenarios[self._place(name)]

    def run_directory(self, scenario: str, sample: int) -> Path:
        """Return where a run is, or will be.

        Raises
        ------
        InputError
            If the study has no such scenario or sample.
        """
        self._place(scenario)
        if not 0 <= sample < self.plan.samples:
            raise InputError(f"expected a sample from 0 to {self.plan.samples - 1}, got {sample}")
        return run_directory(self.directory, scenario, sample)

    def _place(self, name: str) -> int:
        if name not in self.scenarios:
            raise InputError(f"expected a scenario of the study ({', '.join(self.scenarios)}), got {name!r}")
        return self.scenarios.index(name)

    def _finished(self) -> StudyOutcome:
        if self.outcome is None:
            raise StoreError(
                f"{self.directory}: expected a finished study, this one is not; give the same `trafficdiff ensemble` "
                "command again, it goes on where it stopped"
            )
        return self.outcome


def run_directory(study: Path, scenario: str, sample: int) -> Path:
    """Return where a run of a study is."""
    return study / RUNS / folder_name(scenario) / f"{sample:04d}"


def open_study(directory: str | Path, *, check: bool = True) -> Study:
    """Open a study, finished or not.

    Parameters
    ----------
    directory
        The study.
    check
        Whether every file of ``results.zarr`` is compared with its manifest. The runs have manifests of their own:
        `trafficdiff.store.reading.open_run` compares those.

    Raises
    ------
    InputError
        If it is no study.
    IntegrityError
        If something of it was changed.
    """
    directory = Path(directory)
    plan = read_plan(directory)
    outcome = read_outcome(directory, plan)
    if outcome is not None and check:
        if not (directory / RESULTS).is_dir():
            raise IntegrityError(f"{directory / RESULTS}: expected the results, found none; give the command again")
        verify(directory / RESULTS, kind=STACK)
    return Study(directory, plan, outcome)
