"""Build charging sites, set their prices, limit what they draw."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.datatypes.control import Control, Station
from trafficdiff.datatypes.effect import Effect
from trafficdiff.datatypes.lanes import read_lanes
from trafficdiff.datatypes.part import DAY_S
from trafficdiff.datatypes.vehicles import class_bit
from trafficdiff.errors import Faults, ScenarioError
from trafficdiff.scenarios.demand_edit import DemandEdit
from trafficdiff.scenarios.places import nearest_edges

if TYPE_CHECKING:
    from trafficdiff.datatypes.demand_measures import ChargingPowerCap, ChargingSite, ChargingTariff
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.scenarios.demand_edit import Means

__all__ = ["charging_power_cap", "charging_site", "charging_tariff"]


def charging_site(measure: ChargingSite, trips: TripSet, *, means: Means) -> DemandEdit:
    """Build a charging site at the nearest road for cars, or on the edge that is named; the trips stay as they are.

    Raises
    ------
    ScenarioError
        With all faults: the id is taken, the edge is unknown or closed to cars, the point is far from every road.
    """
    graph = trips.graph
    faults = Faults(f"site {measure.id!r}")
    if measure.id in {site.id for site in means.control.stations}:
        faults.add("expected an id of its own, got that of a site that was built before; rename it")
    usable = (graph.allowed_classes & class_bit("passenger")) != 0
    edge = -1
    if not isinstance(measure.at, str):
        try:
            edge = int(nearest_edges(graph, measure.at, usable=usable, within_m=0.0, what="site")[0])
        except ScenarioError as error:
            faults.add(str(error))
    elif measure.at not in graph.edge_index:
        faults.add(f"expected an edge of the net, got {measure.at!r}; name another, or give a point")
    elif not usable[graph.edge_index[measure.at]]:
        faults.add(f"expected an edge that cars may use, got {measure.at!r}; name another, or give a point")
    else:
        edge = graph.edge_index[measure.at]
    faults.raise_if_any(ScenarioError)
    name = str(graph.edge_id[edge])
    site = Station(
        id=measure.id,
        edge=name,
        plugs=measure.plugs,
        power_kw=measure.power_kw,
        lane=_kerb_lane(graph, edge),
        price_per_kwh=measure.price_per_kwh,
    )
    effect = Effect(
        kind=measure.kind,
        summary=f"site {site.id} on {name}: {site.plugs} plugs of {site.power_kw:g} kW",
        edges=(name,),
        amounts={"power_kw": site.plugs * site.power_kw},
    )
    return DemandEdit(trips=trips, effect=effect, control=Control(stations=(site,)))


def _kerb_lane(graph: RoadGraph, edge: int) -> int:
    """Return the first lane from the kerb that cars may use; 0 on roads that have no net file."""
    if not graph.net_path.exists():
        return 0
    lanes = read_lanes(graph)
    open_to_cars = [lane for lane in lanes.of(edge) if lanes.allowed[lane] & class_bit("passenger")]
    return int(lanes.index[open_to_cars[0]]) if open_to_cars else 0


def charging_tariff(measure: ChargingTariff, trips: TripSet, *, means: Means) -> DemandEdit:
    """Set the price at sites that were built before; all day replaces whatever they had.

    Raises
    ------
    ScenarioError
        If there is no such site.
    """
    sites = _sites(measure.sites, means.control)
    price, period = measure.price_per_kwh, measure.during
    if period is None:
        changed = [replace(site, price_per_kwh=price, prices=()) for site in sites]
    else:
        part = (period.begin_s, period.end_s, price)
        changed = [replace(site, prices=(*site.prices, part)) for site in sites]
    return _changed(trips, changed, kind=measure.kind, summary=f"{price:g} a kWh at {len(sites)} sites")


def charging_power_cap(measure: ChargingPowerCap, trips: TripSet, *, means: Means) -> DemandEdit:
    """Limit the power of sites that were built before; each gets a share of the cap by the power of its plugs.

    Raises
    ------
    ScenarioError
        If there is no such site.
    """
    sites = _sites(measure.sites, means.control)
    installed_kw = np.array([site.plugs * site.power_kw for site in sites])
    shares_kw = measure.power_kw * installed_kw / installed_kw.sum()
    begin_s, end_s = (0.0, 2 * DAY_S) if measure.during is None else (measure.during.begin_s, measure.during.end_s)
    changed = [
        replace(site, caps=(*site.caps, (begin_s, end_s, float(share))))
        for site, share in zip(sites, shares_kw, strict=True)
    ]
    summary = f"{len(sites)} sites draw at most {measure.power_kw:g} of {installed_kw.sum():g} kW together"
    return _changed(trips, changed, kind=measure.kind, summary=summary)


def _sites(names: tuple[str, ...] | None, control: Control) -> list[Station]:
    known = {site.id: site for site in control.stations}
    faults = Faults("sites")
    if not known:
        faults.add("expected charging sites to act on, got none; build some with charging_site before it")
    for name in (name for name in names or () if known and name not in known):
        faults.add(f"expected sites among {sorted(known)}, got {name!r}; build it with charging_site before this")
    faults.raise_if_any(ScenarioError)
    return [known[name] for name in dict.fromkeys(names or known)]


def _changed(trips: TripSet, sites: list[Station], *, kind: str, summary: str) -> DemandEdit:
    effect = Effect(kind=kind, summary=summary, edges=tuple(site.edge for site in sites))
    return DemandEdit(trips=trips, effect=effect, control=Control(stations=tuple(sites)))
