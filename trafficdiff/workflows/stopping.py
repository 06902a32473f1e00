r"""Decide after each batch of samples whether the interval of a number is narrow enough.

With n values of mean m and standard deviation s, the interval is m ± t(n - 1) s / sqrt(n), t being Student's quantile.
The values are a scenario's own, or, with several scenarios, its differences against the base, sample by sample::

    n = least, least + step, ..., samples:   stop when every half width is as narrow as asked

Source: A. M. Law, Simulation Modeling and Analysis, 5th ed. (2015), section 9.4.1 (sequential procedures); the first
look comes after ten samples, as he advises. The rule stops when the scatter happens to look small, so its intervals
cover somewhat less often than they say; for ever narrower intervals that fades (Chow and Robbins, Ann. Math. Statist.
36, 457-462, 1965).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.store.study import Look

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from trafficdiff.store.study import Stopping, StudyPlan

__all__ = ["batches", "look", "mean_and_half_width"]

_LEAST_VALUES: Final = 5
"""Fewer values that are there (runs may fail) are no ground to stop."""


def mean_and_half_width(values: Sequence[float], *, confidence: float) -> tuple[float, float]:
    """Return mean and half width of Student's interval of the mean; NaN values are left out.

    The half width is NaN with fewer than two values.
    """
    from trafficdiff.metrics.intervals import student_interval

    known = np.array([value for value in values if math.isfinite(value)])
    if len(known) < 2:
        return (float(known.mean()) if len(known) else math.nan), math.nan
    interval = student_interval(known, confidence=confidence)
    return float(known.mean()), (interval.high - interval.low) / 2


def batches(plan: StudyPlan) -> Iterator[range]:
    """Yield the samples of each batch; all at once where nobody looks in between."""
    begin = 0
    rule = plan.stopping
    end = plan.samples if rule is None else min(rule.least, plan.samples)
    while begin < plan.samples:
        yield range(begin, end)
        begin, end = end, min(end + (1 if rule is None else rule.step), plan.samples)


def look(
    plan: StudyPlan, rule: Stopping, numbers: Mapping[tuple[str, int], Mapping[str, float]], *, samples: int
) -> tuple[Look, ...]:
    """Return one look at every scenario's interval.

    Parameters
    ----------
    plan, rule
        The study, and what it wants.
    numbers
        The area's numbers by scenario and sample; a failed run has none.
    samples
        How many samples there are.
    """
    values = {
        name: np.array([numbers.get((name, sample), {}).get(rule.kpi, math.nan) for sample in range(samples)])
        for name in plan.names
    }
    base = values[plan.base]
    differences = {name: own - base for name, own in values.items() if name != plan.base}
    base_mean, _ = mean_and_half_width(base.tolist(), confidence=rule.confidence)
    looks = []
    for name, own in (differences or values).items():
        mean, half_width = mean_and_half_width(own.tolist(), confidence=rule.confidence)
        asked = rule.half_width * (abs(base_mean) if rule.relative else 1.0)
        if np.isfinite(own).sum() < min(_LEAST_VALUES, samples):
            half_width = math.nan
        looks.append(
            Look(samples=samples, scenario=name, mean=_known(mean), half_width=_known(half_width), asked=_known(asked))
        )
    return tuple(looks)


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
