"""The command contract: verbs, exit codes, one JSON object on stdout, logs on stderr."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.commands import PROGRAM, trafficdiff
from trafficdiff.datatypes.scenario_files import read_scenario, scenario_schema
from trafficdiff.resources import bundled
from trafficdiff.workflows.model_trips import open_checkpoint

VERBS = (
    "doctor", "build", "init", "schema", "sample", "run", "ensemble", "compare", "plan", "export", "validate", "report",
    "evaluate", "corpus", "train", "demo", "serve", "plan-charging", "scenes", "privacy",
)  # fmt: skip


def test_the_program_is_installed_and_its_help_names_every_verb() -> None:
    said = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True, check=False)
    assert said.returncode == 0
    assert all(verb in said.stdout for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str) -> None:
    said = trafficdiff(verb, "--help")
    assert said.returncode == 0
    assert "Usage" in said.stdout


def test_an_unknown_option_is_a_usage_error() -> None:
    assert trafficdiff("run", "--no-such-option").returncode == 2


def test_a_network_that_is_not_there_is_named_with_what_is(tmp_path: Path) -> None:
    said = trafficdiff(
        "sample", "atlantis", "--trips", 5, "--begin", 0, "--end", 60, "--seed", 1, "-o", tmp_path / "t.parquet"
    )
    assert said.returncode == 2
    assert "atlantis" in said.stderr
    assert "helsinki" in said.stderr
    assert not list(tmp_path.iterdir())


def test_errors_are_json_too_when_asked(tmp_path: Path) -> None:
    said = trafficdiff("run", tmp_path / "none.yaml", "-o", tmp_path / "run", "--json")
    assert said.returncode == 2
    fault = json.loads(said.stdout)
    assert fault["error"] == "ScenarioError"
    assert fault["exit_code"] == 2
    assert "none.yaml" in fault["message"]


def test_all_faults_of_a_scenario_are_listed_at_once_and_nothing_is_written(tmp_path: Path) -> None:
    scenario = tmp_path / "bad.yaml"
    scenario.write_text("name: x\nnetwork: ../secret\nseed: -1\nspeed: 30 mph\ndemand: {kind: gravity, trips: 0}\n")
    said = trafficdiff("run", scenario, "-o", tmp_path / "run")
    assert said.returncode == 2
    for fault in ("..", "seed", "speed", "trips"):
        assert fault in said.stderr
    assert list(tmp_path.iterdir()) == [scenario]


def test_a_window_that_ends_before_it_begins_writes_nothing(tmp_path: Path) -> None:
    said = trafficdiff(
        "sample", "helsinki", "--trips", 5, "--begin", 60, "--end", 0, "--seed", 1, "-o", tmp_path / "t.parquet"
    )
    assert said.returncode == 2
    assert not list(tmp_path.iterdir())


def test_schema_prints_the_schema() -> None:
    said = trafficdiff("schema")
    assert json.loads(said.stdout) == json.loads(json.dumps(scenario_schema()))


def test_a_schema_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = trafficdiff("schema", "-o", tmp_path / "file" / "schema.json")
    assert said.returncode == 2
    assert said.stderr.startswith("error: ")
    assert "Traceback" not in said.stderr


def test_the_committed_schema_is_the_published_one() -> None:
    committed = json.loads(bundled("data/scenario.schema.json").read_text("utf-8"))
    assert committed == json.loads(json.dumps(scenario_schema())), (
        "run: trafficdiff schema -o data/scenario.schema.json"
    )


SCENARIOS = sorted(path for path in bundled("networks").glob("*/*.yaml") if path.stem != "candidates")


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_bundled_scenarios_are_valid(path: Path) -> None:
    assert read_scenario(path).network == path.parent.name


@pytest.mark.slow
def test_init_writes_a_scenario_that_reads_back_with_the_places_time_zone(tmp_path: Path) -> None:
    said = trafficdiff("init", "helsinki", "-o", tmp_path / "study.yaml", "--json")
    assert said.returncode == 0, said.stderr
    assert read_scenario(tmp_path / "study.yaml").time_zone == "Europe/Helsinki"
    assert Path(json.loads(said.stdout)["schema"]).exists()


@pytest.mark.slow
def test_doctor_finds_everything_that_is_needed() -> None:
    said = trafficdiff("doctor", "--json")
    assert said.returncode == 0, said.stdout
    found = {check["name"]: check["found"] for check in json.loads(said.stdout)["checks"]}
    assert {"torch", "SUMO program", "model checkpoint", "browser", "bundled cities"} <= found.keys()
    assert found["model checkpoint"].startswith(f"{open_checkpoint().sha256[:16]}, ")
