"""Say what a command found: one JSON object for programs, a table for people; progress goes to stderr."""

from __future__ import annotations

import json
import logging
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from trafficdiff.errors import TrafficdiffError
    from trafficdiff.workflows.progress import Progress

__all__ = [
    "JsonOption", "OnlyOnce", "error_object", "json_text", "print_grid", "print_json", "print_table",
    "showing_progress",
]  # fmt: skip

_QUIET_S: Final = 2.0
"""Nothing is shown before this time: quick commands stay quiet."""
_LOG_EVERY_S: Final = 10.0

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout; logs go to stderr.")]

_log = logging.getLogger(__name__)


class OnlyOnce(logging.Filter):
    """Let each warning pass once: steps that draw from one model twice warn of the same place twice."""

    def __init__(self) -> None:
        super().__init__()
        self._said: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record is to be shown."""
        if record.levelno != logging.WARNING:
            return True
        words = record.getMessage()
        is_new = words not in self._said
        self._said.add(words)
        return is_new


def error_object(error: TrafficdiffError) -> dict[str, str | int]:
    """Return an error as plain data: its kind, its message and the exit code."""
    return {"error": type(error).__name__, "message": str(error), "exit_code": error.exit_code}


def print_json(content: Mapping[str, Any]) -> None:
    """Print one JSON object on stdout, as `json_text` writes it."""
    typer.echo(json_text(content))


def json_text(content: Mapping[str, Any]) -> str:
    """Return content as JSON; NaN and infinities become null, paths and dates become text."""
    return json.dumps(_plain(content), ensure_ascii=False, allow_nan=False, indent=2)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not abs(value) < float("inf"):
        return None
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def print_table(title: str, rows: Sequence[tuple[str, str]], *, headings: tuple[str, str] = ("", "")) -> None:
    """Print a two-column table on stdout."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", show_header=any(headings))
    table.add_column(headings[0])
    table.add_column(headings[1], justify="right")
    for name, value in rows:
        table.add_row(name, value)
    Console(width=None if sys.stdout.isatty() else 100, markup=False).print(table)


def print_grid(title: str, rows: Sequence[Sequence[str]], *, headings: Sequence[str]) -> None:
    """Print a table of any number of columns on stdout; the first column holds names."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="right" if place else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 160, markup=False).print(table)


@contextmanager
def showing_progress() -> Iterator[Progress]:
    """Yield a callback that shows progress on stderr once the command has taken two seconds.

    A terminal gets a bar with the time left; a file gets a line every ten seconds.
    """
    if sys.stderr.isatty():
        with _bar() as callback:
            yield callback
    else:
        yield _log_lines()


@contextmanager
def _bar() -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    started = time.monotonic()
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn(),
        console=Console(stderr=True), transient=True,
    )  # fmt: skip
    task = bar.add_task("", total=1.0)

    def show(stage: str, share: float | None) -> None:
        if time.monotonic() - started > _QUIET_S and not bar.live.is_started:
            bar.start()
        bar.update(task, description=stage, completed=share or 0.0, total=None if share is None else 1.0)

    try:
        yield show
    finally:
        bar.stop()


def _log_lines() -> Progress:
    started = last = time.monotonic()

    def show(stage: str, share: float | None) -> None:
        nonlocal last
        now = time.monotonic()
        if now - started > _QUIET_S and now - last > _LOG_EVERY_S:
            last = now
            _log.info("%s%s", stage, "" if share is None else f" {share:.0%}")

    return show
