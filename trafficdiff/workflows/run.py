"""Run one scenario: roads, demand, simulation, metrics, one published run directory."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trafficdiff.datatypes.scenario import Scenario, Window, read_scenario
from trafficdiff.errors import StoreError
from trafficdiff.publish import is_complete
from trafficdiff.workflows.gathering import gather
from trafficdiff.workflows.outcome import outcome_of
from trafficdiff.workflows.progress import quiet
from trafficdiff.workflows.randomness import sumo_seed
from trafficdiff.workflows.sample import draw_trips

if TYPE_CHECKING:
    from collections.abc import Callable

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.result import Metrics
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.workflows.outcome import Outcome
    from trafficdiff.workflows.progress import Progress

__all__ = ["run", "run_file"]


def run_file(path: Path, *, directory: Path, progress: Progress = quiet, picture: bool = True) -> Outcome:
    """Read a scenario file and run it; see `run`."""
    scenario = read_scenario(path)
    return run(scenario, directory=directory, scenario_file=path, progress=progress, picture=picture)


def run(
    scenario: Scenario,
    *,
    directory: Path,
    scenario_file: Path | None = None,
    sample: int = 0,
    progress: Progress = quiet,
    picture: bool = True,
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
        The file as given: kept in the run, and the folder from which its relative paths start.
    sample
        Number of the draw in an ensemble.
    progress
        Receives stages and shares.
    picture
        Whether a map is drawn.

    Raises
    ------
    TrafficdiffError
        Whatever a step refuses; nothing is published then.
    """
    from trafficdiff.metrics.run_metrics import compute
    from trafficdiff.simulation.run import simulate
    from trafficdiff.store.writing import write_run

    if is_complete(directory):
        raise StoreError(f"{directory}: expected a new directory, found a complete run; choose another or delete it")
    started = dt.datetime.now(dt.UTC)
    folder = scenario_file.resolve().parent if scenario_file is not None else Path.cwd()
    progress("opening the network", None)
    graph = _open_network(scenario.network, folder)
    progress("drawing the demand", None)
    trips = _demand(scenario, graph, sample=sample, folder=folder)
    with tempfile.TemporaryDirectory(prefix="trafficdiff-run-") as folder_name:
        work = Path(folder_name)
        result = simulate(
            graph,
            trips,
            options=scenario.simulation,
            window=scenario.window,
            seed=sumo_seed(scenario.seed, sample=sample),
            directory=work / "simulation",
            on_progress=_share_of(scenario.window, progress),
        )
        progress("measuring", None)
        metrics = compute(result)
        pictures = _draw(graph, metrics, scenario, demand=trips.origin, folder=work) if picture else {}
        content = gather(
            scenario, graph, trips=trips, result=result, metrics=metrics, work=work, simulation=work / "simulation",
            scenario_file=scenario_file, sample=sample, started=started, extras=pictures,
        )  # fmt: skip
        progress("storing", None)
        write_run(directory, content)
    wall_s = (dt.datetime.now(dt.UTC) - started).total_seconds()
    return outcome_of(content, directory=directory, pictures=tuple(pictures), wall_s=wall_s)


def _open_network(network: str, folder: Path) -> RoadGraph:
    """Open a network; a relative path may start at the scenario file or at the working directory."""
    from trafficdiff.roads.load import load_network

    beside = folder / network
    return load_network(beside if beside.exists() else network)


def _demand(scenario: Scenario, graph: RoadGraph, *, sample: int, folder: Path) -> TripSet:
    window_s = (scenario.window.begin_s, scenario.window.end_s)
    return draw_trips(graph, scenario.demand, window_s=window_s, seed=scenario.seed, sample=sample, folder=folder)


def _share_of(window: Window, progress: Progress) -> Callable[[float], None]:
    """Return a function that turns the simulated time into a share of the longest possible simulation."""
    whole_s = window.end_s + window.clear_s - window.begin_s
    return lambda time_s: progress("simulating", (time_s - window.begin_s) / whole_s)


def _draw(graph: RoadGraph, metrics: Metrics, scenario: Scenario, *, demand: str, folder: Path) -> dict[str, Path]:
    """Draw the travel time index by edge and return the picture by its name in the run."""
    from trafficdiff.export.picture import MapStyle, draw_map

    clock = "{:02.0f}:{:02.0f}".format
    begin, end = (clock(time_s // 3_600, time_s % 3_600 // 60) for time_s in _window_s(scenario))
    style = MapStyle(
        title=f"{graph.name}: {scenario.name}, {begin} to {end}",
        legend="travel time index (mean travel time over free flow)",
        demand=demand,
        low=1.0,
        high=4.0,
    )
    picture = folder / "travel_time_index.png"
    values = metrics.data["travel_time_index"].to_numpy()
    draw_map(graph, values, style=style, path=picture, background=_background(graph))
    return {f"pictures/{picture.name}": picture}


def _window_s(scenario: Scenario) -> tuple[float, float]:
    return scenario.window.begin_s, scenario.window.end_s


def _background(graph: RoadGraph) -> dict[str, Any] | None:
    from trafficdiff.roads.build import BACKGROUND_FILE

    path = graph.net_path.with_name(BACKGROUND_FILE)
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None
