"""``trafficdiff evaluate`` as a user calls it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.commands import trafficdiff
from trafficdiff.metrics.realism import COLUMNS

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def trips_file(grid_net: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("trips") / "real.rou.xml.gz"
    said = trafficdiff("sample", grid_net, "--trips", 300, "--begin", 0, "--end", 3600, "--seed", 1, "-o", path)
    assert said.returncode == 0, said.stderr
    return path


@pytest.mark.sumo
def test_json_and_the_file_hold_the_whole_table(grid_net: Path, trips_file: Path, tmp_path: Path) -> None:
    output = tmp_path / "deep" / "table.json"
    said = trafficdiff(
        "evaluate", "--network", grid_net, "--routes", trips_file, "--generated", trips_file, "--draws", 1,
        "--trips", 100, "--bootstrap", 5, "--variants", 4, "--json", "-o", output,
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    table = json.loads(said.stdout)
    assert json.loads(output.read_text()) == table
    assert table["trips"] == 100
    assert table["variants_tried"] == 4
    assert table["rows"][0]["name"] == "real half B (floor)"
    assert table["rows"][-1]["name"] == "generated: real.rou.xml.gz"
    assert tuple(table["rows"][0]["values"]) == COLUMNS
    assert table["rows"][4]["values"]["jsd_length"] is None  # betweenness has no lengths


@pytest.mark.sumo
def test_the_table_names_every_column_and_what_it_was_made_with(grid_net: Path, trips_file: Path) -> None:
    said = trafficdiff("evaluate", "--network", grid_net, "--routes", trips_file, "--draws", 1, "--bootstrap", 2)
    assert said.returncode == 0, said.stderr
    together = "".join(said.stdout.split())
    assert all(name in said.stdout for name in COLUMNS if len(name) < 20), said.stdout
    assert "n=150trips,1draws(seeds1000)" in together
    assert "0variantstried" in together
    assert "randomTrips, fringe factor 5" in said.stdout


@pytest.mark.sumo
def test_a_table_that_cannot_be_written_is_refused_before_the_files_are_read(grid_net: Path, tmp_path: Path) -> None:
    said = trafficdiff("evaluate", "--network", grid_net, "--routes", tmp_path / "none.rou.xml", "-o", tmp_path)
    assert said.returncode == 2
    assert f"{tmp_path}: expected a file that can be written, got a folder" in said.stderr


@pytest.mark.sumo
def test_routes_of_another_net_are_invalid_input(grid_net: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.rou.xml"
    other.write_text('<routes><vehicle id="a" depart="0"><route edges="x y"/></vehicle></routes>')
    said = trafficdiff("evaluate", "--network", grid_net, "--routes", other)
    assert said.returncode == 2
    assert "'x' is not in the net" in said.stderr
