"""Make small studies on the grid town, and watch them from outside."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from trafficdiff.datatypes.scenario import Scenario
from trafficdiff.datatypes.scenario_files import write_scenario
from trafficdiff.publish import is_complete

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROGRAM = Path(sys.executable).with_name("trafficdiff")


def scenario_of(net: Path, name: str = "base", *, trips: int = 20, **changes: Any) -> Scenario:
    """Return a scenario of some seconds of traffic that takes SUMO no time."""
    content = {
        "name": name,
        "network": str(net),
        "window": {"begin_s": 0, "end_s": 120, "clear_s": 600},
        "demand": {"kind": "gravity", "trips": trips},
        "simulation": {"period_s": 60},
        **changes,
    }
    return Scenario.model_validate(content)


def long_scenario(net: Path, name: str = "base", *, trips: int = 900, **changes: Any) -> Scenario:
    """Return a scenario that keeps SUMO busy for a second or two."""
    simulation = {"period_s": 300, "step_s": 0.25, **changes}
    return scenario_of(net, name, trips=trips, window={"begin_s": 0, "end_s": 1_800}, simulation=simulation)


def write_pair(folder: Path, *scenarios: Scenario) -> list[Path]:
    """Write scenario files and return their paths."""
    paths = [folder / f"{scenario.name}.yaml" for scenario in scenarios]
    for scenario, path in zip(scenarios, paths, strict=True):
        write_scenario(scenario, path)
    return paths


@contextlib.contextmanager
def started(study: Path, *words: str | Path, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """Start ``trafficdiff ensemble`` in a process of its own, whose temporary files lie beside the study."""
    temporary = study.parent / "temporary"
    temporary.mkdir(exist_ok=True)
    with subprocess.Popen(
        [PROGRAM, "ensemble", *map(str, words), "-o", study, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(temporary)} | environment,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no other thread is at work
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def finished(study: Path, *words: str | Path, code: int = 0, **environment: str) -> dict[str, Any]:
    """Run ``trafficdiff ensemble`` to its end and return its JSON object."""
    with started(study, *words, **environment) as process:
        stdout, stderr = process.communicate(timeout=500)
    assert process.returncode == code, stderr
    found: dict[str, Any] = json.loads(stdout)
    return found


def wait_for(found: Callable[[], Any], *, seconds: float = 180.0, leader: subprocess.Popen[str] | None = None) -> Any:
    """Return what is found as soon as it is; a leader that has ended will bring no more."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        ended = leader is not None and leader.poll() is not None
        with contextlib.suppress(psutil.Error):
            if result := found():
                return result
        if leader is not None and ended:
            pytest.fail(f"it ended too early: {leader.communicate()}")
        time.sleep(0.02)
    pytest.fail("waited in vain")


def below(pid: int, name: str) -> list[psutil.Process]:
    """Return the processes below one whose command line names something."""
    found = []
    for child in psutil.Process(pid).children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if child.status() != psutil.STATUS_ZOMBIE and any(name in Path(word).name for word in child.cmdline()[:3]):
                found.append(child)
    return found


def workers_below(pid: int) -> list[psutil.Process]:
    return below(pid, "trafficdiff.workflows.worker")


def sumos_below(pid: int) -> list[psutil.Process]:
    """Return SUMO's processes that have begun to work."""
    return [one for one in below(pid, "sumo") if sum(one.cpu_times()[:2]) > 0.1]


def all_ended(processes: list[psutil.Process], *, seconds: float = 5.0) -> bool:
    """Return whether processes end soon."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in _living(processes)):
            return True
        time.sleep(0.05)
    return False


def _living(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [one for one in processes if psutil.pid_exists(one.pid)]


def finished_runs(study: Path) -> dict[str, int]:
    """Return the runs that are published, with the time of their manifests [ns]: another one would be made anew."""
    return {
        str(path.relative_to(study)): (path / "manifest.json").stat().st_mtime_ns
        for path in sorted((study / "runs").glob("*/*"))
        if is_complete(path)
    }
