from __future__ import annotations

import typing

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.scenarios.demands import edit, grid_town, many_trips, rows_of
from trafficdiff.datatypes.demand_measures import Weather
from trafficdiff.datatypes.selection import take_trips
from trafficdiff.datatypes.vehicles import VehicleType
from trafficdiff.errors import ScenarioError
from trafficdiff.scenarios.vehicle_styles import DrivingFactors, driven, known_type
from trafficdiff.scenarios.weather_factors import PUBLISHED, stopping_speed_ms

GRAPH = grid_town()
TRIPS = many_trips(GRAPH, 40, types=("car", "electric_car", "truck"))
CONDITIONS = typing.get_args(Weather.model_fields["condition"].annotation)


def test_every_condition_has_published_numbers_with_their_sources():
    assert set(PUBLISHED) == set(CONDITIONS)
    for numbers in PUBLISHED.values():
        assert 0.5 < numbers.speed_factor.value <= 1 <= numbers.headway_factor.value < 2
        assert 0 < numbers.friction.value <= 1
        assert all(len(one.source) > 10 for one in vars(numbers).values() if one is not None)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_weather_changes_how_all_drive_and_nothing_else(condition):
    made = edit(Weather(condition=condition), TRIPS)
    before, after = rows_of(TRIPS), rows_of(made.trips)
    assert [(name, row[0], *row[2:]) for name, row in before.items()] == [
        (name, row[0], *row[2:]) for name, row in after.items()
    ]
    assert made.effect.trips == {"changed": 0 if condition == "dark" else len(TRIPS)}
    assert set(made.effect.declared) >= {"speed_factor", "headway_factor", "friction"}
    for kind in made.trips.vehicle_types:
        assert float(kind.attributes.get("speedFactor", 1)) == PUBLISHED[condition].speed_factor.value
        assert float(kind.attributes.get("tau", 1)) >= 1


def test_the_measures_own_numbers_stand_instead_of_the_published():
    made = edit(Weather(condition="rain", speed_factor=0.5, sight_m=100), TRIPS)
    assert made.effect.declared["speed_factor"].source == "given in the scenario"
    assert made.effect.declared["headway_factor"].source != "given in the scenario"
    assert made.trips.vehicle_types[0].attributes["speedFactor"] == "0.5"
    assert float(made.trips.vehicle_types[0].attributes["maxSpeed"]) == pytest.approx(stopping_speed_ms(100), abs=1e-3)


def test_factors_of_one_give_the_same_trips():
    made = edit(Weather(condition="rain", speed_factor=1, headway_factor=1, friction=1), TRIPS)
    assert made.trips.vehicle_types == TRIPS.vehicle_types
    assert not made.patch


@given(sight_m=st.floats(1, 5_000))
def test_one_can_stop_within_sight(sight_m):
    speed_ms = stopping_speed_ms(sight_m)
    assert 2.5 * speed_ms + speed_ms**2 / (2 * 3.4) == pytest.approx(sight_m)


@given(headway=st.floats(1, 3), speed=st.floats(0.5, 1), tau=st.floats(0.5, 3))
def test_the_time_between_vehicles_grows_by_the_headway_factor_at_fifty(headway, speed, tau):
    kind = driven(VehicleType("x", attributes={"tau": repr(tau)}), DrivingFactors(speed=speed, headway=headway))
    reference_ms = 50 / 3.6
    between_s = float(kind.attributes["tau"]) + 7.5 / (reference_ms * speed)
    expected_s = headway * (tau + 7.5 / reference_ms)
    assert between_s == pytest.approx(max(expected_s, tau + 7.5 / (reference_ms * speed)), abs=2e-4)


def test_friction_bounds_braking_by_class():
    icy = DrivingFactors(friction=0.5)  # 4.905 m/s2
    assert driven(VehicleType("x"), icy).attributes == {"decel": "4.5000", "emergencyDecel": "4.9050"}
    assert driven(VehicleType("x", "truck"), icy).attributes == {"decel": "4.0000", "emergencyDecel": "4.9050"}
    slick = driven(VehicleType("x", attributes={"decel": "3"}), DrivingFactors(friction=0.15))
    assert slick.attributes == {"decel": "1.4715", "emergencyDecel": "1.4715"}


def test_distributions_of_speed_factors_keep_their_shape():
    kind = VehicleType("x", attributes={"speedFactor": "normc(1.2,0.1,0.2,2)"})
    assert driven(kind, DrivingFactors(speed=0.5)).attributes["speedFactor"] == "normc(0.6,0.05,0.1,1)"


def test_the_net_gets_the_friction_of_a_wet_road_and_none_for_a_dry_one():
    assert edit(Weather(condition="heavy_snow"), TRIPS).patch.friction == dict.fromkeys(GRAPH.edge_id, 0.25)
    assert not edit(Weather(condition="dark"), TRIPS).patch


def test_two_weathers_act_one_after_the_other_and_on_who_comes_later():
    made = edit(Weather(condition="fog"), edit(Weather(condition="rain"), TRIPS).trips).trips
    bus = known_type(made, "bus")
    assert float(bus.attributes["speedFactor"]) == pytest.approx(0.96 * 0.96)
    assert made.provenance["weather"].count("speed") == 4  # speed and top_speed_ms of each


def test_weather_without_trips_is_refused():
    with pytest.raises(ScenarioError, match="got none"):
        edit(Weather(condition="rain"), take_trips(TRIPS, np.zeros(0, int)))
