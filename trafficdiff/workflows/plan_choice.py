"""Judge what a search has found: rank, choose within the budget, simulate the chosen set, say how sure it all is."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.errors import ScenarioError, SimulationError
from trafficdiff.metrics.allocation import posterior_means, probability_best
from trafficdiff.metrics.intervals import resamples
from trafficdiff.metrics.portfolio import best_portfolio, chosen_share
from trafficdiff.workflows.bounded import Bounded
from trafficdiff.workflows.plan_outcome import Joint, PlanOutcome, RankedCandidate
from trafficdiff.workflows.plan_search import LEAST_FINITE, Search, saved_by
from trafficdiff.workflows.randomness import stream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from trafficdiff.datatypes.candidates import Candidates
    from trafficdiff.datatypes.scenario import Scenario

__all__ = ["judged"]

_STAGE: Final = "plan"
_DRAWS: Final = 4_000
_DRAWS_OF_SETS: Final = 200
"""A programme is solved for each: a share is known to within 0.07 at 95 %."""
_LONGEST_DESCRIPTION: Final = 500
"""What a scenario file may hold (`datatypes.part.Part`)."""
_AGAINST_FREE_FLOW: Final = frozenset({"speed_limit", "new_road", "weather"})
"""Measures that move the free-flow time which delay is held against."""


def judged(
    search: Search,
    offered: Candidates,
    *,
    within: Sequence[int],
    budget: float,
    samples: int,
    most: int,
    confidence: float,
    name: str,
) -> tuple[PlanOutcome, Scenario | None]:
    """Return what was found, and the scenario of the chosen set (None if nothing is worth its cost).

    Parameters
    ----------
    search
        With all its samples; the chosen set's simulations are made here.
    offered, within
        All candidates, and the places of those that were searched.
    budget, samples, most, confidence
        As asked.
    name
        Of the chosen set's scenario.

    Raises
    ------
    SimulationError
        If of no candidate anything is known.
    """
    known = search.known()
    if not known:
        said = next((words for one in search.candidates for words in search.simulations.failed(one.name)), "")
        raise SimulationError(
            f"expected {search.kpi} of the base and of a candidate in two samples, found none: {said or 'no number'}"
        )
    judge = _Judge(search, offered, within=within, known=known, budget=budget, confidence=confidence)
    taken = judge.choose()
    chosen = _together(search, offered, [within[place] for place in taken], name=name) if taken else None
    joint = None if chosen is None else judge.joint(chosen, taken, samples=samples)
    ranking = judge.ranking(taken)
    apart = (f"the chosen set cannot be had together, say so with excludes: {judge.impossible}",) * bool(
        judge.impossible
    )
    outcome = PlanOutcome(
        directory=search.simulations.directory,
        scenario=search.base.name,
        kpi=search.kpi,
        confidence=confidence,
        budget=budget,
        currency=offered.currency,
        ranking=ranking,
        out_of_reach=tuple(one.name for place, one in enumerate(offered.candidates) if place not in set(within)),
        cost=float(sum(row.cost for row in ranking if row.chosen)),
        joint=joint,
        simulations=search.simulations.used,
        simulations_asked=most,
        simulations_made=search.simulations.made,
        base_samples=int(search.samples.max()),
        base_marked=search.simulations.marked(search.base.name),
        warnings=(*apart, *_warnings(search, offered, ranking, within=within)),
    )
    found = {"ranking": [asdict(row) for row in ranking], "joint": None if joint is None else asdict(joint)}
    text = json.dumps(found, sort_keys=True)
    return replace(outcome, result_hash=hashlib.sha256(text.encode()).hexdigest()), chosen


def _together(search: Search, offered: Candidates, places: Sequence[int], *, name: str) -> Scenario:
    """Return the base with the measures of candidates, in the order of the file."""
    chosen = [offered.candidates[place] for place in sorted(places)]
    measures = (*search.base.measures, *(measure for one in chosen for measure in one.measures))
    description = f"Chosen by a plan: {', '.join(one.name for one in chosen)}."[:_LONGEST_DESCRIPTION]
    return search.base.model_copy(update={"name": name, "description": description, "measures": measures})


class _Judge:
    """Hold what the judgements share.

    Parameters
    ----------
    search, offered, within, budget, confidence
        As in `judged`.
    known
        Places, among those that were searched, of which something is known.
    """

    def __init__(
        self,
        search: Search,
        offered: Candidates,
        *,
        within: Sequence[int],
        known: Sequence[int],
        budget: float,
        confidence: float,
    ) -> None:
        self.search, self.offered, self.within, self.known = search, offered, list(within), list(known)
        self.budget, self.confidence = budget, confidence
        self.candidates = [offered.candidates[place] for place in within]
        self.windows = np.array([offered.lifetime_windows(one) for one in self.candidates])
        self.cost = np.array([one.cost for one in self.candidates])
        self.values = {place: search.saved(place) for place in self.known}
        self.impossible = ""
        """Why the chosen set cannot be had together, in words."""
        self.dice = resamples(int(search.samples.max()), generator=stream(search.base.seed, _STAGE))

    def choose(self) -> list[int]:
        """Return the places, among those that were searched, of the set that saves most within the budget."""
        saved = np.full(len(self.candidates), -1.0)
        saved[self.known] = [self.values[place].mean() * self.windows[place] for place in self.known]
        requires, excludes = self._conditions()
        taken = best_portfolio(saved, self.cost, budget=self.budget, requires=requires, excludes=excludes)
        return [int(place) for place in np.flatnonzero(taken)]

    def _conditions(self) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Return what requires and excludes what, by place among those that were searched."""
        at = {place: position for position, place in enumerate(self.within)}
        requires, excludes = (
            [(at[one], at[other]) for one, other in self.offered.pairs(kind) if one in at and other in at]
            for kind in ("requires", "excludes")
        )
        return requires, excludes

    def ranking(self, taken: Sequence[int]) -> tuple[RankedCandidate, ...]:
        """Return the candidates by worth, the best first; those of which nothing is known last."""
        best, chosen = self._probabilities()
        worth = np.full(len(self.candidates), -np.inf)
        worth[self.known] = [self.values[p].mean() * self.windows[p] / self.cost[p] for p in self.known]
        order = np.argsort(-worth, kind="stable")
        return tuple(
            self._ranked(int(p), place=place, chosen=int(p) in taken, best=best[p], share=chosen[p])
            for place, p in enumerate(order, start=1)
        )

    def _ranked(self, at: int, *, place: int, chosen: bool, best: float, share: float) -> RankedCandidate:
        made, name = self.search.simulations, self.candidates[at].name
        saved = self._bounded(self.values.get(at, np.zeros(0)))
        return RankedCandidate(
            place=place,
            name=name,
            cost=float(self.cost[at]),
            samples=len(self.values.get(at, ())),
            saved=saved,
            lifetime_windows=float(self.windows[at]),
            worth=saved.times(float(self.windows[at] / self.cost[at])),
            probability_best=float(best),
            probability_chosen=float(share),
            chosen=chosen,
            trip_hours_saved=self._bounded(self._less(at, "trip_hours")),
            trips_removed=float(0.0 - self._less(at, "trips_removed").mean()) if at in self.values else float("nan"),
            failed=len(made.failed(name)),
            marked=made.marked(name),
        )

    def _less(self, at: int, name: str) -> NDArray[np.float64]:
        """Return base less candidate of another number, sample by sample, where both have one."""
        made, base, own = self.search.simulations, self.search.base.name, self.candidates[at].name
        pairs = [(made.number(base, k, name), made.number(own, k, name)) for k in range(int(self.search.samples[at]))]
        found = np.array([before - after for before, after in pairs])
        found = found[np.isfinite(found)]
        return found if len(found) else np.array([np.nan])

    def _probabilities(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return how probably each candidate is best, and belongs to the best set; NaN where nothing is known."""
        generator = stream(self.search.base.seed, f"{_STAGE} posterior")
        values = [self.values[place] * self.windows[place] for place in self.known]
        drawn = posterior_means(values, draws=_DRAWS, generator=generator)
        best, share = np.full((2, len(self.candidates)), np.nan)
        best[self.known] = probability_best(drawn / self.cost[self.known])
        saved = np.full((_DRAWS_OF_SETS, len(self.candidates)), -1.0)
        saved[:, self.known] = drawn[:_DRAWS_OF_SETS]
        requires, excludes = self._conditions()
        found = chosen_share(saved, self.cost, budget=self.budget, requires=requires, excludes=excludes)
        share[self.known] = found[self.known]
        return best, share

    def joint(self, chosen: Scenario, taken: Sequence[int], *, samples: int) -> Joint:
        """Simulate the chosen set on the first samples and, with the base, on new ones; return what it saves."""
        search, made = self.search, self.search.simulations
        new = range(int(search.samples.max()), int(search.samples.max()) + samples)
        alone = search.candidates[taken[0]] if len(taken) == 1 else None
        scenario = chosen if alone is None else alone
        old = [] if alone is not None else [(chosen, k) for k in range(samples)]
        try:
            made.run([*old, *((search.base, k) for k in new), *((scenario, k) for k in new)])
        except ScenarioError as error:  # each can be had alone; what is known of them stays true
            self.impossible = str(error)
        fresh = saved_by(made, search.base, scenario, kpi=search.kpi, samples=new)
        together = saved_by(made, search.base, scenario, kpi=search.kpi, samples=range(samples))
        singles = sum(
            saved_by(made, search.base, search.candidates[place], kpi=search.kpi, samples=range(samples))
            for place in taken
        )
        both = np.isfinite(together) & np.isfinite(singles)
        return Joint(
            saved=self._bounded(fresh[np.isfinite(fresh)]),
            samples=int(np.isfinite(fresh).sum()),
            together=self._bounded(together[both]),
            singles=self._bounded(np.asarray(singles)[both]),
            interaction=self._bounded((together - singles)[both]),
            common_samples=int(both.sum()),
            marked=made.marked(scenario.name),
        )

    def _bounded(self, values: NDArray[np.float64]) -> Bounded:
        return Bounded.of(values, confidence=self.confidence, dice=self.dice)


def _warnings(
    search: Search, offered: Candidates, ranking: Sequence[RankedCandidate], *, within: Sequence[int]
) -> tuple[str, ...]:
    """Return what must be known before the numbers are believed."""
    said: list[str] = []
    if marked := search.simulations.marked(search.base.name):
        said.append(f"{marked} runs of the base did not pass their gates: they may hold jams")
    for row in ranking:
        if row.failed:
            said.append(f"{row.name}: {row.failed} runs failed and are left out")
        if row.marked:
            said.append(f"{row.name}: {row.marked} runs did not pass their gates: they may hold jams")
        if row.trips_removed > 0:
            said.append(
                f"{row.name}: takes {row.trips_removed:,.1f} trips a window off the road; what their loss costs people "
                "is not counted"
            )
        if row.chosen and row.saved.side != "above":
            said.append(f"{row.name}: is chosen for its mean, but what it saves may be chance")
        if row.samples < LEAST_FINITE:
            said.append(f"{row.name}: too few runs to judge it")
    kinds = {
        one.name: {measure.kind for measure in one.measures} for one in map(offered.candidates.__getitem__, within)
    }
    built = sorted(name for name, found in kinds.items() if "new_road" in found)
    if built and search.base.choose_again == "affected":
        said.append(
            f"{', '.join(built)}: with choose_again: affected, only those who look for another way on the road find a "
            "new one; choose_again: all lets everybody look"
        )
    moved = sorted(name for name, found in kinds.items() if found & _AGAINST_FREE_FLOW)
    if moved and search.kpi == "delay_hours":
        said.append(
            f"delay is held against the speed limit, which {', '.join(moved)} may move: look at trip_hours_saved, or "
            "rank by trip_hours"
        )
    return tuple(said)
