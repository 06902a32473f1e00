"""``trafficdiff ensemble``: scenarios x samples, one study directory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trafficdiff.cli.output import JsonOption, error_object, print_grid, print_json, showing_progress
from trafficdiff.errors import GateError, SimulationError

if TYPE_CHECKING:
    from trafficdiff.errors import TrafficdiffError
    from trafficdiff.store.study import Stopping
    from trafficdiff.workflows.ensemble_outcome import EnsembleOutcome

__all__ = ["ensemble"]


def ensemble(
    scenarios: Annotated[list[Path], typer.Argument(help="Scenario files; the first is the base.")],
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="The study to make, or to go on with.")],
    samples: Annotated[
        int | None, typer.Option("--samples", min=1, help="Samples of each scenario; with --until, the most.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Simulations at once; left out, one a processor.")
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option("--scheduler", help="A Dask scheduler, tcp://... or tls://...; left out, processes here."),
    ] = None,
    base: Annotated[str | None, typer.Option("--base", help="Name of the scenario to compare with.")] = None,
    until: Annotated[
        str | None, typer.Option("--until", help="Stop when the interval of this number is narrow (mean_trip_time).")
    ] = None,
    half_width: Annotated[
        float | None, typer.Option("--half-width", help="How narrow: half the interval, in the number's unit.")
    ] = None,
    relative: Annotated[
        bool, typer.Option("--relative", help="--half-width is a share of the mean (of the base's mean).")
    ] = False,
    confidence: Annotated[float, typer.Option("--confidence", help="Of that interval.")] = 0.95,
    pictures: Annotated[bool, typer.Option("--pictures", help="Draw a map of every run.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Run scenarios x samples with common random numbers; the same command goes on where an earlier one stopped."""
    from trafficdiff.workflows.ensemble import ensemble as run_ensemble

    stopping = _stopping(until, half_width, relative=relative, confidence=confidence)
    with showing_progress() as progress:
        outcome = run_ensemble(
            scenarios, directory=output, samples=samples, workers=workers, scheduler=scheduler, base=base,
            stopping=stopping, picture=pictures, progress=progress,
        )  # fmt: skip
    _show(outcome, as_json=as_json)


def _stopping(until: str | None, half_width: float | None, *, relative: bool, confidence: float) -> Stopping | None:
    from pydantic import ValidationError

    from trafficdiff.store.study import Stopping

    if until is None and half_width is None:
        return None
    if until is None or half_width is None:
        raise typer.BadParameter("expected --until and --half-width together, got one of them")
    try:
        return Stopping(kpi=until, half_width=half_width, relative=relative, confidence=confidence)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        option = "--" + str(first["loc"][0]).replace("_", "-")
        raise typer.BadParameter(f"{option}: {first['msg']}, got {first['input']}") from error


def _show(outcome: EnsembleOutcome, *, as_json: bool) -> None:
    """Print what a study found, and leave with the exit code of what went wrong in it, if something did."""
    fault = _fault_of(outcome)
    if as_json:
        print_json(outcome.summary() | (error_object(fault) if fault is not None else {}))
    else:
        title = f"{outcome.outcome.samples} samples: mean ± half width of the 95 % interval"
        print_grid(title, outcome.rows(), headings=("", "over", *outcome.plan.names))
        if outcome.outcome.looks:
            _show_look(outcome)
        for line in outcome.calibration_lines():
            typer.echo(line)
        typer.echo(f"study {outcome.outcome.study_hash[:12]}: {outcome.directory}")
    if fault is not None:
        typer.echo(f"error: {fault}", err=True)
        raise typer.Exit(fault.exit_code)


def _show_look(outcome: EnsembleOutcome) -> None:
    """Say whether the intervals are as narrow as asked."""
    rule = outcome.plan.stopping
    last = [look for look in outcome.outcome.looks if look.samples == outcome.outcome.samples]
    wide = [look.scenario for look in last if not look.is_narrow]
    what = f"{rule.kpi}, half width {rule.half_width:g}{' of the mean' if rule.relative else ''}" if rule else ""
    if wide:
        typer.echo(f"{what}: not reached after {outcome.outcome.samples} samples ({', '.join(wide)}); ask for more")
    else:
        typer.echo(f"{what}: reached after {outcome.outcome.samples} samples of at most {outcome.plan.samples}")


def _fault_of(outcome: EnsembleOutcome) -> TrafficdiffError | None:
    failed, marked = outcome.outcome.failures, outcome.outcome.marked
    count = len(outcome.outcome.runs)
    if failed:
        reasons: dict[str, str] = {}
        for run in failed:
            reasons.setdefault(run.error, f"{run.scenario}, sample {run.sample}: {run.error}")
        listed = "; ".join(list(reasons.values())[:3])
        return SimulationError(
            f"expected {count} runs, {len(failed)} failed: {listed}. The others are kept and stacked; give the same "
            "command again to try these once more"
        )
    if marked:
        first = marked[0]
        return GateError(
            f"expected runs that can be believed, the gates of {len(marked)} of {count} failed, first of "
            f"{first.scenario}, sample {first.sample}: {'; '.join(first.failed_gates)}. They are kept and marked; "
            "lower the demand, or change the gates in the scenario and say why"
        )
    return None
