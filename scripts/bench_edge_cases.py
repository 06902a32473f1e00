"""Print how the edge cases turn out: kept scenes, deviation from what was asked, coverage beside random, time a scene.

``python scripts/bench_edge_cases.py --network helsinki --count 50`` makes the table of docs/edge_cases.md.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
from pathlib import Path

import numpy as np

from trafficdiff.workflows.scenes_make import MadeScenes, make_scenes

PERCENTILES = (50, 95, 100)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--network", default="helsinki")
    arguments.add_argument("--type", default="all")
    arguments.add_argument("--count", type=int, default=50)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--demand", default="model")
    arguments.add_argument("--keep", type=Path, help="keep the scenes in this new directory")
    options = arguments.parse_args()
    logging.basicConfig(level=logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        made = make_scenes(
            options.type, options.network, count=options.count, seed=options.seed, demand=options.demand,
            directory=options.keep or Path(folder) / "scenes",
        )  # fmt: skip
    show(made)


def show(made: MadeScenes) -> None:
    heading = (
        "| type | kept | at once | error p50 | p95 | max | users | cleared | pairs (random) | discrepancy (random) |"
    )
    print(heading)
    print("|---|---|---|---|---|---|---|---|---|---|")
    for one in made.types:
        kept = [case for case in made.cases if case.type == one.type and case.valid]
        errors = np.percentile([case.error for case in kept], PERCENTILES) if kept else [np.nan] * 3
        users = np.median([case.users for case in kept]) if kept else np.nan
        cleared = np.mean([case.cleared for case in kept]) if kept else np.nan
        print(
            f"| {one.type} | {one.valid} of {one.cases} | {one.at_once} | "
            + " | ".join(f"{error:.2%}" for error in errors)
            + f" | {users:.0f} | {cleared:.1f} | {one.coverage.pairs:.0%} ({one.random.pairs:.0%}) | "
            f"{one.coverage.discrepancy:.3f} ({one.random.discrepancy:.3f}) |"
        )
    print(f"\n{made.cpu_s:.0f} CPU s, {made.cpu_s / len(made.cases):.2f} CPU s a scene")
    for one in made.types:
        if one.refused:
            most = sorted(one.refused.items(), key=lambda item: -item[1])[:4]
            print(f"{one.type}: given up " + ", ".join(f"{count} x {reason}" for reason, count in most))
    for case in made.cases:
        if not case.valid:
            print(f"not kept: {case.name}: {case.reason}")


if __name__ == "__main__":
    main()
