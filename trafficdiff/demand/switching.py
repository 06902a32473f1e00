"""Compare the routes that drivers take with the fastest ones on the same link times, and let some of them switch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.chance import Chance
from trafficdiff.datatypes.selection import with_routes
from trafficdiff.demand.dynamic import driving_times_s
from trafficdiff.demand.fastest import fastest_dynamic_routes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.demand.link_times import LinkTimes
    from trafficdiff.demand.paths import Paths

__all__ = ["Regret", "regret", "switch"]

_EAGERNESS: Final = 4.0
"""Chance of switching over the share of the time that would be saved, on the first day: who could save a quarter
switches for sure. Chosen by measurement on two cities, docs/decisions/drivers.md."""

_NOISE_S: Final = 1e-6
"""Differences of sums of link times below this [s] are rounding and not gains."""


@dataclass(frozen=True, eq=False)
class Regret:
    """Hold what trips take and what they could take, on the same link times.

    Parameters
    ----------
    taken_s, best_s
        Shape (T,), time over the route taken and over the fastest one [s].
    routes
        The fastest routes.
    """

    taken_s: NDArray[np.float64]
    best_s: NDArray[np.float64]
    routes: Paths

    @property
    def gap(self) -> float:
        """The relative gap: what all together could save, as a share of what they take; 0 without trips.

        Zero is Wardrop's first principle (1952): nobody has a faster way.
        """
        taken_s = float(self.taken_s.sum())
        return float((self.taken_s - self.best_s).sum() / taken_s) if taken_s else 0.0


def regret(trips: TripSet, times: LinkTimes) -> Regret:
    """Return how much each trip could save on the fastest route, each edge by its time when it is entered.

    The wait to enter the net is the same for all routes of a trip, for they share their first edge. It is in neither
    time, so that it does not make the gap look small.
    """
    routes = fastest_dynamic_routes(trips, times)
    taken_s, best_s = (
        driving_times_s(times, depart_s=trips.depart_s, offsets=paths.offsets, edges=paths.edges)
        for paths in (trips, routes)
    )
    return Regret(taken_s, np.minimum(best_s, taken_s), routes)


def switch(
    trips: TripSet, found: Regret, *, day: int, generator: np.random.Generator, held: Sequence[str] = ()
) -> TripSet:
    """Return the trips after some drivers have switched to the fastest route.

    A driver who could save the share s of the time switches with the chance ``4 s / sqrt(day)``, at most 1: who has
    much to gain switches soon, and fewer switch from day to day, so that they do not all run to the same road and back.

    Parameters
    ----------
    trips
        With the routes of the day.
    found
        What they could save; see `regret`.

    Other Parameters
    ----------------
    day
        How many days were simulated, from 1.
    generator
        Source of randomness; whether a driver switches depends on it and on the trip's name alone.
    held
        Ids of trips that keep their route.

    Notes
    -----
    The chance in proportion to the gain is Smith's (1984) route-swap process in relative form, "The stability of a
    dynamic model of traffic assignment", Transportation Science 18(3); the falling step is that of the method of
    successive averages with exponent 1/2.
    """
    gain_s = found.taken_s - found.best_s
    share = np.divide(gain_s, found.taken_s, out=np.zeros_like(gain_s), where=gain_s > _NOISE_S)
    luck = Chance.drawn(generator).uniforms(trips.trip_id)
    chosen = (luck < _EAGERNESS * share / np.sqrt(day)) & ~np.isin(trips.trip_id.astype(str), held)
    rows = np.flatnonzero(chosen)
    chosen_routes = found.routes.take(rows)
    return with_routes(trips, rows, offsets=chosen_routes.offsets, edges=chosen_routes.edges)
