"""Every file can be read by others, and says where its numbers come from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from tests.towns import UTM
from trafficdiff.errors import StoreError
from trafficdiff.export.table_files import Origin, write_csv, write_csv_metadata, write_geojson, write_geopackage

if TYPE_CHECKING:
    from pathlib import Path

ORIGIN = Origin(run_id="0123456789ab", synthetic=True, provenance="Made by a test.", attribution="© Some Map (ODbL)")


@pytest.fixture
def table() -> gpd.GeoDataFrame:
    """Two edges, one without traffic, with names from all over."""
    lines = shapely.linestrings(
        [[(385_000, 6_671_000), (385_100, 6_671_000)], [(385_000, 6_671_000), (385_000, 6_671_100)]]
    )
    columns = {
        "edge_id": ["-12#0", "13"],
        "street": ['東大路通, "x"', "=1+1"],
        "speed_ms": [3.5, np.nan],
        "lanes": [1, 2],
    }
    return gpd.GeoDataFrame(columns, geometry=lines, crs=UTM)


def test_a_csv_file_reads_back_and_every_row_says_where_it_comes_from(table: gpd.GeoDataFrame, tmp_path: Path) -> None:
    write_csv(table, tmp_path / "edges.csv", origin=ORIGIN)
    read = pd.read_csv(tmp_path / "edges.csv")
    assert read["edge_id"].tolist() == ["-12#0", "13"]
    assert read["street"][0] == '東大路通, "x"'
    assert read["speed_ms"][0] == 3.5
    assert np.isnan(read["speed_ms"][1])
    assert read["synthetic"].tolist() == [True, True]
    assert set(read["provenance"]) == {"Made by a test."}
    assert set(read["attribution"]) == {"© Some Map (ODbL)"}
    assert "geometry" not in read
    assert (tmp_path / "edges.csv").read_bytes().startswith(b"\xef\xbb\xbf")  # or spreadsheets garble the names


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+1", "-1", "@x", "\tx"])
def test_a_street_cannot_be_a_formula(tmp_path: Path, name: str) -> None:
    write_csv(pd.DataFrame({"street": [name, "High Street"]}), tmp_path / "s.csv", origin=ORIGIN)
    assert pd.read_csv(tmp_path / "s.csv")["street"].tolist() == [f"'{name}", "High Street"]


def test_the_columns_of_csv_files_are_explained(table: gpd.GeoDataFrame, tmp_path: Path) -> None:
    write_csv_metadata({"edges.csv": table}, tmp_path / "csv-metadata.json", origin=ORIGIN)
    write_csv(table, tmp_path / "edges.csv", origin=ORIGIN)
    content = json.loads((tmp_path / "csv-metadata.json").read_text("utf-8"))
    (described,) = content["tables"]
    columns = described["tableSchema"]["columns"]
    assert [column["name"] for column in columns] == list(pd.read_csv(tmp_path / "edges.csv").columns)
    kinds = {column["name"]: column["datatype"] for column in columns}
    assert (kinds["street"], kinds["speed_ms"], kinds["lanes"]) == ("string", "number", "integer")
    assert kinds["synthetic"] == "boolean"
    assert next(column for column in columns if column["name"] == "speed_ms")["dc:description"] == "space-mean speed"
    assert content["dc:rights"] == ORIGIN.attribution


def test_a_geopackage_has_a_layer_a_table_and_says_where_it_comes_from(table: gpd.GeoDataFrame, tmp_path: Path) -> None:
    path = tmp_path / "metrics.gpkg"
    area = pd.DataFrame({"name": ["mean_speed"], "value": [3.0]})
    write_geopackage({"edges": table, "area": area}, path, origin=ORIGIN)
    edges = gpd.read_file(path, layer="edges")
    assert edges["street"].tolist() == table["street"].tolist()
    assert edges.geometry.length.tolist() == pytest.approx([100.0, 100.0])
    assert edges.crs == table.crs
    assert edges["synthetic"].tolist() == [True, True]
    assert pyogrio.read_dataframe(path, layer="area", read_geometry=False)["value"].tolist() == [3.0]
    for layer in ("edges", "area"):
        said = pyogrio.read_info(path, layer=layer)
        assert said["layer_metadata"]["PROVENANCE"] == "Made by a test."
        assert said["dataset_metadata"]["ATTRIBUTION"] == "© Some Map (ODbL)"


def test_a_geopackage_that_cannot_be_written_is_a_clear_error(table: gpd.GeoDataFrame, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="place to write to"):
        write_geopackage({"edges": table}, tmp_path / "none" / "metrics.gpkg", origin=ORIGIN)


def test_geojson_is_in_longitude_and_latitude_with_null_for_what_is_missing(
    table: gpd.GeoDataFrame, tmp_path: Path
) -> None:
    write_geojson(table, tmp_path / "edges.geojson", origin=ORIGIN)
    content = json.loads((tmp_path / "edges.geojson").read_text("utf-8"))
    assert content["type"] == "FeatureCollection"
    assert content["attribution"] == ORIGIN.attribution
    assert content["synthetic"] is True
    assert "crs" not in content
    first, second = content["features"]
    assert first["properties"]["run_id"] == ORIGIN.run_id
    assert second["properties"]["speed_ms"] is None
    lon, lat = first["geometry"]["coordinates"][0]
    assert 24 < lon < 26
    assert 60 < lat < 61
