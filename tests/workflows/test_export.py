"""The tables of a run for other programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import xarray as xr

from tests.commands import trafficdiff
from tests.workflows.studies import make_study
from tests.workflows.test_run import write_scenario
from trafficdiff.datatypes.scenario_files import read_scenario
from trafficdiff.errors import InputError, IntegrityError, StoreError
from trafficdiff.publish import verify
from trafficdiff.roads.netfile import read_net
from trafficdiff.store.reading import open_run
from trafficdiff.store.stack import open_study
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
    tables = {path.stem: pd.read_csv(path, dtype={"run_id": str}) for path in written.files if path.suffix == ".csv"}
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
    with pytest.raises(InputError, match="found none"):
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


@pytest.mark.slow
def test_the_command_writes_what_it_says(outcome: Outcome, tmp_path: Path) -> None:
    said = trafficdiff("export", outcome.directory, "--format", "csv", "-o", tmp_path / "out", "--json")
    assert said.returncode == 0, said.stderr
    told = json.loads(said.stdout)
    assert all(Path(path).exists() for path in told["files"])
    assert told["run_id"] == outcome.run_id
    assert trafficdiff("export", outcome.directory, "--format", "xls", "-o", tmp_path / "x").returncode == 2
    assert trafficdiff("export", tmp_path / "none", "--format", "csv", "-o", tmp_path / "x").returncode == 2


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, grid_net: Path) -> Path:
    """Two samples of the grid with few and with more trips."""
    folder = tmp_path_factory.mktemp("study")
    few = read_scenario(write_scenario(folder, grid_net, name="few"))
    more = few.model_copy(update={"name": "more", "demand": few.demand.model_copy(update={"trips": 90})})
    return make_study(folder / "study", [few, more], samples=2)


@pytest.mark.slow
def test_tables_of_a_study_have_a_row_a_scenario_and_sample_as_in_its_runs(study: Path, tmp_path: Path) -> None:
    written = export(study, table_format=TableFormat.csv, directory=tmp_path / "out", intervals=True)
    opened = open_study(study)
    tables = {path.stem: pd.read_csv(path, dtype={"run_id": str}) for path in written.files if path.suffix == ".csv"}
    assert set(tables) == {"roads", "edges", "streets", "intervals", "runs"}
    runs = tables["runs"].set_index(["scenario", "sample"])
    assert sorted(runs.index) == [("few", 0), ("few", 1), ("more", 0), ("more", 1)]
    delay_h = opened.results["delay_hours"]
    sums_h = tables["edges"].groupby(["scenario", "sample"])["delay_s"].sum() / 3_600
    for key in runs.index:
        assert runs.loc[key, "delay_hours"] == pytest.approx(
            float(delay_h.sel(scenario=key[0], sample=key[1])), rel=1e-4
        )
        assert sums_h[key] == pytest.approx(runs.loc[key, "delay_hours"], rel=1e-4)
        assert runs.loc[key, "run_id"] == open_run(opened.run_directory(*key)).run_id
    one = tables["edges"].query("scenario == 'more' and edge_id == 'A1B1'")["delay_s"]
    road = tables["roads"].query("scenario == 'more' and edge_id == 'A1B1'").iloc[0]
    assert (road["delay_s_mean"], road["delay_s_sd"]) == pytest.approx((one.mean(), one.std(ddof=1)), rel=1e-6)
    assert road["samples"] == 2


@pytest.mark.slow
def test_every_format_of_a_study_carries_the_same_block(study: Path, tmp_path: Path) -> None:
    found = {}
    for one in TableFormat:
        export(study, table_format=one, directory=tmp_path / one)
        verify(tmp_path / one, kind=KIND)
    csv = pd.read_csv(tmp_path / "csv" / "roads.csv").iloc[0]
    found["csv"] = {name: csv[name] for name in ("study_hash", "synthetic", "provenance", "attribution")}
    content = json.loads((tmp_path / "geojson" / "roads.geojson").read_bytes())
    found["geojson"] = {name: content[name] for name in found["csv"]}
    layers = pyogrio.read_info(tmp_path / "gpkg" / "study.gpkg", layer="edges")["layer_metadata"]
    found["gpkg"] = {name: layers.get(name.upper(), "") for name in found["csv"]}
    with xr.open_dataset(tmp_path / "netcdf" / "study.nc", engine="h5netcdf") as data:
        found["netcdf"] = {name: data.attrs[name] for name in found["csv"]}
    plain = {
        form: {name: str(value).replace("nan", "").lower() for name, value in block.items()}
        for form, block in found.items()
    }
    assert plain["csv"] == plain["geojson"] == plain["gpkg"] == plain["netcdf"]
    assert plain["csv"]["study_hash"] == open_study(study).hash
    assert "2 scenarios, 2 samples each" in plain["csv"]["provenance"]


@pytest.mark.slow
def test_netcdf_of_run_and_study_reads_back_what_is_stored(outcome: Outcome, study: Path, tmp_path: Path) -> None:
    of_run = export(outcome.directory, table_format=TableFormat.netcdf, directory=tmp_path / "run")
    assert (of_run.run_id, of_run.study_hash) == (outcome.run_id, "")
    stored = open_run(outcome.directory)
    with xr.open_dataset(tmp_path / "run" / "run.nc", engine="h5netcdf") as data:
        for part in (stored.result.data, stored.metrics.data):
            for name, array in part.data_vars.items():
                np.testing.assert_array_equal(data[name].transpose(*array.dims), array)
        assert data.attrs["run_id"] == outcome.run_id
        middle = read_net(stored.net_path).to_lonlat(read_net(stored.net_path).midpoint_xy)
        assert float(data["lon"].min()) == pytest.approx(middle[:, 0].min(), abs=1e-5)
    export(study, table_format=TableFormat.netcdf, directory=tmp_path / "study")
    results = open_study(study).results
    with xr.open_dataset(tmp_path / "study" / "study.nc", engine="h5netcdf") as data:
        assert data["scenario_name"].to_numpy().tolist() == ["few", "more"]
        for name, array in results.data_vars.items():
            np.testing.assert_array_equal(data[name].transpose(*array.dims), array)
