"""``trafficdiff export``: the numbers of a run or a study for spreadsheets, GIS, web maps and scientific tools."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from trafficdiff.cli.output import JsonOption, print_json, showing_progress
from trafficdiff.workflows.export import TableFormat

__all__ = ["export"]


def export(
    source: Annotated[Path, typer.Argument(metavar="RUN", help="A run directory or a study.")],
    *,
    table_format: Annotated[TableFormat, typer.Option("--format", help="How the numbers are written.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The directory to make.")],
    intervals: Annotated[
        bool, typer.Option("--intervals", help="Also one row an edge and interval (csv, gpkg).")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Write the metrics by edge and by street, with names and classes, as CSV, GeoPackage, GeoJSON or NetCDF."""
    from trafficdiff.workflows.export import export

    with showing_progress() as progress:
        written = export(source, table_format=table_format, directory=output, intervals=intervals, progress=progress)
    if as_json:
        print_json(dataclasses.asdict(written))
    else:
        for path in written.files:
            typer.echo(f"wrote {path}")
        typer.echo("rows: " + ", ".join(f"{name} {count:,}" for name, count in written.rows.items()))
