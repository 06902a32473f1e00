"""Hold where chargers could be built, what that costs, and what a plan chose.

All costs are declared: they stand for building and connecting, in whatever money the budget is in, and differ by
several times between cities, grids and suppliers. A file of candidates may state its own, site by site.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final, Literal, get_args

import numpy as np
from pydantic import Field

from trafficdiff.datatypes.part import Part
from trafficdiff.datatypes.stations import ChargingStation, Plugs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = [
    "KIND_PLUGS", "SITE_KINDS", "CandidateSite", "SiteCosts", "SiteKind", "SiteOptions", "enlargements", "merged",
    "options_of", "station_of",
]  # fmt: skip

SiteKind = Literal["parking", "fuel", "shop", "street", "other", "enlarged"]
"""What is at a site today; *enlarged* is a station that is there and gets more plugs."""

SITE_KINDS: Final[tuple[SiteKind, ...]] = tuple(kind for kind in get_args(SiteKind) if kind != "enlarged")
"""Kinds of sites where nothing charges yet: those that a file may name."""

KIND_PLUGS: Final[dict[SiteKind, tuple[Plugs, ...]]] = {
    "parking": (Plugs(count=8, power_kw=22.0, current="ac"), Plugs(count=4, power_kw=50.0)),
    "fuel": (Plugs(count=4, power_kw=150.0),),
    "shop": (Plugs(count=4, power_kw=50.0), Plugs(count=4, power_kw=150.0)),
    "street": (Plugs(count=2, power_kw=22.0, current="ac"),),
    "other": (Plugs(count=4, power_kw=22.0, current="ac"), Plugs(count=4, power_kw=50.0)),
}
"""What can be built at a site of each kind: alternatives, each with the most plugs that fit. Declared."""

_AC_PLUG: Final = 6_000.0
_RAPID_KW: Final = 43.0
_MOST_PLUGS: Final = 24
"""Of one station: more would not all have a power of their own (`trafficdiff.simulation.charging_sites`)."""

_Money = Annotated[float, Field(ge=0, le=1e12)]


class SiteCosts(Part):
    """What building costs where a candidate does not state it. Declared; docs/siting.md has published ones."""

    fixed: dict[SiteKind, _Money] = Field(
        default={
            "parking": 20_000.0,
            "fuel": 40_000.0,
            "shop": 20_000.0,
            "street": 8_000.0,
            "other": 20_000.0,
            "enlarged": 5_000.0,
        },
        description="Of opening a site, by its kind: ground work and connection [money]; of a station that is "
        "enlarged, work at its connection.",
    )
    plug: Annotated[tuple[tuple[float, float], ...], Field(min_length=1)] = Field(
        default=((22.0, _AC_PLUG), (50.0, 40_000.0), (150.0, 90_000.0), (350.0, 170_000.0)),
        description="Of a plug, by its power [kW, money], ascending; in between along a line, beyond as the nearest.",
    )

    def of_plug(self, power_kw: float) -> float:
        """Return what a plug of a power costs [money]."""
        powers, costs = np.array(self.plug, np.float64).T
        return float(np.interp(power_kw, powers, costs))


@dataclass(frozen=True, kw_only=True)
class CandidateSite:
    """Be a place where chargers could be built.

    Parameters
    ----------
    station
        Where it is; its groups of plugs are alternatives, each with the most plugs that fit.
    kind
        What is there today.
    fixed_cost, plug_cost
        Of opening it, and of a plug of whatever power [money]; NaN for the declared costs.
    """

    station: ChargingStation
    kind: SiteKind = "other"
    fixed_cost: float = math.nan
    plug_cost: float = math.nan


@dataclass(frozen=True, eq=False, kw_only=True)
class SiteOptions:
    """Hold what can be built, an option a row: a site with one of its kinds of plugs. A site has at most one of them.

    Parameters
    ----------
    sites
        All sites.
    site, group
        Shape (O,), place of the option's site and of its group of plugs.
    most
        Shape (O,), most plugs.
    fixed_cost, plug_cost
        Shape (O,) [money].
    """

    sites: tuple[CandidateSite, ...]
    site: NDArray[np.int64]
    group: NDArray[np.int64]
    most: NDArray[np.int64]
    fixed_cost: NDArray[np.float64]
    plug_cost: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.site)

    def cost(self, plugs: NDArray[np.int64]) -> float:
        """Return what plugs cost, shape (O,), their sites included [money]."""
        return float((self.fixed_cost * (plugs > 0) + self.plug_cost * plugs).sum())

    def stations(self) -> tuple[ChargingStation, ...]:
        """Return the station that each option would be with all its plugs, by the site's id."""
        return tuple(station_of(self, place, int(self.most[place])) for place in range(len(self)))

    def chosen(self, plugs: NDArray[np.int64]) -> tuple[ChargingStation, ...]:
        """Return the stations that some plugs make, shape (O,)."""
        return tuple(station_of(self, int(place), int(plugs[place])) for place in np.flatnonzero(plugs))


def options_of(sites: Sequence[CandidateSite], costs: SiteCosts) -> SiteOptions:
    """Return what can be built at sites, with its costs."""
    rows = [(place, group) for place, site in enumerate(sites) for group in range(len(site.station.plugs))]
    at = np.array(rows, np.int64).reshape(-1, 2)
    plugs = [sites[place].station.plugs[group] for place, group in rows]
    stated = [(sites[place].fixed_cost, sites[place].plug_cost) for place, _ in rows]
    fixed = [costs.fixed.get(sites[place].kind, 0.0) for place, _ in rows]
    return SiteOptions(
        sites=tuple(sites),
        site=at[:, 0],
        group=at[:, 1],
        most=np.array([one.count for one in plugs], np.int64),
        fixed_cost=np.array([b if math.isnan(a) else a for (a, _), b in zip(stated, fixed, strict=True)], np.float64),
        plug_cost=np.array(
            [costs.of_plug(one.power_kw) if math.isnan(b) else b for (_, b), one in zip(stated, plugs, strict=True)],
            np.float64,
        ),
    )


def station_of(options: SiteOptions, place: int, plugs: int) -> ChargingStation:
    """Return the station that an option is with a number of plugs."""
    from dataclasses import replace

    given = options.sites[int(options.site[place])]
    group = replace(given.station.plugs[int(options.group[place])], count=plugs)
    if given.kind == "enlarged":
        return replace(given.station, plugs=(group,))
    rapid = group.power_kw >= _RAPID_KW
    return replace(given.station, plugs=(group,), site_type="rapid" if rapid else "public")


def enlargements(stations: Sequence[ChargingStation], *, most_more: int) -> tuple[CandidateSite, ...]:
    """Return today's stations as sites that may get so many plugs more, of each kind that they have.

    In the planning programme the new plugs are a place of their own beside the old ones.
    """
    from dataclasses import replace

    found = []
    for station in stations:
        more = min(most_more, _MOST_PLUGS - station.plug_count)
        kinds = {(group.power_kw, group.current): replace(group, count=more) for group in station.plugs}
        if more > 0:
            own = replace(station, plugs=tuple(kinds.values()), site_kw=None, caps=())
            found.append(CandidateSite(station=own, kind="enlarged"))
    return tuple(found)


def merged(today: Sequence[ChargingStation], chosen: Sequence[ChargingStation]) -> tuple[ChargingStation, ...]:
    """Return today's stations with the plugs that are added to them, and the new stations.

    A limit of the site grows by the new plugs' power: the cost of enlarging stands for that too.
    """
    new = {station.id: station for station in chosen}
    found = [
        station if station.id not in new else _with_more(station, new.pop(station.id)) for station in today
    ]  # fmt: skip
    return (*found, *new.values())


def _with_more(station: ChargingStation, added: ChargingStation) -> ChargingStation:
    from dataclasses import replace

    (group,) = added.plugs
    kinds = [(one.power_kw, one.current) for one in station.plugs]
    plugs = [*station.plugs]
    if (kind := (group.power_kw, group.current)) in kinds:
        place = kinds.index(kind)
        plugs[place] = replace(plugs[place], count=plugs[place].count + group.count)
    else:
        plugs.append(group)
    site_kw = None if station.site_kw is None else station.site_kw + added.installed_kw
    return replace(station, plugs=tuple(plugs), site_kw=site_kw)
