"""Speed limits: the present one changes nothing at all, a lower one slows, one by the clock only then."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from tests.scenarios.conftest import stream_of
from tests.simulation.conftest import wandering_trips
from trafficdiff.datatypes.edge_choice import EdgeChoice
from trafficdiff.datatypes.part import Period
from trafficdiff.datatypes.road_measures import SpeedLimit
from trafficdiff.errors import ScenarioError
from trafficdiff.roads.patching import PATCHED_NET, apply_patch
from trafficdiff.scenarios.doors import road_edits
from trafficdiff.simulation.result_hash import result_hash

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.lanes import Lanes

EVERYWHERE = EdgeChoice(box=(-180, -90, 180, 90))
STREET = EdgeChoice(edges=("A1B1", "B1C1", "C1D1"))
ROUTE = ["left1A1", "A1B1", "B1C1", "C1D1", "D1right1"]

Drive = "Callable[..., SimulationResult]"


@pytest.mark.sumo
@pytest.mark.parametrize("speed_kmh", [50.0, 13.89 * 3.6])
def test_a_limit_at_its_present_value_changes_nothing_at_all(
    grid_graph: RoadGraph, grid_lanes: Lanes, drive: Drive, tmp_path: Path, speed_kmh: float
):
    edit = road_edits(SpeedLimit(where=EVERYWHERE, speed_kmh=speed_kmh), grid_graph, lanes=grid_lanes)
    assert edit.patch.speed_ms.keys() == set(grid_graph.edge_id.tolist())
    same = apply_patch(grid_graph, edit.patch, directory=tmp_path)
    assert gzip.decompress((tmp_path / PATCHED_NET).read_bytes()) == grid_graph.net_path.read_bytes()
    trips = wandering_trips(grid_graph, 60, end_s=300.0)
    base = drive(grid_graph, trips, name="base")
    assert result_hash(drive(same, trips, name="same")) == result_hash(base)


@pytest.mark.sumo
def test_a_limit_at_its_present_value_for_a_while_changes_nothing_at_all(
    grid_graph: RoadGraph, grid_lanes: Lanes, drive: Drive
):
    measure = SpeedLimit(where=EVERYWHERE, speed_kmh=50, during=Period(begin_s=60, end_s=240))
    control = road_edits(measure, grid_graph, lanes=grid_lanes).control
    trips = wandering_trips(grid_graph, 60, end_s=300.0)
    base = drive(grid_graph, trips, name="base")
    assert result_hash(drive(grid_graph, trips, control=control, name="same")) == result_hash(base)


@pytest.mark.sumo
def test_a_lower_limit_is_kept_on_the_road_and_across_junctions(
    grid_graph: RoadGraph, grid_lanes: Lanes, drive: Drive, tmp_path: Path
):
    edit = road_edits(SpeedLimit(where=EVERYWHERE, speed_kmh=30), grid_graph, lanes=grid_lanes)
    slow = apply_patch(grid_graph, edit.patch, directory=tmp_path)
    assert slow.speed_limit_ms == pytest.approx(30 / 3.6, abs=0.005)
    trips = stream_of(slow, [ROUTE], every_s=60, end_s=300)
    result = drive(slow, trips, tracks=True, name="slow")
    import pandas as pd

    tracks = pd.read_parquet(tmp_path / "slow" / "tracks.parquet")
    speed = tracks[next(column for column in tracks if column.endswith("speed"))]
    assert result.counts.arrived == len(trips)
    assert (
        speed.max() <= 30 / 3.6 * 1.2 + 0.1
    )  # the default speed factor is normal about 1 with deviation 0.1, cut at 1.2


@pytest.mark.sumo
def test_a_lower_limit_for_a_while_slows_only_then(grid_graph: RoadGraph, grid_lanes: Lanes, drive: Drive):
    measure = SpeedLimit(where=STREET, speed_kmh=10, during=Period(begin_s=300, end_s=600))
    control = road_edits(measure, grid_graph, lanes=grid_lanes).control
    trips = stream_of(grid_graph, [ROUTE], every_s=30, end_s=1200)
    base, limited = drive(grid_graph, trips, name="base"), drive(grid_graph, trips, control=control, name="limited")
    longer = (limited.trips["duration_s"] - base.trips["duration_s"]).to_numpy()
    depart_s = base.trips["depart_s"].to_numpy()
    assert (longer[depart_s < 150] == 0).all()
    assert (longer[(depart_s >= 300) & (depart_s < 500)] > 30).all()
    assert abs(longer[depart_s > 900]).max() < 30
    assert limited.counts.arrived == len(trips)


@pytest.mark.sumo
def test_only_lower_leaves_slower_roads_alone(grid_graph: RoadGraph, grid_lanes: Lanes):
    with pytest.raises(ScenarioError, match="all slower"):
        road_edits(SpeedLimit(where=EVERYWHERE, speed_kmh=60, only_lower=True), grid_graph, lanes=grid_lanes)
