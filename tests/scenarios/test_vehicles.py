from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.scenarios.demands import edit, grid_town, many_trips, rows_of
from trafficdiff.datatypes.batteries import BATTERY_KWH, batteries_at, charges_at
from trafficdiff.datatypes.demand_measures import AutomatedShare, ElectricShare, Weather
from trafficdiff.datatypes.vehicles import VEHICLE_TYPES
from trafficdiff.demand.fleet import assign_fleet
from trafficdiff.errors import ScenarioError
from trafficdiff.scenarios.trip_choice import cars, electric

GRAPH = grid_town()
TRIPS = many_trips(GRAPH, 500, types=("car", "car", "car", "electric_car", "truck"))


def electrics(trips):
    return set(trips.trip_id[electric(trips)])


def automated(trips):
    names = np.array([kind.name for kind in trips.vehicle_types])[trips.vehicle_type]
    return set(trips.trip_id[np.char.startswith(names, "automated_")])


@settings(max_examples=20, deadline=None)
@given(low=st.floats(0, 1), high=st.floats(0, 1))
def test_who_is_electric_at_a_lower_share_is_electric_at_a_higher_one_with_the_same_battery(low, high):
    low, high = sorted((low, high))
    fewer, more = (edit(ElectricShare(share=share), TRIPS).trips for share in (low, high))
    assert electrics(fewer) <= electrics(more)
    one, other = rows_of(fewer), rows_of(more)
    assert all(one[name] == other[name] for name in electrics(fewer))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.25, 0.6, 1.0])
def test_the_share_of_the_cars_is_met_and_nothing_else_changes(share):
    made = edit(ElectricShare(share=share), TRIPS)
    assert len(electrics(made.trips)) / cars(made.trips).sum() == pytest.approx(share, abs=0.06)
    assert made.effect.trips["electric"] == len(electrics(made.trips))
    before, after = rows_of(TRIPS), rows_of(made.trips)
    assert all((row[2], row[-1]) == (after[name][2], after[name][-1]) for name, row in before.items())
    assert all(after[name] == row for name, row in before.items() if row[0] == "truck")
    assert np.isfinite(made.trips.battery_kwh).tolist() == electric(made.trips).tolist()


def test_the_present_share_changes_nothing():
    assert edit(ElectricShare(share=0.25), TRIPS).trips is TRIPS


def test_electric_cars_are_those_of_the_package():
    made = edit(ElectricShare(share=1.0), TRIPS).trips
    assert {kind.name: kind for kind in made.vehicle_types} == {
        name: VEHICLE_TYPES[name] for name in ("electric_car", "truck")
    }
    made = edit(ElectricShare(share=0.0), TRIPS).trips
    assert {kind.name: kind for kind in made.vehicle_types} == {name: VEHICLE_TYPES[name] for name in ("car", "truck")}


def test_batteries_and_charges_are_those_of_the_fleet():
    generator = np.random.default_rng(4)
    fleet = assign_fleet(20_000, vehicle_mix={"car": 1.0}, electric_share=1.0, generator=generator)
    uniform = (np.arange(20_000) + 0.5) / 20_000
    assert np.quantile(fleet.state_of_charge, [0.1, 0.5, 0.9]) == pytest.approx(
        np.quantile(charges_at(uniform), [0.1, 0.5, 0.9]), abs=0.01
    )
    for size, share in BATTERY_KWH.items():
        assert (batteries_at(uniform) == size).mean() == pytest.approx(share, abs=1e-3)


@settings(max_examples=10, deadline=None)
@given(low=st.floats(0, 1), high=st.floats(0, 1))
def test_who_drives_itself_at_a_lower_share_does_at_a_higher_one(low, high):
    low, high = sorted((low, high))
    fewer, more = (edit(AutomatedShare(share=share), TRIPS).trips for share in (low, high))
    assert automated(fewer) <= automated(more)


def test_automated_cars_keep_their_engine_and_have_the_published_driving():
    made = edit(AutomatedShare(share=1.0, headway_s=0.9), TRIPS)
    types = {kind.name: kind for kind in made.trips.vehicle_types}
    assert set(types) == {"automated_car", "automated_electric_car", "truck"}
    kind = types["automated_electric_car"]
    assert kind.attributes["emissionClass"] == "MMPEVEM"
    assert kind.parameters == VEHICLE_TYPES["electric_car"].parameters
    assert (kind.attributes["carFollowModel"], kind.attributes["tau"], kind.attributes["accel"]) == (
        "IDM",
        "0.9",
        "1.4",
    )
    assert made.effect.declared["headway_s"].value == 0.9
    assert np.array_equal(np.isfinite(made.trips.battery_kwh), np.isfinite(TRIPS.battery_kwh))


def test_automation_and_electricity_go_together_in_any_order():
    one = edit(ElectricShare(share=0.5), edit(AutomatedShare(share=0.5), TRIPS).trips).trips
    other = edit(AutomatedShare(share=0.5), edit(ElectricShare(share=0.5), TRIPS).trips).trips
    assert electrics(one) == electrics(other)
    assert automated(one) == automated(other)
    assert rows_of(one) == rows_of(other)


def test_weather_and_automation_go_together_in_any_order():
    one = edit(Weather(condition="snow"), edit(AutomatedShare(share=0.5), TRIPS).trips).trips
    other = edit(AutomatedShare(share=0.5), edit(Weather(condition="snow"), TRIPS).trips).trips
    assert rows_of(one) == rows_of(other)


def test_two_generations_of_automated_cars_keep_their_own_headways():
    first = edit(AutomatedShare(share=0.3, headway_s=1.5), TRIPS).trips
    both = edit(AutomatedShare(share=0.6, headway_s=0.8), first, seed=2).trips
    taus = {kind.attributes.get("tau") for kind in both.vehicle_types}
    assert {"1.5", "0.8"} <= taus
    with pytest.raises(ScenarioError, match="drives itself already"):
        edit(AutomatedShare(share=0.2), first)


def test_trips_without_cars_are_refused():
    trucks = many_trips(GRAPH, 5, types=("truck",))
    for measure in (ElectricShare(share=0.5), AutomatedShare(share=0.5)):
        with pytest.raises(ScenarioError, match="expected cars"):
            edit(measure, trucks)
