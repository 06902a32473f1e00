"""Compare what drivers do about congestion: nothing, look on the road, or learn from day to day.

    python scripts/bench_drivers.py [CITY_FOLDER...] [--iterations N] [--trips N] [--other-seed]

Without folders: Helsinki's morning peak. A folder holds `net.net.xml.gz` and `cars.rou.xml.gz`; the learned model draws
as many trips as the file has (at most --trips) in the same window, departing evenly. One line a simulation, then what
each way to react cost in CPU seconds, routing included.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.datatypes.scenario import Equilibrium, ModelDemand, Scenario, SimulationOptions, Window
from trafficdiff.datatypes.scenario_files import read_scenario
from trafficdiff.datatypes.selection import take_trips
from trafficdiff.datatypes.trip_files import read_trips
from trafficdiff.resources import bundled
from trafficdiff.roads.load import load_network
from trafficdiff.workflows.equilibrium import assign
from trafficdiff.workflows.randomness import sumo_seed
from trafficdiff.workflows.sample import draw_trips

if TYPE_CHECKING:
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.workflows.equilibrium import Assigned

SEED = 42
OPTIONS = SimulationOptions(emissions=False)
EN_ROUTE = OPTIONS.model_copy(update={"rerouting_share": 1.0, "rerouting_period_s": 60.0})
HEAD = (
    "| place | drivers | simulation | arrived | teleports a thousand | time loss [s] | wait to enter [s] | gap |\n"
    "|---|---|---|---|---|---|---|---|"
)


def cpu_s() -> float:
    """Return what this process and its finished children have used [CPU s]."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(times.ru_utime + times.ru_stime for times in used)


def helsinki() -> tuple[RoadGraph, TripSet, Scenario]:
    scenario = read_scenario(bundled("networks/helsinki/morning_peak.yaml"))
    graph = load_network("helsinki")
    window_s = (scenario.window.begin_s, scenario.window.end_s)
    return graph, draw_trips(graph, scenario.demand, window_s=window_s, seed=scenario.seed), scenario


def city(folder: Path, *, trips: int) -> tuple[RoadGraph, TripSet, Scenario]:
    graph = load_network(str(folder / "net.net.xml.gz"))
    real = read_trips(folder / "cars.rou.xml.gz", graph, type_files=sorted(folder.glob("vtypes*.xml")))
    real = take_trips(real, np.random.default_rng(1).permutation(len(real))[:trips])
    drawn = draw_trips(graph, ModelDemand(trips=len(real)), window_s=real.window_s, seed=1)
    window = Window(begin_s=real.window_s[0], end_s=real.window_s[1])
    return graph, drawn, Scenario(name=folder.name, network="as read", window=window)


def lines(place: str, drivers: str, done: Assigned) -> None:
    days = done.days
    rows = [
        (day.completed, day.teleports, day.mean_time_loss_s, day.mean_depart_delay_s, f"{day.relative_gap:.3f}")
        for day in days
    ]
    if not days:
        table, counts = done.result.trips, done.result.counts
        means = table["time_loss_s"].mean(), table["depart_delay_s"].mean()
        rows = [(counts.arrived, counts.teleports, *means, "-")]
    count = len(done.trips)
    for number, (arrived, teleports, loss_s, wait_s, gap) in enumerate(rows, start=1):
        mark = " (kept)" if len(rows) > 1 and number == done.kept + 1 else ""
        print(
            f"| {place} | {drivers} | {number}{mark} | {arrived / count:.3f} | {1000 * teleports / count:.1f} | "
            f"{loss_s:.0f} | {wait_s:.0f} | {gap} |",
            flush=True,
        )


def compare(graph: RoadGraph, trips: TripSet, scenario: Scenario, *, iterations: int, other_seed: bool) -> None:
    ways = {
        "one-shot": {"simulation": OPTIONS, "equilibrium": Equilibrium(iterations=1, gap=0.0)},
        "en-route, all, 60 s": {"simulation": EN_ROUTE, "equilibrium": None},
        "iterated": {"simulation": OPTIONS, "equilibrium": Equilibrium(iterations=iterations, gap=0.0)},
    }
    place, seed, spent = graph.name or scenario.name, sumo_seed(SEED), {}
    for drivers, update in ways.items():
        before = cpu_s()
        with tempfile.TemporaryDirectory() as folder:
            done = assign(
                graph, trips, scenario=scenario.model_copy(update=update), seed=seed, directory=Path(folder) / "sumo"
            )
        spent[drivers] = cpu_s() - before
        lines(place, drivers, done)
    if other_seed:
        with tempfile.TemporaryDirectory() as folder:
            again = assign(
                graph, done.trips, scenario=scenario.model_copy(update=ways["one-shot"]), seed=sumo_seed(SEED + 1),
                directory=Path(folder) / "sumo",
            )  # fmt: skip
        lines(place, "routes kept, another seed", again)
    print(f"\nCPU s, {place}, {len(trips):,} trips: " + ", ".join(f"{way} {used:.1f}" for way, used in spent.items()))


def main() -> None:
    """Compare in every city."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cities", nargs="*", type=Path)
    parser.add_argument("--iterations", type=int, default=10)
    parser.add_argument("--trips", type=int, default=5_000, help="most trips of a city")
    parser.add_argument("--other-seed", action="store_true", help="simulate the kept routes with other random numbers")
    options = parser.parse_args()
    print(HEAD)
    places = [city(folder, trips=options.trips) for folder in options.cities] or [helsinki()]
    for place in places:
        compare(*place, iterations=options.iterations, other_seed=options.other_seed)


if __name__ == "__main__":
    main()
