"""Measure what charging on the road network shows: 200 EVs on an 8 x 8 grid, 3 stations of 4 plugs of 50 kW.

    python scripts/bench_charging.py [--clear-h H] [--repeat N]

170 of the EVs leave below 40 % charge. Printed: who ended how, energy delivered beside a bound that knows nothing of
the simulation (a queue with plugs, power and arrivals alone), both energy balances, teleports, and the processor time
of a simulated vehicle-second, over all and over those that are driven alone, beside that of the same vehicles on the
same roads that do not charge. Cars at plugs and in queues are vehicle-seconds too, and cheap ones.
"""

from __future__ import annotations

import argparse
import gzip
import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.charging_town import EVENING, charging_grid, grid_stations, low_trips
from trafficdiff.datatypes.chance import Chance
from trafficdiff.datatypes.charging_curves import charge_seconds, charged_after
from trafficdiff.datatypes.scenario import SimulationOptions, Window
from trafficdiff.demand.charging_stops import plan_stops
from trafficdiff.demand.charging_wishes import declared_wishes, with_batteries
from trafficdiff.metrics.charging_numbers import balance_error, car_balance_kwh
from trafficdiff.process import run_program
from trafficdiff.simulation.charging_run import charging_control, simulate_charging, steered
from trafficdiff.simulation.charging_sites import charger_id, waiting_m
from trafficdiff.simulation.files import command_of, files_of
from trafficdiff.simulation.run import simulate

if TYPE_CHECKING:
    from collections.abc import Callable

    from trafficdiff.datatypes.charging_plan import ChargingPlan
    from trafficdiff.datatypes.charging_result import ChargingResult


def cpu_s() -> float:
    """Return what this process and its finished children have used [CPU s]."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(times.ru_utime + times.ru_stime for times in used)


def queueing_bound_kwh(plan: ChargingPlan, result: ChargingResult, *, end_s: float) -> float:
    """Return the most that the plugs could have given to those who came, first come first served, at once [kWh].

    Each car begins the moment that a plug is free and it is there, loses no second between, and charges along its
    curve; the simulation's own times enter only as arrivals.
    """
    cars = result.cars
    total = 0.0
    for station in plan.stations:
        own = cars[(cars["station"] == station.id) & cars["came_s"].notna()].sort_values("came_s")
        free_s = np.zeros(station.plug_count)
        power = np.array([min(station.each_plug[0].usable_kw, station.installed_kw) * station.efficiency])
        for row in own.itertuples():
            plug = int(np.argmin(free_s))
            begin_s = max(float(row.came_s), float(free_s[plug]))
            if begin_s >= end_s:
                continue
            level = charge_on_arrival(row, result)
            size, low, high = np.array([row.battery_kwh]), np.array([level]), np.array([row.charge_target])
            takes_s = charge_seconds(size, begin=low, end=high, power_kw=power)
            stay_s = np.minimum(takes_s, end_s - begin_s)
            after = charged_after(size, begin=low, power_kw=power, duration_s=stay_s)
            total += float(size[0] * max(after[0] - level, 0.0))
            free_s[plug] = begin_s + float(takes_s[0])
    return total


def charge_on_arrival(row: object, result: ChargingResult) -> float:
    """Return the charge with which a car came: as it plugged in, or at its end if it never did."""
    own = result.sessions[result.sessions["trip_id"] == row.trip_id]  # type: ignore[attr-defined]
    return float(own["charge_in"].iloc[0]) if len(own) else float(row.charge_end)  # type: ignore[attr-defined]


def replayed_bare_s(plan: ChargingPlan, directory: Path, *, options: SimulationOptions, window: Window) -> float:
    """Return what SUMO alone takes for the same cars, batteries, waits and stays, written as stops [CPU s].

    Nobody steers and nothing is read while it runs: this is the least that any steering can come to.
    """
    from lxml import etree

    log = json.loads((directory / "charging.json").read_text(encoding="utf-8"))
    of_row = {session["row"]: session for session in log["sessions"]}
    routes = directory / "routes.rou.xml.gz"
    tree = etree.fromstring(gzip.decompress(routes.read_bytes()))
    waiting = [waiting_m(station, plan.trips.graph) for station in plan.stations]
    for vehicle in tree.iter("vehicle"):
        session = of_row.get(log["cars"].get(vehicle.get("id"), {}).get("row"))
        if session is None:
            continue
        station = plan.stations[session["station"]]
        lane = f"{station.edge}_{station.lane}"
        etree.SubElement(vehicle, "stop", lane=lane, endPos=f"{waiting[session['station']]:.2f}", parking="true",
                         until=f"{session['plugged_s'] - 8:.0f}", friendlyPos="true")  # fmt: skip
        end_s = session["unplugged_s"] if session["unplugged_s"] >= 0 else log["end_s"] + 1
        name = charger_id(station, session["plug"])
        etree.SubElement(vehicle, "stop", chargingStation=name, parkingArea=f"{name}.place", parking="true",
                         until=f"{end_s:.0f}")  # fmt: skip
    routes.write_bytes(gzip.compress(etree.tostring(tree)))
    control = charging_control(plan)
    files = files_of(plan.trips, options=options, directory=directory, control=control)
    words = command_of(files, graph=plan.trips.graph, options=options, window=window, seed=1, progress=False,
                       control=control)  # fmt: skip
    before = cpu_s()
    finished = run_program([*words], log=directory / "bare.log", deadline_s=600, directory=directory)
    if finished.returncode:
        raise SystemExit((directory / "bare.log").read_text(encoding="utf-8")[-600:])
    return cpu_s() - before


def timed(work: Callable[[], object]) -> tuple[object, float]:
    before = cpu_s()
    return work(), cpu_s() - before


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clear-h", type=float, default=7.0, help="hours after the last departure")
    parser.add_argument("--repeat", type=int, default=1, help="how often the processor time is taken; the least counts")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        graph = charging_grid(Path(folder))
        trips = with_batteries(low_trips(graph), temperature_c=EVENING.temperature_c)
        chance = Chance("bench")
        wishes = declared_wishes(trips, options=EVENING, chance=chance)
        started = time.process_time()
        plan = plan_stops(trips, wishes, grid_stations(graph), options=EVENING, chance=chance)
        print(f"planned {len(wishes)} stops in {time.process_time() - started:.2f} CPU s")
        window = Window(begin_s=0, end_s=3_600, clear_s=given.clear_h * 3_600)
        options = steered(SimulationOptions(emissions=False))
        with_s, without_s = [], []
        for number in range(given.repeat):
            (both, used_s) = timed(
                lambda at=Path(folder) / f"with{number}": simulate_charging(
                    plan, charging=EVENING, options=options, window=window, seed=1, directory=at
                )
            )
            with_s.append(used_s)
            (plain, used_s) = timed(
                lambda at=Path(folder) / f"without{number}": simulate(
                    graph, trips, options=options, window=window, seed=1, directory=at
                )
            )
            without_s.append(used_s)
        bare_s = replayed_bare_s(
            plan, Path(folder) / f"with{given.repeat - 1}", options=options.model_copy(update={"control": "cli"}),
            window=window,
        )  # fmt: skip
        short = replace_window(window)
        (brief, brief_s) = timed(
            lambda: simulate(graph, trips, options=options, window=short, seed=1, directory=Path(folder) / "short")
        )
    result, charging = both
    cars, end_s = charging.cars, window.end_s + window.clear_s
    counts = charging.counts()
    print(f"wanted {len(cars)} = " + " + ".join(f"{count} {name}" for name, count in counts.items()))
    print(f"teleports {result.counts.teleports}, passed their stop {(cars['phase'] == 'missed').sum()}")
    delivered = charging.sessions["energy_kwh"].sum()
    bound = queueing_bound_kwh(plan, charging, end_s=end_s)
    print(f"delivered {delivered:.1f} kWh, bound {bound:.1f} kWh: {delivered / bound:.2%}")
    print(f"stations {sum(charging.station_kwh.values()):.2f} kWh against battery gains: {balance_error(charging):.4%}")
    print(f"largest balance of one EV {car_balance_kwh(cars).abs().max() * 1000:.1f} Wh")
    most_kw = charging.data["station_power"].max().item()
    print(f"highest minute of a site {most_kw:.2f} kW of 200; mean wait {cars['waited_s'].mean() / 60:.0f} min")
    each_us = {}
    for words, done, used in (("charging", result, min(with_s)), ("same, no charging", plain, min(without_s)),
                              ("same, no charging, no empty hours", brief, brief_s)):  # fmt: skip
        vehicle_s = float(done.data["vehicles_running"].sum())
        driven_s = float(done.trips["duration_s"].sum())
        each_us[words] = used / vehicle_s * 1e6, used / driven_s * 1e6
        print(
            f"{words}: {used:.2f} CPU s; {vehicle_s:,.0f} vehicle-s, {each_us[words][0]:.2f} us each; "
            f"{driven_s:,.0f} of them driving, {each_us[words][1]:.0f} us each"
        )
    driven_s = float(result.trips["duration_s"].sum())
    least = bare_s / driven_s * 1e6 / each_us["same, no charging"][1]
    print(f"SUMO alone, same stops, no steering: {bare_s:.2f} CPU s, {least:.2f} of those driven without charging")
    ratios = [each_us["charging"][place] / each_us["same, no charging"][place] for place in (0, 1)]
    print(f"over the same without charging: {ratios[0]:.2f} by all vehicle-seconds, {ratios[1]:.2f} by those driven")


def replace_window(window: Window) -> Window:
    """Return the window with half an hour to clear."""
    return window.model_copy(update={"clear_s": 1_800.0})


if __name__ == "__main__":
    main()
