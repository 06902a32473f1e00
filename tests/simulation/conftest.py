"""Trips and finished simulations that several tests look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest

from trafficdiff.datatypes.scenario import SimulationOptions, Window
from trafficdiff.datatypes.trips import TripSet
from trafficdiff.datatypes.vehicles import VEHICLE_TYPES, VehicleType
from trafficdiff.roads.netfile import read_net
from trafficdiff.simulation.files import SumoFiles, files_of
from trafficdiff.simulation.run import simulate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from trafficdiff.datatypes.control import Control
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.result import SimulationResult


def trips_on(
    graph: RoadGraph,
    routes: Sequence[Sequence[str]],
    depart_s: Sequence[float],
    *,
    end_s: float = 3_600.0,
    vehicle_type: VehicleType = VEHICLE_TYPES["car"],
) -> TripSet:
    """Return trips along named edges, called t0, t1, ..."""
    return TripSet(
        graph=graph,
        trip_id=np.array([f"t{place}" for place in range(len(routes))], object),
        depart_s=np.asarray(depart_s, float),
        window_s=(0.0, end_s),
        offsets=np.cumsum([0, *(len(route) for route in routes)]).astype(np.int64),
        edges=np.array([graph.edge_index[edge] for route in routes for edge in route], np.int32),
        vehicle_types=(vehicle_type,),
    )


def wandering_trips(
    graph: RoadGraph, count: int, *, end_s: float, seed: int = 3, vehicle_type: VehicleType = VEHICLE_TYPES["car"]
) -> TripSet:
    """Return trips of 3 to 8 edges that turn at random."""
    generator = np.random.default_rng(seed)
    routes = []
    while len(routes) < count:
        edge = int(generator.integers(graph.edge_count))
        route = [edge]
        for _ in range(int(generator.integers(2, 8))):
            followers = graph.successor_edges[graph.successor_offsets[edge] : graph.successor_offsets[edge + 1]]
            onward = [f for f in followers if graph.to_node[f] != graph.from_node[edge]]
            if not onward:
                break
            edge = int(generator.choice(onward))
            route.append(edge)
        if len(route) > 2:
            routes.append([str(graph.edge_id[place]) for place in route])
    depart_s = np.sort(np.floor(generator.uniform(0, end_s, count) * 10) / 10)
    return trips_on(graph, routes, depart_s, end_s=end_s, vehicle_type=vehicle_type)


@dataclass(frozen=True)
class Replay:
    """One finished simulation with all that went in."""

    graph: RoadGraph
    trips: TripSet
    options: SimulationOptions
    window: Window
    files: SumoFiles
    result: SimulationResult


def replay(
    graph: RoadGraph,
    trips: TripSet,
    directory: Path,
    *,
    options: SimulationOptions,
    clear_s: float = 600.0,
    seed: int = 5,
    control: Control | None = None,
) -> Replay:
    """Simulate and keep everything."""
    window = Window(begin_s=trips.window_s[0], end_s=trips.window_s[1], clear_s=clear_s)
    result = simulate(graph, trips, options=options, window=window, seed=seed, directory=directory, control=control)
    files = files_of(trips, options=options, directory=directory, control=control)
    return Replay(graph, trips, options, window, files, result)


@pytest.fixture(scope="session")
def cross(cross_net: Path) -> RoadGraph:
    """The crossroads town as a road graph."""
    return read_net(cross_net, name="cross")


@pytest.fixture(scope="session")
def grid_replay(grid_graph: RoadGraph, tmp_path_factory: pytest.TempPathFactory) -> Replay:
    """150 trips on the grid in ten minutes, all of which arrive, with emissions and tracks."""
    options = SimulationOptions(period_s=120.0, tracks=True)
    trips = wandering_trips(grid_graph, 150, end_s=600.0)
    return replay(grid_graph, trips, tmp_path_factory.mktemp("grid-replay"), options=options)
