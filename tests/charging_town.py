"""The grid on which charging is measured: 8 x 8 crossings with signals, 200 EVs, 3 stations of 4 plugs of 50 kW."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tests.simulation.conftest import wandering_trips
from tests.towns import write_grid_net
from trafficdiff.datatypes.charging_matching import match_stations
from trafficdiff.datatypes.charging_options import ChargingOptions
from trafficdiff.datatypes.stations import ChargingStation, Plugs
from trafficdiff.datatypes.vehicles import VEHICLE_TYPES
from trafficdiff.roads.netfile import read_net

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.trips import TripSet

EVENING = ChargingOptions(low_charge=0.4, low_charge_spread=1e-4, patience_s=36_000.0)
"""Who leaves below 40 % wants to charge, and waits for ten hours if need be."""


def charging_grid(directory: Path, *, side: int = 8, length_m: float = 150.0) -> RoadGraph:
    return read_net(write_grid_net(directory, side=side, length_m=length_m), name="grid")


def low_trips(graph: RoadGraph, *, count: int = 200, low: int = 170, seed: int = 3, end_s: float = 3_600.0) -> TripSet:
    """Return trips of EVs of which `low` leave below 40 % charge."""
    trips = wandering_trips(graph, count, end_s=end_s, seed=seed, vehicle_type=VEHICLE_TYPES["electric_car"])
    generator = np.random.default_rng(seed)
    charge = np.where(np.arange(count) < low, generator.uniform(0.1, 0.4, count), generator.uniform(0.5, 0.9, count))
    battery = generator.choice([40.0, 58.0, 77.0], count, p=[0.3, 0.4, 0.3])
    return replace(trips, state_of_charge=generator.permutation(charge), battery_kwh=battery)


def grid_stations(
    graph: RoadGraph, edges: tuple[str, ...] = ("B2C2", "F6F5", "C5C6"), **changes: object
) -> tuple[ChargingStation, ...]:
    """Return stations of 4 plugs of 50 kW at the named edges, with room for all who wait."""
    base = {"plugs": (Plugs(count=4, power_kw=50.0),), "bays": 100, "price_per_kwh": 0.5}
    return match_stations(
        [ChargingStation(id=f"s{n}", edge=edge, **(base | changes)) for n, edge in enumerate(edges)], graph
    )
