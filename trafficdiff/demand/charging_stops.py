"""Plan the charging stops of EVs: choose stations, and lead the routes past them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.datatypes.charging_curves import charge_seconds, consumption_kwh_per_km
from trafficdiff.datatypes.charging_demand import note_battery_faults
from trafficdiff.datatypes.charging_plan import ChargingPlan
from trafficdiff.datatypes.selection import with_routes
from trafficdiff.datatypes.stations import note_station_faults
from trafficdiff.demand.charging_access import Access, access
from trafficdiff.demand.charging_choice import Offers, choose
from trafficdiff.demand.fastest import fastest_paths
from trafficdiff.demand.legs import join_legs
from trafficdiff.errors import Faults, InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from trafficdiff.datatypes.chance import Chance
    from trafficdiff.datatypes.charging_demand import ChargingWishes
    from trafficdiff.datatypes.charging_options import ChargingOptions
    from trafficdiff.datatypes.stations import ChargingStation
    from trafficdiff.datatypes.trips import TripSet

__all__ = ["check_charging", "offers_of", "plan_stops", "unplanned_stops"]


def check_charging(trips: TripSet, stations: Sequence[ChargingStation]) -> None:
    """Check stations and batteries together, so that one look says all that is wrong.

    Raises
    ------
    InputError
        Listing every fault.
    """
    faults = Faults("charging")
    note_station_faults(stations, faults, graph=trips.graph)
    note_battery_faults(trips, faults)
    faults.raise_if_any(InputError)


def plan_stops(
    trips: TripSet,
    wishes: ChargingWishes,
    stations: Sequence[ChargingStation],
    *,
    options: ChargingOptions,
    chance: Chance,
    edge_time_s: NDArray[np.float64] | None = None,
) -> ChargingPlan:
    """Return where each EV is to charge, with the trips led past the stations.

    Parameters
    ----------
    trips, wishes, stations
        Who drives, who wants to charge, and where that is possible; stations stand at roads of the trips' graph.

    Other Parameters
    ----------------
    options
        How drivers choose.
    chance
        Random numbers; each belongs to a driver and a station.
    edge_time_s
        Shape (E,), expected time to traverse each edge [s]; left out, free flow.

    Raises
    ------
    InputError
        Listing every fault of stations and batteries.
    """
    check_charging(trips, stations)
    times_s = trips.graph.free_flow_time_s if edge_time_s is None else edge_time_s
    placed = tuple(stations)
    order = np.argsort(trips.depart_s[wishes.trip], kind="stable")
    offers = offers_of(trips, wishes, placed, options=options, chance=chance, times_s=times_s, order=order)
    if wishes.stay_s is not None:
        offers = replace(offers, charging_s=np.maximum(offers.charging_s, wishes.stay_s[order][:, None]))
    found = choose(
        offers,
        placed,
        taste=options.choice,
        patience_s=wishes.patience_s[order],
        alternatives=options.alternatives,
        first=_in_mind(wishes, placed, order),
    )
    back = np.argsort(order, kind="stable")
    choices = found.stations[back]
    first = np.where(choices[:, 0] >= 0, choices[:, 0], 0)
    has, rows = choices[:, 0] >= 0, np.arange(len(wishes))

    def at_chosen(table: NDArray[np.float64]) -> NDArray[np.float64]:
        values = table[back][rows, first] if table.shape[1] else np.full(len(rows), np.nan)
        return np.asarray(np.where(has, values, np.nan))

    return ChargingPlan(
        trips=_led_past(trips, wishes.trip[has], placed, choices[has, 0], times_s=times_s),
        stations=placed,
        wishes=wishes,
        choices=choices,
        detour_s=at_chosen(offers.detour_s),
        arrival_s=at_chosen(offers.arrival_s),
        wait_s=found.wait_s[back],
        reason=found.reason[back],
    )


def unplanned_stops(trips: TripSet, wishes: ChargingWishes, stations: Sequence[ChargingStation]) -> ChargingPlan:
    """Return a plan in which nobody has chosen a station: somebody else will look for one on the road.

    Raises
    ------
    InputError
        Listing every fault of stations and batteries.
    """
    check_charging(trips, stations)
    unknown = np.full(len(wishes), np.nan)
    return ChargingPlan(
        trips=trips, stations=tuple(stations), wishes=wishes, choices=np.full((len(wishes), 1), -1, np.int64),
        detour_s=unknown, arrival_s=unknown, wait_s=unknown, reason=np.full(len(wishes), "", object),
    )  # fmt: skip


def offers_of(
    trips: TripSet,
    wishes: ChargingWishes,
    stations: tuple[ChargingStation, ...],
    *,
    options: ChargingOptions,
    chance: Chance,
    times_s: NDArray[np.float64],
    order: NDArray[np.intp],
    ways: Access | None = None,
) -> Offers:
    """Return what each station offers each EV, EVs in the given order.

    Parameters are those of `plan_stops`; `times_s` has shape (E,), and `ways` is what passing by the stations costs the
    EVs in that order (default: worked out here).
    """
    trip = wishes.trip[order]
    graph, shape = trips.graph, (len(trip), len(stations))
    edges = np.array([graph.edge_index[station.edge] for station in stations], np.int64)
    ends = trips.edges[trips.offsets[:-1][trip]], trips.edges[trips.offsets[1:][trip] - 1]
    if not len(stations) or not len(trip):
        nothing = np.zeros(shape)
        return Offers(
            arrival_s=nothing, detour_s=nothing, detour_m=nothing, charging_s=nothing, energy_kwh=nothing,
            price=nothing, reachable=nothing.astype(bool), noise=nothing,
        )  # fmt: skip
    ways = access(graph, ends, edges, edge_time_s=times_s) if ways is None else ways
    direct_s = trips.sum_over_route(times_s)[trip] - times_s[ends[0]]
    direct_m = trips.sum_over_route(graph.length_m)[trip] - graph.length_m[ends[0]]
    arrival_s = trips.depart_s[trip][:, None] + ways.approach_s
    battery = np.broadcast_to(trips.battery_kwh[trip][:, None], shape)
    used = consumption_kwh_per_km(options.temperature_c) / 1_000.0 / battery
    on_arrival = trips.state_of_charge[trip][:, None] - ways.approach_m * used
    power = np.array([max(group.usable_kw for group in one.plugs) * one.efficiency for one in stations])
    target = np.broadcast_to(wishes.target[order][:, None], shape)
    known = np.isfinite(ways.approach_s) & np.isfinite(ways.onward_s)
    begin = np.clip(np.where(known, on_arrival, 0.0), 0.0, 1.0)
    flat = [np.ravel(one) for one in (battery, begin, target, np.broadcast_to(power, shape))]
    charging_s = charge_seconds(
        flat[0], begin=flat[1], end=flat[2], power_kw=flat[3], temperature_c=options.temperature_c
    ).reshape(shape)
    return Offers(
        arrival_s=arrival_s,
        detour_s=np.maximum(ways.approach_s + ways.onward_s - direct_s[:, None], 0.0),
        detour_m=np.maximum(ways.approach_m + ways.onward_m - direct_m[:, None], 0.0),
        charging_s=charging_s,
        energy_kwh=np.maximum(target - begin, 0.0) * battery / np.array([one.efficiency for one in stations]),
        price=_prices(stations, arrival_s, usual=options.choice.usual_price_per_kwh),
        # Who begins at the very road of a station may be past it before it can turn in.
        reachable=known
        & (on_arrival > options.reserve_charge)
        & _open(stations, arrival_s)
        & (ends[0][:, None] != edges[None]),
        noise=_gumbel(trips, trip, stations, chance),
        least_s=_stays_s(stations, options),
    )


def _stays_s(stations: tuple[ChargingStation, ...], options: ChargingOptions) -> NDArray[np.float64] | None:
    """Return the least time at the plugs of each station [s]; None if nobody stays longer than charging takes."""
    if options.smart is None:
        return None
    return np.array([options.smart.stay_s.get(station.site_type, 0.0) for station in stations], np.float64)


def _in_mind(
    wishes: ChargingWishes, stations: tuple[ChargingStation, ...], order: NDArray[np.intp]
) -> NDArray[np.int64] | None:
    """Return the position of the station that each has in mind, -1 without one; None if nobody has."""
    if wishes.station is None:
        return None
    places = {station.id: place for place, station in enumerate(stations)}
    return np.array([places.get(name, -1) for name in wishes.station[order].tolist()], np.int64)


def _prices(
    stations: tuple[ChargingStation, ...], arrival_s: NDArray[np.float64], *, usual: float
) -> NDArray[np.float64]:
    columns = []
    for place, station in enumerate(stations):
        stated = station.price_per_kwh is not None or bool(station.prices)
        prices = [station.price_at(time_s) if stated else usual for time_s in arrival_s[:, place].tolist()]
        columns.append(prices)
    return np.array(columns, np.float64).T


def _open(stations: tuple[ChargingStation, ...], arrival_s: NDArray[np.float64]) -> NDArray[np.bool_]:
    columns = [
        np.array([station.is_open(time_s) for time_s in arrival_s[:, place].tolist()])
        if station.opening
        else np.ones(len(arrival_s), bool)
        for place, station in enumerate(stations)
    ]
    return np.stack(columns, axis=1)


def _gumbel(
    trips: TripSet, trip: NDArray[np.int64], stations: tuple[ChargingStation, ...], chance: Chance
) -> NDArray[np.float64]:
    """Return a standard Gumbel number for each driver and station; it belongs to their names."""
    columns = [chance.uniforms(trips.trip_id[trip], f"station {station.id}") for station in stations]
    uniform = np.clip(np.stack(columns, axis=1), 1e-12, 1 - 1e-12)
    return np.asarray(-np.log(-np.log(uniform)))


def _led_past(
    trips: TripSet,
    rows: NDArray[np.int64],
    stations: tuple[ChargingStation, ...],
    chosen: NDArray[np.int64],
    *,
    times_s: NDArray[np.float64],
) -> TripSet:
    """Return the trips; those at the given places take the fastest way over their station."""
    if not len(rows):
        return trips
    edges = np.array([trips.graph.edge_index[station.edge] for station in stations], np.int32)[chosen]
    first, last = trips.edges[trips.offsets[:-1][rows]], trips.edges[trips.offsets[1:][rows] - 1]
    ends = np.stack([first, edges], axis=1).ravel(), np.stack([edges, last], axis=1).ravel()
    mask = np.repeat(trips.class_mask[rows], 2)
    legs = fastest_paths(trips.graph, ends, mask=mask, time_s=times_s[None], row=np.zeros(len(mask), np.int64))
    paths = join_legs(legs, np.repeat(np.arange(len(rows)), 2), count=len(rows))
    return with_routes(trips, rows, offsets=paths.offsets, edges=paths.edges)
