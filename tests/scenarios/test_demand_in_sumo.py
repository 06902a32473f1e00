"""What declared numbers do in the real simulation: cars that leave a queue at a signal, a car at a charging site."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from tests.scenarios.demands import edit
from trafficdiff.datatypes.control import Control
from trafficdiff.datatypes.demand_measures import AutomatedShare, ChargingPowerCap, ChargingSite, ElectricShare, Weather
from trafficdiff.datatypes.scenario import SimulationOptions, Window
from trafficdiff.datatypes.selection import take_trips
from trafficdiff.datatypes.trips import TripSet
from trafficdiff.roads.netfile import read_net
from trafficdiff.scenarios.weather_factors import PUBLISHED
from trafficdiff.simulation.run import simulate

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.result import SimulationResult

pytestmark = pytest.mark.sumo

END_S = 1_200.0
BEGIN_S = 300.0


@pytest.fixture(scope="module")
def roads(cross_net: Path) -> RoadGraph:
    return read_net(cross_net)


@pytest.fixture(scope="module")
def trips(roads: RoadGraph) -> TripSet:
    """More cars from west to east than the signal lets through."""
    count = 500
    ways = [roads.edge_index[name] for name in ("WC", "CE")]
    return TripSet(
        graph=roads,
        trip_id=np.array([f"t{number}" for number in range(count)], object),
        depart_s=np.arange(count) * END_S / count,
        window_s=(0.0, END_S),
        offsets=np.arange(count + 1, dtype=np.int64) * 2,
        edges=np.tile(np.array(ways, np.int32), count),
    )


def simulated(trips: TripSet, folder: Path, *, control: Control | None = None) -> SimulationResult:
    options = SimulationOptions(emissions=False, time_to_teleport_s=-1)
    window = Window(begin_s=0, end_s=END_S, clear_s=0)
    return simulate(trips.graph, trips, options=options, window=window, seed=1, directory=folder, control=control)


def flow_per_h(trips: TripSet, folder: Path) -> float:
    """Return how many cars an hour come out of the queue."""
    arrived_s = simulated(trips, folder).trips["arrival_s"].to_numpy()
    return float((arrived_s >= BEGIN_S).sum()) / (END_S - BEGIN_S) * 3_600


@pytest.fixture(scope="module")
def dry_flow_per_h(trips: TripSet, tmp_path_factory: pytest.TempPathFactory) -> float:
    return flow_per_h(trips, tmp_path_factory.mktemp("dry"))


@pytest.mark.parametrize("condition", ["rain", "heavy_snow", "fog"])
def test_capacity_falls_as_the_published_headway_says(condition, trips, dry_flow_per_h, tmp_path):
    measured = flow_per_h(edit(Weather(condition=condition), trips).trips, tmp_path) / dry_flow_per_h
    assert measured == pytest.approx(1 / PUBLISHED[condition].headway_factor.value, abs=0.05)
    assert measured < 0.97


def test_weather_that_changes_nothing_changes_nothing_in_the_simulation(trips, dry_flow_per_h, tmp_path):
    still = Weather(condition="rain", speed_factor=1, headway_factor=1, friction=1)
    assert flow_per_h(edit(still, trips).trips, tmp_path) == dry_flow_per_h


def test_automated_cars_with_a_longer_headway_take_capacity_away(trips, tmp_path):
    short, long = (
        flow_per_h(edit(AutomatedShare(share=1, headway_s=headway_s), trips).trips, tmp_path / str(headway_s))
        for headway_s in (1.0, 2.0)
    )
    # A car that follows takes headway + room / speed: 7 m at a speed between 3 and 14 m/s while the queue starts.
    bounds = [(1.0 + 7 / speed_ms) / (2.0 + 7 / speed_ms) for speed_ms in (14, 3)]
    assert bounds[0] < long / short < bounds[1]


def test_friction_in_the_net_alone_slows_nobody(trips, roads, dry_flow_per_h, tmp_path):
    icy = tmp_path / "icy.net.xml"
    icy.write_text(roads.net_path.read_text().replace(' speed="13.89"', ' speed="13.89" friction="0.2"'))
    assert icy.read_text().count("friction=") > 8
    assert flow_per_h(replace(trips, graph=read_net(icy)), tmp_path) == dry_flow_per_h


def test_a_site_charges_with_its_power_and_not_above_its_cap(trips, tmp_path):
    trips = edit(ElectricShare(share=1), take_trips(trips, np.arange(1))).trips
    stop = {"trip": [0], "edge": [trips.edges[1]], "station": ["a"], "duration_s": [600.0], "energy_kwh": [5.0]}
    trips = replace(trips, charging_stops=pd.DataFrame(stop), state_of_charge=np.array([0.2]))
    site = edit(ChargingSite(id="a", at="CE", plugs=2, power_kw=30), trips).control
    capped = site.joined(edit(ChargingPowerCap(power_kw=12), trips, control=site).control)
    for control, power_kw in ((site, 30.0), (capped, 12.0)):
        folder = tmp_path / str(power_kw)
        asked = Control(options=(("chargingstations-output", "charging.xml"),))
        simulated(trips, folder, control=control.joined(asked))
        (station,) = pd.read_xml(folder / "charging.xml", xpath="//chargingStation").to_dict("records")
        assert station["totalEnergyCharged"] / 1_000 == pytest.approx(power_kw * 600 / 3_600, rel=0.02)
