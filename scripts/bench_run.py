"""Measure `trafficdiff run` against the bare simulator on the same net, routes and outputs, and how it grows.

Both are whole processes: imports, reading, routing, metrics, picture and publishing count on our side, nothing but
SUMO on the other. CPU seconds (user + system, children included) are compared, not wall time. Usage:

    python scripts/bench_run.py [--trips 1000 3000 10000] [--no-start-up]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from trafficdiff.datatypes.scenario import Window, read_scenario, write_scenario
from trafficdiff.process import sumo_environment, sumo_program
from trafficdiff.resources import bundled

TRIPS_PER_HOUR = 2_500
"""What Helsinki's centre clears for hours on end; larger demands get longer windows."""
RATIO_GOAL = 1.15
TRAFFICDIFF = Path(sys.executable).with_name("trafficdiff")


@dataclass
class Cost:
    """CPU seconds and peak memory of one whole process and its children."""

    cpu_s: float
    peak_mb: float
    output: str


def cost_of(command: list[str], *, directory: Path, environment: dict[str, str] | None = None) -> Cost:
    log = directory / "bench.log"
    with log.open("wb") as sink:
        pid = os.posix_spawn(
            "/bin/sh",
            ["sh", "-c", 'cd "$0" && exec "$@"', str(directory), *command],
            environment or dict(os.environ),
            file_actions=[(os.POSIX_SPAWN_DUP2, sink.fileno(), 1), (os.POSIX_SPAWN_DUP2, sink.fileno(), 2)],
        )
        _, status, usage = os.wait4(pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 4):  # a failed gate is a finished run
        sys.exit(log.read_text())
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, log.read_text())


def bench_start_up() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, goal, command in (
            ("import trafficdiff", 0.3, [sys.executable, "-c", "import trafficdiff"]),
            ("trafficdiff --help", 0.6, [str(TRAFFICDIFF), "--help"]),
        ):
            costs = sorted(cost_of(command, directory=Path(folder)).cpu_s for _ in range(5))
            print(f"{name:20s} {costs[2]:6.3f} CPU s (median of 5; goal <= {goal})")


def bench_size(trips: int, folder: Path) -> None:
    scenario = read_scenario(bundled("networks/helsinki/morning_peak.yaml"))
    hours = max(1.0, trips / TRIPS_PER_HOUR)
    window = Window(begin_s=0, end_s=3_600 * hours, clear_s=1_800)
    demand = scenario.demand.model_copy(update={"trips": trips, "profile": "flat"})
    path = folder / "bench.yaml"
    write_scenario(scenario.model_copy(update={"demand": demand, "window": window}), path)
    run = folder / "run"
    ours = cost_of([str(TRAFFICDIFF), "run", str(path), "-o", str(run)], directory=folder)
    provenance = json.loads((run / "provenance.json").read_text())
    bare_folder = folder / "bare"
    shutil.copytree(run, bare_folder)
    command = [str(sumo_program("sumo")), *provenance["commands"][0][1:]]
    bare = cost_of(command, directory=bare_folder / "simulation", environment=sumo_environment())
    ratio = ours.cpu_s / bare.cpu_s
    verdict = "" if bare.cpu_s < 60 else (" ok" if ratio <= RATIO_GOAL else " MISSED")
    print(
        f"{trips:8,d} {hours:6.1f} {ours.cpu_s:10.1f} {bare.cpu_s:10.1f} {ratio:7.3f}{verdict:8s} "
        f"{ours.cpu_s - bare.cpu_s:8.1f} {ours.peak_mb:9.0f} {bare.peak_mb:9.0f}",
        flush=True,
    )
    shutil.rmtree(run)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trips", type=int, nargs="+", default=[1_000, 3_000])
    parser.add_argument("--no-start-up", action="store_true")
    arguments = parser.parse_args()
    if not arguments.no_start_up:
        bench_start_up()
    print(f"\ntrafficdiff run over bare SUMO, Helsinki; goal <= {RATIO_GOAL} where SUMO takes a minute or more")
    print("   trips  hours   ours CPU s  bare CPU s  ratio            more s   ours MB   bare MB")
    for trips in arguments.trips:
        with tempfile.TemporaryDirectory(prefix="trafficdiff-bench-") as folder:
            bench_size(trips, Path(folder))


if __name__ == "__main__":
    main()
