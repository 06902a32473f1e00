"""Simulate trips of which some charge on the way: stations, steering and both records in one call."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.datatypes.control import Control
from trafficdiff.errors import ScenarioError
from trafficdiff.simulation.charging_finder import FinderPolicy, finder_options
from trafficdiff.simulation.charging_policy import ChargingPolicy, PlannedCar
from trafficdiff.simulation.charging_result import SUMO_CHARGING, read_charging
from trafficdiff.simulation.charging_sites import waiting_m
from trafficdiff.simulation.columns import read_columns
from trafficdiff.simulation.files import files_of
from trafficdiff.simulation.run import simulate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from trafficdiff.datatypes.charging_options import ChargingOptions
    from trafficdiff.datatypes.charging_plan import ChargingPlan
    from trafficdiff.datatypes.charging_result import ChargingResult
    from trafficdiff.datatypes.result import SimulationResult
    from trafficdiff.datatypes.scenario import SimulationOptions, Window

__all__ = ["charging_control", "simulate_charging", "steered", "steering"]

_WORST_KWH_PER_KM = 0.4
"""An EV that could not cover its route at this consumption is watched [kWh/km]; declared, twice a cold day's."""


def steered(options: SimulationOptions) -> SimulationOptions:
    """Return how SUMO runs if its queues are steered: step by step, in this package's own process.

    Raises
    ------
    ScenarioError
        If the mesoscopic model is asked for.
    """
    if options.resolution == "meso":
        raise ScenarioError(
            "expected resolution micro for charging, got meso: SUMO charges nobody there (stops give no energy, its "
            "station finder ends the program); set simulation.resolution to micro"
        )
    return options if options.control != "cli" else options.model_copy(update={"control": "libsumo"})


def charging_control(
    plan: ChargingPlan, control: Control | None = None, *, charging: ChargingOptions | None = None
) -> Control:
    """Return the control with the plan's stations in the place of those that measures have built.

    `charging` says whether SUMO's own station finder is to look for plugs; left out, it is not.
    """
    output = (("chargingstations-output", SUMO_CHARGING), ("chargingstations-output.aggregated", "true"))
    whole = (("chargingstations-output.aggregated.write-unfinished", "true"),)
    base = Control() if control is None else control
    finder = finder_options(plan, charging) if charging is not None and charging.steering == "sumo" else ()
    return replace(base, stations=(), charging=plan.stations, options=(*base.options, *output, *whole, *finder))


def steering(plan: ChargingPlan, *, charging: ChargingOptions, begin_s: float) -> ChargingPolicy:
    """Return the policy that steers the plan's cars."""
    trips, wishes = plan.trips, plan.wishes
    arrival_s, last = plan.arrival_s.tolist(), trips.edges[trips.offsets[1:] - 1]
    cars = {}
    for row, trip in enumerate(wishes.trip.tolist()):
        battery_wh = float(trips.battery_kwh[trip]) * 1_000.0
        cars[str(trips.trip_id[trip])] = PlannedCar(
            row=row,
            choices=tuple(int(place) for place in plan.choices[row] if place >= 0),
            battery_wh=battery_wh,
            target_wh=float(wishes.target[row]) * battery_wh,
            patience_s=float(wishes.patience_s[row]),
            books=bool(wishes.reserves[row]),
            due_s=arrival_s[row],
            last_edge=str(trips.graph.edge_id[last[trip]]),
            reason=str(plan.reason[row]),
            stay_s=0.0 if wishes.stay_s is None else float(wishes.stay_s[row]),
        )
    need_kwh = trips.sum_over_route(trips.graph.length_m) / 1_000.0 * _WORST_KWH_PER_KM
    at_risk = np.flatnonzero(trips.state_of_charge * trips.battery_kwh < need_kwh)
    policy = FinderPolicy if charging.steering == "sumo" else ChargingPolicy
    return policy(
        plan.stations,
        cars,
        waiting_m=[waiting_m(station, trips.graph) for station in plan.stations],
        watched=[str(trips.trip_id[trip]) for trip in at_risk],
        begin_s=begin_s,
        feeder_caps_kw=charging.feeder_caps_kw,
        temperature_c=charging.temperature_c,
        smart=charging.smart,
    )


def simulate_charging(
    plan: ChargingPlan,
    *,
    charging: ChargingOptions,
    options: SimulationOptions,
    window: Window,
    seed: int,
    directory: Path,
    control: Control | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> tuple[SimulationResult, ChargingResult]:
    """Simulate the plan's trips, steer the queues at its stations, and return what traffic and charging did.

    Trips last as long as they drive; what they stand in queues and at plugs is in the result of charging.

    Parameters
    ----------
    plan
        The trips, and who is to charge where.
    charging
        Temperature and limits of feeders.

    Other Parameters
    ----------------
    options, window, seed, directory, control, on_progress
        As `trafficdiff.simulation.run.simulate` takes them; SUMO is driven by libsumo where the options say ``cli``.

    Raises
    ------
    ScenarioError
        If the mesoscopic model is asked for.
    TrafficdiffError
        As `trafficdiff.simulation.run.simulate`.
    """
    options, held = steered(options), charging_control(plan, control, charging=charging)
    result = simulate(
        plan.trips.graph,
        plan.trips,
        options=options,
        window=window,
        seed=seed,
        directory=directory,
        control=held,
        policy=steering(plan, charging=charging, begin_s=window.begin_s),
        on_progress=on_progress,
    )
    files = files_of(plan.trips, options=options, directory=directory, control=held)
    return _on_the_road(result, files.trips), read_charging(files.directory, plan=plan, tripinfo=files.trips)


def _on_the_road(result: SimulationResult, tripinfo: Path) -> SimulationResult:
    """Return the result with trips that last as long as they drive: who stands at a plug is in no traffic."""
    columns = read_columns(tripinfo, ("id", "stopTime"), prefix="tripinfo")
    stopped_s = dict(zip(columns.text("id"), columns.numbers("stopTime"), strict=True))
    stay_s = np.array([stopped_s.get(name, 0.0) for name in result.trips["trip_id"]])
    trips = result.trips.assign(duration_s=result.trips["duration_s"] - stay_s)
    return replace(result, trips=trips)
