"""Find which drivers could hold each drawn session, and what that costs: the candidates of an assignment.

A driver is a candidate if a way leads over the station, the charge lasts to it with the reserve, it is open then, the
driver comes within a declared time of the session's, and the battery has room for the session's energy. The cost is
money::

    detour                 value of time x detour + running cost x extra distance
    time                   value of time x shift factor x |driver's arrival - session's arrival|
    stay, the less of      value of time x charging factor x dwell                       who only passes loses that time
                           value of time x walk factor x walk to the trip's end and back    who stays at the trip's end
    charge                 charge per kWh x |what the driver's battery lacks - what the session's lacks|
    home charging          energy x (price then - price at home), if it is dearer, for who charges at home
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.charging_curves import consumption_kwh_per_km
from trafficdiff.datatypes.part import DAY_S
from trafficdiff.demand.charging_access import access_tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from trafficdiff.datatypes.charging_options import ChargingOptions, JoinOptions
    from trafficdiff.datatypes.station_sessions import StationSessions
    from trafficdiff.datatypes.stations import ChargingStation
    from trafficdiff.datatypes.trips import TripSet

__all__ = ["MOST_CANDIDATES", "Candidates", "Drivers", "candidates", "drivers_of", "joining_of"]

MOST_CANDIDATES: Final = 128
"""Drivers that are kept a session, the cheapest ones. With fewer sessions than this nothing is lost but chance: an
assignment never needs more candidates of a session than there are sessions."""

_WALK_MS: Final = 1.34
"""Mean free speed of pedestrians: Weidmann (1993), "Transporttechnik der Fussgaenger"."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Drivers:
    """Hold the drivers of electric cars, a row a driver, by trip.

    Parameters
    ----------
    trip
        Shape (D,), position of the trip.
    needs
        Whether the charge falls below the reserve before the trip ends.
    charges_at_home
        Whether the driver has a charger at home.
    """

    trip: NDArray[np.int64]
    needs: NDArray[np.bool_]
    charges_at_home: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.trip)


@dataclass(frozen=True, eq=False, kw_only=True)
class Candidates:
    """Hold pairs of a session and a driver that could hold it, a row a pair, by session.

    Parameters
    ----------
    session, driver
        Shape (C,), positions.
    cost
        Of the pair, without chance [money].
    arrive_s
        When the driver would come [s of the day].
    charge
        Of the driver's battery on arrival (share), as planned.
    onward_kwh
        What the way from the station to the trip's end takes, as planned.
    detour_s
        What the way over the station takes longer [s].
    to_end_m
        Straight line from the station to the trip's end [m].
    stays
        Whether the driver is taken to stay at the trip's end, and not to pass by.
    """

    session: NDArray[np.int64]
    driver: NDArray[np.int64]
    cost: NDArray[np.float64]
    arrive_s: NDArray[np.float64]
    charge: NDArray[np.float64]
    onward_kwh: NDArray[np.float64]
    detour_s: NDArray[np.float64]
    to_end_m: NDArray[np.float64]
    stays: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.session)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Candidates:
        """Return some of the pairs."""
        return Candidates(**{one.name: getattr(self, one.name)[rows] for one in fields(self)})


@dataclass(frozen=True, eq=False)
class _Passing:
    """What passing by one station means for the drivers that can, by arrival; shape (D',) each."""

    driver: NDArray[np.int64]
    arrive_s: NDArray[np.float64]
    charge: NDArray[np.float64]
    missing_kwh: NDArray[np.float64]
    onward_kwh: NDArray[np.float64]
    detour_s: NDArray[np.float64]
    detour_m: NDArray[np.float64]
    to_end_m: NDArray[np.float64]


def drivers_of(trips: TripSet, *, options: ChargingOptions, at_home: NDArray[np.float64]) -> Drivers:
    """Return who drives an electric car.

    Parameters
    ----------
    trips, options
        Who drives, and the reserve and the weather.
    at_home
        Shape (T,), numbers in [0, 1) that belong to trips: those below the share charge at home.
    """
    electric = np.flatnonzero((trips.battery_kwh > 0) & np.isfinite(trips.state_of_charge))
    driven_kwh = trips.sum_over_route(trips.graph.length_m)[electric] / 1_000 * _kwh_per_km(options)
    at_end = trips.state_of_charge[electric] - driven_kwh / trips.battery_kwh[electric]
    return Drivers(
        trip=electric.astype(np.int64),
        needs=at_end < options.reserve_charge,
        charges_at_home=at_home[electric] < joining_of(options).home_share,
    )


def joining_of(options: ChargingOptions) -> JoinOptions:
    """Return how sessions are joined: as stated, or as the defaults say."""
    from trafficdiff.datatypes.charging_options import JoinOptions

    return JoinOptions() if options.joining is None else options.joining


def candidates(
    trips: TripSet,
    drivers: Drivers,
    sessions: StationSessions,
    stations: Sequence[ChargingStation],
    *,
    options: ChargingOptions,
    times_s: NDArray[np.float64],
) -> Candidates:
    """Return the drivers that could hold each session, at most `MOST_CANDIDATES` of each, whatever they cost.

    Parameters
    ----------
    trips, drivers, sessions, stations
        Who drives, what was drawn, and where; stations stand at roads of the trips' graph.
    options
        Weights and limits.
    times_s
        Shape (E,), expected time to traverse each edge [s].
    """
    if not len(drivers) or not len(sessions):
        return _none()
    edges = np.array([trips.graph.edge_index[station.edge] for station in stations], np.int64)
    tables = access_tables(trips.graph, edges, edge_time_s=times_s)
    ends = trips.edges[trips.offsets[:-1][drivers.trip]], trips.edges[trips.offsets[1:][drivers.trip] - 1]
    direct_s = trips.sum_over_route(times_s)[drivers.trip] - times_s[ends[0]]
    direct_m = trips.sum_over_route(trips.graph.length_m)[drivers.trip] - trips.graph.length_m[ends[0]]
    xy = trips.graph.midpoint_xy
    parts = []
    for place in np.unique(sessions.station).tolist():
        row = int(tables.row[place])
        approach_m, onward_m = tables.approach_m[row][ends[0]], tables.onward_m[row][ends[1]]
        approach_s, onward_s = tables.approach_s[row][ends[0]], tables.onward_s[row][ends[1]]
        battery = trips.battery_kwh[drivers.trip]
        charge = trips.state_of_charge[drivers.trip] - approach_m / 1_000 * _kwh_per_km(options) / battery
        arrive_s = trips.depart_s[drivers.trip] + approach_s
        # Who begins at the very road of a station may be past it before it can turn in.
        can = np.isfinite(approach_s) & np.isfinite(onward_s) & (ends[0] != edges[place])
        can &= (charge > options.reserve_charge) & _open(stations[place], arrive_s)
        who = np.flatnonzero(can)
        who = who[np.argsort(arrive_s[who], kind="stable")]
        passing = _Passing(
            who, arrive_s[who], charge[who], (1 - charge[who]) * battery[who],
            onward_m[who] / 1_000 * _kwh_per_km(options),
            np.maximum(approach_s + onward_s - direct_s, 0.0)[who],
            np.maximum(approach_m + onward_m - direct_m, 0.0)[who],
            np.hypot(*(xy[ends[1][who]] - xy[edges[place]]).T),
        )  # fmt: skip
        parts.append(_at_station(passing, drivers, sessions, stations[place], place, options=options))
    return Candidates(
        **{one.name: np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(Candidates)}
    )


def _at_station(
    passing: _Passing,
    drivers: Drivers,
    sessions: StationSessions,
    station: ChargingStation,
    place: int,
    *,
    options: ChargingOptions,
) -> Candidates:
    own = np.flatnonzero(sessions.station == place)
    joining = joining_of(options)
    low = np.searchsorted(passing.arrive_s, sessions.arrive_s[own] - joining.most_shift_s)
    high = np.searchsorted(passing.arrive_s, sessions.arrive_s[own] + joining.most_shift_s, side="right")
    count = high - low
    session = np.repeat(own, count)
    at = np.arange(len(session)) - np.repeat(np.cumsum(count) - count, count) + np.repeat(low, count)
    fits = sessions.energy_kwh[session] <= passing.missing_kwh[at]
    session, at = session[fits], at[fits]
    price = np.array([_price(station, time_s, options) for time_s in sessions.arrive_s[own].tolist()])
    dearer = np.zeros(len(sessions))
    dearer[own] = np.maximum(price - joining.home_price_per_kwh, 0.0) * sessions.energy_kwh[own]
    taste = options.choice
    an_hour = taste.value_of_time_per_h
    passing_by = an_hour * taste.charging_factor * sessions.dwell_s[session] / 3_600
    walking = an_hour * joining.walk_factor * 2 * passing.to_end_m[at] / _WALK_MS / 3_600
    cost = an_hour * passing.detour_s[at] / 3_600 + taste.running_cost_per_km * passing.detour_m[at] / 1_000
    shift_s = np.abs(passing.arrive_s[at] - sessions.arrive_s[session])
    cost = cost + an_hour * joining.shift_factor * shift_s / 3_600 + np.minimum(passing_by, walking)
    cost = cost + joining.charge_per_kwh * np.abs(passing.missing_kwh[at] - sessions.missing_kwh[session])
    cost = cost + np.where(drivers.charges_at_home[passing.driver[at]], dearer[session], 0.0)
    kept = _cheapest(session, np.where(drivers.needs[passing.driver[at]], -np.inf, cost))
    session, at = session[kept], at[kept]
    return Candidates(
        session=session, driver=passing.driver[at], cost=cost[kept], arrive_s=passing.arrive_s[at],
        charge=passing.charge[at], onward_kwh=passing.onward_kwh[at], detour_s=passing.detour_s[at],
        to_end_m=passing.to_end_m[at], stays=walking[kept] < passing_by[kept],
    )  # fmt: skip


def _cheapest(session: NDArray[np.int64], cost: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the rows of the cheapest pairs of each session, by session and cost."""
    order = np.lexsort((cost, session))
    ordered = session[order]
    first = np.searchsorted(ordered, ordered)
    return np.asarray(order[np.arange(len(order)) - first < MOST_CANDIDATES])


def _kwh_per_km(options: ChargingOptions) -> float:
    return consumption_kwh_per_km(options.temperature_c)


def _price(station: ChargingStation, time_s: float, options: ChargingOptions) -> float:
    stated = station.price_per_kwh is not None or bool(station.prices)
    return station.price_at(time_s) if stated else options.choice.usual_price_per_kwh


def _open(station: ChargingStation, arrive_s: NDArray[np.float64]) -> NDArray[np.bool_]:
    if not station.opening:
        return np.ones(len(arrive_s), bool)
    clock = np.where(np.isfinite(arrive_s), arrive_s, 0.0) % DAY_S
    return np.asarray(np.any([(begin <= clock) & (clock < end) for begin, end in station.opening], axis=0))


def _none() -> Candidates:
    whole = {"session": np.int64, "driver": np.int64, "stays": np.bool_}
    return Candidates(**{one.name: np.zeros(0, whole.get(one.name, np.float64)) for one in fields(Candidates)})
