"""A folder as a city's planner has it: scenario files, a small study, a single run; and things with hostile names."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from typing import TYPE_CHECKING

from tests.commands import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Callable
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
simulation: { rerouting_share: 0.5, rerouting_period_s: 120, tracks: { step_s: 5 } }
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


CHARGING = "studies/Electric"
_STATIONS = """\
id,lon,lat,plugs,feeder,name
kluuvi,24.9494545,60.1684369,2x50dc,east,Car park Kluuvi
station,24.9420,60.1706,1x50dc,west,Car park at the station
"""
_ELECTRIC = {
    "electric.yaml": """\
name: electric
network: helsinki
date: 2024-10-08
time_zone: Europe/Helsinki
window: { begin_s: 25200, end_s: 26100, clear_s: 3600 }
demand: { kind: gravity, trips: 150, electric_share: 0.5 }
charging:
  stations: stations.csv
  start_charge: { low: 0.05, high: 0.6, alpha: 2, beta: 3 }
  target: 0.4
  patience_s: 600
simulation: { emissions: false }
gates: { completion_share_min: 0.5, teleport_share_max: 0.1 }
seed: 3
""",
    "more.yaml": """\
base: electric.yaml
name: one more site
measures:
  - { kind: charging_site, id: kamppi, at: [24.9370, 60.1690], plugs: 4, power_kw: 100 }
""",
}


def make_charging(folder: Path) -> None:
    """Write a study in which cars charge on the way, about ten seconds of one processor."""
    scenarios = folder / "scenarios"
    scenarios.mkdir(parents=True)
    (scenarios / "stations.csv").write_text(_STATIONS)
    for name, text in _ELECTRIC.items():
        (scenarios / name).write_text(text)
    paths = [scenarios / name for name in _ELECTRIC]
    _called("ensemble", *paths, "--samples", "3", "--workers", "2", "-o", folder / CHARGING, "--json")


def shared_workplace(folder: Path, make: Callable[[Path], None] = make_workplace) -> Path:
    """Return the folder, made by whoever comes first: workers of one session wait for each other."""
    with (folder.parent / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            unfinished = folder.with_suffix(".unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            make(unfinished)
            unfinished.rename(folder)
    return folder


def _called(*words: str | Path) -> None:
    done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr


SAFETY = "studies/Safety"
_SAFE = {
    "fine.yaml": """\
name: today
network: helsinki
date: 2024-10-08
time_zone: Europe/Helsinki
window: { begin_s: 25200, end_s: 25320, clear_s: 900 }
demand: { kind: gravity, trips: 90 }
simulation: { step_s: 0.1, emissions: false, tracks: { step_s: 0.1, lateral: smooth } }
seed: 3
""",
    "slower.yaml": """\
base: fine.yaml
name: slower
measures:
  - kind: speed_limit
    where: { streets: [Kaisaniemenkatu, Unioninkatu] }
    speed_kmh: 20
""",
}


def make_safety(folder: Path) -> None:
    """Write a study whose runs say how safe they were, about half a minute of one processor."""
    scenarios = folder / "scenarios"
    scenarios.mkdir(parents=True)
    for name, text in _SAFE.items():
        (scenarios / name).write_text(text)
    paths = [scenarios / name for name in _SAFE]
    _called("ensemble", *paths, "--samples", "3", "--workers", "2", "-o", folder / SAFETY, "--json")
