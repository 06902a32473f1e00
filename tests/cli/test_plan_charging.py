"""``trafficdiff plan-charging`` prints one object, and leaves nothing where it was asked for what cannot be."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.commands import trafficdiff
from tests.workflows.test_plan_charging import study

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.sumo


@pytest.mark.slow
def test_json_holds_the_plan_and_the_table_says_what_it_saves(grid_net: Path, tmp_path: Path) -> None:
    path = study(grid_net, tmp_path)
    words = ("plan-charging", path, "--budget", "90000", "--candidates", tmp_path / "sites.csv", "--samples", "1")
    finished = trafficdiff(*words, "-o", tmp_path / "one", "--json")
    assert finished.returncode == 0, finished.stderr
    said = json.loads(finished.stdout)
    assert said["budget"] == 90_000
    assert said["planned"]["loss_kwh"] < said["today"]["loss_kwh"]
    assert said["sites"] == json.loads((tmp_path / "one" / "plan.json").read_text("utf-8"))["sites"]
    table = trafficdiff(*words, "-o", tmp_path / "other")
    assert table.returncode == 0, table.stderr
    assert all(part in table.stdout for part in ("random, 30 draws", "greedy: loses", said["sites"][0]["id"]))


def test_faults_end_with_code_2_and_nothing_is_written(grid_net: Path, tmp_path: Path) -> None:
    path = study(grid_net, tmp_path, charging=None)
    finished = trafficdiff("plan-charging", path, "--budget", "0", "-o", tmp_path / "plan", "--json")
    said = json.loads(finished.stdout)
    assert finished.returncode == said["exit_code"] == 2
    assert "2 faults" in said["message"]
    assert not (tmp_path / "plan").exists()
    assert trafficdiff("plan-charging", path, "--budget", "5", "--method", "luck").returncode == 2
