"""``trafficdiff scenes failures``: how often an ego fails, and the most likely scenes in which it does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trafficdiff.cli.output import JsonOption, print_grid, print_json, showing_progress

if TYPE_CHECKING:
    from trafficdiff.workflows.failure_search import FoundFailures

__all__ = ["failures"]

_SHOWN = 20


def failures(
    source: Annotated[
        Path, typer.Argument(help="A corpus (`scenes corpus`), a run with tracks, an AV scene or a folder of them.")
    ],
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="The directory to make.")],
    ego: Annotated[
        str, typer.Option("--ego", metavar="POLICY", help="Who drives: idm, faulty, late, or your own module:Class.")
    ] = "idm",
    count: Annotated[int, typer.Option("--count", help="Most failures to write.")] = 20,
    seed: Annotated[int, typer.Option("--seed", help="Of everything random.")] = 0,
    simulations: Annotated[int, typer.Option("--simulations", help="Scenes to draw and drive.")] = 2_000,
    rounds: Annotated[int, typer.Option("--rounds", help="Rounds they are spent in; 0 for the usual number.")] = 0,
    led: Annotated[float, typer.Option("--led", help="Share of draws that are led to a failure; slower.")] = 0.0,
    budget: Annotated[float, typer.Option("--budget", help="How far those are led from the model [nat].")] = 3.0,
    checkpoint: Annotated[
        Path | None, typer.Option("--checkpoint", help="A scene model of your own; default the shipped one.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Estimate how often an ego fails in a million km, with an interval, and write its likeliest failures."""
    from trafficdiff.workflows.failure_files import population_note, rate_row
    from trafficdiff.workflows.failure_rounds import Plan
    from trafficdiff.workflows.failure_search import search_failures

    plan = Plan(simulations=simulations, rounds=rounds, led=led)
    with showing_progress() as progress:
        found = search_failures(
            source, output, ego=ego, count=count, seed=seed, plan=plan, budget_nats=budget, checkpoint=checkpoint,
            progress=progress,
        )  # fmt: skip
    if as_json:
        print_json({
            "directory": output, "ego": ego, "rate": rate_row(found), "population": population_note(found),
            "windows": len(found.windows.windows), "left_out": found.windows.left_out, "touches": found.touches,
            "failures": len(found.failures), "scenes": len(found.scenes), "cpu_s": found.cpu_s,
            "scene_model_sha256": found.checkpoint_sha256,
        })  # fmt: skip
        return
    _show(found, ego)


def _show(found: FoundFailures, ego: str) -> None:
    rate = found.rate
    rows = [
        (str(number), str(one.draw.scene), one.draw.drive.touch, f"{one.draw.drive.when_s:.1f} s",
         f"{one.failed} of {one.draws}", f"{one.share:.1%}", f"{one.weight:.2g}", found.scenes.get(number, "-"))
        for number, one in enumerate(found.failures[:_SHOWN])
    ]  # fmt: skip
    headings = ("failure", "window", "touch", "after", "draws failed", "share of rate", "weight", "scene")
    if rows:
        print_grid(f"Likeliest failures of {ego}", rows, headings=headings)
    typer.echo(
        f"{rate.per_million_km:,.0f} failures in a million km ({rate.confidence:.0%}: {rate.low:,.0f} to "
        f"{rate.high:,.0f}); {rate.per_scene:.3g} a window of {1e3 * rate.km_per_scene:.0f} m"
    )
    typer.echo(
        f"{rate.failures} of {rate.simulations:,} draws failed, worth {rate.effective_failures:.1f} unweighted ones; "
        f"{found.cpu_s:.0f} CPU s"
    )
    if rate.rests_on_few:
        typer.echo("this rests on too few failures: take the upper bound, or more --simulations")
    for why, number in found.windows.left_out.items():
        typer.echo(f"not in the population: {number} windows: {why}")
    if not found.scenes and found.failures:
        typer.echo("no AV scenes: a corpus has no net; give a run or AV scenes for them")
    typer.echo(f"wrote {found.directory}")
