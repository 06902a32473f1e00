"""A town made by hand on which chargers are planned: cars and sites on a square, detours as the crow flies."""

from __future__ import annotations

import numpy as np

from trafficdiff.datatypes.charging_sites import CandidateSite, SiteCosts, SiteOptions, options_of
from trafficdiff.datatypes.stations import ChargingStation, Plugs
from trafficdiff.demand.charging_choice import Offers
from trafficdiff.demand.siting_problem import DayOffers, SitingProblem, problem_of

BIN_S = 900.0


def offers_at(arrival_s, detour_s, charging_s, reachable=None) -> Offers:  # type: ignore[no-untyped-def]
    """Return offers of which only times matter, shape (W, S)."""
    arrival_s, detour_s, charging_s = (np.asarray(one, float) for one in (arrival_s, detour_s, charging_s))
    nothing = np.zeros(arrival_s.shape)
    way = np.ones(arrival_s.shape, bool) if reachable is None else np.asarray(reachable, bool)
    return Offers(
        arrival_s=arrival_s, detour_s=detour_s, detour_m=nothing, charging_s=charging_s, energy_kwh=nothing,
        price=nothing, reachable=way, noise=nothing,
    )  # fmt: skip


def problem(
    days: list[DayOffers], *, existing: int = 0, options: int, weights: tuple[float, float, float] = (7.5, 5.0, 2.5)
) -> SitingProblem:
    """Return the programme of days whose first places are stations with a plug each."""
    return problem_of(
        days, existing=np.ones(existing), options=options, bin_s=BIN_S, weights=weights, longest_detour_s=1_800.0
    )


def candidates(*groups: tuple[Plugs, ...], kind: str = "parking") -> tuple[CandidateSite, ...]:
    """Return sites with the given alternatives."""
    return tuple(
        CandidateSite(station=ChargingStation(id=f"site{place}", plugs=plugs, edge="e"), kind=kind)  # type: ignore[arg-type]
        for place, plugs in enumerate(groups)
    )


def town(*, cars: int, sites: int, seed: int, most: int = 4, days: int = 2) -> tuple[SitingProblem, SiteOptions]:
    """Return a town of 6 km with one station of one plug, and sites with slow or rapid plugs.

    Cars come within two hours; a slow plug takes two hours, a rapid one half an hour, and a kilometre two minutes.
    """
    generator = np.random.default_rng(seed)
    slow, rapid = Plugs(count=most, power_kw=22.0, current="ac"), Plugs(count=most // 2, power_kw=50.0)
    options = options_of(candidates(*[(slow, rapid)] * sites), SiteCosts())
    where = generator.uniform(0, 6, (sites, 2))
    rapid_place = np.concatenate([[False], options.group == 1])
    made = []
    for _ in range(days):
        homes, ends = generator.uniform(0, 6, (2, cars, 2))
        at = np.concatenate([[[3.0, 3.0]], where[options.site]])
        over = np.linalg.norm(homes[:, None] - at[None], axis=2) + np.linalg.norm(ends[:, None] - at[None], axis=2)
        detour_s = 120.0 * (over - np.linalg.norm(homes - ends, axis=1)[:, None])
        leaves = generator.uniform(0, 7_200, cars)
        wanted = generator.uniform(10, 40, cars)
        kw = np.where(rapid_place, 45.0, 11.0)
        made.append(
            DayOffers(
                offers=offers_at(leaves[:, None] + detour_s, detour_s, 3_600 * wanted[:, None] / kw[None]),
                wanted_kwh=wanted,
                patience_s=np.full(cars, 1_800.0),
            )
        )
    return problem(made, existing=1, options=len(options)), options
