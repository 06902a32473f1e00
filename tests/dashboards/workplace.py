"""A folder as a city's planner has it: scenario files, a small study, a single run; and things with hostile names."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from typing import TYPE_CHECKING

from tests.commands import PROGRAM

if TYPE_CHECKING:
    from pathlib import Path

STUDY = "studies/Kaivokatu"
RUN = "runs/one day"
HOSTILE = "<img src=x onerror=document.title='taken'>"
"""Must be text wherever it is shown."""

_SCENARIOS = {
    "base.yaml": """\
name: base
network: helsinki
date: 2024-10-08
time_zone: Europe/Helsinki
window: { begin_s: 25200, end_s: 26100, clear_s: 1200 }
demand: { kind: gravity, trips: 150 }
simulation: { rerouting_share: 0.5, rerouting_period_s: 120 }
seed: 3
""",
    "closed.yaml": """\
base: base.yaml
name: Kaivokatu closed
measures:
  - kind: close_road
    where: { streets: [Kaivokatu] }
""",
    "same.yaml": """\
base: base.yaml
name: limit as it is
measures:
  - kind: speed_limit
    where: { streets: [Mannerheimintie] }
    speed_kmh: 30
""",
}
"""The last one asks for the limit that is there: what differs from the base by nothing at all."""

SAMPLES = 10
RUNS = len(_SCENARIOS) * SAMPLES
"""How many runs the study has."""


def make_workplace(folder: Path) -> None:
    """Write the files and run the simulations, about eighty seconds of one processor."""
    scenarios = folder / "scenarios"
    scenarios.mkdir(parents=True)
    for name, text in _SCENARIOS.items():
        (scenarios / name).write_text(text)
    paths = [scenarios / name for name in _SCENARIOS]
    _called("ensemble", *paths, "--samples", str(SAMPLES), "--workers", "2", "-o", folder / STUDY, "--json")
    _called("run", paths[0], "-o", folder / RUN, "--json")
    (scenarios / f"{HOSTILE}.yaml").write_text(
        _SCENARIOS["base.yaml"].replace("name: base", f'name: "{HOSTILE}"\ndescription: "{HOSTILE}"')
    )
    (scenarios / "**bold** [link](javascript:alert(1)).yaml").write_text(_SCENARIOS["base.yaml"])


def shared_workplace(folder: Path) -> Path:
    """Return the folder, made by whoever comes first: workers of one session wait for each other."""
    with (folder.parent / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            unfinished = folder.with_suffix(".unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            make_workplace(unfinished)
            unfinished.rename(folder)
    return folder


def _called(*words: str | Path) -> None:
    done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr
