"""SUMO's own trip tools on the grid."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests import towns
from trafficdiff.datatypes.agents import Agents
from trafficdiff.datatypes.counts import Counts
from trafficdiff.datatypes.scenario import RouteChoice
from trafficdiff.datatypes.vehicles import VEHICLE_TYPES
from trafficdiff.demand.places import find_places
from trafficdiff.demand.random_trips import random_trips, sample_routes, with_a_way
from trafficdiff.demand.router import route
from trafficdiff.errors import SimulationError

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph

CAR = VEHICLE_TYPES["car"]


@pytest.mark.slow
@pytest.mark.sumo
def test_the_tool_draws_more_at_the_fringe_and_repeats_itself(grid_graph: RoadGraph) -> None:
    options = {"count": 400, "kind": CAR, "window_s": (100.0, 500.0), "seed": 5}
    evenly = random_trips(grid_graph, fringe_factor=1.0, **options)
    fringe, again = (random_trips(grid_graph, fringe_factor=50.0, **options) for _ in range(2))
    assert len(fringe) == 400
    assert (fringe.depart_s >= 100.0).all()
    assert (fringe.depart_s < 500.0).all()
    assert (fringe.origin == again.origin).all()
    enters = find_places(grid_graph, CAR).enters
    assert enters[fringe.origin].mean() > 0.8 > 0.5 > enters[evenly.origin].mean()


@pytest.mark.sumo
def test_route_sampler_meets_a_count(grid_graph: RoadGraph) -> None:
    agents = with_a_way(random_trips(grid_graph, count=300, kind=CAR, window_s=(0.0, 600.0), seed=2))
    candidates = route(agents, choice=RouteChoice(), generator=np.random.default_rng(0))
    flow = np.bincount(candidates.edges, minlength=grid_graph.edge_count)
    edge = int(np.argmax(flow))
    counts = Counts(
        graph=grid_graph, edge=np.array([edge], np.int32), begin_s=np.zeros(1), end_s=np.array([600.0]),
        count=np.array([37.0]),
    )  # fmt: skip
    fitted = sample_routes(candidates, counts=counts, total=37, seed=1)
    assert len(fitted) == 37
    assert np.bincount(fitted.edges, minlength=grid_graph.edge_count)[edge] == 37


@pytest.mark.sumo
def test_a_net_that_is_gone_is_an_error_that_says_what_the_tool_said(grid_graph: RoadGraph, tmp_path: Path) -> None:
    gone = replace(grid_graph, net_path=tmp_path / "gone.net.xml")
    with pytest.raises(SimulationError, match="randomTrips"):
        random_trips(gone, count=3, kind=CAR, window_s=(0.0, 10.0), seed=1)


def test_pairs_without_a_way_are_left_out() -> None:
    graph = towns.make_town({"A": (0, 0), "B": (100, 0), "C": (200, 0)}, [("A", "B"), ("B", "C")])
    there, back = graph.edge_index["A-B"], graph.edge_index["B-C"]
    agents = Agents(
        graph=graph, origin=np.array([there, back], np.int32), destination=np.array([back, there], np.int32),
        depart_s=np.array([1.0, 2.0]), window_s=(0.0, 5.0),
    )  # fmt: skip
    kept = with_a_way(agents)
    assert kept.depart_s.tolist() == [1.0]
