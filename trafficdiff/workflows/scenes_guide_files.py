"""Write the tables and nets beside guided scenes."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.datatypes.guided_case import GuidedCase
from trafficdiff.datatypes.motion_scene import out_of_frame
from trafficdiff.screening import is_gzip

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from trafficdiff.diffusion.motion_sampler import DrawnScene
    from trafficdiff.workflows.scenes_guide_starts import Start

__all__ = ["place_of", "shared_nets", "write_cases"]

_CASES: Final = "scenes.json"
_TABLE: Final = "scenes.csv"


def shared_nets(net_files: Sequence[Path], made: Path) -> dict[Path, Path]:
    """Copy each net once beside the scenes, packed; return where the copy of each lies, by its real path."""
    copies: dict[str, Path] = {}
    found: dict[Path, Path] = {}
    for path in sorted({one.resolve() for one in net_files}):
        content = path.read_bytes()
        plain = gzip.decompress(content) if is_gzip(content[:2]) else content
        sha256 = hashlib.sha256(plain).hexdigest()
        if sha256 not in copies:
            copies[sha256] = made / ("net.xml.gz" if not copies else f"net_{len(copies)}.xml.gz")
            copies[sha256].write_bytes(content if plain is not content else gzip.compress(content, mtime=0))
        found[path] = copies[sha256]
    return found


def place_of(start: Start, drawn: DrawnScene, *, at: int) -> str:
    """Return the edge that the ego is on at a sample, or the last one before it, ``""`` if there is none."""
    from trafficdiff.workflows.motion_corpus import lane_map_of

    way = drawn.fine[0, : at + 1].astype(np.float64)
    xy = out_of_frame(way[:, :2], drawn.scene.frame)
    names = lane_map_of(start.scene.net_file).edges_under(xy, heading_rad=way[:, 2] + drawn.scene.frame[2])
    return next((str(name) for name in names[::-1] if name), "")


def write_cases(made: Path, cases: Sequence[GuidedCase], *, provenance: Mapping[str, str]) -> None:
    """Write ``scenes.json`` and ``scenes.csv``: a row a case."""
    rows: list[dict[str, Any]] = [
        case.model_dump(mode="json") | {"error": None if case.achieved is None else case.error} for case in cases
    ]
    content = {"format": 1, "provenance": dict(provenance), "scenes": rows}
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    (made / _CASES).write_text(text + "\n", encoding="utf-8")
    plain = [name for name in GuidedCase.model_fields if name not in {"parameters", "refused"}]
    with (made / _TABLE).open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow([*plain, "ego_kmh"])
        for row in rows:
            table.writerow([row[name] for name in plain] + [row["parameters"].get("ego_kmh", "")])
