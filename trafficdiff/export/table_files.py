"""Write tables as CSV, GeoPackage or GeoJSON; each file says where its numbers come from.

::

    CSV         columns run_id, synthetic, provenance, attribution in every row; meanings in csv-metadata.json (CSVW)
    GeoPackage  columns run_id, synthetic in every row; provenance and attribution in the metadata of file and layers
    GeoJSON     properties run_id, synthetic of every feature; provenance and attribution beside the features
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.errors import StoreError
from trafficdiff.export.tables import column_of
from trafficdiff.units import QUANTITIES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

__all__ = ["CSV_METADATA", "Origin", "write_csv", "write_csv_metadata", "write_geojson", "write_geopackage"]

CSV_METADATA: Final = "csv-metadata.json"
"""Where programs look for the meaning of CSV files in a folder (https://www.w3.org/TR/tabular-data-model/)."""

_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a text for a formula (OWASP, CSV injection)."""
_NAMES_BY_PEOPLE: Final = ("street", "road_class", "around", "scenario")
_CSVW_TYPES: Final = {"i": "integer", "f": "number", "b": "boolean"}


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Say where the numbers of a table come from.

    Parameters
    ----------
    run_id
        Name of the run; empty where the rows of a study name theirs.
    study_hash
        Hash of the study; empty for a single run.
    synthetic
        Whether the trips were made, so that no row is about a real person.
    provenance
        One sentence: model, data, seed, versions.
    attribution
        Licence of the roads, and whom to thank; empty if the run does not know.
    """

    run_id: str = ""
    study_hash: str = ""
    synthetic: bool
    provenance: str
    attribution: str

    @property
    def block(self) -> dict[str, Any]:
        """The provenance block that every file carries, whatever its format."""
        return self.mark | {"provenance": self.provenance, "attribution": self.attribution}

    @property
    def mark(self) -> dict[str, Any]:
        """What every row says, whatever is cut out of the file."""
        named = {"run_id": self.run_id, "study_hash": self.study_hash}
        return {name: value for name, value in named.items() if value} | {"synthetic": self.synthetic}


def write_csv(table: pd.DataFrame, path: Path, *, origin: Origin) -> None:
    """Write a table as CSV: UTF-8 with the mark that spreadsheets need, missing values empty, geometry left out.

    A name that a spreadsheet would run as a formula gets an apostrophe in front.
    """
    plain = table.drop(columns="geometry", errors="ignore").assign(**origin.block)
    for column in _NAMES_BY_PEOPLE:
        if column in plain:
            plain[column] = [f"'{name}" if str(name).startswith(_FORMULA_STARTS) else name for name in plain[column]]
    for yes_or_no in plain.select_dtypes("bool"):
        plain[yes_or_no] = np.where(plain[yes_or_no], "true", "false")
    plain.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\r\n")


def write_csv_metadata(tables: Mapping[str, pd.DataFrame], path: Path, *, origin: Origin) -> None:
    """Write types, meanings and origin of CSV files as CSVW metadata.

    Parameters
    ----------
    tables
        By file name.
    path
        The file `CSV_METADATA`.
    origin
        Where the numbers come from.
    """
    content = {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "en"}],
        "dc:source": origin.provenance,
        "dc:rights": origin.attribution,
        "tables": [
            {"url": name, "tableSchema": {"columns": _columns(table, origin=origin)}} for name, table in tables.items()
        ],
    }
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _columns(table: pd.DataFrame, *, origin: Origin) -> list[dict[str, str]]:
    meanings = {column_of(name): quantity.long_name for name, quantity in QUANTITIES.items()}
    named = table.drop(columns="geometry", errors="ignore").assign(**origin.block)
    return [
        {"name": str(name), "titles": str(name), "datatype": _CSVW_TYPES.get(column.dtype.kind, "string")}
        | ({"dc:description": meanings[str(name)]} if name in meanings else {})
        for name, column in named.items()
    ]


def write_geopackage(tables: Mapping[str, pd.DataFrame], path: Path, *, origin: Origin) -> None:
    """Write tables as the layers of one GeoPackage; those without geometry become attribute tables.

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    import pyogrio
    from pyogrio.errors import DataLayerError, DataSourceError

    about = {key.upper(): str(value) for key, value in origin.block.items()}
    try:
        for place, (layer, table) in enumerate(tables.items()):
            pyogrio.write_dataframe(
                table.assign(**origin.mark), path, layer=layer, driver="GPKG", append=place > 0,
                dataset_metadata=about, layer_metadata=about,
            )  # fmt: skip
    except (DataSourceError, DataLayerError) as error:
        raise StoreError(f"{path}: expected a place to write to, got {error}; check the disk") from error


def write_geojson(table: pd.DataFrame, path: Path, *, origin: Origin) -> None:
    """Write a table as GeoJSON (RFC 7946): longitude and latitude to 0.1 m, missing values null."""
    import geopandas as gpd
    import shapely

    lonlat = gpd.GeoDataFrame(table).to_crs("EPSG:4326")
    lonlat = lonlat.set_geometry(shapely.set_precision(lonlat.geometry.to_numpy(), 1e-6))
    content = json.loads(lonlat.assign(**origin.mark).to_json(drop_id=True, na="null", show_bbox=False))
    content.pop("crs", None)  # RFC 7946 knows WGS 84 only
    path.write_text(json.dumps(origin.block | content, ensure_ascii=False) + "\n", encoding="utf-8")
