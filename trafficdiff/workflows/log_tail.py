"""Read the end of a log: the last lines for people, and the last error in it."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["HEADING", "last_error", "log_tail"]

HEADING: Final = "--- trafficdiff "
"""Begins the line that says which command a log is of; a log may hold several, one after another."""

_MOST_BYTES: Final = 64_000
_ERROR: Final = re.compile(r"^error: (.*)", re.MULTILINE | re.DOTALL)
_CONTROL: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")


def log_tail(path: Path, *, lines: int = 40) -> str:
    """Return the last lines of a log without terminal codes; empty if there is none."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _MOST_BYTES))
            text = file.read(_MOST_BYTES).decode("utf-8", errors="replace")
    except OSError:
        return ""
    kept = _CONTROL.sub("", text).splitlines()[-lines:]
    return "\n".join(kept)


def last_error(path: Path) -> str:
    """Return what the last ``error: ...`` of a log says; empty if there is none since the command was begun."""
    text = log_tail(path, lines=1_000).rpartition(HEADING)[2]
    found = _ERROR.search(text)
    return found[1].strip()[:2_000] if found else ""
