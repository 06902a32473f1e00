"""Measure how fast the learned demand model draws trips, routes included, and in how much memory.

    python scripts/bench_model.py [--network NET] [--checkpoint FILE] [--counts 1000 10000 100000]

One line a size, each in a process of its own on one core, in CPU seconds: opening the network, its scene and the
checkpoint (once a study, whatever is asked for), drawing agents, routing them. The cost of a trip is compared with that
of the first size. Goals: at least 300 trips a second, at most 1.2 times the cost at the first size. Memory is the
peak of the process (VmHWM).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

COUNTS = (1_000, 10_000, 100_000)
WINDOW_S = (25_200.0, 28_800.0)
LEAST_PER_S = 300.0
MOST_GROWTH = 1.2
MIX = {"car": 0.9, "truck": 0.05, "delivery_van": 0.05}
SEED = 1


def peak_mb() -> float:
    """Return the largest resident size that this process ever had [MB]."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    raise SystemExit("expected VmHWM in /proc/self/status; run this on Linux")


def measure(network: str, checkpoint: Path | None, count: int, *, cars_only: bool) -> dict[str, float]:
    """Draw and route in this process, and return CPU seconds, peak memory and what came out."""
    import numpy as np
    import torch

    from trafficdiff.datatypes.scenario import RouteChoice
    from trafficdiff.demand.fleet import assign_fleet
    from trafficdiff.demand.router import route
    from trafficdiff.roads.load import load_network
    from trafficdiff.workflows.model_demand import Travellers, draw_agents
    from trafficdiff.workflows.model_trips import city_of, open_checkpoint

    torch.set_num_threads(1)
    clock = [time.process_time()]
    graph = load_network(network)
    city, model = city_of(graph), open_checkpoint(checkpoint)
    clock.append(time.process_time())
    generator = np.random.default_rng(SEED)
    mix = {"car": 1.0} if cars_only else MIX
    fleet = assign_fleet(count, vehicle_mix=mix, electric_share=0.2, generator=generator)
    depart_s = np.linspace(*WINDOW_S, count, endpoint=False).round(2)
    agents = draw_agents(city, model, Travellers(depart_s, fleet, WINDOW_S), generator=generator)
    clock.append(time.process_time())
    trips = route(agents, choice=RouteChoice(), generator=generator)
    clock.append(time.process_time())
    opening_s, drawing_s, routing_s = np.diff(clock).tolist()
    return {
        "trips": len(trips),
        "edges": graph.edge_count,
        "vias": len(agents.via_edges),
        "opening_s": opening_s,
        "drawing_s": drawing_s,
        "routing_s": routing_s,
        "peak_mb": peak_mb(),
    }


def in_child(options: argparse.Namespace, count: int) -> dict[str, float]:
    """Measure one size in a fresh process on one core."""
    command = [sys.executable, __file__, "--network", options.network, "--alone", str(count)]
    command += ["--checkpoint", str(options.checkpoint)] if options.checkpoint else []
    command += ["--cars-only"] if options.cars_only else []
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    done = subprocess.run(command, env=os.environ | one, capture_output=True, text=True, check=False, timeout=3_600)
    if done.returncode:
        raise SystemExit(done.stderr)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def line_of(found: dict[str, float], first: dict[str, float]) -> str:
    """Return one line of the table, with a verdict on speed and growth."""
    spent_s = found["drawing_s"] + found["routing_s"]
    per_s = found["trips"] / spent_s
    growth = spent_s / found["trips"] / ((first["drawing_s"] + first["routing_s"]) / first["trips"])
    verdict = "ok" if per_s >= LEAST_PER_S and growth <= MOST_GROWTH else "MISSED"
    return (
        f"{found['trips']:8.0f}{found['opening_s']:10.2f}{found['drawing_s']:10.2f}{found['routing_s']:10.2f}"
        f"{per_s:10.0f}{growth:9.2f}{found['vias'] / found['trips']:9.1%}{found['peak_mb']:8.0f}  {verdict}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", default="helsinki", help="bundled network, folder or net file")
    parser.add_argument("--checkpoint", type=Path, help="default: the shipped one")
    parser.add_argument("--counts", type=int, nargs="+", default=list(COUNTS))
    parser.add_argument("--cars-only", action="store_true", help="one vehicle class instead of three")
    parser.add_argument("--alone", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.alone is not None:
        print(json.dumps(measure(options.network, options.checkpoint, options.alone, cars_only=options.cars_only)))
        return
    first: dict[str, float] = {}
    for count in options.counts:
        found = in_child(options, count)
        if not first:
            first = found
            print(f"{options.network}, {found['edges']:.0f} edges; CPU seconds on one core")
            print(
                f"{'trips':>8s}{'open s':>10s}{'draw s':>10s}{'route s':>10s}{'trips/s':>10s}"
                f"{'growth':>9s}{'vias':>9s}{'MB':>8s}"
            )
        print(line_of(found, first), flush=True)


if __name__ == "__main__":
    main()
