"""A town with two ways round, and its replay with and without a measure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.simulation.conftest import trips_on
from trafficdiff.datatypes.lanes import read_lanes
from trafficdiff.datatypes.scenario import SimulationOptions, Window
from trafficdiff.simulation.run import simulate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from trafficdiff.datatypes.control import Control
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.lanes import Lanes
    from trafficdiff.datatypes.result import SimulationResult
    from trafficdiff.datatypes.trips import TripSet

PERIOD_S = 60.0


@pytest.fixture(scope="session")
def grid_lanes(grid_graph: RoadGraph) -> Lanes:
    """Lanes of the 4 x 4 grid."""
    return read_lanes(grid_graph)


@pytest.fixture
def drive(tmp_path: Path) -> Callable[..., SimulationResult]:
    """Return a function that simulates trips on roads under control."""

    def run(
        graph: RoadGraph,
        trips: TripSet,
        *,
        control: Control | None = None,
        name: str = "run",
        driven_by: str = "cli",
        **options: object,
    ) -> SimulationResult:
        chosen = SimulationOptions(period_s=PERIOD_S, emissions=False, control=driven_by, **options)
        window = Window(begin_s=trips.window_s[0], end_s=trips.window_s[1], clear_s=1200.0)
        return simulate(graph, trips, options=chosen, window=window, seed=5, directory=tmp_path / name, control=control)

    return run


def stream_of(graph: RoadGraph, routes: list[list[str]], *, every_s: float, end_s: float) -> TripSet:
    """Return trips that follow routes in turn, one every so often."""
    depart_s = np.arange(0.0, end_s, every_s)
    chosen = [routes[place % len(routes)] for place in range(len(depart_s))]
    return trips_on(graph, chosen, depart_s, end_s=end_s)


def flow(result: SimulationResult, edge: str, *, of: str = "entered") -> np.ndarray:
    """Return how many vehicles entered an edge in each period from the edge before it; departures are not counted."""
    return result.data[of].sel(edge=edge).to_numpy()
