"""Print what safety numbers cost: CPU seconds a vehicle-hour, pairs a second, and how both grow with traffic.

    python scripts/bench_safety.py [--trips 250 500 1000 2000] [--window 600] [--network helsinki]

Traffic is drawn by gravity and simulated at 0.1 s with smooth lane changes; then the stored tracks are read once and
measured. Each size runs in this process, one after the other; CPU seconds of this process alone.
"""

from __future__ import annotations

import argparse
import logging
import resource
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trafficdiff.datatypes.scenario_files import parse_scenario
from trafficdiff.datatypes.track_files import read_tracks_table
from trafficdiff.metrics.safety_candidates import candidate_samples
from trafficdiff.metrics.safety_events import SafetyLimits, boxes_of
from trafficdiff.metrics.safety_passing import passings
from trafficdiff.roads.netfile import read_net
from trafficdiff.store.reading import open_run
from trafficdiff.workflows.run import run
from trafficdiff.workflows.safety import measure_safety

if TYPE_CHECKING:
    from trafficdiff.datatypes.scenario import Scenario


@dataclass(frozen=True)
class Cost:
    """What one size cost.

    Parameters
    ----------
    vehicle_hours, samples, pairs, events, near_misses
        How much there was.
    pairs_s, passings_s, whole_s
        CPU seconds of finding pairs, of post-encroachment times, and of everything.
    """

    trips: int
    vehicle_hours: float
    samples: int
    pairs: int
    events: int
    near_misses: int
    pairs_s: float
    passings_s: float
    whole_s: float

    @property
    def an_hour_s(self) -> float:
        """CPU seconds a vehicle-hour."""
        return self.whole_s / self.vehicle_hours

    def line(self) -> str:
        """Return the row of the table."""
        return (
            f"{self.trips:>6} {self.vehicle_hours:>8.1f} {self.samples / 1e6:>8.2f} {self.pairs / 1e6:>8.2f} "
            f"{self.events:>7} {self.near_misses:>6} {self.pairs_s:>8.2f} {self.passings_s:>9.2f} {self.whole_s:>8.2f} "
            f"{self.an_hour_s:>9.3f} {self.pairs / self.whole_s / 1e6:>8.2f}"
        )


HEAD = (
    f"{'trips':>6} {'veh-h':>8} {'Msample':>8} {'Mpair':>8} {'events':>7} {'near':>6} {'pairs s':>8} {'passing s':>9} "
    f"{'whole s':>8} {'s/veh-h':>9} {'Mpair/s':>8}"
)


def scenario_of(network: str, *, trips: int, window_s: float) -> Scenario:
    """Return a scenario with fine tracks."""
    return parse_scenario(
        {
            "name": f"safety {trips}",
            "network": network,
            "window": {"begin_s": 0, "end_s": window_s, "clear_s": 1_200},
            "demand": {"kind": "gravity", "trips": trips},
            "simulation": {"step_s": 0.1, "emissions": False, "tracks": {"step_s": 0.1, "lateral": "smooth"}},
        }
    )


def measure(directory: Path, *, trips: int) -> Cost:
    """Return what the safety of a stored run costs."""
    graph = read_net(open_run(directory).net_path)
    tracks = read_tracks_table(directory / "tracks.parquet", graph=graph)
    horizon_s = SafetyLimits().horizon_s
    boxes = boxes_of(tracks)
    begin_s = time.process_time()
    pairs = candidate_samples(tracks, boxes, horizon_s=horizon_s)
    paired_s = time.process_time()
    passings(tracks, boxes, horizon_s=horizon_s)
    passed_s = time.process_time()
    found = measure_safety(tracks, graph)
    end_s = time.process_time()
    return Cost(
        trips=trips,
        vehicle_hours=len(tracks.time_s) * 0.1 / 3_600,
        samples=len(tracks.time_s),
        pairs=len(pairs.one),
        events=len(found.events),
        near_misses=int(found.events["near_miss"].sum()),
        pairs_s=paired_s - begin_s,
        passings_s=passed_s - paired_s,
        whole_s=end_s - passed_s,
    )


def growth_of(costs: list[Cost]) -> str:
    """Return what a vehicle-hour costs at the largest size over the least at a smaller one."""
    *smaller, largest = sorted(costs, key=lambda cost: cost.vehicle_hours)
    if not smaller:
        return "growth: one size says nothing"
    least_s = min(one.an_hour_s for one in smaller)
    return f"growth: a vehicle-hour costs {largest.an_hour_s / least_s:.2f} times the least"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trips", type=int, nargs="+", default=[250, 500, 1_000, 2_000])
    parser.add_argument("--window", type=float, default=600.0, help="time in which trips depart [s]")
    parser.add_argument("--network", default="helsinki")
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    print(HEAD)
    costs = []
    with tempfile.TemporaryDirectory() as folder:
        for trips in sorted(given.trips):
            directory = Path(folder) / f"run{trips}"
            run(scenario_of(given.network, trips=trips, window_s=given.window), directory=directory, picture=False)
            costs.append(measure(directory, trips=trips))
            print(costs[-1].line(), flush=True)
    print(growth_of(costs))
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
