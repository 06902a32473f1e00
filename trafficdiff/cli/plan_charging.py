"""``trafficdiff plan-charging``: choose charging sites and plugs under a budget."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trafficdiff.cli.output import JsonOption, print_grid, print_json, showing_progress

if TYPE_CHECKING:
    from trafficdiff.datatypes.charging_site_plan import SitingPlan

__all__ = ["Method", "plan_charging"]


class Method(StrEnum):
    """Ways of choosing."""

    greedy = "greedy"
    exact = "exact"


def plan_charging(
    scenario: Annotated[Path, typer.Argument(help="The base: a scenario file with charging (.yaml or .json).")],
    *,
    budget: Annotated[float, typer.Option("--budget", help="Most that sites and plugs may cost [money].")],
    candidates: Annotated[
        str, typer.Option("--candidates", help="Candidate sites (.csv or .geojson), or osm for the place's extract.")
    ] = "osm",
    samples: Annotated[int, typer.Option("--samples", help="Days to plan on.")] = 5,
    method: Annotated[Method, typer.Option("--method", help="How to choose.")] = Method.greedy,
    time_limit: Annotated[
        float, typer.Option("--time-limit", help="Longest search [s]; what was found by then is the plan.")
    ] = 300.0,
    enlarge: Annotated[
        int, typer.Option("--enlarge", min=0, max=24, help="Plugs that a station of today may get on top; 0 for none.")
    ] = 4,
    seed: Annotated[int | None, typer.Option("--seed", help="Instead of the scenario's.")] = None,
    confirm: Annotated[
        int, typer.Option("--confirm", help="New days to simulate in SUMO, before and after; 0 for none.")
    ] = 0,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Simulations at once; default the processors.")
    ] = None,
    currency: Annotated[str, typer.Option("--currency", help="Name of the money; shown, never converted.")] = "EUR",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Directory to make; default the scenario's name and .sites.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Choose charging sites and plugs that leave least energy unmet and least waiting; docs/siting.md says how."""
    from trafficdiff.workflows.plan_charging import plan_charging
    from trafficdiff.workflows.plan_charging_study import Settings

    directory = output or Path(f"{scenario.stem}.sites")
    with showing_progress() as progress:
        found = plan_charging(
            scenario, budget=budget, directory=directory, candidates=candidates, samples=samples, method=method.value,
            seed=seed, confirm=confirm, workers=workers, currency=currency, progress=progress,
            settings=Settings(limit_s=time_limit, most_more=enlarge),
        )  # fmt: skip
    if as_json:
        print_json(found.model_dump(mode="json") | {"directory": str(directory)})
        return
    _show(found)
    typer.echo(f"wrote {directory}")


def _show(plan: SitingPlan) -> None:
    rows = [
        (site.id, site.kind, f"{site.plugs} x {site.power_kw:g} kW {site.current}", f"{site.cost:,.0f}", site.name)
        for site in plan.sites
    ]
    title = f"Sites for {plan.scenario}: {plan.cost:,.0f} of {plan.budget:,.0f} {plan.currency}"
    print_grid(title, rows, headings=("site", "today", "plugs", "cost", "name"))
    estimates = [("today", plan.today), ("planned", plan.planned)]
    lines = [
        (name, *(f"{value:,.1f}" for value in (e.loss_kwh, e.unmet_kwh, e.unmet_cars, e.wait_h, e.detour_h)))
        for name, e in estimates
    ]
    band = plan.random
    lines.append((
        f"random, {band.draws} draws", f"{band.loss_mean_kwh:,.1f} ({band.loss_low_kwh:,.1f} to "
        f"{band.loss_high_kwh:,.1f})", f"{band.unmet_mean_kwh:,.1f}", "", f"{band.wait_mean_h:,.1f}", "",
    ))  # fmt: skip
    headings = ("a day, planned", "loss [kWh]", "unmet [kWh]", "unmet EVs", "wait [h]", "detour [h]")
    print_grid(f"Programme over {plan.samples} days, {plan.wanted_cars:,.0f} EVs want to charge", lines,
               headings=headings)  # fmt: skip
    for result in plan.methods:
        proven = "proven best" if result.proven else f"at most {result.gap:.1%} above the best"
        typer.echo(f"{result.method}: loses {result.estimate.loss_kwh:,.1f} kWh, {proven} in the programme")
    typer.echo(f"{plan.out_of_reach_kwh:,.1f} of {plan.wanted_kwh:,.1f} kWh a day can be served by no site at all")
    if plan.today.new_days_unmet_kwh is not None and plan.planned.new_days_unmet_kwh is not None:
        typer.echo(
            f"new days, drivers choose: unmet {plan.today.new_days_unmet_kwh:,.1f} -> "
            f"{plan.planned.new_days_unmet_kwh:,.1f} kWh, waiting {plan.today.new_days_wait_h:,.1f} -> "
            f"{plan.planned.new_days_wait_h:,.1f} h"
        )
    if plan.simulated:
        _show_simulated(plan)


def _show_simulated(plan: SitingPlan) -> None:
    def text(value: float | None) -> str:
        return "-" if value is None else f"{value:,.2f}"

    rows = [
        (
            one.name,
            one.unit,
            text(one.before),
            text(one.after),
            f"{text(one.change)} ({text(one.low)} to {text(one.high)})",
        )
        for one in plan.simulated
    ]  # fmt: skip
    title = f"Simulated on {max(one.samples for one in plan.simulated)} new days"
    print_grid(title, rows, headings=("number", "unit", "before", "after", "change (95 %)"))
