"""``trafficdiff export``: numbers for spreadsheets, GIS, web maps and scientific tools; AV scenes for simulators."""

from __future__ import annotations

import dataclasses
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from trafficdiff.cli.output import JsonOption, print_json, showing_progress
from trafficdiff.errors import InputError
from trafficdiff.export.scene_files import SceneFormat
from trafficdiff.workflows.export import TableFormat

__all__ = ["export"]

_Format = StrEnum("_Format", [(one.name, one.value) for one in (*TableFormat, *SceneFormat)])  # type: ignore[misc]


def export(
    source: Annotated[
        Path, typer.Argument(metavar="RUN", help="A run directory or a study; an AV scene, or a folder of scenes.")
    ],
    *,
    wanted: Annotated[
        _Format,
        typer.Option("--format", help="csv, gpkg, geojson, netcdf of a run or a study; the others of AV scenes."),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The directory to make.")],
    intervals: Annotated[
        bool, typer.Option("--intervals", help="Also one row an edge and interval (csv, gpkg).")
    ] = False,
    least_vehicles: Annotated[
        int | None,
        typer.Option(
            "--least-vehicles",
            min=0,
            help="Where a file gave the trips: roads with fewer vehicles lose their numbers; default 10, 0 keeps all.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write metrics by edge and by street (CSV, GeoPackage, GeoJSON, NetCDF), or AV scenes (OpenSCENARIO, ...)."""
    if wanted.value in set(SceneFormat):
        if intervals or least_vehicles is not None:
            raise InputError(
                "expected --intervals and --least-vehicles with tables, got one with an AV scene; leave it out"
            )
        _export_scenes(source, SceneFormat(wanted.value), output, as_json=as_json)
        return
    from trafficdiff.workflows.export import export

    table_format = TableFormat(wanted.value)
    with showing_progress() as progress:
        written = export(
            source,
            table_format=table_format,
            directory=output,
            intervals=intervals,
            least_vehicles=least_vehicles,
            progress=progress,
        )
    if as_json:
        print_json(dataclasses.asdict(written))
    else:
        for path in written.files:
            typer.echo(f"wrote {path}")
        typer.echo("rows: " + ", ".join(f"{name} {count:,}" for name, count in written.rows.items()))


def _export_scenes(source: Path, scene_format: SceneFormat, output: Path, *, as_json: bool) -> None:
    from trafficdiff.workflows.export_scene import export_scenes

    with showing_progress() as progress:
        written = export_scenes(source, scene_format=scene_format, directory=output, progress=progress)
    if as_json:
        print_json(dataclasses.asdict(written))
        return
    for path in written.files:
        typer.echo(f"wrote {path}")
    typer.echo(f"scenes: {len(written.scenes):,}")
