"""Choose what to build within a budget: the candidates that save most together, if savings added up.

A knapsack problem with conditions, solved exactly as a mixed-integer linear programme by HiGHS (Huangfu and Hall 2018,
Parallelizing the dual revised simplex method, Mathematical Programming Computation 10), through scipy::

    maximise  sum x_i saved_i     with  sum x_i cost_i <= budget
                                        x_i <= x_j          where i requires j
                                        x_i + x_j <= 1      where i excludes j
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.errors import SimulationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["best_portfolio", "chosen_share", "fits_alone"]

_CHEAPER: Final = 1e-9
"""What the whole budget counts for against the largest saving: of equal savings the cheaper one is chosen."""
_TOLERANCE: Final = 1e-6
"""By which HiGHS may break a condition (its primal_feasibility_tolerance, rounded up)."""


def best_portfolio(
    saved: NDArray[np.float64],
    cost: NDArray[np.float64],
    *,
    budget: float,
    requires: Sequence[tuple[int, int]] = (),
    excludes: Sequence[tuple[int, int]] = (),
) -> NDArray[np.bool_]:
    """Return which candidates to take, shape (K,).

    Parameters
    ----------
    saved
        What each saves, alone; what does harm is below 0, shape (K,).
    cost
        Above 0, shape (K,).
    budget
        Most that all may cost.
    requires
        Pairs (i, j): i is only taken with j.
    excludes
        Pairs (i, j) that are not taken together.
    """
    taken = _solved(saved, cost, budget=budget, requires=requires, excludes=excludes)
    if cost[taken].sum() > budget:  # by HiGHS's tolerance
        return _solved(saved, cost, budget=budget * (1 - 2 * _TOLERANCE), requires=requires, excludes=excludes)
    return taken


def _solved(
    saved: NDArray[np.float64],
    cost: NDArray[np.float64],
    *,
    budget: float,
    requires: Sequence[tuple[int, int]],
    excludes: Sequence[tuple[int, int]],
) -> NDArray[np.bool_]:
    from scipy.optimize import Bounds, LinearConstraint, milp

    count = len(saved)
    rows, most = [cost / budget], [1.0]
    for pairs, other, bound in ((requires, -1.0, 0.0), (excludes, 1.0, 1.0)):
        for first, second in pairs:
            row = np.zeros(count)
            row[first], row[second] = 1.0, other
            rows.append(row)
            most.append(bound)
    largest = float(np.abs(saved).max())
    gain = saved / largest if largest > 0 else saved
    found: Any = milp(
        -(gain - _CHEAPER * cost / budget),
        constraints=LinearConstraint(np.array(rows), -np.inf, np.array(most)),
        integrality=np.ones(count, np.int64),
        bounds=Bounds(0, 1),
        options={"mip_rel_gap": 0.0},
    )
    if found.x is None:
        raise SimulationError(f"expected a choice within the budget, got {found.message!r} from HiGHS")
    return np.asarray(found.x > 0.5)


def chosen_share(
    drawn: NDArray[np.float64],
    cost: NDArray[np.float64],
    *,
    budget: float,
    requires: Sequence[tuple[int, int]] = (),
    excludes: Sequence[tuple[int, int]] = (),
) -> NDArray[np.float64]:
    """Return in which share of the draws each candidate belongs to the best portfolio, shape (K,).

    Parameters
    ----------
    drawn
        Draws of what each saves, shape (draws, K); one programme is solved for each.
    """
    chosen = [best_portfolio(row, cost, budget=budget, requires=requires, excludes=excludes) for row in drawn]
    return np.asarray(np.mean(chosen, axis=0))


def fits_alone(
    cost: NDArray[np.float64],
    *,
    budget: float,
    requires: Sequence[tuple[int, int]] = (),
    excludes: Sequence[tuple[int, int]] = (),
) -> NDArray[np.bool_]:
    """Return which candidates can be had at all: with all that they require, within the budget, shape (K,)."""
    fits = np.zeros(len(cost), bool)
    barred = {frozenset(pair) for pair in excludes}
    for candidate in range(len(cost)):
        needed, waiting = {candidate}, [candidate]
        while waiting:
            here = waiting.pop()
            found = {second for first, second in requires if first == here} - needed
            needed |= found
            waiting += found
        within = cost[list(needed)].sum() <= budget
        fits[candidate] = within and not any(pair <= needed for pair in barred)
    return fits
