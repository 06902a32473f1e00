"""Print how many AV scenes are exported a second, how that grows, and how much memory it takes.

    python scripts/bench_scenes.py [--scenes 10 100 1000] [--network helsinki] [--formats openscenario ...]

One run with tracks at 0.1 s is cut into scenes of ten seconds around cars, all users within 80 m. Each size is exported
by a process of its own; processor seconds of its whole tree, and its largest resident set.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.datatypes.driving_scene import DrivingScene
from trafficdiff.datatypes.driving_scene_files import write_driving_scene
from trafficdiff.datatypes.scenario_files import parse_scenario
from trafficdiff.datatypes.signal_timing import planned_states
from trafficdiff.datatypes.track_files import read_tracks_table
from trafficdiff.datatypes.tracks import Tracks
from trafficdiff.export.scene_files import SceneFormat
from trafficdiff.process import run_program
from trafficdiff.roads.netfile import read_net
from trafficdiff.store.reading import open_run
from trafficdiff.workflows.run import run

if TYPE_CHECKING:
    from trafficdiff.datatypes.graph import RoadGraph

SEED = 5
ENTRY = """
import atexit, sys
from pathlib import Path
from trafficdiff.cli import main
def tell():
    peak = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    print(*peak, file=sys.stderr)
atexit.register(tell)
main()
"""
"""The command, and at its end the peak of its own memory: what the system counts starts at the caller's."""
LASTS_S = 10.0
RADIUS_M = 80.0
GROWTH = 1.2
"""A scene among a thousand may cost this much more than one among few."""
MEMORY = 1.3


@dataclass(frozen=True)
class Cost:
    """What the export of some scenes took."""

    scene_format: str
    scenes: int
    cpu_s: float
    wall_s: float
    peak_mb: float
    megabytes: float

    def line(self) -> str:
        """Return the row of the table."""
        each, size = 1000 * self.cpu_s / self.scenes, self.megabytes / self.scenes
        speed, worth = self.scenes / self.wall_s, self.scenes / self.cpu_s
        return (
            f"{self.scene_format:<13} {self.scenes:>6} {speed:>9.1f} {worth:>11.1f} {each:>9.1f} {self.peak_mb:>8.0f} "
            f"{size:>9.2f}"
        )


HEAD = f"{'format':<13} {'scenes':>6} {'scenes/s':>9} {'per CPU s':>11} {'ms each':>9} {'peak MB':>8} {'MB each':>9}"


def tracked_run(network: str, directory: Path) -> Path:
    """Simulate traffic with tracks at 0.1 s and return the run."""
    scenario = parse_scenario({
        "name": "scenes", "network": network, "window": {"begin_s": 0, "end_s": 300, "clear_s": 600},
        "demand": {"kind": "gravity", "trips": 300},
        "simulation": {"step_s": 0.1, "emissions": False, "tracks": {"step_s": 0.1, "lateral": "smooth"}},
    })  # fmt: skip
    run(scenario, directory=directory, picture=False)
    return directory


def cut(tracks: Tracks, *, ego: int, begin_s: float) -> Tracks:
    """Return ten seconds of tracks around a user."""
    user = tracks.user
    during = (tracks.time_s >= begin_s - 1e-6) & (tracks.time_s <= begin_s + LASTS_S + 1e-6)
    own = during & (user == ego)
    at = np.interp(tracks.time_s, tracks.time_s[own], tracks.x_m[own])
    up = np.interp(tracks.time_s, tracks.time_s[own], tracks.y_m[own])
    near = during & (np.hypot(tracks.x_m - at, tracks.y_m - up) <= RADIUS_M)
    kept = during & np.isin(user, np.unique(user[near]))
    users, counts = np.unique(user[kept], return_counts=True)
    columns = {
        name: getattr(tracks, name)[kept] for name in ("time_s", "x_m", "y_m", "heading_rad", "speed_ms", "edge")
    }
    sizes = {name: getattr(tracks, name)[users] for name in ("user_id", "user_kind", "length_m", "width_m")}
    return Tracks(**sizes, **columns, offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64))


def write_scenes(directory: Path, tracks: Tracks, graph: RoadGraph, *, count: int) -> None:
    """Cut scenes out of tracks and write them, all on one map."""
    generator = np.random.default_rng(SEED)
    long = np.flatnonzero(tracks.leave_s - tracks.enter_s > LASTS_S + 1)
    for number in range(count):
        ego = int(generator.choice(long))
        begin_s = np.round(generator.uniform(tracks.enter_s[ego], tracks.leave_s[ego] - LASTS_S - 0.2), 1)
        cut_out = cut(tracks, ego=ego, begin_s=float(begin_s))
        scene = DrivingScene(
            name=f"scene-{number:04d}", tracks=cut_out, edge_id=graph.edge_id, ego=str(tracks.user_id[ego]),
            net_file=graph.net_path, provenance={"model": "gravity", "data": "none", "seed": str(SEED)},
        )  # fmt: skip
        signals = planned_states(graph.net_path, begin_s=scene.begin_s, end_s=scene.end_s)
        write_driving_scene(replace(scene, signals=signals), directory / scene.name, copy_net=False)


def measure(scenes: Path, directory: Path, *, scene_format: str, count: int) -> Cost:
    """Export scenes in a process of its own."""
    command: list[str | Path] = [sys.executable, "-c", ENTRY, "export", scenes, "--format", scene_format, "-o",
                                 directory]  # fmt: skip
    begin_s = time.monotonic()
    finished = run_program(command, log=directory.with_suffix(".log"), deadline_s=3_600)
    if finished.returncode:
        raise SystemExit(finished.output)
    size = sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())
    wall_s = time.monotonic() - begin_s
    peak_mb = int(finished.output.split("VmHWM:")[1].split()[0]) / 1e3
    return Cost(scene_format, count, finished.cpu_s, wall_s, peak_mb, size / 1e6)


def verdict(costs: list[Cost]) -> str:
    """Return what a further scene costs at the largest sizes against the smallest, and how memory grows."""
    costs = sorted(costs, key=lambda cost: cost.scenes)
    if len(costs) < 3:
        return "growth: three sizes say something"
    steps = [(after.cpu_s - before.cpu_s) / (after.scenes - before.scenes) for before, after in pairwise(costs)]
    more, memory = steps[-1] / steps[0], costs[-1].peak_mb / costs[-2].peak_mb
    good = more <= GROWTH and memory <= MEMORY
    return (
        f"{costs[0].scene_format}: a further scene costs {1000 * steps[-1]:.0f} CPU ms, {more:.2f} of one among few "
        f"(limit {GROWTH}); memory grows by {memory:.2f} (limit {MEMORY}): {'ok' if good else 'MISSED'}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, nargs="+", default=[10, 100, 1_000])
    parser.add_argument("--network", default="helsinki")
    parser.add_argument("--formats", nargs="+", default=["openscenario", "commonroad", "osi", "scenarionet", "parquet"],
                        choices=list(SceneFormat))  # fmt: skip
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        place = tracked_run(given.network, folder / "run")
        graph = read_net(open_run(place).net_path)
        tracks = read_tracks_table(place / "tracks.parquet", graph=graph)
        for count in given.scenes:
            write_scenes(folder / f"scenes-{count}", tracks, graph, count=count)
        print(HEAD)
        for scene_format in given.formats:
            costs = []
            for count in given.scenes:
                target = folder / f"{scene_format}-{count}"
                costs.append(measure(folder / f"scenes-{count}", target, scene_format=scene_format, count=count))
                print(costs[-1].line(), flush=True)
                _remove(target)
            print(verdict(costs), flush=True)


def _remove(directory: Path) -> None:
    import shutil

    shutil.rmtree(directory)


if __name__ == "__main__":
    main()
