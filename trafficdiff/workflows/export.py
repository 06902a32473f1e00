"""Write the numbers of a run or of a study for other programs: spreadsheets, GIS, web maps, scientific tools."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from trafficdiff.errors import InputError
from trafficdiff.publish import is_complete, publishing, read_manifest, refuse_taken
from trafficdiff.workflows.progress import quiet

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.export.table_files import Origin
    from trafficdiff.store.reading import StoredRun
    from trafficdiff.store.stack import Study
    from trafficdiff.workflows.progress import Progress

__all__ = ["KIND", "Exported", "TableFormat", "export", "tables_of_run"]

KIND = "tables"
"""What the manifest of an exported directory says it holds."""


class TableFormat(StrEnum):
    """How numbers are written."""

    csv = "csv"
    gpkg = "gpkg"
    geojson = "geojson"
    netcdf = "netcdf"


@dataclass(frozen=True)
class Exported:
    """Say what was written.

    Parameters
    ----------
    directory, files
        The new directory, and the files in it without its manifest.
    rows
        How many rows each table has; of NetCDF, how many values along each dimension.
    run_id
        The run that they are of; empty for a study.
    study_hash
        The study that they are of; empty for a run.
    """

    directory: Path
    files: tuple[Path, ...]
    rows: dict[str, int]
    run_id: str = ""
    study_hash: str = ""


def export(
    source: str | Path,
    *,
    table_format: TableFormat,
    directory: str | Path,
    intervals: bool = False,
    least_vehicles: int | None = None,
    progress: Progress = quiet,
) -> Exported:
    """Write the numbers of a run or of a study into a new directory, whole or not at all.

    ::

                 a run                                   a study
        csv      edges, streets, area, intervals         edges, streets, runs, intervals by scenario and sample
        gpkg     edges, streets as layers; area, ...     roads (means over samples) as a layer; edges, ... as tables
        geojson  edges, streets                          roads
        netcdf   run.nc (edge, time)                     study.nc (scenario, sample, edge, time)

    Parameters
    ----------
    source
        A run directory, or a finished study.
    table_format
        How the numbers are written.
    directory
        New or empty.
    intervals
        Whether tables get the numbers by interval too; NetCDF has them always.
    least_vehicles
        Where a file gave the trips, roads with fewer vehicles lose their numbers; None for ten, 0 to keep all.
    progress
        Receives stages.

    Raises
    ------
    InputError
        If `source` is neither.
    IntegrityError
        If it is not what was published.
    StoreError
        If the study is not finished, or the directory is taken or cannot be written.
    """
    place, target = Path(source), Path(directory)
    refuse_taken(target)
    if _is_study(place):
        return _export_study(
            place, target, table_format=table_format, intervals=intervals, least=least_vehicles, progress=progress
        )
    return _export_run(
        place, target, table_format=table_format, intervals=intervals, least=least_vehicles, progress=progress
    )


def _is_study(source: Path) -> bool:
    """Return whether a directory is a study, and refuse what is neither that nor a run."""
    from trafficdiff.store import layout
    from trafficdiff.store.study import PLAN

    if is_complete(source):
        if (found := read_manifest(source).kind) != layout.KIND:
            raise InputError(f"{source}: expected a run directory or a study, found a {found}; name a run or a study")
        return False
    if not (source / PLAN).is_file():
        raise InputError(
            f"{source}: expected a run directory or a study, found none; `trafficdiff run` and `trafficdiff ensemble` "
            "make them"
        )
    return True


def _export_run(
    source: Path, target: Path, *, table_format: TableFormat, intervals: bool, least: int | None, progress: Progress
) -> Exported:
    from trafficdiff.roads.netfile import read_net
    from trafficdiff.store import layout
    from trafficdiff.store.reading import open_run
    from trafficdiff.workflows.origin import origin_of_run
    from trafficdiff.workflows.shareable import shareable_dataset, shareable_tables

    progress("opening the run", None)
    run = open_run(source)
    graph = read_net(run.net_path)
    origin = origin_of_run(run, graph)
    with publishing(target, kind=KIND) as temporary:
        if table_format is TableFormat.netcdf:
            dataset = shareable_dataset(_all_of(run), synthetic=run.provenance.synthetic, least=least)
            rows = _write_dataset(dataset, temporary / "run.nc", graphs=[graph], origin=origin, run=run,
                                  title=run.scenario.name)  # fmt: skip
        else:
            progress("making tables", None)
            tables = tables_of_run(run, graph, intervals=intervals)
            tables = shareable_tables(tables, synthetic=run.provenance.synthetic, least=least)
            rows = _write(tables, temporary, table_format=table_format, origin=origin, named="metrics")
        (temporary / layout.NOTICE).write_bytes((source / layout.NOTICE).read_bytes())
    return Exported(target, _files(target), rows, run_id=run.run_id)


def _export_study(
    source: Path, target: Path, *, table_format: TableFormat, intervals: bool, least: int | None, progress: Progress
) -> Exported:
    from trafficdiff.roads.netfile import read_net
    from trafficdiff.store import layout
    from trafficdiff.store.stack import open_study
    from trafficdiff.workflows.export_study import first_runs, study_tables
    from trafficdiff.workflows.origin import origin_of_study
    from trafficdiff.workflows.shareable import shareable_dataset, shareable_tables

    progress("opening the study", None)
    study = open_study(source)
    runs = first_runs(study)
    graphs = {name: read_net(run.net_path) for name, run in runs.items()}
    first = next(iter(runs))
    origin = origin_of_study(study, runs[first], graphs[first])
    synthetic = all(run.provenance.synthetic for run in runs.values())
    with publishing(target, kind=KIND) as temporary:
        if table_format is TableFormat.netcdf:
            dataset = shareable_dataset(study.results, synthetic=synthetic, least=least)
            rows = _write_dataset(dataset, temporary / "study.nc", graphs=list(graphs.values()), origin=origin,
                                  run=runs[first], title=_title(study))  # fmt: skip
        else:
            tables = study_tables(study, graphs, intervals=intervals, progress=progress)
            tables = shareable_tables(tables, synthetic=synthetic, least=least)
            rows = _write(tables, temporary, table_format=table_format, origin=origin, named="study")
        (temporary / layout.NOTICE).write_bytes((runs[first].directory / layout.NOTICE).read_bytes())
    return Exported(target, _files(target), rows, study_hash=study.hash)


def _title(study: Study) -> str:
    return f"Study: {', '.join(study.scenarios)}"


def _files(target: Path) -> tuple[Path, ...]:
    return tuple(target / entry.path for entry in read_manifest(target, kind=KIND).files)


def tables_of_run(run: StoredRun, graph: RoadGraph, *, intervals: bool) -> dict[str, pd.DataFrame]:
    """Return the tables of a run: ``edges``, ``streets``, ``area`` and, if asked for, ``intervals``."""
    from trafficdiff.export import tables
    from trafficdiff.metrics.streets import street_of_edges, streets
    from trafficdiff.metrics.whole_window import whole_window

    data = run.result.data.sel(edge=graph.edge_id)
    street = street_of_edges(graph.street_name, graph.edge_id)
    worst = streets(data, street=street, road_class=graph.road_class)
    made: dict[str, pd.DataFrame] = {
        "edges": tables.edge_table(graph, whole_window(data), street=street),
        "streets": tables.street_table(graph, worst, street=street),
        "area": tables.area_table(run.metrics.data),
    }
    if intervals:
        made["intervals"] = tables.interval_table(run.metrics.data.sel(edge=graph.edge_id), street=street)
    return made


def _all_of(run: StoredRun) -> xr.Dataset:
    """Return what was measured in a run and what was computed from it, as one dataset."""
    measured, computed = run.result.data, run.metrics.data
    return measured.assign({name: array for name, array in computed.data_vars.items() if name not in measured})


def _write_dataset(
    dataset: xr.Dataset, path: Path, *, graphs: list[RoadGraph], origin: Origin, run: StoredRun, title: str
) -> dict[str, int]:
    import numpy as np

    from trafficdiff.export.netcdf import write_netcdf

    known: dict[str, tuple[float, float]] = {}
    for graph in reversed(graphs):
        known |= dict(
            zip(map(str, graph.edge_id), map(tuple, graph.to_lonlat(graph.midpoint_xy).round(6)), strict=True)
        )
    nowhere = (np.nan, np.nan)
    lonlat = np.array([known.get(str(edge), nowhere) for edge in dataset["edge"].to_numpy()], np.float64)
    write_netcdf(dataset, path, origin=origin, date=run.scenario.date, lonlat=lonlat.reshape(-1, 2), title=title)
    return {str(name): int(size) for name, size in dataset.sizes.items()}


def _write(
    tables: dict[str, pd.DataFrame], folder: Path, *, table_format: TableFormat, origin: Origin, named: str
) -> dict[str, int]:
    """Write tables; return the rows of those that the format holds."""
    from trafficdiff.export import table_files

    if table_format is TableFormat.geojson:
        tables = {name: table for name, table in tables.items() if "geometry" in table}
    match table_format:
        case TableFormat.csv:
            for name, table in tables.items():
                table_files.write_csv(table, folder / f"{name}.csv", origin=origin)
            as_files = {f"{name}.csv": table for name, table in tables.items()}
            table_files.write_csv_metadata(as_files, folder / table_files.CSV_METADATA, origin=origin)
        case TableFormat.gpkg:
            table_files.write_geopackage(tables, folder / f"{named}.gpkg", origin=origin)
        case _:
            for name, table in tables.items():
                table_files.write_geojson(table, folder / f"{name}.geojson", origin=origin)
    return {name: len(table) for name, table in tables.items()}
