"""Say how often the best candidate is found by each way to spend simulations, at the same number of them.

Synthetic truth: ten candidates, worths from a standard normal, samples normal about them with standard deviations of
2 exp(N(0, 1/2)), so most single samples mislead. Every rule sees the same candidates. Usage:

    python scripts/bench_allocation.py --studies 1000
"""

from __future__ import annotations

import argparse
import math
import time
from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.metrics.allocation import best_shares, moments_of, more_samples, next_samples

if TYPE_CHECKING:
    from numpy.typing import NDArray

CANDIDATES, FIRST, STEP, TAKEN = 10, 3, 4, 3
RULES = ("equal", "sequential halving", "plain ocba", "ours")


class Town:
    """Hold candidates of known worth, and count the simulations."""

    def __init__(self, number: int) -> None:
        generator = np.random.default_rng([11, number])
        self.truth = generator.normal(size=CANDIDATES)
        self._spread = 2 * np.exp(generator.normal(0, 0.5, CANDIDATES))
        self._generator = generator
        self.values: list[NDArray[np.float64]] = [np.zeros(0)] * CANDIDATES

    def simulate(self, counts: NDArray[np.int64]) -> None:
        """Add samples of each candidate."""
        for place, count in enumerate(counts):
            more = self._generator.normal(self.truth[place], self._spread[place], count)
            self.values[place] = np.concatenate([self.values[place], more])


def choose(rule: str, town: Town, simulations: int) -> list[int]:
    """Return the candidates, the best first, after so many simulations."""
    if rule == "sequential halving":  # Karnin, Koren and Somekh 2013, Almost optimal exploration in bandits, figure 1
        alive = list(range(CANDIDATES))
        rounds = math.ceil(math.log2(CANDIDATES))
        order: list[int] = []
        for _ in range(rounds):
            counts = np.zeros(CANDIDATES, np.int64)
            counts[alive] = simulations // (rounds * len(alive))
            town.simulate(counts)
            alive.sort(key=lambda place: -town.values[place].mean())
            keep = math.ceil(len(alive) / 2)
            order, alive = alive[keep:] + order, alive[:keep]
        return alive + order
    if rule == "equal":
        town.simulate(more_samples(np.full(CANDIDATES, 1 / CANDIDATES), np.zeros(CANDIDATES), extra=simulations))
    else:
        town.simulate(np.full(CANDIDATES, FIRST))
        for used in range(FIRST * CANDIDATES, simulations, STEP):
            town.simulate(more(rule, town, extra=min(STEP, simulations - used)))
    return list(np.argsort([-values.mean() for values in town.values]))


def more(rule: str, town: Town, *, extra: int) -> NDArray[np.int64]:
    if rule == "ours":
        return next_samples(town.values, extra=extra)
    mean, variance, counts = moments_of(town.values)
    return more_samples(best_shares(mean, variance), counts, extra=extra)


def judged(rule: str, *, simulations: int, studies: int) -> tuple[float, float]:
    """Return in which share of the studies the best candidate came out first, and what three chosen ones are worth.

    The second is the worth of the three that came out first over that of the three truly best.
    """
    hits, shares = [], []
    for study in range(studies):
        town = Town(study)
        order = choose(rule, town, simulations)
        hits.append(order[0] == town.truth.argmax())
        shares.append(town.truth[order[:TAKEN]].sum() / np.sort(town.truth)[-TAKEN:].sum())
    return float(np.mean(hits)), float(np.mean(shares))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=1_000)
    studies = parser.parse_args().studies
    started = time.process_time()
    print(f"{studies} synthetic studies; the best of {CANDIDATES} found, ratio to equal, worth of the three chosen")
    for simulations in (50, 80, 160):
        equal, _ = judged("equal", simulations=simulations, studies=studies)
        for rule in RULES:
            best, three = judged(rule, simulations=simulations, studies=studies)
            print(
                f"{simulations:4d} simulations  {rule:20s} {best:6.1%}  x {best / equal:.2f}   {three:6.1%}", flush=True
            )
    print(f"{time.process_time() - started:.0f} CPU s")


if __name__ == "__main__":
    main()
