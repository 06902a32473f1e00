"""Make single files out of runs and comparisons, for a browser that asks for one; each says where it comes from."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from trafficdiff.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from trafficdiff.store.reading import StoredRun
    from trafficdiff.workflows.compare import Pair

__all__ = ["comparison_file", "run_file"]


def comparison_file(table: pd.DataFrame, pair: Pair, run: StoredRun, *, file_name: str) -> bytes:
    """Return a table of a comparison as a file; its ending says which kind.

    Parameters
    ----------
    table
        One row a number, a road or a zone.
    pair
        What was compared.
    run
        The first run of the base, for licence and provenance.
    file_name
        Ends with ``.csv``, ``.gpkg`` or ``.geojson``.

    Raises
    ------
    InputError
        If the ending is another.
    """
    from trafficdiff.export import table_files
    from trafficdiff.roads.netfile import read_net
    from trafficdiff.workflows.comparison_files import origin_of

    origin = origin_of(pair, run, read_net(run.net_path))
    with TemporaryDirectory(prefix="trafficdiff-download-") as folder:
        path = Path(folder) / Path(file_name).name
        match path.suffix:
            case ".csv":
                table_files.write_csv(table, path, origin=origin)
            case ".gpkg":
                table_files.write_geopackage({path.stem: table}, path, origin=origin)
            case ".geojson":
                table_files.write_geojson(table, path, origin=origin)
            case other:
                raise InputError(f"expected a file that ends with .csv, .gpkg or .geojson, got {other!r}")
        return path.read_bytes()


def run_file(run: Path, kind: str) -> bytes:
    """Return the tables of a run as one file: GeoPackage, GeoJSON, or CSV files in a zip archive.

    Parameters
    ----------
    run
        A run directory.
    kind
        One of `export.TableFormat` that is a table.

    Raises
    ------
    InputError
        If it is no run.
    IntegrityError
        If the run is not what was published.
    """
    from trafficdiff.workflows.export import TableFormat, export

    with TemporaryDirectory(prefix="trafficdiff-download-") as folder:
        made = export(run, table_format=TableFormat(kind), directory=Path(folder) / "tables")
        if kind == "gpkg":
            return next(path for path in made.files if path.suffix == ".gpkg").read_bytes()
        if kind == "geojson":
            return next(path for path in made.files if path.stem == "edges").read_bytes()
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in made.files:
                archive.write(path, path.name)
        return packed.getvalue()
