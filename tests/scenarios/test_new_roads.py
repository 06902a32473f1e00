"""A new road carries traffic and shortens the way; what cannot be built is refused with all reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.scenarios.conftest import flow, stream_of
from trafficdiff.datatypes.road_measures import NewRoad
from trafficdiff.errors import ScenarioError
from trafficdiff.roads.patching import apply_patch
from trafficdiff.scenarios.doors import road_edits

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.lanes import Lanes
    from trafficdiff.datatypes.result import SimulationResult

    Drive = Callable[..., SimulationResult]

LONG = ["left1A1", "A1B1", "B1B2", "B2C2", "C2C3", "C3D3", "D3top3"]
SHORT = ["left1A1", "A1B1", "shortcut", "D3top3"]


@pytest.mark.sumo
def test_a_new_road_carries_flow_and_shortens_the_way(
    grid_graph: RoadGraph, grid_lanes: Lanes, drive: Drive, tmp_path: Path
):
    measure = NewRoad(id="shortcut", start="B1", end="D3", speed_kmh=80, both_ways=False)
    edit = road_edits(measure, grid_graph, lanes=grid_lanes)
    assert edit.effect.summary.endswith("80 km/h; signals with a new plan: B1, D3")
    roads = apply_patch(grid_graph, edit.patch, directory=tmp_path)
    assert set(roads.edge_id) - set(grid_graph.edge_id) == {"shortcut"}
    trips = stream_of(roads, [LONG, SHORT], every_s=20, end_s=400)
    result = drive(roads, trips, name="both")
    assert flow(result, "shortcut").sum() == len(trips) / 2
    assert result.counts.arrived == len(trips)
    duration_s = result.trips.sort_values("depart_s")["duration_s"].to_numpy()
    assert duration_s[1::2].mean() < 0.8 * duration_s[::2].mean()


@pytest.mark.sumo
def test_the_way_back_runs_through_the_same_points(grid_graph: RoadGraph, grid_lanes: Lanes, tmp_path: Path):
    inner = grid_graph.to_lonlat(np.array([[400.0, 250.0]]))[0]
    ends = grid_graph.to_lonlat(grid_graph.node_xy[[0, -1]])
    measure = NewRoad(id="new", start=tuple(ends[0]), end=tuple(ends[1]), through=(tuple(inner),), lanes=2)
    edit = road_edits(measure, grid_graph, lanes=grid_lanes)
    roads = apply_patch(grid_graph, edit.patch, directory=tmp_path)
    there, back = (roads.edge_index[name] for name in ("new", "-new"))
    assert roads.from_node[there] == roads.to_node[back]
    assert roads.to_node[there] == roads.from_node[back]
    for edge in (there, back):
        shape = roads.shape_xy[roads.shape_offsets[edge] : roads.shape_offsets[edge + 1]]
        assert np.linalg.norm(shape - [400.0, 250.0], axis=1).min() < 10
        assert roads.lanes[edge] == 2


def test_all_that_is_wrong_with_a_road_is_told_at_once(square_town: RoadGraph):
    measure = NewRoad(id="A-B", start="A", end=(10.0, 50.0), road_class="primry")
    with pytest.raises(ScenarioError) as caught:
        road_edits(measure, square_town, lanes=None)
    for word in ("'A-B'", "did you mean 'primary'", "within 500 m"):
        assert word in str(caught.value)
    with pytest.raises(ScenarioError, match="as both ends"):
        road_edits(NewRoad(id="new", start="A", end="A"), square_town, lanes=None)
    with pytest.raises(ScenarioError, match="junction's id or a point"):
        road_edits(NewRoad(id="new", start="A", end="Z"), square_town, lanes=None)
