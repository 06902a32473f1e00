"""Find the highest demand that still clears: bisect the number of trips of a scenario.

A demand clears if, for every seed, at least 99 % of the trips complete and at most 0.1 % of the vehicles teleport.
Prints every demand that was tried. Usage:

    python scripts/find_capacity.py networks/helsinki/morning_peak.yaml --low 1000 --high 6000 --seeds 3
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from trafficdiff.datatypes.scenario import Scenario, read_scenario
from trafficdiff.metrics.run_metrics import summary
from trafficdiff.roads.load import load_network
from trafficdiff.simulation.run import simulate
from trafficdiff.workflows.randomness import sumo_seed
from trafficdiff.workflows.sample import draw_trips

COMPLETION_MIN = 0.99
TELEPORTS_MAX = 0.001


def measure(scenario: Scenario) -> dict[str, float]:
    graph = load_network(scenario.network)
    window_s = (scenario.window.begin_s, scenario.window.end_s)
    trips = draw_trips(graph, scenario.demand, window_s=window_s, seed=scenario.seed)
    with tempfile.TemporaryDirectory() as folder:
        result = simulate(
            graph, trips, options=scenario.simulation, window=scenario.window,
            seed=sumo_seed(scenario.seed), directory=Path(folder),
        )  # fmt: skip
    names = ("completion_share", "teleport_share", "trip_travel_time_index", "waiting_to_enter")
    numbers = summary(result).data
    return {name: float(numbers[name]) for name in names}


def clears(scenario: Scenario, trips: int, seeds: list[int]) -> bool:
    demand = scenario.demand.model_copy(update={"trips": trips})
    good = True
    for seed in seeds:
        found = measure(scenario.model_copy(update={"demand": demand, "seed": seed}))
        good = good and found["completion_share"] >= COMPLETION_MIN and found["teleport_share"] <= TELEPORTS_MAX
        print(
            f"{trips:7d} trips, seed {seed}: completed {found['completion_share']:.2%}, "
            f"teleports {found['teleport_share']:.3%}, travel time index {found['trip_travel_time_index']:.2f}, "
            f"waiting {found['waiting_to_enter']:.0f}",
            flush=True,
        )
    return good


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario", type=Path)
    parser.add_argument("--low", type=int, default=1_000)
    parser.add_argument("--high", type=int, default=6_000)
    parser.add_argument("--tolerance", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    scenario = read_scenario(arguments.scenario)
    seeds = [scenario.seed + step for step in range(arguments.seeds)]
    low, high = arguments.low, arguments.high
    while high - low > arguments.tolerance:
        middle = (low + high) // 2
        if clears(scenario, middle, seeds):
            low = middle
        else:
            high = middle
    print(f"highest demand that clears: about {low} trips (the next tried, {high}, does not)")


if __name__ == "__main__":
    main()
