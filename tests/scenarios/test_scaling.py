from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.scenarios.demands import WINDOW_S, edit, grid_town, ids, many_trips, rows_of
from trafficdiff.datatypes.demand_measures import ScaleDemand
from trafficdiff.datatypes.edge_choice import EdgeChoice
from trafficdiff.datatypes.part import Period
from trafficdiff.errors import ScenarioError
from trafficdiff.scenarios.scaling import JITTER_S
from trafficdiff.scenarios.trip_choice import destinations, origins

GRAPH = grid_town()
TRIPS = many_trips(GRAPH, 400)


def scaled(factor, **choice):
    return edit(ScaleDemand(factor=factor, **choice), TRIPS)


@settings(max_examples=25, deadline=None)
@given(factor=st.floats(0.02, 4))
def test_before_and_added_less_removed_is_after_and_the_rest_is_untouched(factor):
    made = scaled(factor)
    assert len(TRIPS) + made.effect.trips["added"] - made.effect.trips["removed"] == len(made.trips)
    before, after = rows_of(TRIPS), rows_of(made.trips)
    kept = set(before) & set(after)
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert set(before) - kept == set(made.effect.trip_ids.get("removed", ()))
    assert abs(len(made.trips) / len(TRIPS) - factor) < 0.12


@settings(max_examples=15, deadline=None)
@given(low=st.floats(0.02, 3), high=st.floats(0.02, 3))
def test_trips_of_a_smaller_factor_are_among_those_of_a_larger_one(low, high):
    low, high = sorted((low, high))
    assert ids(scaled(low).trips) <= ids(scaled(high).trips)


def test_a_factor_of_one_changes_nothing():
    assert scaled(1).trips is TRIPS


def test_doubling_copies_every_trip_once_near_its_departure():
    made = scaled(2)
    before, after = rows_of(TRIPS), rows_of(made.trips)
    for name, (kind, attributes, depart_s, *rest) in before.items():
        copy = after[f"{name}.copy1"]
        assert (copy[0], copy[1], *copy[3:]) == (kind, attributes, *rest)
        assert abs(copy[2] - depart_s) <= JITTER_S
    assert len(after) == 2 * len(before)
    shift = [after[f"{name}.copy1"][2] - row[2] for name, row in before.items()]
    assert np.std(shift) > JITTER_S / 2  # sqrt(1/3) of it for an even spread


def test_only_what_is_chosen_is_scaled():
    edges = tuple(GRAPH.edge_id[: GRAPH.edge_count // 2])
    half = set(range(GRAPH.edge_count // 2))
    period = Period(begin_s=26_000, end_s=27_000)
    made = scaled(0, origin=EdgeChoice(edges=edges), during=period)
    began = np.isin(origins(TRIPS), list(half)) & (TRIPS.depart_s >= 26_000) & (TRIPS.depart_s < 27_000)
    assert set(made.effect.trip_ids["removed"]) == set(TRIPS.trip_id[began])
    made = scaled(0, destination=EdgeChoice(edges=edges))
    assert set(made.effect.trip_ids["removed"]) == set(TRIPS.trip_id[np.isin(destinations(TRIPS), list(half))])


def test_copies_stay_in_the_measures_own_period():
    made = scaled(3, during=Period(begin_s=26_000, end_s=26_100))
    copies = np.array([".copy" in name for name in made.trips.trip_id])
    departures = made.trips.depart_s[copies]
    assert len(departures) == made.effect.trips["added"] > 0
    assert departures.min() >= 26_000
    assert departures.max() < 26_100
    assert scaled(2).trips.depart_s.max() < WINDOW_S[1]


def test_scaling_twice_gives_every_copy_an_id_of_its_own():
    twice = edit(ScaleDemand(factor=2), scaled(2).trips)
    assert len(ids(twice.trips)) == 4 * len(TRIPS)


def test_other_measures_do_not_shift_who_goes():
    fewer = edit(ScaleDemand(factor=0.5, during=Period(begin_s=25_200, end_s=27_000)), TRIPS, seed=9).trips
    alone, after = scaled(0.6), edit(ScaleDemand(factor=0.6), fewer)
    assert set(after.effect.trip_ids["removed"]) == set(alone.effect.trip_ids["removed"]) & ids(fewer)


def test_charging_stops_go_with_their_trips_and_copies():

    stops = pd.DataFrame({"trip": [3, 7], "edge": [0, 1], "station": ["a", "b"], "duration_s": 60.0, "energy_kwh": 5.0})
    trips = replace(TRIPS, charging_stops=stops)
    made = edit(ScaleDemand(factor=2), trips).trips
    assert sorted(made.trip_id[made.charging_stops["trip"]]) == ["t3", "t3.copy1", "t7", "t7.copy1"]
    by_trip = dict(zip(made.trip_id[made.charging_stops["trip"]], made.charging_stops["station"], strict=True))
    assert by_trip["t3.copy1"] == "a"


def test_a_choice_without_trips_is_refused_with_all_its_faults():
    with pytest.raises(ScenarioError, match="got none of 400"):
        scaled(0.5, vehicle_types=("truck",))
    with pytest.raises(ScenarioError, match=r"(?s)2 faults.*'x'.*'y'"):
        scaled(0.5, origin=EdgeChoice(edges=("x",)), destination=EdgeChoice(edges=("y",)))


def test_taking_every_trip_away_is_refused():
    with pytest.raises(ScenarioError, match="trips that are left"):
        scaled(0)
