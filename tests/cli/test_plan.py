"""``trafficdiff plan`` says what it found and what is wrong with what it was given."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.commands import trafficdiff
from tests.workflows.ensembles import scenario_of, write_pair
from trafficdiff.datatypes.candidates import candidates_schema
from trafficdiff.resources import bundled

if TYPE_CHECKING:
    from pathlib import Path

CANDIDATES = """\
currency: EUR
candidates:
  - name: Slow
    cost: 5
    requires: [Nowhere]
    measures: [{ kind: speed_limit, where: { classes: [highway] }, speed_kmh: -30 }]
"""


def test_faults_of_the_candidates_come_with_their_lines_and_exit_code_2(tmp_path: Path) -> None:
    path = tmp_path / "candidates.yaml"
    path.write_text(CANDIDATES)
    (scenario,) = write_pair(tmp_path, scenario_of(tmp_path / "net.xml"))
    plan = tmp_path / "plan"
    finished = trafficdiff("plan", scenario, "--candidates", path, "--budget", "10", "-o", plan, "--json")
    said = json.loads(finished.stdout)
    assert finished.returncode == said["exit_code"] == 2
    assert "line 5: candidates.0.requires.0" in said["message"]
    assert "line 6: candidates.0.measures.0.speed_kmh" in said["message"]
    assert not plan.exists()


def test_the_committed_schema_is_the_present_one() -> None:
    committed = json.loads(bundled("data/candidates.schema.json").read_text("utf-8"))
    assert committed == json.loads(json.dumps(candidates_schema())), (
        "run: trafficdiff schema --candidates -o data/candidates.schema.json"
    )


@pytest.mark.sumo
@pytest.mark.slow
def test_the_table_names_the_chosen_set_and_json_holds_all_of_it(tmp_path: Path, grid_net: Path) -> None:
    path = tmp_path / "candidates.yaml"
    everywhere = "{ box: [20, 55, 30, 65] }"
    path.write_text(
        "currency: EUR\ncandidates:\n  - name: Fast\n    cost: 5\n    measures:\n"
        f"      - {{ kind: speed_limit, where: {everywhere}, speed_kmh: 90 }}\n"
    )
    (scenario,) = write_pair(tmp_path, scenario_of(grid_net))
    words = (
        "plan", scenario, "--candidates", path, "--budget", "10", "--samples", "3", "--simulations", "15", "--kpi",
        "trip_hours", "--workers", "1", "-o", tmp_path / "plan",
    )  # fmt: skip
    first = trafficdiff(*words)
    assert first.returncode == 0, first.stderr
    for said in ("Candidates for base", "Fast", "chosen: Fast; 5 of 10 EUR", "new samples", "wrote"):
        assert said in first.stdout
    again = trafficdiff(*words, "--json")
    found = json.loads(again.stdout)
    assert (again.returncode, found["simulations_made"], found["chosen"]) == (0, 0, ["Fast"])
    assert found["ranking"][0]["saved"]["low"] <= found["ranking"][0]["saved"]["mean"]
