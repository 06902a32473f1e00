"""``trafficdiff init`` and ``trafficdiff schema``: begin a scenario file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from trafficdiff.cli.output import JsonOption, print_json, showing_progress
from trafficdiff.publish import publishing_file

__all__ = ["init", "schema"]


def init(
    place: Annotated[str, typer.Argument(help="A bundled city, a place folder, a built directory, OSM file or net.")],
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="The scenario file to write (.yaml).")],
    as_json: JsonOption = False,
) -> None:
    """Write a commented scenario file for a place, with a number of trips to start from, and its JSON schema."""
    from trafficdiff.workflows.init import default_scenario, init, refuse_existing

    refuse_existing(output)
    with showing_progress() as progress:
        scenario = default_scenario(place, path=output, progress=progress)
    written = init(scenario, output)
    if as_json:
        print_json({"scenario": written[0], "schema": written[1]})
    else:
        typer.echo(f"wrote {written[0]} and {written[1]}; next: trafficdiff run {written[0]} -o runs/first")


def schema(
    *,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file instead of stdout.")] = None,
    candidates: Annotated[bool, typer.Option("--candidates", help="Of files of candidates instead.")] = False,
    as_json: JsonOption = False,  # noqa: ARG001 - the schema is JSON either way
) -> None:
    """Print the JSON schema of scenario files, or of the files of candidates that `trafficdiff plan` reads."""
    from trafficdiff.datatypes.candidates import candidates_schema
    from trafficdiff.datatypes.scenario_files import scenario_schema

    text = json.dumps(candidates_schema() if candidates else scenario_schema(), indent=2)
    if output is None:
        typer.echo(text)
    else:
        with publishing_file(output) as temporary:
            temporary.write_text(text + "\n", encoding="utf-8")
