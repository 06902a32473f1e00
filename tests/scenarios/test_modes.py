from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.scenarios.demands import edit, grid_town, ids, many_trips, rows_of, trips_between
from trafficdiff.datatypes.demand_measures import ShiftMode, Weather
from trafficdiff.datatypes.vehicles import ALL_CLASSES, VehicleType, class_bit
from trafficdiff.errors import ScenarioError

GRAPH = grid_town()
TRIPS = many_trips(GRAPH, 300, types=("car", "car", "electric_car", "truck"))


@settings(max_examples=15, deadline=None)
@given(low=st.floats(0, 1), high=st.floats(0, 1))
def test_who_changes_at_a_smaller_share_changes_at_a_larger_one(low, high):
    low, high = sorted((low, high))
    fewer, more = (edit(ShiftMode(share=share, to="walk"), TRIPS) for share in (low, high))
    assert ids(more.trips) <= ids(fewer.trips)
    assert len(TRIPS) - fewer.effect.trips["removed"] == len(fewer.trips)


def test_only_the_chosen_vehicles_and_lengths_change():
    longest_m = 400.0
    made = edit(ShiftMode(share=1, to="bicycle", longest_m=longest_m), TRIPS)
    short = TRIPS.sum_over_route(GRAPH.length_m) <= longest_m
    names = np.array([kind.name for kind in TRIPS.vehicle_types])[TRIPS.vehicle_type]
    assert set(made.effect.trip_ids["to_bicycle"]) == set(TRIPS.trip_id[short & (names != "truck")])
    before = rows_of(TRIPS)
    assert all(before[name] == row for name, row in rows_of(made.trips).items())


def test_thirty_trips_that_change_share_a_bus_on_the_way_of_middle_length():
    pairs = [("00-10", "10-20")] * 3 + [("00-10", "20-30")] * 4 + [("00-10", "32-33")] * 3
    trips = trips_between(GRAPH, [*pairs, ("33-32", "33-32")], types=["car"] * 10 + ["truck"])
    made = edit(ShiftMode(share=1, to="bus", riders_per_bus=10), trips)
    (bus,) = [name for name in ids(made.trips) if name.startswith("bus.")]
    kind, _, depart_s, *_, route = rows_of(made.trips)[bus]
    assert kind == "bus"
    assert route == ("00-10", "10-20", "20-30")
    assert depart_s == pytest.approx(trips.depart_s[:10].mean(), abs=0.01)
    assert made.effect.trips == {"chosen": 10, "removed": 10, "added": 1}
    assert len(made.trips) == 2


def test_there_is_one_bus_for_every_started_load_of_riders():
    made = edit(ShiftMode(share=0.7, to="bus", riders_per_bus=7), TRIPS)
    assert made.effect.trips["added"] == -(-made.effect.trips["removed"] // 7)
    assert len(made.trips) == len(TRIPS) - made.effect.trips["removed"] + made.effect.trips["added"]


def test_riders_whom_no_bus_can_carry_keep_their_cars():
    graph = grid_town(allowed={name: ALL_CLASSES & ~class_bit("bus") for name in ("00-10", "33-32")})
    trips = trips_between(graph, [("00-10", "20-30"), ("33-32", "21-11"), ("00-01", "01-02")])
    made = edit(ShiftMode(share=1, to="bus", riders_per_bus=1), trips)
    assert ids(made.trips) == {"t0", "t1", "bus.t2"}
    with pytest.raises(ScenarioError, match="trips that are left"):
        edit(ShiftMode(share=1, to="walk"), trips)


def test_buses_that_join_in_rain_drive_as_in_rain():
    rainy = edit(Weather(condition="rain"), TRIPS).trips
    made = edit(ShiftMode(share=0.5, to="bus"), rainy).trips
    bus = next(kind for kind in made.vehicle_types if kind.name == "bus")
    assert float(bus.attributes["speedFactor"]) == 0.96


def test_a_share_of_nobody_changes_nothing():
    for to in ("walk", "bus"):
        assert edit(ShiftMode(share=0, to=to), TRIPS).trips is TRIPS


def test_a_choice_without_trips_is_refused():
    with pytest.raises(ScenarioError, match="only longer ones"):
        edit(ShiftMode(share=0.5, longest_m=50), TRIPS)
    with pytest.raises(ScenarioError, match="got none of"):
        edit(ShiftMode(share=0.5, from_types=("bus",)), TRIPS)


def test_types_of_imported_trips_count_by_their_class():
    names = ("wagon", "hatchback", "tesla", "lorry")
    kinds = (
        VehicleType("wagon"),
        VehicleType("hatchback"),
        VehicleType("tesla", attributes={"emissionClass": "MMPEVEM"}),
        VehicleType("lorry", "trailer"),
    )
    place = np.arange(len(TRIPS), dtype=np.int32) % len(names)
    trips = replace(many_trips(GRAPH, 300), vehicle_type=place, vehicle_types=kinds)
    made = edit(ShiftMode(share=1, to="walk"), trips)
    assert {kind.name for kind in made.trips.vehicle_types if kind.vehicle_class == "trailer"} == {"lorry"}
    assert set(made.effect.trip_ids["to_walk"]) == set(trips.trip_id[place != 3])
