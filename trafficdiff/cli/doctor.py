"""``trafficdiff doctor``: look at the machine, or at how far a network lies from what the demand model has seen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trafficdiff.cli.output import JsonOption, print_grid, print_json, print_table
from trafficdiff.errors import InputError, MissingDependencyError

if TYPE_CHECKING:
    from trafficdiff.datatypes.training_range import Standing
    from trafficdiff.workflows.doctor import Check

__all__ = ["doctor"]


def doctor(
    network: Annotated[
        str | None,
        typer.Argument(help="Say instead how far a network lies from those that the demand model learned from."),
    ] = None,
    *,
    checkpoint: Annotated[
        Path | None, typer.Option("--checkpoint", help="With a network: whose training range; the shipped model's.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check versions, torch build, SUMO, checkpoint, browser and free port; or one network."""
    if network is not None:
        _look_at(network, checkpoint=checkpoint, as_json=as_json)
        return
    if checkpoint is not None:
        raise InputError("expected a network beside --checkpoint, got none; name the network that is to be judged")
    from trafficdiff.workflows.doctor import examine

    checks = examine()
    missing = [check.name for check in checks if check.needed and not check.ok]
    if as_json:
        print_json({"ok": not missing, "checks": [vars(check) for check in checks]})
    else:
        print_table("trafficdiff doctor", [(_mark(check) + check.name, check.found) for check in checks])
    if missing:
        raise MissingDependencyError(f"expected everything above to be marked ✓, got ✗ for {', '.join(missing)}")


def _mark(check: Check) -> str:
    return "✓ " if check.ok else "✗ " if check.needed else "- "


def _look_at(network: str, *, checkpoint: Path | None, as_json: bool) -> None:
    from trafficdiff.roads.load import load_network
    from trafficdiff.workflows.training_range import judge_network, warnings_of

    standing = judge_network(load_network(network), checkpoint=checkpoint)
    if as_json:
        print_json({"training_range": standing.model_dump(mode="json"), "warnings": list(warnings_of(standing))})
    else:
        _show(network, standing)


def _show(network: str, standing: Standing) -> None:
    from trafficdiff.export.catalogue import catalogue
    from trafficdiff.workflows.range_words import range_rows, remark, verdict

    words = catalogue()
    headings = [words.word(f"range.head_{name}") for name in ("what", "here", "there", "lies")]
    print_grid(network, range_rows(standing, words), headings=headings)
    typer.echo(remark(standing, words) if standing.is_far else verdict(standing, words))
