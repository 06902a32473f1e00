"""Choose sites and plugs greedily: take, again and again, the step that saves most for its cost.

A step opens a site with some plugs, or adds some. What it saves is one more linear programme of all cars, so steps are
first judged by a bound that costs little: with the prices of the cars in the plan at hand, a place can win no more than
the cars that fit into its plugs are worth beyond these prices (Lagrangian bound; Fisher 1981, Management Science 27).
Steps wait in a queue by their bounds, and only what comes to its head is worked out (lazy evaluation: Minoux 1978,
Optimization Techniques), no more than a few in vain. When time is over, the rest of the money follows the bounds.
"""

from __future__ import annotations

import heapq
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.charging_sites import SiteOptions
    from trafficdiff.demand.siting_problem import SitingProblem

__all__ = ["Deadline", "greedy_plugs"]

_STEPS: Final = (1, 2, 4)
"""Plugs that a greedy step adds. More than one, because opening a site costs once."""
_WEIGHTS: Final = (1.0, 0.0, 0.5)
"""Powers of the cost by which what steps save is divided, in the order in which they are tried."""
_TRIES: Final = 6
"""Steps in a row that are worked out without a better one before the best is taken: bounds run some 15 % high, and of
many sites that are nearly alike each would have to be tried (measured in Helsinki: their savings differ by 0.3 %)."""
_LEAST_SAVED_KWH: Final = 1e-6
_PART_OF_BUDGET: Final = 1e-9


@dataclass(frozen=True)
class Deadline:
    """Be a moment after which no further programme is begun [s of `time.monotonic`]."""

    until_s: float = math.inf

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """Return the moment so many seconds from now."""
        return cls(time.monotonic() + seconds)

    @property
    def is_over(self) -> bool:
        """Whether it has come."""
        return time.monotonic() >= self.until_s

    @property
    def left_s(self) -> float:
        """How long it is until then, at least 0 [s]."""
        return max(self.until_s - time.monotonic(), 0.0)


def greedy_plugs(
    problem: SitingProblem, options: SiteOptions, *, budget: float, deadline: Deadline | None = None
) -> NDArray[np.int64]:
    """Return the plugs of each option that the greedy search chooses, shape (O,).

    Steps go by what they save for their cost, once more by what they save, and once by what lies between (over the
    root of the cost); the best plan is taken (Leskovec et al. 2007, Cost-effective outbreak detection in networks, KDD,
    for the first two). Then each site is taken out and its money spent anew,
    as long as that is better. There is no guarantee: how far a plan is from the best is measured against the exact one
    or a bound.

    Parameters
    ----------
    problem, options
        The programme, and what can be built.

    Other Parameters
    ----------------
    budget
        Most that may be spent [money].
    deadline
        When the search has to end; the plan is then what it has come to.
    """
    deadline = deadline or Deadline()
    nothing = np.zeros(len(options), np.int64)
    plans: list[NDArray[np.int64]] = []
    for weight in _WEIGHTS:
        if not plans or not deadline.is_over:
            plans.append(_stepped(problem, options, nothing, budget=budget, weight=weight, deadline=deadline))
    best = min(plans, key=lambda plugs: problem.loss(plugs).loss_kwh) if len(plans) > 1 else plans[0]
    return _refilled(problem, options, best, budget=budget, deadline=deadline)


def _stepped(
    problem: SitingProblem,
    options: SiteOptions,
    plugs: NDArray[np.int64],
    *,
    budget: float,
    weight: float,
    deadline: Deadline,
) -> NDArray[np.int64]:
    while True:
        steps = _affordable(options, plugs, budget=budget)
        if not len(steps[0]):
            return plugs
        queue = _Queue(problem, plugs, steps, weight=weight)
        if deadline.is_over:
            return queue.spent_by_bounds(options, budget=budget)
        found = queue.best(deadline)
        if found is None:
            return plugs
        plugs = found


class _Queue:
    """Keep the steps from a plan by what they save at most.

    Parameters
    ----------
    problem, plugs
        The programme, and the plan.
    steps
        Option, plugs added and cost of each step.
    weight
        A step's rate is what it saves over its cost to this power.
    """

    def __init__(
        self,
        problem: SitingProblem,
        plugs: NDArray[np.int64],
        steps: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]],
        *,
        weight: float,
    ) -> None:
        self.problem, self.plugs = problem, plugs
        self.option, self.added, cost = steps
        self.cost = cost**weight
        self.loss_kwh, self.worth = problem.priced(plugs)
        one = {k: self._bound_kwh(k, 1) for k in np.unique(self.option).tolist()}
        # What a place can win is concave in its plugs: so many plugs win at most so many times what one does.
        first = np.array([one[k] * n for k, n in zip(self.option.tolist(), self.added.tolist(), strict=True)])
        self.heap = [(-first[k] / self.cost[k], 0, k) for k in range(len(first)) if first[k] > _LEAST_SAVED_KWH]
        heapq.heapify(self.heap)

    def _bound_kwh(self, option: int, added: int) -> float:
        plugs = int(self.plugs[option])
        more = self.problem.most_won_kwh(self.worth, option, plugs + added)
        return more - (self.problem.most_won_kwh(self.worth, option, plugs) if plugs else 0.0)

    def best(self, deadline: Deadline) -> NDArray[np.int64] | None:
        """Return the plugs after the best step; None if none saves anything."""
        best: tuple[float, NDArray[np.int64]] | None = None
        in_vain = 0
        while self.heap and in_vain < _TRIES and not (deadline.is_over and best is not None):
            rate, level, step = heapq.heappop(self.heap)
            if best is not None and -rate <= best[0]:
                break
            if level == 0 and self.added[step] > 1:
                bound = self._bound_kwh(int(self.option[step]), int(self.added[step]))
                if bound > _LEAST_SAVED_KWH:
                    heapq.heappush(self.heap, (-bound / self.cost[step], 1, step))
                continue
            tried = self._after(step)
            saved = self.loss_kwh - self.problem.loss(tried).loss_kwh
            if saved >= _LEAST_SAVED_KWH and (best is None or saved / self.cost[step] > best[0]):
                best, in_vain = (saved / self.cost[step], tried), 0
            else:
                in_vain += 1
        return None if best is None else best[1]

    def _after(self, step: int) -> NDArray[np.int64]:
        tried = self.plugs.copy()
        tried[self.option[step]] += self.added[step]
        return tried

    def spent_by_bounds(self, options: SiteOptions, *, budget: float) -> NDArray[np.int64]:
        """Return the plan after the money was spent by bounds alone, the best rate first, each option once."""
        plugs = self.plugs.copy()
        for _, _, step in sorted(self.heap):
            own, more = int(self.option[step]), int(self.added[step])
            option, added, _ = _affordable(options, plugs, budget=budget)
            if plugs[own] == self.plugs[own] and ((option == own) & (added == more)).any():
                plugs[own] += more
        return plugs


def _affordable(
    options: SiteOptions, plugs: NDArray[np.int64], *, budget: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return the steps that sites and budget allow: option, plugs added, cost; one kind of plugs a site."""
    option, added = (one.ravel() for one in np.meshgrid(np.arange(len(options)), np.array(_STEPS), indexing="ij"))
    taken = np.full(len(options.sites), -1)
    taken[options.site[plugs > 0]] = np.flatnonzero(plugs)
    free = (taken[options.site[option]] < 0) | (taken[options.site[option]] == option)
    cost = options.plug_cost[option] * added + options.fixed_cost[option] * (plugs[option] == 0)
    left = budget - options.cost(plugs)
    allowed = free & (plugs[option] + added <= options.most[option]) & (cost <= left * (1 + _PART_OF_BUDGET))
    return option[allowed], added[allowed], np.maximum(cost[allowed], 1e-9)


def _refilled(
    problem: SitingProblem, options: SiteOptions, plugs: NDArray[np.int64], *, budget: float, deadline: Deadline
) -> NDArray[np.int64]:
    """Return the plan after each site was taken out and the money spent anew, until that is no better."""
    best = plugs
    while not deadline.is_over:
        found = _refilled_once(problem, options, best, budget=budget, deadline=deadline)
        if (found == best).all():
            break
        best = found
    return best


def _refilled_once(
    problem: SitingProblem, options: SiteOptions, plugs: NDArray[np.int64], *, budget: float, deadline: Deadline
) -> NDArray[np.int64]:
    best, best_kwh = plugs, problem.loss(plugs).loss_kwh
    for option in np.flatnonzero(plugs).tolist():
        without = best.copy()
        if not without[option]:
            continue
        without[option] = 0
        for weight in _WEIGHTS:
            if deadline.is_over:
                return best
            tried = _stepped(problem, options, without, budget=budget, weight=weight, deadline=deadline)
            loss_kwh = problem.loss(tried).loss_kwh
            if loss_kwh < best_kwh - _LEAST_SAVED_KWH:
                best, best_kwh = tried, loss_kwh
    return best
