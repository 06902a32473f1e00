"""``trafficdiff train --sessions`` and ``trafficdiff evaluate --sessions``: the charging model."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from trafficdiff.cli.output import json_text, print_grid, print_json, showing_progress
from trafficdiff.errors import InputError
from trafficdiff.publish import publishing_file, refuse_unwritable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trafficdiff.workflows.evaluate_sessions import SessionScorecard
    from trafficdiff.workflows.session_scores import Scored

__all__ = ["SessionsOption", "SitesOption", "evaluate_charging", "one_of", "train_charging"]

SessionsOption = Annotated[
    list[Path] | None,
    typer.Option("--sessions", help="A file of charging sessions, one a network (repeatable): the charging model."),
]
SitesOption = Annotated[
    Path | None, typer.Option("--sites", help="A table of surroundings for the network whose name begins as its own.")
]
_COLUMNS: Final = {
    "jsd168": "JSD168",
    "w1_energy_kwh": "W1 kWh",
    "w1_dwell_h": "W1 h",
    "acf": "ACF",
    "crps": "CRPS",
    "pinball": "pinball",
    "near_duplicates": "near dup.",
}
TRAIN_MINUTES: Final = 0.3
"""Process time where none is asked for: more changes little, the prior carries most."""
EVALUATE_MINUTES: Final = 0.3


def one_of(given: Mapping[str, bool], *, instead: Mapping[str, bool], why: str) -> None:
    """Check that options of two ways to use a command are not mixed, and those that are needed are there.

    Parameters
    ----------
    given
        What this way needs, and whether it came.
    instead
        What belongs to the other way, and whether it came.
    why
        Which way this is, for the message.

    Raises
    ------
    InputError
        Naming all that is missing and all that does not belong.
    """
    missing = [name for name, came in given.items() if not came]
    foreign = [name for name, came in instead.items() if came]
    faults = ([f"missing {', '.join(missing)}"] if missing else []) + (
        [f"{', '.join(foreign)} of no use here"] if foreign else []
    )
    if faults:
        raise InputError(f"expected {', '.join(given)} {why}; {'; '.join(faults)}")


def train_charging(
    sessions: Sequence[Path],
    *,
    sites: Path | None,
    output: Path,
    cpu_minutes: float | None,
    seed: int,
    as_json: bool,
) -> None:
    """Train the charging model, and write its checkpoint and card."""
    from trafficdiff.workflows.train_sessions import CHECKPOINT_FILE, train_sessions

    minutes = TRAIN_MINUTES if cpu_minutes is None else cpu_minutes
    with showing_progress() as progress:
        card = train_sessions(
            sessions, directory=output, sites=sites, cpu_minutes=minutes, seed=seed, progress=progress
        )
    if as_json:
        print_json({"checkpoint": output / CHECKPOINT_FILE, **card})
        return
    rows = [
        (of["name"], f"{of['sessions']:,}", f"{of['sites']:,}", "; ".join(of["kinds"]), of["licence"])
        for of in card["networks"]
    ]
    print_grid("Networks", rows, headings=("", "sessions", "sites", "chargers", "licence"))
    typer.echo(f"wrote {output / CHECKPOINT_FILE}: {card['steps']:,} steps, {card['cpu_minutes']:g} CPU minutes")


def evaluate_charging(
    sessions: Sequence[Path],
    *,
    sites: Path | None,
    models: Sequence[str],
    cpu_minutes: float | None,
    seed: int,
    replicates: int,
    output: Path | None,
    as_json: bool,
) -> None:
    """Measure the charging model beside every baseline; docs/charging_model.md says how.

    Folds are trained anew: what a checkpoint was trained on cannot measure it. One that is given lends its time of
    training, and its hash is written beside the figures.
    """
    from trafficdiff.workflows.charging_model import open_charging_model
    from trafficdiff.workflows.evaluate_sessions import evaluate_sessions

    if output is not None:
        refuse_unwritable(output)
    if len(models) > 1:
        raise InputError(f"expected at most one --model with --sessions, got {len(models)}")
    minutes = EVALUATE_MINUTES if cpu_minutes is None else cpu_minutes
    measured = {}
    if models:
        checkpoint = open_charging_model(None if models[0] == "shipped" else Path(models[0]))
        measured["checkpoint_sha256"] = checkpoint.sha256
        minutes = checkpoint.card["training"]["cpu_minutes"] if cpu_minutes is None else cpu_minutes
    with showing_progress() as progress:
        found = evaluate_sessions(
            sessions, sites=sites, cpu_minutes=minutes, seed=seed, replicates=replicates, progress=progress
        )
    content = {"format": 1, **measured, **dataclasses.asdict(found)}
    if output is not None:
        with publishing_file(output) as temporary:
            temporary.write_text(json_text(content) + "\n", encoding="utf-8")
    if as_json:
        print_json(content)
    else:
        _show(found)


def _show(found: SessionScorecard) -> None:
    counts = ", ".join(f"{name} {count:,}" for name, count in found.counts.items())
    typer.echo(
        f"{counts}\n{found.cpu_minutes:g} CPU minutes of training a fold, seed {found.seed}, {found.cpu_s:.0f} CPU s\n"
        f"± half of the 95 % interval: {found.replicates} bootstrap replicates over weeks, of sites over sites."
    )
    for fold, rows in found.folds.items():
        shown = [name for name in _COLUMNS if any(_known(row, name) for row in rows.values())]
        cells = [(name, *(_cell(row, score) for score in shown)) for name, row in rows.items()]
        print_grid(fold, cells, headings=("", *(_COLUMNS[name] for name in shown)))
    if found.sites:
        errors = [(name, _cell(row, "error")) for name, row in found.sites.items()]
        print_grid("Share of time that plugs are taken, sites in no training", errors, headings=("", "mean error"))
    for goal, reached in found.goals.items():
        typer.echo(f"{'reached' if reached else 'missed '}  {goal}")


def _known(row: Scored, score: str) -> bool:
    value = row.values.get(score, float("nan"))
    return value == value  # noqa: PLR0124 - not NaN


def _cell(row: Scored, score: str) -> str:
    if not _known(row, score):
        return "-"
    value, margin = row.values[score], row.margins.get(score, float("nan"))
    digits = 4 if score == "jsd168" else 3
    return f"{value:.{digits}f}" if margin != margin else f"{value:.{digits}f} ±{margin:.{digits}f}"  # noqa: PLR0124
