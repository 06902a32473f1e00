"""Draw origins and destinations evenly over the edges: the baseline that every model must beat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.demand.trip_ends import sample_agents

if TYPE_CHECKING:
    from trafficdiff.datatypes.agents import Agents
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.scenario import UniformDemand

__all__ = ["uniform_agents"]


def uniform_agents(
    graph: RoadGraph, *, demand: UniformDemand, window_s: tuple[float, float], generator: np.random.Generator
) -> Agents:
    """Return agents with trip ends drawn evenly over the edges, edges at the rim counting `fringe_factor` times.

    With a fringe factor of 1 every origin has the same weight, and so has every destination that can be reached
    from it.

    Parameters and errors are those of `trafficdiff.demand.trip_ends.sample_agents`.
    """
    return sample_agents(
        graph,
        demand=demand,
        window_s=window_s,
        generator=generator,
        size=np.ones(graph.edge_count),
        deterrence_per_s=0.0,
    )
