"""Pedestrians and cyclists among the tracks, and lanes that are changed smoothly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from pydantic import ValidationError

from tests.simulation.conftest import replay, trips_on
from tests.towns import write_road_net, write_walking_net
from trafficdiff.datatypes.scenario import SimulationOptions, TrackOptions
from trafficdiff.datatypes.track_checks import kinematic_faults
from trafficdiff.datatypes.vehicles import VehicleType
from trafficdiff.process import run_program, sumo_program
from trafficdiff.roads.netfile import read_net
from trafficdiff.simulation.vehicle_tracks import read_tracks

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.tracks import Tracks

ROUTES = """<routes>
<vType id="bike" vClass="bicycle"/>
<person id="p0" depart="0"><walk edges="WC CN"/></person>
<vehicle id="b0" type="bike" depart="0"><route edges="WC CE"/></vehicle>
</routes>"""


@pytest.mark.sumo
def test_pedestrians_and_cyclists_are_read_and_a_crossing_is_on_no_edge(tmp_path: Path) -> None:
    graph = read_net(write_walking_net(tmp_path), name="walk")
    (tmp_path / "r.rou.xml").write_text(ROUTES)
    command = [
        "sumo", "-n", graph.net_path, "-r", "r.rou.xml", "--step-length", "0.1", "--end", "300", "--no-step-log",
        "--fcd-output", "fcd.parquet", "--fcd-output.attributes", "id,x,y,angle,type,speed,lane,edge",
        "--precision", "6",
    ]  # fmt: skip
    program, *words = map(str, command)
    finished = run_program([sumo_program(program), *words], log=tmp_path / "log", deadline_s=60, directory=tmp_path)
    assert finished.returncode == 0, finished.output
    trips = trips_on(graph, [], [], vehicle_type=VehicleType("bike", "bicycle"))
    tracks = read_tracks(tmp_path / "fcd.parquet", graph=graph, trips=trips, step_s=0.1)
    kinds = dict(zip(tracks.user_id, tracks.user_kind, strict=True))
    assert kinds == {"b0": "bicycle", "p0": "pedestrian"}
    walker = tracks.user == list(tracks.user_id).index("p0")
    edges = tracks.edge[walker]
    assert (tracks.length_m[tracks.user[walker]] == 0.215).all()
    assert edges[0] == graph.edge_index["WC"]
    assert edges[-1] == graph.edge_index["CN"]
    assert (edges == -1).sum() > 20  # a walking area and a crossing of several metres at 1.2 m/s
    assert 0.5 < tracks.speed_ms[walker][10:-10].max() < 2.5


def passing(directory: Path, graph: RoadGraph, lateral: str | None) -> Tracks:
    """Return a fast car that passes a slow one on a road of two lanes."""
    slow = VehicleType("slow", "passenger", {"maxSpeed": "5"})
    trips = trips_on(graph, [["VW", "WM", "ME"]] * 2, [0.0, 10.0], vehicle_type=slow)
    import dataclasses

    fast = VehicleType("fast", "passenger", {"sigma": "0"})
    trips = dataclasses.replace(trips, vehicle_types=(slow, fast), vehicle_type=np.array([0, 1]))
    kept = TrackOptions(step_s=0.1, lateral=lateral)
    options = SimulationOptions(step_s=0.1, tracks=kept, emissions=False, period_s=600)
    run = replay(graph, trips, directory, options=options, clear_s=60)
    return read_tracks(run.files.tracks, graph=graph, trips=trips, step_s=0.1)


@pytest.mark.sumo
def test_lanes_are_changed_in_a_jump_or_smoothly_as_asked(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    graph = read_net(write_road_net(tmp_path / "net"), name="road")
    jumps = passing(tmp_path / "jump", graph, None)
    assert np.abs(np.diff(jumps.y_m)[np.diff(jumps.user) == 0]).max() > 3
    assert "lateral_speed" in set(kinematic_faults(jumps)["check"])
    for lateral in ("smooth", "sublane"):
        tracks = passing(tmp_path / lateral, graph, lateral)
        sideways = np.abs(np.diff(tracks.y_m)[np.diff(tracks.user) == 0])
        assert 0.02 < sideways.max() < 0.3
        assert kinematic_faults(tracks).empty


def test_meso_knows_no_lanes() -> None:
    with pytest.raises(ValidationError, match="meso, which knows no lanes"):
        SimulationOptions(resolution="meso", tracks=TrackOptions(lateral="smooth"))
    SimulationOptions(resolution="meso", tracks=TrackOptions())
