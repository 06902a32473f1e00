"""Join drawn charging sessions to the drivers of electric cars: an assignment of least cost, and a count of the rest.

::

    sessions drawn for stations ──┐                                 ┌─▶ wishes: a session's driver, or in need of one
    drivers of electric cars ─────┼─▶ candidates, cost, chance ─▶ assignment
    who needs a charge ───────────┘                                 └─▶ sessions without a driver, drivers without one

Every session goes to one driver or to none, every driver holds one session or none, and the sum of costs is least. A
session without a driver costs a declared sum, so none goes to somebody whom it costs more. Drivers whose charge would
fall below the reserve come first; those of them for whom there is no session wish to charge all the same, wherever they
choose.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.datatypes.charging_demand import ChargingWishes
from trafficdiff.demand.joining_costs import Candidates, Drivers, candidates, drivers_of, joining_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from trafficdiff.datatypes.chance import Chance
    from trafficdiff.datatypes.charging_options import ChargingOptions
    from trafficdiff.datatypes.station_sessions import StationSessions
    from trafficdiff.datatypes.stations import ChargingStation
    from trafficdiff.datatypes.trips import TripSet

__all__ = ["WISH_COLUMNS", "assigned", "join_counts", "join_sessions"]

WISH_COLUMNS: Final[dict[str, str]] = {
    "session": "",
    "station": "",
    "trip_id": "",
    "origin": "",
    "reason": "",
    "session_s": "s",
    "arrive_s": "s",
    "dwell_s": "s",
    "energy_kwh": "kW h",
    "missing_kwh": "kW h",
    "driver_missing_kwh": "kW h",
    "driven_km": "km",
    "detour_s": "s",
    "to_end_m": "m",
    "stays": "",
    "needs": "",
    "charges_at_home": "",
    "cost": "",
}
"""Columns of the table of sessions and needs, and their units. A row is a drawn session (``origin`` session, no
``trip_id`` if nobody holds it, and why in ``reason``) or a driver in need for whom there was none (``origin`` need)."""

_FIRST: Final = 1e6
"""What serving a driver in need is worth to the assignment [money]: more than any sum of costs there."""

_NOBODY: Final = "no driver can come then with the charge to reach it and room for the energy"
_DEAR: Final = "it costs every driver too much"
_TAKEN: Final = "its drivers hold other sessions"


def join_sessions(
    trips: TripSet,
    sessions: StationSessions,
    stations: Sequence[ChargingStation],
    *,
    options: ChargingOptions,
    chance: Chance,
    edge_time_s: NDArray[np.float64] | None = None,
) -> ChargingWishes:
    """Return who wants to charge where, how much and how long, with the table of all sessions and needs.

    Parameters
    ----------
    trips
        Who drives; electric cars have a battery and a charge.
    sessions, stations
        What was drawn, and where; stations stand at roads of the trips' graph.

    Other Parameters
    ----------------
    options
        Weights, limits, and how much drivers in need charge.
    chance
        Random numbers; each belongs to a driver, or to a driver and a session.
    edge_time_s
        Shape (E,), expected time to traverse each edge [s]; left out, free flow.
    """
    times_s = trips.graph.free_flow_time_s if edge_time_s is None else edge_time_s
    drivers = drivers_of(trips, options=options, at_home=chance.uniforms(trips.trip_id, "charges at home"))
    pairs = candidates(trips, drivers, sessions, stations, options=options, times_s=times_s)
    names = trips.trip_id[drivers.trip]
    noise = _gumbel(names[pairs.driver], sessions.name[pairs.session], chance)
    needs = drivers.needs[pairs.driver]
    fit = needs | (pairs.cost < joining_of(options).most_cost)
    cost = pairs.cost - options.choice.scatter * noise - _FIRST * needs
    chosen = assigned(pairs.take(fit), cost[fit], without=joining_of(options).most_cost)
    rows = np.flatnonzero(fit)[chosen]
    table = _table(trips, drivers, sessions, stations, pairs=pairs, chosen=rows, fit=fit)
    return _wishes(trips, drivers, sessions, stations, pairs.take(rows), options=options, chance=chance, table=table)


def assigned(pairs: Candidates, cost: NDArray[np.float64], *, without: float) -> NDArray[np.intp]:
    """Return the rows of the pairs that together cost least, each session and each driver at most once.

    Parameters
    ----------
    pairs
        Who could hold what.
    cost
        Shape (C,), of each pair [money].
    without
        What a session costs that nobody holds [money].

    Notes
    -----
    Minimum weight full bipartite matching on sparse costs (Jonker and Volgenant 1987, "A shortest augmenting path
    algorithm for dense and sparse linear assignment problems"), as SciPy has it; every session has a column of its own
    for being without a driver, so there is always a full matching.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    if not len(pairs):
        return np.zeros(0, np.intp)
    sessions, row = np.unique(pairs.session, return_inverse=True)
    drivers, column = np.unique(pairs.driver, return_inverse=True)
    alone = np.arange(len(sessions))
    weight = np.concatenate([cost, np.full(len(sessions), without)])
    # A matching takes one weight a session, so a constant changes nothing; SciPy needs weights other than 0.
    weight = weight - weight.min() + 1.0
    at = np.concatenate([row, alone]), np.concatenate([column, len(drivers) + alone])
    table = csr_array((weight, at), shape=(len(sessions), len(drivers) + len(sessions)))
    held, by = min_weight_full_bipartite_matching(table)
    key = row.astype(np.int64) * len(drivers) + column
    wanted = held.astype(np.int64)[by < len(drivers)] * len(drivers) + by[by < len(drivers)]
    return np.asarray(np.flatnonzero(np.isin(key, wanted)))


def join_counts(table: pd.DataFrame) -> dict[str, int]:
    """Return the counts of a table of sessions and needs.

    ``drawn`` sessions are ``held`` and ``without_driver``; ``needing`` drivers have ``needs_held`` sessions and are
    ``needs_without_session``; ``wishes`` are ``held`` and ``needs_without_session``.
    """
    drawn = table["origin"] == "session"
    held = drawn & (table["trip_id"] != "")
    needs = table["needs"].to_numpy(bool)
    return {
        "drawn": int(drawn.sum()),
        "held": int(held.sum()),
        "without_driver": int((drawn & ~held).sum()),
        "needing": int(needs.sum()),
        "needs_held": int((held & needs).sum()),
        "needs_without_session": int((~drawn).sum()),
        "wishes": int((held | ~drawn).sum()),
    }


def _gumbel(drivers: NDArray[np.object_], sessions: NDArray[np.object_], chance: Chance) -> NDArray[np.float64]:
    """Return a standard Gumbel number for each pair; it belongs to both names."""
    names = [f"{driver}|{session}" for driver, session in zip(drivers.tolist(), sessions.tolist(), strict=True)]
    uniform = np.clip(chance.uniforms(names, "holds the session"), 1e-12, 1 - 1e-12)
    return np.asarray(-np.log(-np.log(uniform)))


def _wishes(
    trips: TripSet,
    drivers: Drivers,
    sessions: StationSessions,
    stations: Sequence[ChargingStation],
    pairs: Candidates,
    *,
    options: ChargingOptions,
    chance: Chance,
    table: pd.DataFrame,
) -> ChargingWishes:
    """Return the wishes of those that hold a session and of those in need without one, by trip."""
    battery = trips.battery_kwh[drivers.trip[pairs.driver]]
    enough = pairs.charge + sessions.energy_kwh[pairs.session] / battery
    # Who needs the charge to arrive takes what that needs, whatever was drawn.
    least = options.reserve_charge + pairs.onward_kwh / battery
    target = np.clip(np.where(drivers.needs[pairs.driver], np.maximum(enough, least), enough), 1e-3, 1.0)
    free = np.setdiff1d(np.flatnonzero(drivers.needs), pairs.driver)
    trip = np.concatenate([drivers.trip[pairs.driver], drivers.trip[free]])
    order = np.argsort(trip, kind="stable")
    ids = np.array([station.id for station in stations], object)
    station = np.concatenate([ids[sessions.station[pairs.session]], np.full(len(free), "", object)])
    stay_s = np.concatenate([sessions.dwell_s[pairs.session], np.zeros(len(free))])
    trip = trip[order]
    return ChargingWishes(
        trip=trip,
        target=np.concatenate([target, np.full(len(free), options.target)])[order],
        patience_s=np.full(len(trip), options.patience_s),
        reserves=chance.uniforms(trips.trip_id[trip], "reserves") < options.reserving_share,
        station=station[order],
        stay_s=stay_s[order],
        sessions=table,
    )


def _table(
    trips: TripSet,
    drivers: Drivers,
    sessions: StationSessions,
    stations: Sequence[ChargingStation],
    *,
    pairs: Candidates,
    chosen: NDArray[np.intp],
    fit: NDArray[np.bool_],
) -> pd.DataFrame:
    """Return a row for each session, in the order drawn, and then for each driver in need without one."""
    import pandas as pd

    taken, count = pairs.take(chosen), len(sessions)
    held = np.zeros(count, bool)
    held[taken.session] = True
    could = np.bincount(pairs.session, minlength=count) > 0
    willing = np.bincount(pairs.session[fit], minlength=count) > 0
    why = np.where(held, "", np.where(~could, _NOBODY, np.where(~willing, _DEAR, _TAKEN))).astype(object)
    trip = drivers.trip[taken.driver]
    driven_km = trips.sum_over_route(trips.graph.length_m) / 1_000

    def spread(values: NDArray[Any], absent: float | str | bool) -> NDArray[Any]:
        whole = np.full(count, absent, values.dtype)
        whole[taken.session] = values
        return whole

    drawn = pd.DataFrame(
        {
            "session": sessions.name,
            "station": np.array([station.id for station in stations], object)[sessions.station],
            "trip_id": spread(trips.trip_id[trip], ""),
            "origin": "session",
            "reason": why,
            "session_s": sessions.arrive_s,
            "arrive_s": spread(taken.arrive_s, np.nan),
            "dwell_s": sessions.dwell_s,
            "energy_kwh": sessions.energy_kwh,
            "missing_kwh": sessions.missing_kwh,
            "driver_missing_kwh": spread((1 - taken.charge) * trips.battery_kwh[trip], np.nan),
            "driven_km": spread(driven_km[trip], np.nan),
            "detour_s": spread(taken.detour_s, np.nan),
            "to_end_m": spread(taken.to_end_m, np.nan),
            "stays": spread(taken.stays, absent=False),
            "needs": spread(drivers.needs[taken.driver], absent=False),
            "charges_at_home": spread(drivers.charges_at_home[taken.driver], absent=False),
            "cost": spread(taken.cost, np.nan),
        }
    )
    free = np.setdiff1d(np.flatnonzero(drivers.needs), taken.driver)
    alone = pd.DataFrame(
        {
            "trip_id": trips.trip_id[drivers.trip[free]],
            "driver_missing_kwh": (
                (1 - trips.state_of_charge[drivers.trip[free]]) * trips.battery_kwh[drivers.trip[free]]
            ),
            "driven_km": driven_km[drivers.trip[free]],
            "charges_at_home": drivers.charges_at_home[free],
        }
    ).assign(session="", station="", origin="need", reason="no session was drawn for it", stays=False, needs=True)
    if not len(alone):
        return drawn[list(WISH_COLUMNS)]
    return pd.concat([drawn, alone.reindex(columns=list(WISH_COLUMNS))], ignore_index=True)[list(WISH_COLUMNS)]
