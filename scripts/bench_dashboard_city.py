"""Make a city of the size that the dashboard is measured with: 5,000 edges, 1,000 vehicles x 121 steps, 100 runs.

Roads come from SUMO's netgenerate and are read as any net; the study is written by the store's own writers.
"""

from __future__ import annotations

import datetime as dt
import shutil
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    import xarray as xr

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.export.map_data import RoadLines, RoadValues, VehicleTracks

SIDE: Final = 36
"""Crossings along a side: 4 x 36 x 35 = 5,040 edges."""
VEHICLES: Final = 1_000
STEPS: Final = 121
SAMPLES: Final = 50
"""Of each of two scenarios: 100 runs."""
INTERVALS: Final = 24
WINDOW_S: Final = (25_200.0, 28_800.0)


def write_roads(folder: Path) -> Path:
    from tests.towns import write_grid_net

    return write_grid_net(folder, side=SIDE)


def drawn(net: Path) -> tuple[RoadLines, dict[str, RoadValues], VehicleTracks]:
    """Return what one map shows: the roads, four layers over twelve intervals, moving vehicles."""
    from trafficdiff.export.map_data import RoadValues, roads_of
    from trafficdiff.roads.netfile import read_net

    graph = read_net(net)
    roads = roads_of(graph)
    generator = np.random.default_rng(0)
    edges_s = np.linspace(*WINDOW_S, 13)
    level = generator.gamma(2, 9, (12, graph.edge_count))
    moved = generator.normal(0, 20, (12, graph.edge_count))
    values = {
        "base": RoadValues(values=level, interval_edges_s=edges_s),
        "scenario": RoadValues(values=np.maximum(level + moved, 0), interval_edges_s=edges_s),
        "change": RoadValues(values=moved, interval_edges_s=edges_s, shown=np.abs(moved) > 15),
        "speed": RoadValues(values=generator.gamma(2, 9, graph.edge_count)),
    }
    return roads, values, _vehicles(roads, generator)


def _vehicles(roads: RoadLines, generator: np.random.Generator) -> VehicleTracks:
    """Return vehicles that are on the road for 30 to 60 steps and then gone."""
    from trafficdiff.export.map_data import VehicleTracks

    lonlat = np.full((STEPS, VEHICLES, 2), np.nan)
    for vehicle in range(VEHICLES):
        line = roads.lines[int(generator.integers(len(roads.lines)))]
        first, count = int(generator.integers(60)), int(generator.integers(30, 61))
        share = np.linspace(0, 6, count)[:, None]
        lonlat[first : first + count, vehicle] = line[0] + share * (line[-1] - line[0])
    return VehicleTracks(lonlat=lonlat, times_s=np.linspace(*WINDOW_S, STEPS))


def write_study(folder: Path, net: Path) -> None:
    """Write a study of 100 runs as `trafficdiff ensemble` leaves it, without simulating."""
    from trafficdiff import __version__
    from trafficdiff.datatypes.scenario import Scenario, Window
    from trafficdiff.roads.netfile import read_net
    from trafficdiff.store import layout
    from trafficdiff.store.arrays import write_dataset
    from trafficdiff.store.stack import run_directory
    from trafficdiff.store.stacking import write_results
    from trafficdiff.store.study import StudyOutcome, StudyPlan, StudyRun, study_hash, write_document

    graph = read_net(net)
    window = Window(begin_s=int(WINDOW_S[0]), end_s=int(WINDOW_S[1]), clear_s=3_600)
    scenarios = tuple(Scenario(name=name, network="helsinki", window=window) for name in ("base", "bridge"))
    plan = StudyPlan(
        version=__version__, base="base", seed=42, samples=SAMPLES, scenarios=scenarios,
        scenario_hashes=tuple(scenario.hash for scenario in scenarios),
    )  # fmt: skip
    folder.mkdir(parents=True)
    write_document(plan, folder / "study.json")
    runs = []
    for sample in range(SAMPLES):
        for name in plan.names if hasattr(plan, "names") else ("base", "bridge"):
            place = run_directory(folder, name, sample)
            place.mkdir(parents=True)
            write_dataset(_metrics(graph, sample, slower=name == "bridge"), place / layout.METRICS, attributes={})
            if sample == 0:
                (place / "network").mkdir()
                shutil.copy(net, place / "network" / "net.net.xml")
            runs.append(
                StudyRun(scenario=name, sample=sample, state="done", run_id="made", result_hash=f"{name}{sample}")
            )
    write_results(folder, plan, runs, samples=SAMPLES)
    outcome = StudyOutcome(
        plan_hash=plan.hash, study_hash=study_hash(plan, runs), samples=SAMPLES, runs=tuple(runs),
        finished_utc=dt.datetime.now(dt.UTC),
    )  # fmt: skip
    write_document(outcome, folder / "outcome.json")


def _metrics(graph: RoadGraph, sample: int, *, slower: bool) -> xr.Dataset:
    """Return the metrics of one made-up run; both scenarios of a sample share their random numbers."""
    import xarray as xr

    from trafficdiff.metrics import area
    from trafficdiff.metrics.run_metrics import _BY_PLACE
    from trafficdiff.units import with_attributes

    generator = np.random.default_rng(sample)
    shape = (INTERVALS, graph.edge_count)
    cars = generator.poisson(20, shape).astype(float)
    speed_ms = graph.speed_limit_ms * generator.uniform(0.3, 1, shape)
    if slower:
        speed_ms[:, :200] *= 0.8
    distance = cars * graph.length_m
    spent = distance / speed_ms
    by_road: dict[str, Any] = {
        "sampled_time": spent, "travel_distance": distance, "time_loss": 0.2 * spent, "waiting_time": 0.1 * spent,
        "occupancy": np.clip(spent / 1e4, 0, 1), "entered": cars, "left": cars, "departed": 0 * cars,
        "arrived": 0 * cars, "teleported": 0 * cars, "co2_mass": 2e-4 * distance,
    }  # fmt: skip
    length_s = 300.0  # as simulations record; the clearing hour is among them
    raw = xr.Dataset(
        {name: (("time", "edge"), array) for name, array in by_road.items()},
        coords={
            "time": WINDOW_S[0] + length_s * np.arange(INTERVALS),
            "edge": graph.edge_id.astype(object),
            "interval_length": ("time", np.full(INTERVALS, length_s)),
            "edge_length": ("edge", graph.length_m),
            "edge_lanes": ("edge", graph.lanes.astype(float)),
            "edge_speed_limit": ("edge", graph.speed_limit_ms),
            "edge_signalised": ("edge", graph.ends_at_signal.astype(float)),
        },
    )
    kept = ("sampled_time", "travel_distance", "time_loss", "waiting_time", "occupancy", "co2_mass")
    of_area = (area.vehicle_kilometres, area.vehicle_hours, area.delay_hours, area.mean_speed)
    found = [metric(raw) for metric in (*_BY_PLACE, *of_area)]
    data = xr.Dataset({str(one.name): one for one in found} | {name: raw[name] for name in kept})
    data["mean_trip_time"] = ((), 300.0 + 10 * slower + float(generator.normal()))
    data = with_attributes(data)
    data.attrs |= {"source": "made up", "licence": "none", "synthetic": "true"}
    return data
