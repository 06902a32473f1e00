from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.scenarios.demands import grid_town, many_trips, rows_of, trips_between
from trafficdiff.datatypes.selection import with_routes
from trafficdiff.datatypes.vehicles import VEHICLE_TYPES, VehicleType
from trafficdiff.errors import ScenarioError
from trafficdiff.scenarios.trip_edits import added, copied, dropped, free_names, is_stopping, retyped
from trafficdiff.workflows.measure_routing import FastestRoutes

GRAPH = grid_town()
TRIPS = many_trips(GRAPH, 60, types=("car", "truck"))
STOPS = pd.DataFrame({"trip": [0, 5], "edge": [1, 2], "station": ["a", "b"], "duration_s": 60.0, "energy_kwh": 2.0})


@given(rows=st.lists(st.integers(0, 59), min_size=1, max_size=80), seed=st.integers(0, 99))
def test_two_sets_together_hold_the_trips_of_both(rows, seed):
    rows = np.array(rows, np.int64)
    depart_s = np.random.default_rng(seed).uniform(*TRIPS.window_s, len(rows))
    extra = copied(TRIPS, rows, trip_id=[f"c{number}" for number in range(len(rows))], depart_s=depart_s)
    both = added(TRIPS, extra)
    assert rows_of(both) == rows_of(TRIPS) | rows_of(extra)
    assert [rows_of(extra)[f"c{number}"][-1] for number in range(len(rows))] == [
        rows_of(TRIPS)[f"t{row}"][-1] for row in rows
    ]


def test_charging_stops_stay_with_their_trips():
    trips = replace(TRIPS, charging_stops=STOPS)
    extra = copied(trips, np.array([5]), trip_id=["c"], depart_s=np.array([25_300.0]))
    both = added(trips, extra)
    names = both.trip_id[both.charging_stops["trip"].to_numpy()]
    assert dict(zip(names, both.charging_stops["station"], strict=True)) == {"t0": "a", "t5": "b", "c": "b"}
    assert both.trip_id[is_stopping(both)].tolist() == names.tolist()
    assert added(TRIPS, extra).charging_stops["trip"].tolist() == [added(TRIPS, extra).trip_id.tolist().index("c")]


def test_one_name_for_two_types_is_refused():
    other = replace(TRIPS, vehicle_types=(VehicleType("car", attributes={"tau": "2"}), VEHICLE_TYPES["truck"]))
    with pytest.raises(ScenarioError, match="one description"):
        added(TRIPS, replace(other, trip_id=np.array([f"x{n}" for n in range(60)], object)))


def test_names_that_are_taken_get_a_number():
    assert free_names(["a", "a", "b"], {"a"}) == ["a.2", "a.3", "b"]


def test_only_the_given_places_change_their_type():
    made = retyped(TRIPS, np.array([0, 1]), change={"car": VEHICLE_TYPES["bus"]})
    names = np.array([kind.name for kind in made.vehicle_types])[made.vehicle_type]
    assert names[:4].tolist() == ["bus", "truck", "car", "truck"]
    assert retyped(TRIPS, np.zeros(0, int), change={}) is TRIPS


def test_new_routes_go_to_the_given_places():
    trips = trips_between(GRAPH, [("00-10", "10-20"), ("01-11", "11-21"), ("02-12", "12-22")])
    closed = np.isin(GRAPH.edge_id, ["11-21"])
    routes = FastestRoutes(GRAPH).best(
        *(np.array([GRAPH.edge_index[name]], np.int32) for name in ("01-11", "12-22")),
        np.array([1 << 5]),
        closed=closed,
    )
    made = rows_of(with_routes(trips, np.array([1]), offsets=routes.offsets, edges=routes.edges))
    assert made["t1"][-1] == ("01-11", "11-12", "12-22")
    assert {name: made[name] for name in ("t0", "t2")} == {name: rows_of(trips)[name] for name in ("t0", "t2")}


def test_dropping_nobody_returns_the_set_itself():
    assert dropped(TRIPS, np.zeros(60, bool)) is TRIPS
    assert len(dropped(TRIPS, np.arange(60) < 7)) == 53
