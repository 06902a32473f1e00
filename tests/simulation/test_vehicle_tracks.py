"""Tracks: box centres, mathematical headings, teleports cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.simulation.conftest import Replay, replay, trips_on
from tests.simulation.test_edge_data import EXACT
from trafficdiff.datatypes.scenario import SimulationOptions, TrackOptions
from trafficdiff.datatypes.vehicles import VEHICLE_CLASSES, VehicleType
from trafficdiff.errors import SimulationError
from trafficdiff.simulation.vehicle_tracks import DEFAULT_SIZE_M, read_tracks

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.tracks import Tracks

pytestmark = pytest.mark.sumo


def tracks_of(run: Replay) -> Tracks:
    return read_tracks(run.files.tracks, graph=run.graph, trips=run.trips, step_s=run.options.step_s)


@pytest.fixture(scope="module")
def drive(cross: RoadGraph, tmp_path_factory: pytest.TempPathFactory) -> Replay:
    """One exact car of 4 m from the west to the east, ten samples a second."""
    trips = trips_on(cross, [["WC", "CE"]], [0.0], end_s=60, vehicle_type=EXACT)
    options = SimulationOptions(tracks=True, step_s=0.1, period_s=60)
    return replay(cross, trips, tmp_path_factory.mktemp("drive"), options=options, clear_s=120)


def test_a_car_to_the_east_heads_along_x_with_its_centre_behind_its_bumper(drive: Replay) -> None:
    tracks = tracks_of(drive)
    np.testing.assert_allclose(tracks.heading_rad, 0, atol=1e-9)
    bumper = pq.read_table(drive.files.tracks).to_pandas().dropna(subset="vehicle_x")
    np.testing.assert_allclose(tracks.x_m, bumper["vehicle_x"] - 2.0)
    np.testing.assert_allclose(tracks.y_m, bumper["vehicle_y"])
    assert tracks.length_m.tolist() == [4.0]
    assert tracks.width_m.tolist() == [1.8]


def test_a_car_enters_and_leaves_at_its_own_times(drive: Replay) -> None:
    tracks, trip = tracks_of(drive), drive.result.trips.iloc[0]
    assert tracks.enter_s[0] == pytest.approx(trip["depart_s"] + 0.1, abs=0.11)
    assert tracks.leave_s[0] == pytest.approx(trip["arrival_s"], abs=0.21)
    np.testing.assert_allclose(np.diff(tracks.time_s), 0.1, atol=1e-6)


def test_speed_is_the_displacement_over_time(grid_replay: Replay) -> None:
    tracks = tracks_of(grid_replay)
    same = tracks.user[1:] == tracks.user[:-1]
    moved = np.hypot(np.diff(tracks.x_m), np.diff(tracks.y_m))[same]
    straight = (np.abs(np.diff(tracks.heading_rad)) < 1e-6)[same]
    assert straight.mean() > 0.5
    np.testing.assert_allclose(moved[straight], tracks.speed_ms[1:][same][straight], atol=0.01)


def test_samples_inside_junctions_are_on_no_edge(drive: Replay) -> None:
    tracks = tracks_of(drive)
    index = drive.graph.edge_index
    inside = ~tracks.on_edge
    assert inside.any()
    assert set(tracks.edge[~inside]) == {index["WC"], index["CE"]}
    first, last = np.flatnonzero(inside)[[0, -1]]
    assert (tracks.edge[:first] == index["WC"]).all()
    assert (tracks.edge[last + 1 :] == index["CE"]).all()


def test_every_trip_is_one_user_when_nobody_teleports(grid_replay: Replay) -> None:
    tracks = tracks_of(grid_replay)
    assert sorted(tracks.user_id) == sorted(grid_replay.trips.trip_id)
    assert set(tracks.user_kind) == {"passenger"}


def test_coarse_tracks_are_every_fourth_sample_of_the_fine_ones_within_their_time(
    grid_replay: Replay, tmp_path: Path
) -> None:
    kept = TrackOptions(begin_s=100, end_s=300, step_s=4)
    options = grid_replay.options.model_copy(update={"tracks": kept})
    coarse_run = replay(grid_replay.graph, grid_replay.trips, tmp_path, options=options)
    fine = tracks_of(grid_replay)
    coarse = read_tracks(
        coarse_run.files.tracks, graph=coarse_run.graph, trips=coarse_run.trips,
        step_s=4.0, simulated_step_s=1.0, end_s=300.0,
    )  # fmt: skip
    wanted = (fine.time_s >= 100) & (fine.time_s <= 300) & (np.mod(fine.time_s - 100, 4) == 0)
    assert wanted.sum() > 500
    found = sorted(zip(coarse.user_id[coarse.user], coarse.time_s, coarse.x_m, coarse.y_m, strict=True))
    expected = zip(fine.user_id[fine.user], fine.time_s, fine.x_m, fine.y_m, wanted, strict=True)
    assert found == sorted(row[:4] for row in expected if row[4])


def test_a_car_that_speeds_up_and_brakes_between_two_samples_stays_one_user(cross: RoadGraph, tmp_path: Path) -> None:
    write_samples(tmp_path / "t.parquet", [(0.0, "a", 0.0), (5.0, "a", 22.0), (10.0, "a", 150.0)], speed_ms=0.0)
    trips = trips_on(cross, [["WC", "CE"]], [0.0])
    tracks = read_tracks(tmp_path / "t.parquet", graph=cross, trips=trips, step_s=5.0, simulated_step_s=1.0)
    assert tracks.user_id.tolist() == ["a", "a~1"]  # 22 m from stand to stand can be driven, 128 m cannot
    assert tracks.leave_s.tolist() == [5, 10]


def write_samples(path: Path, rows: list[tuple[float, str, float]], *, speed_ms: float = 10.0) -> None:
    time_s, name, x = zip(*rows, strict=True)
    count = len(rows)
    columns = {
        "timestep_time": list(time_s),
        "vehicle_id": list(name),
        "vehicle_x": list(x),
        "vehicle_y": [0.0] * count,
        "vehicle_angle": [90.0] * count,
        "vehicle_type": ["car"] * count,
        "vehicle_speed": [speed_ms] * count,
        "vehicle_lane": ["WC_0"] * count,
    }
    pq.write_table(pa.table(columns), path)


def test_a_teleport_makes_two_users_and_not_a_jump(cross: RoadGraph, tmp_path: Path) -> None:
    rows = [(0.0, "a", 0.0), (0.0, "b", 0.0), (1.0, "a", 10.0), (1.0, "b", 10.0)]
    rows += [(2.0, "a", 400.0), (9.0, "b", 20.0), (10.0, "b", 30.0)]  # a jumps, b is away for seven seconds
    write_samples(tmp_path / "t.parquet", rows)
    trips = trips_on(cross, [["WC", "CE"]], [0.0])
    tracks = read_tracks(tmp_path / "t.parquet", graph=cross, trips=trips, step_s=1.0)
    assert tracks.user_id.tolist() == ["a", "a~1", "b", "b~1"]
    assert tracks.enter_s.tolist() == [0, 2, 0, 9]
    assert tracks.leave_s.tolist() == [1, 2, 1, 10]


def test_a_car_that_sumo_lifts_over_a_jam_is_cut(cross: RoadGraph, tmp_path: Path) -> None:
    trips = trips_on(cross, [["NC", "CS"]] * 30, np.arange(30), end_s=120)
    options = SimulationOptions(tracks=True, time_to_teleport_s=5, period_s=60)
    run = replay(cross, trips, tmp_path, options=options)
    tracks = tracks_of(run)  # Tracks itself refuses jumps
    parts = [name for name in tracks.user_id if "~" in name]
    assert run.result.counts.teleports > 0
    assert 0 < len(parts) <= run.result.counts.teleports
    assert {name.partition("~")[0] for name in tracks.user_id} == set(trips.trip_id)


def test_an_unknown_vehicle_type_is_refused(cross: RoadGraph, tmp_path: Path) -> None:
    write_samples(tmp_path / "t.parquet", [(0.0, "a", 0.0)])
    trips = trips_on(cross, [["WC", "CE"]], [0.0], vehicle_type=VehicleType("lorry", "truck"))
    with pytest.raises(SimulationError, match=r"vehicle types \['lorry'\], got \['car'\]"):
        read_tracks(tmp_path / "t.parquet", graph=cross, trips=trips, step_s=1.0)


def test_a_run_without_vehicles_has_no_tracks(cross: RoadGraph, tmp_path: Path) -> None:
    run = replay(cross, trips_on(cross, [], [], end_s=60), tmp_path, options=SimulationOptions(tracks=True), clear_s=0)
    assert len(tracks_of(run).user_id) == 0


@pytest.mark.slow
def test_default_sizes_are_sumos_own(cross: RoadGraph, tmp_path: Path) -> None:
    from tests.simulation.test_control import ask_libsumo

    types = "".join(f'<vType id="{name}" vClass="{name}"/>' for name in VEHICLE_CLASSES)
    (tmp_path / "types.add.xml").write_text(f"<additional>{types}</additional>")
    code = (
        "sizes = {n: (libsumo.vehicletype.getLength(n), libsumo.vehicletype.getWidth(n)) for n in "
        f"{VEHICLE_CLASSES!r}}}; print(json.dumps(sizes))"
    )
    sizes = ask_libsumo(cross, code, arguments=["-a", str(tmp_path / "types.add.xml")])
    assert {name: tuple(size) for name, size in sizes.items()} == {
        name: DEFAULT_SIZE_M.get(name, (5.0, 1.8)) for name in VEHICLE_CLASSES
    }
