"""Search for the candidates that save most for their cost, with a given number of simulations.

::

    base and every candidate, K samples each
         │
         ▼                 a few more samples, where they decide (`metrics.allocation`)
    savings by sample ◀──────────────────────────────────────────┐
         │   └── simulations left? ──────────────────────────────┘
         ▼
    the set that saves most within the budget (`metrics.portfolio`), then simulated together

Sample k has the same random numbers in the base and in every candidate. A candidate takes its samples in order, so two
candidates share as many as the one with fewer has, and the base has as many as the one with most.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.metrics.allocation import next_samples
from trafficdiff.metrics.ranking import MORE_IS_BETTER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from trafficdiff.datatypes.scenario import Scenario
    from trafficdiff.workflows.simulations import Simulations

__all__ = ["LEAST_FINITE", "Search", "reserved", "saved_by"]

LEAST_FINITE: Final = 2
"""Fewest samples of which something can be said."""


def reserved(samples: int) -> int:
    """Return how many simulations are kept for the chosen set: on old samples, and with the base on new ones."""
    return 3 * samples


def saved_by(
    simulations: Simulations, base: Scenario, scenario: Scenario, *, kpi: str, samples: Sequence[int]
) -> NDArray[np.float64]:
    """Return what a scenario saves of a number against the base in each sample; NaN where one of the two has no run.

    Saved is base less scenario; the other way round for numbers of which much is wanted.
    """
    pairs = [(simulations.number(base.name, k, kpi), simulations.number(scenario.name, k, kpi)) for k in samples]
    differences = np.array([before - after for before, after in pairs], np.float64)
    return -differences if kpi in MORE_IS_BETTER else differences


class Search:
    """Hold what is known while simulations are spent.

    Parameters
    ----------
    simulations
        Makes and keeps the runs.
    base, candidates
        The scenario as it is, and with each candidate's measures.
    scale
        What one unit of the number counts for in the ranking: windows of a lifetime over cost, shape (K,).
    kpi
        Number that is saved.
    """

    def __init__(
        self,
        simulations: Simulations,
        base: Scenario,
        candidates: Sequence[Scenario],
        *,
        scale: NDArray[np.float64],
        kpi: str,
    ) -> None:
        self.simulations, self.base, self.candidates = simulations, base, tuple(candidates)
        self.scale, self.kpi = scale, kpi
        self.samples = np.zeros(len(candidates), np.int64)
        """Samples that each candidate was given, shape (K,)."""
        self.rounds = 0

    def saved(self, place: int) -> NDArray[np.float64]:
        """Return what a candidate saves in each sample in which it and the base have a run."""
        samples = range(int(self.samples[place]))
        found = saved_by(self.simulations, self.base, self.candidates[place], kpi=self.kpi, samples=samples)
        return found[np.isfinite(found)]

    def known(self) -> list[int]:
        """Return the places of the candidates of which something can be said."""
        return [place for place in range(len(self.candidates)) if len(self.saved(place)) >= LEAST_FINITE]

    def begin(self, samples: int) -> None:
        """Simulate base and candidates, so many samples each; the first of all alone, for it finds what cannot be.

        Raises
        ------
        ScenarioError
            Listing every candidate whose measures cannot act.
        """
        self._simulate(np.minimum(1, samples - self.samples))
        self._simulate(samples - self.samples)

    def spend(self, most: int, *, step: int) -> None:
        """Spend simulations, a few at a time, until so many are used or no candidate varies."""
        while (left := most - self.simulations.used) > 0:
            known = self.known()
            values = [self.saved(place) * self.scale[place] for place in known]
            if not any(np.ptp(one) > 0 for one in values):
                return
            more = np.zeros(len(self.candidates), np.int64)
            more[known] = next_samples(values, extra=min(step, left))
            more = self._within(more, left)
            if not more.any():
                return
            self._simulate(more)
            self.rounds += 1

    def _within(self, more: NDArray[np.int64], left: int) -> NDArray[np.int64]:
        """Return as many of the samples as can be afforded, with the base's that they need."""
        more = more.copy()
        while more.any() and more.sum() + self._base_needs(more) > left:
            more[int(np.argmax(self.samples + more * (more > 0)))] -= 1
        return more

    def _base_needs(self, more: NDArray[np.int64]) -> int:
        return int(max((self.samples + more).max() - self.samples.max(), 0))

    def _simulate(self, more: NDArray[np.int64]) -> None:
        before, self.samples = self.samples, self.samples + more
        base = [(self.base, sample) for sample in range(int(before.max()), int(self.samples.max()))]
        own = [
            (scenario, sample)
            for scenario, first, end in zip(self.candidates, before, self.samples, strict=True)
            for sample in range(int(first), int(end))
        ]
        self.simulations.run(sorted([*base, *own], key=lambda one: one[1]))
