"""``trafficdiff demo``: the whole path on the city that travels with the package."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trafficdiff.cli.output import JsonOption, showing_progress
from trafficdiff.cli.run import show_outcome

__all__ = ["demo"]


def demo(
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The run directory to make (default: below runs/).")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Run Helsinki's morning peak: from OpenStreetMap to a table of metrics and a map."""
    from trafficdiff.workflows.demo import demo

    with showing_progress() as progress:
        outcome = demo(output, progress=progress)
    show_outcome(outcome, as_json=as_json)
