"""The tables of a run for other programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import pytest

from tests.cli.test_application import trafficdiff
from tests.workflows.test_run import write_scenario
from trafficdiff.errors import InputError, IntegrityError, StoreError
from trafficdiff.publish import verify
from trafficdiff.workflows.export import KIND, TableFormat, export
from trafficdiff.workflows.run import run_file

if TYPE_CHECKING:
    from trafficdiff.workflows.outcome import Outcome

pytestmark = pytest.mark.sumo


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory, grid_net: Path) -> Outcome:
    """A run on the grid, two of whose edges have a name."""
    folder = tmp_path_factory.mktemp("run")
    net = folder / "named.net.xml"
    text = grid_net.read_text()
    for edge in ("A0A1", "A1A0"):
        assert f'<edge id="{edge}"' in text
        text = text.replace(f'<edge id="{edge}"', f'<edge id="{edge}" name="=Mäkelänkatu"')
    net.write_text(text, encoding="utf-8")
    return run_file(write_scenario(folder, net), directory=folder / "run", picture=False)


def test_csv_tables_add_up_to_the_areas_numbers(outcome: Outcome, tmp_path: Path) -> None:
    written = export(outcome.directory, table_format=TableFormat.csv, directory=tmp_path / "out", intervals=True)
    verify(tmp_path / "out", kind=KIND)
    tables = {path.stem: pd.read_csv(path) for path in written.files if path.suffix == ".csv"}
    assert set(tables) == {"edges", "streets", "area", "intervals"}
    assert {name: len(table) for name, table in tables.items()} == written.rows
    delay_h = outcome.numbers["delay_hours"]
    assert tables["edges"]["delay_s"].sum() / 3_600 == pytest.approx(delay_h, rel=1e-4)
    assert tables["intervals"]["delay_s"].sum() / 3_600 == pytest.approx(delay_h, rel=1e-4)
    assert tables["streets"]["delay_hours"].sum() == pytest.approx(delay_h, rel=1e-4)
    assert tables["streets"]["delay_hours"].is_monotonic_decreasing
    named = tables["streets"].set_index("street").loc["'=Mäkelänkatu"]
    assert named["edges"] == 2
    assert set(tables["edges"]["run_id"]) == {outcome.run_id}
    assert "Synthetic" in tables["edges"]["provenance"][0]
    assert (tmp_path / "out" / "NOTICE.txt").exists()


def test_geographic_tables_lie_where_the_roads_are(outcome: Outcome, tmp_path: Path) -> None:
    export(outcome.directory, table_format=TableFormat.gpkg, directory=tmp_path / "gpkg")
    export(outcome.directory, table_format=TableFormat.geojson, directory=tmp_path / "json")
    edges = gpd.read_file(tmp_path / "gpkg" / "metrics.gpkg", layer="edges")
    same = gpd.read_file(tmp_path / "json" / "edges.geojson")
    assert edges["edge_id"].tolist() == same["edge_id"].tolist()
    assert edges.to_crs("EPSG:4326").total_bounds == pytest.approx(same.total_bounds, abs=1e-5)
    assert set(gpd.list_layers(tmp_path / "gpkg" / "metrics.gpkg")["name"]) == {"edges", "streets", "area"}


def test_the_run_itself_holds_the_streets_and_the_outcome_shows_the_worst(outcome: Outcome) -> None:
    table = pd.read_csv(outcome.directory / "tables" / "streets.csv")
    assert [street["street"] for street in outcome.streets] == table["street"].head(10).tolist()
    assert len(outcome.street_rows()) == len(outcome.streets) == 10
    assert outcome.streets[0]["delay_hours"] == pytest.approx(table["delay_hours"].max())
    assert table["delay_hours"].sum() == pytest.approx(outcome.numbers["delay_hours"], abs=0.1)
    assert "Synthetic" in table["provenance"][0]


def test_nothing_is_overwritten(outcome: Outcome, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()
    with pytest.raises(StoreError):
        export(outcome.directory, table_format=TableFormat.csv, directory=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_what_is_no_run_is_invalid_input(outcome: Outcome, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected a run directory, found none"):
        export(tmp_path, table_format=TableFormat.csv, directory=tmp_path / "out")
    export(outcome.directory, table_format=TableFormat.csv, directory=tmp_path / "tables")
    with pytest.raises(InputError, match="found a tables"):
        export(tmp_path / "tables", table_format=TableFormat.csv, directory=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_changed_run_is_refused(outcome: Outcome, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(outcome.directory, tmp_path / "run")
    (tmp_path / "run" / "counts.json").write_text("{}")
    with pytest.raises(IntegrityError, match=r"counts\.json"):
        export(tmp_path / "run", table_format=TableFormat.csv, directory=tmp_path / "out")


def test_the_command_writes_what_it_says(outcome: Outcome, tmp_path: Path) -> None:
    said = trafficdiff("export", outcome.directory, "--format", "csv", "-o", tmp_path / "out", "--json")
    assert said.returncode == 0, said.stderr
    told = json.loads(said.stdout)
    assert all(Path(path).exists() for path in told["files"])
    assert told["run_id"] == outcome.run_id
    assert trafficdiff("export", outcome.directory, "--format", "xls", "-o", tmp_path / "x").returncode == 2
    assert trafficdiff("export", tmp_path / "none", "--format", "csv", "-o", tmp_path / "x").returncode == 2
