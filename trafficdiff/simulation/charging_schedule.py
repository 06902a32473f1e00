"""Decide in which minutes a car that stands longer than it charges does charge, rests, or gives energy back.

Nothing here knows SUMO: who stands where, how full, and until when; out comes what each plug does until the next look,
a minute later or when somebody comes or goes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from trafficdiff.datatypes.charging_curves import charge_seconds
from trafficdiff.simulation.charging_records import PERIOD_S

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from trafficdiff.datatypes.charging_smart import SmartCharging, VehicleToGrid
    from trafficdiff.datatypes.stations import ChargingStation
    from trafficdiff.simulation.charging_records import SessionRecord

__all__ = ["Mode", "Plugged", "Schedule", "is_cheap_now", "may_give"]

Mode = Literal["charges", "rests", "gives"]
"""What a plug does for its car."""

ENOUGH_WH: Final = 1.0
"""A battery so close below its target is there [Wh]."""

_MARGIN_S: Final = 120.0
"""Time that is left over when a car plans to be ready at the end of its stay [s]; declared."""


@dataclass
class Plugged:
    """Be a car at a plug: its session, its battery and target, its level when it was read last, and what it does."""

    session: SessionRecord
    battery_wh: float
    target_wh: float
    level_wh: float
    sampled_s: float
    leave_s: float
    mode: Mode = "charges"
    enough_s: float = 0.0
    free_s: float = 0.0
    leaves: bool = False

    @property
    def is_full(self) -> bool:
        """Whether the target is reached."""
        return self.level_wh >= self.target_wh - ENOUGH_WH


def is_cheap_now(prices: NDArray[np.float64], *, needed: int) -> bool:
    """Return whether this minute is among the cheapest that suffice, the earliest of equal ones first.

    Parameters
    ----------
    prices
        Of a kWh in the minutes that are left of the stay, this one first, shape (M,).
    needed
        How many minutes the car still charges.

    Examples
    --------
    >>> is_cheap_now(np.array([1.0, 0.2, 0.2]), needed=2), is_cheap_now(np.array([0.2, 1.0, 0.2]), needed=1)
    (False, True)
    """
    if needed >= len(prices):
        return True
    return bool(0 in np.argsort(prices, kind="stable")[:needed])


def may_give(
    rule: VehicleToGrid, prices: NDArray[np.float64], *, charge: float, needs_s: float, efficiency: float
) -> bool:
    """Return whether a car gives energy back in the next minute.

    It gives only what it can take again before it leaves in minutes so much cheaper that the way there and back pays:
    else it would buy dear what it sold dear.

    Parameters
    ----------
    rule
        The scenario's.
    prices
        Of a kWh in the minutes that are left of the stay, this one first, shape (M,).
    charge
        Of the battery after that minute (share).
    needs_s
        How long it would charge to its target after that minute [s].
    efficiency
        Of the plug, each way.
    """
    if prices[0] < rule.from_price or charge < rule.least_charge:
        return False
    cheaper_s = PERIOD_S * int((prices[1:] < prices[0] * efficiency**2).sum())
    return needs_s + _MARGIN_S <= cheaper_s


@dataclass
class Schedule:
    """Decide what plugs do.

    Parameters
    ----------
    stations
        Their prices and plugs.
    smart
        The scenario's rules; None if everybody charges at once.
    temperature_c
        Of the air.
    """

    stations: Sequence[ChargingStation]
    smart: SmartCharging | None
    temperature_c: float
    _prices: dict[int, tuple[float, NDArray[np.float64]]] = field(default_factory=dict)

    def stay_s(self, station: int) -> float:
        """Return the least time at the plugs of a station [s]."""
        return 0.0 if self.smart is None else self.smart.stay_s.get(self.stations[station].site_type, 0.0)

    def giving_kw(self, one: Plugged) -> float:
        """Return the power that leaves the battery of a car that gives [kW]."""
        rule = None if self.smart is None else self.smart.vehicle_to_grid
        station = self.stations[one.session.station]
        most_kw = station.each_plug[one.session.plug].usable_kw * station.efficiency
        return 0.0 if rule is None else min(rule.power_kw, most_kw)

    def choose(self, cars: Sequence[Plugged], time_s: float, *, share_kw: Mapping[int, float]) -> None:
        """Set what every car does until the next look; who does not stay longer than it charges, charges.

        Parameters
        ----------
        cars
            All at plugs.
        time_s
            Now [s of the day].
        share_kw
            What each car of a station may count on under limits of the site and its feeder [kW from the grid].
        """
        staying = [one for one in cars if one.leave_s > time_s and not one.leaves]
        for one in cars:
            one.mode = "charges"
        if not staying:
            return
        given_wh = np.array([self.giving_kw(one) for one in staying]) * 1_000.0 * PERIOD_S / 3_600.0
        level_wh = np.array([one.level_wh for one in staying])
        needs_s = self._needs_s(staying, level_wh, share_kw)
        later_s = self._needs_s(staying, level_wh - given_wh, share_kw) if given_wh.any() else needs_s
        for one, needed_s, after_s, after_wh in zip(staying, needs_s, later_s, level_wh - given_wh, strict=True):
            one.mode = self._mode(one, time_s, needs_s=float(needed_s), after=(float(after_s), float(after_wh)))

    def _mode(self, one: Plugged, time_s: float, *, needs_s: float, after: tuple[float, float]) -> Mode:
        smart = self.smart
        rule = None if smart is None else smart.vehicle_to_grid
        prices = self._minutes(one.session.station, time_s, until_s=one.leave_s)
        charge = after[1] / one.battery_wh
        efficiency = self.stations[one.session.station].efficiency
        if rule is not None and may_give(rule, prices, charge=charge, needs_s=after[0], efficiency=efficiency):
            return "gives"
        if one.is_full:
            return "rests"
        if smart is None or smart.charge == "at_once":
            return "charges"
        needed = math.ceil((needs_s + _MARGIN_S) / PERIOD_S)
        return "charges" if is_cheap_now(prices, needed=needed) else "rests"

    def _minutes(self, station: int, time_s: float, *, until_s: float) -> NDArray[np.float64]:
        """Return the prices of the minutes from now until the end of a stay; at least one."""
        count = max(1, math.ceil((until_s - time_s) / PERIOD_S))
        begin_s, known = self._prices.get(station, (time_s, np.zeros(0)))
        first = math.floor((time_s - begin_s) / PERIOD_S)
        if first < 0 or first + count > len(known):
            begin_s, first = math.floor(time_s / PERIOD_S) * PERIOD_S, 0
            price_at = self.stations[station].price_at
            known = np.array([price_at(begin_s + PERIOD_S * minute) for minute in range(2 * count)])
            self._prices[station] = begin_s, known
        return known[first : first + count]

    def _needs_s(
        self, cars: Sequence[Plugged], level_wh: NDArray[np.float64], share_kw: Mapping[int, float]
    ) -> NDArray[np.float64]:
        """Return how long each car charges from a level to its target at the power that it can count on [s]."""
        battery_wh = np.array([one.battery_wh for one in cars])
        power_kw = []
        for one in cars:
            station = self.stations[one.session.station]
            most_kw = min(station.each_plug[one.session.plug].usable_kw, share_kw[one.session.station])
            power_kw.append(max(most_kw * station.efficiency, 1e-3))
        return charge_seconds(
            battery_wh / 1_000.0,
            begin=level_wh / battery_wh,
            end=np.array([one.target_wh for one in cars]) / battery_wh,
            power_kw=np.array(power_kw),
            temperature_c=self.temperature_c,
        )
