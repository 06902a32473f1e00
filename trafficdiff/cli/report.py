"""``trafficdiff report``: the page that is handed over."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from trafficdiff.cli.output import JsonOption, print_json, showing_progress

__all__ = ["report"]


def report(
    sources: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run directories and studies.")],
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="The HTML file to write.")],
    language: Annotated[str, typer.Option("--language", help="Of the words: en or de.")] = "en",
    pdf: Annotated[
        Path | None, typer.Option("--pdf", help="Also write this PDF file (needs trafficdiff[pdf]).")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write what was changed, what came of it and how sure it is, as one HTML file that needs nothing else."""
    from trafficdiff.workflows.report import report

    with showing_progress() as progress:
        written = report(sources, output=output, language=language, pdf=pdf, progress=progress)
    if as_json:
        print_json(dataclasses.asdict(written))
        return
    typer.echo(f"wrote {written.path} ({written.size_bytes / 1e6:.2f} MB): {', '.join(written.sections)}")
    if written.pdf is not None:
        typer.echo(f"wrote {written.pdf}")
