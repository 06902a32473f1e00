"""``trafficdiff plan``: rank candidate measures under a budget, and choose a set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trafficdiff.cli.output import JsonOption, print_grid, print_json, showing_progress

__all__ = ["plan"]


def plan(
    scenario: Annotated[Path, typer.Argument(help="The base: a scenario file (.yaml or .json).")],
    *,
    candidates: Annotated[Path, typer.Option("--candidates", help="What could be done (.yaml or .json).")],
    budget: Annotated[float, typer.Option("--budget", help="Most that the chosen set may cost [money].")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="The plan to make, or to go on with; default the scenario's name and .plan."
        ),
    ] = None,
    samples: Annotated[
        int, typer.Option("--samples", help="Samples of each candidate at first, and of the chosen set at last.")
    ] = 5,
    simulations: Annotated[
        int | None, typer.Option("--simulations", help="Most simulations in all; default the first samples twice.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Simulations at once; default the processors.")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option("--scheduler", help="Address of a Dask scheduler instead of processes here.")
    ] = None,
    kpi: Annotated[str, typer.Option("--kpi", help="Number of the area that is to be saved.")] = "delay_hours",
    confidence: Annotated[float, typer.Option("--confidence", help="Of the intervals.")] = 0.95,
    as_json: JsonOption = False,
) -> None:
    """Rank candidates by what they save for their cost, and choose a set; docs/planning.md says how to read it."""
    from trafficdiff.workflows.plan import plan

    with showing_progress() as progress:
        found = plan(
            scenario,
            candidates=candidates,
            budget=budget,
            directory=output or Path(f"{scenario.stem}.plan"),
            samples=samples,
            simulations=simulations,
            kpi=kpi,
            confidence=confidence,
            workers=workers,
            scheduler=scheduler,
            progress=progress,
        )
    if as_json:
        print_json(found.summary())
        return
    title = f"Candidates for {found.scenario}, by {found.kpi} saved for their cost"
    print_grid(title, found.rows(), headings=found.headings())
    for sentence in found.sentences():
        typer.echo(sentence)
    for name in found.out_of_reach:
        typer.echo(f"not simulated, beyond the budget with all that it requires: {name}")
    for warning in found.warnings:
        typer.echo(f"warning: {warning}")
    typer.echo(f"wrote {found.directory}")
