"""The exact search finds what trying everything finds; the greedy one stays near; nobody spends more than there is."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tests.demand.siting_town import candidates, offers_at, problem, town
from trafficdiff.datatypes.charging_sites import SiteCosts, SiteOptions, options_of
from trafficdiff.datatypes.stations import Plugs
from trafficdiff.demand.siting_bound import price_bound_kwh
from trafficdiff.demand.siting_greedy import Deadline, greedy_plugs
from trafficdiff.demand.siting_problem import DayOffers, SitingProblem
from trafficdiff.demand.siting_search import exact_plugs, random_plugs

pytestmark = pytest.mark.slow


def everything(found: SitingProblem, options: SiteOptions, budget: float) -> float:
    """Return the least loss over all plans that the budget and one kind of plugs a site allow."""
    best = np.inf
    for plugs in itertools.product(*(range(int(most) + 1) for most in options.most)):
        plan = np.array(plugs, np.int64)
        if options.cost(plan) <= budget and np.bincount(options.site[plan > 0], minlength=1).max(initial=0) <= 1:
            best = min(best, found.loss(plan).loss_kwh)
    return best


@pytest.mark.parametrize(("seed", "budget"), [(0, 60_000.0), (1, 90_000.0), (2, 140_000.0), (3, 30_000.0)])
def test_the_exact_plan_is_as_good_as_the_best_of_all_plans(seed: int, budget: float):
    found, options = town(cars=16, sites=3, seed=seed, most=2, days=1)
    best = everything(found, options, budget)
    exact = exact_plugs(found, options, budget=budget)
    assert exact.finished
    assert exact.plugs is not None
    assert found.loss(exact.plugs).loss_kwh == pytest.approx(best, rel=1e-6)
    assert exact.bound_kwh == pytest.approx(best, rel=1e-5)
    assert exact_plugs(found, options, budget=budget, relaxed=True).bound_kwh <= best + 1e-6
    assert best - 1e-6 <= found.loss(greedy_plugs(found, options, budget=budget)).loss_kwh <= 1.1 * best


@pytest.mark.parametrize("seed", range(4))
def test_no_plan_spends_more_than_the_budget_or_mixes_plugs_at_a_site(seed: int):
    found, options = town(cars=20, sites=4, seed=seed, days=1)
    budget = 130_000.0
    generator = np.random.default_rng(seed)
    plans = [greedy_plugs(found, options, budget=budget)]
    plans += [random_plugs(options, budget=budget, generator=generator) for _ in range(20)]
    for plugs in plans:
        assert options.cost(plugs) <= budget
        assert (plugs <= options.most).all()
        assert np.bincount(options.site[plugs > 0], minlength=1).max(initial=0) <= 1
    assert len({tuple(plan) for plan in plans[1:]}) > 1


def test_greedy_is_better_than_random_placement():
    found, options = town(cars=30, sites=4, seed=5, days=1)
    generator = np.random.default_rng(5)
    drawn = [found.loss(random_plugs(options, budget=2e5, generator=generator)).loss_kwh for _ in range(20)]
    assert found.loss(greedy_plugs(found, options, budget=2e5)).loss_kwh < np.mean(drawn)


def test_the_site_on_the_way_of_those_who_want_to_charge_is_chosen():
    """Two sites that cost the same; all cars pass by the second one."""
    options = options_of(candidates(*[(Plugs(count=2, power_kw=50.0),)] * 2), SiteCosts())
    detour_s = np.tile([1_500.0, 0.0], (4, 1))
    day = DayOffers(
        offers=offers_at(np.arange(4)[:, None] * 3_600 + detour_s, detour_s, np.full((4, 2), 1_800.0)),
        wanted_kwh=np.full(4, 20.0), patience_s=np.zeros(4),
    )  # fmt: skip
    found = problem([day], options=2)
    assert greedy_plugs(found, options, budget=60_000).tolist() == [0, 1]  # one plug is enough: nobody meets another
    exact = exact_plugs(found, options, budget=200_000)
    assert exact.plugs is not None
    assert found.loss(exact.plugs).unmet_kwh == pytest.approx(0, abs=1e-6)


def test_money_is_not_spent_where_it_saves_nothing():
    options = options_of(candidates((Plugs(count=2, power_kw=50.0),)), SiteCosts())
    nothing = np.zeros((2, 1))
    day = DayOffers(
        offers=offers_at(nothing, nothing, nothing + 600, reachable=[[False], [False]]),
        wanted_kwh=np.ones(2), patience_s=np.zeros(2),
    )  # fmt: skip
    found = problem([day], options=1)
    assert greedy_plugs(found, options, budget=1e6).tolist() == [0]


def test_what_an_option_costs_is_stated_or_declared_by_power():
    costs = SiteCosts()
    assert costs.of_plug(36.0) == pytest.approx((6_000 + 40_000) / 2)  # half way between 22 and 50 kW
    assert costs.of_plug(3.7) == 6_000
    options = options_of(
        candidates((Plugs(count=2, power_kw=22.0, current="ac"), Plugs(count=1, power_kw=50.0))), costs
    )
    assert options.cost(np.array([2, 0])) == 20_000 + 2 * 6_000
    assert [station.plugs for station in options.chosen(np.array([0, 1]))] == [(Plugs(count=1, power_kw=50.0),)]
    assert options.chosen(np.array([0, 1]))[0].site_type == "rapid"


@pytest.mark.parametrize("seed", range(3))
def test_prices_of_cars_give_a_bound_and_those_of_a_good_plan_a_good_one(seed: int):
    found, options = town(cars=40, sites=4, seed=seed, days=1)
    exact = exact_plugs(found, options, budget=60_000.0)
    assert exact.plugs is not None
    least = found.loss(exact.plugs).loss_kwh
    bounds = [
        price_bound_kwh(found, options, budget=60_000.0, plans=plans)
        for plans in ([np.zeros(len(options), np.int64)], [exact.plugs])
    ]
    assert all(0 <= bound <= least + 1e-6 for bound in bounds)
    assert bounds[1] >= 0.85 * least


def test_a_search_without_time_still_gives_a_plan_within_the_budget_and_a_bound():
    found, options = town(cars=40, sites=6, seed=5)
    plugs = greedy_plugs(found, options, budget=2e5, deadline=Deadline.after(0.0))
    nothing = np.zeros(len(options), np.int64)
    assert 0 < options.cost(plugs) <= 2e5
    assert np.bincount(options.site[plugs > 0]).max() <= 1
    assert found.loss(plugs).loss_kwh < 0.7 * found.loss(nothing).loss_kwh
    assert exact_plugs(found, options, budget=2e5, seconds=0.0).bound_kwh <= found.loss(plugs).loss_kwh
