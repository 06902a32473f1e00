"""``trafficdiff evaluate``: what models and every baseline draw, beside what is real: trips, or charging sessions."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from trafficdiff.cli.output import JsonOption, json_text, print_grid, print_json, showing_progress
from trafficdiff.cli.session_commands import SessionsOption, SitesOption, evaluate_charging, one_of
from trafficdiff.publish import publishing_file, refuse_unwritable

if TYPE_CHECKING:
    from trafficdiff.workflows.evaluation_table import Evaluation

__all__ = ["evaluate"]

_TABLES: Final = {
    "Lengths, departures, trip ends on 16 x 16 cells": (
        "jsd_length", "mean_length_ratio", "jsd_depart_15min", "jsd_o", "jsd_d", "jsd_od", "cpc_od",
    ),
    "Flows on drivable edges": ("flow_pearson", "flow_spearman", "rmse_sqrt_flow", "geh5_used", "geh5_all"),
    "Trip ends on 8 x 8 cells; routes": (
        "jsd_o_8x8", "jsd_d_8x8", "jsd_od_8x8", "cpc_od_8x8", "share_disconnected", "share_identical_to_a_real_route",
    ),
}  # fmt: skip


def evaluate(
    *,
    network: Annotated[
        str | None, typer.Option("--network", help="A place folder, a built directory, OSM file or net.")
    ] = None,
    routes: Annotated[
        Path | None, typer.Option("--routes", help="Real trips with routes: .parquet, .rou.xml[.gz].")
    ] = None,
    sessions: SessionsOption = None,
    sites: SitesOption = None,
    cpu_minutes: Annotated[
        float | None,
        typer.Option("--cpu-minutes", min=0.001, max=1_000, help="Training of each fold of sessions; default 0.3."),
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", min=0, max=2**31 - 1, help="Of everything random with --sessions.")
    ] = 0,
    generated: Annotated[
        list[Path] | None, typer.Option("--generated", help="Generated trips with routes (repeatable).")
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            help="A checkpoint of the demand model, or 'shipped' (repeatable); draws its own trips. With --sessions "
            "one of the charging model: its time of training is each fold's.",
        ),
    ] = None,
    counts: Annotated[
        Path | None, typer.Option("--counts", help="SUMO edge data or CSV; adds the row of SUMO's routeSampler.")
    ] = None,
    types: Annotated[
        list[Path] | None, typer.Option("--types", help="A SUMO file with vehicle types (repeatable).")
    ] = None,
    draws: Annotated[int, typer.Option("--draws", min=1, help="Random halves of the real trips.")] = 3,
    trips: Annotated[int, typer.Option("--trips", min=2, max=5_000, help="Most trips in a draw.")] = 5_000,
    replicates: Annotated[
        int, typer.Option("--bootstrap", min=0, max=10_000, help="Bootstrap replicates for the intervals.")
    ] = 100,
    deterrence_per_s: Annotated[
        float | None, typer.Option("--deterrence", help="Of the gravity row [1/s]; default the shipped fit.")
    ] = None,
    variants_tried: Annotated[
        int, typer.Option("--variants", min=0, help="How many variants were tried on this city.")
    ] = 0,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Also write the JSON object here.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure generated trips and every baseline against real trips; docs/evaluation.md says how.

    With --sessions it is the charging model that is measured, see docs/charging_model.md.
    """
    from trafficdiff.workflows.evaluate import evaluate

    if sessions:
        others = {"--network": network is not None, "--routes": routes is not None, "--generated": bool(generated)}
        others |= {"--counts": counts is not None, "--types": bool(types)}
        one_of({"--sessions": True}, instead=others, why="for charging")
        evaluate_charging(
            sessions,
            sites=sites,
            models=model or (),
            cpu_minutes=cpu_minutes,
            seed=seed,
            replicates=replicates,
            output=output,
            as_json=as_json,
        )
        return
    one_of(
        {"--network": network is not None, "--routes": routes is not None},
        instead={"--sites": sites is not None, "--cpu-minutes": cpu_minutes is not None},
        why="for trips (or --sessions for charging)",
    )
    assert network is not None
    assert routes is not None
    if output is not None:
        refuse_unwritable(output)
    options: dict[str, Any] = {} if deterrence_per_s is None else {"deterrence_per_s": deterrence_per_s}
    with showing_progress() as progress:
        found = evaluate(
            network,
            routes=routes,
            generated=generated or (),
            models=model or (),
            counts=counts,
            type_files=types or (),
            draws=draws,
            trips=trips,
            replicates=replicates,
            variants_tried=variants_tried,
            progress=progress,
            **options,
        )
    content = dataclasses.asdict(found)
    if output is not None:
        with publishing_file(output) as temporary:
            temporary.write_text(json_text(content) + "\n", encoding="utf-8")
    if as_json:
        print_json(content)
    else:
        _show(found)


def _show(found: Evaluation) -> None:
    begin_s, end_s = found.window_s
    typer.echo(
        f"{found.network}: {found.real_trips:,} real trips from {begin_s:g} to {end_s:g} s, "
        f"{found.fringe_origin_share:.0%} of them begin at the fringe\n"
        f"n = {found.trips:,} trips, {found.draws} draws (seeds {', '.join(map(str, found.seeds))}), "
        f"gravity {found.deterrence_per_s:g} 1/s, {found.variants_tried} variants tried here, {found.cpu_s:.0f} CPU s\n"
        "Means over the draws; ± half of the 95 % interval of one draw (bootstrap over trips)."
    )
    for title, columns in _TABLES.items():
        rows = [(row.name, *(_cell(row.values[name], row.margins[name]) for name in columns)) for row in found.rows]
        print_grid(title, rows, headings=("", *columns))
    trips = [
        (row.name, *(f"{count:,}" for count in (row.trips_asked, row.trips_written, row.trips_usable)))
        for row in found.rows
    ]
    print_grid("Trips in all draws", trips, headings=("", "asked for", "written", "usable"))
    for name, reason in found.left_out.items():
        typer.echo(f"left out: {name}: {reason}")


def _cell(value: float, margin: float) -> str:
    if value != value:  # noqa: PLR0124 - NaN
        return "-"
    return f"{value:.3f}" if margin != margin else f"{value:.3f} ±{margin:.3f}"  # noqa: PLR0124
