"""Charge on the way: stations, wishes, plan, simulation with steered queues, and what goes into the run directory.

::

    trips ─▶ batteries ─▶ wishes ─▶ plan (stations, routes past them) ─▶ simulation ─▶ tables, load by minute, numbers
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from trafficdiff.datatypes.chance import Chance
from trafficdiff.errors import ScenarioError
from trafficdiff.workflows.equilibrium import Assigned
from trafficdiff.workflows.randomness import stream

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from trafficdiff.datatypes.charging_options import ChargingOptions
    from trafficdiff.datatypes.charging_plan import ChargingPlan
    from trafficdiff.datatypes.charging_result import ChargingResult
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.scenario import Scenario
    from trafficdiff.datatypes.stations import ChargingStation
    from trafficdiff.workflows.measures import Changed

__all__ = ["CHARGING", "Charged", "charge", "charging_tables", "plan_of", "stations_of"]

CHARGING: Final = "charging"
"""Folder of the charging tables in a run."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False, kw_only=True)
class Charged:
    """Hold a simulation in which some charged: the roads and control as simulated, traffic, plan and charging."""

    changed: Changed
    assigned: Assigned
    plan: ChargingPlan
    result: ChargingResult

    def numbers(self) -> dict[str, float]:
        """Return the numbers of charging, by name in `trafficdiff.units`."""
        from trafficdiff.metrics.charging_numbers import charging_numbers

        return charging_numbers(self.result)


def stations_of(
    options: ChargingOptions, graph: RoadGraph, *, folder: Path, changed: Changed | None = None
) -> tuple[ChargingStation, ...]:
    """Return the stations of a file at the roads, and those that measures have built.

    Raises
    ------
    InputError
        Listing every fault of every station.
    """
    from trafficdiff.datatypes.charging_matching import match_stations
    from trafficdiff.datatypes.station_files import read_stations
    from trafficdiff.datatypes.stations import from_control

    given = () if options.stations is None else read_stations(folder / options.stations)
    built = () if changed is None else from_control(changed.control.stations, graph)
    return match_stations((*given, *built), graph)


def plan_of(scenario: Scenario, changed: Changed, *, sample: int, folder: Path) -> ChargingPlan:
    """Return where each EV is to charge; everything that is wrong is said before anything is simulated.

    Raises
    ------
    ScenarioError
        If the scenario asks for what charging cannot be simulated with, or has no stations.
    InputError
        Listing every fault of stations and batteries.
    """
    from trafficdiff.demand.charging_stops import plan_stops
    from trafficdiff.demand.charging_wishes import declared_wishes, with_batteries
    from trafficdiff.simulation.charging_run import steered

    options = scenario.charging
    assert options is not None  # who calls has looked
    if scenario.equilibrium is not None:
        raise ScenarioError(
            "expected charging or drivers that learn from day to day (equilibrium), got both: their routes would no "
            "longer pass by the stations; leave equilibrium out, or let drivers look on the road (rerouting_share)"
        )
    steered(scenario.simulation)
    stations = stations_of(options, changed.graph, folder=folder, changed=changed)
    if not stations:
        raise ScenarioError(
            "expected charging stations, got none; name a file in charging.stations or build some with charging_site"
        )
    chance = Chance.drawn(stream(scenario.seed, "charging", sample=sample))
    trips = with_batteries(changed.trips, temperature_c=options.temperature_c)
    wishes = declared_wishes(trips, options=options, chance=chance)
    if not len(wishes):
        _logger.warning("nobody wants to charge: raise electric_share, or charging.low_charge")
    return plan_stops(trips, wishes, stations, options=options, chance=chance)


def charge(
    scenario: Scenario,
    changed: Changed,
    *,
    sample: int,
    seed: int,
    folder: Path,
    directory: Path,
    on_progress: Callable[[float], None] | None = None,
) -> Charged:
    """Simulate a scenario in which EVs charge on the way.

    Parameters
    ----------
    scenario, changed
        With ``charging``; what its measures made of roads, trips and control.

    Other Parameters
    ----------------
    sample, seed
        Number of the draw, and SUMO's random numbers.
    folder
        Where relative paths start.
    directory
        Receives SUMO's files.
    on_progress
        Called with the simulated time [s].

    Raises
    ------
    TrafficdiffError
        As `plan_of` and `trafficdiff.simulation.charging_run.simulate_charging`.
    """
    from trafficdiff.simulation.charging_run import charging_control, simulate_charging

    assert scenario.charging is not None
    plan = plan_of(scenario, changed, sample=sample, folder=folder)
    traffic, result = simulate_charging(
        plan,
        charging=scenario.charging,
        options=scenario.simulation,
        window=scenario.window,
        seed=seed,
        directory=directory,
        control=changed.control,
        on_progress=on_progress,
    )
    _say(result)
    reroute = scenario.simulation.rerouting_share > 0
    return Charged(
        changed=replace(changed, control=charging_control(plan, changed.control)),
        assigned=Assigned(trips=plan.trips, result=traffic, choice="en_route" if reroute else "one_shot"),
        plan=plan,
        result=result,
    )


def _say(result: ChargingResult) -> None:
    counts = result.counts()
    passed = int((result.cars["phase"] == "missed").sum())
    if passed:
        _logger.warning("%d EVs passed their station without a stop: they were lifted over a jam", passed)
    if counts["stranded"] or result.others_stranded:
        _logger.warning(
            "%d EVs ran empty and were taken off the road", counts["stranded"] + len(result.others_stranded)
        )


def charging_tables(charged: Charged, *, folder: Path) -> dict[str, Path]:
    """Write the tables of charging and return them by their names in the run.

    ``stations.csv`` (a row a station), ``cars.csv`` (an EV that wanted to charge), ``sessions.csv`` (a stay at a plug)
    and ``load.csv`` (a row a minute, a column a station: power from the grid [kW]).
    """
    import pandas as pd

    from trafficdiff.metrics.charging_stations import station_table

    power = charged.result.data["station_power"].transpose("time", "station")
    load = pd.DataFrame(power.to_numpy(), columns=power["station"].to_numpy())
    load.insert(0, "time_s", power["time"].to_numpy())
    tables = {
        "stations": station_table(charged.result, charged.plan.stations),
        "cars": charged.result.cars,
        "sessions": charged.result.sessions,
        "load": load,
    }
    place = folder / CHARGING
    place.mkdir(parents=True, exist_ok=True)
    written = {}
    for name, table in tables.items():
        path = place / f"{name}.csv"
        table.round(6).to_csv(path, index=False)
        written[f"{CHARGING}/{name}.csv"] = path
    minutes = place / "stations.nc"
    charged.result.data.to_netcdf(minutes, engine="h5netcdf")
    written[f"{CHARGING}/stations.nc"] = minutes
    return written
