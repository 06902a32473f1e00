"""``trafficdiff scenes make guided``: scenes that the scene model goes on with, led to a time to collision."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import typer

from trafficdiff.cli.output import print_grid, print_json, showing_progress
from trafficdiff.errors import Faults, InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from trafficdiff.workflows.scenes_guide import GuidedScenes
    from trafficdiff.workflows.scenes_guide_places import Place
    from trafficdiff.workflows.scenes_guide_wish import Wish

__all__ = ["GUIDED", "make_guided", "refuse_strange"]

GUIDED = "guided"
"""The word in place of a type."""
_SHOWN = 20


def refuse_strange(options: Mapping[str, object], *, what: str) -> None:
    """Raise, naming all options that were given and do not belong to what is made."""
    faults = Faults(f"scenes make {what}")
    for name, value in options.items():
        if value is not None and value is not False:
            faults.add(f"{name}: expected it without {name}, which does not belong to {what}; leave it out")
    faults.raise_if_any(InputError)


def make_guided(
    source: Path | None,
    *,
    output: Path,
    count: int,
    seed: int,
    ttc: str | None,
    angle_deg: float | None,
    bearing_deg: float | None = None,
    opponent: str | None,
    budget_nats: float | None,
    draws: int | None,
    keep_others: bool,
    checkpoint: Path | None,
    as_json: bool,
    at: str | None = None,
    radius_m: float | None = None,
    ego: str | None = None,
    replan_s: float | None = None,
    engine: str | None = None,
) -> None:
    """Make guided scenes and say what came of them; see `trafficdiff.workflows.scenes_guide.guide_scenes`."""
    from trafficdiff.workflows.closed_loop_judging import Driving
    from trafficdiff.workflows.scenes_guide import guide_scenes
    from trafficdiff.workflows.status_file import telling_of_run

    if source is None:
        raise InputError(
            "scenes make guided: expected --from SCENES, a folder that `scenes find` or `scenes make` wrote, or --from "
            "RUN, a run with fine tracks"
        )
    wish = _wish(ttc, angle_deg=angle_deg, bearing_deg=bearing_deg, opponent=opponent, budget_nats=budget_nats,
                 draws=draws, keep_others=keep_others)  # fmt: skip
    place = _place(at, radius_m)
    driving = Driving(ego=ego or "drawn", replan_s=replan_s, engine=engine or "libsumo")  # type: ignore[arg-type]
    with showing_progress() as shown, telling_of_run(output, shown, what="set of scenes") as progress:
        made = guide_scenes(
            source, output, count=count, seed=seed, wish=wish, place=place, driving=driving,
            checkpoint=checkpoint, progress=progress,
        )  # fmt: skip
    if as_json:
        print_json({
            "directory": made.directory, "cases": len(made.cases), "kept": sum(one.valid for one in made.cases),
            "drawn": made.drawn, "refused": made.refused, "skipped": made.skipped, "cpu_s": made.cpu_s,
            "scene_model_sha256": made.checkpoint_sha256, "scenes": [one.model_dump(mode="json") for one in made.cases],
        })  # fmt: skip
        return
    _show(made)


def _wish(
    ttc: str | None,
    *,
    angle_deg: float | None,
    bearing_deg: float | None = None,
    opponent: str | None,
    budget_nats: float | None,
    draws: int | None,
    keep_others: bool,
) -> Wish:
    from trafficdiff.scenarios.edge_case_drawing import parse_range
    from trafficdiff.workflows.scenes_guide_wish import Wish

    span = None if ttc is None else parse_range(f"--ttc={ttc}", Faults(""))
    if ttc is not None and span is None:
        raise InputError(
            f"scenes make guided: --ttc: expected seconds or LOW:HIGH, finite and rising, such as 0.8:1.5, got {ttc!r}"
        )
    wish = Wish(angle_deg=angle_deg, bearing_deg=bearing_deg, opponent=opponent, keep_others=keep_others)
    changes = {"ttc_s": span and span[1:], "budget_nats": budget_nats, "draws": draws}
    given = {name: value for name, value in changes.items() if value is not None}
    return dataclasses.replace(wish, **given)  # type: ignore[arg-type]


def _place(at: str | None, radius_m: float | None) -> Place | None:
    """Return the place that is asked for."""
    from trafficdiff.workflows.scenes_guide_places import RADIUS_M, Place

    if at is None:
        if radius_m is not None:
            raise InputError("scenes make guided: --radius: expected --at LON,LAT with it, got none; add it")
        return None
    try:
        lon, lat = (float(part) for part in at.split(","))
    except ValueError:
        raise InputError(
            f"scenes make guided: --at: expected LON,LAT in degrees, such as 24.9415,60.1706, got {at!r}"
        ) from None
    return Place(lon=lon, lat=lat, radius_m=RADIUS_M if radius_m is None else radius_m)


def _show(made: GuidedScenes) -> None:
    rows = [
        (one.name, one.type, one.source, f"{one.asked:.2f} s", f"{one.achieved:.2f} s", f"{one.nats or 0.0:.1f}",
         f"{one.log_weight or 0.0:.1f}", str(one.draws))
        for one in made.cases if one.valid and one.achieved is not None
    ]  # fmt: skip
    headings = ("scene", "type", "from", "TTC asked", "achieved", "nats", "log weight", "draws")
    print_grid(f"Guided scenes, {made.cpu_s:.1f} CPU s", rows[:_SHOWN], headings=headings)
    for case in made.cases:
        if not case.valid:
            typer.echo(f"not kept: {case.name}: {case.reason}")
    for name, why in list(made.skipped.items())[:_SHOWN]:
        typer.echo(f"not used: {name}: {why}")
    if (more := len(made.skipped) - _SHOWN) > 0:
        typer.echo(f"not used: {more} more, see scenes.json")
    refused = ", ".join(f"{why} {number}" for why, number in sorted(made.refused.items(), key=lambda one: -one[1]))
    typer.echo(f"kept {len(rows)} of {len(made.cases)}; drew {made.drawn:,} scenes, refused: {refused or 'none'}")
    typer.echo(f"wrote {made.directory}")
