"""People on foot in a run: on nets without footways, beside the same trips, after measures, and among the conflicts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from tests.workflows.test_run import write_scenario
from trafficdiff.datatypes.driving_scene_files import read_driving_scene
from trafficdiff.datatypes.footways import read_footways
from trafficdiff.datatypes.scenario_files import parse_scenario
from trafficdiff.datatypes.trip_files import read_trips
from trafficdiff.errors import ScenarioError
from trafficdiff.roads.netfile import read_net
from trafficdiff.store.reading import open_run
from trafficdiff.workflows.people import WALKS
from trafficdiff.workflows.run import run_file
from trafficdiff.workflows.safety import open_safety
from trafficdiff.workflows.scenes_find import find_scenes

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.workflows.outcome import Outcome

PEOPLE = {"pedestrians": {"per_hour": 1_200}, "simulation": {"period_s": 60, "emissions": False}}


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, grid_net: Path) -> Outcome:
    folder = tmp_path_factory.mktemp("alone")
    changes = {"simulation": PEOPLE["simulation"]}
    return run_file(write_scenario(folder, grid_net, **changes), directory=folder / "run", picture=False)


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory, grid_net: Path) -> Outcome:
    folder = tmp_path_factory.mktemp("walked")
    return run_file(write_scenario(folder, grid_net, **PEOPLE), directory=folder / "run", picture=False)


def routes_of(outcome: Outcome) -> list[object]:
    """Return departures and routes of a run's trips."""
    trips = read_trips(outcome.directory / "demand" / "trips.parquet", graph=graph_of(outcome))
    return [trips.trip_id.tolist(), trips.depart_s.tolist(), trips.edges.tolist()]


def graph_of(outcome: Outcome) -> RoadGraph:
    """Return the roads that were simulated."""
    return read_net(open_run(outcome.directory).net_path)


@pytest.mark.sumo
@pytest.mark.slow
def test_a_net_without_footways_gets_some_and_all_else_stays(alone: Outcome, walked: Outcome) -> None:
    before, after = open_run(alone.directory), open_run(walked.directory)
    assert len(read_footways(before.net_path)) == 0
    assert len(read_footways(after.net_path)) == len(before.result.data["edge"])
    assert after.result.data["edge"].values.tolist() == before.result.data["edge"].values.tolist()
    assert np.array_equal(after.result.data["edge_lanes"], before.result.data["edge_lanes"])
    assert routes_of(alone) == routes_of(walked)
    assert walked.numbers["trips_asked"] == alone.numbers["trips_asked"] == 60
    assert walked.validation.passed


@pytest.mark.sumo
@pytest.mark.slow
def test_walks_have_numbers_a_table_and_a_note_of_their_own(alone: Outcome, walked: Outcome) -> None:
    assert walked.numbers["walks_asked"] == 100
    assert walked.numbers["walks_completed"] >= 95
    table = pd.read_csv(walked.directory / WALKS)
    assert len(table) == 100
    assert table.loc[table["completed"], "duration_s"].mean() == pytest.approx(
        walked.numbers["mean_walk_time"], rel=1e-3
    )
    told = json.loads((walked.directory / "measures.json").read_text())["pedestrians"]
    assert told["walks"] == 100
    assert "declared" in told["model"]
    assert "walks_asked" not in alone.numbers
    assert not (alone.directory / WALKS).exists()
    assert "pedestrians" not in json.loads((alone.directory / "measures.json").read_text())


@pytest.mark.sumo
@pytest.mark.slow
def test_measures_that_build_and_that_act_by_the_clock_go_with_footways(
    walked: Outcome, tmp_path: Path, grid_net: Path
) -> None:
    edge = str(graph_of(walked).edge_id[5])
    measures = [
        {"kind": "change_lanes", "where": {"edges": [edge]}, "lanes": 1},
        {"kind": "fix_signals", "junctions": ["B1"], "cycle_s": 100},
        {"kind": "speed_limit", "where": {"edges": [edge]}, "speed_kmh": 30, "during": {"begin_s": 0, "end_s": 200}},
    ]
    path = write_scenario(tmp_path, grid_net, measures=measures, **PEOPLE)
    changed = run_file(path, directory=tmp_path / "run", picture=False)
    stored = open_run(changed.directory)
    lanes = dict(zip(stored.result.data["edge"].values, stored.result.data["edge_lanes"].values, strict=True))
    assert lanes[edge] == 2
    mine, theirs = (pd.read_csv(run.directory / WALKS)["walk_id"].tolist() for run in (changed, walked))
    assert mine == theirs
    assert changed.numbers["walks_completed"] >= 95
    again = run_file(path, directory=tmp_path / "again", picture=False)
    assert again.result_hash == changed.result_hash


def test_what_cannot_be_is_refused() -> None:
    for pedestrians, words in (
        ({"per_hour": -1}, "per_hour"),
        ({"per_hour": 0}, "per_hour"),
        ({}, "per_hour"),
        ({"per_hour": 10, "mean_length_m": 3}, "mean_length_m"),
        ({"per_hour": 10, "speed": 3}, "speed"),
    ):
        with pytest.raises(ScenarioError, match=words):
            parse_scenario({"name": "a", "network": "helsinki", "pedestrians": pedestrians})
    with pytest.raises(ScenarioError, match="meso, which knows no footways"):
        parse_scenario(
            {"name": "a", "network": "helsinki", "pedestrians": {"per_hour": 1}, "simulation": {"resolution": "meso"}}
        )


def test_a_scenario_without_people_keeps_its_name() -> None:
    plain = parse_scenario({"name": "a", "network": "helsinki"})
    assert "pedestrians" not in plain.canonical()


@pytest.mark.sumo
@pytest.mark.slow
def test_near_misses_with_people_on_foot_are_counted_and_found_as_scenes(tmp_path: Path, grid_net: Path) -> None:
    changes = {
        "window": {"begin_s": 0, "end_s": 150, "clear_s": 90},
        "demand": {"kind": "gravity", "trips": 90, "vehicle_mix": {"car": 0.9, "bicycle": 0.1}},
        "pedestrians": {"per_hour": 4_000, "mean_length_m": 300},
        "simulation": {"step_s": 0.1, "emissions": False, "tracks": {"step_s": 0.1, "lateral": "sublane"}},
        "gates": {"completion_share_min": 0},
    }
    outcome = run_file(write_scenario(tmp_path, grid_net, **changes), directory=tmp_path / "run", picture=False)
    events = open_safety(outcome.directory).events
    on_foot = events[events["type"] == "pedestrian"]
    assert on_foot["near_miss"].sum() >= 1
    assert ((on_foot["user_kind"] == "pedestrian") != (on_foot["other_kind"] == "pedestrian")).all()
    types = ("pedestrian_crossing", "pedestrian_along")
    found = find_scenes(outcome.directory, tmp_path / "found", count=3, types=types)
    assert found.scenes
    scene = read_driving_scene(tmp_path / "found" / found.scenes[0].name)
    kinds = dict(zip(scene.tracks.user_id, scene.tracks.user_kind, strict=True))
    assert "pedestrian" in kinds.values()
    assert kinds[scene.ego] != "pedestrian"
