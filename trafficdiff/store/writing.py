"""Write one run directory: everything or nothing."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from trafficdiff.datatypes.result import TRIP_COLUMNS
from trafficdiff.errors import Faults, StoreError
from trafficdiff.manifest import MANIFEST
from trafficdiff.publish import publishing, read_manifest
from trafficdiff.store import layout
from trafficdiff.store.arrays import write_dataset
from trafficdiff.store.crate import write_crate
from trafficdiff.store.provenance import network_hash, run_id
from trafficdiff.store.tables import write_table

if TYPE_CHECKING:
    from trafficdiff.manifest import Manifest
    from trafficdiff.store.content import RunContent

__all__ = ["write_run"]

_MADE: Final = "No row describes a real person's trip."
_GIVEN: Final = (
    "The trips were given, not made: rows may describe real persons' trips, so ask their source before sharing."
)


def write_run(directory: Path, content: RunContent) -> Manifest:
    """Write a run directory, whole or not at all, and return its manifest.

    Parameters
    ----------
    directory
        New or empty; parents are made.
    content
        Everything that the run holds.

    Raises
    ------
    StoreError
        Listing every fault: a file that is missing, hashes or counts that contradict each other, numbers that
        are infinite; or if the directory is taken, or the disk is full.
    """
    copies = _copies(content)
    _check(content, copies)
    try:
        with publishing(directory, kind=layout.KIND, expected_bytes=_expected_bytes(content, copies)) as temporary:
            for name, source in copies.items():
                target = temporary / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
            _write_documents(temporary, content)
            _write_numbers(temporary, content)
            write_crate(temporary, content)
    except OSError as error:
        raise StoreError(f"{directory}: expected to write a run, got: {error}; nothing was published") from error
    return read_manifest(directory, kind=layout.KIND)


def _copies(content: RunContent) -> dict[str, Path]:
    """Return the files to copy by their path in the run."""
    copies = {layout.net_name(content.net): content.net, layout.TRIPS: content.trips, layout.LOG: content.log}
    if content.scenario_file is not None:
        copies[f"scenario_as_given{content.scenario_file.suffix}"] = content.scenario_file
    if content.measures is not None:
        copies[layout.MEASURES] = content.measures
    if content.model_card is not None:
        copies[layout.MODEL_CARD] = content.model_card
    copies |= {f"{layout.INPUTS}/{name}": path for name, path in content.simulation_inputs.items()}
    return copies | dict(content.extras)


def _check(content: RunContent, copies: dict[str, Path]) -> None:
    faults = Faults(f"run {content.provenance.run_id} cannot be stored")
    for name, path in copies.items():
        if not path.is_file():
            faults.add(f"{name}: expected the file {path}, found none")
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            faults.add(f"{name}: expected a path inside the run")
    _check_names(content, faults)
    faults.raise_if_any(StoreError)
    provenance = content.provenance
    network = network_hash(content.net)
    identity = run_id(
        content.scenario,
        network_sha256=network,
        trips_source=provenance.trips_source,
        sample=provenance.sample,
        version=provenance.versions.get("trafficdiff", ""),
        stations_sha256=provenance.stations_sha256,
    )
    for what, expected, came in (
        ("scenario hash", content.scenario.hash, provenance.scenario_hash),
        ("network hash", network, provenance.network_sha256),
        ("run id", identity, provenance.run_id),
        ("seed", content.scenario.seed, provenance.seed),
    ):
        if expected != came:
            faults.add(f"{what}: expected {expected}, the provenance says {came}; collect it from what was simulated")
    if not content.validation.reconciles(content.result.counts):
        faults.add(
            f"counts: expected {vars(content.result.counts)} as in the result, the validation says "
            f"{content.validation.counts}"
        )
    faults.raise_if_any(StoreError)


def _check_names(content: RunContent, faults: Faults) -> None:
    """Note further files that would take the place of the run's own."""
    own = {*layout.MEANINGS, layout.CRATE, MANIFEST}
    reserved = (f"{layout.RESULT}/", f"{layout.METRICS}/", f"{layout.NETWORK}/net.", "scenario_as_given.")
    names = [f"{layout.INPUTS}/{name}" for name in content.simulation_inputs]
    for name in (*names, *content.extras):
        if name in own or name.startswith(reserved):
            faults.add(f"{name}: expected another name, this one belongs to the run itself")
    for name in sorted(set(names) & set(content.extras)):
        faults.add(f"{name}: expected one file of this name, got two")


def _expected_bytes(content: RunContent, copies: dict[str, Path]) -> int:
    """Estimate the size of the run [bytes]; measured, compression halves the numbers or better."""
    copied = sum(path.stat().st_size for path in copies.values())
    numbers = content.result.data.nbytes + content.metrics.data.nbytes
    return copied + int(numbers + content.result.trips.memory_usage(deep=False).sum()) // 2


def _write_documents(directory: Path, content: RunContent) -> None:
    _write_json(directory / layout.SCENARIO, content.scenario.model_dump(mode="json"))
    _write_json(directory / layout.BUILD, dict(content.build))
    _write_json(directory / layout.COUNTS, asdict(content.result.counts))
    _write_json(directory / layout.VALIDATION, content.validation.model_dump(mode="json"))
    _write_json(directory / layout.PROVENANCE, content.provenance.model_dump(mode="json"))
    notices = [f"{one.name}\n{one.url}\nCovers {one.covers}.\n{one.attribution}\n" for one in content.licences]
    persons = _MADE if content.provenance.synthetic else _GIVEN
    text = "\n".join([f"{content.provenance.statement}\n{persons}\n", *notices])
    (directory / layout.NOTICE).write_text(text, encoding="utf-8")


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def _write_numbers(directory: Path, content: RunContent) -> None:
    result, metrics = content.result, content.metrics
    common = _attributes(content)
    write_dataset(result.data, directory / layout.RESULT, attributes={**common, "title": "Simulation result"})
    write_dataset(metrics.data, directory / layout.METRICS, attributes={**common, "title": "Congestion metrics"})
    write_table(result.trips, directory / layout.RESULT_TRIPS, units=TRIP_COLUMNS, attributes=common)


def _attributes(content: RunContent) -> dict[str, str]:
    """Return what every file of numbers says about itself (CF conventions 1.11, section 2.6)."""
    provenance = content.provenance
    return {
        "Conventions": "CF-1.11",
        "title": content.scenario.name,
        "source": provenance.statement,
        "history": f"{provenance.finished_utc.isoformat(timespec='seconds')} written by trafficdiff",
        "synthetic": str(provenance.synthetic).lower(),
        "run_id": provenance.run_id,
        "result_hash": provenance.result_hash,
        "seed": str(provenance.seed),
        "licence": "; ".join(f"{licence.name} ({licence.attribution})" for licence in content.licences),
    }
