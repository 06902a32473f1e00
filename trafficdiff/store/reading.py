"""Open one run directory: integrity first, then each part when it is asked for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from trafficdiff.datatypes.result import Metrics, SimulationResult, VehicleCounts
from trafficdiff.datatypes.scenario_files import read_scenario
from trafficdiff.errors import InputError, IntegrityError, SimulationError
from trafficdiff.publish import read_manifest, verify
from trafficdiff.store import layout
from trafficdiff.store.arrays import read_dataset
from trafficdiff.store.provenance import Provenance
from trafficdiff.store.tables import read_table
from trafficdiff.store.validation import Validation

if TYPE_CHECKING:
    from trafficdiff.datatypes.scenario import Scenario
    from trafficdiff.manifest import Manifest

__all__ = ["StoredRun", "open_run"]

_Document = TypeVar("_Document", bound=BaseModel)


@dataclass(frozen=True, eq=False)
class StoredRun:
    """Represent one published run; what is large is read when it is first used.

    Parameters
    ----------
    directory
        Where it is.
    manifest
        What it holds.
    provenance, validation
        How it came to be, and whether it can be believed.
    """

    directory: Path
    manifest: Manifest
    provenance: Provenance
    validation: Validation

    @property
    def run_id(self) -> str:
        """Name of the run, 12 hexadecimal digits."""
        return self.provenance.run_id

    @cached_property
    def scenario(self) -> Scenario:
        """Scenario as resolved."""
        return read_scenario(self.directory / layout.SCENARIO)

    @cached_property
    def build(self) -> dict[str, Any]:
        """How the network came to be."""
        content: dict[str, Any] = json.loads((self.directory / layout.BUILD).read_bytes())
        return content

    @cached_property
    def result(self) -> SimulationResult:
        """What the simulation measured."""
        data = read_dataset(self.directory / layout.RESULT)
        trips = read_table(self.directory / layout.RESULT_TRIPS)
        try:
            counts = VehicleCounts(**json.loads((self.directory / layout.COUNTS).read_bytes()))
            return SimulationResult(data, trips, counts)
        except (InputError, SimulationError, TypeError, ValueError) as error:
            raise _unusable(self.directory, "simulation result", error) from error

    @cached_property
    def metrics(self) -> Metrics:
        """What was computed from it."""
        data = read_dataset(self.directory / layout.METRICS)
        try:
            return Metrics(data)
        except InputError as error:
            raise _unusable(self.directory, "metrics", error) from error

    @property
    def net_path(self) -> Path:
        """The net file that was simulated."""
        return next((self.directory / layout.NETWORK).glob("net.*"))

    @property
    def trips_path(self) -> Path:
        """The trips that were simulated, parquet."""
        return self.directory / layout.TRIPS

    @property
    def scenario_path(self) -> Path | None:
        """The scenario file as given, or None if it was made in code."""
        return next(self.directory.glob("scenario_as_given.*"), None)

    @property
    def log(self) -> str:
        """Everything that SUMO said."""
        return (self.directory / layout.LOG).read_text(encoding="utf-8", errors="replace")


def open_run(directory: str | Path, *, check: bool = True) -> StoredRun:
    """Open a published run.

    Parameters
    ----------
    directory
        The run.
    check
        Whether every file is read and compared with the manifest first. Without it only the manifest itself
        is checked: for a run that this process has verified already.

    Raises
    ------
    IntegrityError
        If it is not a complete run; naming every file that is missing, changed or new.
    """
    directory = Path(directory)
    reader = verify if check else read_manifest
    manifest = reader(directory, kind=layout.KIND)
    return StoredRun(
        directory,
        manifest,
        _document(directory, layout.PROVENANCE, Provenance),
        _document(directory, layout.VALIDATION, Validation),
    )


def _document(directory: Path, name: str, kind: type[_Document]) -> _Document:
    try:
        return kind.model_validate_json((directory / name).read_bytes())
    except (OSError, ValidationError) as error:
        raise _unusable(directory, name, error) from error


def _unusable(directory: Path, what: str, error: Exception) -> IntegrityError:
    return IntegrityError(f"{directory}: expected a usable {what}, got: {error}; restore it from a copy")
