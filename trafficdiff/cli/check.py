"""``trafficdiff check``: what is wrong with scenario files, and what their measures would do."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from trafficdiff.cli.output import JsonOption, print_grid, print_json, showing_progress
from trafficdiff.errors import Faults, InputError, ScenarioError

__all__ = ["check"]


def check(
    scenarios: Annotated[list[Path], typer.Argument(help="Scenario files.")],
    *,
    roads: Annotated[
        bool, typer.Option("--roads", help="Try the measures on the roads and the trips of the first sample, too.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """List all faults of scenario files; with --roads, what each measure would do. Nothing is simulated."""
    from trafficdiff.datatypes.scenario_files import read_scenario
    from trafficdiff.workflows.checking import check as check_scenario
    from trafficdiff.workflows.supplies import WarmSupplies

    faults, supplies = Faults("scenarios"), WarmSupplies()
    found: dict[str, dict[str, Any]] = {}
    said: dict[str, str] = {}
    with showing_progress() as progress:
        for path in scenarios:
            try:
                scenario = read_scenario(path)
                found[str(path)] = {"name": scenario.name, "hash": scenario.hash}
                if roads:
                    checked = check_scenario(scenario, path.resolve().parent, progress=progress, supplies=supplies)
                    found[str(path)] |= checked.as_dict()
                    said[str(path)] = "" if checked.calibration is None else f", demand {checked.calibration.sentence}"
            except InputError as error:
                faults.add(f"{path}: {error}")
    faults.raise_if_any(ScenarioError)
    if as_json:
        print_json({"scenarios": found})
        return
    rows = [
        (name, effect["kind"], effect["summary"]) for name, one in found.items() for effect in one.get("effects", [])
    ]
    if rows:
        print_grid("What the measures would do", rows, headings=("scenario", "measure", "effect"))
    for name in found:
        typer.echo(f"{name}: sound{said.get(name, '')}")
