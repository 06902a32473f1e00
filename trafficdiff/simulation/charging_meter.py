"""Measure what flows into batteries, set what each plug may give, and foresee when a car has enough."""

from __future__ import annotations

import math
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
from trafficdiff.simulation.charging_schedule import Plugged, Schedule
from trafficdiff.simulation.charging_sites import charger_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from trafficdiff.datatypes.charging_smart import SmartCharging
    from trafficdiff.datatypes.stations import ChargingStation
    from trafficdiff.simulation.control import Controller

__all__ = ["Meter", "level_wh"]

_LEVEL: Final = "device.battery.chargeLevel"
_EARLIEST_S: Final = 1.0


def level_wh(controller: Controller, name: str) -> float:
    """Return the level of a car's battery [Wh]."""
    return float(controller.vehicle.getParameter(name, _LEVEL))


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
    smart
        Who stays longer than it charges, and when it charges meanwhile; None if all charge at once.
    """

    def __init__(
        self,
        stations: tuple[ChargingStation, ...],
        *,
        feeder_caps_kw: Mapping[str, float],
        temperature_c: float,
        smart: SmartCharging | None = None,
    ) -> None:
        self.stations = stations
        self.minutes = Minutes(len(stations))
        self.sessions: list[SessionRecord] = []
        self._plugged: dict[str, Plugged] = {}
        self._schedule = Schedule(stations, smart, temperature_c)
        self._factor = temperature_factor(temperature_c)
        self._temperature_c = temperature_c
        names = list(feeder_caps_kw)
        self._feeder = np.array([names.index(one.feeder) if one.feeder in names else -1 for one in stations], np.int64)
        self._feeder_kw = np.array([feeder_caps_kw[name] for name in names], np.float64)
        self._set_w: dict[str, float] = {}
        self.next_s = math.inf
        """When the next car may have enough [s]."""
        self._is_limited = [
            place >= 0
            or bool(one.caps)
            or (one.site_kw is not None and one.site_kw < one.installed_kw)
            or self._schedule.stay_s(number) > 0
            for number, (one, place) in enumerate(zip(stations, self._feeder.tolist(), strict=True))
        ]
        self.changes_s = frozenset(
            time_s for one in stations for begin_s, end_s, _ in one.caps for time_s in (begin_s, end_s)
        )
        """When a limit by the clock begins or ends [s of the day]."""

    def plug_in(
        self,
        controller: Controller,
        name: str,
        session: SessionRecord,
        *,
        battery_wh: float,
        target_wh: float,
        stay_s: float = 0.0,
    ) -> None:
        """Begin a session of a car that stands at its plug; it stays for so long at least, with or without power."""
        self.sessions.append(session)
        begin_s = session.plugged_s
        leave_s = begin_s + max(stay_s, self._schedule.stay_s(session.station))
        self._plugged[name] = Plugged(session, battery_wh, target_wh, session.level_in_wh, begin_s, leave_s)
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
        """Return the cars that have enough now and have stayed long enough, each once; they stay until `unplug`."""
        done: list[str] = []
        if time_s < self.next_s:
            return done
        rests = False
        for name, plugged in self._plugged.items():
            if plugged.leaves or plugged.enough_s > time_s:
                continue
            self._read(controller, name, time_s)
            if plugged.is_full and time_s >= plugged.leave_s:
                plugged.leaves = True
                done.append(name)
            else:
                rests = rests or plugged.is_full
                self._foresee(time_s, only=name)
        if rests:  # who has enough but stays takes nothing more, and leaves its power to the others
            self.share_power(controller, time_s)
            self._foresee(time_s)
        self._look_ahead()
        return done

    def remaining_s(self, station: int, time_s: float) -> list[float]:
        """Return how long each car at a station will still keep its plug, shortest first [s]."""
        own = [one for one in self._plugged.values() if one.session.station == station]
        return sorted(max(0.0, one.free_s - time_s) for one in own)

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
        given = max(-flowed, 0.0) if plugged.mode == "gives" else 0.0
        grid = (flowed + given) / 1_000.0 / station.efficiency - given / 1_000.0 * station.efficiency
        session.cost += grid * station.price_at(plugged.sampled_s)
        session.given_wh += given
        minute = len(self.minutes.energy_wh) - 1
        self.minutes.energy_wh[minute][session.station] += flowed
        self.minutes.given_wh[minute][session.station] += given
        if flowed > 0:
            self.minutes.charging_s[minute][session.station] += time_s - plugged.sampled_s
        plugged.level_wh, plugged.sampled_s = level, time_s

    def share_power(self, controller: Controller, time_s: float) -> None:
        """Set what each plug of plugs may give, so that no site and no feeder draws more than it may [W].

        What a car would draw falls as it fills, so what is set at one time holds until the next.
        """
        for name, one in self._plugged.items():
            if one.leave_s > one.sampled_s and one.sampled_s < time_s:  # what it does may change now
                self._read(controller, name, time_s)
        cars = list(self._plugged.values())
        site = np.array([one.session.station for one in cars], np.int64)
        limit = np.array([one.limit_kw(time_s) for one in self.stations], np.float64)
        staying = any(one.leave_s > time_s for one in cars)
        self._schedule.choose(cars, time_s, share_kw=self._fair_share_kw(site, limit) if staying else {})

        def most_kw(power_kw: list[float]) -> NDArray[np.float64]:
            wanted = np.array(power_kw, np.float64)
            return site_levels(wanted, site, site_limit=limit, feeder=self._feeder, feeder_limit=self._feeder_kw)

        levels = most_kw([self._wanted_kw(one) for one in cars])
        back = most_kw([self._back_kw(one) for one in cars]) if any(one.mode == "gives" for one in cars) else levels
        at_plug = {(one.session.station, one.session.plug): one for one in cars}
        for place, station in enumerate(self.stations):
            for number, plug in enumerate(station.each_plug):
                car = at_plug.get((place, number))
                # Where a limit may bind, a plug gives nothing until who comes has been reckoned with.
                rests = self._is_limited[place] if car is None else car.mode == "rests"
                watt = 0.0 if rests else float(min(plug.usable_kw, levels[place])) * 1_000.0
                if car is not None and car.mode == "gives":
                    # SUMO takes a plug's power times its efficiency out of the battery; the grid gets that times it.
                    watt = -float(min(self._back_kw(car), back[place])) / station.efficiency**2 * 1_000.0
                self._set_plug(controller, charger_id(station, number), watt, usual_w=plug.usable_kw * 1_000.0)

    def _set_plug(self, controller: Controller, name: str, watt: float, *, usual_w: float) -> None:
        if self._set_w.get(name, usual_w) != watt:
            controller.chargingstation.setChargingPower(name, watt)
            self._set_w[name] = watt

    def _fair_share_kw(self, site: NDArray[np.int64], limit_kw: NDArray[np.float64]) -> dict[int, float]:
        """Return what each car at a station may count on if all at its site and its feeder charge at once [kW]."""
        count = np.bincount(site, minlength=len(self.stations))
        share = limit_kw / np.maximum(count, 1)
        for place, feeder_kw in enumerate(self._feeder_kw.tolist()):
            hanging = self._feeder == place
            share[hanging] = np.minimum(share[hanging], feeder_kw / max(int(count[hanging].sum()), 1))
        return dict(enumerate(share.tolist()))

    def _back_kw(self, one: Plugged) -> float:
        """Return what a car that gives would send into the grid if nothing limited it [kW]."""
        return (
            self._schedule.giving_kw(one) * self.stations[one.session.station].efficiency
            if one.mode == "gives"
            else 0.0
        )

    def _wanted_kw(self, one: Plugged) -> float:
        """Return what a car would draw from the grid if nothing but its plug and its curve limited it [kW]."""
        if one.mode != "charges":
            return 0.0
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
            soonest_s, full_s = time_s + _EARLIEST_S, one.sampled_s + float(np.floor(duration_s))
            one.free_s = max(soonest_s, full_s, one.leave_s)
            if one.leave_s > time_s and one.is_full:
                one.enough_s = max(soonest_s, one.leave_s)
            else:
                one.enough_s = max(soonest_s, full_s) if one.mode == "charges" else math.inf
        self._look_ahead()

    def _look_ahead(self) -> None:
        self.next_s = min((one.enough_s for one in self._plugged.values() if not one.leaves), default=math.inf)

    def _given_kw(self, one: Plugged) -> float:
        """Return what the plug of a car lets into its battery now [kW]; its full power while it rests or gives."""
        station = self.stations[one.session.station]
        plug = station.each_plug[one.session.plug]
        usual_w = plug.usable_kw * 1_000.0
        watt = self._set_w.get(charger_id(station, one.session.plug), usual_w) if one.mode == "charges" else usual_w
        return watt / 1_000.0 * station.efficiency
