"""``trafficdiff scenes``: AV scenes, made and found."""

from __future__ import annotations

import dataclasses
import math
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trafficdiff.cli import scene_model, scenes_failures
from trafficdiff.cli.output import JsonOption, print_grid, print_json, showing_progress
from trafficdiff.cli.scenes_guided import GUIDED, make_guided, refuse_strange
from trafficdiff.errors import InputError

if TYPE_CHECKING:
    from trafficdiff.workflows.scenes_make import MadeScenes

__all__ = ["scenes"]

_SHOWN = 20

scenes = typer.Typer(help="AV scenes: make rare ones, find critical ones.", no_args_is_help=True, rich_markup_mode=None)
scenes.command("corpus")(scene_model.corpus)
scenes.command("train")(scene_model.train)
scenes.command("failures")(scenes_failures.failures)


class Demand(StrEnum):
    """Whose trips the traffic drives."""

    model = "model"
    uniform = "uniform"
    gravity = "gravity"


@scenes.command("make")
def make(
    type_name: Annotated[str, typer.Argument(metavar="TYPE", help="A type (docs/edge_cases.md), all, or guided.")],
    *,
    network: Annotated[
        str | None, typer.Option("--network", help="Place, built directory, OSM file or net; not for guided.")
    ] = None,
    count: Annotated[int, typer.Option("--count", help="Scenes of each type.")] = 50,
    seed: Annotated[int, typer.Option("--seed", help="Of everything random.")] = 0,
    output: Annotated[Path, typer.Option("--output", "-o", help="The directory to make.")],
    vary: Annotated[
        list[str] | None, typer.Option("--vary", metavar="NAME=LOW:HIGH", help="Range of a parameter (repeatable).")
    ] = None,
    ttc: Annotated[str | None, typer.Option("--ttc", metavar="LOW:HIGH", help="Time to collision asked [s].")] = None,
    impact: Annotated[
        str | None, typer.Option("--impact", metavar="LOW:HIGH", help="Impact point asked, 0 to 1 of the ego's width.")
    ] = None,
    hour: Annotated[str | None, typer.Option("--hour", metavar="LOW:HIGH", help="Local time of day [h].")] = None,
    fog: Annotated[str | None, typer.Option("--fog", metavar="LOW:HIGH", help="Visual range in fog [m].")] = None,
    precipitation: Annotated[
        str | None, typer.Option("--precipitation", metavar="LOW:HIGH", help="Rain or snow [mm/h]; 0 for none.")
    ] = None,
    friction: Annotated[
        str | None, typer.Option("--friction", metavar="LOW:HIGH", help="Grip, 1 for the best dry road.")
    ] = None,
    demand: Annotated[Demand, typer.Option("--demand", help="Whose trips the traffic around drives.")] = Demand.model,
    trips: Annotated[
        int | None, typer.Option("--trips", help="Trips an hour of the traffic; default by length of roads.")
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option("--from", metavar="SCENES|RUN", help="guided: whose first second is kept; a run has fine tracks."),
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="LON,LAT", help="guided: where in the run; default anywhere.")
    ] = None,
    radius: Annotated[
        float | None, typer.Option("--radius", help="guided: who comes so near to --at is there [m]; default 50.")
    ] = None,
    angle: Annotated[
        float | None,
        typer.Option("--angle", help="guided: the opponent's heading against the ego's when closest [deg]."),
    ] = None,
    bearing: Annotated[
        float | None,
        typer.Option("--bearing", help="guided: where the ego sees the opponent then; 0 ahead, 90 left [deg]."),
    ] = None,
    opponent: Annotated[
        str | None, typer.Option("--opponent", metavar="ID", help="guided: who is led; default the likeliest.")
    ] = None,
    budget: Annotated[
        float | None, typer.Option("--budget", help="guided: how far to lead a scene from the model [nat]; default 40.")
    ] = None,
    draws: Annotated[int | None, typer.Option("--draws", help="guided: most draws a scene; default 64.")] = None,
    keep_others: Annotated[
        bool, typer.Option("--keep-others", help="guided: all but ego and opponent go on as recorded.")
    ] = False,
    ego: Annotated[
        str | None,
        typer.Option("--ego", metavar="WHO", help="guided: drawn (default), sumo, idm, faulty, late, or module:Class."),
    ] = None,
    replan: Annotated[
        float | None, typer.Option("--replan", help="guided: how often others are drawn again [s]; default 2.")
    ] = None,
    engine: Annotated[
        str | None, typer.Option("--engine", metavar="libsumo|traci", help="guided: how SUMO is driven.")
    ] = None,
    checkpoint: Annotated[
        Path | None, typer.Option("--checkpoint", help="guided: a scene model of your own; default the shipped one.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Stage rare encounters among traffic (docs/edge_cases.md), or have the scene model draw them (guided)."""
    own = {"--from": source, "--at": at, "--radius": radius, "--angle": angle, "--bearing": bearing,
           "--opponent": opponent, "--budget": budget, "--draws": draws, "--keep-others": keep_others, "--ego": ego,
           "--replan": replan, "--engine": engine, "--checkpoint": checkpoint}  # fmt: skip
    staged = {"--network": network, "--vary": vary or None, "--impact": impact, "--hour": hour, "--fog": fog,
              "--precipitation": precipitation, "--friction": friction, "--trips": trips}  # fmt: skip
    if type_name == GUIDED:
        refuse_strange(staged, what=GUIDED)
        make_guided(
            source, output=output, count=count, seed=seed, ttc=ttc, angle_deg=angle, bearing_deg=bearing,
            opponent=opponent,
            budget_nats=budget, draws=draws, keep_others=keep_others, checkpoint=checkpoint, as_json=as_json, at=at,
            radius_m=radius, ego=ego, replan_s=replan, engine=engine,
        )  # fmt: skip
        return
    refuse_strange(own, what=type_name)
    if network is None:
        raise InputError("scenes make: expected --network NETWORK, the roads to stage scenes on")
    from trafficdiff.workflows.scenes_make import make_scenes

    short = {
        "ttc_s": ttc, "impact": impact, "hour": hour, "fog_visual_range_m": fog,
        "precipitation_mm_h": precipitation, "friction": friction,
    }  # fmt: skip
    wishes = [*(vary or ()), *(f"{name}={span}" for name, span in short.items() if span is not None)]
    with showing_progress() as progress:
        made = make_scenes(
            type_name, network, count=count, seed=seed, directory=output, vary=wishes, demand=demand.value,
            trips_per_hour=trips, progress=progress,
        )  # fmt: skip
    if as_json:
        print_json({
            "directory": made.directory, "scenes": len(made.cases), "valid": sum(one.valid for one in made.cases),
            "cpu_s": made.cpu_s, "types": [dataclasses.asdict(one) for one in made.types],
        })  # fmt: skip
        return
    _show(made)
    typer.echo(f"wrote {made.directory}")


def _show(made: MadeScenes) -> None:
    rows = [
        (
            one.type, f"{one.valid} of {one.cases}", str(one.at_once), f"{one.error_median:.2%}",
            f"{one.error_largest:.2%}", f"{one.coverage.pairs:.0%} ({one.random.pairs:.0%})",
            f"{one.coverage.discrepancy:.3f} ({one.random.discrepancy:.3f})", str(sum(one.refused.values())),
        )
        for one in made.types
    ]  # fmt: skip
    headings = ("type", "valid", "at once", "error, median", "largest", "pairs covered (random)",
                "discrepancy (random)", "refused")  # fmt: skip
    print_grid(f"Staged scenes, {made.cpu_s:.1f} CPU s", rows, headings=headings)
    for case in made.cases:
        if not case.valid:
            typer.echo(f"not kept: {case.name}: {case.reason}")


@scenes.command("find")
def find(
    run: Annotated[Path, typer.Argument(help="A run whose tracks are fine: step_s 0.1, lateral smooth or sublane.")],
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="The directory to make.")],
    types: Annotated[
        list[str] | None, typer.Option("--type", metavar="TYPE", help="Only this type (repeatable; docs/safety.md).")
    ] = None,
    count: Annotated[int, typer.Option("--count", help="Most scenes, the most critical first.")] = 100,
    distance: Annotated[
        float, typer.Option("--distance", help="How unlike scenes of one type must be [m]; 0 keeps all.")
    ] = 2.0,
    radius: Annotated[float, typer.Option("--radius", help="Who comes nearer to the ego is in the scene [m].")] = 80.0,
    overlaps: Annotated[bool, typer.Option("--overlaps", help="Take conflicts too in which boxes overlap.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Cut scenes of 8 to 20 s around an ego out of a run, the most critical first, near-duplicates removed."""
    from trafficdiff.workflows.scenes_find import find_scenes

    with showing_progress() as progress:
        found = find_scenes(
            run, output, types=types or (), count=count, distance=distance, radius_m=radius, overlaps=overlaps,
            progress=progress,
        )  # fmt: skip
    if as_json:
        print_json({
            "directory": found.directory, "scenes": [dataclasses.asdict(one) for one in found.scenes],
            "conflicts": found.conflicts, "alike": found.alike, "implausible": found.implausible,
            "smoothing": found.smoothing,
        })  # fmt: skip
        return
    rows = [
        (one.name, _seconds(one.ttc_s), _seconds(one.pet_s), f"{one.drac_ms2:.1f}", f"{one.end_s - one.begin_s:.0f} s",
         str(one.users))
        for one in found.scenes[:_SHOWN]
    ]  # fmt: skip
    print_grid("Found scenes", rows, headings=("scene", "TTC", "PET", "braking m/s2", "length", "road users"))
    typer.echo(
        f"{len(found.scenes)} scenes of {found.conflicts} conflicts ({found.alike} like an earlier one, "
        f"{found.implausible} with impossible motion); wrote {found.directory}"
    )


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if math.isfinite(value) else "-"
