from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.scenarios.demands import box, edit, grid_town, ids, many_trips, rows_of, trips_between
from trafficdiff.datatypes.demand_measures import LowEmissionZone
from trafficdiff.datatypes.edge_choice import Area
from trafficdiff.datatypes.part import Period
from trafficdiff.errors import ScenarioError

GRAPH = grid_town()
MIDDLE = Area(box=box(GRAPH, (90, 90), (210, 210)))  # the four streets around the block in the middle
TRIPS = many_trips(GRAPH, 400, types=("car", "truck", "bus"))
ZONE = np.isin(GRAPH.edge_id, [f"{a}-{b}" for a in ("11", "12", "21", "22") for b in ("11", "12", "21", "22")])


def zone(**changes):
    return LowEmissionZone(**({"zone": MIDDLE, "barred_share": 1.0, "replaced_share": 0.0} | changes))


def uses_zone(trips):
    return np.maximum.reduceat(ZONE[trips.edges], trips.offsets[:-1])


def test_the_zone_of_the_tests_is_the_block_in_the_middle():
    from trafficdiff.scenarios.edges import choose

    assert choose(GRAPH, MIDDLE).tolist() == ZONE.tolist()
    assert ZONE.sum() == 8


def test_nobody_barred_uses_the_zone_and_everybody_else_is_untouched():
    made = edit(zone(), TRIPS)
    names = np.array([kind.name for kind in made.trips.vehicle_types])[made.trips.vehicle_type]
    assert not uses_zone(made.trips)[names != "bus"].any()
    before, after = rows_of(TRIPS), rows_of(made.trips)
    touched = set(TRIPS.trip_id[uses_zone(TRIPS)])
    assert {name: row for name, row in after.items() if name not in touched} == {
        name: row for name, row in before.items() if name not in touched
    }
    counts = made.effect.trips
    assert counts["met"] == counts["barred"] == counts["rerouted"] + counts["replaced"] + counts["removed"]
    assert len(TRIPS) - counts["removed"] == len(made.trips)
    assert set(made.effect.trip_ids["removed"]) == set(before) - set(after)


def test_through_traffic_drives_the_shortest_way_round():
    trips = trips_between(GRAPH, [("01-11", "21-31"), ("11-21", "21-31")])
    assert uses_zone(trips).all()
    made = edit(zone(replaced_share=1.0), trips)
    row = rows_of(made.trips)["t0"]
    assert len(row[-1]) == 5  # the straight way has three edges
    assert made.keeps_route == ("t0",)
    assert rows_of(made.trips)["t1"] == rows_of(trips)["t1"]  # begins inside: changed its vehicle
    assert made.effect.trips["replaced"] == 1


def test_who_has_no_way_round_changes_or_gives_up():
    everything = Area(box=box(GRAPH, (-10, 90), (310, 210)))  # a belt from rim to rim
    trips = trips_between(GRAPH, [("10-11", "21-20"), ("00-01", "02-03"), ("00-10", "10-20")])
    made = edit(zone(zone=everything), trips)
    assert made.effect.trips["without_a_way_round"] + made.effect.trips["rerouted"] >= 1
    assert "t2" in ids(made.trips)


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(low=st.floats(0, 1), high=st.floats(0, 1))
def test_a_larger_barred_share_bars_all_whom_a_smaller_one_does(low, high):
    low, high = sorted((low, high))
    fewer, more = (edit(zone(barred_share=share), TRIPS) for share in (low, high))
    assert set(fewer.keeps_route) <= set(more.keeps_route)
    assert ids(more.trips) <= ids(fewer.trips)


def test_a_barred_share_of_nobody_changes_nothing():
    assert edit(zone(barred_share=0.0), TRIPS).trips is TRIPS


def test_only_who_reaches_the_zone_in_its_hours_is_barred():
    trips = trips_between(GRAPH, [("01-11", "21-31")] * 3, depart_s=[25_985, 25_995, 26_995])
    made = edit(zone(during=Period(begin_s=26_000, end_s=27_000)), trips)
    # The zone begins 100 m, 10 s at free flow, behind the start.
    assert set(made.keeps_route) == {"t1"}
    assert made.effect.trips["met"] == 1


def test_a_zone_that_no_barred_vehicle_touches_is_refused():
    trips = trips_between(GRAPH, [("00-10", "10-20")])
    with pytest.raises(ScenarioError, match="got none of 1"):
        edit(zone(), trips)
    with pytest.raises(ScenarioError, match="expected a choice"):
        edit(zone(zone=Area(box=(0, 0, 1, 1))), trips)
