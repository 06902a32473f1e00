"""Measure an ensemble against a bare loop over the native simulator with the same jobs, and a whole study of a city.

The bare loop starts SUMO alone on what the runs of the study were given: routes, additionals, command line. Both do the
same jobs with one worker and with two. What counts is the speed-up, two workers over one: ours is to be at least 0.9 of
the bare loop's. CPU seconds (user + system, children included) stand beside wall seconds: a machine may be busy. Usage:

    python scripts/bench_ensemble.py              speed-up, Dask and the study: about 20 CPU minutes
    python scripts/bench_ensemble.py --part speed-up --repeats 3
    python scripts/bench_ensemble.py --part dask --repeats 3
    python scripts/bench_ensemble.py --part study
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from trafficdiff.datatypes.scenario_files import read_scenario, write_scenario
from trafficdiff.process import run_program, sumo_environment, sumo_program
from trafficdiff.resources import bundled
from trafficdiff.store.stack import open_study

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trafficdiff.datatypes.scenario import Scenario

RATIO_GOAL = 0.9
"""Our speed-up over that of the bare loop."""
STUDY_GOAL_S = 600.0
STUDY_GOAL_BYTES = 3e9
PROGRAMS = Path(sys.executable).parent


@dataclass(frozen=True)
class Cost:
    """Wall time [s], CPU time of the process tree [s], and the largest sum of its resident sets [bytes]."""

    wall_s: float
    cpu_s: float
    peak_bytes: float = 0.0


def scenarios(folder: Path, *, trips: int | None = None) -> list[Path]:
    """Write Helsinki's morning peak and a variant in which everybody looks for a faster way."""
    base = read_scenario(bundled("networks/helsinki/morning_peak.yaml"))
    if trips is not None:
        base = base.model_copy(update={"demand": base.demand.model_copy(update={"trips": trips})})
    informed = base.simulation.model_copy(update={"rerouting_share": 1.0})
    variant = base.model_copy(update={"name": "all drivers informed", "simulation": informed})
    return [written(one, folder / f"{place}.yaml") for place, one in enumerate((base, variant))]


def written(scenario: Scenario, path: Path) -> Path:
    write_scenario(scenario, path)
    return path


def cost_of(command: list[str | Path], *, folder: Path) -> Cost:
    """Run a command to its end, and watch the memory of its whole process tree."""
    begun = time.monotonic()
    with (folder / "bench.log").open("wb") as log:
        process = subprocess.Popen(list(map(str, command)), stdout=log, stderr=log)
        peak = [0.0]
        watcher = threading.Thread(target=watch_memory, args=(process.pid, peak))
        watcher.start()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    watcher.join()
    if process.returncode not in (0, 4):  # a failed gate is a finished run
        sys.exit((folder / "bench.log").read_text())
    return Cost(time.monotonic() - begun, usage.ru_utime + usage.ru_stime, peak[0])


def watch_memory(pid: int, peak: list[float]) -> None:
    """Note the largest sum of resident sets below a process until it has ended; shared pages count each time."""
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            total = 0.0
            for one in (process, *process.children(recursive=True)):
                with contextlib.suppress(psutil.Error):
                    total += one.memory_info().rss
            peak[0] = max(peak[0], total)
            time.sleep(0.1)


def ensemble_words(files: list[Path], study: Path, *, samples: int) -> list[str | Path]:
    return [PROGRAMS / "trafficdiff", "ensemble", *files, "--samples", str(samples), "-o", study, "--json"]


def ours(files: list[Path], folder: Path, *, samples: int, workers: int, scheduler: str = "") -> Cost:
    study = folder / "study"
    shutil.rmtree(study, ignore_errors=True)
    extra: list[str | Path] = ["--scheduler", scheduler] if scheduler else []
    words = ensemble_words(files, study, samples=samples)
    return cost_of([*words, "--workers", str(workers), *extra], folder=folder)


def bare_jobs(study: Path, folder: Path) -> list[tuple[list[str], Path]]:
    """Return command and folder of every run of a study, as copies that the simulator may write into."""
    jobs = []
    opened = open_study(study)
    for scenario in opened.scenarios:
        for sample in range(opened.samples):
            copy = folder / "bare" / f"{len(jobs)}"
            shutil.copytree(opened.run_directory(scenario, sample), copy)
            *_, words = json.loads((copy / "provenance.json").read_text())["commands"]
            jobs.append(([str(sumo_program("sumo")), *words[1:]], copy / "simulation"))
    return jobs


def bare(jobs: list[tuple[list[str], Path]], *, workers: int) -> Cost:
    """Run SUMO alone, so many at once."""

    def one(job: tuple[list[str], Path]) -> None:
        command, folder = job
        log = folder / "bare.log"
        ended = run_program(command, log=log, deadline_s=1_200, directory=folder, environment=sumo_environment())
        if ended.returncode:
            sys.exit(ended.output)

    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(one, jobs))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(time.monotonic() - begun, cpu_s)


def bench_speed_up(folder: Path, *, samples: int, repeats: int) -> None:
    files = scenarios(folder)
    ours(files, folder, samples=samples, workers=2)  # builds the network, once
    jobs = bare_jobs(folder / "study", folder)
    kinds: dict[str, Callable[[], Cost]] = {
        "bare SUMO, 1 worker": lambda: bare(jobs, workers=1),
        "bare SUMO, 2 workers": lambda: bare(jobs, workers=2),
        "ensemble, 1 worker": lambda: ours(files, folder, samples=samples, workers=1),
        "ensemble, 2 workers": lambda: ours(files, folder, samples=samples, workers=2),
    }
    print(f"Helsinki's morning peak, 2 scenarios x {samples} samples, medians of {repeats}")
    print(speed_up_line(show(kinds, repeats=repeats)))


def speed_up_line(walls: dict[str, float]) -> str:
    """Return in words what the second worker adds, from wall times by kind [s]."""
    theirs, own = (walls[f"{what}, 1 worker"] / walls[f"{what}, 2 workers"] for what in ("bare SUMO", "ensemble"))
    verdict = "ok" if own / theirs >= RATIO_GOAL else "MISSED"
    return (
        f"speed-up of two workers: bare SUMO {theirs:.2f}, ensemble {own:.2f}; ratio {own / theirs:.2f} "
        f"(goal >= {RATIO_GOAL}) {verdict}"
    )


def show(kinds: dict[str, Callable[[], Cost]], *, repeats: int) -> dict[str, float]:
    """Run each in turn, print the medians, and return the wall times."""
    costs: dict[str, list[Cost]] = {name: [] for name in kinds}
    for _ in range(repeats):
        for name, measure in kinds.items():
            costs[name].append(measure())
    for name, own in costs.items():
        wall_s, cpu_s = (statistics.median(getattr(cost, part) for cost in own) for part in ("wall_s", "cpu_s"))
        print(f"{name:24s} {wall_s:8.1f} s wall {cpu_s:8.1f} s CPU", flush=True)
    return {name: statistics.median(cost.wall_s for cost in own) for name, own in costs.items()}


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[Callable[[int], str]]:
    """Start a Dask scheduler on loopback; give a function that starts workers and returns the address."""
    processes: list[subprocess.Popen[bytes]] = []
    file = folder / "scheduler.json"

    def start(*words: str) -> None:
        with (folder / "dask.log").open("ab") as log:
            processes.append(subprocess.Popen([PROGRAMS / "dask", *words], stdout=log, stderr=log, cwd=folder))

    def workers(count: int) -> str:
        address = json.loads(file.read_text())["address"]
        for _ in range(count):
            start(
                "worker", address, "--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0", "--nthreads", "1",
                "--local-directory", str(folder),
            )  # fmt: skip
        time.sleep(10)
        return str(address)

    start(
        "scheduler", "--host", "127.0.0.1", "--port", "0", "--dashboard-address", "127.0.0.1:0", "--scheduler-file",
        str(file),
    )  # fmt: skip
    try:
        while not file.exists():
            time.sleep(0.1)
        yield workers
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()


def bench_dask(folder: Path, *, samples: int, repeats: int) -> None:
    files = scenarios(folder)
    ours(files, folder, samples=samples, workers=2)
    print(f"The same study on a Dask cluster of this machine, medians of {repeats}; CPU without the workers'")
    with cluster(folder) as add_workers:
        walls = {}
        for count in (1, 2):
            measure = partial(ours, files, folder, samples=samples, workers=count, scheduler=add_workers(1))
            measure()  # workers import what they need, once
            walls |= show({f"Dask, {count} worker(s)": measure}, repeats=repeats)
    one, two = walls.values()
    print(f"speed-up that the second Dask worker adds: {one / two:.2f}")


def bench_study(folder: Path, *, samples: int) -> None:
    files = scenarios(folder)
    load = os.getloadavg()[0]
    cost = cost_of([*ensemble_words(files, folder / "study", samples=samples), "--workers", "2"], folder=folder)
    study = open_study(folder / "study")
    good = cost.wall_s <= STUDY_GOAL_S and cost.peak_bytes <= STUDY_GOAL_BYTES
    print(
        f"study of {study.samples} samples x {len(study.scenarios)} scenarios, 2 workers: {cost.wall_s:.0f} s wall, "
        f"{cost.cpu_s:.0f} s CPU, peak {cost.peak_bytes / 1e9:.2f} GB of all processes (goal: {STUDY_GOAL_S:.0f} s, "
        f"{STUDY_GOAL_BYTES / 1e9:.0f} GB; load {load:.1f} before, {os.getloadavg()[0]:.1f} after) "
        f"{'ok' if good else 'MISSED'}; complete {study.complete}, hash {study.hash[:12]}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("speed-up", "dask", "study"), help="one part alone")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each; the median counts")
    parser.add_argument("--samples", type=int, default=4, help="of the speed-up")
    parser.add_argument("--study-samples", type=int, default=20, help="of the study")
    arguments = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    with tempfile.TemporaryDirectory(prefix="trafficdiff-bench-") as name:
        for part, bench in (
            ("speed-up", lambda at: bench_speed_up(at, samples=arguments.samples, repeats=arguments.repeats)),
            ("dask", lambda at: bench_dask(at, samples=arguments.samples, repeats=arguments.repeats)),
            ("study", lambda at: bench_study(at, samples=arguments.study_samples)),
        ):
            if arguments.part in (None, part):
                folder = Path(name) / part
                folder.mkdir()
                bench(folder)


if __name__ == "__main__":
    main()
