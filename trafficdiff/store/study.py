"""Say in two small files what a study was asked to do, and what came out of it.

::

    study.json     written first, never changed: scenarios as resolved, samples, base, versions, hashes of the inputs
    outcome.json   written last: every run with its state and result hash, and one hash over all of them
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from trafficdiff.datatypes.scenario import Scenario
from trafficdiff.errors import InputError, IntegrityError
from trafficdiff.publish import publishing_file

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = [
    "OUTCOME",
    "PLAN",
    "RESULTS",
    "RUNS",
    "Look",
    "RunState",
    "Stopping",
    "StudyOutcome",
    "StudyPlan",
    "StudyRun",
    "folder_name",
    "read_outcome",
    "read_plan",
    "study_hash",
    "write_document",
]

PLAN: Final = "study.json"
OUTCOME: Final = "outcome.json"
RESULTS: Final = "results.zarr"
RUNS: Final = "runs"

_FORMAT: Final = 1
_LONGEST_FOLDER_BYTES: Final = 120

RunState = Literal["done", "gates failed", "failed"]
"""How a run of a study ended; one whose gates failed is whole, but must not be believed without a look."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Stopping(_Part):
    """Ask for more samples until the interval of one number is narrow enough.

    Parameters
    ----------
    kpi
        A number of the whole area, by its name in `trafficdiff.units`.
    half_width
        Largest half width of the interval that is wanted, in the number's unit; a share of the mean if `relative`.
    relative
        Whether `half_width` is a share of the absolute mean: of the base's mean where differences are looked at.
    confidence
        Of the interval, 0 to 1.
    least
        Samples before the first look.
    step
        Samples between two looks.
    """

    kpi: Annotated[str, Field(min_length=1)]
    half_width: Annotated[float, Field(gt=0)]
    relative: bool = False
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    least: Annotated[int, Field(ge=5, le=10_000)] = 10
    step: Annotated[int, Field(ge=1, le=10_000)] = 5


class StudyPlan(_Part):
    """Say what a study consists of.

    Parameters
    ----------
    version
        Of this package: another one may simulate otherwise, so it cannot go on with the study.
    base
        Name of the scenario that the others are compared with.
    samples
        Most samples of each scenario.
    scenarios, scenario_hashes
        As resolved, in the order given, and the hash of each.
    inputs
        SHA-256 of every file that a scenario names, by scenario and role (``"base: network"``).
    stopping
        When to stop before all samples, if at all.
    """

    format: Literal[1] = _FORMAT
    version: str
    base: str
    seed: int
    samples: Annotated[int, Field(ge=1)]
    scenarios: Annotated[tuple[Scenario, ...], Field(min_length=1)]
    scenario_hashes: tuple[str, ...]
    inputs: dict[str, str] = {}
    stopping: Stopping | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the scenarios in the order given."""
        return tuple(scenario.name for scenario in self.scenarios)

    @property
    def hash(self) -> str:
        """SHA-256 of all of it, hexadecimal."""
        return _digest(self.model_dump(mode="json"))


class StudyRun(_Part):
    """Say how one run of a study ended.

    Parameters
    ----------
    scenario, sample
        Which.
    state
        How it ended.
    run_id, result_hash
        Of the published run; empty if it failed.
    failed_gates
        In words.
    attempts
        How often it was started in the call that finished it; 0 where an earlier call had.
    wall_s
        How long it took [s].
    error
        Why it failed, in words.
    """

    scenario: str
    sample: Annotated[int, Field(ge=0)]
    state: RunState
    run_id: str = ""
    result_hash: str = ""
    failed_gates: tuple[str, ...] = ()
    attempts: Annotated[int, Field(ge=0)] = 1
    wall_s: Annotated[float, Field(ge=0)] = 0.0
    error: str = ""


class Look(_Part):
    """Note one look at the interval of a number.

    Parameters
    ----------
    samples
        How many there were.
    scenario
        Whose number, or whose difference against the base.
    mean, half_width
        Of the interval, in the number's unit; None where it cannot be said (fewer than two values, or no base mean).
    asked
        The half width that was asked for, in the number's unit.
    """

    samples: int
    scenario: str
    mean: float | None
    half_width: float | None
    asked: float | None

    @property
    def is_narrow(self) -> bool:
        """Whether the interval is as narrow as asked."""
        return self.half_width is not None and self.asked is not None and self.half_width <= self.asked


class StudyOutcome(_Part):
    """Say what came out of a study.

    Parameters
    ----------
    plan_hash
        Of the plan that it belongs to.
    study_hash
        See `study_hash`.
    samples
        Samples that were run of each scenario.
    runs
        Every run, by scenario in the order of the plan, then by sample.
    looks
        Every look of the stopping rule, in order.
    finished_utc
        When it ended.
    """

    format: Literal[1] = _FORMAT
    plan_hash: str
    study_hash: str
    samples: int
    runs: tuple[StudyRun, ...]
    looks: tuple[Look, ...] = ()
    finished_utc: AwareDatetime

    @property
    def failures(self) -> tuple[StudyRun, ...]:
        """The runs that failed."""
        return tuple(run for run in self.runs if run.state == "failed")

    @property
    def marked(self) -> tuple[StudyRun, ...]:
        """The runs whose gates failed."""
        return tuple(run for run in self.runs if run.state == "gates failed")


def study_hash(plan: StudyPlan, runs: Iterable[StudyRun]) -> str:
    """Return one hash over the numbers of a study, hexadecimal.

    It holds the plan and every run's result hash by scenario and sample; a failed run enters as such. Which engine,
    how many workers and how many interruptions made the runs does not enter.
    """
    rows = sorted([plan.names.index(run.scenario), run.sample, run.result_hash] for run in runs)
    return _digest([plan.hash, rows])


def folder_name(name: str) -> str:
    """Return the folder of a scenario's runs: its name without spaces and marks, and a hash where that is too long."""
    plain = re.sub(r"[^\w.+-]+", "_", unicodedata.normalize("NFC", name))
    if len(plain.encode()) <= _LONGEST_FOLDER_BYTES:
        return plain
    return hashlib.sha256(name.encode()).hexdigest()[:16]


def write_document(document: StudyPlan | StudyOutcome, path: Path) -> None:
    """Write a plan or an outcome in one step.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    with publishing_file(path) as temporary:
        temporary.write_text(document.model_dump_json(indent=1) + "\n", encoding="utf-8")


def read_plan(directory: Path) -> StudyPlan:
    """Read what a study was asked to do.

    Raises
    ------
    InputError
        If the directory holds no study.
    IntegrityError
        If it holds one that was changed or made by another version.
    """
    path = directory / PLAN
    try:
        plan = StudyPlan.model_validate_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(f"{directory}: expected a study, found no {PLAN}; `trafficdiff ensemble` makes one") from error
    except (OSError, ValidationError) as error:
        raise IntegrityError(f"{path}: expected the plan of a study, got {error}; restore it from a copy") from error
    if tuple(scenario.hash for scenario in plan.scenarios) != plan.scenario_hashes:
        raise IntegrityError(
            f"{path}: expected scenarios with the hashes beside them, got others; it was changed, or another version "
            f"of trafficdiff than {plan.version} reads it"
        )
    return plan


def read_outcome(directory: Path, plan: StudyPlan) -> StudyOutcome | None:
    """Read what came out of a study, or return None while it is not finished.

    Raises
    ------
    IntegrityError
        If the file is no outcome, or not of this plan, or does not agree with its own hash.
    """
    path = directory / OUTCOME
    try:
        outcome = StudyOutcome.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise IntegrityError(f"{path}: expected the outcome of a study, got {error}; delete it and go on") from error
    if outcome.plan_hash != plan.hash or outcome.study_hash != study_hash(plan, outcome.runs):
        raise IntegrityError(
            f"{path}: expected the outcome of the plan beside it, got another; delete it and give the command again"
        )
    return outcome


def _digest(content: object) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
