"""Edge data against SUMO's own XML, against conservation of vehicles, and against a drive whose numbers are known."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import numpy as np
import pytest
import sumolib

from tests.simulation.conftest import Replay, replay, trips_on
from trafficdiff.datatypes.scenario import SimulationOptions
from trafficdiff.datatypes.vehicles import VehicleType
from trafficdiff.errors import SimulationError
from trafficdiff.process import sumo_environment
from trafficdiff.simulation.edge_data import interval_begins_s, read_edge_emissions, read_edge_traffic
from trafficdiff.simulation.files import command_of
from trafficdiff.simulation.vehicle_tracks import read_tracks

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph

pytestmark = pytest.mark.sumo

EXACT = VehicleType("exact", "passenger", {"speedFactor": "1", "speedDev": "0", "sigma": "0", "length": "4"})


@pytest.fixture(scope="module")
def as_xml(grid_replay: Replay, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same simulation with SUMO's XML outputs: the second implementation of the readers."""
    directory = tmp_path_factory.mktemp("xml")
    run = grid_replay
    words = command_of(
        run.files, graph=run.graph, options=run.options, window=run.window, seed=5, progress=False
    )  # fmt: skip
    for name in ("routes.rou.xml.gz", "outputs.add.xml"):
        (directory / name).write_bytes((run.files.directory / name).read_bytes().replace(b".parquet", b".xml"))
    words = [word.replace(".parquet", ".xml") for word in words]
    subprocess.run(words, cwd=directory, env=sumo_environment(), check=True, capture_output=True)
    return directory


@pytest.mark.parametrize(
    ("name", "attribute", "scale"),
    [
        ("travel_distance", "distance", 1),
        ("time_loss", "timeLoss", 1),
        ("waiting_time", "waitingTime", 1),
        ("occupancy", "occupancy", 0.01),
        ("entered", "entered", 1),
        ("left", "left", 1),
        ("departed", "departed", 1),
        ("arrived", "arrived", 1),
    ],
)
def test_traffic_equals_sumos_xml(grid_replay: Replay, as_xml: Path, name: str, attribute: str, scale: float) -> None:
    values = grid_replay.result.data[name]
    seen = np.zeros(values.shape)
    begins = values["time"].to_numpy().tolist()
    for interval in sumolib.xml.parse(str(as_xml / "edges.xml"), "interval"):
        if float(interval.begin) not in begins:
            assert not interval.edge, "the readers cut off an interval in which something happened"
            continue
        for edge in interval.edge or []:
            place = begins.index(float(interval.begin)), grid_replay.graph.edge_index[edge.id]
            seen[place] = float(edge.getAttributeSecure(attribute, "0")) * scale
    np.testing.assert_allclose(values, seen, atol=1e-6)
    assert seen.sum() > 0


def test_emissions_equal_sumos_xml_in_kilograms(grid_replay: Replay, as_xml: Path) -> None:
    milligrams = sum(
        float(edge.CO2_abs)
        for interval in sumolib.xml.parse(str(as_xml / "emissions.xml"), "interval")
        for edge in interval.edge or []
    )
    assert float(grid_replay.result.data["co2_mass"].sum()) == pytest.approx(milligrams / 1e6, rel=1e-9)


def test_every_vehicle_that_comes_to_an_edge_leaves_it(grid_replay: Replay) -> None:
    by_edge = grid_replay.result.data.sum("time")
    assert grid_replay.result.counts.teleports == 0
    np.testing.assert_array_equal(by_edge["entered"] + by_edge["departed"], by_edge["left"] + by_edge["arrived"])


def test_vehicles_pass_each_edge_of_their_routes_once(grid_replay: Replay) -> None:
    passes = np.bincount(grid_replay.trips.edges, minlength=grid_replay.graph.edge_count)
    by_edge = grid_replay.result.data.sum("time")
    np.testing.assert_array_equal(by_edge["entered"] + by_edge["departed"], passes)


def test_distance_on_edges_and_inside_junctions_is_the_routes_length(grid_replay: Replay) -> None:
    on_edges = float(grid_replay.result.data["travel_distance"].sum())
    driven = float(grid_replay.result.trips["route_length_m"].sum())
    lengths = grid_replay.trips.sum_over_route(grid_replay.graph.length_m).sum()
    departures = 5.1 * len(grid_replay.trips)  # a car begins with its front one length and 0.1 m into the edge
    passes = len(grid_replay.trips.edges)
    assert on_edges == pytest.approx(lengths - departures, rel=2e-3)
    inside = (driven - on_edges) / (passes - len(grid_replay.trips))
    assert 5 < inside < 25  # a crossing of two 3.2 m streets


def test_time_on_an_edge_is_what_the_tracks_say(grid_replay: Replay) -> None:
    # Second way to the same number: count the seconds at which a vehicle's front is on each edge.
    run = grid_replay
    tracks = read_tracks(run.files.tracks, graph=run.graph, trips=run.trips, step_s=run.options.step_s)
    seconds = np.bincount(tracks.edge[tracks.on_edge], minlength=run.graph.edge_count) * run.options.step_s
    by_edge = run.result.data["sampled_time"].sum("time").to_numpy()
    passes = np.bincount(run.trips.edges, minlength=run.graph.edge_count)
    assert np.all(np.abs(by_edge - seconds) <= run.options.step_s * (passes + 1))
    assert by_edge.sum() == pytest.approx(seconds.sum(), rel=0.01)


def test_a_lone_car_at_the_limit_leaves_its_exact_marks(cross: RoadGraph, tmp_path: Path) -> None:
    trips = trips_on(cross, [["NC", "CS"]], [0.0], end_s=60, vehicle_type=EXACT)
    run = replay(cross, trips, tmp_path, options=SimulationOptions(period_s=30, emissions=False), clear_s=240)
    data, index = run.result.data, cross.edge_index
    assert set(np.flatnonzero(data["sampled_time"].sum("time"))) == {index["NC"], index["CS"]}
    metres = data["travel_distance"].sum("time")
    # the front starts 4.1 m into the edge and counts until it reaches the end
    assert float(metres[index["NC"]]) == pytest.approx(cross.length_m[index["NC"]] - 4.1, abs=1e-5)
    assert float(metres[index["CS"]]) == pytest.approx(cross.length_m[index["CS"]], abs=1e-5)
    assert int(data["entered"].sum()) == int(data["left"].sum()) == 1
    assert "co2_mass" not in data


def test_the_axis_ends_with_the_interval_of_the_last_arrival(grid_replay: Replay) -> None:
    data = grid_replay.result.data
    last = grid_replay.result.trips["arrival_s"].max()
    ends = data["time"] + data["interval_length"]
    assert float(data["time"][-1]) <= max(last, 600.0) <= float(ends[-1])
    assert float(data["clock"][-1]) == float(ends[-1]) - 1


def test_intervals_cover_the_time_without_a_rest() -> None:
    assert interval_begins_s(begin_s=100, end_s=700, period_s=300).tolist() == [100, 400]
    assert interval_begins_s(begin_s=100, end_s=701, period_s=300).tolist() == [100, 400, 700]
    assert interval_begins_s(begin_s=0, end_s=10, period_s=300).tolist() == [0]


def test_an_edge_of_another_net_is_refused(grid_replay: Replay, cross: RoadGraph) -> None:
    with pytest.raises(SimulationError, match="expected edges of the road graph"):
        read_edge_traffic(grid_replay.files.edges, graph=cross, begins_s=np.array([0.0]))


def test_intervals_of_another_run_are_refused(grid_replay: Replay) -> None:
    with pytest.raises(SimulationError, match="expected intervals that begin"):
        read_edge_emissions(
            grid_replay.files.emissions, graph=grid_replay.graph, begins_s=np.array([0.0, 119.0, 250.0])
        )
