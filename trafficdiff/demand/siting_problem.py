"""State the siting of chargers as a linear programme over sampled days.

Time is cut into bins. A car may use a station or an option (a *place* to charge) if the way over it is possible; it
plugs in on arrival or some whole bins later, as far as its patience goes, and holds a plug while it charges. ::

    minimise    sum of wanted energy of cars without a plug + weight x (hours at wait, detour and plug)
    over        x[car, place, wait] >= 0, shares of the car that go there            (1)
    with        sum over places and waits of x[car] <= 1                             each car once
                sum of x that hold a plug of a place in a bin <= plugs of the place  each bin of each day

For given plugs this is a linear programme; the prices of its first rows bound what other plugs can save. It knows no
traffic, no queue discipline and no driver who takes another's plug: shares are dealt out as if one hand did it, so
drivers lose more than it says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.errors import SimulationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from trafficdiff.demand.charging_choice import Offers

__all__ = ["DayOffers", "Loss", "SitingProblem", "problem_of"]

_LEAST_GAIN: Final = 1e-9


@dataclass(frozen=True, eq=False, kw_only=True)
class DayOffers:
    """Hold one day: what places offer those who want to charge, and what these want.

    Parameters
    ----------
    offers
        Columns: today's stations, then options.
    wanted_kwh, patience_s
        Shape (W,), energy that is missing, and longest wait.
    """

    offers: Offers
    wanted_kwh: NDArray[np.float64]
    patience_s: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Loss:
    """Say what a plan loses in the programme, in the mean over its days.

    Parameters
    ----------
    loss_kwh
        What is minimised: unmet energy, and hours at their weight [kWh].
    unmet_kwh, unmet_cars
        Energy [kWh] and cars without a plug.
    wait_h, detour_h, plug_h
        Hours in all that cars wait, drive longer, and charge.
    """

    loss_kwh: float
    unmet_kwh: float
    unmet_cars: float
    wait_h: float
    detour_h: float
    plug_h: float


@dataclass(frozen=True, eq=False, kw_only=True)
class SitingProblem:
    """Hold the programme: a column for each car, place and wait.

    Parameters
    ----------
    days
        How many days the cars come from.
    wanted_kwh
        Shape (C,), of each car of all days.
    car, place
        Shape (X,), of each column.
    cost_kwh, wait_h, detour_h, plug_h
        Shape (X,), what a column costs at the weights, and its hours.
    held
        Sparse, shape (R, X): share of a bin for which a column holds a plug.
    row_place
        Shape (R,), place of each bin's row.
    existing
        Shape (S,), plugs of today's stations, the first places.
    options
        How many options follow them.
    """

    days: int
    wanted_kwh: NDArray[np.float64]
    car: NDArray[np.int64]
    place: NDArray[np.int64]
    cost_kwh: NDArray[np.float64]
    wait_h: NDArray[np.float64]
    detour_h: NDArray[np.float64]
    plug_h: NDArray[np.float64]
    held: Any
    row_place: NDArray[np.int64]
    existing: NDArray[np.float64]
    options: int

    @property
    def gain_kwh(self) -> NDArray[np.float64]:
        """What a column saves against leaving its car without a plug, shape (X,) [kWh]; above 0."""
        return np.asarray(self.wanted_kwh[self.car] - self.cost_kwh)

    def plugs(self, chosen: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the plugs of all places, those of options given, shape (S + O,)."""
        return np.concatenate([self.existing, chosen])

    def loss(self, chosen: NDArray[np.int64]) -> Loss:
        """Return what a plan loses; `chosen` has the plugs of each option, shape (O,)."""
        open_places = self.plugs(chosen) > 0
        columns = np.flatnonzero(open_places[self.place])
        share = self._solved(chosen, columns)[0]
        return self._told(columns, share)

    def priced(self, chosen: NDArray[np.int64]) -> tuple[float, NDArray[np.float64]]:
        """Return the loss of a plan, and the price of each car in it, shape (C,) [kWh]: what serving it brings."""
        columns = np.flatnonzero((self.plugs(chosen) > 0)[self.place])
        share, worth = self._solved(chosen, columns)
        return self._told(columns, share).loss_kwh, worth

    def most_won_kwh(self, worth: NDArray[np.float64], option: int, plugs: int) -> float:
        """Return the most that an option's plugs win beyond the prices of cars [kWh a day].

        By Lagrangian duality the sum of prices and of what every place wins bounds what any plan brings, so a plan with
        more plugs at an option saves at most what these win more (prices from `priced` of the plan without them).
        """
        return self._won_kwh(worth, len(self.existing) + option, plugs)

    def bound_kwh(self, worth: NDArray[np.float64], options_won_kwh: float) -> float:
        """Return what no plan loses less than [kWh a day], if the options of a plan win so much at most."""
        existing = sum(self._won_kwh(worth, place, int(plugs)) for place, plugs in enumerate(self.existing.tolist()))
        brought = float(worth.sum()) / self.days + existing + options_won_kwh
        return float(self.wanted_kwh.sum()) / self.days - brought

    def _won_kwh(self, worth: NDArray[np.float64], place: int, plugs: float) -> float:
        from scipy.optimize import linprog
        from scipy.sparse import coo_matrix, vstack

        columns = np.flatnonzero(self.place == place)
        beyond = self.gain_kwh[columns] - worth[self.car[columns]]
        columns, beyond = columns[beyond > _LEAST_GAIN], beyond[beyond > _LEAST_GAIN]
        if not len(columns) or plugs <= 0:
            return 0.0
        cars, car = np.unique(self.car[columns], return_inverse=True)
        once = coo_matrix((np.ones(len(columns)), (np.ravel(car), np.arange(len(columns)))))
        held = self.held[:, columns]
        rows = np.flatnonzero(np.diff(held.indptr))
        most = np.concatenate([np.ones(len(cars)), np.full(len(rows), float(plugs))])
        found: Any = linprog(-beyond, A_ub=vstack([once, held[rows]], format="csr"), b_ub=most, method="highs")
        if found.x is None:
            raise SimulationError(f"expected what a place wins at most, got {found.message!r} from HiGHS")
        return -float(found.fun) / self.days

    def _solved(
        self, chosen: NDArray[np.int64], columns: NDArray[np.intp]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the shares of some columns in the best dealing out, and the price of each car [kWh]."""
        from scipy.optimize import linprog
        from scipy.sparse import coo_matrix, vstack

        if not len(columns):
            return np.zeros(0), np.zeros(len(self.wanted_kwh))
        once = coo_matrix(
            (np.ones(len(columns)), (self.car[columns], np.arange(len(columns)))),
            shape=(len(self.wanted_kwh), len(columns)),
        )
        held = self.held[:, columns]
        rows = np.flatnonzero(np.diff(held.indptr))
        most = np.concatenate([np.ones(len(self.wanted_kwh)), self.plugs(chosen)[self.row_place[rows]]])
        found: Any = linprog(
            -self.gain_kwh[columns], A_ub=vstack([once, held[rows]], format="csr"), b_ub=most, method="highs"
        )
        if found.x is None:
            raise SimulationError(f"expected shares of the cars at the stations, got {found.message!r} from HiGHS")
        return np.asarray(found.x), np.maximum(-found.ineqlin.marginals[: len(self.wanted_kwh)], 0.0)

    def _told(self, columns: NDArray[np.intp], share: NDArray[np.float64]) -> Loss:
        met = np.bincount(self.car[columns], weights=share, minlength=len(self.wanted_kwh))
        unmet = np.clip(1.0 - met, 0.0, 1.0)
        unmet_kwh = float((unmet * self.wanted_kwh).sum())
        hours = [float((share * one[columns]).sum()) / self.days for one in (self.wait_h, self.detour_h, self.plug_h)]
        return Loss(
            loss_kwh=(unmet_kwh + float((share * self.cost_kwh[columns]).sum())) / self.days,
            unmet_kwh=unmet_kwh / self.days,
            unmet_cars=float(unmet.sum()) / self.days,
            wait_h=hours[0],
            detour_h=hours[1],
            plug_h=hours[2],
        )


def problem_of(
    days: Sequence[DayOffers],
    *,
    existing: NDArray[np.float64],
    options: int,
    bin_s: float,
    weights: tuple[float, float, float],
    longest_detour_s: float,
) -> SitingProblem:
    """Return the programme of some days.

    Parameters
    ----------
    days
        What places offer on each day.

    Other Parameters
    ----------------
    existing
        Shape (S,), plugs of today's stations.
    options
        How many options follow them among the places.
    bin_s
        Length of a bin [s].
    weights
        What an hour of waiting, of detour and at the plug counts [kWh].
    longest_detour_s
        Longest detour that anybody makes [s].
    """
    columns = [
        _columns(day, bin_s=bin_s, weights=weights, longest_detour_s=longest_detour_s, first=first)
        for day, first in zip(days, np.cumsum([0, *(len(day.wanted_kwh) for day in days)])[:-1], strict=True)
    ]
    car, place, cost, wait, detour, plug, begin, end = (np.concatenate(part) for part in zip(*columns, strict=True))
    day_of = np.repeat(np.arange(len(days)), [len(one[0]) for one in columns])
    held, row_place = _held(day_of, place, begin, end, places=len(existing) + options)
    return SitingProblem(
        days=len(days), wanted_kwh=np.concatenate([day.wanted_kwh for day in days]), car=car, place=place,
        cost_kwh=cost, wait_h=wait, detour_h=detour, plug_h=plug, held=held, row_place=row_place,
        existing=np.asarray(existing, np.float64), options=options,
    )  # fmt: skip


def _columns(
    day: DayOffers, *, bin_s: float, weights: tuple[float, float, float], longest_detour_s: float, first: int
) -> tuple[NDArray[Any], ...]:
    """Return car, place, cost, hours and when the plug is held [bins], of all columns of a day."""
    offers = day.offers
    usable = offers.reachable & (offers.detour_s <= longest_detour_s) & (offers.charging_s > 0)
    car, place = np.nonzero(usable)
    waits = np.floor(day.patience_s[car] / bin_s).astype(np.int64) + 1
    which = np.repeat(np.arange(len(car)), waits)
    wait = np.arange(len(which)) - np.repeat(np.cumsum(waits) - waits, waits)
    car, place = car[which], place[which]
    hours = [one / 3_600.0 for one in (wait * bin_s, offers.detour_s[car, place], offers.charging_s[car, place])]
    cost = sum(weight * one for weight, one in zip(weights, hours, strict=True))
    begin = offers.arrival_s[car, place] / bin_s + wait
    end = begin + offers.held_s[car, place] / bin_s
    keep = day.wanted_kwh[car] - cost > _LEAST_GAIN
    columns = (car + first, place, cost, *hours, begin, end)
    return tuple(np.asarray(one)[keep] for one in columns)


def _held(
    day: NDArray[np.int64], place: NDArray[np.int64], begin: NDArray[np.float64], end: NDArray[np.float64], *,
    places: int,
) -> tuple[Any, NDArray[np.int64]]:  # fmt: skip
    """Return which share of which bin each column holds, shape (R, X), and the place of each row; days apart."""
    from scipy.sparse import csr_matrix

    low, high = np.floor(begin).astype(np.int64), np.ceil(end).astype(np.int64)
    count = np.maximum(high - low, 1)
    column = np.repeat(np.arange(len(place)), count)
    at = np.arange(len(column)) - np.repeat(np.cumsum(count) - count, count) + low[column]
    share = np.minimum(end[column], at + 1) - np.maximum(begin[column], at)
    bins = int(at.max(initial=0)) + 1
    key = (day[column] * places + place[column]) * bins + at
    rows, row = np.unique(key, return_inverse=True)
    held = csr_matrix((share, (np.ravel(row), column)), shape=(len(rows), len(place)))
    return held, rows // bins % places
