"""Draw charging sessions for the stations at hand from the charging model, and join them to the trips.

Learned: when sessions begin in the week, how long they last, what they take, how many a plug has. Declared: how full
batteries are that come, who charges at home, and what joining a session to a driver costs.
"""

from __future__ import annotations

import logging
import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.part import DAY_S
from trafficdiff.datatypes.session_sites import SURROUNDINGS
from trafficdiff.datatypes.station_sessions import StationSessions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from trafficdiff.datatypes.chance import Chance
    from trafficdiff.datatypes.charging_demand import ChargingWishes
    from trafficdiff.datatypes.scenario import Scenario
    from trafficdiff.datatypes.stations import ChargingStation
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.diffusion.session_checkpoint import SessionCheckpoint
    from trafficdiff.workflows.charging_model import ChargingSite

__all__ = ["MODEL_KEY", "drawn_sessions", "modelled_wishes"]

MODEL_KEY: Final = "charging_model"
"""Where the provenance of trips says which model drew charging sessions for them."""

_WEEK_S: Final = 7 * DAY_S
_SEEDS: Final = 2**31 - 1

_logger = logging.getLogger(__name__)


def modelled_wishes(
    scenario: Scenario,
    trips: TripSet,
    stations: Sequence[ChargingStation],
    *,
    chance: Chance,
    folder: Path | None = None,
) -> tuple[TripSet, ChargingWishes]:
    """Return who wants to charge: sessions drawn for the stations in the window of the scenario, joined to its trips.

    The trips that come with them say in their provenance which model it was.

    Parameters
    ----------
    scenario
        With ``charging``; its date says the day of the week.
    trips
        With batteries.
    stations
        At roads of the trips' graph.

    Other Parameters
    ----------------
    chance
        Random numbers of charging: those of a station belong to its name, so another station changes none of them.
    folder
        Where the path of a model that the scenario names starts (default: the working directory).

    Raises
    ------
    InputError
        If the checkpoint is missing or damaged.
    """
    from trafficdiff.demand.charging_joining import join_counts, join_sessions
    from trafficdiff.demand.joining_costs import joining_of
    from trafficdiff.workflows.charging_model import open_charging_model

    assert scenario.charging is not None  # who calls has looked
    named = joining_of(scenario.charging).checkpoint
    model = open_charging_model(None if named is None else (folder or Path()) / named)
    around = _surroundings(scenario, trips, stations, folder=folder)
    sessions = drawn_sessions(scenario, stations, model=model, chance=chance, surroundings=around)
    wishes = join_sessions(trips, sessions, stations, options=scenario.charging, chance=chance)
    assert wishes.sessions is not None
    counts = join_counts(wishes.sessions)
    _logger.info("charging sessions joined to drivers: %s", ", ".join(f"{n} {name}" for name, n in counts.items()))
    if counts["without_driver"] > counts["held"]:
        _logger.warning(
            "%d of %d charging sessions that the model drew have no driver: there are few electric cars for these "
            "stations; raise electric_share, or lower charging.joining.sessions_a_plug_week",
            counts["without_driver"],
            counts["drawn"],
        )
    said = trips.provenance | {MODEL_KEY: f"{model.card.get('date', 'undated')}, sha256 {model.sha256}"}
    return replace(trips, provenance=said), wishes


def drawn_sessions(
    scenario: Scenario,
    stations: Sequence[ChargingStation],
    *,
    model: SessionCheckpoint,
    chance: Chance,
    surroundings: NDArray[np.float64] | None = None,
) -> StationSessions:
    """Return the sessions that begin at the stations in the window of the scenario, by station and arrival.

    What a network that the model never saw is like is uncertain: all stations of a sample share one answer.

    Parameters
    ----------
    scenario, stations
        When, and where.
    model
        A trained model.
    chance
        Random numbers.
    surroundings
        What is around each station, as `station_surroundings` says it; None for unknown.
    """
    from trafficdiff.diffusion.devices import threads
    from trafficdiff.workflows.charging_model import draw_sessions

    monday_s = scenario.date.weekday() * DAY_S
    begin_s, end_s = monday_s + scenario.window.begin_s, monday_s + scenario.window.end_s
    world = int(chance.uniforms(["world"], "what the network is like")[0] * _SEEDS)
    seeds = chance.uniforms(np.array([station.id for station in stations], object), "sessions of a station") * _SEEDS
    parts = []
    for place, station in enumerate(stations):
        sites = _sites(station, scenario, None if surroundings is None else surroundings[place])
        with threads(1):  # sets are small; and so many threads give the same numbers on every machine
            drawn = draw_sessions(model, sites, begin_s=begin_s, end_s=end_s, seed=int(seeds[place]), world=world)
        # The week has no end: what is drawn after Sunday comes back as Monday.
        arrive_s = scenario.window.begin_s + (drawn.arrive_s - begin_s) % _WEEK_S
        parts.append(
            StationSessions(
                name=np.array([f"{station.id}/{number}" for number in range(len(arrive_s))], object),
                station=np.full(len(arrive_s), place, np.int64),
                arrive_s=arrive_s,
                dwell_s=drawn.dwell_s,
                energy_kwh=drawn.energy_kwh,
                missing_kwh=np.maximum((1 - drawn.state_of_charge) * drawn.battery_kwh, drawn.energy_kwh),
            )
        )
    return StationSessions.joined(parts)


def _surroundings(
    scenario: Scenario, trips: TripSet, stations: Sequence[ChargingStation], *, folder: Path | None
) -> NDArray[np.float64]:
    """Return what is around the stations: on the base's roads, so that a measure there moves nobody's sessions."""
    from trafficdiff.roads.load import network_directory
    from trafficdiff.roads.source import word_from
    from trafficdiff.workflows.station_surroundings import station_surroundings

    directory = network_directory(word_from(scenario.network, folder or Path()))
    return station_surroundings(stations, trips.graph, directory=directory)


def _sites(
    station: ChargingStation, scenario: Scenario, surroundings: NDArray[np.float64] | None
) -> list[ChargingSite]:
    """Return what the model is asked about a station: a site for each kind of its plugs."""
    from trafficdiff.demand.joining_costs import joining_of
    from trafficdiff.workflows.charging_model import ChargingSite

    assert scenario.charging is not None
    rate = joining_of(scenario.charging).sessions_a_plug_week
    around = np.full(len(SURROUNDINGS), np.nan) if surroundings is None else surroundings
    return [
        ChargingSite(
            site_type=station.site_type,
            power_kw=group.power_kw,
            plugs=group.count,
            sessions_a_plug_week=math.nan if rate is None else rate,
            surroundings=around,
        )
        for group in station.plugs
    ]
