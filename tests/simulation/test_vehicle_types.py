"""The vehicle types that travel with the package, as SUMO understands them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import towns
from tests.simulation.conftest import replay, wandering_trips
from trafficdiff.datatypes.scenario import SimulationOptions, Window
from trafficdiff.datatypes.vehicles import VEHICLE_TYPES, VehicleType
from trafficdiff.errors import SimulationError
from trafficdiff.roads.netfile import read_net
from trafficdiff.simulation.run import simulate

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph

pytestmark = pytest.mark.sumo


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> RoadGraph:
    """A grid with a signal every 300 m, which traffic crosses at 32 km/h: urban driving."""
    return read_net(towns.write_grid_net(tmp_path_factory.mktemp("town"), length_m=300))


def per_kilometre(graph: RoadGraph, directory: Path, kind: VehicleType) -> dict[str, float]:
    trips = wandering_trips(graph, 80, end_s=300, vehicle_type=kind)
    result = replay(graph, trips, directory, options=SimulationOptions()).result
    kilometres = result.trips["route_length_m"].sum() / 1000
    names = ("co2_mass", "nox_mass", "pmx_mass", "fuel_mass", "electricity_energy")
    return {name: float(result.data[name].sum()) / kilometres for name in names}


def test_an_electric_car_needs_150_to_200_watt_hours_a_kilometre_and_burns_nothing(
    town: RoadGraph, tmp_path: Path
) -> None:
    used = per_kilometre(town, tmp_path, VEHICLE_TYPES["electric_car"])
    assert 0.150 <= used["electricity_energy"] <= 0.200
    assert used["co2_mass"] == used["fuel_mass"] == used["nox_mass"] == 0


@pytest.mark.parametrize(
    ("name", "low_kg", "high_kg"),
    [("car", 0.12, 0.40), ("delivery_van", 0.2, 0.6), ("truck", 0.5, 2.0), ("bus", 0.6, 2.5)],
)
def test_combustion_engines_emit_what_their_class_does_in_town(
    town: RoadGraph, tmp_path: Path, name: str, low_kg: float, high_kg: float
) -> None:
    used = per_kilometre(town, tmp_path, VEHICLE_TYPES[name])
    assert low_kg <= used["co2_mass"] <= high_kg
    assert used["electricity_energy"] == 0
    assert 2.9 < used["co2_mass"] / used["fuel_mass"] < 3.3  # kg of CO2 from a kg of petrol or diesel


def test_an_emission_class_that_sumo_does_not_know_fails_with_its_name(town: RoadGraph, tmp_path: Path) -> None:
    kind = VehicleType("odd", "passenger", {"emissionClass": "HBEFA4/PC_steam"})
    trips = wandering_trips(town, 3, end_s=60, vehicle_type=kind)
    window = Window(begin_s=0, end_s=60, clear_s=60)
    with pytest.raises(SimulationError, match="PC_steam"):
        simulate(town, trips, options=SimulationOptions(), window=window, seed=1, directory=tmp_path)
