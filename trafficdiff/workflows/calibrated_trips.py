"""Draw a scenario's calibrated demand: the learned model's trips, pulled to the files that the scenario names.

Every sample is a draw of its own that meets the same data, so an ensemble shows how much the data leave open. A base
and its scenarios share seed and sample, and so every trip.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from trafficdiff.datatypes.calibration_facts import PROVENANCE, facts_of
from trafficdiff.datatypes.scenario import ModelDemand

if TYPE_CHECKING:
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.scenario import CalibratedDemand
    from trafficdiff.datatypes.trips import TripSet

__all__ = ["calibrated_trips", "data_files"]

_OWN: Final = {"kind", "counts", "totals", "zones", "observed", "type_files"}
"""Fields of calibrated demand that the model's demand does not have, or has otherwise."""


def calibrated_trips(
    graph: RoadGraph,
    demand: CalibratedDemand,
    *,
    window_s: tuple[float, float],
    seed: int,
    sample: int = 0,
    folder: Path = Path(),
) -> TripSet:
    """Return as many trips as the demand asks for, calibrated to its files.

    Parameters
    ----------
    graph, demand
        The roads, and what is asked for.
    window_s
        Begin and end of the departures [s].
    seed, sample
        The scenario's seed, and the number of the draw.
    folder
        Where the paths of the demand start.

    Raises
    ------
    InputError
        Listing everything that is wrong with the files, or if the checkpoint cannot be used.
    TripError
        If a vehicle class of the mix has no trip that it could make.
    """
    from trafficdiff.workflows.calibrate import calibrate
    from trafficdiff.workflows.calibration_data import read_calibration_data

    files = data_files(demand, folder)
    types = [folder / name for name in demand.type_files]
    data = read_calibration_data(
        graph,
        counts=files.get("counts"),
        totals=files.get("totals"),
        zones=files.get("zones"),
        observed=files.get("observed"),
        type_files=types,
        window_s=window_s,
    )
    made = calibrate(
        graph,
        trips=demand.trips,
        window_s=window_s,
        data=data,
        seed=seed,
        sample=sample,
        demand=ModelDemand(**demand.model_dump(exclude=_OWN)),
        folder=folder,
    )
    said = made.trips.provenance
    parameters = json.loads(said.get("parameters", "{}")) | {
        "demand": demand.model_dump(mode="json"),
        "data_sha256": {role: _sha256(path) for role, path in sorted(files.items())},
    }
    own = {"parameters": json.dumps(parameters, sort_keys=True), PROVENANCE: facts_of(made.fit).model_dump_json()}
    return replace(made.trips, provenance={**said, **own})


def data_files(demand: CalibratedDemand, folder: Path) -> dict[str, Path]:
    """Return the files that demand is calibrated to, by role."""
    named = {role: getattr(demand, role) for role in ("counts", "totals", "zones", "observed")}
    files = {role: folder / name for role, name in named.items() if name is not None}
    return files | {f"type file {number}": folder / name for number, name in enumerate(demand.type_files)}


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
