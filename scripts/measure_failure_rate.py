"""Measure the search for an ego's failures against brute force: agreement, intervals, simulations, CPU seconds.

    python scripts/measure_failure_rate.py CORPUS... --ego faulty [--simulations 2000] [--brute 30] [--searches 3]

CORPUS are folders of motion scenes (`trafficdiff scenes corpus`). Brute force draws every window ``--brute`` times.
Searches draw their own scenes. Replays take their draws from those of brute force, so that what they estimate is known
exactly: they say how often intervals hold. ``--pool FILE`` keeps brute force, or takes it from there.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.workflows.failure_measuring import (
    Pool,
    brute_force,
    coverage,
    pool_rate,
    population,
    replayed,
    searched,
)
from trafficdiff.workflows.failure_rounds import Plan
from trafficdiff.workflows.text_table import text_table

if TYPE_CHECKING:
    from trafficdiff.metrics.failure_rate import FailureRate
    from trafficdiff.workflows.failure_measuring import Population

_HEADINGS = ("", "simulations", "failed", "a million km", "95 %", "half width", "CPU s")


def main() -> int:
    """Print the table, and what replays say of the intervals."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpora", nargs="+", type=Path)
    parser.add_argument("--ego", default="faulty")
    parser.add_argument("--simulations", type=int, default=2_000)
    parser.add_argument("--brute", type=int, default=30)
    parser.add_argument("--searches", type=int, default=3)
    parser.add_argument("--replays", type=int, default=200)
    parser.add_argument("--led", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--pool", type=Path)
    asked = parser.parse_args()
    windows = population(asked.corpora, seed=asked.seed)
    pool = _pool(asked, windows)
    plan = Plan(simulations=asked.simulations, led=asked.led)
    brute = pool_rate(pool)
    rows = [_row("brute force", brute, pool.cpu_s)]
    for number in range(asked.searches):
        made = searched(windows, plan, ego=asked.ego, seed=asked.seed + number, checkpoint=asked.checkpoint)
        rows.append(_row(f"search {number + 1}", made.rate, made.cpu_s))
        sys.stdout.write(f"search {number + 1}: {_agrees(made.rate, brute)}\n")
    sys.stdout.write(f"{asked.ego}, {len(windows.motions):,} windows\n{text_table(_HEADINGS, rows)}\n")
    rates = replayed(windows, Plan(simulations=asked.simulations), pool, seeds=range(asked.replays))
    said = coverage(rates, pool)
    sys.stdout.write("".join(f"{name}: {value:.3g}\n" for name, value in said.items()))
    return 0


def _pool(asked: argparse.Namespace, windows: Population) -> Pool:
    if asked.pool is not None and asked.pool.is_file():
        with np.load(asked.pool, allow_pickle=False) as kept:
            return Pool(kept["failed"], kept["margin"], kept["km"], float(kept["cpu"]))
    made = brute_force(windows, ego=asked.ego, draws=asked.brute, seed=asked.seed, checkpoint=asked.checkpoint)
    if asked.pool is not None:
        np.savez_compressed(asked.pool, failed=made.failed, margin=made.margin_s, km=made.km, cpu=made.cpu_s)
    return made


def _row(name: str, rate: FailureRate, cpu_s: float) -> list[str]:
    half = (rate.high - rate.low) / 2 / max(rate.per_million_km, 1e-9)
    return [
        name, f"{rate.simulations:,}", str(rate.failures), f"{rate.per_million_km:,.0f}",
        f"{rate.low:,.0f} to {rate.high:,.0f}", f"{half:.0%}", f"{cpu_s:.0f}",
    ]  # fmt: skip


def _agrees(rate: FailureRate, brute: FailureRate) -> str:
    inside = rate.low <= brute.per_million_km <= rate.high
    return (
        f"brute force lies {'inside' if inside else 'OUTSIDE'} its interval, with "
        f"{brute.simulations / rate.simulations:.1f} times fewer simulations; without selection, an interval as narrow "
        f"would take {rate.plain_simulations / rate.simulations:.1f} times as many"
    )


if __name__ == "__main__":
    sys.exit(main())
