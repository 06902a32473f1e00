"""Turn the demand of a scenario into trips with routes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from trafficdiff.datatypes.scenario import FileDemand, GravityDemand, UniformDemand
from trafficdiff.demand.gravity import DETERRENCE_PER_S, gravity_agents
from trafficdiff.demand.router import route
from trafficdiff.demand.uniform import uniform_agents

if TYPE_CHECKING:
    import numpy as np

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.trips import TripSet

__all__ = ["generate"]


def generate(
    graph: RoadGraph,
    demand: UniformDemand | GravityDemand | FileDemand,
    *,
    window_s: tuple[float, float],
    generator: np.random.Generator,
    seed: int | None = None,
    folder: Path = Path(),
) -> TripSet:
    """Return as many trips as the demand asks for, each with a route, or the trips of its file.

    Parameters
    ----------
    graph, demand
        The roads, and what is asked for.
    window_s
        Begin and end of the departures [s].
    generator
        Source of randomness.

    Other Parameters
    ----------------
    seed
        The seed that the generator came from, to be written beside the trips.
    folder
        Where the paths of a file demand start.

    Raises
    ------
    TripError
        If a vehicle class of the mix has no trip that it could make, or the file cannot be used.
    ScenarioError
        If the window and the profile do not meet.
    """
    match demand:
        case UniformDemand():
            agents = uniform_agents(graph, demand=demand, window_s=window_s, generator=generator)
        case GravityDemand():
            agents = gravity_agents(graph, demand=demand, window_s=window_s, generator=generator)
        case FileDemand():
            from trafficdiff.datatypes.trip_files import read_trips

            return read_trips(
                folder / demand.path,
                graph,
                window_s=window_s,
                type_files=[folder / file for file in demand.type_files],
                only_inside_window=demand.only_inside_window,
            )
        case _:
            assert_never(demand)
    provenance = _provenance(demand, graph, window_s=window_s, seed=seed)
    return route(agents, choice=demand.route_choice, generator=generator, provenance=provenance)


def _provenance(
    demand: UniformDemand | GravityDemand, graph: RoadGraph, *, window_s: tuple[float, float], seed: int | None
) -> dict[str, str]:
    """Say that the trips are synthetic, and what they were made from."""
    parameters = demand.model_dump(mode="json")
    if isinstance(demand, GravityDemand) and demand.deterrence_per_s is None:
        parameters["deterrence_per_s"] = DETERRENCE_PER_S
    return {
        "synthetic": f"yes: made by the baseline {demand.kind!r}, observed nowhere",
        "model": demand.kind,
        "parameters": json.dumps(parameters, sort_keys=True),
        "window_s": f"{window_s[0]!r} {window_s[1]!r}",
        "seed": "not given" if seed is None else str(seed),
        "network": graph.name or graph.net_path.name,
    }
