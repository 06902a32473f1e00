"""Draw origins by weight, and destinations by weight and travel time; the core of both baselines.

    P(o) ~ a_o            P(d | o) ~ b_d exp(-beta t_od)   over the edges that can be reached from o

Pairs that cannot be driven have no probability, so as many trips come out as were asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trafficdiff.datatypes.agents import Agents
from trafficdiff.datatypes.vehicles import masks_of
from trafficdiff.demand.departures import sample_departures
from trafficdiff.demand.fleet import assign_fleet
from trafficdiff.demand.paths import origin_blocks
from trafficdiff.demand.places import end_weights, find_places
from trafficdiff.demand.successions import succession_costs
from trafficdiff.errors import TripError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.scenario import GravityDemand, UniformDemand
    from trafficdiff.datatypes.vehicles import VehicleType
    from trafficdiff.demand.places import Places

__all__ = ["destination_times", "sample_agents", "sample_ends"]


def sample_agents(
    graph: RoadGraph,
    *,
    demand: UniformDemand | GravityDemand,
    window_s: tuple[float, float],
    generator: np.random.Generator,
    size: NDArray[np.float64],
    deterrence_per_s: float,
) -> Agents:
    """Return agents whose trip ends follow sizes, fringe and deterrence.

    Parameters
    ----------
    graph
        The roads.
    demand
        Number of trips, profile, vehicle mix, electric share and fringe factor.
    window_s
        Begin and end [s].
    generator
        Source of randomness.
    size
        Shape (E,), weight of each edge before the fringe factor.
    deterrence_per_s
        beta [1/s of free-flow time]; 0 makes all reachable destinations count by their weight alone.

    Raises
    ------
    TripError
        If a vehicle class of the mix has no trip that it could make.
    ScenarioError
        If the window and the profile do not meet.
    """
    count = demand.trips
    depart_s = sample_departures(count, profile=demand.profile, window_s=window_s, generator=generator)
    fleet = assign_fleet(
        count, vehicle_mix=demand.vehicle_mix, electric_share=demand.electric_share, generator=generator
    )
    origin = np.empty(count, np.int32)
    destination = np.empty(count, np.int32)
    masks = masks_of(fleet.vehicle_types, fleet.vehicle_type)
    for mask in np.unique(masks):
        kind = next(kind for kind in fleet.vehicle_types if kind.mask == mask)
        agents = np.flatnonzero(masks == mask)
        origin[agents], destination[agents] = sample_ends(
            graph,
            len(agents),
            kind=kind,
            size=size,
            fringe_factor=demand.fringe_factor,
            deterrence_per_s=deterrence_per_s,
            generator=generator,
        )
    return Agents(
        graph=graph,
        origin=origin,
        destination=destination,
        depart_s=depart_s,
        window_s=window_s,
        vehicle_type=fleet.vehicle_type,
        vehicle_types=fleet.vehicle_types,
        state_of_charge=fleet.state_of_charge,
        battery_kwh=fleet.battery_kwh,
    )


def sample_ends(
    graph: RoadGraph,
    count: int,
    *,
    kind: VehicleType,
    size: NDArray[np.float64],
    fringe_factor: float,
    deterrence_per_s: float,
    generator: np.random.Generator,
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return origin and destination edges of trips, shape (count,) each.

    A trip has at least two edges, and its destination is not the reverse of its origin: drivers do not go out to
    turn round at once. Other short trips are left as deterrence makes them.

    Parameters
    ----------
    graph, count
        The roads, and how many trips.
    kind
        Vehicle type; its class decides where it may drive.
    size
        Shape (E,), weight of each edge before the fringe factor.
    fringe_factor
        Weight of edges where traffic crosses the rim.
    deterrence_per_s
        beta [1/s].
    generator
        Source of randomness.

    Raises
    ------
    TripError
        If the class has no trip that it could make.
    """
    places = find_places(graph, kind)
    origin_weight, weight = end_weights(places, size=size, fringe_factor=fringe_factor)
    costs = succession_costs(graph, mask=kind.mask, edge_time_s=graph.free_flow_time_s)
    if (weight[places.can_end] == 0).any():
        origin_weight = _where_served(costs, places, origin_weight, weight)
    origin = generator.choice(graph.edge_count, size=count, p=origin_weight / origin_weight.sum()).astype(np.int32)
    chance = generator.random(count)
    destination = np.empty(count, np.int32)
    sources, row = np.unique(origin, return_inverse=True)
    order = np.argsort(row, kind="stable")
    for block in origin_blocks(sources, width=2 * graph.edge_count):
        low, high = np.searchsorted(row[order], [block.start, block.stop])
        agents = order[low:high]
        time_s = destination_times(costs, sources[block], places)
        destination[agents] = _draw(time_s, weight, deterrence_per_s, row[agents] - block.start, chance[agents])
    return origin, destination


def destination_times(costs: csr_matrix, origins: NDArray[np.integer[Any]], places: Places) -> NDArray[np.float64]:
    """Return travel times from the end of each origin to the end of every edge [s], shape (O, E).

    Infinite where there is no way, where trips cannot end, on the origin itself and on its reverse.
    """
    from scipy.sparse.csgraph import dijkstra

    time_s = dijkstra(costs, indices=origins)
    rows = np.arange(len(origins))
    time_s[:, ~places.can_end] = np.inf
    time_s[rows, origins] = np.inf
    back = places.reverse[origins]
    time_s[rows[back >= 0], back[back >= 0]] = np.inf
    return np.asarray(time_s)


def _where_served(
    costs: csr_matrix, places: Places, origin_weight: NDArray[np.float64], weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the weights of origins, zero where no destination that weighs anything can be reached."""
    served = np.zeros_like(origin_weight)
    origins = np.flatnonzero(origin_weight)
    for block in origin_blocks(origins, width=2 * len(weight)):
        reached = np.isfinite(destination_times(costs, origins[block], places)) @ (weight > 0)
        served[origins[block]] = origin_weight[origins[block]] * (reached > 0)
    if not served.any():
        raise TripError("expected a way to some destination of positive weight, got none; raise the fringe factor")
    return served


def _draw(
    time_s: NDArray[np.float64],
    weight: NDArray[np.float64],
    deterrence_per_s: float,
    row: NDArray[np.int64],
    chance: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Return one destination for each agent by inverting the distribution of its row."""
    reachable = np.isfinite(time_s) & (weight > 0)
    nearest = np.where(reachable, time_s, np.inf).min(axis=1, keepdims=True)
    above = np.where(reachable, time_s - nearest, 0.0)  # from the nearest on, so that nothing underflows to no choice
    mass = np.where(reachable, weight * np.exp(-deterrence_per_s * above), 0.0)
    cumulative = np.cumsum(mass, axis=1)
    total = cumulative[:, -1:]
    # One sorted array for all rows: row r covers [r, r + 1).
    ladder = (np.arange(len(total))[:, None] + cumulative / total).ravel()
    place = np.searchsorted(ladder, row + chance, side="right") - row * time_s.shape[1]
    last = time_s.shape[1] - 1 - np.argmax((mass > 0)[:, ::-1], axis=1)
    return np.asarray(np.minimum(place, last[row]))
