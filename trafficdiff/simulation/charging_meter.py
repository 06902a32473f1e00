"""Measure what flows into batteries, set what each plug may give, and foresee when a car has enough."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.charging_curves import (
    CURVE_LEVELS,
    CURVE_SHARES,
    charge_seconds,
    peak_kw,
    temperature_factor,
)
from trafficdiff.simulation.charging_power import site_levels
from trafficdiff.simulation.charging_records import Minutes, SessionRecord
from trafficdiff.simulation.charging_sites import charger_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trafficdiff.datatypes.stations import ChargingStation
    from trafficdiff.simulation.control import Controller

__all__ = ["Meter", "level_wh"]

_LEVEL: Final = "device.battery.chargeLevel"
_ENOUGH_WH: Final = 1.0
_EARLIEST_S: Final = 1.0


def level_wh(controller: Controller, name: str) -> float:
    """Return the level of a car's battery [Wh]."""
    return float(controller.vehicle.getParameter(name, _LEVEL))


@dataclass
class _Plugged:
    session: SessionRecord
    battery_wh: float
    target_wh: float
    level_wh: float
    sampled_s: float
    enough_s: float = 0.0
    leaves: bool = False


class Meter:
    """Keep the cars at plugs.

    Parameters
    ----------
    stations
        Their plugs, efficiencies, prices and limits.
    feeder_caps_kw
        Most that the stations of a feeder draw together [kW], by its name.
    temperature_c
        Of the air.
    """

    def __init__(
        self, stations: tuple[ChargingStation, ...], *, feeder_caps_kw: Mapping[str, float], temperature_c: float
    ) -> None:
        self.stations = stations
        self.minutes = Minutes(len(stations))
        self.sessions: list[SessionRecord] = []
        self._plugged: dict[str, _Plugged] = {}
        self._factor = temperature_factor(temperature_c)
        self._temperature_c = temperature_c
        names = list(feeder_caps_kw)
        self._feeder = np.array([names.index(one.feeder) if one.feeder in names else -1 for one in stations], np.int64)
        self._feeder_kw = np.array([feeder_caps_kw[name] for name in names], np.float64)
        self._set_w: dict[str, float] = {}
        self.next_s = math.inf
        """When the next car may have enough [s]."""
        self._is_limited = [
            place >= 0 or bool(one.caps) or (one.site_kw is not None and one.site_kw < one.installed_kw)
            for one, place in zip(stations, self._feeder.tolist(), strict=True)
        ]
        self.changes_s = frozenset(
            time_s for one in stations for begin_s, end_s, _ in one.caps for time_s in (begin_s, end_s)
        )
        """When a limit by the clock begins or ends [s of the day]."""

    def plug_in(
        self, controller: Controller, name: str, session: SessionRecord, *, battery_wh: float, target_wh: float
    ) -> None:
        """Begin a session of a car that stands at its plug."""
        self.sessions.append(session)
        self._plugged[name] = _Plugged(session, battery_wh, target_wh, session.level_in_wh, session.plugged_s)
        self.share_power(controller, session.plugged_s)
        self._foresee(session.plugged_s)

    def unplug(self, controller: Controller, name: str, time_s: float) -> None:
        """End the session of a car; what has flowed until now is its energy."""
        self._read(controller, name, time_s)
        plugged = self._plugged.pop(name)
        plugged.session.unplugged_s, plugged.session.level_out_wh = time_s, plugged.level_wh
        self.share_power(controller, time_s)
        self._foresee(time_s)

    def sample(self, controller: Controller, time_s: float) -> None:
        """Read all plugs, share out power anew, foresee who will have enough when."""
        for name in self._plugged:
            self._read(controller, name, time_s)
        self.share_power(controller, time_s)
        self._foresee(time_s)

    def finished(self, controller: Controller, time_s: float) -> list[str]:
        """Return the cars that have enough now, each once; they stay until `unplug`."""
        done: list[str] = []
        if time_s < self.next_s:
            return done
        for name, plugged in self._plugged.items():
            if plugged.leaves or plugged.enough_s > time_s:
                continue
            self._read(controller, name, time_s)
            if plugged.level_wh >= plugged.target_wh - _ENOUGH_WH:
                plugged.leaves = True
                done.append(name)
            else:
                self._foresee(time_s, only=name)
        self._look_ahead()
        return done

    def remaining_s(self, station: int, time_s: float) -> list[float]:
        """Return how long each car at a station will still charge, shortest first [s]."""
        own = [one for one in self._plugged.values() if one.session.station == station]
        return sorted(max(0.0, one.enough_s - time_s) for one in own)

    def close(self, controller: Controller, time_s: float) -> None:
        """Read all plugs a last time; the sessions stay open."""
        for name, plugged in self._plugged.items():
            self._read(controller, name, time_s)
            plugged.session.level_out_wh = plugged.level_wh

    def _read(self, controller: Controller, name: str, time_s: float) -> None:
        plugged = self._plugged[name]
        level = level_wh(controller, name)
        flowed, session = level - plugged.level_wh, plugged.session
        session.energy_wh += flowed
        station = self.stations[session.station]
        session.cost += flowed / 1_000.0 / station.efficiency * station.price_at(plugged.sampled_s)
        minute = len(self.minutes.energy_wh) - 1
        self.minutes.energy_wh[minute][session.station] += flowed
        if flowed > 0:
            self.minutes.charging_s[minute][session.station] += time_s - plugged.sampled_s
        plugged.level_wh, plugged.sampled_s = level, time_s

    def share_power(self, controller: Controller, time_s: float) -> None:
        """Set what each plug of plugs may give, so that no site and no feeder draws more than it may [W].

        What a car would draw falls as it fills, so what is set at one time holds until the next.
        """
        cars = list(self._plugged.values())
        site = np.array([one.session.station for one in cars], np.int64)
        wanted = np.array([self._wanted_kw(one) for one in cars], np.float64)
        limit = np.array([one.limit_kw(time_s) for one in self.stations], np.float64)
        levels = site_levels(wanted, site, site_limit=limit, feeder=self._feeder, feeder_limit=self._feeder_kw)
        taken = {(one.session.station, one.session.plug) for one in cars}
        for place, station in enumerate(self.stations):
            for number, plug in enumerate(station.each_plug):
                # Where a limit may bind, a plug gives nothing until who comes has been reckoned with.
                waits = self._is_limited[place] and (place, number) not in taken
                watt = 0.0 if waits else float(min(plug.usable_kw, levels[place])) * 1_000.0
                name = charger_id(station, number)
                if self._set_w.get(name, plug.usable_kw * 1_000.0) != watt:
                    controller.chargingstation.setChargingPower(name, watt)
                    self._set_w[name] = watt

    def _wanted_kw(self, one: _Plugged) -> float:
        """Return what a car would draw from the grid if nothing but its plug and its curve limited it [kW]."""
        station = self.stations[one.session.station]
        share = float(np.interp(one.level_wh / one.battery_wh, CURVE_LEVELS, CURVE_SHARES))
        # Below the top of the curve a car takes more as it fills: what it may come to until the next sample counts.
        rising = one.level_wh / one.battery_wh < float(CURVE_LEVELS[1])
        battery_kw = (1.0 if rising else share) * float(peak_kw(one.battery_wh / 1_000.0)) * self._factor
        return min(station.each_plug[one.session.plug].usable_kw, battery_kw / station.efficiency)

    def _foresee(self, time_s: float, *, only: str | None = None) -> None:
        cars = [self._plugged[only]] if only is not None else list(self._plugged.values())
        if not cars:
            self.next_s = math.inf
            return
        battery = np.array([one.battery_wh / 1_000.0 for one in cars])
        takes_s = charge_seconds(
            battery,
            begin=np.array([one.level_wh for one in cars]) / battery / 1_000.0,
            end=np.array([one.target_wh for one in cars]) / battery / 1_000.0,
            power_kw=np.array([max(self._given_kw(one), 1e-6) for one in cars]),
            temperature_c=self._temperature_c,
        )
        for one, duration_s in zip(cars, takes_s.tolist(), strict=True):
            one.enough_s = max(time_s + _EARLIEST_S, one.sampled_s + float(np.floor(duration_s)))
        self._look_ahead()

    def _look_ahead(self) -> None:
        self.next_s = min((one.enough_s for one in self._plugged.values() if not one.leaves), default=math.inf)

    def _given_kw(self, one: _Plugged) -> float:
        """Return what the plug of a car lets into its battery now [kW]."""
        station = self.stations[one.session.station]
        plug = station.each_plug[one.session.plug]
        watt = self._set_w.get(charger_id(station, one.session.plug), plug.usable_kw * 1_000.0)
        return watt / 1_000.0 * station.efficiency
