"""Do one run of a study: the same function whichever engine calls it, in this process or in another.

::

    Job ──do_job──▶ runs/<scenario>/<sample>/ published ──▶ Report
              └───▶ Failure, in words that travel between processes
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from trafficdiff.errors import InputError, OutputError, TrafficdiffError
from trafficdiff.publish import is_complete
from trafficdiff.store.claim import is_claimed
from trafficdiff.workflows.progress import quiet
from trafficdiff.workflows.supplies import WarmSupplies

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from trafficdiff.datatypes.calibration_facts import CalibrationFacts
    from trafficdiff.datatypes.scenario import Scenario
    from trafficdiff.datatypes.training_range import Standing
    from trafficdiff.store.reading import StoredRun
    from trafficdiff.workflows.progress import Progress

__all__ = ["Failure", "Job", "Report", "StudyGoneError", "do_job", "finished_report"]

_LOOK_EVERY_S: Final = 1.0
_WAIT_S: Final = 0.2
_here = threading.local()
_logger = logging.getLogger(__name__)


class StudyGoneError(TrafficdiffError):
    """Nobody waits for a run any more: the process that leads the study has ended."""


@dataclass(frozen=True)
class Job:
    """Say which run is to be made.

    Parameters
    ----------
    scenario, sample
        What to simulate, and the number of the draw.
    study, directory
        The study, and the run directory in it; absolute, the same for all who work on it.
    folder
        Where the scenario's relative paths start; absolute.
    scenario_file
        The file as given, if there was one.
    picture
        Whether a map is drawn.
    """

    scenario: Scenario
    sample: int
    study: Path
    directory: Path
    folder: Path
    scenario_file: Path | None = None
    picture: bool = False

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.scenario.name}, sample {self.sample}"


@dataclass(frozen=True)
class Report:
    """Say what one run found.

    Parameters
    ----------
    run_id, result_hash
        Of the published run.
    numbers
        The area's numbers by name.
    failed_gates
        In words; none if the run can be believed.
    wall_s
        How long it took [s].
    is_new
        Whether this call made it; else it was there.
    training_range
        Where the place lies among those that the demand model learned from, if a model drew the trips.
    calibration
        What its demand was calibrated to and how well it fits, if it was.
    """

    run_id: str
    result_hash: str
    numbers: Mapping[str, float]
    failed_gates: tuple[str, ...]
    wall_s: float
    is_new: bool = True
    training_range: Standing | None = None
    calibration: CalibrationFacts | None = None


@dataclass(frozen=True)
class Failure:
    """Say why a run was not made.

    Parameters
    ----------
    kind, message
        The error's class and its words.
    is_input
        Whether what the user gave is at fault: another try would fail alike.
    """

    kind: str
    message: str
    is_input: bool = False


def do_job(job: Job, progress: Progress = quiet) -> Report | Failure:
    """Make one run, or take the one that is there; whatever a step refuses comes back as a failure.

    Roads and trips are kept in this thread for the next job. A run that another process is making at this moment, left
    over from a call that was killed, is waited for.
    """
    from trafficdiff.workflows.run import run

    try:
        _wait_for_others(job)
        if is_complete(job.directory):
            return finished_report(job)
        outcome = run(
            job.scenario,
            directory=job.directory,
            scenario_file=job.scenario_file,
            folder=job.folder,
            sample=job.sample,
            progress=_minding(job.study, progress),
            picture=job.picture,
            supplies=_supplies(),
        )
    except StudyGoneError:
        raise
    except Exception as error:
        _logger.debug("why %s failed", job.name, exc_info=True)
        is_input = isinstance(error, InputError) and not isinstance(error, OutputError)  # a place may come free
        return Failure(type(error).__name__, _words(error), is_input)
    return Report(
        outcome.run_id, outcome.result_hash, dict(outcome.numbers), tuple(outcome.failed_gates), outcome.wall_s,
        training_range=outcome.training_range, calibration=outcome.calibration,
    )  # fmt: skip


def finished_report(job: Job) -> Report:
    """Return what a run found that is there already.

    Raises
    ------
    IntegrityError
        If it is not what was published, is another run than the job's, or rests on other charging stations.
    """
    from trafficdiff.errors import IntegrityError
    from trafficdiff.store.reading import open_run

    stored = open_run(job.directory)
    provenance = stored.provenance
    came = (provenance.scenario_hash, provenance.sample)
    if came != (job.scenario.hash, job.sample):
        raise IntegrityError(
            f"{job.directory}: expected the run of {job.name}, found another (sample {provenance.sample} of a scenario "
            f"with hash {provenance.scenario_hash[:12]}); move it away and give the command again"
        )
    if provenance.station_file_sha256 is not None:
        from trafficdiff.workflows.charging import station_file_sha256

        if station_file_sha256(job.scenario, job.folder) != provenance.station_file_sha256:
            assert job.scenario.charging is not None  # it has the hash of the run's
            raise IntegrityError(
                f"{job.directory}: expected the stations of {job.scenario.charging.stations} as the run of {job.name} "
                "read them, found the file changed or gone; put it back, or move the run away and give the command "
                "again"
            )
    return _report_of(stored)


def _report_of(stored: StoredRun) -> Report:
    provenance = stored.provenance
    numbers = {str(name): float(array) for name, array in stored.metrics.data.data_vars.items() if array.ndim == 0}
    return Report(
        provenance.run_id,
        provenance.result_hash,
        numbers,
        tuple(str(gate) for gate in stored.validation.failed),
        (provenance.finished_utc - provenance.started_utc).total_seconds(),
        is_new=False,
        training_range=provenance.training_range,
        calibration=provenance.calibration,
    )


def _supplies() -> WarmSupplies:
    if not hasattr(_here, "supplies"):
        _here.supplies = WarmSupplies()
    supplies: WarmSupplies = _here.supplies
    return supplies


def _wait_for_others(job: Job) -> None:
    """Wait until nobody makes this run, at most as long as its simulation may take."""
    until = time.monotonic() + job.scenario.simulation.deadline_s
    while is_claimed(job.directory) and time.monotonic() < until:
        time.sleep(_WAIT_S)


def _minding(study: Path, progress: Progress) -> Progress:
    """Return progress that ends the run soon after the leader of its study has gone, however that happened.

    The leader holds a lock (`trafficdiff.store.claim.holding`). Where nobody holds one at the start, as on a file
    system without locks, there is nothing to mind.
    """
    if not is_claimed(study, patient=False):
        return progress
    looked = time.monotonic()

    def mind(stage: str, share: float | None) -> None:
        nonlocal looked
        if (now := time.monotonic()) - looked > _LOOK_EVERY_S:
            looked = now
            if not is_claimed(study, patient=False):
                raise StudyGoneError(
                    f"expected somebody to lead the study in {study}, found nobody; the run is dropped"
                )
        progress(stage, share)

    return mind


def _words(error: Exception) -> str:
    return str(error) if isinstance(error, TrafficdiffError) else f"unexpected {type(error).__name__}: {error}"
