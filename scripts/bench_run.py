"""Measure `trafficdiff run` against the bare simulator on the same net, routes and outputs, and how it grows.

Both are whole processes: imports, reading, routing, metrics, picture and publishing count on our side, nothing but
SUMO on the other. CPU seconds (user + system, children included) are compared, not wall time. All sizes load the
streets alike: 50,000 trips a day for as long as it takes. Usage:

    python scripts/bench_run.py           1,000, 10,000 and 100,000 trips: about 230 CPU seconds
    python scripts/bench_run.py --full    and 3,000 and 30,000: about 300 CPU seconds
    python scripts/bench_run.py --trips 1000 3000 --repeats 2 --no-start-up
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

from trafficdiff.datatypes.scenario import GravityDemand, Window
from trafficdiff.datatypes.scenario_files import read_scenario, write_scenario
from trafficdiff.process import run_program, sumo_environment, sumo_program
from trafficdiff.resources import bundled

SIZES = (1_000, 10_000, 100_000)
FULL_SIZES = (1_000, 3_000, 10_000, 30_000, 100_000)
SECONDS_PER_TRIP = 1.728
"""50,000 trips a day (2,083 an hour) clear Helsinki's centre for two days on end; 60,000 a day jam it for good."""
RATIO_GOAL = 1.15
"""Ours over bare SUMO, where SUMO takes a minute or more."""
GROWTH_GOAL = 1.2
"""CPU time a trip at the largest size, over the least at any smaller one: 1 if the cost grows with the trips alone."""
DEADLINE_S = 1_200.0
"""Wall clock that one process may take [s]; then it is stopped and the bench fails."""
TRAFFICDIFF = Path(sys.executable).with_name("trafficdiff")


@dataclass(frozen=True)
class Cost:
    """CPU time [s] of a whole process tree, and the peak memory of its largest process [MB]."""

    cpu_s: float
    peak_mb: float


@dataclass(frozen=True)
class Size:
    """What one size cost."""

    trips: int
    hours: float
    ours: Cost
    bare: Cost
    completed: float

    @property
    def ratio(self) -> float:
        """CPU time of ours over that of bare SUMO."""
        return self.ours.cpu_s / self.bare.cpu_s


def cost_of(command: list[str], *, directory: Path, environment: dict[str, str] | None = None) -> Cost:
    finished = run_program(
        command,
        log=directory / "bench.log",
        deadline_s=DEADLINE_S,
        directory=directory,
        environment=environment or dict(os.environ),
    )
    if finished.returncode not in (0, 4):  # a failed gate is a finished run
        sys.exit(finished.output)
    return Cost(finished.cpu_s, finished.peak_memory_bytes / 1e6)


def bench_start_up() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, goal, command in (
            ("import trafficdiff", 0.3, [sys.executable, "-c", "import trafficdiff"]),
            ("trafficdiff --help", 0.6, [str(TRAFFICDIFF), "--help"]),
        ):
            costs = sorted(cost_of(command, directory=Path(folder)).cpu_s for _ in range(5))
            print(f"{name:20s} {costs[2]:6.3f} CPU s (median of 5; goal <= {goal})")


def build_network(folder: Path) -> None:
    """Build Helsinki into the cache, so that no size pays for it."""
    command = "from trafficdiff.roads.load import load_network; load_network('helsinki')"
    cost_of([sys.executable, "-c", command], directory=folder)


def bench_size(trips: int, folder: Path, *, repeats: int) -> Size:
    """Run ours and the bare simulator in turn, and keep the least of each: what disturbs only adds."""
    scenario = read_scenario(bundled("networks/helsinki/morning_peak.yaml"))
    window = Window(begin_s=0, end_s=round(SECONDS_PER_TRIP * trips), clear_s=1_800)
    mix = scenario.demand.model_dump(include={"vehicle_mix", "electric_share", "route_choice"})
    demand = GravityDemand(trips=trips, **mix)  # the model's own speed is another bench's
    path = folder / "bench.yaml"
    write_scenario(scenario.model_copy(update={"demand": demand, "window": window}), path)
    ours, bare = [], []
    for repeat in range(repeats):
        run, copy = folder / f"run{repeat}", folder / f"bare{repeat}"
        ours.append(cost_of([str(TRAFFICDIFF), "run", str(path), "-o", str(run)], directory=folder))
        shutil.copytree(run, copy)
        (words,) = json.loads((run / "provenance.json").read_text())["commands"]
        command = [str(sumo_program("sumo")), *words[1:]]
        bare.append(cost_of(command, directory=copy / "simulation", environment=sumo_environment()))
    counts = json.loads((folder / "run0" / "counts.json").read_text())
    completed = counts["arrived"] / counts["loaded"]
    return Size(trips, window.end_s / 3_600, least(ours), least(bare), completed)


def least(costs: list[Cost]) -> Cost:
    return min(costs, key=lambda cost: cost.cpu_s)


def line_of(size: Size) -> str:
    verdict = "" if size.bare.cpu_s < 60 else ("ok" if size.ratio <= RATIO_GOAL else "MISSED")
    ours, bare = size.ours, size.bare
    return (
        f"{size.trips:8,d}{size.hours:7.1f}{size.completed:11.2%}{ours.cpu_s:12.1f}{bare.cpu_s:12.1f}{size.ratio:8.3f} "
        f"{verdict:7s}{ours.cpu_s - bare.cpu_s:8.1f}{1e3 * ours.cpu_s / size.trips:14.2f}"
        f"{1e3 * bare.cpu_s / size.trips:14.2f}{ours.peak_mb:9.0f}{bare.peak_mb:9.0f}"
    )


def growth_of(sizes: list[Size]) -> str:
    """Return in words how the cost of a trip grows up to the largest size."""
    *smaller, largest = sorted(sizes, key=lambda size: size.trips)
    ours = growth([(size.trips, size.ours.cpu_s) for size in (*smaller, largest)])
    bare = growth([(size.trips, size.bare.cpu_s) for size in (*smaller, largest)])
    verdict = "ok" if ours <= GROWTH_GOAL else "MISSED"
    return (
        f"CPU time a trip at {largest.trips:,} trips over the least at a smaller size: ours {ours:.2f}, "
        f"bare SUMO {bare:.2f} (goal: ours <= {GROWTH_GOAL}) {verdict}"
    )


def growth(costs: list[tuple[int, float]]) -> float:
    """Return the cost a trip at the last size over the least at the ones before; pairs of trips and cost."""
    each = [cost / trips for trips, cost in costs]
    return each[-1] / min(each[:-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trips", type=int, nargs="+", help="sizes of your own")
    parser.add_argument("--full", action="store_true", help="five sizes and not three")
    parser.add_argument("--repeats", type=int, default=1, help="runs a size; the least counts")
    parser.add_argument("--no-start-up", action="store_true")
    arguments = parser.parse_args()
    if not arguments.no_start_up:
        bench_start_up()
    print(f"\ntrafficdiff run over bare SUMO, Helsinki; goal <= {RATIO_GOAL} where SUMO takes a minute or more")
    print(
        "   trips  hours  completed  ours CPU s  bare CPU s   ratio         more s  ours ms/trip  bare ms/trip"
        "  ours MB  bare MB"
    )
    sizes = []
    for trips in arguments.trips or (FULL_SIZES if arguments.full else SIZES):
        with tempfile.TemporaryDirectory(prefix="trafficdiff-bench-") as folder:
            if not sizes:
                build_network(Path(folder))
            sizes.append(bench_size(trips, Path(folder), repeats=arguments.repeats))
        print(line_of(sizes[-1]), flush=True)
    if len(sizes) > 1:
        print(growth_of(sizes))


if __name__ == "__main__":
    main()
