"""Choose sites and plugs within a budget exactly, or at random.

The exact search is a mixed-integer linear programme: plugs are whole numbers, and shares of cars stay shares.
HiGHS solves it (Huangfu and Hall 2018, Mathematical Programming Computation 10) or gives a bound when its time is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.errors import SimulationError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.charging_sites import SiteOptions
    from trafficdiff.demand.siting_problem import SitingProblem

__all__ = ["EXACT_S", "Exact", "exact_plugs", "random_plugs"]

EXACT_S: Final = 120.0
"""How long the exact search goes on by default [s]."""
_PART_OF_BUDGET: Final = 1e-9


@dataclass(frozen=True, eq=False, kw_only=True)
class Exact:
    """Hold what the exact search found.

    Parameters
    ----------
    plugs
        Shape (O,), of each option; None if no plan was found in time.
    bound_kwh
        No plan loses less than this [kWh a day]; minus infinity if HiGHS had no bound in time.
    finished
        Whether the plan is proven the best.
    """

    plugs: NDArray[np.int64] | None
    bound_kwh: float
    finished: bool


def random_plugs(options: SiteOptions, *, budget: float, generator: np.random.Generator) -> NDArray[np.int64]:
    """Return the plugs of each option that a blindfolded planner would choose, shape (O,).

    Sites come in random order, each with a random kind and number of plugs that the rest of the budget allows.
    """
    plugs = np.zeros(len(options), np.int64)
    for site in generator.permutation(len(options.sites)):
        left = budget * (1 + _PART_OF_BUDGET) - options.cost(plugs)
        own = np.flatnonzero(options.site == site)
        room = np.minimum(
            options.most[own],
            np.floor((left - options.fixed_cost[own]) / np.maximum(options.plug_cost[own], 1e-9)),
        )
        if (room >= 1).any():
            which = generator.choice(np.flatnonzero(room >= 1))
            plugs[own[which]] = generator.integers(1, int(room[which]) + 1)
    return plugs


def exact_plugs(
    problem: SitingProblem, options: SiteOptions, *, budget: float, seconds: float = EXACT_S, relaxed: bool = False
) -> Exact:
    """Return the best plan of all, or the best that was found in time with a bound on what any plan loses.

    Parameters
    ----------
    problem, options
        The programme, and what can be built.

    Other Parameters
    ----------------
    budget
        Most that may be spent [money].
    seconds
        Longest search [s].
    relaxed
        Whether plugs and sites may be shares of one: a bound at once, and no plan.

    Raises
    ------
    SimulationError
        If HiGHS gives a plan above the budget.
    """
    from scipy.optimize import Bounds, milp

    count, columns = len(options), len(problem.car)
    chance = np.concatenate([-problem.gain_kwh / problem.days, np.zeros(2 * count)])
    whole = np.concatenate([np.zeros(columns), np.full(2 * count, 0 if relaxed else 1)])
    most = np.concatenate([np.ones(columns), options.most, np.ones(count)])
    found: Any = milp(
        chance,
        constraints=_conditions(problem, options, budget=budget),
        integrality=whole,
        bounds=Bounds(0, most),
        options={"mip_rel_gap": 0.0, "time_limit": seconds},
    )
    all_kwh = float(problem.wanted_kwh.sum()) / problem.days
    dual = (found.fun if found.status == 0 else None) if relaxed else found.mip_dual_bound
    dual = -np.inf if dual is None or not np.isfinite(dual) else dual
    plugs = None
    if found.x is not None and not relaxed:
        plugs = np.round(found.x[columns : columns + count]).astype(np.int64)
        if options.cost(plugs) > budget * (1 + 1e-6):
            raise SimulationError(f"expected a plan within {budget:g} from HiGHS, got one of {options.cost(plugs):g}")
    return Exact(plugs=plugs, bound_kwh=all_kwh + float(dual), finished=found.status == 0 and not relaxed)


def _conditions(problem: SitingProblem, options: SiteOptions, *, budget: float) -> list[Any]:
    """Return the conditions over shares, plugs and open options, in this order."""
    from scipy.optimize import LinearConstraint
    from scipy.sparse import coo_matrix, csr_matrix, eye, hstack, vstack

    count, columns, cars = len(options), len(problem.car), len(problem.wanted_kwh)
    first = len(problem.existing)
    ones = np.ones(columns)
    once = coo_matrix((ones, (problem.car, np.arange(columns))), shape=(cars, columns + 2 * count))
    optional = problem.row_place >= first
    rows = np.flatnonzero(optional)
    plugs = coo_matrix(
        (-np.ones(len(rows)), (rows, problem.row_place[rows] - first)), shape=(len(problem.row_place), 2 * count)
    )
    held_most = np.zeros(len(problem.row_place))
    held_most[~optional] = problem.existing[problem.row_place[~optional]]
    own = problem.place >= first
    pair, of_pair = np.unique(problem.car[own] * count + problem.place[own] - first, return_inverse=True)
    through = coo_matrix((ones[own], (np.ravel(of_pair), np.flatnonzero(own))), shape=(len(pair), columns))
    opened = coo_matrix(
        (-np.ones(len(pair)), (np.arange(len(pair)), count + pair % count)), shape=(len(pair), 2 * count)
    )
    nothing = csr_matrix((count, columns))
    many = hstack([nothing, eye(count), -coo_matrix(np.diag(options.most.astype(float)))])
    sites = coo_matrix((np.ones(count), (options.site, columns + count + np.arange(count))),
                       shape=(len(options.sites), columns + 2 * count))  # fmt: skip
    money = np.concatenate([np.zeros(columns), options.plug_cost, options.fixed_cost]) / max(budget, 1e-9)
    parts = [
        (once, np.ones(cars)), (hstack([problem.held, plugs]), held_most),
        (hstack([through, opened]), np.zeros(len(pair))), (many, np.zeros(count)),
        (sites, np.ones(len(options.sites))), (csr_matrix(money), np.ones(1)),
    ]  # fmt: skip
    matrix = vstack([part for part, _ in parts], format="csr")
    return [LinearConstraint(matrix, -np.inf, np.concatenate([most for _, most in parts]))]
