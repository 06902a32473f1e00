"""Record how a run came to be, so that it can be audited and made again years later."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from typing import TYPE_CHECKING, Annotated, Final, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator, model_validator

from trafficdiff import __version__
from trafficdiff.datatypes.calibration_facts import CalibrationFacts
from trafficdiff.datatypes.training_range import Standing
from trafficdiff.errors import NetworkError
from trafficdiff.screening import MAXIMUM_PROLOG_BYTES, open_screened

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from trafficdiff.datatypes.scenario import Scenario

__all__ = [
    "TRIP_FILE",
    "Provenance",
    "collect_provenance",
    "installed_versions",
    "network_hash",
    "platform_facts",
    "run_id",
]

TRIP_FILE: Final = "file "
"""How a source of trips begins that is a file; the SHA-256 of its trips follows."""


_DISTRIBUTIONS: Final = (
    "eclipse-sumo", "libsumo", "traci", "sumolib", "numpy", "pandas", "pyarrow", "xarray", "zarr", "scipy", "shapely",
    "pyproj", "geopandas", "osmium", "networkx", "pydantic", "torch",
)  # fmt: skip

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Provenance(BaseModel):
    """Say from what, with what, when and with which seeds a run was made.

    Parameters
    ----------
    run_id
        12 hexadecimal digits over what went in; see `run_id`.
    result_hash
        Hash over the simulated numbers, hexadecimal.
    scenario_hash, network_sha256, checkpoint_sha256
        What went in. The network's is `network_hash`; the checkpoint's is None where no model was used.
    trips_source
        What made the trips, as `run_id` took it.
    stations_sha256
        Hash over the charging stations at the roads; None where nobody charges on the way.
    station_file_sha256
        Of the file of stations as it was read; None without one. The scenario's hash knows only the file's name.
    synthetic
        Whether the trips were made, so that no row is a real person's; false only for trips from a file.
    demand_model, demand_data
        Model or baseline, and the data that it was fitted to or read from; for given trips, their file.
    seed, sample, seeds
        The scenario's seed, the draw's number, and what each stage made of them.
    versions, platform
        Packages (SUMO among them) and machine.
    started_utc, finished_utc
        With zone; kept in UTC.
    time_zone, date
        IANA zone and local day that were simulated.
    commands
        Outside programs as they were started, in order.
    training_range
        Where the place lies among those that the demand model learned from; None where no model drew the trips, or its
        range is not known.
    calibration
        What the demand was calibrated to and how well it fits; None where it was not.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    run_id: Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]
    result_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{12,128}$")]
    scenario_hash: Sha256
    network_sha256: Sha256
    trips_source: Annotated[str, Field(min_length=1)]
    stations_sha256: Sha256 | None = None
    station_file_sha256: Sha256 | None = None
    checkpoint_sha256: Sha256 | None = None
    synthetic: bool = True
    demand_model: Annotated[str, Field(min_length=1)]
    demand_data: Annotated[str, Field(min_length=1)]
    seed: int
    sample: Annotated[int, Field(ge=0)] = 0
    seeds: dict[str, int] = {}
    versions: dict[str, str]
    platform: dict[str, str]
    started_utc: AwareDatetime
    finished_utc: AwareDatetime
    time_zone: str
    date: dt.date
    commands: tuple[tuple[str, ...], ...] = ()
    training_range: Standing | None = None
    calibration: CalibrationFacts | None = None

    @field_validator("started_utc", "finished_utc")
    @classmethod
    def _in_utc(cls, moment: dt.datetime) -> dt.datetime:
        return moment.astimezone(dt.UTC)

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.finished_utc < self.started_utc:
            raise ValueError(f"expected an end after the start, got {self.started_utc} to {self.finished_utc}")
        return self

    @model_validator(mode="after")
    def _only_files_give_trips(self) -> Self:
        if not self.synthetic and not self.trips_source.startswith(TRIP_FILE):
            raise ValueError(f"expected synthetic trips where no file gave them, got trips from {self.trips_source!r}")
        return self

    @property
    def statement(self) -> str:
        """One sentence for every file: synthetic or given, from which model, data and seed."""
        traffic = "Synthetic traffic, simulated" if self.synthetic else "Given trips, replayed"
        pulled = "" if self.calibration is None else f", {self.calibration.sentence}, "
        model = f"demand by {self.demand_model}{pulled or ' '}" if self.synthetic else ""
        return (
            f"{traffic} by trafficdiff {self.versions.get('trafficdiff', '?')} with Eclipse SUMO "
            f"{self.versions.get('eclipse-sumo', '?')}: {model}from {self.demand_data}, "
            f"seed {self.seed}, sample {self.sample}, run {self.run_id}."
        )


def run_id(
    scenario: Scenario,
    *,
    network_sha256: str,
    trips_source: str,
    sample: int = 0,
    version: str = __version__,
    stations_sha256: str | None = None,
) -> str:
    """Return the name of a run: 12 hexadecimal digits over everything that goes into it.

    Parameters
    ----------
    scenario
        Enters with its canonical hash.
    network_sha256
        See `network_hash`.
    trips_source
        What makes the trips: a baseline's name, a checkpoint's or a trip file's SHA-256.
    sample
        Number of the draw in an ensemble.
    version
        Of this package.
    stations_sha256
        Hash over the charging stations, where somebody may charge.
    """
    content = [scenario.hash, network_sha256, trips_source, sample, version]
    content += [] if stations_sha256 is None else [stations_sha256]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]


def network_hash(net: Path) -> str:
    """Return the SHA-256 of a SUMO net's XML from its ``<net`` tag on.

    What stands before it is netconvert's comment with the time and the paths of the machine, so the file's own
    hash differs from build to build; compressed and plain files of one net have the same hash here.

    Raises
    ------
    NetworkError
        If it is not a readable net.
    """
    digest = hashlib.sha256()
    with open_screened(net, error=NetworkError) as source:
        head = source.read(MAXIMUM_PROLOG_BYTES)
        if (start := head.find(b"<net ")) < 0:
            raise NetworkError(f"{net}: expected a SUMO net, found no <net> tag; build it again")
        digest.update(head[start:])
        while block := source.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def installed_versions() -> dict[str, str]:
    """Return the versions of this package, Python and what computes the numbers."""
    import platform
    from importlib import metadata

    versions = {"trafficdiff": __version__, "python": platform.python_version()}
    for name in _DISTRIBUTIONS:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def platform_facts() -> dict[str, str]:
    """Return what kind of machine this is; nothing that names it or its user."""
    import os
    import platform

    return {
        "system": platform.system(),
        "release": platform.release(),
        "machine": platform.machine(),
        "processors": str(os.cpu_count() or 0),
    }


def collect_provenance(
    scenario: Scenario,
    *,
    net: Path,
    trips_source: str,
    result_hash: str,
    demand_model: str,
    demand_data: str,
    started_utc: dt.datetime,
    sample: int = 0,
    seeds: Mapping[str, int] | None = None,
    commands: Sequence[Sequence[str]] = (),
    checkpoint_sha256: str | None = None,
    synthetic: bool = True,
    stations_sha256: str | None = None,
    station_file_sha256: str | None = None,
    training_range: Standing | None = None,
    calibration: CalibrationFacts | None = None,
) -> Provenance:
    """Return the provenance of a run that has just finished, the rest looked up on this machine.

    The parameters are those of `Provenance`; `net` is the net file that was simulated.

    Raises
    ------
    NetworkError
        If the net cannot be read.
    """
    network_sha256 = network_hash(net)
    return Provenance(
        run_id=run_id(
            scenario,
            network_sha256=network_sha256,
            trips_source=trips_source,
            sample=sample,
            stations_sha256=stations_sha256,
        ),
        result_hash=result_hash,
        scenario_hash=scenario.hash,
        network_sha256=network_sha256,
        trips_source=trips_source,
        stations_sha256=stations_sha256,
        station_file_sha256=station_file_sha256,
        checkpoint_sha256=checkpoint_sha256,
        synthetic=synthetic,
        demand_model=demand_model,
        demand_data=demand_data,
        seed=scenario.seed,
        sample=sample,
        seeds=dict(seeds or {}),
        versions=installed_versions(),
        platform=platform_facts(),
        started_utc=started_utc,
        finished_utc=dt.datetime.now(dt.UTC),
        time_zone=scenario.time_zone,
        date=scenario.date,
        commands=tuple(tuple(map(str, command)) for command in commands),
        training_range=training_range,
        calibration=calibration,
    )
