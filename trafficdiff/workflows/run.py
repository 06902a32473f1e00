"""Run one scenario: roads, demand, simulation, metrics, one published run directory.

::

    claim the directory ─▶ roads ─▶ demand ─▶ measures ─▶ simulation ─┬─▶ metrics ─▶ map ─▶ publish NAME/
                                                                      └─ failed ─▶ NAME.failed.log, nothing published
"""

from __future__ import annotations

import datetime as dt
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from trafficdiff.datatypes.scenario_files import read_scenario
from trafficdiff.process import keeping_log
from trafficdiff.publish import real_path, scratch
from trafficdiff.store.claim import claiming
from trafficdiff.workflows.charging import charge, charging_tables, say_idle_sites
from trafficdiff.workflows.equilibrium import assign
from trafficdiff.workflows.gathering import gather
from trafficdiff.workflows.measures import apply_measures
from trafficdiff.workflows.outcome import outcome_of
from trafficdiff.workflows.people import walk_numbers, write_people
from trafficdiff.workflows.progress import quiet
from trafficdiff.workflows.randomness import sumo_seed
from trafficdiff.workflows.remarks import collecting_warnings
from trafficdiff.workflows.safety import measure_safety, records_safety
from trafficdiff.workflows.status_file import telling_of_run
from trafficdiff.workflows.supplies import Supplies
from trafficdiff.workflows.tables import with_street_table
from trafficdiff.workflows.tracks import recorded_tracks

if TYPE_CHECKING:
    from collections.abc import Callable

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.result import Metrics
    from trafficdiff.datatypes.scenario import Scenario, Window
    from trafficdiff.store.content import RunContent
    from trafficdiff.workflows.measures import Changed
    from trafficdiff.workflows.outcome import Outcome
    from trafficdiff.workflows.progress import Progress

__all__ = ["run", "run_file"]

_PICTURE: Final = "pictures/travel_time_index.png"
"""The map, by its name in the run."""

_logger = logging.getLogger(__name__)


def run_file(path: str | Path, *, directory: str | Path, progress: Progress = quiet, picture: bool = True) -> Outcome:
    """Read a scenario file and run it; ``NAME.status.json`` tells others how far it is. See `run`."""
    path = Path(path)
    scenario = read_scenario(path)
    with telling_of_run(real_path(Path(directory)), progress) as tell:
        return run(scenario, directory=directory, scenario_file=path, progress=tell, picture=picture)


def run(
    scenario: Scenario,
    *,
    directory: str | Path,
    scenario_file: Path | None = None,
    folder: Path | None = None,
    sample: int = 0,
    progress: Progress = quiet,
    picture: bool = True,
    supplies: Supplies | None = None,
) -> Outcome:
    """Simulate a scenario and publish its run directory, whole or not at all.

    Parameters
    ----------
    scenario
        What to simulate.
    directory
        The run directory to make.

    Other Parameters
    ----------------
    scenario_file
        The file as given: kept in the run.
    folder
        Where the scenario's relative paths start (default: the scenario file's folder, else the working directory).
    sample
        Number of the draw in an ensemble.
    progress
        Receives stages and shares.
    picture
        Whether a map is drawn. If it cannot be drawn, the run says so among its warnings.
    supplies
        Where roads and trips come from; one that keeps them saves work over many runs (default: made afresh).

    Raises
    ------
    OutputError
        Before any work, if the directory is taken, cannot be written, or another process is making it.
    TrafficdiffError
        Whatever a step refuses; nothing is published then. If the simulation failed, the error names its log,
        ``NAME.failed.log``.
    """
    from trafficdiff.store.writing import write_run

    directory = Path(directory)
    started = dt.datetime.now(dt.UTC)
    if folder is None:
        folder = scenario_file.resolve().parent if scenario_file is not None else Path.cwd()
    with claiming(directory), scratch("run") as work, keeping_log(directory):
        content = _simulated(
            scenario, work=work, scenario_file=scenario_file, folder=folder, sample=sample, started=started,
            progress=progress, picture=picture, supplies=supplies or Supplies(),
        )  # fmt: skip
        progress("storing", None)
        write_run(directory, content)
    pictures = tuple(name for name in content.extras if name == _PICTURE)
    wall_s = (dt.datetime.now(dt.UTC) - started).total_seconds()
    return outcome_of(content, directory=directory, pictures=pictures, wall_s=wall_s)


def _simulated(
    scenario: Scenario,
    *,
    work: Path,
    scenario_file: Path | None,
    folder: Path,
    sample: int,
    started: dt.datetime,
    progress: Progress,
    picture: bool,
    supplies: Supplies,
) -> RunContent:
    """Return everything that the run directory will hold; files are below `work`."""
    from trafficdiff.metrics.run_metrics import compute, with_numbers

    progress("opening the network", None)
    graph = supplies.roads(scenario.network, folder)
    with collecting_warnings() as warnings:
        progress("drawing the demand", None)
        trips = supplies.trips(scenario, graph, sample=sample, folder=folder)
        changed = apply_measures(scenario, graph, trips, sample=sample, directory=work / "edited")
        charged, seed = None, sumo_seed(scenario.seed, sample=sample)
        if scenario.charging is not None:
            charged = charge(
                scenario, changed, sample=sample, seed=seed, folder=folder, directory=work / "simulation",
                on_progress=_share_of(scenario.window, progress),
            )  # fmt: skip
            changed, assigned = charged.changed, charged.assigned
        else:
            say_idle_sites(changed)
            assigned = assign(
                changed.graph,
                changed.trips,
                scenario=scenario,
                seed=seed,
                directory=work / "simulation",
                control=changed.control,
                on_progress=_share_of(scenario.window, progress),
            )
        progress("measuring", None)
        numbers = changed.numbers() | assigned.numbers() | ({} if charged is None else charged.numbers())
        numbers |= walk_numbers(assigned.result)
        tracks = recorded_tracks(scenario, changed, assigned.trips, simulation=work / "simulation")
        tables = {} if charged is None else charging_tables(charged, folder=work)
        tables |= write_people(assigned.result, folder=work)
        if tracks is not None and records_safety(scenario):
            safety = measure_safety(tracks, changed.graph)
            numbers, tables = numbers | safety.numbers, tables | safety.write(work)
        metrics = with_numbers(compute(assigned.result), numbers)
        pictures = _pictures(changed, metrics, scenario, folder=work) if picture else {}
        content = gather(
            scenario, changed, assigned=assigned, metrics=metrics, work=work, simulation=work / "simulation",
            scenario_file=scenario_file, sample=sample, started=started, extras=pictures | tables, warnings=warnings,
            charged=charged, tracks=tracks,
        )  # fmt: skip
        return with_street_table(content, changed.graph, folder=work)


def _share_of(window: Window, progress: Progress) -> Callable[[float], None]:
    """Return a function that turns the simulated time into a share of the longest possible simulation."""
    whole_s = window.end_s + window.clear_s - window.begin_s
    return lambda time_s: progress("simulating", (time_s - window.begin_s) / whole_s)


def _pictures(changed: Changed, metrics: Metrics, scenario: Scenario, *, folder: Path) -> dict[str, Path]:
    """Return the pictures by their names in the run; none if the map cannot be drawn, for the numbers matter more."""
    picture = folder / Path(_PICTURE).name
    try:
        _draw(changed.graph, metrics, scenario, demand=changed.trips.origin, path=picture)
    except Exception as error:
        _logger.warning("the map could not be drawn (%s: %s); the numbers are whole", type(error).__name__, error)
        _logger.debug("why the map could not be drawn", exc_info=True)
        return {}
    return {_PICTURE: picture}


def _draw(graph: RoadGraph, metrics: Metrics, scenario: Scenario, *, demand: str, path: Path) -> None:
    """Draw the travel time index by edge."""
    from trafficdiff.export.picture import MapStyle, draw_map, map_title

    style = MapStyle(
        title=map_title(graph.name, scenario.name, window_s=_window_s(scenario)),
        legend="travel time index (mean travel time over free flow)",
        demand=demand,
        low=1.0,
        high=4.0,
    )
    values = metrics.data["travel_time_index"].to_numpy()
    draw_map(graph, values, style=style, path=path, background=_background(graph))


def _window_s(scenario: Scenario) -> tuple[float, float]:
    return scenario.window.begin_s, scenario.window.end_s


def _background(graph: RoadGraph) -> dict[str, Any] | None:
    from trafficdiff.roads.build import BACKGROUND_FILE

    path = graph.net_path.with_name(BACKGROUND_FILE)
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None
