"""Measure whether a comparison says the truth: coverage of intervals, false discoveries on maps, worth of pairing.

Everything is repeated where the truth is known. Usage:

    python scripts/coverage.py intervals              # which interval holds its promise with 5 to 20 samples
    python scripts/coverage.py roads                  # which test finds changed roads at 5 % false discoveries
    python scripts/coverage.py sumo --runs 600        # null studies and common random numbers with SUMO on a tiny town
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.metrics.false_discovery import q_values
from trafficdiff.metrics.intervals import (
    Interval,
    mean_interval,
    resamples,
    student_interval,
    studentised_interval,
    welch_interval,
)
from trafficdiff.metrics.moderation import mean_test

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph

CONFIDENCE = 0.95
RATE = 0.05
KPIS = ("mean_trip_time", "delay_hours", "vehicle_kilometres", "mean_speed", "max_queue_length", "waiting_hours")

LAWS: dict[str, Callable[[np.random.Generator, tuple[int, int]], NDArray[np.float64]]] = {
    "normal": lambda generator, shape: generator.normal(size=shape),
    "null of a skewed number": lambda generator, shape: (
        generator.lognormal(size=shape) - generator.lognormal(size=shape)
    ),
    "skewed (gamma 4)": lambda generator, shape: generator.gamma(4, size=shape) - 4,
    "very skewed (exponential)": lambda generator, shape: generator.exponential(size=shape) - 1,
    "a number with heavy tails": lambda generator, shape: generator.standard_t(3, size=shape),
}
"""Paired differences with mean 0. Without an effect the difference of two alike numbers is symmetric, however skewed
they are; the skewed ones stand for measures that help on some days only."""


def percentile_interval(values: NDArray[np.float64], *, dice: NDArray[np.float64]) -> Interval:
    means = values[(dice[:, : len(values)] * len(values)).astype(int)].mean(axis=1)
    low, high = np.quantile(means, ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2))
    return Interval(float(low), float(high), "percentile")


def bca_interval(values: NDArray[np.float64], *, generator: np.random.Generator) -> Interval:
    from scipy.stats import bootstrap

    found = bootstrap(
        (values,), np.mean, axis=-1, confidence_level=CONFIDENCE, n_resamples=999, method="BCa", rng=generator
    ).confidence_interval
    return Interval(float(found.low), float(found.high), "bca")


def coverage_of(law: str, samples: int, *, studies: int, seed: int = 1) -> dict[str, tuple[float, float]]:
    """Return coverage and median width of each kind of interval for a mean that is 0."""
    generator = np.random.default_rng(seed)
    dice = resamples(samples, generator=generator, replicates=999)
    kinds: dict[str, Callable[[NDArray[np.float64]], Interval]] = {
        "in use": lambda values: mean_interval(values, confidence=CONFIDENCE, dice=dice),
        "bootstrap-t": lambda values: studentised_interval(values, confidence=CONFIDENCE, dice=dice),
        "student": lambda values: student_interval(values, confidence=CONFIDENCE),
        "percentile": lambda values: percentile_interval(values, dice=dice),
        "bca": lambda values: bca_interval(values, generator=generator),
    }
    draws = LAWS[law](generator, (studies, samples))
    found = {kind: [interval(values) for values in draws] for kind, interval in kinds.items()}
    return {
        kind: (
            float(np.mean([low <= 0 <= high for low, high, _ in intervals])),
            float(np.median([high - low for low, high, _ in intervals])),
        )
        for kind, intervals in found.items()
    }


def print_intervals(studies: int) -> None:
    print(f"coverage of {CONFIDENCE:.0%} intervals (median width), {studies} studies each")
    for law in LAWS:
        for samples in (5, 6, 10, 20):
            found = coverage_of(law, samples, studies=studies)
            cells = "  ".join(f"{kind} {share:.1%} ({width:.2f})" for kind, (share, width) in found.items())
            print(f"{law}, {samples} samples: {cells}", flush=True)


def town_of_roads(
    kind: str, samples: int, generator: np.random.Generator, *, roads: int = 4_000
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return paired differences, shape (samples, roads), levels and which roads really changed."""
    level = generator.lognormal(3, 1.5, roads)
    changed = generator.random(roads) < 0.15
    effect = np.where(changed, generator.choice([-1, 1], roads) * generator.uniform(0.5, 3, roads), 0.0)
    shape = (samples, roads)
    match kind:
        case "counts":
            spread = np.sqrt(0.8 * level)
            moved = np.maximum(0.4 * level + effect * spread, 0)
            counts = generator.poisson(moved, shape) - generator.poisson(0.4 * level, shape)
            return counts.astype(np.float64), level, np.asarray(moved != 0.4 * level)
        case "heavy delays":
            spread = level * generator.lognormal(0, 0.7, roads)
            noise = (generator.lognormal(0, 1, shape) - generator.lognormal(0, 1, shape)) / 3
        case "one bad day moves all":
            spread = level
            noise = 0.7 * generator.normal(size=(samples, 1)) + 0.7 * generator.normal(size=shape)
        case "neighbours move together":
            spread = level
            noise = 0.8 * np.repeat(generator.normal(size=(samples, roads // 20)), 20, axis=1)
            noise += 0.6 * generator.normal(size=shape)
            changed = np.repeat(generator.random(roads // 20) < 0.15, 20)
            effect = np.where(changed, 1.5, 0.0)
        case _:
            spread = np.sqrt(level) * generator.lognormal(0, 0.5, roads)
            noise = generator.normal(size=shape)
    return (noise + effect) * spread, level, changed


def false_discoveries(kind: str, samples: int, *, towns: int, seed: int = 2) -> dict[str, tuple[float, float]]:
    """Return the mean share of false ones among the roads shown, and of the changed roads that are shown."""
    from scipy.stats import ttest_1samp

    generator = np.random.default_rng(seed)
    rates: dict[str, list[tuple[float, float]]] = {"moderated t": [], "moderated t, BY": [], "plain t": []}
    for _ in range(towns):
        differences, level, changed = town_of_roads(kind, samples, generator)
        count = np.full(level.shape, samples, np.int32)
        test = mean_test(
            differences.mean(axis=0), differences.var(axis=0, ddof=1), count=count, freedom=count - 1,
            level=level, confidence=CONFIDENCE,
        )  # fmt: skip
        alike = (differences == differences[0]).all(axis=0)  # plain t cannot judge these
        plain = np.ones(level.shape)
        plain[~alike] = ttest_1samp(differences[:, ~alike], 0).pvalue
        for name, q in (
            ("moderated t", q_values(test.p)),
            ("moderated t, BY", q_values(test.p, dependence="any")),
            ("plain t", q_values(plain)),
        ):
            shown = q <= RATE
            false = (shown & ~changed).sum() / max(shown.sum(), 1)
            rates[name].append((float(false), float((shown & changed).sum() / changed.sum())))
    return {name: (float(np.mean(pairs, axis=0)[0]), float(np.mean(pairs, axis=0)[1])) for name, pairs in rates.items()}


def print_roads(towns: int) -> None:
    print(f"roads shown at a rate of {RATE:.0%}: false among the shown / shown among the changed, {towns} towns each")
    for kind in ("uneven spread", "counts", "heavy delays", "one bad day moves all", "neighbours move together"):
        for samples in (5, 10, 20):
            found = false_discoveries(kind, samples, towns=towns)
            cells = "  ".join(f"{name} {false:.1%} / {power:.0%}" for name, (false, power) in found.items())
            print(f"{kind}, {samples} samples: {cells}", flush=True)


def tiny_town(folder: Path, *, speed_ms: float = 13.89) -> RoadGraph:
    """Return nine signals in a square of 300 m; `speed_ms` is the limit of the street across its middle."""
    from trafficdiff.process import run_program, sumo_program
    from trafficdiff.roads.netfile import read_net

    net = folder / "town.net.xml"
    command = [
        sumo_program("netgenerate"), "--grid", "--grid.number", "3", "--grid.length", "150",
        "--grid.attach-length", "150", "--default-junction-type", "traffic_light", "--default.lanenumber", "1",
        "--default.speed", "13.89", "-o", net,
    ]  # fmt: skip
    finished = run_program(list(map(str, command)), log=folder / "net.log", deadline_s=60)
    if finished.returncode:
        sys.exit(str(finished.output))
    text = net.read_text().replace('projParameter="!"', 'projParameter="+proj=utm +zone=35 +ellps=WGS84 +units=m"')
    net.write_text(text)
    graph = read_net(net, name="tiny town")
    if speed_ms == 13.89:
        return graph
    lines = text.splitlines()
    inside = False
    for place, line in enumerate(lines):
        inside = '<edge id="B0B1"' in line or '<edge id="B1B0"' in line or (inside and "</edge>" not in line)
        if inside:
            lines[place] = line.replace('speed="13.89"', f'speed="{speed_ms}"')
    net.write_text("\n".join(lines))
    return read_net(net, name="tiny town")


def numbers_of_run(graph: RoadGraph, *, seed: int, sample: int, trips: int) -> dict[str, float]:
    """Draw trips, simulate them, and return the area's numbers."""
    from trafficdiff.datatypes.scenario import SimulationOptions, UniformDemand, Window
    from trafficdiff.metrics.run_metrics import summary
    from trafficdiff.simulation.run import simulate
    from trafficdiff.workflows.randomness import sumo_seed
    from trafficdiff.workflows.sample import draw_trips

    demand = UniformDemand(trips=trips)
    drawn = draw_trips(graph, demand, window_s=(0.0, 600.0), seed=seed, sample=sample, folder=Path.cwd())
    with tempfile.TemporaryDirectory() as folder:
        result = simulate(
            graph, drawn, options=SimulationOptions(period_s=300, emissions=False),
            window=Window(begin_s=0, end_s=600, clear_s=1_200), seed=sumo_seed(seed, sample=sample),
            directory=Path(folder),
        )  # fmt: skip
    data = summary(result).data
    return {name: float(data[name]) for name in KPIS}


@dataclasses.dataclass(frozen=True)
class NullStudies:
    """Say how often the intervals of studies without any effect hold zero."""

    unpaired: float
    by_sample: float


def null_studies(
    pool: NDArray[np.float64], *, studies: int, samples: int, generator: np.random.Generator
) -> NullStudies:
    """Draw studies of twice `samples` runs from a pool of independent runs of one scenario; no run twice in one."""
    dice = resamples(samples, generator=generator)
    covered: list[tuple[bool, bool]] = []
    order = np.concatenate([generator.permutation(len(pool)) for _ in range(2 * studies * samples // len(pool) + 2)])
    for study in range(studies):
        chosen = order[2 * samples * study : 2 * samples * (study + 1)]
        if len(set(chosen)) < len(chosen):  # two shuffles meet in this study
            chosen = generator.permutation(len(pool))[: 2 * samples]
        base, scenario = pool[chosen[:samples]], pool[chosen[samples:]]
        intervals = (
            welch_interval(base, scenario, confidence=CONFIDENCE),
            mean_interval(scenario - base, confidence=CONFIDENCE, dice=dice),
        )
        covered.append((not intervals[0].excludes_zero, not intervals[1].excludes_zero))
    unpaired, by_sample = np.mean(covered, axis=0)
    return NullStudies(float(unpaired), float(by_sample))


def variance_ratio(base: Sequence[float], scenario: Sequence[float]) -> float:
    """Return the variance of the paired difference over that of an unpaired one."""
    one, other = np.asarray(base), np.asarray(scenario)
    independent = float(one.var(ddof=1) + other.var(ddof=1))
    return float((other - one).var(ddof=1)) / independent if independent else np.nan


def print_sumo(*, runs: int, studies: int, samples: int, pairs: int, trips: int) -> None:
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        base, slower = tiny_town(Path(one)), tiny_town(Path(other), speed_ms=8.33)
        pool = [numbers_of_run(base, seed=1_000 + run, sample=0, trips=trips) for run in range(runs)]
        both = [
            [numbers_of_run(graph, seed=7, sample=sample, trips=trips) for sample in range(pairs)]
            for graph in (base, slower)
        ]
    used = os.times()
    needed = 2 * studies * samples
    reuse = "each used once" if needed <= runs else f"each used {needed / runs:.1f} times, never twice in one study"
    print(f"{runs} independent runs of {trips} trips, {used.user + used.children_user:.0f} CPU s")
    print(f"{studies} null studies of {samples} + {samples} runs ({reuse}): intervals that hold zero")
    for name in KPIS:
        values = np.array([run[name] for run in pool])
        found = null_studies(values, studies=studies, samples=samples, generator=np.random.default_rng(5))
        print(f"  {name}: unpaired (Welch) {found.unpaired:.1%}, by sample (the interval in use) {found.by_sample:.1%}")
    print(f"one street slowed from 50 to 30 km/h, {pairs} pairs with common random numbers: variance paired / unpaired")
    for name in KPIS:
        one_kpi, other_kpi = ([run[name] for run in scenario] for scenario in both)
        change = np.subtract(other_kpi, one_kpi)
        ratio = variance_ratio(one_kpi, other_kpi)
        print(f"  {name}: {ratio:.3f} (mean {np.mean(one_kpi):.4g}, change {change.mean():+.3g})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("intervals", "roads", "sumo"))
    parser.add_argument(
        "--studies", type=int, default=0, help="default 2,000 (intervals), 20 towns (roads), 200 (sumo)"
    )
    parser.add_argument("--runs", type=int, default=600, help="size of the pool of SUMO runs")
    parser.add_argument("--samples", type=int, default=6)
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--trips", type=int, default=120)
    asked = parser.parse_args()
    match asked.what:
        case "intervals":
            print_intervals(asked.studies or 2_000)
        case "roads":
            print_roads(asked.studies or 20)
        case _:
            print_sumo(
                runs=asked.runs, studies=asked.studies or 200, samples=asked.samples, pairs=asked.pairs,
                trips=asked.trips,
            )  # fmt: skip


if __name__ == "__main__":
    main()
