"""Bound what any plan of charging sites loses, in seconds, however large the programme is.

With any prices of the cars, no plan brings more than the sum of the prices and of what every place wins beyond them
(Lagrangian relaxation: Fisher 1981, The Lagrangian relaxation method for solving integer programming problems,
Management Science 27). Which options win most within the budget is then a knapsack problem with one kind and one number
of plugs a site: a few hundred whole numbers instead of a programme of all cars. The prices of a good plan give a good
bound.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from trafficdiff.datatypes.charging_sites import SiteOptions
    from trafficdiff.demand.siting_problem import SitingProblem

__all__ = ["price_bound_kwh"]


def price_bound_kwh(
    problem: SitingProblem, options: SiteOptions, *, budget: float, plans: Iterable[NDArray[np.int64]]
) -> float:
    """Return what every plan loses at least [kWh a day], at least 0: the best bound that the prices of plans give.

    Parameters
    ----------
    problem, options
        The programme, and what can be built.

    Other Parameters
    ----------------
    budget
        Most that may be spent [money].
    plans
        Plugs of each option, shape (O,); the prices of cars are taken from each of them.
    """
    bounds = [0.0]
    for plugs in plans:
        _, worth = problem.priced(plugs)
        bounds.append(problem.bound_kwh(worth, _most_won_kwh(problem, options, worth, budget=budget)))
    return max(bounds)


def _most_won_kwh(
    problem: SitingProblem, options: SiteOptions, worth: NDArray[np.float64], *, budget: float
) -> float:  # fmt: skip
    """Return the most that options win within the budget, one kind and number of plugs a site [kWh a day]."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import coo_matrix

    option = np.repeat(np.arange(len(options)), options.most)
    plugs = np.concatenate([np.arange(1, most + 1) for most in options.most.tolist()])
    won = np.array(
        [problem.most_won_kwh(worth, k, n) for k, n in zip(option.tolist(), plugs.tolist(), strict=True)]
    )  # fmt: skip
    cost = options.fixed_cost[option] + options.plug_cost[option] * plugs
    useful = np.flatnonzero((won > 0) & (cost <= budget))
    if not len(useful):
        return 0.0
    ones = np.ones(len(useful))
    site = coo_matrix((ones, (options.site[option[useful]], np.arange(len(useful)))),
                      shape=(len(options.sites), len(useful)))  # fmt: skip
    found: Any = milp(
        -won[useful],
        constraints=[
            LinearConstraint(site, -np.inf, 1.0),
            LinearConstraint(cost[useful][None] / max(budget, 1e-9), -np.inf, 1.0),
        ],
        integrality=np.ones(len(useful), np.int64),
        bounds=Bounds(0, 1),
        options={"mip_rel_gap": 1e-6, "time_limit": 10.0},
    )
    dual = found.mip_dual_bound
    return float(won[useful].sum()) if dual is None or not np.isfinite(dual) else -float(dual)
