"""Turn model demand into trips with routes: the learned counterpart of `trafficdiff.demand.generate`.

::

    ModelDemand ─┬─ departures, fleet ────┐
                 ├─ checkpoint ───────────┼─▶ Agents ──router──▶ TripSet
    RoadGraph ───┴─ scene, surroundings ──┘
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from trafficdiff.errors import ScenarioError
from trafficdiff.resources import bundled
from trafficdiff.workflows.model_demand import City, Travellers, draw_agents, open_city
from trafficdiff.workflows.training_range import PROVENANCE, say_if_far, standing_in

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.scenario import ModelDemand
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.datatypes.vehicles import VehicleType
    from trafficdiff.diffusion.checkpoint import Checkpoint

__all__ = [
    "SHIPPED",
    "city_of",
    "describe_checkpoint",
    "model_trips",
    "open_checkpoint",
    "surroundings_in",
    "surroundings_of",
    "trips_of_one_kind",
]

SHIPPED: Final = "data/demand_model.safetensors"
"""The checkpoint that travels with the package."""

_LEAST_JOINED: Final = 0.9
"""Share of the edges of a foreign net that must find a way in the OSM file beside it for the file to know its places:
beyond a file's rim there are streets without shops, which the model would take for a town without shops."""
_DIGITS: Final = 16


def open_checkpoint(path: Path | None = None) -> Checkpoint:
    """Open a trained model; the shipped one if no path is given.

    Raises
    ------
    InputError
        If it is missing, no safetensors, damaged, or has weights that are not finite.
    """
    from trafficdiff.diffusion.checkpoint import read_checkpoint

    return read_checkpoint(bundled(SHIPPED) if path is None else path)


def describe_checkpoint(path: Path | None = None) -> str:
    """Return on one line which model it is: hash of its weights, size, and how long it was trained.

    Errors are those of `open_checkpoint`.
    """
    file = bundled(SHIPPED) if path is None else path
    checkpoint = open_checkpoint(file)
    card = checkpoint.card
    facts = [checkpoint.sha256[:_DIGITS], f"{file.stat().st_size / 1e6:.1f} MB"]
    if "steps" in card:
        facts.append(f"{card['steps']:,} steps")
    if "cpu_minutes" in card:
        facts.append(f"{card['cpu_minutes']:.0f} CPU minutes")
    if "date" in card:
        facts.append(f"trained {card['date']}")
    if "tuned" in card:
        facts.append(f"tuned to {card['tuned']['trips']:,} trips of {card['tuned']['network']}")
    return ", ".join(facts)


def city_of(graph: RoadGraph) -> City:
    """Return what the model sees of a graph, with the places around its roads where they are known."""
    pois, buildings = surroundings_of(graph)
    return open_city(graph, pois=pois, buildings=buildings)


def surroundings_of(graph: RoadGraph) -> tuple[gpd.GeoDataFrame | None, gpd.GeoDataFrame | None]:
    """Return points of interest and buildings that the graph's built directory holds.

    None and None for a bare net, and for a net whose streets the OSM file beside it did not cover.
    """
    return surroundings_in(graph.net_path.parent)


def surroundings_in(folder: Path) -> tuple[gpd.GeoDataFrame | None, gpd.GeoDataFrame | None]:
    """Return points of interest and buildings of a built directory, as `surroundings_of`."""
    import geopandas as gpd

    from trafficdiff.roads.build import BUILDINGS_FILE, POIS_FILE
    from trafficdiff.roads.source import BUILD_FILE, read_build_record

    pois, buildings = folder / POIS_FILE, folder / BUILDINGS_FILE
    if not all(path.exists() for path in (folder / BUILD_FILE, pois, buildings)):
        return None, None
    record = read_build_record(folder)
    if "extracted" not in record and 1 - record.get("joined_share", {}).get("none", 1) < _LEAST_JOINED:
        return None, None
    return gpd.read_parquet(pois), gpd.read_parquet(buildings)


def model_trips(
    graph: RoadGraph,
    demand: ModelDemand,
    *,
    window_s: tuple[float, float],
    generator: np.random.Generator,
    seed: int | None = None,
    folder: Path = Path(),
) -> TripSet:
    """Return as many trips as the demand asks for, drawn by the model, each with a route.

    Parameters
    ----------
    graph, demand
        The roads, and what is asked for.
    window_s
        Begin and end of the departures [s].
    generator
        Source of randomness; the model has a stream of its own, so that studies of more or fewer trips, or of other
        vehicles, have their day in common.

    Other Parameters
    ----------------
    seed
        The seed that the generator came from, to be written beside the trips.
    folder
        Where the checkpoint's path starts.

    Raises
    ------
    InputError
        If the checkpoint cannot be used.
    TripError
        If a vehicle class of the mix has no trip that it could make.
    ScenarioError
        If the window ends before it begins, or does not meet the profile.
    """
    from trafficdiff.demand.router import route
    from trafficdiff.diffusion.requests import SamplerSettings

    travelling, drawing, routing = generator.spawn(3)  # one day whatever the number of trips
    travellers = _travellers(graph, demand, window_s=window_s, generator=travelling)
    file = None if demand.checkpoint is None else folder / demand.checkpoint
    checkpoint = open_checkpoint(file)
    city = city_of(graph)
    standing = standing_in(city.scene, checkpoint=file, sha256=checkpoint.sha256)
    say_if_far(standing)
    agents = draw_agents(
        city,
        checkpoint,
        travellers,
        generator=drawing,
        settings=SamplerSettings(
            steps=demand.steps, guidance=demand.guidance, prior_share=demand.prior_share, one_day=demand.one_day
        ),
        fringe_shares=None if demand.fringe_share is None else (demand.fringe_share, demand.fringe_share),
    )
    provenance = _provenance(demand, checkpoint, graph, window_s=window_s, seed=seed)
    if standing is not None:
        provenance[PROVENANCE] = standing.model_dump_json()
    return route(agents, choice=demand.route_choice, generator=routing, provenance=provenance)


def trips_of_one_kind(
    city: City,
    checkpoint: Checkpoint,
    count: int,
    *,
    kind: VehicleType,
    window_s: tuple[float, float],
    generator: np.random.Generator,
) -> TripSet:
    """Return trips of one vehicle type and one day on shortest paths, departing evenly over the window.

    Raises
    ------
    TripError
        If the vehicle class has no trip that it could make.
    """
    import numpy as np

    from trafficdiff.datatypes.scenario import RouteChoice
    from trafficdiff.demand.departures import sample_departures
    from trafficdiff.demand.fleet import Fleet
    from trafficdiff.demand.router import route

    nothing = np.full(count, np.nan)
    fleet = Fleet((kind,), np.zeros(count, np.int32), nothing, nothing)
    depart_s = sample_departures(count, profile="flat", window_s=window_s, generator=generator)
    agents = draw_agents(city, checkpoint, Travellers(depart_s, fleet, window_s), generator=generator)
    return route(agents, choice=RouteChoice(), generator=generator)


def _travellers(
    graph: RoadGraph, demand: ModelDemand, *, window_s: tuple[float, float], generator: np.random.Generator
) -> Travellers:
    """Return who travels when; vehicle classes that cannot drive anywhere are refused before the model is opened."""
    from trafficdiff.demand.departures import sample_departures
    from trafficdiff.demand.fleet import assign_fleet
    from trafficdiff.demand.places import find_places

    begin_s, end_s = window_s
    if not end_s > begin_s:
        raise ScenarioError(f"expected a window that ends after it begins, got {begin_s:g} to {end_s:g} s; widen it")
    depart_s = None
    if demand.profile != "learned":
        depart_s = sample_departures(demand.trips, profile=demand.profile, window_s=window_s, generator=generator)
    fleet = assign_fleet(
        demand.trips, vehicle_mix=demand.vehicle_mix, electric_share=demand.electric_share, generator=generator
    )
    for kind in {kind.mask: kind for kind in fleet.vehicle_types}.values():
        find_places(graph, kind)
    return Travellers(depart_s, fleet, window_s)


def _provenance(
    demand: ModelDemand,
    checkpoint: Checkpoint,
    graph: RoadGraph,
    *,
    window_s: tuple[float, float],
    seed: int | None,
) -> dict[str, str]:
    """Say that the trips are synthetic, and what they were made from."""
    parameters = demand.model_dump(mode="json") | {"checkpoint_sha256": checkpoint.sha256}
    name = f"learned demand model {checkpoint.sha256[:_DIGITS]}"
    return {
        "synthetic": f"yes: drawn by the {name}, observed nowhere",
        "model": name,
        "data": _learned_from(checkpoint.card),
        "checkpoint_sha256": checkpoint.sha256,
        "parameters": json.dumps(parameters, sort_keys=True),
        "window_s": f"{window_s[0]!r} {window_s[1]!r}",
        "seed": "not given" if seed is None else str(seed),
        "network": graph.name or graph.net_path.name,
    }


def _learned_from(card: dict[str, Any]) -> str:
    """Return in words what the model was trained on, as its card says."""
    sources = card.get("corpus", {}).get("sources", {})
    parts = [
        f"{numbers['scenes']} {source} scenes of {numbers['places']} places" for source, numbers in sources.items()
    ] or ["not stated by the model's card"]
    if tuned := card.get("tuned"):
        private = tuned.get("privacy")
        said = f" with differential privacy, epsilon {private['epsilon']:.3g}" if private else ""
        parts.append(f"tuned to {tuned['trips']} trips of {tuned['network']}{said}")
    return "; ".join(parts)
