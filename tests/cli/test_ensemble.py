"""``trafficdiff ensemble`` keeps the contract: one JSON object, exit codes, nothing written if the input is wrong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.commands import trafficdiff
from tests.workflows.ensembles import finished, scenario_of, write_pair
from trafficdiff.store.stack import open_study

if TYPE_CHECKING:
    from pathlib import Path


def test_the_command_explains_itself() -> None:
    said = trafficdiff("ensemble", "--help")
    assert said.returncode == 0
    for option in ("--samples", "--workers", "--scheduler", "--base", "--until", "--half-width"):
        assert option in said.stdout


def test_mistakes_are_said_at_once_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("name: a\nnetwork: helsinki\nseed: 1\n")
    (tmp_path / "b.yaml").write_text("name: b\nnetwork: helsinki\nseed: 2\n")
    before = sorted(path.name for path in tmp_path.iterdir())
    for words, said in (
        (("a.yaml", "b.yaml", "--base", "c"), ("seed: expected", "base: expected")),
        (("a.yaml", "--until", "mean_trip_time"), ("--until and --half-width together",)),
        (("a.yaml", "--until", "mean_trip_time", "--half-width", "-1"), ("--half-width",)),
        (("a.yaml", "--until", "nothing", "--half-width", "1", "--samples", "12"), ("until: expected",)),
        (("none.yaml",), ("none.yaml",)),
    ):
        came = trafficdiff("ensemble", *words, "-o", "study", "--json", directory=tmp_path)
        assert came.returncode == 2, came.stderr
        fault = json.loads(came.stdout)
        assert all(part in fault["message"] for part in said), fault
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.sumo
@pytest.mark.slow
def test_a_study_is_made_shown_and_gates_leave_with_their_code(tmp_path: Path, grid_net: Path) -> None:
    paths = write_pair(tmp_path, scenario_of(grid_net, "base"), scenario_of(grid_net, "more", trips=30))
    found = finished(tmp_path / "study", *paths, "--samples", "2", "--workers", "1")
    study = open_study(tmp_path / "study")
    assert found["study_hash"] == study.hash
    assert (found["base"], found["samples"], found["complete"], found["new_runs"]) == ("base", 2, True, 4)
    assert found["means"]["base"]["trips_completed"] == {"mean": 20, "half_width_95": 0}
    said = trafficdiff("ensemble", *paths, "--samples", 2, "-o", tmp_path / "study")
    assert said.returncode == 0
    assert "trips completed" in said.stdout
    assert study.hash[:12] in said.stdout
    other = trafficdiff("ensemble", *paths, "--samples", 3, "-o", tmp_path / "study", "--json")
    assert other.returncode == 2
    assert "samples was 2, is 3" in json.loads(other.stdout)["message"]
    window = {"begin_s": 0, "end_s": 120, "clear_s": 0}
    jam = write_pair(tmp_path, scenario_of(grid_net, "jam", trips=400, window=window))
    marked = finished(tmp_path / "jam", *jam, "--samples", "1", code=4)
    assert marked["error"] == "GateError"
    assert len(marked["gates_failed"]) == 1
