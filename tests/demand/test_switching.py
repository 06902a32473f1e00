import numpy as np
import pytest

from tests.demand.test_rerouting import road_with_bypass, through, trips_on
from trafficdiff.datatypes.selection import take_trips
from trafficdiff.demand.link_times import free_flow_times, link_times
from trafficdiff.demand.switching import regret, switch

AROUND = ["A-B", "B-N", "N-C", "C-D"]


def test_the_gap_is_what_all_could_save_over_what_they_take():
    town = road_with_bypass()  # 40 + 40 + 40 s; the bypass takes 2 x 36.06 s instead of 40 s
    trips = trips_on(town, through(), AROUND)
    found = regret(trips, free_flow_times(town))
    around_s = 80 + 2 * np.hypot(200, 300) / 10
    assert found.taken_s.tolist() == pytest.approx([120.0, around_s])
    assert found.best_s.tolist() == pytest.approx([120.0, 120.0])
    assert found.gap == pytest.approx((around_s - 120) / (120 + around_s))


def test_where_nobody_can_save_the_gap_is_zero_and_nobody_switches(generator):
    town = road_with_bypass()
    trips = trips_on(town, *[through()] * 20)
    found = regret(trips, free_flow_times(town))
    assert found.gap == 0
    assert switch(trips, found, day=1, generator=generator).edges.tolist() == trips.edges.tolist()


def switched(trips, town, *, day, seed=3, factor=1.0):
    """Which trips leave the bypass, whose edges take `factor` times as long as they would."""
    times_s = town.free_flow_time_s.copy()
    times_s[[town.edge_index[name] for name in ("B-N", "N-C")]] *= factor
    found = regret(trips, link_times(town, times_s))
    return switch(trips, found, day=day, generator=np.random.default_rng(seed)).route_lengths == 3


def test_who_could_save_a_quarter_switches_for_sure_on_the_first_day():
    town = road_with_bypass()
    trips = trips_on(town, *[AROUND] * 50)
    assert switched(trips, town, day=1, factor=2.0).all()


def test_the_chance_falls_with_the_root_of_the_days_and_with_the_gain():
    town = road_with_bypass()
    trips = trips_on(town, *[AROUND] * 3_000)
    around_s = 80 + 2 * np.hypot(200, 300) / 10
    for day in (2, 8):
        chance = 4 * (around_s - 120) / around_s / np.sqrt(day)
        assert switched(trips, town, day=day).mean() == pytest.approx(chance, abs=4 * np.sqrt(chance / 3_000))


def test_base_and_scenario_share_the_dice():
    town = road_with_bypass()
    trips = trips_on(town, *[AROUND] * 200)
    rows = np.arange(50, 200)
    assert switched(take_trips(trips, rows), town, day=4).tolist() == switched(trips, town, day=4)[rows].tolist()
