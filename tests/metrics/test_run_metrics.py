"""All metrics of a run in one dataset."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import xarray as xr

from tests.metrics.hand_town import hand_counts, hand_data, hand_result, hand_trips
from trafficdiff.datatypes.result import Metrics, SimulationResult
from trafficdiff.metrics import compute, summary
from trafficdiff.units import QUANTITIES

METRICS_BY_PLACE = [
    "flow", "density", "speed", "travel_time", "delay", "delay_per_vehicle", "control_delay", "level_of_service",
    "street_level_of_service", "queue_length",
]  # fmt: skip


def test_compute_gives_every_metric_in_its_own_shape() -> None:
    data = compute(hand_result()).data
    for name in METRICS_BY_PLACE:
        assert data[name].dims == ("time", "edge"), name
    for name in ("free_flow_time", "travel_time_index", "planning_time_index", "buffer_index"):
        assert data[name].dims == ("edge",), name
    for name in ("area_flow", "area_density", "area_speed"):
        assert data[name].dims == ("time",), name
    assert set(data.sizes) == {"time", "edge"}


def test_every_quantity_of_an_area_is_in_the_summary() -> None:
    numbers = summary(hand_result()).data
    recorded = {name for name, quantity in QUANTITIES.items() if quantity.dims == ()}
    not_recorded = {f"total_{name}" for name in ("nox_mass", "pmx_mass", "fuel_mass", "electricity_energy")}
    not_recorded |= {"relative_gap", "trips_rerouted", "trips_moved", "trips_removed", "trips_added"}  # of whole runs
    not_recorded |= {name for name in recorded if QUANTITIES[name].over == "road users with tracks"}
    not_recorded |= {name for name in recorded if "walk" in name}  # of people on foot
    not_recorded |= {name for name in recorded if "charg" in name or name in {"unmet_energy", "stranded_others"}}
    assert set(map(str, numbers.data_vars)) == recorded - not_recorded
    assert not numbers.sizes


def test_the_summary_of_the_hand_made_town() -> None:
    numbers = summary(hand_result()).data
    assert numbers["vehicle_kilometres"].item() == pytest.approx(39.0)
    assert numbers["completion_share"].item() == pytest.approx(4 / 6)
    assert numbers["max_queue_length"].item() == pytest.approx(30.0)
    assert numbers["max_waiting_to_enter"].item() == 3.0
    assert numbers["co2_per_kilometre"].item() == pytest.approx(6.75 / 39)


def test_compute_holds_the_summary() -> None:
    whole, numbers = compute(hand_result()).data, summary(hand_result()).data
    for name, number in numbers.data_vars.items():
        xr.testing.assert_identical(whole[name].variable, number.variable)


def test_every_variable_says_unit_meaning_and_how_it_stands_for_its_interval() -> None:
    data = compute(hand_result()).data
    for name, variable in data.data_vars.items():
        assert variable.attrs["units"] == QUANTITIES[str(name)].units
        assert variable.attrs["long_name"] == QUANTITIES[str(name)].long_name
    assert data["sampled_time"].attrs["cell_methods"] == "time: sum"
    assert data["speed"].attrs["cell_methods"] == "time: mean"
    assert "cell_methods" not in data["completion_share"].attrs
    assert data["level_of_service"].attrs["flag_meanings"] == "A B C D E F"
    assert data.attrs["Conventions"] == "CF-1.11"
    assert "not observed" in data.attrs["comment"]


def test_provenance_of_the_simulation_is_kept() -> None:
    result = dataclasses.replace(hand_result(), data=hand_data().assign_attrs(source="SUMO 1.28", seed=7))
    attributes = compute(result).data.attrs
    assert attributes["source"] == "SUMO 1.28"
    assert attributes["seed"] == 7


def test_a_run_without_emissions_has_no_emission_metrics() -> None:
    result = dataclasses.replace(hand_result(), data=hand_data().drop_vars("co2_mass"))
    data = compute(result).data
    assert "total_co2_mass" not in data
    assert "co2_per_kilometre" not in data


def test_a_run_in_which_nothing_happened_has_zeros_and_missing_means() -> None:
    quiet = hand_data()
    quiet = quiet.assign({name: quiet[name] * 0 for name in quiet.data_vars})
    counts = dataclasses.replace(hand_counts(), inserted=0, arrived=0, running=0, waiting=6, teleports=0)
    trips = hand_trips().assign(completed=False, duration_s=np.nan, depart_delay_s=np.nan)
    data = compute(SimulationResult(data=quiet, trips=trips, counts=counts)).data
    assert data["vehicle_kilometres"].item() == 0.0
    assert (data["flow"] == 0).all()
    assert data["speed"].isnull().all()
    assert data["level_of_service"].isnull().all()
    assert data["completion_share"].item() == 0.0
    assert data["waiting_to_enter"].item() == 6.0
    assert data["max_waiting_to_enter"].item() == 6.0
    assert np.isnan(data["mean_trip_time"].item())


def test_nothing_given_is_changed() -> None:
    result = hand_result()
    compute(result)
    xr.testing.assert_identical(result.data, hand_data())


def test_runs_can_be_stacked() -> None:
    runs = [compute(hand_result()).data for _ in range(2)]
    stacked = Metrics(data=xr.concat(runs, "sample", coords="minimal", compat="override"))
    assert stacked.data["speed"].dims == ("sample", "time", "edge")
    assert stacked.data["vehicle_kilometres"].dims == ("sample",)
