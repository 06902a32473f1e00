"""Choose sites and plugs within a budget: greedily, exactly, at random.

The greedy search takes, again and again, the step that saves most for its cost: to open a site with some plugs, or to
add some. Steps are tried in the order of what they can save at most, as the programme's prices and earlier tries say,
and no further than the best one found (lazy evaluation: Minoux 1978, Accelerated greedy algorithms, Optimization
Techniques). That a step saves no more later than it did when it was tried is taken for granted; it is mostly true.

The exact one is a mixed-integer linear programme: plugs are whole numbers, and shares of cars stay shares. HiGHS solves
it (Huangfu and Hall 2018, Mathematical Programming Computation 10) or gives a bound when its time is over.
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

__all__ = ["EXACT_S", "Exact", "exact_plugs", "greedy_plugs", "random_plugs"]

EXACT_S: Final = 120.0
"""How long the exact search goes on by default [s]."""
_STEPS: Final = (1, 2, 4)
"""Plugs that a greedy step adds. More than one, because opening a site costs once."""
_LEAST_SAVED_KWH: Final = 1e-6
_PART_OF_BUDGET: Final = 1e-9


@dataclass(frozen=True, eq=False, kw_only=True)
class Exact:
    """Hold what the exact search found.

    Parameters
    ----------
    plugs
        Shape (O,), of each option; None if no plan was found in time.
    bound_kwh
        No plan loses less than this [kWh a day].
    finished
        Whether the plan is proven the best.
    """

    plugs: NDArray[np.int64] | None
    bound_kwh: float
    finished: bool


def greedy_plugs(problem: SitingProblem, options: SiteOptions, *, budget: float) -> NDArray[np.int64]:
    """Return the plugs of each option that the greedy search chooses, shape (O,).

    Steps go by what they save for their cost, and once more by what they save; the better plan is taken (Leskovec et
    al. 2007, Cost-effective outbreak detection in networks, KDD), or one site alone where that is better still. Then
    each site is taken out once and its money spent anew. There is no guarantee: how far a plan is from the best is
    measured against the exact one or its bound.
    """
    nothing = np.zeros(len(options), np.int64)
    plans = [_stepped(problem, options, nothing, budget=budget, by_cost=by_cost) for by_cost in (True, False)]
    if (single := _best_single(problem, options, budget=budget)) is not None:
        plans.append(single)
    best = min(plans, key=lambda plugs: problem.loss(plugs).loss_kwh)
    return _refilled(problem, options, best, budget=budget)


def _stepped(
    problem: SitingProblem, options: SiteOptions, plugs: NDArray[np.int64], *, budget: float, by_cost: bool
) -> NDArray[np.int64]:
    plugs, tried = plugs.copy(), np.full((len(options), max(_STEPS) + 1), np.inf)
    while True:
        option, added, cost = _affordable(options, plugs, budget=budget)
        if not len(option):
            return plugs
        found = _best_step(problem, plugs, (option, added, cost if by_cost else np.ones(len(cost))), known_kwh=tried)
        if found is None:
            return plugs
        plugs = found


def _best_step(
    problem: SitingProblem,
    plugs: NDArray[np.int64],
    steps: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]],
    *,
    known_kwh: NDArray[np.float64],
) -> NDArray[np.int64] | None:
    """Return the plugs after the step that saves most for its cost; None if none saves anything.

    `steps` are option, plugs added and cost; `known_kwh`, shape (O, steps), is what steps have saved when they were
    tried last, and is brought up to date.
    """
    option, added, cost = steps
    loss_kwh, price = problem.priced(plugs)
    most_saved = np.minimum(np.minimum(added * price[option], loss_kwh), known_kwh[option, added])
    bound = most_saved / cost
    best, best_rate = None, 0.0
    for step in np.argsort(-bound, kind="stable").tolist():
        if bound[step] <= best_rate or most_saved[step] < _LEAST_SAVED_KWH:
            break
        tried = plugs.copy()
        tried[option[step]] += added[step]
        saved = loss_kwh - problem.loss(tried).loss_kwh
        known_kwh[option[step], added[step]] = saved
        if saved >= _LEAST_SAVED_KWH and saved / cost[step] > best_rate:
            best, best_rate = tried, saved / cost[step]
    return best


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


def _best_single(problem: SitingProblem, options: SiteOptions, *, budget: float) -> NDArray[np.int64] | None:
    """Return the best plan with one site that has as many plugs as budget and site allow; None if there is none."""
    room = (budget * (1 + _PART_OF_BUDGET) - options.fixed_cost) / np.maximum(options.plug_cost, 1e-9)
    most = np.minimum(options.most, np.floor(np.maximum(room, 0))).astype(np.int64)
    _, price = problem.priced(np.zeros(len(options), np.int64))
    bound, none = most * price, problem.loss(np.zeros(len(options), np.int64)).loss_kwh
    best, best_saved = None, _LEAST_SAVED_KWH
    for place in np.argsort(-bound, kind="stable").tolist():
        if bound[place] <= best_saved:
            break
        plugs = np.zeros(len(options), np.int64)
        plugs[place] = most[place]
        saved = none - problem.loss(plugs).loss_kwh
        if saved > best_saved:
            best, best_saved = plugs, saved
    return best


def _refilled(
    problem: SitingProblem, options: SiteOptions, plugs: NDArray[np.int64], *, budget: float
) -> NDArray[np.int64]:
    """Return the plan after each site was once taken out and the money spent anew, where that was better."""
    best, best_kwh = plugs, problem.loss(plugs).loss_kwh
    for option in np.flatnonzero(plugs).tolist():
        without = best.copy()
        if not without[option]:
            continue
        without[option] = 0
        for by_cost in (True, False):
            tried = _stepped(problem, options, without, budget=budget, by_cost=by_cost)
            loss_kwh = problem.loss(tried).loss_kwh
            if loss_kwh < best_kwh - _LEAST_SAVED_KWH:
                best, best_kwh = tried, loss_kwh
    return best


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

    Where the time is over before HiGHS has a bound, the prices of plugs give one (`_price_bound_kwh`).

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
    if dual is None or not np.isfinite(dual):
        dual = _price_bound_kwh(problem, options, budget=budget) - all_kwh
    plugs = None
    if found.x is not None and not relaxed:
        plugs = np.round(found.x[columns : columns + count]).astype(np.int64)
        if options.cost(plugs) > budget * (1 + 1e-6):
            raise SimulationError(f"expected a plan within {budget:g} from HiGHS, got one of {options.cost(plugs):g}")
    return Exact(plugs=plugs, bound_kwh=all_kwh + float(dual), finished=found.status == 0 and not relaxed)


def _price_bound_kwh(problem: SitingProblem, options: SiteOptions, *, budget: float) -> float:
    """Return what every plan loses at least [kWh a day]: no site costs anything, each plug saves its first one's price.

    The loss is convex in the plugs, so it never falls below its tangent at no plugs at all; the budget goes to the
    plugs that save most for their cost, the last one in part (Dantzig 1957, Discrete-variable extremum problems).
    """
    loss_kwh, price = problem.priced(np.zeros(len(options), np.int64))
    cost = np.maximum(options.plug_cost, 1e-9)
    best = np.argsort(-price / cost, kind="stable")
    spent = np.cumsum(cost[best] * options.most[best])
    part = np.clip(1 - (spent - budget) / (cost[best] * options.most[best]), 0.0, 1.0)
    return max(loss_kwh - float((part * options.most[best] * price[best]).sum()), 0.0)


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
