"""Make runs of any size, with numbers that nothing had to be simulated for."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.datatypes.result import TRIP_COLUMNS, Metrics, SimulationResult, VehicleCounts
from trafficdiff.datatypes.scenario import Scenario
from trafficdiff.datatypes.scenario_files import write_scenario
from trafficdiff.store.content import RunContent
from trafficdiff.store.provenance import collect_provenance
from trafficdiff.store.tables import write_table
from trafficdiff.store.validation import GateOutcome, Validation
from trafficdiff.units import QUANTITIES, with_attributes

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    import xarray as xr

NET = '<!-- generated on {when} by a machine at {where} -->\n<net version="1.20"><edge id="a" from="A" to="B"/></net>\n'
"""A net as the store sees it: a comment that differs from build to build, then what counts."""

STARTED = dt.datetime(2024, 10, 8, 6, 0, tzinfo=dt.timezone(dt.timedelta(hours=3)))


def make_dataset(*, names: list[str], edges: int, intervals: int, seed: int = 0) -> xr.Dataset:
    """Return a dataset with gaps (NaN), text coordinates and counts."""
    import xarray as xr

    generator = np.random.default_rng(seed)
    shape = {"time": intervals, "edge": edges, "clock": intervals * 300}
    variables = {}
    for name in names:
        dims = QUANTITIES[name].dims
        values = generator.gamma(1.0, 50.0, [shape[dim] for dim in dims]).round(2)
        if QUANTITIES[name].long_name.startswith("vehicles"):
            values = values.astype(np.int64)
        elif dims:
            values[values < 5] = np.nan
        variables[name] = (dims, values)
    coordinates = {
        "time": np.arange(intervals) * 300.0 + 25_200,
        "clock": np.arange(intervals * 300) + 25_200.0,
        "edge": np.array([f"-{place}#1 Mäkelänkatu" for place in range(edges)], object),
        "edge_length": ("edge", generator.uniform(10, 300, edges)),
    }
    return with_attributes(xr.Dataset(variables, coordinates, attrs={"references": "made by hand"}))


def make_trips(count: int, *, seed: int = 0) -> pd.DataFrame:
    """Return a trip table whose last trip never entered and whose one before has not arrived."""
    import pandas as pd

    generator = np.random.default_rng(seed)
    columns = {name: generator.uniform(1, 900, count).round(2) for name in TRIP_COLUMNS}
    columns["trip_id"] = np.array([f"trip {place}" for place in range(count)], object)
    columns["vehicle_type"] = np.array(["car"] * count, object)
    columns["completed"] = np.arange(count) < count - 2
    table = pd.DataFrame(columns)
    table.loc[count - 2, "arrival_s"] = np.nan
    table.loc[count - 1, [name for name, unit in TRIP_COLUMNS.items() if unit in {"s", "m"}]] = np.nan
    return table


def make_result(*, edges: int, intervals: int, trips: int, seed: int = 0) -> SimulationResult:
    """Return a result with every variable that a simulation measures."""
    measured = list(QUANTITIES)[list(QUANTITIES).index("sampled_time") : list(QUANTITIES).index("flow")]
    counts = VehicleCounts(
        loaded=trips, inserted=trips - 1, arrived=trips - 2, running=1, waiting=1, removed=0, teleports=0, collisions=0
    )
    data = make_dataset(names=measured, edges=edges, intervals=intervals, seed=seed)
    return SimulationResult(data, make_trips(trips, seed=seed), counts)


def make_metrics(*, edges: int, intervals: int, seed: int = 0) -> Metrics:
    """Return metrics with every variable that is computed on the roads."""
    computed = list(QUANTITIES)[list(QUANTITIES).index("flow") : list(QUANTITIES).index("station")]
    return Metrics(make_dataset(names=computed, edges=edges, intervals=intervals, seed=seed))


def make_content(
    folder: Path, *, edges: int = 5, intervals: int = 4, trips: int = 7, net: Path | None = None, seed: int = 0
) -> RunContent:
    """Return a run whose files lie in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    scenario = Scenario(name="Morning peak", description="A test.", network="helsinki", time_zone="Europe/Helsinki")
    write_scenario(scenario, folder / "given.yaml")
    if net is None:
        net = folder / "town.v1.net.xml"
        net.write_text(NET.format(when="today", where="/home/someone"))
    (folder / "sumo.log").write_text("Loading net ... done.\nWarning: Teleporting vehicle 'ä'.\n", encoding="utf-8")
    (folder / "routes.rou.xml").write_text("<routes/>")
    result = make_result(edges=edges, intervals=intervals, trips=trips, seed=seed)
    write_table(result.trips[["trip_id", "depart_s"]], folder / "trips.parquet", units={}, attributes={})
    return RunContent(
        scenario=scenario,
        scenario_file=folder / "given.yaml",
        net=net,
        build={"source": "OpenStreetMap", "commands": [["netconvert", "--osm-files", "helsinki.osm"]]},
        trips=folder / "trips.parquet",
        simulation_inputs={"routes.rou.xml": folder / "routes.rou.xml"},
        log=folder / "sumo.log",
        organisation="City of Helsinki",
        result=result,
        metrics=make_metrics(edges=edges, intervals=intervals, seed=seed),
        validation=Validation(
            gates=(GateOutcome(name="completion_share", value=0.99, direction="at_least", limit=0.95),),
            warnings=("One vehicle had to be moved on.",),
            counts=vars(result.counts),
        ),
        provenance=collect_provenance(
            scenario,
            net=net,
            trips_source="gravity",
            result_hash="0123456789abcdef",
            demand_model="the gravity baseline",
            demand_data="OpenStreetMap",
            started_utc=STARTED,
            seeds={"demand": 1, "simulation": 2},
            commands=[["sumo", "-n", "net.net.xml"]],
        ),
    )
