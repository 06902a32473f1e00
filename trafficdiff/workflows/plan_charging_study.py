"""Carry out a study of charging sites: state the programme, choose, estimate, and put the plan together."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from trafficdiff.datatypes.charging_site_plan import Estimate, MethodResult, PlannedSite, RandomBand, SitingPlan
from trafficdiff.datatypes.charging_sites import SiteCosts, enlargements, merged, options_of
from trafficdiff.errors import InputError
from trafficdiff.workflows.randomness import stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.charging_sites import SiteOptions
    from trafficdiff.datatypes.scenario import Scenario
    from trafficdiff.demand.siting_days import SampledDay
    from trafficdiff.demand.siting_problem import SitingProblem
    from trafficdiff.workflows.plan_charging_days import Begin
    from trafficdiff.workflows.progress import Progress

__all__ = ["ChargingStudy", "Settings"]

_STAGE: Final = "siting random"
_GREEDY_PART: Final = {"greedy": 0.7, "exact": 0.3}
"""Share of the time that the greedy search has at most; bounds or the exact search have the rest."""

_ASSUMPTIONS: Final = (
    "Costs of sites and plugs are declared where the candidates do not state them.",
    "The programme drives at free flow and deals plugs out as one hand would: it is a bound on what drivers lose.",
    "Whom the scenario lets charge does not depend on the stations: new ones draw nobody who did not want to charge.",
    "Feeder caps, opening after arrival, prices by the clock and grid connection are not part of the programme.",
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Be the numbers of the planning programme. All are declared.

    Parameters
    ----------
    bin_s
        Length of a bin of time [s].
    hour_kwh
        What an hour of detour counts against energy that is not served [kWh]: few, so that serving a car comes first.
        Waiting and the time at the plug count by the scenario's own factors on top.
    longest_detour_s
        Longest detour that anybody makes [s].
    most_sites
        Sites that the programme has at most; the others are screened out by detour.
    draws
        Random placements.
    new_days
        Days that the search does not see, to judge the plan on.
    limit_s
        Time after which no further search is begun [s of wall clock]; what was found by then is the plan, with a bound.
    most_more
        Plugs that a station of today may get on top; 0 for none.
    """

    bin_s: float = 900.0
    hour_kwh: float = 5.0
    longest_detour_s: float = 900.0
    most_sites: int = 40
    draws: int = 30
    new_days: int = 5
    limit_s: float = 300.0
    most_more: int = 4


class ChargingStudy:
    """Hold the programme and what can be built.

    Parameters
    ----------
    base, begin, days
        The scenario, where everything is, and the days to plan on.
    budget, costs, settings
        As in `plan_charging`.
    """

    def __init__(
        self, base: Scenario, begin: Begin, days: list[SampledDay], *, budget: float, costs: SiteCosts,
        settings: Settings,
    ) -> None:  # fmt: skip
        from trafficdiff.demand.siting_days import offered_on, tables_of
        from trafficdiff.demand.siting_problem import DayOffers, problem_of

        assert base.charging is not None
        self.base, self.begin, self.days, self.budget, self.settings = base, begin, days, budget, settings
        self.charging = base.charging
        own = [station for station in begin.today if station.id not in begin.built]
        more = enlargements(own, most_more=settings.most_more)
        sites = [*(begin.sites[place] for place in self._screened()), *more]
        self.options: SiteOptions = options_of(sites, costs)
        self._refuse_small_budget()
        places = (*begin.today, *self.options.stations())
        tables = tables_of(begin.graph, places)
        offered = [
            DayOffers(
                offers=offered_on(day, places, options=self.charging, tables=tables),
                wanted_kwh=day.wanted_kwh,
                patience_s=day.patience_s,
            )
            for day in days
        ]
        taste = self.charging.choice
        self.problem: SitingProblem = problem_of(
            offered,
            existing=np.array([_plugs_at_once(station) for station in begin.today], np.float64),
            options=len(self.options),
            bin_s=settings.bin_s,
            weights=(settings.hour_kwh * taste.wait_factor, settings.hour_kwh,
                     settings.hour_kwh * taste.charging_factor),
            longest_detour_s=settings.longest_detour_s,
        )  # fmt: skip

    def _screened(self) -> NDArray[np.int64]:
        from trafficdiff.demand.siting_days import offered_on, tables_of
        from trafficdiff.demand.siting_screen import kept_sites

        sites, most = self.begin.sites, self.settings.most_sites
        if len(sites) <= most:
            return np.arange(len(sites))
        stations = tuple(replace(site.station, plugs=site.station.plugs[:1]) for site in sites)
        tables = tables_of(self.begin.graph, stations)
        found = [offered_on(day, stations, options=self.charging, tables=tables) for day in self.days]
        detour_s = np.concatenate([np.where(one.reachable, one.detour_s, np.inf) for one in found])
        kinds = [site.kind for site in sites]
        return kept_sites(detour_s, kinds, most=most, longest_detour_s=self.settings.longest_detour_s)

    def _refuse_small_budget(self) -> None:
        cheapest = float((self.options.fixed_cost + self.options.plug_cost).min())
        if cheapest > self.budget:
            raise InputError(
                f"budget: expected enough for one plug at the cheapest site, {cheapest:,.0f}, got {self.budget:,.0f}"
            )

    def choose(self, method: str, progress: Progress) -> tuple[NDArray[np.int64], list[MethodResult]]:
        """Return the plugs of each option, and what each method found."""
        from trafficdiff.demand.siting_bound import price_bound_kwh
        from trafficdiff.demand.siting_greedy import Deadline, greedy_plugs
        from trafficdiff.demand.siting_search import exact_plugs

        problem, options, budget = self.problem, self.options, self.budget
        whole = Deadline.after(self.settings.limit_s)
        progress("choosing greedily", None)
        greedy = greedy_plugs(
            problem, options, budget=budget, deadline=Deadline.after(_GREEDY_PART[method] * self.settings.limit_s)
        )  # fmt: skip
        progress("bounding what any plan loses", None)
        bound_kwh = price_bound_kwh(problem, options, budget=budget, plans=[np.zeros(len(options), np.int64), greedy])
        progress("choosing exactly" if method == "exact" else "bounding what any plan loses", None)
        exact = exact_plugs(problem, options, budget=budget, seconds=whole.left_s, relaxed=method == "greedy")
        bound_kwh = max(bound_kwh, exact.bound_kwh)
        if method == "greedy":
            return greedy, [self._result("greedy", greedy, bound_kwh, proven=False)]
        found = greedy if exact.plugs is None else min(
            (exact.plugs, greedy), key=lambda plugs: round(problem.loss(plugs).loss_kwh, 6)
        )  # fmt: skip
        return found, [
            self._result("exact", found, bound_kwh, proven=exact.finished),
            self._result("greedy", greedy, bound_kwh, proven=False),
        ]

    def _result(
        self, method: Literal["greedy", "exact"], plugs: NDArray[np.int64], bound_kwh: float, *, proven: bool
    ) -> MethodResult:
        estimate = self.estimate(plugs)
        bound_kwh = min(bound_kwh, estimate.loss_kwh)  # equal but for rounding where the plan is the best
        gap = (estimate.loss_kwh - bound_kwh) / max(bound_kwh, 1e-9) if estimate.loss_kwh > 0 else 0.0
        return MethodResult(
            method=method, cost=self.options.cost(plugs), sites=int((plugs > 0).sum()), plugs=int(plugs.sum()),
            estimate=estimate, bound_kwh=bound_kwh, gap=gap, proven=proven,
        )  # fmt: skip

    def estimate(self, plugs: NDArray[np.int64], new_days: list[SampledDay] | None = None) -> Estimate:
        """Return what a plan loses in the programme, and on new days with drivers who choose for themselves."""
        from trafficdiff.demand.siting_days import own_choice

        numbers: dict[str, float] = {name: max(v, 0.0) for name, v in asdict(self.problem.loss(plugs)).items()}
        if new_days:
            stations = merged(self.begin.today, self.options.chosen(plugs))
            told = own_choice(new_days, stations, options=self.charging)
            numbers["new_days_unmet_kwh"] = float(np.mean([one.unmet_kwh for one in told]))
            numbers["new_days_wait_h"] = float(np.mean([one.wait_h for one in told]))
        return Estimate(**numbers)

    def plan(
        self, plugs: NDArray[np.int64], results: list[MethodResult], *, method: Literal["greedy", "exact"],
        currency: str, costs: SiteCosts, new_days: list[SampledDay],
    ) -> SitingPlan:  # fmt: skip
        """Return the whole plan."""
        from trafficdiff import __version__

        problem, settings = self.problem, self.settings
        served = np.zeros(len(problem.wanted_kwh), bool)
        served[problem.car] = True
        return SitingPlan(
            scenario=self.base.name, budget=self.budget, cost=self.options.cost(plugs), currency=currency,
            method=method, samples=len(self.days), seed=self.base.seed, sites=self._sites(plugs),
            today=self.estimate(np.zeros(len(self.options), np.int64), new_days),
            planned=self.estimate(plugs, new_days), gap=results[0].gap, methods=tuple(results),
            random=self._random(results[0].estimate.loss_kwh),
            out_of_reach_kwh=float(problem.wanted_kwh[~served].sum()) / problem.days,
            wanted_kwh=float(problem.wanted_kwh.sum()) / problem.days,
            wanted_cars=len(problem.wanted_kwh) / problem.days, costs=costs, candidates=len(self.begin.sites),
            considered=len(self.options.sites), settings={k: float(v) for k, v in asdict(settings).items()},
            assumptions=_ASSUMPTIONS,
            provenance={"version": __version__, "scenario_hash": self.base.hash, "network": self.base.network,
                        "candidates": self.begin.source},
        )  # fmt: skip

    def _random(self, loss_kwh: float) -> RandomBand:
        from trafficdiff.demand.siting_search import random_plugs

        generator = stream(self.base.seed, _STAGE)
        drawn = [
            self.problem.loss(random_plugs(self.options, budget=self.budget, generator=generator))
            for _ in range(self.settings.draws)
        ]
        losses = np.array([one.loss_kwh for one in drawn])
        low, high = np.quantile(losses, [0.05, 0.95])
        return RandomBand(
            draws=len(drawn), loss_mean_kwh=float(losses.mean()), loss_low_kwh=float(low), loss_high_kwh=float(high),
            unmet_mean_kwh=max(float(np.mean([one.unmet_kwh for one in drawn])), 0.0),
            wait_mean_h=max(float(np.mean([one.wait_h for one in drawn])), 0.0),
            better=float((losses < loss_kwh - 1e-6).mean()),
        )  # fmt: skip

    def _sites(self, plugs: NDArray[np.int64]) -> tuple[PlannedSite, ...]:
        options, chosen = self.options, np.flatnonzero(plugs).tolist()
        stations = options.chosen(plugs)
        return tuple(
            PlannedSite(
                id=station.id, kind=options.sites[int(options.site[place])].kind, name=station.name,
                lon=station.longitude_deg, lat=station.latitude_deg, edge=station.edge, plugs=station.plug_count,
                power_kw=station.plugs[0].power_kw, current=station.plugs[0].current,
                cost=float(options.fixed_cost[place] + options.plug_cost[place] * plugs[place]),
            )
            for place, station in zip(chosen, stations, strict=True)
        )  # fmt: skip


def _plugs_at_once(station: Any) -> float:
    """Return how many plugs of a station can give their power at once under the site's limit."""
    usable = float(np.mean([group.usable_kw for group in station.each_plug]))
    return float(min(station.plug_count, (station.site_kw or math.inf) / usable))
