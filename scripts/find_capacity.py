"""Find the highest demand that still clears: bisect the number of trips of a scenario.

A demand clears if, for every seed, at least 99 % of the trips complete and at most 0.1 % of the vehicles teleport,
before the simulation's deadline. Prints every demand that was tried. Usage:

    python scripts/find_capacity.py networks/helsinki/morning_peak.yaml --low 1000 --high 6000 --seeds 3
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from trafficdiff.datatypes.scenario_files import read_scenario
from trafficdiff.errors import DeadlineError
from trafficdiff.metrics.run_metrics import summary
from trafficdiff.roads.load import load_network
from trafficdiff.simulation.run import simulate
from trafficdiff.workflows.randomness import sumo_seed
from trafficdiff.workflows.sample import draw_trips

if TYPE_CHECKING:
    from collections.abc import Callable

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.scenario import Scenario

COMPLETION_MIN = 0.99
TELEPORTS_MAX = 0.001


def measure(scenario: Scenario, graph: RoadGraph) -> dict[str, float]:
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


def clears(scenario: Scenario, graph: RoadGraph, trips: int, seeds: list[int]) -> bool:
    """Return whether a demand clears for every seed; the first that does not ends the search."""
    demand = scenario.demand.model_copy(update={"trips": trips})
    for seed in seeds:
        try:
            found = measure(scenario.model_copy(update={"demand": demand, "seed": seed}), graph)
        except DeadlineError as error:
            print(f"{trips:7d} trips, seed {seed}: {error}", flush=True)
            return False
        print(
            f"{trips:7d} trips, seed {seed}: completed {found['completion_share']:.2%}, "
            f"teleports {found['teleport_share']:.3%}, travel time index {found['trip_travel_time_index']:.2f}, "
            f"waiting {found['waiting_to_enter']:.0f}",
            flush=True,
        )
        if found["completion_share"] < COMPLETION_MIN or found["teleport_share"] > TELEPORTS_MAX:
            return False
    return True


def highest(cleared: Callable[[int], bool], *, low: int, high: int, tolerance: int) -> tuple[int, int] | None:
    """Return the highest number that clears and the lowest that does not, `tolerance` apart at most.

    None if not even `low` clears; both are `high` if that clears.
    """
    if not cleared(low):
        return None
    if cleared(high):
        return high, high
    while high - low > tolerance:
        middle = (low + high) // 2
        low, high = (middle, high) if cleared(middle) else (low, middle)
    return low, high


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
    graph = load_network(scenario.network)
    found = highest(
        lambda trips: clears(scenario, graph, trips, seeds),
        low=arguments.low, high=arguments.high, tolerance=max(1, arguments.tolerance),
    )  # fmt: skip
    if found is None:
        sys.exit(f"expected at least {arguments.low} trips to clear, they do not; give a lower --low")
    low, high = found
    beyond = "more may clear: give a higher --high" if low == high else f"the next tried, {high}, does not"
    print(f"highest demand that clears: about {low} trips ({beyond})")


if __name__ == "__main__":
    main()
