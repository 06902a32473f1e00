"""Draw trips with SUMO's own tools, as planners do today: baselines.

``randomTrips.py`` draws origins and destinations; routes come from our router, and pairs without a way are left out.
The tool's own validation, on by default in SUMO 1.28, starts duarouter for the same and hides how many were lost.
``routeSampler.py`` picks routes so that they agree with counts.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.counts import write_edge_data
from trafficdiff.datatypes.trip_files import read_agents, read_trips, write_trips
from trafficdiff.datatypes.vehicles import masks_of
from trafficdiff.demand.paths import origin_blocks
from trafficdiff.demand.successions import succession_costs
from trafficdiff.errors import SimulationError
from trafficdiff.process import last_words, run_program, sumo_home
from trafficdiff.publish import scratch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from trafficdiff.datatypes.agents import Agents
    from trafficdiff.datatypes.counts import Counts
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.datatypes.vehicles import VehicleType

__all__ = ["random_trips", "sample_routes", "with_a_way"]

_DEADLINE_S: Final = 600.0


def random_trips(
    graph: RoadGraph,
    *,
    count: int,
    kind: VehicleType,
    window_s: tuple[float, float],
    seed: int,
    fringe_factor: float = 5.0,
) -> Agents:
    """Return the agents that SUMO's randomTrips draws, evenly spaced over the window.

    The tool weighs every edge the same, those at the fringe `fringe_factor` times. It does not look whether there is
    a way: see `with_a_way`.

    Parameters
    ----------
    graph
        The roads; its net file must be there.
    count
        How many trips to ask for; the tool may write fewer.
    kind
        Vehicle type; trips begin and end on edges of its class.
    window_s
        Begin and end of the departures [s].
    seed
        Seed of the tool.
    fringe_factor
        Weight of edges at the fringe.

    Raises
    ------
    SimulationError
        If the tool fails.
    """
    begin_s, end_s = window_s
    with scratch("tool") as folder:
        written = folder / "random.trips.xml"
        options: list[str | Path] = [
            "-n", graph.net_path.resolve(), "-o", written, "-b", f"{begin_s!r}", "-e", f"{end_s!r}",
            "-p", f"{(end_s - begin_s) / count!r}", "-s", str(seed), "--fringe-factor", f"{fringe_factor!r}",
            "--edge-permission", kind.vehicle_class, "--no-validate",
        ]  # fmt: skip
        _run_tool("randomTrips.py", options, folder=folder, result=written)
        agents = read_agents(written, graph)
    kept = np.flatnonzero((agents.depart_s >= begin_s) & (agents.depart_s < end_s))
    taken = _take(agents, kept)
    return replace(taken, window_s=window_s, vehicle_type=np.zeros(len(kept), np.int32), vehicle_types=(kind,))


def with_a_way(agents: Agents) -> Agents:
    """Return the agents, without vias, that have a way from origin to destination."""
    from scipy.sparse.csgraph import dijkstra

    graph = agents.graph
    masks = masks_of(agents.vehicle_types, agents.vehicle_type)
    found = np.zeros(len(agents), bool)
    for mask in np.unique(masks):
        costs = succession_costs(graph, mask=int(mask), edge_time_s=graph.free_flow_time_s)
        rows = np.flatnonzero(masks == mask)
        sources, row = np.unique(agents.origin[rows], return_inverse=True)
        for block in origin_blocks(sources, width=2 * graph.edge_count):
            inside = (row >= block.start) & (row < block.stop)
            time_s = dijkstra(costs, indices=sources[block])
            found[rows[inside]] = np.isfinite(time_s[row[inside] - block.start, agents.destination[rows[inside]]])
    return _take(agents, np.flatnonzero(found))


def sample_routes(candidates: TripSet, *, counts: Counts, total: int, seed: int, weighted: bool = False) -> TripSet:
    """Return trips on candidate routes that SUMO's routeSampler picks to agree with counts.

    Parameters
    ----------
    candidates
        Trips whose routes may be used, any number of times.
    counts
        What was counted.
    total
        How many trips the tool is asked for; it may write fewer.
    seed
        Seed of the tool.
    weighted
        Whether a route that is driven more often is picked more often; else every different route counts the same.

    Raises
    ------
    SimulationError
        If the tool fails.
    """
    with scratch("tool") as folder:
        routes, data, written = (folder / name for name in ("in.rou.xml", "counts.xml", "out.rou.xml"))
        write_trips(candidates, routes)
        write_edge_data(counts, data)
        options: list[str | Path] = [
            "-r",
            routes,
            "-d",
            data,
            "-o",
            written,
            "-s",
            str(seed),
            "--total-count",
            str(total),
            *(["--weighted"] if weighted else []),
        ]
        _run_tool("routeSampler.py", options, folder=folder, result=written)
        return read_trips(written, candidates.graph)


def _run_tool(name: str, options: Sequence[str | Path], *, folder: Path, result: Path) -> None:
    command = [sys.executable, sumo_home() / "tools" / name, *options]
    finished = run_program(command, log=folder / "log.txt", deadline_s=_DEADLINE_S, directory=folder)
    if finished.returncode != 0 or not result.is_file():
        raise SimulationError(f"expected SUMO's {name} to write trips, it failed: {last_words(finished.output)}")


def _take(agents: Agents, rows: NDArray[np.int64]) -> Agents:
    """Return some of the agents without vias, in order of departure."""
    return replace(
        agents,
        origin=agents.origin[rows],
        destination=agents.destination[rows],
        depart_s=agents.depart_s[rows],
        via_offsets=np.zeros(len(rows) + 1, np.int64),
        via_edges=np.zeros(0, np.int32),
        vehicle_type=agents.vehicle_type[rows],
        state_of_charge=agents.state_of_charge[rows],
        battery_kwh=agents.battery_kwh[rows],
    )
