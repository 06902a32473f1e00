"""Let drivers choose stations by detour, price, expected wait and power, each in sight of those who chose before.

Drivers choose one after the other, by departure. What a station promises the next one follows from whom it has promised
plugs already: the wait is until the first plug is free again. That is the queue with several servers, first come first
served, worked out over the planned arrivals.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.charging_options import StationChoice
    from trafficdiff.datatypes.stations import ChargingStation

__all__ = ["Chosen", "Offers", "choose", "fixed_cost"]

_NO_WAY: Final = "no station can be used: no way leads past one, the charge does not last, or it is closed"
_LONG_WAIT: Final = "every station within reach promised too long a wait"
_IN_MIND: Final = 1e5
"""More than any station costs [money], and less than one that promises too long a wait."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Offers:
    """Hold what each station offers each EV, shape (W, S); EVs by departure.

    Parameters
    ----------
    arrival_s
        When it would arrive [s of the day].
    detour_s, detour_m
        What the way over the station takes longer.
    charging_s
        How long it would charge.
    energy_kwh
        Shape (W, S), what it would pay for.
    price
        Of a kWh then.
    reachable
        Whether there is a way, and the charge lasts for it.
    noise
        Standard Gumbel numbers of driver and station.
    least_s
        Shape (S,), least time at the plugs of each station, which nobody minds; None if all go when they have enough.
    """

    arrival_s: NDArray[np.float64]
    detour_s: NDArray[np.float64]
    detour_m: NDArray[np.float64]
    charging_s: NDArray[np.float64]
    energy_kwh: NDArray[np.float64]
    price: NDArray[np.float64]
    reachable: NDArray[np.bool_]
    noise: NDArray[np.float64]
    least_s: NDArray[np.float64] | None = None

    @property
    def held_s(self) -> NDArray[np.float64]:
        """How long each EV would hold a plug, shape (W, S) [s]."""
        return self.charging_s if self.least_s is None else np.maximum(self.charging_s, self.least_s)


@dataclass(frozen=True, eq=False, kw_only=True)
class Chosen:
    """Hold the stations that EVs try in order, shape (W, K), -1 for none; the promised wait [s]; why there is none."""

    stations: NDArray[np.int64]
    wait_s: NDArray[np.float64]
    reason: NDArray[np.object_]


def choose(
    offers: Offers,
    stations: tuple[ChargingStation, ...],
    *,
    taste: StationChoice,
    patience_s: NDArray[np.float64],
    alternatives: int,
    first: NDArray[np.int64] | None = None,
) -> Chosen:
    """Return which stations each EV tries.

    Parameters
    ----------
    offers, stations
        What there is to choose from.

    Other Parameters
    ----------------
    taste
        Weights and scatter.
    patience_s
        Shape (W,), stations that promise a longer wait are left out [s].
    alternatives
        Most stations that one tries.
    first
        Shape (W,), position of the station that each has in mind, and takes whatever it costs unless the wait there is
        too long; -1 for those that choose. None if all choose.

    Notes
    -----
    Multinomial logit of random utility (McFadden 1974): utility is minus the cost in money over `taste.scatter`, plus a
    Gumbel number that belongs to the driver and the station. The further choices are the next best.
    """
    fixed, held_s = fixed_cost(offers, taste), offers.held_s
    per_s = taste.value_of_time_per_h * taste.wait_factor / 3_600.0
    books = [[0.0] * station.plug_count for station in stations]
    count = len(offers.arrival_s)
    tried = np.full((count, alternatives), -1, np.int64)
    wait_s, reason = np.full(count, np.nan), np.full(count, "", object)
    for row in range(count):
        arrival = offers.arrival_s[row]
        waits = np.array([max(book[0] - at, 0.0) for book, at in zip(books, arrival, strict=True)])
        willing = offers.reachable[row] & (waits <= patience_s[row])
        if not willing.any():
            reason[row] = _LONG_WAIT if offers.reachable[row].any() else _NO_WAY
            continue
        cost = fixed[row] + per_s * waits
        if first is not None and first[row] >= 0:
            cost[first[row]] -= _IN_MIND
        cost = np.where(willing, cost, np.where(offers.reachable[row], cost + 1e6, np.inf))
        order = np.argsort(cost, kind="stable")[:alternatives]
        order = order[np.isfinite(cost[order])]
        tried[row, : len(order)] = order
        best = int(order[0])
        wait_s[row] = waits[best]
        heapq.heapreplace(books[best], float(arrival[best] + waits[best] + held_s[row, best]))
    return Chosen(stations=tried, wait_s=wait_s, reason=reason)


def fixed_cost(offers: Offers, taste: StationChoice) -> NDArray[np.float64]:
    """Return the cost of each station for each EV but for the wait, chance included [money], shape (W, S)."""
    hours = (offers.detour_s + taste.charging_factor * offers.charging_s) / 3_600.0
    cost = taste.value_of_time_per_h * hours + offers.price * offers.energy_kwh
    cost = cost + taste.running_cost_per_km * offers.detour_m / 1_000.0 - taste.scatter * offers.noise
    return np.asarray(np.where(offers.reachable, cost, np.inf))
