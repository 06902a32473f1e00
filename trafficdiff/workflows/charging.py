"""Charge on the way: stations, wishes, plan, simulation with steered queues, and what goes into the run directory.

::

    trips ─▶ batteries ─▶ wishes ─▶ plan (stations, routes past them) ─▶ simulation ─▶ tables, load by minute, numbers
"""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Final

from trafficdiff.datatypes.chance import Chance
from trafficdiff.datatypes.charging_options import FROM_OSM
from trafficdiff.errors import Faults, InputError, ScenarioError
from trafficdiff.workflows.charging_wishes import MODEL_KEY
from trafficdiff.workflows.equilibrium import Assigned
from trafficdiff.workflows.randomness import stream

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from trafficdiff.datatypes.charging_demand import ChargingWishes
    from trafficdiff.datatypes.charging_options import ChargingOptions
    from trafficdiff.datatypes.charging_plan import ChargingPlan
    from trafficdiff.datatypes.charging_result import ChargingResult
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.scenario import Scenario
    from trafficdiff.datatypes.stations import ChargingStation
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.workflows.measures import Changed

__all__ = [
    "CHARGING",
    "Charged",
    "charge",
    "charging_tables",
    "plan_of",
    "say_idle_sites",
    "station_file_sha256",
    "stations_of",
    "usable_stations",
    "wishes_of",
]

CHARGING: Final = "charging"
"""Folder of the charging tables in a run."""

_MORE: Final = {"threshold": "charging.low_charge", "model": "charging.joining.sessions_a_plug_week"}

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False, kw_only=True)
class Charged:
    """Hold a simulation in which some charged: the roads and control as simulated, traffic, plan and charging.

    `station_file_sha256` is the hash of the file of stations, None without one.
    """

    changed: Changed
    assigned: Assigned
    plan: ChargingPlan
    result: ChargingResult
    station_file_sha256: str | None = None

    def numbers(self) -> dict[str, float]:
        """Return the numbers of charging, by name in `trafficdiff.units`."""
        from trafficdiff.metrics.charging_numbers import charging_numbers

        return charging_numbers(self.result)

    @property
    def stations_sha256(self) -> str:
        """Hash over the stations at the roads, and the model that drew their sessions if one did.

        A table of stations, or a model, may change without the scenario that names it.
        """
        text = json.dumps([asdict(station) for station in self.plan.stations], sort_keys=True)
        text += self.plan.trips.provenance.get(MODEL_KEY, "")
        return hashlib.sha256(text.encode()).hexdigest()


def stations_of(
    options: ChargingOptions,
    graph: RoadGraph,
    *,
    folder: Path,
    changed: Changed | None = None,
    network: str = "",
    faults: Faults | None = None,
) -> tuple[ChargingStation, ...]:
    """Return the stations of a file or of OSM at the roads, and those that measures have built.

    Parameters
    ----------
    options
        Where stations come from.
    graph
        The roads.

    Other Parameters
    ----------------
    folder
        Where relative paths start.
    changed
        What measures made, with the sites that they have built.
    network
        The scenario's network, whose OSM file is read where `options` says ``osm``.
    faults
        Receives what is wrong instead of an error.

    Raises
    ------
    InputError
        Listing every fault of every station.
    """
    from trafficdiff.datatypes.charging_clock import by_the_clock
    from trafficdiff.datatypes.charging_matching import match_stations
    from trafficdiff.datatypes.station_files import read_stations
    from trafficdiff.datatypes.stations import from_control

    noted = Faults("charging stations") if faults is None else faults
    given: tuple[ChargingStation, ...] = ()
    if options.stations == FROM_OSM:
        given = _from_osm(graph, network, folder)
    elif options.stations is not None:
        given = read_stations(folder / options.stations, faults=noted)
    built = () if changed is None else from_control(changed.control.stations, graph)
    matched = match_stations((*given, *built), graph, faults=noted)
    matched = by_the_clock(matched, tariffs=options.tariffs or (), limits=options.limits or (), faults=noted)
    if faults is None:
        noted.raise_if_any(InputError)
    return matched


def station_file_sha256(scenario: Scenario, folder: Path) -> str | None:
    """Return the SHA-256 of the file of stations that a scenario names; None if it names none, or it is gone."""
    if scenario.charging is None or scenario.charging.stations in {None, FROM_OSM}:
        return None
    path = folder / str(scenario.charging.stations)
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def _from_osm(graph: RoadGraph, network: str, folder: Path) -> tuple[ChargingStation, ...]:
    """Return OSM's stations that stand near a road for cars; the others are told."""
    from trafficdiff.datatypes.charging_matching import match_stations
    from trafficdiff.roads.charging_points import network_charging_points
    from trafficdiff.roads.source import word_from

    found = network_charging_points(word_from(network, folder))
    faults = Faults("charging stations of OSM")
    match_stations(found, graph, faults=faults)
    if not faults:
        return found
    kept = []
    for station in found:
        own = Faults(station.id)
        match_stations((station,), graph, faults=own)
        if own:
            _logger.warning("a charging station of OSM is left out: %s", "; ".join(own.messages))
        else:
            kept.append(station)
    return tuple(kept)


def plan_of(scenario: Scenario, changed: Changed, *, sample: int, folder: Path) -> ChargingPlan:
    """Return where each EV is to charge; everything that is wrong is said before anything is simulated.

    Raises
    ------
    InputError
        As `usable_stations`.
    """
    from trafficdiff.demand.charging_stops import plan_stops, unplanned_stops

    assert scenario.charging is not None  # who calls has looked
    stations = usable_stations(scenario, changed, folder=folder)
    trips, wishes, chance = wishes_of(scenario, changed, sample=sample, stations=stations, folder=folder)
    if scenario.charging.steering == "sumo":
        return unplanned_stops(trips, wishes, stations)
    return plan_stops(trips, wishes, stations, options=scenario.charging, chance=chance)


def usable_stations(scenario: Scenario, changed: Changed, *, folder: Path) -> tuple[ChargingStation, ...]:
    """Return the stations of a scenario with charging, after looking at all that may be wrong.

    Raises
    ------
    ScenarioError
        If the scenario asks for what charging cannot be simulated with, or has no stations.
    InputError
        Listing every fault of stations and batteries at once.
    """
    from trafficdiff.datatypes.charging_demand import note_battery_faults
    from trafficdiff.simulation.charging_run import steered

    options = scenario.charging
    assert options is not None  # who calls has looked
    if scenario.equilibrium is not None:
        raise ScenarioError(
            "expected charging or drivers that learn from day to day (equilibrium), got both: their routes would no "
            "longer pass by the stations; leave equilibrium out, or let drivers look on the road (rerouting_share)"
        )
    steered(scenario.simulation)
    faults = Faults("charging")
    stations = stations_of(
        options, changed.graph, folder=folder, changed=changed, network=scenario.network, faults=faults
    )
    note_battery_faults(changed.trips, faults)
    own = None if options.joining is None or options.demand != "model" else options.joining.checkpoint
    if own is not None and not (folder / own).is_file():
        faults.add(f"charging.joining.checkpoint: expected a trained model of charging, found no file {folder / own}")
    faults.raise_if_any(InputError)
    if not stations:
        raise ScenarioError(
            "expected charging stations, got none; name a file in charging.stations or build some with charging_site"
        )
    return stations


def say_idle_sites(changed: Changed) -> None:
    """Warn of charging sites that nobody will use, because the scenario has no charging on the way."""
    if changed.control.stations and changed.trips.charging_stops is None:
        _logger.warning(
            "nobody drives to the %d charging sites that measures build: give the scenario `charging`",
            len(changed.control.stations),
        )


def wishes_of(
    scenario: Scenario,
    changed: Changed,
    *,
    sample: int,
    stations: Sequence[ChargingStation] | None = None,
    folder: Path | None = None,
) -> tuple[TripSet, ChargingWishes, Chance]:
    """Return the trips with batteries, who of them wants to charge, and the random numbers of charging.

    `stations` are those at hand, for which a model of charging draws sessions; `folder` is where the path of a model
    starts; the declared rule needs neither.

    Raises
    ------
    ScenarioError
        If a model is to say who charges where it is not said at which stations.
    InputError
        If the model is missing or damaged.
    """
    from trafficdiff.demand.charging_start import with_start_charge
    from trafficdiff.demand.charging_wishes import declared_wishes, with_batteries
    from trafficdiff.workflows.charging_wishes import modelled_wishes

    options = scenario.charging
    assert options is not None  # who calls has looked
    chance = Chance.drawn(stream(scenario.seed, "charging", sample=sample))
    trips = with_start_charge(changed.trips, options.start_charge, chance=chance)
    trips = with_batteries(trips, temperature_c=options.temperature_c)
    if options.demand == "threshold":
        wishes = declared_wishes(trips, options=options, chance=chance)
    elif stations is None:
        raise ScenarioError(
            "expected charging.demand threshold, got model: the model draws sessions for stations that are there, and "
            "cannot say who would charge before it is decided where stations will be; leave the line out"
        )
    else:
        trips, wishes = modelled_wishes(scenario, trips, stations, chance=chance, folder=folder)
    if not len(wishes):
        _logger.warning("nobody wants to charge: raise electric_share, or %s", _MORE[options.demand])
    return trips, wishes, chance


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
        changed=replace(changed, control=charging_control(plan, changed.control, charging=scenario.charging)),
        assigned=Assigned(trips=plan.trips, result=traffic, choice="en_route" if reroute else "one_shot"),
        plan=plan,
        result=result,
        station_file_sha256=station_file_sha256(scenario, folder),
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

    ``stations.csv`` (a row a station), ``cars.csv`` (an EV that wanted to charge), ``sessions.csv`` (a stay at a plug),
    ``load.csv`` (a row a minute, a column a station: power from the grid [kW]), and where a model drew sessions,
    ``wishes.csv`` (a session that was drawn, or a driver in need without one).
    """
    import pandas as pd

    from trafficdiff.metrics.charging_stations import station_numbers, station_table
    from trafficdiff.units import with_attributes

    power = charged.result.data["station_power"].transpose("time", "station")
    load = pd.DataFrame(power.to_numpy(), columns=power["station"].to_numpy())
    load.insert(0, "time_s", power["time"].to_numpy())
    stations = station_table(charged.result, charged.plan.stations)
    tables = {
        "stations": stations,
        "cars": charged.result.cars,
        "sessions": charged.result.sessions,
        "load": load,
    }
    if charged.plan.wishes.sessions is not None:
        tables["wishes"] = charged.plan.wishes.sessions
    place = folder / CHARGING
    place.mkdir(parents=True, exist_ok=True)
    written = {}
    for name, table in tables.items():
        path = place / f"{name}.csv"
        table.round(6).to_csv(path, index=False)
        written[f"{CHARGING}/{name}.csv"] = path
    minutes = place / "stations.nc"
    with_attributes(charged.result.data.assign(station_numbers(stations))).to_netcdf(minutes, engine="h5netcdf")
    written[f"{CHARGING}/stations.nc"] = minutes
    return written
