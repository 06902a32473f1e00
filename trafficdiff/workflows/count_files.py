"""Find and keep files of counted traffic beside scenario files, so that a scenario can name them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from trafficdiff.errors import InputError
from trafficdiff.publish import publishing_file, scratch
from trafficdiff.workflows.job_kinds import fitting_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.scenario import Scenario
    from trafficdiff.store.workspace import Workspace

__all__ = ["MOST_BYTES", "calibrated_to", "count_files", "keep_counts"]

MOST_BYTES: Final = 20_000_000
"""Largest file of counts that is taken."""
_ENDINGS: Final = (".csv", ".xml", ".xml.gz")
_HEAD_BYTES: Final = 20_000
_MOST_FILES: Final = 500
_COLUMNS: Final = (b"edge", b"begin", b"end", b"count")
_EDGE_DATA: Final = re.compile(rb"<edge\s[^>]*\b(entered|count)\s*=")
_MODEL_ONLY: Final = frozenset({"checkpoint", "fringe_share", "one_day", "steps", "guidance", "prior_share"})
_KEPT: Final = frozenset({"trips", "vehicle_mix", "electric_share", "route_choice", "profile"}) | _MODEL_ONLY
"""What demand of another kind hands on, where it has it."""
_DATA: Final = ("counts", "totals", "zones", "observed", "type_files")


def count_files(folder: Workspace, home: str) -> list[str]:
    """Return the names of files that look like counts in a folder, sorted; what is wrong with them reading tells.

    Parameters
    ----------
    folder
        That all work in.
    home
        Folder of the scenario file below it, ``""`` for the root: a scenario names files in its own folder.
    """
    place = folder.path_of(home) if home else folder.root
    if not place.is_dir():
        return []
    names = sorted(path.name for path in place.iterdir() if path.name.endswith(_ENDINGS) and path.is_file())
    return [name for name in names[:_MOST_FILES] if _looks_like_counts(place / name)]


def keep_counts(folder: Workspace, home: str, *, file_name: str, content: bytes, graph: RoadGraph) -> str:
    """Write a file of counts beside scenario files once it was read without a fault, and return its name.

    The same content under the same name is the same file; another content gets another name.

    Raises
    ------
    InputError
        If it is too large, or no counts on these roads; every fault is named.
    StoreError
        If it cannot be written.
    """
    from trafficdiff.datatypes.counts import read_counts

    ending = next((end for end in sorted(_ENDINGS, key=len, reverse=True) if file_name.lower().endswith(end)), None)
    if ending is None or len(content) > MOST_BYTES:
        raise InputError(
            f"expected counts as .csv or SUMO's edge data (.xml, .xml.gz) of at most {MOST_BYTES / 1e6:g} MB, got "
            f"{file_name[:80]!a} of {len(content) / 1e6:.1f} MB"
        )
    stem = fitting_name(Path(file_name.replace("\\", "/")).name[: -len(ending)]) or "counts"
    with scratch("counts") as work:
        tried = work / f"{stem}{ending}"
        tried.write_bytes(content)
        read_counts(tried, graph)
    for name in _names(stem, ending):
        path = folder.path_of(f"{home}/{name}" if home else name)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with publishing_file(path) as temporary:
                temporary.write_bytes(content)
            return name
        if path.is_file() and path.read_bytes() == content:
            return name
    raise InputError(f"expected a free name for the counts, got {stem!a} many times; rename the file")


def calibrated_to(scenario: Scenario, counts: str | None) -> dict[str, Any]:
    """Return the demand of a scenario as a file holds it, calibrated to a file of counts, or to counts no more.

    What it was calibrated to otherwise stays, and so do trips, vehicles and routes; a baseline becomes the model's.
    """
    there = scenario.demand.model_dump(mode="json", exclude_defaults=True)
    kept = {key: value for key, value in there.items() if key in _KEPT}
    data = {key: value for key, value in there.items() if key in _DATA and key != "counts"}
    if counts is not None:
        data["counts"] = counts
    pulled = any(key in data for key in ("counts", "totals", "observed"))
    return {"kind": "calibrated" if pulled else "model", **kept, **(data if pulled else {})}


def _names(stem: str, ending: str) -> Iterator[str]:
    yield f"{stem}{ending}"
    for number in range(2, 100):
        yield f"{stem}_{number}{ending}"


def _looks_like_counts(path: Path) -> bool:
    from trafficdiff.screening import open_screened

    try:
        if path.name.endswith(".csv"):
            with path.open("rb") as source:
                first = source.readline(_HEAD_BYTES).lower()
            return all(column in first for column in _COLUMNS)
        with open_screened(path) as source:
            return _EDGE_DATA.search(source.read(_HEAD_BYTES)) is not None
    except (OSError, InputError, EOFError):
        return False
