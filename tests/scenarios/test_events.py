from __future__ import annotations

import re

import numpy as np
import pytest

from tests.scenarios.demands import WINDOW_S, edit, grid_town, ids, many_trips, rows_of, trips_between
from trafficdiff.datatypes.demand_measures import Event, ScaleDemand
from trafficdiff.datatypes.edge_choice import EdgeChoice
from trafficdiff.datatypes.part import Period
from trafficdiff.datatypes.vehicles import ALL_CLASSES, class_bit
from trafficdiff.errors import ScenarioError
from trafficdiff.scenarios.trip_choice import destinations, origins

GRAPH = grid_town()
TRIPS = many_trips(GRAPH, 300)
VENUE = EdgeChoice(edges=("22-32", "32-22"))
ARRIVE = Period(begin_s=26_000, end_s=27_800)
LEAVE = Period(begin_s=28_000, end_s=28_700)


def concert(**changes):
    return Event(
        **({"venue": VENUE, "attendance": 1_000, "car_share": 0.4, "arrive": ARRIVE, "leave": LEAVE} | changes)
    )


def cars_on(trips, way):
    rows = np.array([name.startswith("event.") and name.endswith(way) for name in trips.trip_id])
    order = np.argsort([int(name.split(".")[1]) for name in trips.trip_id[rows]])
    return np.flatnonzero(rows)[order]


def test_as_many_cars_arrive_as_asked_evenly_over_the_window_on_free_roads():
    trips = edit(concert(), TRIPS).trips
    rows = cars_on(trips, ".in")
    assert len(rows) == 200  # 1,000 x 0.4 / 2
    arrive_s = trips.depart_s[rows] + trips.sum_over_route(GRAPH.free_flow_time_s)[rows]
    counts, _ = np.histogram(arrive_s, bins=6, range=(26_000, 27_800))
    assert counts.sum() == pytest.approx(200, rel=0.01)
    assert counts.min() >= 31
    assert counts.max() <= 36
    assert set(GRAPH.edge_id[destinations(trips)[rows]]) == {"22-32", "32-22"}


def test_every_visitor_goes_home_where_it_came_from():
    trips = edit(concert(), TRIPS).trips
    there, back = cars_on(trips, ".in"), cars_on(trips, ".out")
    assert origins(trips)[there].tolist() == destinations(trips)[back].tolist()
    assert destinations(trips)[there].tolist() == origins(trips)[back].tolist()
    assert trips.depart_s[back].min() >= LEAVE.begin_s
    assert trips.depart_s[back].max() < LEAVE.end_s


def test_other_trips_stay_untouched():
    made = edit(concert(), TRIPS)
    before, after = rows_of(TRIPS), rows_of(made.trips)
    assert {name: after[name] for name in before} == before
    assert len(after) - len(before) == made.effect.trips["added"] == 400


def test_visitors_live_where_trips_begin():
    trips = edit(concert(attendance=20_000), TRIPS).trips
    homes = np.bincount(origins(trips)[cars_on(trips, ".in")], minlength=GRAPH.edge_count)
    began = np.bincount(origins(TRIPS), minlength=GRAPH.edge_count)
    assert not homes[began == 0].any()
    assert np.corrcoef(homes, began)[0, 1] > 0.5


def test_nobody_lives_on_the_road_of_the_venue():
    trips = trips_between(GRAPH, [("22-32", "32-31")] * 5 + [("00-10", "10-20")] * 5)
    made = edit(concert(venue=EdgeChoice(edges=("22-32",))), trips).trips
    homes = GRAPH.edge_id[origins(made)[cars_on(made, ".in")]]
    assert set(homes) == {"00-10"}


def test_a_smaller_events_cars_are_the_first_of_a_larger_one():
    small, large = (rows_of(edit(concert(attendance=number), TRIPS).trips) for number in (500, 1_500))
    assert set(small) < set(large)
    assert all(large[name] == row for name, row in small.items())


def test_trips_that_go_move_only_the_visitors_who_shared_their_origin():
    thinned = edit(ScaleDemand(factor=0.9), TRIPS).trips
    one, other = (rows_of(edit(concert(), trips).trips) for trips in (TRIPS, thinned))
    visitors = [name for name in one if name.startswith("event.") and name.endswith("in")]
    moved = sum(one[name][-1] != other[name][-1] for name in visitors)
    assert moved < 0.25 * len(visitors)


def test_a_point_means_the_roads_around_it_for_cars():
    graph = grid_town(allowed={"22-32": ALL_CLASSES & ~class_bit("passenger")})
    lon, lat = graph.to_lonlat(np.array([250.0, 205.0]))
    trips = trips_between(graph, [("00-10", "10-20"), ("01-11", "11-12"), ("03-13", "13-23")])
    made = edit(concert(venue=(float(lon), float(lat)), parking_within_m=0), trips)
    assert made.effect.edges == ("32-22",)
    made = edit(concert(venue=(float(lon), float(lat)), parking_within_m=60), trips)
    assert "22-32" not in made.effect.edges
    assert len(made.effect.edges) > 3


def test_windows_that_do_not_fit_are_refused_with_those_that_would():
    early = concert(arrive=Period(begin_s=WINDOW_S[0], end_s=26_000), leave=Period(begin_s=28_000, end_s=29_000))
    with pytest.raises(ScenarioError, match=r"(?s)2 faults.*let arrive begin \d+ s later.*expected leave inside"):
        edit(early, TRIPS)
    with pytest.raises(ScenarioError, match="let arrive end"):
        edit(concert(arrive=Period(begin_s=28_000, end_s=30_000), leave=None), TRIPS)


def test_an_arrival_moved_as_the_message_says_fits():
    with pytest.raises(ScenarioError) as caught:
        edit(concert(arrive=Period(begin_s=WINDOW_S[0], end_s=26_000)), TRIPS)
    later_s = float(re.search(r"begin (\d+) s later", str(caught.value))[1])
    edit(concert(arrive=Period(begin_s=WINDOW_S[0] + later_s, end_s=26_000 + later_s)), TRIPS)


def test_nobody_by_car_nowhere_to_park_and_nobodys_home_are_refused_together():
    trips = many_trips(GRAPH, 5, types=("truck",))
    with pytest.raises(ScenarioError, match=r"(?s)3 faults.*one car.*longitude, latitude.*car trips"):
        edit(concert(attendance=1, car_share=0.1, venue=(0.0, 0.0)), trips)


def test_without_a_time_to_leave_nobody_goes_home():
    made = edit(concert(leave=None), TRIPS)
    assert made.effect.trips == {"cars": 200, "added": 200}
    assert not [name for name in ids(made.trips) if name.endswith(".out")]


def test_two_events_have_cars_of_their_own():
    twice = edit(concert(), edit(concert(), TRIPS).trips, seed=2)
    assert len(ids(twice.trips)) == 300 + 800
