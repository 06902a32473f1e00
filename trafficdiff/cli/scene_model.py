"""``trafficdiff scenes corpus``, ``scenes train``: what the scene model learns from, and its training."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trafficdiff.cli.output import JsonOption, print_json, showing_progress

__all__ = ["corpus", "train"]


def corpus(
    sources: Annotated[
        list[Path],
        typer.Argument(help="Runs with tracks every 0.5 s or finer, AV scenes, folders of them, outside track files."),
    ],
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="The directory to make.")],
    every: Annotated[
        float, typer.Option("--every", min=0.1, max=3600, help="Windows of a recording: how far apart [s].")
    ] = 4.0,
    egos: Annotated[int, typer.Option("--egos", min=1, max=1000, help="Around how many users each.")] = 4,
    licence: Annotated[str, typer.Option("--licence", help="Of the sources; travels in the cards.")] = "",
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**31 - 1, help="Of the choice of egos.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Cut recordings into scenes of eight seconds, from which `scenes train` learns; docs/scene_model.md."""
    from trafficdiff.workflows.motion_corpus import build_motion_corpus

    with showing_progress() as progress:
        card = build_motion_corpus(
            sources, directory=output, every_s=every, egos=egos, licence=licence, seed=seed, progress=progress
        )
    if as_json:
        print_json({"directory": output, **card})
        return
    users = ", ".join(f"{count:,} {kind}s" for kind, count in card["users"].items())
    typer.echo(
        f"wrote {output}: {card['scenes']:,} scenes; {users}; {card['drivable_share']:.1%} of users can be learned"
    )


def train(
    corpora: Annotated[list[Path], typer.Argument(help="Folders that `scenes corpus` made.")],
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="The directory to make: checkpoint and card.")],
    cpu_minutes: Annotated[
        float, typer.Option("--cpu-minutes", min=0.01, max=100_000, help="Process time to train.")
    ] = 20.0,
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**31 - 1, help="Of everything random.")] = 0,
    leave_out: Annotated[
        list[str] | None, typer.Option("--leave-out", help="A source whose scenes stay out (repeatable).")
    ] = None,
    use_map: Annotated[bool, typer.Option("--map/--no-map", help="Whether users see the map.")] = True,
    joint: Annotated[bool, typer.Option("--joint/--no-joint", help="Whether users see each other.")] = True,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="FILE|shipped", help="Go on from this checkpoint, instead of random weights."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a training of this directory that was stopped.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Train the scene model, on a user's own recordings if they are given; docs/scene_model.md."""
    from trafficdiff.resources import bundled
    from trafficdiff.workflows.train_motion import CHECKPOINT_FILE, SHIPPED, train_motion

    begun = None if start is None else bundled(SHIPPED) if start == "shipped" else Path(start)
    with showing_progress() as progress:
        card = train_motion(
            corpora, directory=output, cpu_minutes=cpu_minutes, seed=seed, leave_out=leave_out or (), use_map=use_map,
            joint=joint, start=begun, resume=resume, progress=progress,
        )  # fmt: skip
    if as_json:
        print_json({"checkpoint": output / CHECKPOINT_FILE, **card})
        return
    typer.echo(
        f"wrote {output / CHECKPOINT_FILE}: {card['scenes']:,} scenes, {card['steps']:,} steps, "
        f"{card['cpu_minutes']:g} CPU minutes"
    )
