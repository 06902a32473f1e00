"""Draw the baselines that every demand model is judged beside; all of them know the net, none knows the real trips.

One exception is marked by its name: real OD + shortest path keeps real origins, destinations and departures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from trafficdiff.datatypes.agents import Agents
from trafficdiff.datatypes.scenario import RouteChoice
from trafficdiff.datatypes.selection import take_trips
from trafficdiff.datatypes.vehicles import IGNORING, VehicleType
from trafficdiff.demand.random_trips import random_trips, sample_routes, with_a_way
from trafficdiff.demand.router import route
from trafficdiff.demand.trip_ends import sample_ends

if TYPE_CHECKING:
    from trafficdiff.datatypes.counts import Counts
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.trips import TripSet

__all__ = ["Weights", "evenly", "kind_of", "on_shortest_paths", "random_trips_pool", "routed_to_counts"]

_SPARE: Final = 1.3
"""randomTrips writes pairs without a way between them, too: this much more is asked for at first, then as needed."""
_ROUNDS: Final = 4


class Weights(NamedTuple):
    """Say how a baseline draws trip ends.

    Parameters
    ----------
    by_length
        Whether an edge counts with its length, or once.
    fringe_factor
        Weight of edges at the rim.
    deterrence_per_s
        Exponential deterrence of travel time [1/s].
    """

    by_length: bool = False
    fringe_factor: float = 1.0
    deterrence_per_s: float = 0.0


def kind_of(real: TripSet) -> VehicleType:
    """Return a vehicle type of the class that most real trips have, those that ignore permissions left out."""
    trips = np.bincount(real.vehicle_type, minlength=len(real.vehicle_types))
    by_class: dict[str, int] = {}
    for kind, count in zip(real.vehicle_types, trips, strict=True):
        if kind.vehicle_class != IGNORING:
            by_class[kind.vehicle_class] = by_class.get(kind.vehicle_class, 0) + int(count)
    most = max(by_class, key=by_class.__getitem__, default="passenger")
    return VehicleType("baseline", vehicle_class=most)


def on_shortest_paths(real: TripSet) -> TripSet:
    """Return trips with the same origins, destinations, departures and vehicles, each on its fastest free-flow way."""
    agents = Agents(
        graph=real.graph,
        origin=real.edges[real.offsets[:-1]],
        destination=real.edges[real.offsets[1:] - 1],
        depart_s=real.depart_s,
        window_s=real.window_s,
        vehicle_type=real.vehicle_type,
        vehicle_types=real.vehicle_types,
    )
    return _routed(agents)


def evenly(
    graph: RoadGraph,
    count: int,
    *,
    weights: Weights,
    kind: VehicleType,
    window_s: tuple[float, float],
    generator: np.random.Generator,
) -> TripSet:
    """Return trips on shortest paths whose ends follow weights, departing evenly over the window.

    Raises
    ------
    TripError
        If the vehicle class has no trip that it could make.
    """
    origin, destination = sample_ends(
        graph,
        count,
        kind=kind,
        size=graph.length_m if weights.by_length else np.ones(graph.edge_count),
        fringe_factor=weights.fringe_factor,
        deterrence_per_s=weights.deterrence_per_s,
        generator=generator,
    )
    begin_s, end_s = window_s
    depart_s = np.sort(begin_s + (end_s - begin_s) * generator.random(count))
    agents = Agents(
        graph=graph,
        origin=origin,
        destination=destination,
        depart_s=np.minimum(depart_s, np.nextafter(end_s, begin_s)),
        window_s=window_s,
        vehicle_types=(kind,),
    )
    return _routed(agents)


def random_trips_pool(
    graph: RoadGraph, count: int, *, kind: VehicleType, window_s: tuple[float, float], seed: int
) -> tuple[TripSet, int, int]:
    """Return at least `count` trips of SUMO's randomTrips on shortest paths, how many were asked for, and written.

    Pairs without a way between them are left out, and more are asked for; fewer come only from a net where most
    pairs have none.

    Raises
    ------
    SimulationError
        If the tool fails.
    """
    asked = int(np.ceil(_SPARE * count))
    for _ in range(_ROUNDS):
        agents = random_trips(graph, count=asked, kind=kind, window_s=window_s, seed=seed)
        usable = with_a_way(agents)
        if len(usable) >= count:
            break
        asked = int(np.ceil(_SPARE * asked * count / max(len(usable), asked // 4)))
    return _routed(usable), asked, len(agents)


def routed_to_counts(candidates: TripSet, *, counts: Counts, total: int, seed: int, weighted: bool = False) -> TripSet:
    """Return what SUMO's routeSampler makes of candidate routes and counts; see `sample_routes`.

    Raises
    ------
    SimulationError
        If the tool fails.
    """
    short = take_trips(candidates, np.flatnonzero(candidates.route_lengths > 1))
    return sample_routes(short, counts=counts, total=total, seed=seed, weighted=weighted)


def _routed(agents: Agents) -> TripSet:
    return route(agents, choice=RouteChoice(), generator=np.random.default_rng(0))  # no scatter: nothing is drawn
