"""``trafficdiff train``: a demand model from a corpus, or a charging model from sessions."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trafficdiff.cli.output import JsonOption, print_grid, print_json, showing_progress
from trafficdiff.cli.session_commands import SessionsOption, SitesOption, one_of, train_charging

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["train"]

_ROWS_SHOWN = 12


class Device(StrEnum):
    """What computes."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


class Source(StrEnum):
    """Where scenes come from."""

    calibrated = "calibrated"
    randomised = "randomised"
    commuting = "commuting"


def train(
    corpus: Annotated[
        Path | None, typer.Argument(help="A folder of scenes; see `trafficdiff corpus`. Not with --sessions.")
    ] = None,
    *,
    sessions: SessionsOption = None,
    sites: SitesOption = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="The directory to make: checkpoint and card.")],
    cpu_minutes: Annotated[
        float | None,
        typer.Option(
            "--cpu-minutes",
            min=0.01,
            max=100_000,
            help="Process time to train, all threads counted; default 60, of sessions 0.3.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**31 - 1, help="Of everything random.")] = 0,
    leave_out: Annotated[
        list[str] | None, typer.Option("--leave-out", help="A place whose scenes stay out (repeatable).")
    ] = None,
    source: Annotated[
        list[Source] | None, typer.Option("--source", help="Only scenes of this source (repeatable; default all).")
    ] = None,
    device: Annotated[
        Device, typer.Option("--device", help="auto takes a CUDA device where there is one (bfloat16 there).")
    ] = Device.auto,
    threads: Annotated[int, typer.Option("--threads", min=1, max=256, help="Threads of the processor.")] = 1,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a training of this directory that was stopped.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Train the demand model, and write its checkpoint and card; a stopped training can go on.

    With --sessions it is the charging model that is trained, see docs/charging_model.md.
    """
    from trafficdiff.workflows.train import CHECKPOINT_FILE, train, training_settings

    if sessions:
        others = {"a corpus": corpus is not None, "--leave-out": bool(leave_out), "--source": bool(source)}
        others |= {"--device": device is not Device.auto, "--threads": threads > 1, "--resume": resume}
        one_of({"--sessions": True}, instead=others, why="for a charging model")
        train_charging(sessions, sites=sites, output=output, cpu_minutes=cpu_minutes, seed=seed, as_json=as_json)
        return
    one_of({"a corpus": corpus is not None}, instead={"--sites": sites is not None}, why="for a demand model")
    assert corpus is not None
    with showing_progress() as progress:
        card = train(
            corpus,
            directory=output,
            settings=training_settings(cpu_minutes=60.0 if cpu_minutes is None else cpu_minutes, seed=seed),
            sources=[kind.value for kind in source or ()],
            leave_out=leave_out or (),
            device=device.value,
            threads=threads,
            resume=resume,
            progress=progress,
        )
    if as_json:
        print_json({"checkpoint": output / CHECKPOINT_FILE, **card})
        return
    _show(card)
    typer.echo(f"wrote {output / CHECKPOINT_FILE}: {card['steps']:,} steps, {card['cpu_minutes']:g} CPU minutes")


def _show(card: Mapping[str, Any]) -> None:
    rows = card["losses"]
    if not rows:
        return
    shown = rows[:: -(-len(rows) // _ROWS_SHOWN)]
    names = list(rows[-1])
    cells = [[f"{row.get(name, float('nan')):g}" for name in names] for row in shown]
    print_grid("Mean losses by minute of process time [nat]", cells, headings=names)
