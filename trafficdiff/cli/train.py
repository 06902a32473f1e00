"""``trafficdiff train``: a demand model from a corpus or tuned to a city, or a charging model from sessions."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trafficdiff.cli.output import JsonOption, print_grid, print_json, showing_progress
from trafficdiff.cli.session_commands import SessionsOption, SitesOption, one_of, train_charging
from trafficdiff.cli.tuning_commands import (
    DeltaOption,
    EpsilonOption,
    FromOption,
    HeldOutOption,
    NetworkOption,
    PersonOption,
    RoutesOption,
    TypesOption,
    train_tuned,
)

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
        Path | None, typer.Argument(help="A folder of scenes; see `trafficdiff corpus`. Not with --sessions or --from.")
    ] = None,
    *,
    sessions: SessionsOption = None,
    sites: SitesOption = None,
    start: FromOption = None,
    network: NetworkOption = None,
    routes: RoutesOption = None,
    types: TypesOption = None,
    held_out: HeldOutOption = None,
    epsilon: EpsilonOption = None,
    delta: DeltaOption = None,
    trips_a_person: PersonOption = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="The directory to make: checkpoint and card.")],
    cpu_minutes: Annotated[
        float | None,
        typer.Option(
            "--cpu-minutes",
            min=0.01,
            max=100_000,
            help="Process time to train, all threads counted; default 60, of sessions 0.3, with --from 3 at most.",
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

    With --from, --network and --routes a model is tuned to a city's own trips, see docs/fine_tuning.md. With --sessions
    it is the charging model that is trained, see docs/charging_model.md.
    """
    from trafficdiff.workflows.train import CHECKPOINT_FILE, train, training_settings

    private = {"--delta": delta is not None, "--trips-a-person": trips_a_person is not None}
    tuning = {"--network": network is not None, "--routes": routes is not None}
    more = {"--types": bool(types), "--held-out": held_out is not None, "--epsilon": epsilon is not None} | private
    others = {"a corpus": corpus is not None, "--leave-out": bool(leave_out), "--source": bool(source)}
    others |= {"--device": device is not Device.auto, "--threads": threads > 1, "--resume": resume}
    if start is not None:
        others |= {"--sessions": bool(sessions), "--sites": sites is not None}
        if epsilon is None:
            others |= private
        elif held_out is not None:
            others["--held-out (nothing is held out with --epsilon)"] = True
        one_of({"--from": True, **tuning}, instead=others, why="to tune to a city's own trips")
        assert network is not None
        assert routes is not None
        train_tuned(
            start, network=network, routes=routes, types=types, output=output, cpu_minutes=cpu_minutes,
            held_out=held_out, epsilon=epsilon, delta=delta, trips_a_person=trips_a_person, seed=seed, as_json=as_json,
        )  # fmt: skip
        return
    if sessions:
        others |= tuning | more
        one_of({"--sessions": True}, instead=others, why="for a charging model")
        train_charging(sessions, sites=sites, output=output, cpu_minutes=cpu_minutes, seed=seed, as_json=as_json)
        return
    one_of(
        {"a corpus": corpus is not None},
        instead={"--sites": sites is not None} | tuning | more,
        why="for a demand model",
    )
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
