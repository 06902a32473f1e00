"""Draw a study's trips from the learned model: from the graph to agents.

::

    RoadGraph ──▶ zones, scene, ways ──────┐
              └─▶ reachability by class ───┼─▶ sampler ──▶ edges, vias ──▶ Agents
    demand ──▶ departures, fleet, day ─────┘
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.agents import Agents
from trafficdiff.datatypes.scene import CLASSES

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.reach import Reach
    from trafficdiff.datatypes.scene import Scene
    from trafficdiff.datatypes.vehicles import VehicleType
    from trafficdiff.datatypes.ways import Ways
    from trafficdiff.demand.fleet import Fleet
    from trafficdiff.diffusion.checkpoint import Checkpoint
    from trafficdiff.diffusion.requests import Drawn, SamplerSettings
    from trafficdiff.roads.zones import Zones

__all__ = ["City", "Travellers", "city_scene", "city_zones", "class_number", "draw_agents", "open_city", "tuned_scene"]

_logger: Final = logging.getLogger(__name__)
_ZONE_SEED: Final = 0
"""Zones belong to the place and not to the study: their seed is fixed."""


@dataclass(frozen=True, eq=False)
class City:
    """Hold what the sampler needs to know of a place, whatever is asked of it.

    Parameters
    ----------
    graph, scene
        The roads, and how the model sees them.
    ways
        Between the crossings of its rim.
    """

    graph: RoadGraph
    scene: Scene
    ways: Ways


@dataclass(frozen=True, eq=False)
class Travellers:
    """Hold who travels when, before anybody knows where. ``A`` travellers.

    Parameters
    ----------
    depart_s
        Shape (A,), sorted departures [s]; None has the model draw them.
    fleet
        Their vehicles.
    window_s
        Begin and end of the departures [s].
    """

    depart_s: NDArray[np.float64] | None
    fleet: Fleet
    window_s: tuple[float, float]


def class_number(kind: VehicleType) -> int:
    """Return the position of a vehicle type's class in `CLASSES`."""
    return CLASSES.index(kind.vehicle_class if kind.vehicle_class in CLASSES else "other")


def open_city(
    graph: RoadGraph, *, pois: gpd.GeoDataFrame | None = None, buildings: gpd.GeoDataFrame | None = None
) -> City:
    """Return the scene of a graph: its zones, and what is known of them, with the ways between the crossings."""
    from trafficdiff.demand.ways import find_ways
    from trafficdiff.roads.scenes import rim_capacity

    scene = city_scene(graph, pois=pois, buildings=buildings)
    enter, leave = rim_capacity(graph)
    ways = find_ways(
        graph, edge_index=scene.edge_index, edge_offsets=scene.edge_offsets, enters=enter > 0, leaves=leave > 0
    )
    return City(graph, scene, ways)


def city_scene(
    graph: RoadGraph, *, pois: gpd.GeoDataFrame | None = None, buildings: gpd.GeoDataFrame | None = None
) -> Scene:
    """Return what the model sees of a graph."""
    from trafficdiff.roads.scenes import make_scene
    from trafficdiff.roads.zones import make_zones

    zones = make_zones(graph, generator=np.random.default_rng(_ZONE_SEED))
    name = graph.name or graph.net_path.name
    return make_scene(
        graph, zones=zones, name=name, place=name, source="calibrated", licence="", pois=pois, buildings=buildings
    )


def city_zones(graph: RoadGraph) -> Zones:
    """Return the zones that `open_city` sees of a graph, always the same."""
    from trafficdiff.roads.zones import make_zones

    return make_zones(graph, generator=np.random.default_rng(_ZONE_SEED))


def tuned_scene(city: City, checkpoint: Checkpoint) -> Scene:
    """Return the scene of a city with what a tuned model knows of it; a model tuned to another place knows nothing."""
    from trafficdiff.datatypes.local_factors import place_digest

    scene = city.scene
    if checkpoint.local is None:
        return scene
    tuned = checkpoint.card.get("tuned", {})
    own = place_digest(city.graph, edge_index=scene.edge_index, edge_offsets=scene.edge_offsets)
    if tuned.get("place") != own:
        _logger.warning(
            "the model was tuned to the trips of %s, whose streets are not those of %s; trips are drawn as by a model "
            "that was never tuned",
            tuned.get("network", "another net"),
            scene.name,
        )
        return scene
    return replace(scene, local=checkpoint.local)


def draw_agents(
    city: City,
    checkpoint: Checkpoint,
    travellers: Travellers,
    *,
    generator: np.random.Generator,
    settings: SamplerSettings | None = None,
    fringe_shares: tuple[float, float] | None = None,
) -> Agents:
    """Return agents whose places the model drew, as many as there are travellers.

    Parameters
    ----------
    city, checkpoint
        The place and the model.
    travellers
        Who travels when.
    generator
        Source of randomness.

    Other Parameters
    ----------------
    settings, fringe_shares
        How sets are drawn; shares of trips that begin and end at the rim, to be met.

    Raises
    ------
    TripError
        If a vehicle class has no trip that it could make.
    """
    from trafficdiff.demand.decoding import place_vias
    from trafficdiff.diffusion.batch import conditions_of
    from trafficdiff.diffusion.requests import Request, SamplerSettings
    from trafficdiff.diffusion.sampler import draw_places

    fleet, (begin_s, end_s) = travellers.fleet, travellers.window_s
    count = len(fleet.vehicle_type)
    numbers = np.array([class_number(kind) for kind in fleet.vehicle_types], np.int64)
    scene = _at(tuned_scene(city, checkpoint), travellers.window_s)
    reach = _reach(city, fleet)
    drawn = draw_places(
        checkpoint.members,
        scene,
        Request(vehicle_class=numbers[fleet.vehicle_type], departure_bin=_bins(travellers), rim_shares=fringe_shares),
        conditions=conditions_of(
            scene, trips_per_hour=count / ((end_s - begin_s) / 3_600), fringe_shares=fringe_shares
        ),
        scaling=checkpoint.scaling,
        reach=reach,
        seed=int(generator.integers(2**62)),
        settings=settings,
        ways=city.ways,
    )
    agents, via_zone = _agents(city, travellers, drawn, generator)
    by_type = [reach[int(number)] for number in numbers]
    decoded = place_vias(
        agents, via_zone, scene=city.scene, reach=by_type, detour=(settings or SamplerSettings()).detour
    )
    if decoded.dropped:
        _logger.info("dropped %d of %d vias that no fit way leads over", decoded.dropped, int((via_zone >= 0).sum()))
    return decoded.agents


def _bins(travellers: Travellers) -> NDArray[np.int64]:
    """Return the part of the window in which each departs, shape (A,); -1 where the model says when."""
    from trafficdiff.diffusion.denoiser import DEPARTURE_BINS

    if travellers.depart_s is None:
        return np.full(len(travellers.fleet.vehicle_type), -1, np.int64)
    begin_s, end_s = travellers.window_s
    share = (travellers.depart_s - begin_s) / (end_s - begin_s)
    return np.asarray((share * DEPARTURE_BINS).astype(np.int64).clip(0, DEPARTURE_BINS - 1))


def _reach(city: City, fleet: Fleet) -> Mapping[int, Reach]:
    from trafficdiff.demand.reachability import find_reach

    kinds = {class_number(kind): kind for kind in fleet.vehicle_types}
    return {
        number: find_reach(city.graph, kind, edge_index=city.scene.edge_index) for number, kind in sorted(kinds.items())
    }


def _at(scene: Scene, window_s: tuple[float, float]) -> Scene:
    return replace(scene, window_s=window_s)


def _agents(
    city: City, travellers: Travellers, drawn: Drawn, generator: np.random.Generator
) -> tuple[Agents, NDArray[np.int64]]:
    """Return agents in order of departure, and the zones that they shall pass, -1 for none."""
    from trafficdiff.diffusion.denoiser import DEPARTURE_BINS

    begin_s, end_s = travellers.window_s
    depart_s = travellers.depart_s
    if depart_s is None:
        share = (drawn.slots[:, 3] + generator.random(len(drawn.slots))) / DEPARTURE_BINS
        depart_s = np.clip(np.floor((begin_s + share * (end_s - begin_s)) * 100) / 100, begin_s, np.nextafter(end_s, 0))
    order = np.argsort(depart_s, kind="stable")
    fleet = travellers.fleet
    edge = city.scene.edge_index
    agents = Agents(
        graph=city.graph,
        origin=edge[drawn.origin_edge][order].astype(np.int32),
        destination=edge[drawn.destination_edge][order].astype(np.int32),
        depart_s=depart_s[order],
        window_s=travellers.window_s,
        vehicle_type=fleet.vehicle_type[order],
        vehicle_types=fleet.vehicle_types,
        state_of_charge=fleet.state_of_charge[order],
        battery_kwh=fleet.battery_kwh[order],
    )
    return agents, drawn.slots[order, 2]
