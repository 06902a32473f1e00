"""Replay real and drawn demand of one size in SUMO, and count what got stuck.

    python scripts/replay_cities.py CITY_FOLDER... [--checkpoint FILE] [--trips N]

A folder holds `net.net.xml.gz` and `cars.rou.xml.gz`, as `trafficdiff corpus` reads them. Both demands have the same
number of trips in the same window; the model's depart evenly. Between them the real trips on the fastest free-flow ways
between their real ends: it tells what routes cost from what ends cost. One line each: trips, share that arrived,
teleports a thousand trips.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from trafficdiff.datatypes.scenario import ModelDemand, SimulationOptions, Window
from trafficdiff.datatypes.selection import take_trips
from trafficdiff.datatypes.trip_files import read_trips
from trafficdiff.roads.load import load_network
from trafficdiff.simulation.run import simulate
from trafficdiff.workflows.baselines import on_shortest_paths
from trafficdiff.workflows.sample import draw_trips

SEED = 1
CLEAR_S = 3_600.0


def main() -> None:
    """Replay both demands of every city."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cities", nargs="+", type=Path)
    parser.add_argument("--checkpoint", help="a .safetensors file; left out, the shipped one")
    parser.add_argument("--trips", type=int, default=5_000, help="most trips of a city")
    options = parser.parse_args()
    print("| city | demand | trips | arrived | teleports a thousand |\n|---|---|---|---|---|")
    for city in options.cities:
        graph = load_network(str(city / "net.net.xml.gz"))
        types = sorted(city.glob("vtypes*.xml"))
        real = read_trips(city / "cars.rou.xml.gz", graph, type_files=types)
        chosen = np.random.default_rng(SEED).permutation(len(real))[: options.trips]
        real = take_trips(real, np.sort(chosen))
        demand = ModelDemand(trips=len(real), checkpoint=options.checkpoint)
        drawn = draw_trips(graph, demand, window_s=real.window_s, seed=SEED)
        window = Window(begin_s=real.window_s[0], end_s=real.window_s[1], clear_s=CLEAR_S)
        for name, trips in (("real", real), ("real ends, fastest ways", on_shortest_paths(real)), ("model", drawn)):
            with tempfile.TemporaryDirectory() as folder:
                result = simulate(
                    graph, trips, options=SimulationOptions(), window=window, seed=SEED, directory=Path(folder)
                )
            counts = result.counts
            print(
                f"| {city.name} | {name} | {len(trips):,} | {counts.arrived / len(trips):.3f} "
                f"| {1000 * counts.teleports / len(trips):.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
