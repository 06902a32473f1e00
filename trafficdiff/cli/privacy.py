"""``trafficdiff privacy``: what a model, or trips that are to be published, give away of those that it learned from."""

from __future__ import annotations

import math
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trafficdiff.cli.output import JsonOption, print_grid, print_json, showing_progress
from trafficdiff.cli.session_commands import SessionsOption, SitesOption, one_of
from trafficdiff.errors import GateError
from trafficdiff.metrics.privacy_gates import NAMES
from trafficdiff.publish import refuse_unwritable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trafficdiff.metrics.privacy_gates import Gate
    from trafficdiff.workflows.privacy_audit import PrivacyAudit

__all__ = ["privacy"]

_MINUTES = 1.0
_SESSION_MINUTES = 0.3


def privacy(
    *,
    network: Annotated[
        str | None, typer.Option("--network", help="A place folder, a built directory, OSM file or net.")
    ] = None,
    routes: Annotated[
        Path | None, typer.Option("--routes", help="Real trips that a model learned from, with routes.")
    ] = None,
    held_out: Annotated[
        Path | None,
        typer.Option(
            "--held-out",
            help="Real trips of the same kind that it did not learn from. Without them the "
            "given ones are halved, and a model is tuned to one half.",
        ),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            "--model", help="The checkpoint to audit; without --held-out the one to tune, default the shipped one."
        ),
    ] = None,
    reference: Annotated[
        Path | None, typer.Option("--reference", help="A checkpoint that has seen neither, for a stronger attack.")
    ] = None,
    generated: Annotated[
        list[Path] | None, typer.Option("--generated", help="Trips that are to be published (repeatable).")
    ] = None,
    types: Annotated[
        list[Path] | None, typer.Option("--types", help="A SUMO file with vehicle types (repeatable).")
    ] = None,
    sessions: SessionsOption = None,
    sites: SitesOption = None,
    trips: Annotated[int, typer.Option("--trips", min=100, max=100_000, help="Trips, or sessions, to draw.")] = 5_000,
    cpu_minutes: Annotated[
        float | None,
        typer.Option(
            "--cpu-minutes",
            min=0.001,
            max=1_000,
            help="Process time of each training: tuning, and the control; default 1, with --sessions 0.3.",
        ),
    ] = None,
    epsilon: Annotated[
        float | None,
        typer.Option("--epsilon", min=0.01, max=100, help="Also tune with differential privacy, and audit that, too."),
    ] = None,
    control: Annotated[
        bool, typer.Option("--control/--no-control", help="Whether to train the control that memorises.")
    ] = True,
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**31 - 1, help="Of everything random.")] = 0,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Also write a scorecard (.json) here.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Audit what is given away of real trips or charging sessions; docs/privacy.md says how.

    Exit code 4 where a gate is failed, or a control passes one, so that the audit proves nothing.
    """
    if output is not None:
        refuse_unwritable(output)
    with showing_progress() as progress:
        if sessions:
            from trafficdiff.workflows.privacy_sessions import session_privacy

            others = {"--network": network is not None, "--routes": routes is not None, "--model": model is not None}
            others |= {"--held-out": held_out is not None, "--generated": bool(generated), "--types": bool(types)}
            others |= {"--reference": reference is not None, "--no-control": not control}
            others |= {"--epsilon": epsilon is not None}
            one_of({"--sessions": True}, instead=others, why="for charging")
            audits = session_privacy(
                sessions, sites=sites, cpu_minutes=cpu_minutes or _SESSION_MINUTES, drawn=trips, seed=seed,
                progress=progress,
            )  # fmt: skip
        else:
            from trafficdiff.workflows.privacy import privacy

            one_of(
                {"--network": network is not None, "--routes": routes is not None},
                instead={
                    "--sites": sites is not None,
                    "--epsilon (with --held-out, nothing is tuned)": epsilon is not None and held_out is not None,
                },
                why="for trips (or --sessions for charging)",
            )
            assert network is not None
            assert routes is not None
            minutes = cpu_minutes or _MINUTES
            audits = (
                privacy(
                    network, routes=routes, held_out=held_out, model=model, reference=reference,
                    generated=generated or (), type_files=types or (), seed=seed,
                    tuning_cpu_minutes=minutes, epsilon=epsilon,
                    control_cpu_minutes=minutes if control else 0.0, trips=trips, progress=progress,
                ),
            )  # fmt: skip
    if output is not None:
        asked = {
            "--network": None if network is None else Path(network), "--routes": routes, "--held-out": held_out,
            "--model": model, "--reference": reference, "--generated": generated, "--types": types,
            "--sessions": sessions, "--sites": sites, "--trips": trips, "--cpu-minutes": cpu_minutes,
            "--epsilon": epsilon, "--seed": seed,
        }  # fmt: skip
        _write(audits, output, command=f"{_command(asked)}{'' if control else ' --no-control'}")
    if as_json:
        print_json({"audits": [audit.as_dict() for audit in audits]})
    else:
        for audit in audits:
            _show(audit)
    if faults := _faults(audits):
        error = GateError("; ".join(faults))
        if as_json:  # the one JSON object is printed already
            raise typer.Exit(error.exit_code)
        raise error


def _write(audits: Sequence[PrivacyAudit], output: Path, *, command: str) -> None:
    from trafficdiff.datatypes.scorecard import write_scorecard
    from trafficdiff.workflows.privacy_card import privacy_card

    write_scorecard(privacy_card(audits, made_with=(command,)), output)


def _command(options: Mapping[str, object]) -> str:
    """Return the command that measures the same again; files go by their names, what was not given is left out."""
    words = ["trafficdiff", "privacy"]
    for name, value in options.items():
        for one in value if isinstance(value, list) else [value]:
            words += [] if one is None else [name, one.name if isinstance(one, Path) else str(one)]
    return shlex.join(words)


def _faults(audits: Sequence[PrivacyAudit]) -> list[str]:
    """Return which gates were failed, and which controls were not caught."""
    faults = []
    for audit in audits:
        for row in audit.rows:
            if row.control:
                missed = [NAMES[gate.key].lstrip(". ") for gate in row.gates if gate.passed]
                wrong = f"expected every gate to catch the {row.name}, got none for"
            else:
                missed = [NAMES[gate.key].lstrip(". ") for gate in row.gates if gate.decides and not gate.passed]
                wrong = f"expected {row.name} to pass, got failures:"
            if missed:
                faults.append(f"{audit.subject}: {wrong} {', '.join(missed)}")
    return faults


def _show(audit: PrivacyAudit) -> None:
    typer.echo(
        f"{audit.subject}: {audit.training:,} learned from, {audit.held_out:,} others, {audit.drawn:,} drawn, seed "
        f"{audit.seed}, {audit.cpu_s:.0f} CPU s"
    )
    keys = list(dict.fromkeys(gate.key for row in audit.rows for gate in row.gates))
    table = []
    for key in keys:
        gates = {row.name: gate for row in audit.rows for gate in row.gates if gate.key == key}
        first = next(iter(gates.values()))
        floor = "-" if first.floor is None else f"{first.floor:.3f}"
        cells = [_cell(gates[row.name]) if row.name in gates else "-" for row in audit.rows]
        table.append((NAMES[key], f"{first.limit:g}", floor, *cells))
    names = [f"{row.name}{' (must fail)' if row.control else ''}" for row in audit.rows]
    print_grid("95 % bounds in brackets", table, headings=("", "at most", "floor", *names))


def _cell(gate: Gate) -> str:
    if gate.key == "small_cells":
        return f"{gate.value:.0f} {_word(gate)}"
    if math.isnan(gate.value):
        return f"- {_word(gate)}"
    return f"{gate.value:.3f} [{gate.low:.3f}, {gate.high:.3f}] {_word(gate)}"


def _word(gate: Gate) -> str:
    return "passed" if gate.passed else "failed" if gate.decides else "shown"
