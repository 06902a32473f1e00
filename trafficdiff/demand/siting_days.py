"""Gather who wants to charge on sampled days, and what each station and each option would be to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.demand.charging_access import AccessTables, access_tables
from trafficdiff.demand.charging_choice import Offers, choose
from trafficdiff.demand.charging_stops import offers_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from trafficdiff.datatypes.chance import Chance
    from trafficdiff.datatypes.charging_demand import ChargingWishes
    from trafficdiff.datatypes.charging_options import ChargingOptions
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.stations import ChargingStation
    from trafficdiff.datatypes.trips import TripSet

__all__ = ["OwnChoice", "SampledDay", "offered_on", "own_choice", "tables_of"]


@dataclass(frozen=True, eq=False, kw_only=True)
class SampledDay:
    """Hold one sampled day: trips with batteries, who of them wants to charge, and their random numbers."""

    trips: TripSet
    wishes: ChargingWishes
    chance: Chance

    @property
    def order(self) -> NDArray[np.intp]:
        """Places of the wishes by departure, shape (W,)."""
        return np.argsort(self.trips.depart_s[self.wishes.trip], kind="stable")

    @property
    def wanted_kwh(self) -> NDArray[np.float64]:
        """What is missing to the target on departure, at the battery, by departure, shape (W,) [kWh]."""
        trip = self.wishes.trip
        missing = np.maximum(self.wishes.target - self.trips.state_of_charge[trip], 0.0)
        return np.asarray((missing * self.trips.battery_kwh[trip])[self.order])

    @property
    def patience_s(self) -> NDArray[np.float64]:
        """Longest wait, by departure, shape (W,) [s]."""
        return np.asarray(self.wishes.patience_s[self.order])


@dataclass(frozen=True, kw_only=True)
class OwnChoice:
    """Say how a day goes in plans when drivers choose for themselves, one after the other.

    Parameters
    ----------
    cars, unmet_cars
        Who wants to charge, and who of them finds no station without too long a wait.
    unmet_kwh
        What those are missing [kWh].
    wait_h, detour_h
        Hours that the others wait and drive in all.
    """

    cars: int
    unmet_cars: int
    unmet_kwh: float
    wait_h: float
    detour_h: float


def tables_of(graph: RoadGraph, stations: Sequence[ChargingStation]) -> AccessTables:
    """Return what passing by stations costs from and to every edge at free flow."""
    edges = np.array([graph.edge_index[station.edge] for station in stations], np.int64)
    return access_tables(graph, edges, edge_time_s=graph.free_flow_time_s)


def offered_on(
    day: SampledDay, stations: tuple[ChargingStation, ...], *, options: ChargingOptions, tables: AccessTables
) -> Offers:
    """Return what stations offer those who want to charge on a day, by departure.

    Parameters
    ----------
    day, stations
        Who, and where; stations stand at roads.
    options
        How drivers choose.
    tables
        From `tables_of`, of the same stations.
    """
    trip = day.wishes.trip[day.order]
    trips = day.trips
    ends = trips.edges[trips.offsets[:-1][trip]], trips.edges[trips.offsets[1:][trip] - 1]
    return offers_of(
        trips, day.wishes, stations, options=options, chance=day.chance, times_s=trips.graph.free_flow_time_s,
        order=day.order, ways=tables.of(ends),
    )  # fmt: skip


def own_choice(
    days: Sequence[SampledDay], stations: tuple[ChargingStation, ...], *, options: ChargingOptions
) -> list[OwnChoice]:
    """Return how each day goes with stations when every driver takes the best for himself, in order of departure.

    This is the plan that a simulation begins with (`trafficdiff.demand.charging_choice.choose`), without its traffic.
    """
    told = []
    for day in days:
        if not stations or not len(day.wishes):
            lost = float(day.wanted_kwh.sum())
            told.append(OwnChoice(cars=len(day.wishes), unmet_cars=len(day.wishes), unmet_kwh=lost, wait_h=0.0,
                                  detour_h=0.0))  # fmt: skip
            continue
        offers = offered_on(day, stations, options=options, tables=tables_of(day.trips.graph, stations))
        found = choose(
            offers, stations, taste=options.choice, patience_s=day.patience_s, alternatives=options.alternatives
        )
        taken = found.stations[:, 0]
        served = taken >= 0
        detour_s = offers.detour_s[np.flatnonzero(served), taken[served]]
        told.append(
            OwnChoice(
                cars=len(taken),
                unmet_cars=int((~served).sum()),
                unmet_kwh=float(day.wanted_kwh[~served].sum()),
                wait_h=float(np.nansum(found.wait_s[served]) / 3_600.0),
                detour_h=float(detour_s.sum() / 3_600.0),
            )
        )
    return told
