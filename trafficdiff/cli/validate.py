"""``trafficdiff validate``: what outside checkers think of exported AV scenes."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from trafficdiff.cli.output import JsonOption, print_grid, print_json, showing_progress
from trafficdiff.errors import GateError

__all__ = ["validate"]

_SHOWN = 10
_HEADINGS = ("checker", "version", "files", "passed", "issues")


def validate(
    path: Annotated[Path, typer.Argument(help="A file, an AV scene, or a folder with such.")],
    *,
    validators: Annotated[
        Path | None, typer.Option("--validators", help="Where `make validators` has put them, if not the usual place.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Run outside checkers on OpenSCENARIO, OpenDRIVE, CommonRoad, OSI and ScenarioNet files; list what they say."""
    from trafficdiff.workflows.validate import refuse_missing
    from trafficdiff.workflows.validate import validate as ask

    with showing_progress() as progress:
        found = ask(path, folder=validators, progress=progress)
    rows = found.table()
    if as_json:
        print_json({
            "passed": found.passed and not found.missing,
            "missing": found.missing,
            "checkers": [dict(zip(_HEADINGS, row, strict=True)) for row in rows],
            "findings": [dataclasses.asdict(finding) for finding in found.findings],
        })  # fmt: skip
    else:
        print_grid("Outside checkers", [tuple(map(str, row)) for row in rows], headings=_HEADINGS)
        faults = [(finding, issue) for finding in found.findings for issue in finding.issues]
        for finding, issue in faults[:_SHOWN]:
            typer.echo(f"{finding.file}: {finding.checker}: {issue}")
        if len(faults) > _SHOWN:
            typer.echo(f"... and {len(faults) - _SHOWN} more; --json lists all")
    if not found.passed:
        issues = sum(row[-1] for row in rows)
        _end(GateError(f"expected files without issues, got {issues}; see above"), as_json=as_json)
    if as_json and found.missing:
        raise typer.Exit(3)
    refuse_missing(found)


def _end(error: GateError, *, as_json: bool) -> None:
    """End with the error's code; where the one JSON object is printed already, without a second one."""
    if as_json:
        raise typer.Exit(error.exit_code)
    raise error
