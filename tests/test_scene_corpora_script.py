"""The script that makes the scene model's corpora says how, and its scenarios are ones that can be run."""

from __future__ import annotations

import gzip
import re
import runpy
from pathlib import Path
from typing import Any

import pytest
import yaml

from trafficdiff.datatypes.scenario import Scenario

SCRIPT = Path(__file__).parents[1] / "scripts" / "make_scene_corpora.py"


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    """What the script defines."""
    return runpy.run_path(str(SCRIPT))


def test_every_scenario_can_be_read_and_test_runs_have_hours_or_cities_of_their_own(script: dict[str, Any]) -> None:
    runs = script["_RUNS"]
    read = {name: Scenario.model_validate(yaml.safe_load(script["_scenario"](name, run))) for name, run in runs.items()}
    assert all(one.simulation.tracks is not None for one in read.values())
    learned = {(run.city, run.begin_s) for name, run in runs.items() if not name.startswith("test_")}
    tested = {(run.city, run.begin_s) for name, run in runs.items() if name.startswith("test_")}
    assert not learned & tested
    assert len({run.seed for run in runs.values() if not run.city}) == sum(not run.city for run in runs.values())


def test_commands_are_printed_and_nothing_is_made(
    script: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--only", "made", "bologna", "--show"]
    monkeypatch.setattr("sys.argv", ["x", str(tmp_path), "-o", str(tmp_path / "out"), *options])
    assert script["main"]() == 0
    lines = capsys.readouterr().out.splitlines()
    assert [" ".join(line.split()[:3]) for line in lines] == [
        "trafficdiff scenes make", "trafficdiff scenes corpus",
        f"trafficdiff run {tmp_path}/out/scenarios/bologna.yaml", "trafficdiff scenes corpus",
    ]  # fmt: skip
    assert not (tmp_path / "out").exists()


def test_cars_and_bicycles_leave_in_order(script: dict[str, Any], tmp_path: Path) -> None:
    for name, times in (("cars", (3, 1)), ("bikes", (2,))):
        rows = "".join(f'<vehicle id="{name}{t}" depart="{t}.00"><route edges="a"/></vehicle>' for t in times)
        (tmp_path / f"{name}.rou.xml.gz").write_bytes(gzip.compress(f"<routes>{rows}</routes>".encode()))
    script["_copy_routes"](tmp_path, tmp_path / "all.gz")
    text = gzip.decompress((tmp_path / "all.gz").read_bytes()).decode()
    assert re.findall(r'vehicle id="(\w+)"', text) == ["cars1", "bikes2", "cars3"]
