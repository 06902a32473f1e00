"""Gather everything that a run directory holds, so that the study can be audited years later."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from trafficdiff.datatypes.calibration_facts import facts_said
from trafficdiff.datatypes.scenario import FileDemand
from trafficdiff.store.layout import MEASURES
from trafficdiff.workflows.randomness import sumo_seed
from trafficdiff.workflows.training_range import standing_said, warnings_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.result import Metrics
    from trafficdiff.datatypes.scenario import Scenario
    from trafficdiff.datatypes.tracks import Tracks
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.simulation.files import SumoFiles
    from trafficdiff.store.content import Licence, RunContent
    from trafficdiff.store.provenance import Provenance
    from trafficdiff.store.validation import Validation
    from trafficdiff.workflows.charging import Charged
    from trafficdiff.workflows.equilibrium import Assigned
    from trafficdiff.workflows.measures import Changed

__all__ = ["TRACKS", "gather"]

TRACKS: Final = "tracks.parquet"
"""Name of the tracks in a run."""


def gather(
    scenario: Scenario,
    changed: Changed,
    *,
    assigned: Assigned,
    metrics: Metrics,
    work: Path,
    simulation: Path,
    scenario_file: Path | None,
    sample: int,
    started: dt.datetime,
    extras: Mapping[str, Path],
    warnings: Sequence[str] = (),
    charged: Charged | None = None,
    tracks: Tracks | None = None,
) -> RunContent:
    """Return the content of the run directory.

    Parameters
    ----------
    scenario, changed
        What was simulated: roads and control after the measures.
    assigned, metrics
        What came out: the trips as they drove, what was measured, what was computed.
    work
        Folder for files that are written here.
    simulation
        Folder with SUMO's inputs and log.
    scenario_file
        The scenario as given, if there was a file.
    sample
        Number of the draw in an ensemble.
    started
        When the run began.
    extras
        Further files by their path in the run.
    warnings
        What the steps warned of.
    charged
        What charging did, where somebody may charge.
    tracks
        Where every road user was, if it was recorded.
    """
    from trafficdiff.datatypes.trip_files import write_trips
    from trafficdiff.roads.build import BACKGROUND_FILE
    from trafficdiff.roads.source import BUILD_FILE
    from trafficdiff.simulation.destinations import ended_elsewhere
    from trafficdiff.simulation.files import files_of
    from trafficdiff.store.content import RunContent

    graph, trips, result = changed.graph, assigned.trips, assigned.result
    write_trips(trips, work / "trips.parquet")
    beside_net = {name: graph.net_path.with_name(name) for name in (BUILD_FILE, BACKGROUND_FILE)}
    build = json.loads(beside_net[BUILD_FILE].read_text("utf-8")) if beside_net[BUILD_FILE].exists() else {}
    files = files_of(trips, options=scenario.simulation, directory=simulation, control=changed.control)
    background = beside_net[BACKGROUND_FILE]
    elsewhere = ended_elsewhere(files, trips) if changed.control.closures else {}
    if elsewhere:
        warnings = (*warnings, f"{len(elsewhere)} trips ended before a closed road that they were going to")
    warnings = (*warnings, *warnings_of(standing_said(trips.provenance)))  # said once, also of trips from a file
    return RunContent(
        scenario=scenario,
        scenario_file=scenario_file,
        net=graph.net_path,
        build=build,
        trips=work / "trips.parquet",
        simulation_inputs={path.name: path for path in files.inputs},
        log=files.log,
        result=result,
        metrics=metrics,
        validation=_validation(scenario, metrics, assigned, warnings=warnings),
        provenance=_provenance(
            scenario, changed, assigned, sample=sample, started=started, files=files, charged=charged
        ),
        licences=_licences(graph, build),
        measures=_measures(changed, assigned, elsewhere, work),
        extras={
            **extras,
            **({f"network/{BACKGROUND_FILE}": background} if background.exists() else {}),
            **_written(tracks, graph, trips, files.directory),
        },
    )


def _measures(changed: Changed, assigned: Assigned, elsewhere: Mapping[str, str], work: Path) -> Path:
    """Return the file that says what each measure did and how drivers chose their routes."""
    path = work / MEASURES
    path.write_text(
        json.dumps(
            changed.as_dict() | assigned.as_dict() | {"ended_elsewhere": dict(elsewhere)}, indent=1, ensure_ascii=False
        )
        + "\n",
        encoding="utf-8",
    )
    return path


def _written(tracks: Tracks | None, graph: RoadGraph, trips: TripSet, folder: Path) -> dict[str, Path]:
    """Return the table of tracks by its name in the run, if tracks were recorded."""
    from trafficdiff.datatypes.track_files import write_tracks_table

    if tracks is None:
        return {}
    table = folder / "tracks_table.parquet"
    write_tracks_table(tracks, table, graph=graph, provenance=trips.provenance)
    return {TRACKS: table}


def _validation(scenario: Scenario, metrics: Metrics, assigned: Assigned, *, warnings: Sequence[str]) -> Validation:
    from trafficdiff.simulation.run import MESO_BIAS
    from trafficdiff.store.validation import GateOutcome, Validation

    completed, teleports = (float(metrics.data[name]) for name in ("completion_share", "teleport_share"))
    gates = (
        GateOutcome(
            name="completion_share",
            value=completed,
            direction="at_least",
            limit=scenario.gates.completion_share_min,
        ),
        GateOutcome(
            name="teleport_share",
            value=0.0 if math.isnan(teleports) else teleports,  # nobody entered, nobody was lifted
            direction="at_most",
            limit=scenario.gates.teleport_share_max,
        ),
    )
    bias = (MESO_BIAS,) if scenario.simulation.resolution == "meso" else ()
    return Validation(
        gates=gates, warnings=tuple(dict.fromkeys((*bias, *warnings))), counts=vars(assigned.result.counts)
    )


def _provenance(
    scenario: Scenario,
    changed: Changed,
    assigned: Assigned,
    *,
    sample: int,
    started: dt.datetime,
    files: SumoFiles,
    charged: Charged | None,
) -> Provenance:
    from trafficdiff.simulation.result_hash import result_hash
    from trafficdiff.store.provenance import collect_provenance

    demand, trips, graph = scenario.demand, assigned.trips, changed.graph
    data = f"the file {Path(demand.path).name}" if isinstance(demand, FileDemand) else "the road graph alone"
    return collect_provenance(
        scenario,
        net=graph.net_path,
        trips_source=_trips_source(scenario, trips),
        result_hash=result_hash(assigned.result, None if charged is None else charged.result),
        stations_sha256=None if charged is None else charged.stations_sha256,
        station_file_sha256=None if charged is None else charged.station_file_sha256,
        synthetic=trips.are_synthetic,
        demand_model=trips.provenance.get("model", trips.origin),
        demand_data=trips.provenance.get("data", data),
        started_utc=started,
        sample=sample,
        seeds={"scenario": scenario.seed, "sumo": sumo_seed(scenario.seed, sample=sample)},
        commands=[_command(scenario, changed, files, sample=sample)],
        training_range=standing_said(trips.provenance),
        calibration=facts_said(trips.provenance),
    )


def _command(scenario: Scenario, changed: Changed, files: SumoFiles, *, sample: int) -> list[str]:
    """Return SUMO's command line as it can be given again inside the run's folder ``simulation/``."""
    from trafficdiff.simulation.files import command_of
    from trafficdiff.store.layout import net_name

    graph = changed.graph
    program, *words = command_of(
        files, graph=graph, options=scenario.simulation, window=scenario.window,
        seed=sumo_seed(scenario.seed, sample=sample), progress=False, control=changed.control,
    )  # fmt: skip
    net = f"../{net_name(graph.net_path)}"
    return [Path(program).name, *(net if word == str(graph.net_path.resolve()) else word for word in words)]


def _trips_source(scenario: Scenario, trips: TripSet) -> str:
    """Return what makes the trips: the demand (a model with its hash), or all that a file says of its trips."""
    if not isinstance(scenario.demand, FileDemand):
        return trips.provenance["parameters"]
    from trafficdiff.datatypes.trips import CHARGING_STOP_COLUMNS
    from trafficdiff.store.provenance import TRIP_FILE

    stops = trips.charging_stops
    described = [
        [asdict(kind) for kind in trips.vehicle_types],
        None if stops is None else stops[list(CHARGING_STOP_COLUMNS)].to_numpy().tolist(),
    ]
    digest = hashlib.sha256(json.dumps(described, sort_keys=True, default=str).encode())
    for column in (
        trips.trip_id.astype(str), trips.depart_s, trips.offsets, trips.edges, trips.vehicle_type,
        trips.state_of_charge, trips.battery_kwh,
    ):  # fmt: skip
        digest.update(column.tobytes())
    return f"{TRIP_FILE}{digest.hexdigest()}"


def _licences(graph: RoadGraph, build: Mapping[str, Any]) -> tuple[Licence, ...]:
    """Return OpenStreetMap's terms where the roads come from there; another net's terms only its maker knows."""
    from trafficdiff.export.credit import comes_from_openstreetmap
    from trafficdiff.store.content import OPENSTREETMAP

    return (OPENSTREETMAP,) if build.get("data_date") or comes_from_openstreetmap(graph) else ()
