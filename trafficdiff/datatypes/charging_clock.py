"""Set prices and limits of charging stations by the clock, whichever way the stations came."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from trafficdiff.datatypes.part import DAY_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trafficdiff.datatypes.charging_smart import StationLimit, Tariff
    from trafficdiff.datatypes.part import Period
    from trafficdiff.datatypes.stations import ChargingStation
    from trafficdiff.errors import Faults

__all__ = ["by_the_clock"]


def by_the_clock(
    stations: Sequence[ChargingStation],
    *,
    tariffs: Sequence[Tariff] = (),
    limits: Sequence[StationLimit] = (),
    faults: Faults,
) -> tuple[ChargingStation, ...]:
    """Return the stations with tariffs and limits, in the order given: the last of those that overlap holds.

    Parameters
    ----------
    stations
        Of any origin.

    Other Parameters
    ----------------
    tariffs, limits
        Of the scenario.
    faults
        Receives names of stations that there are not.
    """
    known = {station.id for station in stations}
    for what, rules in (("tariffs", tariffs), ("limits", limits)):
        for rule in rules:
            for name in (name for name in rule.stations or () if name not in known):
                faults.add(f"charging.{what}: expected stations among {sorted(known)}, got {name!r}")
    return tuple(_limited(_priced(station, tariffs), limits) for station in stations)


def _priced(station: ChargingStation, tariffs: Sequence[Tariff]) -> ChargingStation:
    for tariff in tariffs:
        if not _holds(tariff.stations, station.id) or not _holds(tariff.site_types, station.site_type):
            continue
        price = tariff.price_per_kwh
        if tariff.during is None:
            station = replace(station, price_per_kwh=price, prices=())
        else:
            parts = ((begin_s, end_s, price) for begin_s, end_s in _of_the_day(tariff.during))
            station = replace(station, prices=(*station.prices, *parts))
    return station


def _limited(station: ChargingStation, limits: Sequence[StationLimit]) -> ChargingStation:
    for limit in (one for one in limits if _holds(one.stations, station.id)):
        begin_s, end_s = (0.0, 2 * DAY_S) if limit.during is None else (limit.during.begin_s, limit.during.end_s)
        station = replace(station, caps=(*station.caps, (begin_s, end_s, limit.power_kw)))
    return station


def _holds(names: Sequence[str] | None, name: str) -> bool:
    return names is None or name in names


def _of_the_day(during: Period) -> list[tuple[float, float]]:
    """Return a period as parts of one day, because prices repeat every day [s]."""
    if during.end_s - during.begin_s >= DAY_S:
        return [(0.0, DAY_S)]
    begin_s, end_s = during.begin_s % DAY_S, during.end_s % DAY_S
    if begin_s < end_s:
        return [(begin_s, end_s)]
    return [(begin_s, DAY_S), (0.0, end_s)] if end_s > 0 else [(begin_s, DAY_S)]
