"""``trafficdiff export``: a run's tables for spreadsheets, GIS and web maps."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from trafficdiff.cli.output import JsonOption, print_json, showing_progress
from trafficdiff.workflows.export import TableFormat

__all__ = ["export"]


def export(
    run: Annotated[Path, typer.Argument(help="A run directory.")],
    *,
    table_format: Annotated[TableFormat, typer.Option("--format", help="How tables are written.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The directory to make.")],
    intervals: Annotated[
        bool, typer.Option("--intervals", help="Also one row an edge and interval (csv, gpkg).")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Write the metrics by edge and by street, with names and classes, as CSV, GeoPackage or GeoJSON."""
    from trafficdiff.workflows.export import export

    with showing_progress() as progress:
        written = export(run, table_format=table_format, directory=output, intervals=intervals, progress=progress)
    if as_json:
        print_json(dataclasses.asdict(written))
    else:
        for path in written.files:
            typer.echo(f"wrote {path}")
        typer.echo("rows: " + ", ".join(f"{name} {count:,}" for name, count in written.rows.items()))
