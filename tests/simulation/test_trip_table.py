"""The trip table: one row a trip, whatever became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.simulation.conftest import Replay, replay, trips_on, wandering_trips
from tests.simulation.test_edge_data import EXACT
from trafficdiff.datatypes.result import TRIP_COLUMNS
from trafficdiff.datatypes.scenario import SimulationOptions
from trafficdiff.errors import SimulationError
from trafficdiff.simulation.summary import Statistics
from trafficdiff.simulation.trip_table import count_vehicles, read_trip_table

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph

pytestmark = pytest.mark.sumo


@pytest.fixture(scope="module")
def jam(cross: RoadGraph, tmp_path_factory: pytest.TempPathFactory) -> Replay:
    """120 cars that want to enter one lane within a minute, stopped after 90 s."""
    trips = trips_on(cross, [["NC", "CS"]] * 120, np.arange(120) / 2, end_s=60)
    options = SimulationOptions(period_s=30)
    return replay(cross, trips, tmp_path_factory.mktemp("jam"), options=options, clear_s=30)


def test_rows_follow_the_trips_and_not_the_arrivals(grid_replay: Replay) -> None:
    table = grid_replay.result.trips
    assert list(table.columns) == list(TRIP_COLUMNS)
    assert table["trip_id"].tolist() == grid_replay.trips.trip_id.tolist()
    assert not table["arrival_s"].is_monotonic_increasing
    np.testing.assert_allclose(table["depart_s"] - table["depart_delay_s"], grid_replay.trips.depart_s, atol=1e-6)
    np.testing.assert_allclose(table["arrival_s"] - table["depart_s"], table["duration_s"])


def test_everything_equals_sumos_own_columns(grid_replay: Replay) -> None:
    raw = pq.read_table(grid_replay.files.trips).to_pandas().set_index("tripinfo_id")
    ours = grid_replay.result.trips.set_index("trip_id")
    for column, attribute in (("time_loss_s", "timeLoss"), ("waiting_time_s", "waitingTime"), ("arrival_s", "arrival")):
        np.testing.assert_allclose(ours[column], raw.loc[ours.index, f"tripinfo_{attribute}"].astype(float))


def test_vehicles_that_are_stuck_are_in_the_table(jam: Replay) -> None:
    table, counts = jam.result.trips, jam.result.counts
    assert len(table) == counts.loaded == 120
    assert min(counts.arrived, counts.running, counts.waiting) > 0
    assert counts.arrived + counts.running + counts.waiting == 120
    never = table["duration_s"].isna()
    assert never.sum() == counts.waiting
    for column in ("depart_delay_s", "arrival_s", "route_length_m", "free_flow_time_s", "time_loss_s"):
        assert table.loc[never, column].isna().all()
    np.testing.assert_array_equal(table.loc[never, "depart_s"], jam.trips.depart_s[never])
    underway = ~never & ~table["completed"]
    assert table.loc[underway, "arrival_s"].isna().all()
    assert table.loc[underway, "duration_s"].notna().all()
    assert table["completed"].sum() == counts.arrived


def test_the_axis_goes_on_to_the_end_while_vehicles_are_left(jam: Replay) -> None:
    data = jam.result.data
    assert data["time"].to_numpy().tolist() == [0, 30, 60]
    assert int(data["vehicles_waiting"][-1]) == jam.result.counts.waiting
    assert int(data["vehicles_running"][-1]) == jam.result.counts.running


def test_free_flow_time_is_what_an_exact_driver_needs(cross: RoadGraph, tmp_path: Path) -> None:
    graph = cross
    trips = trips_on(graph, [["CS"]], [0.0], end_s=60, vehicle_type=EXACT)
    row = replay(graph, trips, tmp_path, options=SimulationOptions(period_s=60)).result.trips.iloc[0]
    length = graph.length_m[graph.edge_index["CS"]] - 4.1
    assert row["route_length_m"] == pytest.approx(length, abs=1e-6)
    assert row["free_flow_time_s"] == pytest.approx(length / 13.89, abs=1e-6)
    assert row["free_flow_time_s"] <= row["duration_s"] < row["free_flow_time_s"] + 2  # whole steps


def test_free_flow_time_is_for_the_driven_part_only(jam: Replay) -> None:
    table = jam.result.trips.dropna(subset=["duration_s"])
    np.testing.assert_allclose(table["free_flow_time_s"], table["route_length_m"] / 13.89, rtol=1e-6)


def test_nobody_is_faster_than_twice_the_limit(grid_replay: Replay) -> None:
    table = grid_replay.result.trips
    assert (table["duration_s"] / table["free_flow_time_s"]).min() > 0.75  # drivers' own speed factors


def test_counts_that_do_not_agree_with_sumos_totals_are_refused(grid_replay: Replay) -> None:
    table = read_trip_table(grid_replay.files.trips, trips=grid_replay.trips)
    totals = {"end_s": 1_200.0, "waiting": 0, "teleports": 0, "collisions": 0}
    assert count_vehicles(table, Statistics(loaded=150, inserted=150, running=0, **totals)).arrived == 150
    with pytest.raises(SimulationError, match="expected 151 loaded"):
        count_vehicles(table, Statistics(loaded=151, inserted=151, running=1, **totals))


def test_a_vehicle_that_appears_twice_is_refused(grid_replay: Replay, tmp_path: Path) -> None:
    import pyarrow as pa

    raw = pq.read_table(grid_replay.files.trips)
    pq.write_table(pa.concat_tables([raw, raw.slice(0, 1)]), tmp_path / "tripinfo.parquet")
    with pytest.raises(SimulationError, match="one row a vehicle, got 1 repeats"):
        read_trip_table(tmp_path / "tripinfo.parquet", trips=grid_replay.trips)


def test_no_trips_at_all_is_an_empty_table(grid_graph: RoadGraph, tmp_path: Path) -> None:
    trips = trips_on(grid_graph, [], [], end_s=60)
    result = replay(grid_graph, trips, tmp_path, options=SimulationOptions(period_s=60), clear_s=0).result
    assert len(result.trips) == 0
    assert float(result.data["sampled_time"].sum()) == 0


def test_meso_has_the_same_table(grid_graph: RoadGraph, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    trips = wandering_trips(grid_graph, 40, end_s=120)
    options = SimulationOptions(resolution="meso", period_s=60)
    result = replay(grid_graph, trips, tmp_path, options=options).result
    assert result.counts.arrived == 40
    assert result.trips["free_flow_time_s"].notna().all()
    assert "under-reports delay" in caplog.text
