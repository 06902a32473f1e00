"""Drivers weigh detour, wait, price and power, stay within the reach of their charge, and pass by what they chose."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.simulation.conftest import trips_on
from tests.towns import make_town
from trafficdiff.datatypes.chance import Chance
from trafficdiff.datatypes.charging_curves import CURVE_LEVELS, curve_w
from trafficdiff.datatypes.charging_demand import ChargingWishes
from trafficdiff.datatypes.charging_options import ChargingOptions, StationChoice
from trafficdiff.datatypes.stations import ChargingStation, Plugs
from trafficdiff.datatypes.vehicles import VEHICLE_TYPES
from trafficdiff.demand.charging_access import nearest_station_m
from trafficdiff.demand.charging_choice import Offers, choose
from trafficdiff.demand.charging_stops import plan_stops
from trafficdiff.demand.charging_wishes import declared_wishes, with_batteries
from trafficdiff.errors import InputError, TripError

if TYPE_CHECKING:
    from trafficdiff.datatypes.charging_plan import ChargingPlan
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.trips import TripSet

SURE = ChargingOptions(choice=StationChoice(scatter=0.0))
CHANCE = Chance("test")


@pytest.fixture
def ladder() -> RoadGraph:
    """A road A ... F of 500 m pieces, and beside each inner node a loop road on which a station can stand.

    ::

        A ─▶ B ─▶ C ─▶ D ─▶ E        over Bn the way from B to C is 200 m longer, over Dn that from D to E 2,000 m
             └▶ Bn ─┘    └▶ Dn ─┘
    """
    nodes = {name: (500.0 * place, 0.0) for place, name in enumerate("ABCDE")}
    nodes |= {"Bn": (750.0, 245.0), "Dn": (1_750.0, 1_225.0)}
    return make_town(
        nodes,
        [
            ("A", "B"),
            ("B", "C"),
            ("C", "D"),
            ("D", "E"),
            ("B", "Bn"),
            ("Bn", "C"),
            ("D", "Dn"),
            ("Dn", "E"),
            ("E", "A"),
        ],
    )


def station(name: str, edge: str, **changes: object) -> ChargingStation:
    base = {"plugs": (Plugs(count=1, power_kw=50.0),), "position_m": 100.0}
    return ChargingStation(id=name, edge=edge, **(base | changes))


def evs(graph: RoadGraph, count: int = 1, *, charge: float = 0.2, gap_s: float = 60.0) -> TripSet:
    trips = trips_on(
        graph, [["A-B", "B-C", "C-D", "D-E"]] * count, [gap_s * place for place in range(count)],
        vehicle_type=VEHICLE_TYPES["electric_car"],
    )  # fmt: skip
    return replace(trips, state_of_charge=np.full(count, charge), battery_kwh=np.full(count, 58.0))


def all_want(trips: TripSet, *, patience_s: float = 1e6) -> ChargingWishes:
    count = len(trips)
    return ChargingWishes(
        trip=np.arange(count), target=np.full(count, 0.8), patience_s=np.full(count, patience_s),
        reserves=np.zeros(count, bool),
    )  # fmt: skip


def plan(
    trips: TripSet, stations: list[ChargingStation], options: ChargingOptions = SURE, **wish: float
) -> ChargingPlan:
    return plan_stops(trips, all_want(trips, **wish), stations, options=options, chance=CHANCE)


def names(found: ChargingPlan) -> list[str]:
    return [found.stations[place].id if place >= 0 else "" for place in found.chosen]


def test_the_shorter_detour_wins_and_the_route_passes_by(ladder: RoadGraph):
    found = plan(evs(ladder), [station("far", "D-Dn"), station("near", "B-Bn")])
    assert names(found) == ["near"]
    route = ladder.edge_id[found.trips.edges].tolist()
    assert route == ["A-B", "B-Bn", "Bn-C", "C-D", "D-E"]
    extra_m = 2 * np.hypot(250.0, 245.0) - 500.0
    assert found.detour_s[0] == pytest.approx(extra_m / 10.0)
    assert found.arrival_s[0] == pytest.approx(np.hypot(250.0, 245.0) / 10.0)


def test_a_price_outweighs_a_detour_only_if_it_is_worth_it(ladder: RoadGraph):
    near = station("near", "B-Bn", price_per_kwh=0.50)
    assert names(plan(evs(ladder), [station("far", "D-Dn", price_per_kwh=0.49), near])) == ["near"]
    assert names(plan(evs(ladder), [station("far", "D-Dn", price_per_kwh=0.30), near])) == ["far"]


def test_the_price_of_the_hour_counts(ladder: RoadGraph):
    dear = station("dear", "B-Bn", price_per_kwh=0.1, prices=((0.0, 3_600.0, 2.0),))
    assert names(plan(evs(ladder), [dear, station("far", "D-Dn", price_per_kwh=0.4)])) == ["far"]


def test_power_saves_time(ladder: RoadGraph):
    slow = station("slow", "B-Bn", plugs=(Plugs(count=1, power_kw=11.0, current="ac"),))
    assert names(plan(evs(ladder), [slow, station("fast", "D-Dn", plugs=(Plugs(count=1, power_kw=150.0),))])) == [
        "fast"
    ]


def test_who_comes_later_is_told_the_wait_and_goes_elsewhere(ladder: RoadGraph):
    found = plan(evs(ladder, 3), [station("near", "B-Bn"), station("far", "D-Dn")])
    assert names(found)[:2] == ["near", "far"]
    assert found.wait_s[0] == 0.0
    alone = plan(evs(ladder, 2), [station("near", "B-Bn")])
    first_ends_s = found.arrival_s[0] + 3600 * 58 * 0.6 / 47.5 * 1.02
    assert alone.wait_s[1] == pytest.approx(first_ends_s - alone.arrival_s[1], rel=0.05)


def test_nobody_plans_beyond_patience_or_charge_and_the_reason_is_said(ladder: RoadGraph):
    found = plan(evs(ladder, 2), [station("near", "B-Bn")], patience_s=60.0)
    assert names(found) == ["near", ""]
    assert "too long a wait" in found.reason[1]
    empty = plan(evs(ladder, charge=0.021), [station("far", "D-Dn")])
    assert names(empty) == [""]
    assert "charge does not last" in empty.reason[0]
    closed = plan(evs(ladder), [station("near", "B-Bn", opening=((40_000.0, 50_000.0),))])
    assert names(closed) == [""]


def test_chance_spreads_drivers_and_belongs_to_their_names(ladder: RoadGraph):
    trips = evs(ladder, 200, gap_s=1.0)
    stations = [
        station("a", "B-Bn", plugs=(Plugs(count=200, power_kw=50.0),)),
        station("b", "Bn-C", plugs=(Plugs(count=200, power_kw=50.0),)),
    ]
    options = ChargingOptions(choice=StationChoice(scatter=1.0))
    found = names(plan(trips, stations, options))
    share = found.count("a") / 200
    assert 0.35 < share < 0.65  # both cost the same
    third = station("c", "D-Dn", price_per_kwh=9.0)
    assert names(plan(trips, [*stations, third], options)) == found


def test_low_charge_decides_who_wants_to_and_the_numbers_are_common(ladder: RoadGraph):
    trips = evs(ladder, 400, gap_s=1.0)
    charge = np.linspace(0.05, 0.6, 400)
    trips = replace(trips, state_of_charge=charge)
    wants = declared_wishes(trips, options=ChargingOptions(), chance=CHANCE)
    assert wants.trip[-1] < 399
    around = (charge[wants.trip] > 0.25) & (charge[wants.trip] < 0.35)
    assert around.sum() == pytest.approx(0.5 * ((charge > 0.25) & (charge < 0.35)).sum(), rel=0.3)
    more = declared_wishes(trips, options=ChargingOptions(low_charge=0.4), chance=CHANCE)
    assert set(wants.trip) <= set(more.trip)


def test_each_size_of_battery_has_its_curve_and_cold_weather_its_price(ladder: RoadGraph):
    trips = replace(evs(ladder, 2), battery_kwh=np.array([40.0, 77.0]))
    cold = with_batteries(trips, temperature_c=-7.0)
    assert [kind.name for kind in cold.vehicle_types] == ["electric_car_40kwh", "electric_car_77kwh"]
    parameters = cold.vehicle_types[1].parameters
    watts = [float(one) for one in parameters["device.battery.chargeCurveTable"].split()]
    np.testing.assert_allclose(watts, curve_w(77.0, -7.0), atol=0.1)
    assert len(parameters["device.battery.chargeLevelTable"].split()) == len(CURVE_LEVELS)
    assert float(parameters["constantPowerIntake"]) == pytest.approx(3_360.0)


def test_all_that_is_wrong_is_said_at_once(ladder: RoadGraph):
    trips = replace(evs(ladder, 2), battery_kwh=np.array([0.0, 58.0]))
    bad = [station("a", "B-Bn"), station("a", "X"), station("b", "A-B", plugs=(Plugs(count=1, power_kw=-50.0),))]
    with pytest.raises(InputError) as caught:
        plan(trips, bad)
    for words in (
        "EV 't0': expected a battery of more than 0 kWh",
        "got that of station number 1",
        "got 'X'",
        "got -50",
    ):
        assert words in str(caught.value), words


def test_wishes_that_do_not_fit_together_are_refused():
    with pytest.raises(TripError, match=r"ascending.*|targets above 0"):
        ChargingWishes(
            trip=np.array([1, 0]), target=np.array([0.0, 0.8]), patience_s=np.zeros(2), reserves=np.zeros(2, bool)
        )


def test_the_nearest_station_is_found_along_the_roads(ladder: RoadGraph):
    far = nearest_station_m(ladder, np.array([ladder.edge_index["B-Bn"]]))
    assert far[ladder.edge_index["B-Bn"]] == 0.0
    assert far[ladder.edge_index["A-B"]] == pytest.approx(np.hypot(250.0, 245.0))


def test_who_stays_longer_than_charging_takes_holds_the_plug_but_minds_no_time():
    work, rapid = (
        ChargingStation(id=kind, plugs=(Plugs(count=1, power_kw=50.0),), site_type=kind) for kind in ("work", "rapid")
    )
    zeros = np.zeros((3, 2))
    offers = Offers(
        arrival_s=zeros, detour_s=zeros, detour_m=zeros, charging_s=zeros + 600.0, energy_kwh=zeros + 10.0,
        price=np.array([[0.2, 0.5]] * 3), reachable=zeros == 0, noise=zeros,
        least_s=np.array([7_200.0, 0.0]),
    )  # fmt: skip
    taste = StationChoice(scatter=0.0)
    found = choose(offers, (work, rapid), taste=taste, patience_s=np.full(3, 9_000.0), alternatives=1)
    assert found.stations[:, 0].tolist() == [0, 1, 1]  # the cheap plug is taken for two hours, not for ten minutes
    assert found.wait_s.tolist() == [0.0, 0.0, 600.0]
