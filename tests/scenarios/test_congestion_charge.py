from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.scenarios.demands import box, edit, grid_town, ids, many_trips, rows_of, trips_between
from trafficdiff.datatypes.demand_measures import CongestionCharge
from trafficdiff.datatypes.edge_choice import Area
from trafficdiff.datatypes.part import Period
from trafficdiff.errors import ScenarioError

GRAPH = grid_town()
MIDDLE = Area(box=box(GRAPH, (90, 90), (210, 210)))
TRIPS = many_trips(GRAPH, 500, types=("car", "bus"))


def charge(price=1.0, **changes):
    return CongestionCharge(**({"cordon": MIDDLE, "price": price} | changes))


def payers(made):
    return set(TRIPS.trip_id) - set(made.effect.trip_ids["removed"]) - set(made.keeps_route)


@settings(max_examples=25, deadline=None)
@given(low=st.floats(0.001, 5), high=st.floats(0.001, 5))
def test_a_higher_price_never_has_more_payers_and_never_brings_a_trip_back(low, high):
    low, high = sorted((low, high))
    cheap, dear = edit(charge(low), TRIPS), edit(charge(high), TRIPS)
    assert payers(dear) <= payers(cheap)
    assert set(cheap.effect.trip_ids["removed"]) <= set(dear.effect.trip_ids["removed"])


def test_the_charged_pay_drive_round_or_give_up_and_the_rest_is_untouched():
    made = edit(charge(0.1), TRIPS)
    counts = made.effect.trips
    assert counts["charged"] == counts["paid"] + counts["rerouted"] + counts["removed"]
    assert min(counts["paid"], counts["rerouted"], counts["removed"]) > 0
    assert made.effect.declared["price"].source == "given in the scenario"
    assert "Lee 2000" in made.effect.declared["elasticity"].source
    assert made.effect.amounts["revenue_money"] == pytest.approx(0.1 * counts["paid"])
    before, after = rows_of(TRIPS), rows_of(made.trips)
    assert len(before) - counts["removed"] == len(after)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == set(made.keeps_route)
    assert all(row[0] == "bus" or name not in changed for name, row in before.items() if row[0] == "bus")


def test_the_detour_is_taken_exactly_where_it_is_cheaper_than_paying():
    trips = trips_between(GRAPH, [("01-11", "21-31")])
    # Three edges of 100 m at 10 m/s before, five on the way round: 20 s and 200 m more.
    extra = 20 / 3_600 * 12 + 0.2 * 0.2
    for price, rerouted in ((extra * 0.999, 0), (extra * 1.001, 1)):
        counts = edit(charge(price, elasticity=0.0), trips).effect.trips
        assert (counts["rerouted"], counts["paid"]) == (rerouted, 1 - rerouted)


def test_trips_are_given_up_by_the_elasticity_of_their_whole_cost():
    pairs = [("01-11", "11-21")] * 3_000  # ends inside: no way round
    trips = trips_between(GRAPH, pairs)
    cost = 20 / 3_600 * 12 + 0.2 * 0.2
    made = edit(charge(cost, elasticity=-0.5), trips)  # doubles what the trip costs
    assert made.effect.trips["paid"] / 3_000 == pytest.approx(2**-0.5, abs=0.03)
    assert made.effect.trips["rerouted"] == 0
    assert edit(charge(cost, elasticity=0.0), trips).effect.trips["removed"] == 0


def test_who_can_drive_round_gives_up_by_what_the_way_round_costs_however_dear_the_charge():
    trips = trips_between(GRAPH, [("01-11", "21-31")] * 3_000)
    before = 30 / 3_600 * 12 + 0.3 * 0.2
    made = edit(charge(1_000.0, elasticity=-0.5), trips)
    staying = ((before + 20 / 3_600 * 12 + 0.2 * 0.2) / before) ** -0.5
    assert made.effect.trips["rerouted"] / 3_000 == pytest.approx(staying, abs=0.03)
    assert made.effect.trips["paid"] == 0


def test_who_begins_inside_and_does_not_come_back_is_not_charged():
    trips = trips_between(GRAPH, [("11-21", "21-31"), ("11-21", "21-22"), ("01-11", "11-21")])
    made = edit(charge(), trips)
    assert made.effect.trips["charged"] == 1


def test_the_charge_holds_in_its_hours_at_the_cordon():
    trips = trips_between(GRAPH, [("01-11", "11-21")] * 3, depart_s=[25_985, 25_995, 26_995])
    made = edit(charge(during=Period(begin_s=26_000, end_s=27_000)), trips)
    assert made.effect.trips["charged"] == 1


def test_a_trip_decides_the_same_whoever_else_travels():
    from trafficdiff.datatypes.selection import take_trips

    half = take_trips(TRIPS, np.arange(0, 500, 2))
    all_of_them, some = edit(charge(0.3), TRIPS), edit(charge(0.3), half)
    assert set(some.effect.trip_ids["removed"]) == set(all_of_them.effect.trip_ids["removed"]) & ids(half)


def test_a_cordon_that_nobody_who_pays_enters_is_refused():
    trips = trips_between(GRAPH, [("00-10", "10-20"), ("01-11", "11-21")], types=["car", "bus"])
    with pytest.raises(ScenarioError, match="got none of 2"):
        edit(charge(), trips)
