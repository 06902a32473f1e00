"""``trafficdiff run``: one scenario, one run directory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trafficdiff.cli.output import JsonOption, error_object, print_grid, print_json, showing_progress
from trafficdiff.errors import GateError

if TYPE_CHECKING:
    from trafficdiff.workflows.outcome import Outcome

__all__ = ["run", "show_outcome"]


def run(
    scenario: Annotated[Path, typer.Argument(help="A scenario file (.yaml or .json); see `trafficdiff init`.")],
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="The run directory to make.")],
    as_json: JsonOption = False,
) -> None:
    """Simulate one scenario and publish its run directory."""
    from trafficdiff.workflows.run import run_file

    with showing_progress() as progress:
        outcome = run_file(scenario, directory=output, progress=progress)
    show_outcome(outcome, as_json=as_json)


def show_outcome(outcome: Outcome, *, as_json: bool) -> None:
    """Print what a run found, and leave with the exit code of `GateError` where a gate said no."""
    fault = GateError(
        f"expected a run that can be believed, got: {'; '.join(outcome.failed_gates)}. The run is kept and marked; "
        "lower the demand, or change the gates in the scenario and say why"
    )
    if as_json:
        print_json(outcome.summary() | (error_object(fault) if outcome.failed_gates else {}))
    else:
        for effect in outcome.effects:
            typer.echo(f"measure {effect}")
        print_grid(f"{outcome.scenario.name}: congestion", outcome.rows(), headings=("", "over", ""))
        if outcome.streets:
            headings = ("street", "class", "delay", "mean speed", "travel time index")
            print_grid("Where most time is lost", outcome.street_rows(), headings=headings)
        if outcome.calibration is not None:
            typer.echo(f"demand: {outcome.calibration.sentence}")
        typer.echo(f"run {outcome.run_id}: {outcome.directory}")
        for picture in outcome.pictures:
            typer.echo(f"map: {picture}")
    if outcome.failed_gates:
        typer.echo(f"error: {fault}", err=True)
        raise typer.Exit(fault.exit_code)
