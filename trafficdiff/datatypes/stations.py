"""Hold charging stations: where they are, which plugs they have, what they cost, what they may draw."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, get_args

import numpy as np

from trafficdiff.datatypes.identifiers import is_refused
from trafficdiff.datatypes.part import DAY_S
from trafficdiff.datatypes.vehicles import class_bit
from trafficdiff.errors import Faults, InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trafficdiff.datatypes.control import Station
    from trafficdiff.datatypes.graph import RoadGraph

__all__ = [
    "AC_LIMIT_KW", "EFFICIENCY", "LEAST_EDGE_M", "ChargingStation", "Plugs", "SiteType", "check_stations",
    "from_control", "note_station_faults",
]  # fmt: skip

SiteType = Literal["home", "work", "public", "rapid"]
"""What kind of place a station is at."""

AC_LIMIT_KW: Final = 11.0
"""What a car's own charger takes from an alternating current plug [kW]: three phases of 16 A at 230 V, IEC 61851-1
mode 3; most cars on sale have it. Declared for all cars alike."""

EFFICIENCY: Final = 0.95
"""Energy into the battery over energy from the grid. Declared, without a published value: vary it."""

LEAST_EDGE_M: Final = 40.0
"""Shortest road that a station may be at [m]: a waiting area and the plugs behind it must be reached from the lane."""

_MOST_PLUG_KW: Final = 1_000.0


@dataclass(frozen=True, kw_only=True)
class Plugs:
    """Be some equal plugs of a station: how many, the power of each [kW, from the grid], kind of current."""

    count: int
    power_kw: float
    current: Literal["ac", "dc"] = "dc"

    @property
    def usable_kw(self) -> float:
        """Power that a car can draw from one of them [kW]: alternating current passes through the car's charger."""
        return min(self.power_kw, AC_LIMIT_KW / EFFICIENCY) if self.current == "ac" else self.power_kw


@dataclass(frozen=True, kw_only=True)
class ChargingStation:
    """Be a charging station.

    Parameters
    ----------
    id
        Name that SUMO takes.
    plugs
        Its plugs, by kind.
    edge, position_m, lane
        The road, where on it cars turn in [m from its begin], and the lane from the kerb; ``""`` and NaN before the
        station has been matched to the roads.
    longitude_deg, latitude_deg
        WGS 84; NaN where unknown.
    site_kw
        Most that all plugs draw from the grid together [kW]; None for the sum of the plugs.
    caps
        Further limits: begin [s of the day], end [s], power [kW].
    efficiency
        Energy into the battery over energy from the grid.
    price_per_kwh, prices
        Money for a kWh from the plug, and (begin [s], end [s], price) for parts of the day; None where unknown.
    site_type
        Kind of place.
    opening
        Parts of the day in which a car may plug in (begin [s], end [s]); empty for always.
    bays
        Places beside the plugs where cars wait off the road.
    feeder
        Name of the line that it hangs on; stations with the same one share its cap.
    name
        For people.
    """

    id: str
    plugs: tuple[Plugs, ...]
    edge: str = ""
    position_m: float = math.nan
    lane: int = 0
    longitude_deg: float = math.nan
    latitude_deg: float = math.nan
    site_kw: float | None = None
    caps: tuple[tuple[float, float, float], ...] = ()
    efficiency: float = EFFICIENCY
    price_per_kwh: float | None = None
    prices: tuple[tuple[float, float, float], ...] = ()
    site_type: SiteType = "public"
    opening: tuple[tuple[float, float], ...] = ()
    bays: int = 4
    feeder: str = ""
    name: str = ""

    @property
    def plug_count(self) -> int:
        """Cars that charge at once."""
        return sum(group.count for group in self.plugs)

    @property
    def each_plug(self) -> tuple[Plugs, ...]:
        """The kind of every plug, one by one."""
        return tuple(group for group in self.plugs for _ in range(group.count))

    @property
    def installed_kw(self) -> float:
        """Sum of the plugs' power [kW]."""
        return sum(group.count * group.power_kw for group in self.plugs)

    def limit_kw(self, time_s: float) -> float:
        """Return what the station may draw at a time [kW]."""
        holding = [kw for begin_s, end_s, kw in self.caps if begin_s <= time_s < end_s]
        return min([self.installed_kw, *([] if self.site_kw is None else [self.site_kw]), *holding])

    def price_at(self, time_s: float) -> float:
        """Return the price of a kWh at a time; 0 where it is unknown. Of parts that overlap the last one holds."""
        holding = [price for begin_s, end_s, price in self.prices if begin_s <= time_s % DAY_S < end_s]
        return holding[-1] if holding else (self.price_per_kwh or 0.0)

    def is_open(self, time_s: float) -> bool:
        """Return whether a car may plug in at a time."""
        return not self.opening or any(begin_s <= time_s % DAY_S < end_s for begin_s, end_s in self.opening)


def from_control(sites: Iterable[Station], graph: RoadGraph) -> tuple[ChargingStation, ...]:
    """Return the stations that measures have built, in the middle of their roads."""
    return tuple(
        ChargingStation(
            id=site.id,
            plugs=(Plugs(count=site.plugs, power_kw=site.power_kw, current="ac" if site.power_kw <= 22.0 else "dc"),),
            edge=site.edge,
            position_m=float(graph.length_m[graph.edge_index[site.edge]]) / 2,
            lane=site.lane,
            caps=site.caps,
            price_per_kwh=site.price_per_kwh,
            prices=site.prices,
            site_type="rapid" if site.power_kw >= 43.0 else "public",
        )
        for site in sites
    )


def check_stations(stations: Sequence[ChargingStation], graph: RoadGraph | None = None) -> None:
    """Check stations, and that they stand at roads for cars where a graph is given.

    Raises
    ------
    InputError
        Listing every fault of every station.
    """
    faults = Faults("charging stations")
    note_station_faults(stations, faults, graph=graph)
    faults.raise_if_any(InputError)


def note_station_faults(stations: Sequence[ChargingStation], faults: Faults, *, graph: RoadGraph | None = None) -> None:
    """Note every fault of every station; see `check_stations`."""
    seen: dict[str, int] = {}
    for place, station in enumerate(stations):
        what = f"station {station.id!r}"
        if station.id in seen:
            faults.add(f"{what}: expected an id of its own, got that of station number {seen[station.id] + 1}; rename")
        seen.setdefault(station.id, place)
        if is_refused(station.id):
            faults.add(f"{what}: expected an id that SUMO takes; use letters, digits, _ and -")
        _note_numbers(station, what, faults)
        if graph is not None:
            _note_place(station, what, faults, graph)


def _note_numbers(station: ChargingStation, what: str, faults: Faults) -> None:
    _note_power(station, what, faults)
    if not 0 < station.efficiency <= 1:
        faults.add(f"{what}: expected an efficiency above 0 and at most 1, got {station.efficiency:g}")
    prices = [station.price_per_kwh or 0.0, *(price for _, _, price in station.prices)]
    if not all(math.isfinite(price) for price in prices):
        faults.add(f"{what}: expected finite prices, got {prices}")
    if station.bays < 0:
        faults.add(f"{what}: expected at least 0 waiting bays, got {station.bays}")
    if station.site_type not in get_args(SiteType):
        faults.add(f"{what}: expected a site type among {', '.join(get_args(SiteType))}, got {station.site_type!r}")
    for begin_s, end_s in station.opening:
        if not 0 <= begin_s < end_s <= DAY_S:
            faults.add(f"{what}: expected opening from 0 to {DAY_S:g} s, ends after begins, got {begin_s:g}-{end_s:g}")


def _note_power(station: ChargingStation, what: str, faults: Faults) -> None:
    if station.plug_count < 1 or any(group.count < 1 for group in station.plugs):
        faults.add(f"{what}: expected at least one plug of each kind, got {[one.count for one in station.plugs]}")
    for group in station.plugs:
        if not 0 < group.power_kw <= _MOST_PLUG_KW:
            faults.add(f"{what}: expected a plug's power above 0 and at most {_MOST_PLUG_KW:g} kW, got "
                       f"{group.power_kw:g}; is it in W?")  # fmt: skip
    limits = [("site_kw", station.site_kw), *(("a cap", kw) for _, _, kw in station.caps)]
    for name, value in limits:
        if value is not None and not (math.isfinite(value) and value >= 0):
            faults.add(f"{what}: expected {name} of at least 0 kW, got {value:g}")


def _note_place(station: ChargingStation, what: str, faults: Faults, graph: RoadGraph) -> None:
    edge = graph.edge_index.get(station.edge)
    if edge is None:
        faults.add(f"{what}: expected an edge of the net, got {station.edge!r}; name another, or give a point")
        return
    if not graph.allowed_classes[edge] & class_bit("passenger"):
        faults.add(f"{what}: expected an edge that cars may use, got {station.edge!r}, which is closed to them "
                   f"(a {graph.road_class[edge] or 'footway'}); name the road beside it")  # fmt: skip
    length_m = float(graph.length_m[edge])
    if length_m < LEAST_EDGE_M:
        faults.add(f"{what}: expected an edge of at least {LEAST_EDGE_M:g} m, {station.edge!r} has {length_m:.0f} m")
    if not 0 <= station.position_m <= length_m:
        faults.add(f"{what}: expected a position from 0 to {length_m:.0f} m, got {station.position_m:g}")
    if not np.isfinite([station.lane]).all() or station.lane < 0:
        faults.add(f"{what}: expected a lane from 0, got {station.lane}")
