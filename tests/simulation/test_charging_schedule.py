"""Cars that stand longer than they charge charge in cheap minutes, and give energy back in dear ones."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.charging_town import EVENING, charging_grid, grid_stations, low_trips
from trafficdiff.datatypes.chance import Chance
from trafficdiff.datatypes.charging_smart import SmartCharging, VehicleToGrid
from trafficdiff.datatypes.scenario import SimulationOptions, Window
from trafficdiff.datatypes.stations import ChargingStation, Plugs
from trafficdiff.demand.charging_stops import plan_stops
from trafficdiff.demand.charging_wishes import declared_wishes, with_batteries
from trafficdiff.metrics.charging_numbers import balance_error, car_balance_kwh
from trafficdiff.simulation.charging_records import SessionRecord
from trafficdiff.simulation.charging_run import simulate_charging
from trafficdiff.simulation.charging_schedule import Plugged, Schedule, is_cheap_now, may_give

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.charging_options import ChargingOptions
    from trafficdiff.datatypes.charging_result import ChargingResult
    from trafficdiff.datatypes.graph import RoadGraph

STAY_S = 7_200.0
LIMIT_KW = 170.0
DEAR = ((0.0, 3_600.0, 1.0), (3_600.0, 20_000.0, 0.2))
"""The first hour costs 1.0, then a kWh costs 0.2."""


def test_a_car_charges_in_the_cheapest_minutes_that_suffice_the_earliest_first():
    prices = np.array([1.0, 1.0, 1.0, 0.2, 0.2, 0.2])
    assert [is_cheap_now(prices[k:], needed=2) for k in range(5)] == [False, False, False, True, True]
    assert is_cheap_now(prices, needed=6)  # no minute to lose
    assert is_cheap_now(prices[:1], needed=3)  # late already: at once
    assert not is_cheap_now(prices, needed=0)
    assert [is_cheap_now(prices[k:], needed=4) for k in range(2)] == [True, True]  # one dear minute is needed


def test_a_car_gives_only_while_it_is_dear_full_enough_and_there_is_time_to_refill():
    rule = VehicleToGrid(from_price=0.5)
    then = np.array([0.5] * 30 + [0.4] * 30)  # half an hour dear, half an hour cheap

    def gives(prices: np.ndarray, *, charge: float = 0.5, needs_s: float = 600.0) -> bool:
        return may_give(rule, prices, charge=charge, needs_s=needs_s, efficiency=0.95)

    assert gives(then)
    assert not gives(then[30:])  # cheap now
    assert not gives(then, charge=0.49)
    assert gives(then, needs_s=1_680)
    assert not gives(then, needs_s=1_681)  # two minutes are kept back
    assert not gives(np.array([0.5] * 30 + [0.46] * 30))  # 0.46 > 0.5 x 0.95 x 0.95


def test_a_car_counts_on_no_more_power_than_its_site_may_share_out():
    station = ChargingStation(
        id="s", plugs=(Plugs(count=2, power_kw=50.0),), site_type="work", prices=((0.0, 3_600.0, 1.0),),
        price_per_kwh=0.2, efficiency=1.0,
    )  # fmt: skip
    schedule = Schedule((station,), SmartCharging(stay_s={"work": STAY_S}), 20.0)
    session = SessionRecord(row=0, station=0, plug=0, came_s=0, plugged_s=0, level_in_wh=0, waited_s=0)
    car = Plugged(session, 60_000.0, 40_000.0, 30_000.0, 0.0, STAY_S)
    schedule.choose([car], 0.0, share_kw={0: 50.0})
    assert car.mode == "rests"  # 10 kWh take 12 minutes of the cheap hour
    schedule.choose([car], 0.0, share_kw={0: 6.0})
    assert car.mode == "charges"  # at 6 kW they take 100 minutes: 40 of the dear hour too
    schedule.choose([car], STAY_S + 60.0, share_kw={0: 50.0})
    assert car.mode == "charges"  # the target comes before the end of the stay


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> RoadGraph:
    return charging_grid(tmp_path_factory.mktemp("schedule"), side=4)


def evening(
    graph: RoadGraph, directory: Path, *, smart: SmartCharging | None, more: dict[str, object] | None = None,
    **changes: object,
) -> ChargingResult:  # fmt: skip
    """Return what eight cars did at two work places that are dear for an hour; all leave with their target."""
    options: ChargingOptions = EVENING.model_copy(update={"smart": smart} | (more or {}))
    trips = with_batteries(low_trips(graph, count=10, low=8, end_s=600.0), temperature_c=20.0)
    trips = replace(trips, state_of_charge=np.where(trips.state_of_charge < 0.4, 0.3, 0.9))
    wishes = declared_wishes(trips, options=options, chance=Chance("a"))
    stations = grid_stations(graph, ("B2C2", "C1C2"), **({"site_type": "work", "prices": DEAR} | changes))
    plan = plan_stops(trips, wishes, stations, options=options, chance=Chance("a"))
    window = Window(begin_s=0, end_s=600, clear_s=10_800)
    simulation = SimulationOptions(emissions=False)
    _, found = simulate_charging(
        plan, charging=options, options=simulation, window=window, seed=1, directory=directory
    )  # fmt: skip
    assert (found.cars["outcome"] == "served").all()
    assert balance_error(found) < 0.005
    assert car_balance_kwh(found.cars).abs().max() < 0.03
    assert float(found.data["station_energy"].sum()) == pytest.approx(found.sessions["energy_kwh"].sum())
    assert float(found.data["station_grid_energy"].sum()) == pytest.approx(found.sessions["grid_kwh"].sum())
    np.testing.assert_allclose(found.sessions["charge_out"], 0.8, atol=0.002)
    return found


def stood_s(found: ChargingResult) -> np.ndarray:
    return (found.sessions["unplugged_s"] - found.sessions["plugged_s"]).to_numpy()


@pytest.mark.slow
@pytest.mark.sumo
def test_smart_cars_reach_the_same_charge_for_less_in_the_cheap_hour(grid: RoadGraph, tmp_path: Path):
    stay = {"work": STAY_S}
    at_once = evening(grid, tmp_path / "once", smart=SmartCharging(stay_s=stay, charge="at_once"))
    smart = evening(grid, tmp_path / "smart", smart=SmartCharging(stay_s=stay))
    for found in (at_once, smart):
        assert ((stood_s(found) >= STAY_S) & (stood_s(found) <= STAY_S + 60)).all()
    dear = slice(0, 3_540)
    assert float(at_once.data["station_energy"].sel(time=dear).sum()) > 100
    assert float(smart.data["station_energy"].sel(time=dear).sum()) < 0.1  # a second's worth at most, a car
    assert smart.sessions["energy_kwh"].sum() == pytest.approx(at_once.sessions["energy_kwh"].sum(), rel=0.002)
    assert smart.cars["cost"].sum() == pytest.approx(0.2 * smart.sessions["grid_kwh"].sum(), rel=0.002)


@pytest.mark.sumo
@pytest.mark.slow
def test_a_feeder_cap_holds_while_all_wait_for_the_cheap_hour(grid: RoadGraph, tmp_path: Path):
    found = evening(
        grid, tmp_path, smart=SmartCharging(stay_s={"work": STAY_S}), more={"feeder_caps_kw": {"north": 160.0}},
        feeder="north",
    )  # fmt: skip
    load = found.data["station_power"].sum("station")
    assert float(load.max()) <= 160.0 * 1.0005
    energy = found.data["station_energy"].sum("station")
    assert float(energy.sel(time=slice(0, 3_540)).sum()) < 0.5 * float(energy.sum())
    assert (stood_s(found) <= STAY_S + 60).all()


@pytest.mark.slow
@pytest.mark.sumo
def test_cars_give_energy_back_while_it_is_dear_and_leave_with_their_target(grid: RoadGraph, tmp_path: Path):
    rule = VehicleToGrid(from_price=0.5, power_kw=60.0, least_charge=0.2)
    found = evening(
        grid, tmp_path, smart=SmartCharging(stay_s={"work": STAY_S}, vehicle_to_grid=rule), site_kw=LIMIT_KW
    )
    power, given = found.data["station_power"], found.data["station_given_energy"]
    dear = slice(0, 3_540)
    assert float(given.sel(time=slice(3_600, None)).sum()) == 0.0
    assert float(given.sum()) == pytest.approx(found.sessions["given_kwh"].sum())
    assert 20.0 < float(given.sum()) < 50.0
    assert float(power.min()) >= -LIMIT_KW * 1.0005  # a site's limit holds both ways
    assert float(power.sel(time=dear).min()) == pytest.approx(-LIMIT_KW, rel=0.001)
    assert float(power.max()) <= LIMIT_KW * 1.0005
    # From the grid: what entered the batteries over the efficiency, less what left them times it.
    entered = found.sessions["energy_kwh"] + found.sessions["given_kwh"]
    expected = entered / 0.95 - found.sessions["given_kwh"] * 0.95
    np.testing.assert_allclose(found.sessions["grid_kwh"], expected)
    battery = found.cars.set_index("trip_id")["battery_kwh"].reindex(found.sessions["trip_id"]).to_numpy()
    lowest = found.sessions["charge_in"].to_numpy() - found.sessions["given_kwh"].to_numpy() / battery
    assert (lowest > 0.2).all()


@pytest.mark.sumo
@pytest.mark.slow
def test_who_must_stay_keeps_the_plug_without_power(grid: RoadGraph, tmp_path: Path):
    smart = SmartCharging(stay_s={"work": 1.0})
    found = evening(grid, tmp_path, smart=smart)
    assert (stood_s(found) < STAY_S / 2).all()  # charges at once, because nothing cheaper comes within its stay
