"""Measure what calibrating demand costs: processor seconds by the size of the town, the trips and the counts.

    python scripts/bench_calibration.py [--trips 10000] [--edges 5000] [--counted 0.05] [--observed 500] [--json]

The town is a made-up grid with two-way streets; counts are those of demand that the model drew with another seed, so
they can be met. Processor time, so that a busy machine changes nothing; on two quiet cores the wall clock shows as
much, for most of the work runs on one. The goal is 120 s.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.towns import make_town
from trafficdiff.datatypes.counts import Counts
from trafficdiff.datatypes.scenario import ModelDemand
from trafficdiff.datatypes.selection import take_trips
from trafficdiff.workflows.calibrate import CalibrationData, calibrate
from trafficdiff.workflows.sample import draw_trips

WINDOW_S = (25_200.0, 32_400.0)
GOAL_S = 120.0


def options_of() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trips", type=int, default=10_000)
    parser.add_argument("--edges", type=int, default=5_000)
    parser.add_argument("--counted", type=float, default=0.05, help="share of the used edges, in both hours")
    parser.add_argument("--observed", type=int, default=500, help="observed trips; 0 for none")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def grid(edges: int) -> Any:
    """Return a square grid of two-way streets with about so many edges."""
    side = round((1 + np.sqrt(1 + edges)) / 2)
    nodes = {f"{x:03d}_{y:03d}": (120.0 * x, 120.0 * y) for x in range(side) for y in range(side)}
    steps = ((1, 0), (-1, 0), (0, 1), (0, -1))
    pairs = [
        (f"{x:03d}_{y:03d}", f"{x + u:03d}_{y + v:03d}")
        for x in range(side)
        for y in range(side)
        for u, v in steps
        if 0 <= x + u < side and 0 <= y + v < side
    ]
    return make_town(nodes, pairs)


def main() -> None:
    """Draw, calibrate, print."""
    logging.basicConfig(level=logging.ERROR)
    options = options_of()
    town = grid(options.edges)
    real = draw_trips(town, ModelDemand(trips=options.trips), window_s=WINDOW_S, seed=7)
    flow = np.bincount(real.edges, minlength=town.edge_count)
    generator = np.random.default_rng(0)
    used = np.flatnonzero(flow)
    edge = np.sort(generator.choice(used, max(1, round(options.counted * len(used))), replace=False)).astype(np.int32)
    half_s = sum(WINDOW_S) / 2
    counts = Counts(
        graph=town,
        edge=np.concatenate([edge, edge]),
        begin_s=np.repeat([WINDOW_S[0], half_s], len(edge)),
        end_s=np.repeat([half_s, WINDOW_S[1]], len(edge)),
        count=np.tile(flow[edge] / 2.0, 2),
    )
    seen = take_trips(real, generator.permutation(len(real))[: options.observed]) if options.observed else None
    began_s, began_wall_s = time.process_time(), time.perf_counter()
    made = calibrate(
        town, trips=options.trips, window_s=WINDOW_S, data=CalibrationData(counts=counts, observed=seen), seed=1
    )
    found = {
        "trips": len(made.trips),
        "edges": town.edge_count,
        "counts": len(counts),
        "observed": 0 if seen is None else len(seen),
        "candidates": made.fit["candidates"],
        "share_geh5": made.fit["counts"]["share_geh5"],
        "cpu_s": round(time.process_time() - began_s, 1),
        "wall_s": round(time.perf_counter() - began_wall_s, 1),
        "goal_s": GOAL_S,
    }
    print(json.dumps(found) if options.json else "\n".join(f"{name:12s} {value}" for name, value in found.items()))


if __name__ == "__main__":
    main()
