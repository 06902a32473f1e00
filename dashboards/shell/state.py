"""Say what the dashboard was started with: which folder it shows, and what visitors may do.

`trafficdiff serve` passes it to the program as arguments; nothing of it can be changed from a browser.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from trafficdiff.store.workspace import Workspace

__all__ = ["Settings", "settings", "workspace"]


@dataclass(frozen=True)
class Settings:
    """Say what visitors may do.

    Parameters
    ----------
    folder
        The folder that is shown.
    read_only
        Whether nothing can be started, cancelled, uploaded or saved.
    max_jobs
        Simulation jobs at once, over all visitors.
    language
        Code of the language where the URL names none; empty for the browser's.
    allow
        Who may come in after signing in: addresses or domains (``"@city.example"``); empty for everybody.
    login
        Whether visitors must sign in.
    tiles, tiles_credit
        Template of the addresses of map pictures, and whom to thank; empty for none.
    """

    folder: Path
    read_only: bool = False
    max_jobs: int = 1
    language: str = ""
    allow: tuple[str, ...] = ()
    login: bool = False
    tiles: str = ""
    tiles_credit: str = ""


def settings() -> Settings:
    """Return what the dashboard was started with."""
    return _parsed(tuple(sys.argv[1:]))


def workspace() -> Workspace:
    """Return the folder that is shown."""
    return Workspace(settings().folder)


@cache
def _parsed(arguments: tuple[str, ...]) -> Settings:
    parser = argparse.ArgumentParser(allow_abbrev=False, add_help=False)
    parser.add_argument("--folder", type=Path, default=Path())
    parser.add_argument("--read-only", action="store_true")
    parser.add_argument("--max-jobs", type=int, default=1)
    parser.add_argument("--language", default="")
    parser.add_argument("--allow", action="append", default=[])
    parser.add_argument("--login", action="store_true")
    parser.add_argument("--tiles", default="")
    parser.add_argument("--tiles-credit", default="")
    found, _ = parser.parse_known_args(arguments)
    return Settings(
        found.folder.absolute(), found.read_only, found.max_jobs, found.language, tuple(found.allow), found.login,
        found.tiles, found.tiles_credit,
    )  # fmt: skip
