"""Look at one folder of somebody's work: scenario files, networks, runs, studies, comparisons; nothing outside it.

::

    root/bridge.yaml               scenario         root/scenarios/bridge.yaml
    root/helsinki/manifest.json    network, run or comparison: its manifest says which
    root/bridge/study.json         study            root/studies/bridge/study.json

Two levels are looked at, and nothing inside what was recognised. Names are paths below the root with forward slashes.
"""

from __future__ import annotations

import datetime as dt
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from trafficdiff.errors import InputError
from trafficdiff.manifest import MANIFEST
from trafficdiff.publish import real_path
from trafficdiff.store.study import PLAN

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Entry", "Kind", "Workspace"]

Kind = Literal["scenario", "network", "run", "study", "comparison", "charging_plan", "scenes"]
"""What an entry of a folder can be."""

_LEVELS: Final = 2
_MOST_ENTRIES: Final = 5_000
"""Entries of one folder that are looked at, so that a folder of a million files stops nobody."""
_LONGEST_NAME: Final = 1_000
_HEAD_BYTES: Final = 65_536
_SUFFIXES: Final = frozenset({".yaml", ".yml", ".json"})
_OTHER_ENDINGS: Final = (".job.json", ".status.json")
_SCENARIO_KEY: Final = re.compile(rb"""(?:^|[{,]\s*|"\s*:\s*\{)["']?(?:network|base)["']?\s*:""", re.MULTILINE)
_OTHER_KEY: Final = re.compile(rb"""(?:^|[{,]\s*)["']?(?:candidates|\$schema|\$defs|manifest)["']?\s*:""", re.MULTILINE)
_WITH_SCENARIOS: Final = (None, "charging_plan")
"""What may hold scenario files: plain folders, and plans, which hold the scenario with what is planned."""
_MANIFEST_KIND: Final = re.compile(rb'"kind": "([^"]+)"')
_PUBLISHED: Final[dict[bytes, Kind]] = {
    b"run": "run",
    b"comparison": "comparison",
    b"built network": "network",
    b"charging_plan": "charging_plan",
    b"staged scenes": "scenes",
    b"found scenes": "scenes",
}


@dataclass(frozen=True)
class Entry:
    """Name one thing in the folder.

    Parameters
    ----------
    name
        Path below the root, with forward slashes.
    path
        Where it is.
    modified
        When it was written last (UTC); of a folder, the file that makes it what it is.
    """

    name: str
    path: Path
    modified: dt.datetime


@dataclass(frozen=True)
class Workspace:
    """Represent the folder that a dashboard shows.

    Parameters
    ----------
    root
        The folder; links in its own path are followed once, here.
    """

    root: Path

    def __post_init__(self) -> None:
        object.__setattr__(self, "root", real_path(Path(self.root)))

    def scenarios(self) -> list[Entry]:
        """Return the scenario files, newest first; whether they are sound is found out by reading them."""
        return self.entries("scenario")

    def networks(self) -> list[Entry]:
        """Return the directories that ``trafficdiff build`` made, newest first."""
        return self.entries("network")

    def runs(self) -> list[Entry]:
        """Return the published runs that are in no study, newest first."""
        return self.entries("run")

    def studies(self) -> list[Entry]:
        """Return the studies, finished or not, newest first."""
        return self.entries("study")

    def comparisons(self) -> list[Entry]:
        """Return the published comparisons, newest first."""
        return self.entries("comparison")

    def charging_plans(self) -> list[Entry]:
        """Return the plans of charging sites, newest first."""
        return self.entries("charging_plan")

    def scenes(self) -> list[Entry]:
        """Return the folders of AV scenes, made or found, newest first."""
        return self.entries("scenes")

    def entries(self, kind: Kind) -> list[Entry]:
        """Return everything of one kind, newest first."""
        found = [entry for what, entry in self._all() if what == kind]
        return sorted(found, key=lambda entry: (-entry.modified.timestamp(), entry.name))

    def path_of(self, name: str) -> Path:
        """Return the path of something below the root; it need not be there yet.

        Parameters
        ----------
        name
            Path below the root, with forward slashes, as in `Entry.name`.

        Raises
        ------
        InputError
            If the name leaves the root, through ``..``, an absolute path or a link, or holds a hidden part.
        """
        if fault := _fault_of(name):
            raise InputError(f"expected a name inside the folder, got {name[:80]!a}: {fault}; choose one from the list")
        path = self.root.joinpath(*name.split("/"))
        if not self._holds(path):
            raise InputError(
                f"expected a name inside the folder, got {name[:80]!a}: a link in it leads elsewhere; copy the files "
                "into the folder"
            )
        return path

    def _holds(self, path: Path) -> bool:
        """Return whether a path stays below the root once links are followed."""
        real = real_path(path)
        return real != self.root and real.is_relative_to(self.root)

    def _all(self) -> Iterator[tuple[Kind, Entry]]:
        folders = [(self.root, "", 1)]
        while folders:
            folder, prefix, level = folders.pop()
            for path in _listed(folder):
                if _fault_of(path.name) or (path.is_symlink() and not self._holds(path)):
                    continue
                try:
                    marker, kind = _recognised(path)
                    if kind is not None:
                        modified = dt.datetime.fromtimestamp(marker.stat().st_mtime, dt.UTC)
                        yield kind, Entry(prefix + path.name, path, modified)
                    if kind in _WITH_SCENARIOS and level < _LEVELS and path.is_dir():
                        folders.append((path, f"{prefix}{path.name}/", level + 1))
                except OSError:  # it went away, or may not be read: then it is not there for us
                    continue


def _listed(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return [Path(entry.path) for entry, _ in zip(entries, range(_MOST_ENTRIES), strict=False)]
    except OSError:
        return []


def _fault_of(name: str) -> str:
    """Say why a name cannot be below the root; empty where it can."""
    parts = name.split("/")
    if not name or len(name) > _LONGEST_NAME:
        return f"1 to {_LONGEST_NAME:,} characters are allowed"
    if not name.isprintable():
        return "it holds characters that cannot be seen"
    if "\\" in name or ":" in parts[0]:
        return "backslashes and drives are not allowed"
    if any(part in {"", ".", ".."} for part in parts):
        return "empty parts, '.' and '..' are not allowed"
    if any(part.startswith(".") for part in parts):
        return "hidden files are not shown"
    return ""


def _recognised(path: Path) -> tuple[Path, Kind | None]:
    """Return the file that makes something what it is, and what that is."""
    if path.is_dir():
        if (path / PLAN).is_file():
            return path / PLAN, "study"
        marker = path / MANIFEST
        found = _MANIFEST_KIND.search(_head(marker, 200)) if marker.is_file() else None
        return marker, _PUBLISHED.get(found[1]) if found else None
    if path.suffix.lower() in _SUFFIXES and not path.name.endswith(_OTHER_ENDINGS) and path.is_file():
        head = _head(path, _HEAD_BYTES)
        if _SCENARIO_KEY.search(head) and not _OTHER_KEY.search(head):
            return path, "scenario"
    return path, None


def _head(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        return file.read(size)
