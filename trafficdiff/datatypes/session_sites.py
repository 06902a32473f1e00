"""Hold the sessions of a charging network by site, with what is known of each site: the corpus of the session model.

What a file does not say is declared here, by source: its time zone, and the site type and power of its chargers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from trafficdiff.datatypes.session_files import read_sessions
from trafficdiff.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from trafficdiff.datatypes.charging_sessions import ChargingSessions

__all__ = ["SITE_TYPES", "SURROUNDINGS", "SessionNetwork", "SiteKind", "read_network", "read_networks", "weeks_of"]

SITE_TYPES: Final = ("home", "work", "public", "rapid")
SURROUNDINGS: Final = (
    "administrative", "consumption", "leisure", "tourism", "education", "health", "work", "other_sites", "population",
)  # fmt: skip
"""What is known of the surroundings of a public site: places of each kind within 300 m, other charging sites nearby,
people living near. Each as log(1 + n); NaN where unknown."""

_MONDAY: Final = np.datetime64("1969-12-29T00:00:00", "s")
_POI_RADIUS_M: Final = 300
_RAPID_KW: Final = 43.0
"""From this power on a public charger is called rapid: Alternative Fuels Infrastructure Regulations 2017 (UK)."""
_DECLARED: Final[dict[str, tuple[str, str, float]]] = {
    "trondheim": ("Europe/Oslo", "home", 7.4),
    "workplace": ("America/New_York", "work", 6.6),
    "hamburg": ("Europe/Berlin", "public", 22.0),
    "dundee": ("Europe/London", "public", 7.0),
}
"""By the beginning of a file's name: time zone, site type and power [kW] where the file does not state them. The powers
are those of one-phase home charging at 32 A, of level 2 in the USA at 208 V, and of Hamburg's usual posts."""


@dataclass(frozen=True, kw_only=True)
class SiteKind:
    """Say what chargers of one kind are.

    Parameters
    ----------
    site_type
        One of `SITE_TYPES`.
    power_kw
        Of a plug [kW].
    """

    site_type: Literal["home", "work", "public", "rapid"]
    power_kw: float


@dataclass(frozen=True, eq=False, kw_only=True)
class SessionNetwork:
    """Hold the sessions of one network, and the place where each was held.

    Parameters
    ----------
    name
        Of the network.
    sessions
        In order of their start.
    place
        Shape (S,), position of each session's place: chargers of one kind at one site.
    site
        Shape (P,), name of the site of each place.
    kinds
        One a place.
    plugs
        Shape (P,), plugs seen in use.
    surroundings
        Shape (P, len(`SURROUNDINGS`)), NaN where unknown.
    """

    name: str
    sessions: ChargingSessions
    place: NDArray[np.int64]
    site: NDArray[np.str_]
    kinds: tuple[SiteKind, ...]
    plugs: NDArray[np.int64]
    surroundings: NDArray[np.float64]

    @property
    def has_energy(self) -> bool:
        """Whether energies were measured."""
        return bool(np.isfinite(self.sessions.energy_kwh).any())

    @property
    def weeks(self) -> float:
        """How long it was watched: the weeks that hold sessions, the first and last in part; at least one."""
        first, last = (float((self.sessions.start[end] - _MONDAY) / np.timedelta64(7, "D")) for end in (0, -1))
        held = np.unique(weeks_of(self.sessions))
        return max(float((np.minimum(held + 1, last) - np.maximum(held, first)).sum()), 1.0)

    @property
    def taken(self) -> NDArray[np.float64]:
        """Share of the time that the plugs of each place were taken, shape (P,), at most 1."""
        taken_s = np.bincount(self.place, self.sessions.dwell_s, minlength=len(self.kinds))
        return np.minimum(taken_s / (np.maximum(self.plugs, 1) * self.weeks * 7 * 86_400), 1.0)

    @property
    def at_deg(self) -> NDArray[np.float64]:
        """Longitude and latitude of each place, shape (P, 2); NaN where unknown."""
        count = np.bincount(self.place, minlength=len(self.kinds))
        columns = (self.sessions.longitude_deg, self.sessions.latitude_deg)
        sums = [np.bincount(self.place, column, minlength=len(self.kinds)) for column in columns]
        return np.where(count[:, None] > 0, np.stack(sums, axis=1) / np.maximum(count, 1)[:, None], np.nan)

    def take(self, rows: NDArray[np.bool_]) -> SessionNetwork:
        """Return the network with some of its sessions; its places stay."""
        return replace(self, sessions=self.sessions.take(rows), place=self.place[rows])


def weeks_of(sessions: ChargingSessions) -> NDArray[np.int64]:
    """Return the week of each session's start, shape (S,), counted from the Monday before 1970."""
    return np.asarray((sessions.start.astype("datetime64[D]").astype(np.int64) + 3) // 7)


def read_network(
    path: Path,
    *,
    sites: Path | None = None,
    time_zone: str | None = None,
    kind: SiteKind | None = None,
) -> SessionNetwork:
    """Read the sessions of one network; rows that cannot be true are left out.

    Parameters
    ----------
    path
        A file of sessions, see `trafficdiff.datatypes.session_files`.
    sites
        A table with surroundings by site (`location_id`); None for none.
    time_zone, kind
        Of the network; None for what is declared of its name.

    Raises
    ------
    InputError
        If the file cannot be read, or nothing is declared of its name and no time zone is given.
    """
    name = path.name.split(".", 1)[0]
    declared = next((of for start, of in _DECLARED.items() if name.startswith(start)), None)
    if declared is None and time_zone is None:
        raise InputError(
            f"{path}: expected a name that begins with {', '.join(sorted(_DECLARED))}, or a time zone; give one"
        )
    zone = time_zone or (declared[0] if declared else "")
    usual = kind or (SiteKind(site_type=declared[1], power_kw=declared[2]) if declared else None)  # type: ignore[arg-type]
    usual = usual or SiteKind(site_type="public", power_kw=7.0)
    sessions = read_sessions(path, time_zone=zone, implausible="leave out").sessions
    return _network(name, sessions, usual, told=kind is None, sites=sites)


def _network(
    name: str, sessions: ChargingSessions, usual: SiteKind, *, told: bool, sites: Path | None
) -> SessionNetwork:
    models = {str(model): _kind_of(str(model), usual) if told else usual for model in np.unique(sessions.model)}
    keys = [(str(site), models[str(model)]) for site, model in zip(sessions.site, sessions.model, strict=True)]
    places = sorted(set(keys), key=lambda key: (key[0], key[1].site_type, key[1].power_kw))
    number = {key: position for position, key in enumerate(places)}
    place = np.array([number[key] for key in keys], np.int64)
    plug = np.char.add(np.char.add(sessions.charger.astype(str), "/"), sessions.plug.astype(str))
    site = np.array([key[0] for key in places])
    return SessionNetwork(
        name=name,
        sessions=sessions,
        place=place,
        site=site,
        kinds=tuple(key[1] for key in places),
        plugs=np.array([len(np.unique(plug[place == number])) for number in range(len(places))], np.int64),
        surroundings=_surroundings(site, sites),
    )


def _kind_of(model: str, usual: SiteKind) -> SiteKind:
    """Return what a charger's model says of its kind: a power in kW, or the word rapid."""
    import re

    found = re.search(r"(\d+(?:\.\d+)?)\s*kW", model)
    power = float(found[1]) if found else 50.0 if "rapid" in model.lower() else usual.power_kw
    if usual.site_type == "public" and power >= _RAPID_KW:
        return SiteKind(site_type="rapid", power_kw=power)
    return SiteKind(site_type=usual.site_type, power_kw=power)


def _surroundings(site: NDArray[np.str_], sites: Path | None) -> NDArray[np.float64]:
    found = np.full((len(site), len(SURROUNDINGS)), np.nan)
    if sites is None:
        return found
    import pandas as pd

    table = pd.read_csv(sites, dtype={"location_id": str}).set_index("location_id")
    columns = [f"{kind}_poi_num_{_POI_RADIUS_M}m" for kind in SURROUNDINGS[:-2]] + ["other_cs", "population"]
    if missing := [name for name in columns if name not in table]:
        raise InputError(f"{sites}: expected the columns {', '.join(columns)}, got none called {', '.join(missing)}")
    known = table.reindex(list(site))[columns].to_numpy(dtype=float)
    return np.asarray(np.log1p(known))


def read_networks(paths: Sequence[Path], *, sites: Path | None = None) -> list[SessionNetwork]:
    """Read several networks; the table of surroundings belongs to those whose name begins as its own.

    Raises
    ------
    InputError
        If a file cannot be read, or two networks have one name.
    """
    owner = None if sites is None else sites.name.split("_", 1)[0]
    networks = [read_network(path, sites=sites if owner and path.name.startswith(owner) else None) for path in paths]
    names = [network.name for network in networks]
    if len(set(names)) < len(names):
        raise InputError(f"expected networks of different names, got {', '.join(sorted(names))}")
    return networks
