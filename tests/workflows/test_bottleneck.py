"""Doubling the demand on a bottleneck costs what a queue by hand says.

::

    two lanes, 1 km ──▶ one lane, 500 m        mu: what the one lane lets through, measured in a jam
    demand 0.75 mu: nobody waits               demand 1.5 mu over T: the queue grows by 0.5 mu and clears at 1.5 T

Cumulative arrivals and departures of the deterministic queue D/D/1 (Newell 1982, Applications of Queueing Theory,
chapter 2) enclose half a base of 1.5 T times a height of 0.5 mu T: the delay of all vehicles.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.towns import _georeferenced
from trafficdiff.datatypes.scenario import SimulationOptions, Window
from trafficdiff.datatypes.trips import TripSet
from trafficdiff.metrics.intervals import resamples
from trafficdiff.metrics.kpi_changes import kpi_changes
from trafficdiff.metrics.run_metrics import summary
from trafficdiff.roads.netfile import read_net
from trafficdiff.simulation.run import simulate

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.result import SimulationResult

pytestmark = pytest.mark.sumo

LASTS_S = 1_200.0
SAMPLES = 5


def lane_drop(folder: Path) -> RoadGraph:
    nodes = "".join(f'<node id="{name}" x="{x}" y="0"/>' for name, x in (("A", 0), ("B", 1_000), ("C", 1_500)))
    (folder / "drop.nod.xml").write_text(f"<nodes>{nodes}</nodes>")
    (folder / "drop.edg.xml").write_text(
        '<edges><edge id="wide" from="A" to="B" numLanes="2" speed="13.89"/>'
        '<edge id="narrow" from="B" to="C" numLanes="1" speed="13.89"/></edges>'
    )
    command = ["netconvert", "-n", folder / "drop.nod.xml", "-e", folder / "drop.edg.xml"]
    return read_net(_georeferenced(folder / "drop.net.xml", command))


def replayed(graph: RoadGraph, folder: Path, *, per_hour: float, seed: int) -> SimulationResult:
    """Simulate cars at equal distances in time, all along the whole road."""
    count = round(per_hour * LASTS_S / 3_600)
    route = np.array([graph.edge_index["wide"], graph.edge_index["narrow"]], np.int32)
    trips = TripSet(
        graph=graph,
        trip_id=np.array([f"car{place}" for place in range(count)], object),
        depart_s=np.arange(count) * LASTS_S / count,
        window_s=(0.0, LASTS_S),
        offsets=2 * np.arange(count + 1, dtype=np.int64),
        edges=np.tile(route, count),
    )
    folder.mkdir()
    return simulate(
        graph,
        trips,
        options=SimulationOptions(period_s=60, emissions=False, time_to_teleport_s=-1),
        window=Window(begin_s=0, end_s=LASTS_S, clear_s=3_600),
        seed=seed,
        directory=folder,
    )


def capacity_per_hour(graph: RoadGraph, folder: Path) -> float:
    """Return what leaves the bottleneck while the queue before it stands."""
    data = replayed(graph, folder, per_hour=3_000, seed=1).data
    jammed = data["left"].sel(edge="wide", time=slice(300, LASTS_S - 60))
    return float(jammed.mean()) * 60


@pytest.mark.slow
def test_doubling_the_demand_costs_the_delay_of_the_queue_by_hand(tmp_path: Path) -> None:
    graph = lane_drop(tmp_path)
    capacity = capacity_per_hour(graph, tmp_path / "jam")
    assert 1_200 < capacity < 2_200  # one lane
    numbers = {}
    for name, share in (("base", 0.75), ("doubled", 1.5)):
        results = [
            replayed(graph, tmp_path / f"{name}{seed}", per_hour=share * capacity, seed=seed)
            for seed in range(1, SAMPLES + 1)
        ]
        data = [summary(result).data for result in results]
        numbers[name] = np.array([float(run["mean_trip_time"]) + float(run["mean_depart_delay"]) for run in data])
    dice = resamples(SAMPLES, generator=np.random.default_rng(1))
    found = kpi_changes(
        {"mean_trip_time": numbers["base"]}, {"mean_trip_time": numbers["doubled"]}, confidence=0.95, dice=dice
    ).iloc[0]
    vehicles = 1.5 * capacity * LASTS_S / 3_600
    of_all_s = 0.5 * (1.5 * LASTS_S) * (0.5 * capacity * LASTS_S / 3_600)
    assert found["difference"] == pytest.approx(of_all_s / vehicles, rel=0.1)
    assert found["distinguishable"]
