"""Give agents routes: from origin over the vias to the destination, on the graph of edges.

Because the search runs on `successions`, every route connects and is legal for its vehicle class by construction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.trips import TripSet
from trafficdiff.datatypes.vehicles import masks_of
from trafficdiff.demand.fastest import fastest_paths
from trafficdiff.demand.legs import join_legs, leg_ends
from trafficdiff.errors import Faults, TripError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from trafficdiff.datatypes.agents import Agents
    from trafficdiff.datatypes.scenario import RouteChoice
    from trafficdiff.demand.paths import Paths

__all__ = ["perceived_times", "route"]

_SHOWN: Final = 10


def route(
    agents: Agents,
    *,
    choice: RouteChoice,
    generator: np.random.Generator,
    edge_time_s: NDArray[np.float64] | None = None,
    provenance: Mapping[str, str] | None = None,
) -> TripSet:
    """Return the trips of agents, each on the route that is shortest in time as its driver perceives it.

    Trips keep the agents' order and are named by it: ``"0"``, ``"1"``, ... Turning round happens only where the
    net has the turn.

    Parameters
    ----------
    agents
        Where they go, over which vias, when, in what.
    choice
        Scatter of perceived link times; see `perceived_times`.
    generator
        Source of randomness; used only where the scatter is not zero.

    Other Parameters
    ----------------
    edge_time_s
        Shape (E,), time to traverse each edge [s]; left out, free-flow time.
    provenance
        How the trips came to be.

    Raises
    ------
    TripError
        If an edge time is not positive and finite, or naming the pairs of edges between which there is no way.
    """
    graph = agents.graph
    times_s = graph.free_flow_time_s if edge_time_s is None else edge_time_s
    if times_s.shape != (graph.edge_count,) or not (np.isfinite(times_s) & (times_s > 0)).all():
        raise TripError(f"expected {graph.edge_count} finite positive edge times [s], got others; mend the edge times")
    perception = np.zeros(len(agents), np.int64)
    if choice.spread > 0:
        perception = generator.integers(choice.draws, size=len(agents))
    perceived = perceived_times(times_s, choice=choice, generator=generator)
    ends, agent = leg_ends((agents.origin, agents.destination), agents.via_offsets, agents.via_edges)
    mask = masks_of(agents.vehicle_types, agents.vehicle_type)[agent]
    legs = fastest_paths(graph, ends, mask=mask, time_s=perceived, row=perception[agent])
    _refuse_unreachable(agents, agent, *ends, legs)
    routes = join_legs(legs, agent, count=len(agents))
    return TripSet(
        graph=graph,
        trip_id=np.arange(len(agents)).astype(str).astype(object),
        depart_s=agents.depart_s,
        window_s=agents.window_s,
        offsets=routes.offsets,
        edges=routes.edges,
        vehicle_type=agents.vehicle_type,
        vehicle_types=agents.vehicle_types,
        state_of_charge=agents.state_of_charge,
        battery_kwh=agents.battery_kwh,
        provenance=dict(provenance or {}),
    )


def perceived_times(
    edge_time_s: NDArray[np.float64], *, choice: RouteChoice, generator: np.random.Generator
) -> NDArray[np.float64]:
    """Return link times as drivers perceive them [s], shape (draws, E), or (1, E) without scatter.

    Each perception multiplies every link's time by an independent gamma variate of mean 1 and standard deviation
    `choice.spread`. Drivers share a limited number of perceptions, so that the search still serves all who start
    on one edge at once.

    Notes
    -----
    Route choice by simulated perception of link times: Daganzo and Sheffi (1977), "On stochastic models of
    traffic assignment", Transportation Science 11(3), with normal errors. The gamma law keeps times positive, as
    in Nielsen (2000), "A stochastic transit assignment model considering differences in passengers utility
    functions", Transportation Research B 34(5). The scatter is declared, not learned.
    """
    if choice.spread == 0:
        return edge_time_s[None]
    shape = choice.spread**-2
    # Drawn edge by edge, so that edges added at the end of a net leave the others' perceptions as they were.
    factors = generator.gamma(shape, 1 / shape, size=(len(edge_time_s), choice.draws)).T
    return np.asarray(edge_time_s * np.maximum(factors, 1e-6))


def _refuse_unreachable(
    agents: Agents, agent: NDArray[np.int64], first: NDArray[np.int32], last: NDArray[np.int32], legs: Paths
) -> None:
    lost = np.flatnonzero(legs.lengths == 0)
    if not len(lost):
        return
    names = agents.graph.edge_id
    faults = Faults(f"routing {len(agents)} agents")
    for leg in lost[:_SHOWN]:
        kind = agents.vehicle_types[agents.vehicle_type[agent[leg]]]
        faults.add(
            f"agent {agent[leg]}: expected a way from edge {names[first[leg]]!r} to edge {names[last[leg]]!r} for "
            f"vehicle class {kind.vehicle_class!r}, got none; choose edges that are connected for that class"
        )
    if len(lost) > _SHOWN:
        faults.add(f"and {len(lost) - _SHOWN} more pairs without a way")
    faults.raise_if_any(TripError)
