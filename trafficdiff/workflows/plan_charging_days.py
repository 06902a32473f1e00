"""Gather what the siting of chargers begins with: today's stations, candidate sites, and who charges on which day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from trafficdiff.errors import InputError
from trafficdiff.publish import scratch
from trafficdiff.workflows.charging import stations_of, wishes_of
from trafficdiff.workflows.measures import apply_measures

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trafficdiff.datatypes.charging_sites import CandidateSite
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.scenario import Scenario
    from trafficdiff.datatypes.stations import ChargingStation
    from trafficdiff.demand.siting_days import SampledDay
    from trafficdiff.workflows.progress import Progress
    from trafficdiff.workflows.supplies import Supplies

__all__ = ["OSM", "Begin", "begin_with", "sampled_days"]

OSM: Final = "osm"
"""Word for candidates from the place's OpenStreetMap extract."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Begin:
    """Hold the roads as the scenario's measures leave them, today's stations and candidate sites at them.

    `built` are the ids of those that measures build: their plugs are the measures', and cannot be added to.
    """

    graph: RoadGraph
    today: tuple[ChargingStation, ...]
    sites: tuple[CandidateSite, ...]
    source: str
    built: frozenset[str] = frozenset()


def begin_with(scenario: Scenario, candidates: str | Path, *, folder: Path, supplies: Supplies) -> Begin:
    """Open the roads and read stations and candidates.

    Raises
    ------
    InputError
        Listing every fault of every station and candidate; or if there is no candidate at all.
    NetworkError
        If the place has no OSM extract to look for candidates in.
    """
    graph = supplies.roads(scenario.network, folder)
    with scratch("siting") as work:
        trips = supplies.trips(scenario, graph, sample=0, folder=folder)
        changed = apply_measures(scenario, graph, trips, sample=0, directory=work)
        assert scenario.charging is not None
        today = stations_of(scenario.charging, changed.graph, folder=folder, changed=changed, network=scenario.network)
        sites, source = _sites(candidates, scenario, changed.graph, folder=folder)
    built = frozenset(site.id for site in changed.control.stations)
    return Begin(graph=changed.graph, today=today, sites=_apart_from(today, sites), source=source, built=built)


def _sites(
    candidates: str | Path, scenario: Scenario, graph: RoadGraph, *, folder: Path
) -> tuple[tuple[CandidateSite, ...], str]:
    from trafficdiff.datatypes.charging_matching import match_stations
    from trafficdiff.datatypes.charging_site_files import read_sites
    from trafficdiff.roads.charging_candidates import charging_candidates

    if str(candidates) == OSM:
        files, attribution = _extract(scenario.network, folder)
        sites, source = charging_candidates(files, graph), attribution or "OpenStreetMap"
    else:
        sites, source = read_sites(Path(candidates)), Path(candidates).name
    if not sites:
        raise InputError(
            f"{candidates}: expected candidate sites, found none that cars can reach; name a file with --candidates"
        )
    placed = match_stations([site.station for site in sites], graph)
    return tuple(replace(site, station=station) for site, station in zip(sites, placed, strict=True)), source


def _extract(network: str, folder: Path) -> tuple[list[Path], str]:
    """Return the OSM files that a network is made from, and whom to name."""
    from trafficdiff.roads.source import find_source, word_from

    source = find_source(word_from(network, folder))
    if source.place is not None:
        return [source.place.checked_path()], source.place.attribution
    if source.kind == "osm":
        return [source.path], ""
    raise InputError(
        f"{network}: expected a place or an OSM file to look for candidates in, got a {source.kind} network; name a "
        "file of candidates (CSV or GeoJSON)"
    )


def _apart_from(today: Iterable[ChargingStation], sites: tuple[CandidateSite, ...]) -> tuple[CandidateSite, ...]:
    """Return the sites, those with the id of a station that is there renamed."""
    taken = {station.id for station in today}
    return tuple(
        replace(site, station=replace(site.station, id=f"new_{site.station.id}")) if site.station.id in taken else site
        for site in sites
    )


def sampled_days(
    scenario: Scenario, samples: Iterable[int], *, folder: Path, supplies: Supplies, progress: Progress
) -> list[SampledDay]:
    """Draw the trips of samples and who of them wants to charge, as a run of the scenario would."""
    from trafficdiff.demand.siting_days import SampledDay

    graph, days = supplies.roads(scenario.network, folder), []
    numbers = list(samples)
    for place, sample in enumerate(numbers):
        progress("drawing days", place / len(numbers))
        trips = supplies.trips(scenario, graph, sample=sample, folder=folder)
        with scratch("siting") as work:
            changed = apply_measures(scenario, graph, trips, sample=sample, directory=work)
            trips, wishes, chance = wishes_of(scenario, changed, sample=sample)
            days.append(SampledDay(trips=trips, wishes=wishes, chance=chance))
    return days
