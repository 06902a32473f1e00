"""Calibrate demand to files, and write it with its card: the command."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.errors import InputError
from trafficdiff.publish import publishing_file, refuse_unwritable
from trafficdiff.workflows.calibrate import Calibrated, calibrate
from trafficdiff.workflows.calibration_data import read_calibration_data
from trafficdiff.workflows.progress import quiet
from trafficdiff.workflows.training_range import standing_said, warnings_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trafficdiff.datatypes.scenario import ModelDemand
    from trafficdiff.workflows.progress import Progress

__all__ = ["CARD_ENDING", "CalibratedFile", "DataFiles", "calibrate_network", "card_path"]

CARD_ENDING: Final = ".fit.json"
"""What the card's name has after that of the trips, without their ending."""
_ENDINGS: Final = (".parquet", ".rou.xml.gz", ".rou.xml")


@dataclass(frozen=True, kw_only=True)
class DataFiles:
    """Name the files of what is known; None for what is not.

    Parameters
    ----------
    counts
        SUMO edge data, or CSV.
    totals, zones
        Zone totals or an OD matrix, and the zones that they are of.
    observed, type_files
        Observed trips with routes, and SUMO files with their vehicle types.
    """

    counts: Path | None = None
    totals: Path | None = None
    zones: Path | None = None
    observed: Path | None = None
    type_files: Sequence[Path] = ()


@dataclass(frozen=True)
class CalibratedFile:
    """Say what was written.

    Parameters
    ----------
    path, card
        The trips, and the card beside them.
    trips
        How many trips are in it.
    fit
        What the card says.
    """

    path: Path
    card: Path
    trips: int
    fit: dict[str, Any]

    def summary(self) -> dict[str, Any]:
        """Return everything as plain data, and whether the place lies far from what the model learned from."""
        standing = standing_said(self.fit["provenance"])
        return {"path": self.path, "card": self.card, "trips": self.trips, **self.fit} | {
            "training_range": None if standing is None else standing.model_dump(mode="json"),
            "warnings": list(warnings_of(standing)),
        }


def calibrate_network(
    network: str,
    *,
    trips: int,
    window_s: tuple[float, float],
    files: DataFiles,
    seed: int,
    output: Path,
    demand: ModelDemand | None = None,
    checkpoint: Path | None = None,
    progress: Progress = quiet,
) -> CalibratedFile:
    """Open the network and the data, calibrate, write the trips and then the card.

    Parameters
    ----------
    network
        Whatever names a network.
    trips, window_s, seed, demand, checkpoint
        As `trafficdiff.workflows.calibrate.calibrate`.
    files
        The data.
    output
        ``.parquet`` or ``.rou.xml[.gz]``.
    progress
        Told what is being done.

    Raises
    ------
    InputError
        Naming every fault of the data together; nothing is written then. Also if the network, the checkpoint or the
        place of the file cannot be used.
    """
    from trafficdiff.datatypes.trip_files import write_trips
    from trafficdiff.roads.load import load_network

    card = card_path(output)
    refuse_unwritable(output)
    refuse_unwritable(card)
    if files.zones is not None and files.totals is None:
        raise InputError(f"{files.zones}: expected zones beside zone totals, got them alone; give --totals, too")
    progress("opening the network", None)
    graph = load_network(network)
    progress("reading the data", None)
    data = read_calibration_data(
        graph,
        counts=files.counts,
        totals=files.totals,
        zones=files.zones,
        observed=files.observed,
        type_files=files.type_files,
        window_s=window_s,
    )
    made = calibrate(
        graph,
        trips=trips,
        window_s=window_s,
        data=data,
        seed=seed,
        demand=demand,
        checkpoint=checkpoint,
        progress=progress,
    )
    write_trips(made.trips, output)
    with publishing_file(card) as temporary:
        temporary.write_text(_card_text(made, files), encoding="utf-8")
    return CalibratedFile(path=output, card=card, trips=len(made.trips), fit=made.fit)


def card_path(output: Path) -> Path:
    """Return where the card of a file of trips lies.

    Raises
    ------
    InputError
        If the file's name has another ending than trips have.
    """
    for ending in _ENDINGS:
        if output.name.endswith(ending):
            return output.with_name(output.name.removesuffix(ending) + CARD_ENDING)
    raise InputError(f"{output}: expected a file name that ends in .parquet, .rou.xml or .rou.xml.gz")


def _card_text(made: Calibrated, files: DataFiles) -> str:
    """Return the card as JSON, with the names of the files; NaN becomes null."""
    named = {key: value.name for key, value in vars(files).items() if isinstance(value, Path)}
    return json.dumps(_plain(made.fit | {"files": named}), ensure_ascii=False, allow_nan=False, indent=2) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value
