"""Charge for driving into a zone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.effect import Effect
from trafficdiff.datatypes.selection import with_routes
from trafficdiff.errors import ScenarioError
from trafficdiff.scenarios.declaring import declared_by
from trafficdiff.scenarios.demand_edit import DemandEdit
from trafficdiff.scenarios.edges import choose
from trafficdiff.scenarios.trip_choice import destinations, of_families, origins, within
from trafficdiff.scenarios.trip_edits import dropped, is_stopping
from trafficdiff.scenarios.zones import Passing, enters

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.demand_measures import CongestionCharge
    from trafficdiff.datatypes.routing import FoundRoutes
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.scenarios.demand_edit import Means

__all__ = ["congestion_charge"]

_HOUR_S: Final = 3_600.0
_KM_M: Final = 1_000.0


@dataclass(frozen=True, eq=False)
class _Decision:
    """Hold what the charged do: trip positions of the payers, of those who drive round, of those who give up."""

    paid: NDArray[np.int64]
    around: NDArray[np.int64]
    given_up: NDArray[np.int64]
    routes: FoundRoutes
    """Ways of those who drive round."""


def congestion_charge(measure: CongestionCharge, trips: TripSet, *, means: Means) -> DemandEdit:
    """Let each trip that enters pay, drive round, or be given up.

    Each trip weighs what it costs as a whole::

        before     g   = time x value of time + length x running cost
        pay        g   + price
        round      g'  = the same over the fastest way that does not enter      (only from outside to outside)
        increase   d   = min(price, g' - g), at least 0
        made still with the chance ((g + d) / g) ^ elasticity

    A trip gives up if its own random number is above that chance, else does the cheaper. So a higher price never has
    more payers, and who gives up at one price does so at a higher one. A trip pays once. Times are those of free flow;
    a detour's further delay comes out of the simulation. Trips that stop to charge do not drive round.

    Raises
    ------
    ScenarioError
        If the cordon holds no road, or nobody who would pay enters then.
    """
    zone = choose(trips.graph, measure.cordon)
    passing = enters(trips, zone)
    charged = passing.meets & ~of_families(trips, measure.exempt_types) & within(passing.time_s, measure.during)
    if not charged.any():
        raise ScenarioError(
            f"expected trips that enter the cordon and pay, got none of {len(trips):,}; choose another cordon, period "
            "or other exemptions"
        )
    rows = np.flatnonzero(charged)
    decision = _decide(measure, trips, rows, zone=zone, passing=passing, means=means)
    gone = np.zeros(len(trips), bool)
    gone[decision.given_up] = True
    ways = decision.routes
    edited = dropped(with_routes(trips, decision.around, offsets=ways.offsets, edges=ways.edges), gone)
    effect = _effect(measure, trips, decision, zone=zone)
    return DemandEdit(trips=edited, effect=effect, keeps_route=tuple(trips.trip_id[decision.around]))


def _decide(
    measure: CongestionCharge,
    trips: TripSet,
    rows: NDArray[np.int64],
    *,
    zone: NDArray[np.bool_],
    passing: Passing,
    means: Means,
) -> _Decision:
    graph = trips.graph
    before = _cost(
        measure,
        time_s=trips.sum_over_route(graph.free_flow_time_s)[rows],
        length_m=trips.sum_over_route(graph.length_m)[rows],
    )
    outside = np.flatnonzero(~(passing.begins_inside | passing.ends_inside | is_stopping(trips))[rows])
    masks = trips.class_mask
    through = rows[outside]
    routes = means.router.best(origins(trips)[through], destinations(trips)[through], masks[through], closed=zone)
    extra = np.full(len(rows), np.inf)
    extra[outside] = _cost(measure, time_s=routes.time_s, length_m=routes.length_m) - before[outside]
    extra = np.maximum(extra, 0.0)
    increase = np.minimum(measure.price, extra)
    stays = means.chance.uniforms(trips.trip_id[rows]) < (1 + increase / before) ** measure.elasticity
    around = stays & (extra < measure.price)
    return _Decision(
        paid=rows[stays & ~around],
        around=rows[around],
        given_up=rows[~stays],
        routes=routes.taken(around[outside]),
    )


def _cost(
    measure: CongestionCharge, *, time_s: NDArray[np.float64], length_m: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return what trips cost without the charge [money]."""
    return time_s / _HOUR_S * measure.value_of_time_per_h + length_m / _KM_M * measure.running_cost_per_km


def _effect(measure: CongestionCharge, trips: TripSet, decision: _Decision, *, zone: NDArray[np.bool_]) -> Effect:
    declared = declared_by(
        measure, value_of_time_per_h="money h-1", running_cost_per_km="money km-1", elasticity="1", price="money"
    )
    counts = {
        "charged": len(decision.paid) + len(decision.around) + len(decision.given_up),
        "paid": len(decision.paid),
        "rerouted": len(decision.around),
        "removed": len(decision.given_up),
    }
    revenue = len(decision.paid) * measure.price
    return Effect(
        kind=measure.kind,
        summary=f"of {counts['charged']:,} trips into the cordon {counts['paid']:,} pay, {counts['rerouted']:,} drive "
        f"round, {counts['removed']:,} are given up; revenue {revenue:,.2f}",
        edges=tuple(str(name) for name in trips.graph.edge_id[zone]),
        trips=counts,
        trip_ids={"removed": tuple(trips.trip_id[np.sort(decision.given_up)])},
        declared=declared,
        amounts={"revenue_money": revenue},
    )
