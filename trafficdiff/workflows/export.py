"""Write the tables of a run for other programs: spreadsheets, GIS, web maps."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from trafficdiff.errors import InputError
from trafficdiff.publish import is_complete, publishing, read_manifest
from trafficdiff.workflows.progress import quiet

if TYPE_CHECKING:
    import pandas as pd

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.export.table_files import Origin
    from trafficdiff.store.reading import StoredRun
    from trafficdiff.workflows.progress import Progress

__all__ = ["KIND", "Exported", "TableFormat", "export"]

KIND = "tables"
"""What the manifest of an exported directory says it holds."""


class TableFormat(StrEnum):
    """How tables are written."""

    csv = "csv"
    gpkg = "gpkg"
    geojson = "geojson"


@dataclass(frozen=True)
class Exported:
    """Say what was written.

    Parameters
    ----------
    directory, files
        The new directory, and the files in it without its manifest.
    rows
        How many rows each table has.
    run_id
        The run that they are of.
    """

    directory: Path
    files: tuple[Path, ...]
    rows: dict[str, int]
    run_id: str


def export(
    run: str | Path,
    *,
    table_format: TableFormat,
    directory: str | Path,
    intervals: bool = False,
    progress: Progress = quiet,
) -> Exported:
    """Write the tables of a run into a new directory, whole or not at all.

    ``edges`` (one row an edge, over the whole window) and ``streets`` (the worst first); as CSV and GeoPackage also
    ``area`` (the numbers of the whole area) and, if asked for, ``intervals`` (one row an edge and interval).

    Parameters
    ----------
    run
        A run directory.
    table_format
        How the tables are written.
    directory
        New or empty.
    intervals
        Whether the numbers by interval are written too.
    progress
        Receives stages.

    Raises
    ------
    InputError
        If `run` is not a run.
    IntegrityError
        If the run is not what was published.
    StoreError
        If the directory is taken or cannot be written.
    """
    from trafficdiff.roads.netfile import read_net
    from trafficdiff.store import layout
    from trafficdiff.store.reading import open_run

    source, target = Path(run), Path(directory)
    _refuse_other(source, kind=layout.KIND)
    progress("opening the run", None)
    stored = open_run(source)
    graph = read_net(stored.net_path)
    progress("making tables", None)
    tables = _tables(stored, graph, intervals=intervals)
    if table_format is TableFormat.geojson:
        tables = {name: table for name, table in tables.items() if "geometry" in table}
    progress("writing", None)
    with publishing(target, kind=KIND) as temporary:
        _write(tables, temporary, table_format=table_format, origin=_origin(stored, graph))
        (temporary / layout.NOTICE).write_bytes((source / layout.NOTICE).read_bytes())
    files = tuple(target / entry.path for entry in read_manifest(target, kind=KIND).files)
    return Exported(target, files, {name: len(table) for name, table in tables.items()}, stored.run_id)


def _refuse_other(source: Path, *, kind: str) -> None:
    if not is_complete(source):
        raise InputError(
            f"{source}: expected a run directory, found none; `trafficdiff run SCENARIO.yaml -o DIR` makes one"
        )
    if (found := read_manifest(source).kind) != kind:
        raise InputError(f"{source}: expected a run directory, found a {found}; name a run")


def _tables(stored: StoredRun, graph: RoadGraph, *, intervals: bool) -> dict[str, pd.DataFrame]:
    from trafficdiff.export import tables
    from trafficdiff.metrics.streets import street_of_edges, streets
    from trafficdiff.metrics.whole_window import whole_window

    data = stored.result.data.sel(edge=graph.edge_id)
    street = street_of_edges(graph.street_name, graph.edge_id)
    worst = streets(data, street=street, road_class=graph.road_class)
    made: dict[str, pd.DataFrame] = {
        "edges": tables.edge_table(graph, whole_window(data), street=street),
        "streets": tables.street_table(graph, worst, street=street),
        "area": tables.area_table(stored.metrics.data),
    }
    if intervals:
        made["intervals"] = tables.interval_table(stored.metrics.data.sel(edge=graph.edge_id), street=street)
    return made


def _origin(stored: StoredRun, graph: RoadGraph) -> Origin:
    from trafficdiff.export.credit import OSM_LICENCE, comes_from_openstreetmap
    from trafficdiff.export.table_files import Origin

    said = str(stored.metrics.data.attrs.get("licence", ""))
    return Origin(
        run_id=stored.run_id,
        synthetic=stored.provenance.synthetic,
        provenance=stored.provenance.statement,
        attribution=said or (OSM_LICENCE if comes_from_openstreetmap(graph) else ""),
    )


def _write(tables: dict[str, pd.DataFrame], folder: Path, *, table_format: TableFormat, origin: Origin) -> None:
    from trafficdiff.export import table_files

    match table_format:
        case TableFormat.csv:
            for name, table in tables.items():
                table_files.write_csv(table, folder / f"{name}.csv", origin=origin)
            named = {f"{name}.csv": table for name, table in tables.items()}
            table_files.write_csv_metadata(named, folder / table_files.CSV_METADATA, origin=origin)
        case TableFormat.gpkg:
            table_files.write_geopackage(tables, folder / "metrics.gpkg", origin=origin)
        case TableFormat.geojson:
            for name, table in tables.items():
                table_files.write_geojson(table, folder / f"{name}.geojson", origin=origin)
