"""Search for the best value of one thing of a scenario.

All values share their random numbers, sample by sample, so the search sees one function, the mean over the same samples
for each value (sample average approximation: Kleywegt, Shapiro and Homem-de-Mello 2002, SIAM Journal on Optimization
12(2)). What it finds is partly luck on those samples, so it is judged against the base on new ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.errors import InputError, SimulationError
from trafficdiff.metrics.intervals import resamples
from trafficdiff.metrics.ranking import MORE_IS_BETTER
from trafficdiff.workflows.bounded import Bounded
from trafficdiff.workflows.progress import quiet
from trafficdiff.workflows.randomness import stream
from trafficdiff.workflows.simulations import Simulations
from trafficdiff.workflows.sweep import CHANGES, check_numbers, named, signed, unit_of
from trafficdiff.workflows.text_table import text_table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from trafficdiff.datatypes.scenario import Scenario
    from trafficdiff.workflows.progress import Progress

__all__ = ["Optimum", "optimise"]

_STAGE = "optimise"


@dataclass(frozen=True, kw_only=True)
class Optimum:
    """Say which value is best, and whether it is truly better than the base.

    Parameters
    ----------
    directory
        Where the runs are.
    kpi
        The number that was made small (or large, where much of it is wanted).
    value
        The best value that was tried.
    tried
        Mean of the number over the samples by value, in the order of the trials.
    change
        Scenario less base on samples that the search has not seen, paired.
    samples
        How many samples the search saw, and as many new ones judged it.
    simulations
        Used in all.
    """

    directory: Path
    kpi: str
    value: float
    tried: Mapping[float, float]
    change: Bounded
    samples: int
    simulations: int

    @property
    def verdict(self) -> str:
        """What can be said of the best value: better, worse, noise, ..."""
        good = "above" if self.kpi in MORE_IS_BETTER else "below"
        sure = {"above", "below"}
        return (
            ("better" if self.change.side == good else "worse")
            if self.change.side in sure
            else CHANGES[self.change.side]
        )

    def text(self, *, digits: int = 2) -> str:
        """Return a table of the trials for people, and what the best one is worth."""
        rows = [
            (f"{value:g}", f"{mean:,.{digits}f}", "best" if value == self.value else "")
            for value, mean in sorted(self.tried.items())
        ]
        table = text_table(("value", f"{self.kpi} [{unit_of(self.kpi)}]", ""), rows)
        return (
            f"{table}\n{self.value:g} against the base on {self.samples} new samples: "
            f"{signed(self.change, digits)} {unit_of(self.kpi)}: {self.verdict}"
        )


def optimise(
    base: Scenario,
    *,
    vary: Callable[[float], Scenario],
    low: float,
    high: float,
    directory: str | Path,
    step: float | None = None,
    kpi: str = "mean_trip_time",
    samples: int | None = None,
    trials: int = 10,
    confidence: float = 0.95,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Progress = quiet,
) -> Optimum:
    """Search for the value that makes a number best, and judge it against the base on new samples.

    Brent's bounded method (golden section with parabolas: Brent 1973, Algorithms for minimization without derivatives,
    chapter 5; scipy's `minimize_scalar`). It finds the best of a function with one valley, and a local best of another.

    Parameters
    ----------
    base, vary, directory
        As in `sweep`.
    low, high
        Bounds of the value.

    Other Parameters
    ----------------
    step
        Values are rounded to multiples of it; None leaves them as they are.
    kpi
        Number of the area.
    samples
        Samples of each value (default: what the base asks for).
    trials
        Most values.
    confidence
        Of the interval.
    workers, scheduler, progress
        As in `ensemble`.

    Raises
    ------
    InputError
        If the bounds, the number or the trials cannot be meant.
    ScenarioError
        If a value makes no scenario.
    SimulationError
        If no value can be simulated.
    """
    check_numbers([kpi])
    samples = base.samples if samples is None else samples
    if not low < high or trials < 3 or samples < 2:
        raise InputError(
            f"expected low below high, at least 3 trials and 2 samples, got {low:g}, {high:g}, {trials}, {samples}"
        )
    expected = (trials + 3) * samples
    with Simulations(directory, workers=workers, scheduler=scheduler, expected=expected, progress=progress) as made:
        tried = _searched(made, base, vary, bounds=(low, high), step=step, kpi=kpi, samples=samples, trials=trials)
        sign = -1.0 if kpi in MORE_IS_BETTER else 1.0
        value = min(tried, key=lambda one: (sign * tried[one], one))
        change = _judged(made, base, named(base, vary, value), kpi=kpi, samples=samples, confidence=confidence)
        return Optimum(
            directory=made.directory, kpi=kpi, value=value, tried=tried, change=change, samples=samples,
            simulations=made.used,
        )  # fmt: skip


def _searched(
    made: Simulations,
    base: Scenario,
    vary: Callable[[float], Scenario],
    *,
    bounds: tuple[float, float],
    step: float | None,
    kpi: str,
    samples: int,
    trials: int,
) -> dict[float, float]:
    """Return the mean of the number by value that was tried."""
    from scipy.optimize import minimize_scalar

    tried: dict[float, float] = {}

    def cost(value: float) -> float:
        rounded = float(value) if step is None else float(np.clip(round(value / step) * step, *bounds))
        if rounded not in tried:
            scenario = named(base, vary, rounded)
            made.run([(scenario, sample) for sample in range(samples)])
            tried[rounded] = float(np.mean([made.number(scenario.name, sample, kpi) for sample in range(samples)]))
        mean = tried[rounded]
        return np.inf if np.isnan(mean) else (-mean if kpi in MORE_IS_BETTER else mean)

    width = bounds[1] - bounds[0]
    tolerance = step / 2 if step is not None else width / 1_000
    minimize_scalar(cost, bounds=bounds, method="bounded", options={"maxiter": trials, "xatol": tolerance})
    known = {value: mean for value, mean in tried.items() if np.isfinite(mean)}
    if not known:
        why = next((words for value in tried for words in made.failed(named(base, vary, value).name)), "no number")
        raise SimulationError(
            f"expected a value between {bounds[0]:g} and {bounds[1]:g} that can be simulated, found none: {why}"
        )
    return known


def _judged(
    made: Simulations, base: Scenario, scenario: Scenario, *, kpi: str, samples: int, confidence: float
) -> Bounded:
    """Return scenario less base on samples that the search has not seen."""
    new = range(samples, 2 * samples)
    made.run([(one, sample) for sample in new for one in (base, scenario)])
    change = np.array([made.number(scenario.name, k, kpi) - made.number(base.name, k, kpi) for k in new])
    dice = resamples(samples, generator=stream(base.seed, _STAGE))
    return Bounded.of(change[np.isfinite(change)], confidence=confidence, dice=dice)
