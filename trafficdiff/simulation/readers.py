"""Read everything that one simulation left behind into a `SimulationResult`, and refuse a run that is not whole."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.result import SimulationResult
from trafficdiff.errors import SimulationError
from trafficdiff.simulation.columns import check_parquet
from trafficdiff.simulation.edge_data import interval_begins_s, read_edge_emissions, read_edge_traffic
from trafficdiff.simulation.files import final_time_s
from trafficdiff.simulation.people import count_walks, read_people
from trafficdiff.simulation.summary import read_statistics, read_summary
from trafficdiff.simulation.trip_table import count_vehicles, read_trip_table
from trafficdiff.units import with_attributes

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.result import VehicleCounts
    from trafficdiff.datatypes.scenario import SimulationOptions, Window
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.datatypes.walks import Walks
    from trafficdiff.simulation.files import SumoFiles

__all__ = ["check_complete", "read_result"]

_CLOSING: Final = b"</stops>"
_PEOPLE_CLOSING: Final = b"</tripinfos>"


def check_complete(files: SumoFiles, *, trips: TripSet, window: Window) -> None:
    """Check that SUMO came to its end: every output whole, the final time reached, every trip loaded.

    SUMO's return code says nothing about this: on a full disk it is 0.

    Raises
    ------
    SimulationError
        Saying what is missing.
    """
    statistics = read_statistics(files.statistics)
    for path in files.outputs:
        if path.suffix == ".parquet":
            check_parquet(path)
    if files.has_stops and _CLOSING not in files.stops.read_bytes()[-64:]:
        raise SimulationError(f"expected the whole of SUMO's output {files.stops.name}, got one that breaks off")
    if files.has_walks and _PEOPLE_CLOSING not in files.people.read_bytes()[-64:]:
        raise SimulationError(f"expected the whole of SUMO's output {files.people.name}, got one that breaks off")
    if statistics.end_s < final_time_s(window) - 1e-6:
        raise SimulationError(
            f"expected SUMO to simulate until {final_time_s(window):.10g} s, it stopped at {statistics.end_s:.10g} s; "
            "see its log"
        )
    if statistics.loaded < len(trips):
        raise SimulationError(f"expected SUMO to load {len(trips)} trips, it loaded {statistics.loaded}; see its log")


def read_result(
    files: SumoFiles,
    *,
    graph: RoadGraph,
    trips: TripSet,
    options: SimulationOptions,
    window: Window,
    seed: int,
    walks: Walks | None = None,
) -> SimulationResult:
    """Read one complete simulation.

    The time axis ends with the interval in which the last vehicle left, and not before the window's end; where
    vehicles are left over it goes on to the final time.

    Raises
    ------
    SimulationError
        If an output breaks off, or vehicle counts do not reconcile.
    """
    check_complete(files, trips=trips, window=window)
    table = read_trip_table(files.trips, trips=trips)
    statistics = read_statistics(files.statistics)
    counts = count_vehicles(table, statistics)
    people = None if walks is None else read_people(files.people, walks=walks)
    last_s = _last_second(table, counts, window)
    begins_s = interval_begins_s(begin_s=window.begin_s, end_s=last_s, period_s=options.period_s)
    ends_s = np.minimum(begins_s + options.period_s, final_time_s(window))
    traffic = read_edge_traffic(files.edges, graph=graph, begins_s=begins_s)
    if files.has_emissions:
        traffic |= read_edge_emissions(files.emissions, graph=graph, begins_s=begins_s)
    data = _dataset(
        by_edge=traffic, by_second=_until(read_summary(files.summary), ends_s[-1]), graph=graph,
        begins_s=begins_s, ends_s=ends_s,
    )  # fmt: skip
    data.attrs = _provenance(graph, trips, options=options, seed=seed)
    return SimulationResult(
        data=data,
        trips=table.drop(columns=["entered", "removed"]),
        counts=counts,
        walks=people,
        walk_counts=None if people is None else count_walks(people, jammed=statistics.jammed),
    )


def _last_second(table: pd.DataFrame, counts: VehicleCounts, window: Window) -> float:
    if counts.running or counts.waiting or counts.removed:
        return final_time_s(window)
    return float(np.nanmax([window.end_s, *table["arrival_s"].to_numpy()]))


def _until(by_second: dict[str, NDArray[np.generic]], end_s: float) -> dict[str, NDArray[np.generic]]:
    kept = by_second["clock"] < end_s - 1e-6  # type: ignore[operator]
    return {name: values[kept] for name, values in by_second.items()}


def _dataset(
    *,
    by_edge: dict[str, NDArray[np.generic]],
    by_second: dict[str, NDArray[np.generic]],
    graph: RoadGraph,
    begins_s: NDArray[np.float64],
    ends_s: NDArray[np.float64],
) -> xr.Dataset:
    import xarray as xr

    clock = by_second.pop("clock")
    data = xr.Dataset(
        {name: (("time", "edge"), values) for name, values in by_edge.items()}
        | {name: (("clock",), values) for name, values in by_second.items()},
        coords={
            "time": begins_s,
            "clock": clock,
            "edge": graph.edge_id.astype(object),
            "interval_length": ("time", ends_s - begins_s),
            "edge_length": ("edge", graph.length_m),
            "edge_lanes": ("edge", graph.lanes),
            "edge_speed_limit": ("edge", graph.speed_limit_ms),
            "edge_signalised": ("edge", graph.ends_at_signal.astype(np.int8)),
        },
    )
    data["time"].attrs["axis"] = "T"
    return with_attributes(data)


def _provenance(graph: RoadGraph, trips: TripSet, *, options: SimulationOptions, seed: int) -> dict[str, str | int]:
    demand = ", ".join(f"{key}: {value}" for key, value in sorted(trips.provenance.items())) or "not stated"
    return {
        "Conventions": "CF-1.11",
        "title": f"Simulated traffic in {graph.name or graph.net_path.name}",
        "source": f"SUMO {version('eclipse-sumo')}, {options.resolution}scopic, step {options.step_s:g} s",
        "history": f"simulated by trafficdiff with seed {seed}",
        "comment": f"simulated, not observed; {trips.origin}: {demand}",
        "seed": seed,
    }
