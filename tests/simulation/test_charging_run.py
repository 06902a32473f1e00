"""Cars that charge are steered through SUMO: nobody is lost, energy adds up, and no limit is exceeded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from tests.charging_town import EVENING, charging_grid, grid_stations, low_trips
from trafficdiff.datatypes.chance import Chance
from trafficdiff.datatypes.charging_curves import CURVE_LEVELS, CURVE_SHARES, peak_kw
from trafficdiff.datatypes.control import Control
from trafficdiff.datatypes.scenario import SimulationOptions, Window
from trafficdiff.datatypes.stations import Plugs
from trafficdiff.demand.charging_stops import plan_stops
from trafficdiff.demand.charging_wishes import declared_wishes, with_batteries
from trafficdiff.errors import ScenarioError
from trafficdiff.metrics.charging_numbers import balance_error, car_balance_kwh, charging_numbers
from trafficdiff.metrics.charging_stations import concentration, feeder_load, station_table
from trafficdiff.simulation import charging_run
from trafficdiff.simulation.additional import control_xml
from trafficdiff.simulation.charging_policy import ChargingPolicy
from trafficdiff.simulation.charging_run import charging_control, simulate_charging, steered
from trafficdiff.simulation.columns import read_columns
from trafficdiff.simulation.result_hash import result_hash

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.charging_options import ChargingOptions
    from trafficdiff.datatypes.charging_plan import ChargingPlan
    from trafficdiff.datatypes.charging_result import ChargingResult
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.result import SimulationResult

pytestmark = pytest.mark.slow

OPTIONS = SimulationOptions(emissions=False)
BATTERY = ("id", "battery_actualBatteryCapacity", "battery_totalEnergyConsumed", "battery_totalEnergyRegenerated")


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> RoadGraph:
    return charging_grid(tmp_path_factory.mktemp("charging"), side=4)


def planned(
    graph: RoadGraph, *, options: ChargingOptions = EVENING, count: int = 40, low: int = 30, **changes: object
) -> ChargingPlan:
    """Return the plan of a small evening: two stations of 4 plugs of 50 kW unless `changes` say otherwise."""
    trips = with_batteries(low_trips(graph, count=count, low=low, end_s=900.0), temperature_c=options.temperature_c)
    wishes = declared_wishes(trips, options=options, chance=Chance("a"))
    return plan_stops(
        trips, wishes, grid_stations(graph, ("B2C2", "C1C2"), **changes), options=options, chance=Chance("a")
    )


def run(
    plan: ChargingPlan, directory: Path, *, options: ChargingOptions = EVENING, clear_s: float = 3_600.0
) -> tuple[SimulationResult, ChargingResult]:
    window = Window(begin_s=0, end_s=900, clear_s=clear_s)
    return simulate_charging(plan, charging=options, options=OPTIONS, window=window, seed=1, directory=directory)


@pytest.fixture(scope="module")
def evening_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("evening")


@pytest.fixture(scope="module")
def evening(grid: RoadGraph, evening_folder: Path):
    plan = planned(grid)
    return plan, *run(plan, evening_folder)


@pytest.mark.sumo
def test_nobody_is_lifted_past_a_stop_and_everybody_is_counted_once(evening):
    plan, traffic, charging = evening
    assert traffic.counts.teleports == 0
    assert (charging.cars["phase"] == "missed").sum() == 0
    assert sum(charging.counts().values()) == len(plan.wishes) == 30
    assert charging.counts()["served"] >= 12
    at_plugs = set(charging.sessions["trip_id"])
    served = set(charging.cars.loc[charging.cars["outcome"] == "served", "trip_id"])
    assert at_plugs <= served
    numbers = charging_numbers(charging)
    parts = ("served", "waiting", "unmet", "stranded")
    assert sum(numbers[f"charging_{part}"] for part in parts) == numbers["charging_wanted"]


@pytest.mark.sumo
def test_the_energy_of_stations_batteries_and_minutes_is_the_same(evening):
    _, _, charging = evening
    assert balance_error(charging) < 0.001
    assert car_balance_kwh(charging.cars).abs().max() < 0.03
    total = charging.sessions["energy_kwh"].sum()
    assert total > 100
    assert float(charging.data["station_energy"].sum()) == pytest.approx(total)
    assert sum(charging.station_kwh.values()) == pytest.approx(total, rel=0.002)
    assert charging.sessions["grid_kwh"].sum() == pytest.approx(total / 0.95)
    assert charging.cars["cost"].sum() == pytest.approx(0.5 * total / 0.95)


@pytest.mark.sumo
def test_charge_at_the_end_is_start_plus_charged_less_driven_for_every_ev(evening, evening_folder: Path):
    plan, _, charging = evening
    columns = read_columns(*evening_folder.rglob("tripinfo.parquet"), BATTERY, prefix="tripinfo")
    level, used, regained = (columns.numbers(name) / 1_000 for name in BATTERY[1:])
    trips = plan.trips
    place = [trips.trip_id.tolist().index(name) for name in columns.text("id")]
    assert sorted(place) == list(range(len(trips)))
    charged = charging.sessions.groupby("trip_id")["energy_kwh"].sum().reindex(trips.trip_id[place], fill_value=0.0)
    start = (trips.state_of_charge * trips.battery_kwh)[place]
    np.testing.assert_allclose(start + charged.to_numpy() - (used - regained), level, atol=0.03)
    assert (charged == 0).sum() >= 10  # those that did not want to charge are among them


@pytest.mark.sumo
def test_batteries_lose_150_to_200_watt_hours_a_kilometre_in_town(tmp_path: Path):
    graph = charging_grid(tmp_path, length_m=300.0, side=4)
    options = EVENING.model_copy(update={"low_charge": 0.0})
    plan = planned(graph, options=options, count=60, low=0)
    traffic, charging = run(plan, tmp_path / "run", options=options)
    assert len(charging.cars) == 0
    columns = read_columns(*(tmp_path / "run").rglob("tripinfo.parquet"), BATTERY, prefix="tripinfo")
    used_wh = (columns.numbers(BATTERY[2]) - columns.numbers(BATTERY[3])).sum()
    assert 150 <= used_wh / (traffic.trips["route_length_m"].sum() / 1_000) <= 200


@pytest.mark.sumo
def test_nothing_charges_above_its_plug_or_its_curve(evening):
    _, _, charging = evening
    done = charging.sessions.dropna(subset="unplugged_s")
    mean_kw = done["energy_kwh"] / (done["unplugged_s"] - done["plugged_s"]) * 3600
    assert mean_kw.max() <= 47.5 + 0.1
    battery = charging.cars.set_index("trip_id")["battery_kwh"].reindex(done["trip_id"]).to_numpy()
    above = done["charge_in"].to_numpy() >= 0.1
    most_kw = np.interp(done["charge_in"], CURVE_LEVELS, CURVE_SHARES) * peak_kw(battery)
    assert (mean_kw.to_numpy() <= most_kw + 0.1)[above].all()
    assert float(charging.data["station_power"].max()) <= 200.0 * 1.001
    assert float(charging.data["station_occupied"].max()) <= 4.0 + 1e-9


@pytest.mark.sumo
def test_they_unplug_at_their_target_and_waits_are_those_of_a_queue(evening):
    _, _, charging = evening
    done = charging.sessions.dropna(subset="unplugged_s")
    assert len(done) >= 8
    np.testing.assert_allclose(done["charge_out"], 0.8, atol=0.002)
    lost_s = done["plugged_s"] - done["came_s"] - done["waited_s"]
    assert lost_s.between(0, 60).all()
    queue_s = (charging.data["station_queue"] * charging.data["interval_length"]).sum()
    assert float(queue_s) == pytest.approx(charging.cars["waited_s"].sum())


@pytest.mark.sumo
def test_the_tables_say_what_planners_ask(evening):
    plan, traffic, charging = evening
    table = station_table(charging, plan.stations)
    assert table["sessions"].sum() == len(charging.sessions)
    assert table["energy_share"].sum() == pytest.approx(1.0)
    assert ((table["utilisation"] > 0) & (table["utilisation"] <= 1)).all()
    assert (table["capacity_factor"] <= table["utilisation"] * 1.02).all()
    np.testing.assert_allclose(table["occupied_hours"], table["charging_hours"] + table["idle_hours"])
    assert float(feeder_load(charging, plan.stations).sum()) == pytest.approx(
        float(charging.data["station_power"].sum())
    )
    assert 0.2 <= float(concentration(charging.data["station_energy"].sum("time"))) <= 1.0
    stood = charging.sessions.dropna(subset="unplugged_s").set_index("trip_id")
    drove = traffic.trips.set_index("trip_id").loc[stood.index]
    assert (drove["duration_s"] < 900).all()  # an hour at the plug is no hour in traffic


@pytest.mark.sumo
def test_site_caps_and_feeder_caps_hold_in_every_minute(grid: RoadGraph, tmp_path: Path):
    options = EVENING.model_copy(update={"feeder_caps_kw": {"north": 90.0}})
    plan = planned(grid, options=options, site_kw=60.0, feeder="north", caps=((1_230.0, 2_430.0, 20.0),))
    _, charging = run(plan, tmp_path, options=options)
    power = charging.data["station_power"]
    assert float(power.max()) <= 60.0 * 1.0005
    assert float(power.sum("station").max()) <= 90.0 * 1.0005
    assert float(power.sel(time=slice(1_260, 2_339)).max()) <= 20.0 * 1.0005
    assert float(power.sel(time=slice(1_260, 2_339)).sum("station").mean()) == pytest.approx(40.0, rel=0.02)
    assert balance_error(charging) < 0.001


@pytest.mark.sumo
def test_every_plug_of_a_site_gives_its_own_power(grid: RoadGraph, tmp_path: Path):
    kinds = (Plugs(count=1, power_kw=50.0), Plugs(count=15, power_kw=11.0, current="ac"))
    plan = planned(grid, count=30, low=24, plugs=kinds)
    _, charging = run(plan, tmp_path, clear_s=2_700.0)
    stays = charging.sessions
    hours = (stays["unplugged_s"].fillna(3_600.0) - stays["plugged_s"]) / 3_600
    power_kw = stays["energy_kwh"] / hours
    assert (stays["plug"] > 0).sum() >= 15
    np.testing.assert_allclose(power_kw[stays["plug"] > 0], 11.0 * 0.95, rtol=0.02)
    assert (power_kw[stays["plug"] == 0] > 25.0).all()


@pytest.mark.sumo
def test_a_limited_site_serves_whichever_plugs_are_taken(grid: RoadGraph, tmp_path: Path):
    plan = planned(grid, count=12, low=8, site_kw=60.0)
    _, charging = run(plan, tmp_path, clear_s=14_400.0)
    assert charging.counts()["served"] == 8
    np.testing.assert_allclose(charging.sessions["charge_out"], 0.8, atol=0.002)
    assert float(charging.data["station_power"].max()) <= 60.0 * 1.0005


@pytest.mark.sumo
def test_who_finds_no_room_tries_the_next_station_and_then_gives_up(grid: RoadGraph, tmp_path: Path):
    plan = planned(grid, bays=0)
    one, many = ((Plugs(count=count, power_kw=50.0),) for count in (1, 8))  # not what drivers were told
    first, second = plan.stations
    plan = replace(plan, stations=(replace(first, plugs=one), replace(second, plugs=many)))
    traffic, charging = run(plan, tmp_path)
    cars = charging.cars
    assert traffic.counts.teleports == 0
    assert (cars["stations_tried"] == 2).any()
    gave_up = cars[cars["outcome"] == "unmet"]
    assert len(gave_up) > 5
    assert gave_up["reason"].str.contains("queue was too long").all()
    moved = cars[(cars["station"] != cars["planned_station"]) & (cars["outcome"] == "served")]
    assert len(moved) > 0
    assert (gave_up["unmet_kwh"] > 5).all()
    assert traffic.counts.arrived >= len(gave_up)


@pytest.mark.sumo
def test_an_empty_battery_strands_and_the_car_leaves_the_road(grid: RoadGraph, tmp_path: Path):
    plan = planned(grid, count=12, low=8)
    charge = plan.trips.state_of_charge.copy()
    lost = plan.wishes.trip[:2]
    charge[lost] = 1e-4
    plan = replace(plan, trips=replace(plan.trips, state_of_charge=charge))
    traffic, charging = run(plan, tmp_path)
    assert charging.counts()["stranded"] == 2
    assert sum(charging.counts().values()) == 8
    stranded = charging.cars[charging.cars["outcome"] == "stranded"]
    assert (stranded["stranded_edge"] != "").all()
    assert traffic.counts.removed == 2


class Watchful(ChargingPolicy):
    """Look at every step, whatever may happen in it."""

    def quiet_until(self, time_s: float) -> float:
        return time_s


@pytest.mark.slow
@pytest.mark.sumo
def test_steps_in_which_nothing_can_happen_may_be_left_out(
    grid: RoadGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    options = EVENING.model_copy(update={"patience_s": 900.0, "feeder_caps_kw": {"north": 90.0}})
    plan = planned(grid, options=options, feeder="north", caps=((1_230.0, 2_430.0, 20.0),))
    quick = run(plan, tmp_path / "quick", options=options)
    monkeypatch.setattr(charging_run, "ChargingPolicy", Watchful)
    whole = run(plan, tmp_path / "whole", options=options)
    assert result_hash(*quick) == result_hash(*whole)
    assert quick[1].counts()["unmet"] > 0


@pytest.mark.sumo
@pytest.mark.slow
def test_libsumo_and_traci_steer_alike(grid: RoadGraph, tmp_path: Path):
    plan = planned(grid, count=8, low=6)
    window = Window(begin_s=0, end_s=900, clear_s=900)
    found = [
        simulate_charging(
            plan, charging=EVENING, options=OPTIONS.model_copy(update={"control": control}), window=window, seed=1,
            directory=tmp_path / control,
        )[1]
        for control in ("libsumo", "traci")
    ]  # fmt: skip
    assert found[0].sessions.equals(found[1].sessions)
    assert found[0].cars.equals(found[1].cars)


def test_the_mesoscopic_model_is_refused():
    with pytest.raises(ScenarioError, match="resolution micro for charging, got meso"):
        steered(SimulationOptions(resolution="meso"))
    assert steered(OPTIONS).control == "libsumo"


@pytest.mark.sumo
def test_every_plug_is_a_place_of_its_own_off_the_road(grid: RoadGraph):
    plan = planned(grid, count=8, low=6)
    root = ET.fromstring(control_xml(charging_control(plan, Control()), graph=grid))
    areas, chargers = root.findall("parkingArea"), root.findall("chargingStation")
    assert len(areas) == len(chargers) == 8
    assert {one.get("roadsideCapacity") for one in areas} == {"1"}
    assert {one.get("parkingArea") for one in chargers} == {one.get("id") for one in areas}
