"""Open the charging model, and draw the sessions of sites from it.

Energies, stays and hours are the model's. The charge on arrival is declared, see `trafficdiff.demand.arrival_charge`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from trafficdiff.datatypes.session_sites import SURROUNDINGS, SiteKind
from trafficdiff.demand.arrival_charge import arrival_charge, declared_batteries_kwh
from trafficdiff.errors import Faults, InputError
from trafficdiff.resources import bundled

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from trafficdiff.diffusion.session_checkpoint import SessionCheckpoint
    from trafficdiff.diffusion.session_sampler import PlaceRequest

__all__ = [
    "SHIPPED", "ChargingSite", "SiteSessions", "complete_sessions", "describe_charging_model", "draw_sessions",
    "open_charging_model", "rates", "start_shares",
]  # fmt: skip

SHIPPED: Final = "data/charging_model.safetensors"
"""The checkpoint that travels with the package."""
_DIGITS: Final = 16
_WEEK_S: Final = 7 * 86_400.0
_HOUR_S: Final = 3600.0


def _unknown() -> NDArray[np.float64]:
    return np.full(len(SURROUNDINGS), np.nan)


@dataclass(frozen=True, eq=False, kw_only=True)
class ChargingSite:
    """Describe chargers of one kind at one place.

    Parameters
    ----------
    site_type
        ``home``, ``work``, ``public`` or ``rapid``.
    power_kw
        Of a plug [kW].
    plugs
        How many.
    sessions_a_plug_week
        How much they are used; NaN for what the model expects.
    surroundings
        Shape (len(`SURROUNDINGS`),), NaN where unknown.
    network
        A network that the model was trained on, by name; None for a place that it never saw.
    longitude_deg, latitude_deg
        WGS 84, where known: in a network whose places are known, neighbours tell of use.
    """

    site_type: Literal["home", "work", "public", "rapid"]
    power_kw: float
    plugs: int = 1
    sessions_a_plug_week: float = float("nan")
    surroundings: NDArray[np.float64] = field(default_factory=_unknown)
    network: str | None = None
    longitude_deg: float = float("nan")
    latitude_deg: float = float("nan")

    @property
    def kind(self) -> SiteKind:
        """Its chargers."""
        return SiteKind(site_type=self.site_type, power_kw=self.power_kw)


@dataclass(frozen=True, eq=False)
class SiteSessions:
    """Hold sessions at sites, each column of shape (S,).

    Parameters
    ----------
    site
        Position in the sites that were asked for.
    arrive_s
        Since Monday 0:00 [s].
    dwell_s, energy_kwh
        How long they stay, and what they take.
    battery_kwh, state_of_charge
        Of the car, and its charge on arrival (share): declared, not learned.
    """

    site: NDArray[np.int64]
    arrive_s: NDArray[np.float64]
    dwell_s: NDArray[np.float64]
    energy_kwh: NDArray[np.float64]
    battery_kwh: NDArray[np.float64]
    state_of_charge: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.site)


def open_charging_model(path: Path | None = None) -> SessionCheckpoint:
    """Open a trained charging model; the shipped one if no path is given.

    Raises
    ------
    InputError
        If it is missing, no safetensors, something else's, damaged, or has weights that are not finite.
    """
    from trafficdiff.diffusion.session_checkpoint import read_session_checkpoint

    return read_session_checkpoint(bundled(SHIPPED) if path is None else path)


def describe_charging_model(path: Path | None = None) -> str:
    """Return on one line which model it is, from its header alone: whether its weights are whole is not looked at.

    Raises
    ------
    InputError
        If it is missing, or no checkpoint of the charging model.
    """
    from safetensors import SafetensorError, safe_open

    file = bundled(SHIPPED) if path is None else path
    try:
        with safe_open(file, "numpy") as opened:
            header: dict[str, str] = opened.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise InputError(f"{file}: expected a checkpoint of the charging model, got: {error}") from error
    if "charging" not in header.get("format", "") or not {"card", "sha256"} <= header.keys():
        raise InputError(
            f"{file}: expected a checkpoint of the charging model, got one of format {header.get('format')!r}"
        )
    card = json.loads(header["card"])
    names = ", ".join(of["name"] for of in card.get("networks", ()))
    return (
        f"{header['sha256'][:_DIGITS]}, {file.stat().st_size / 1e6:.1f} MB, {card.get('steps', 0):,} steps, "
        f"trained on {names or 'networks that it does not name'}"
    )


def rates(checkpoint: SessionCheckpoint, sites: Sequence[ChargingSite]) -> NDArray[np.float64]:
    """Return the sessions a plug and week to expect at each site, shape (len(sites),): those stated, or the model's."""
    _check(sites)
    stated = np.array([site.sessions_a_plug_week for site in sites], float)
    learned = [
        checkpoint.rates.expected(
            site.kind, site.surroundings, network=site.network, at_deg=(site.longitude_deg, site.latitude_deg)
        )
        for site in sites
    ]
    return np.where(np.isfinite(stated), stated, learned)


def draw_sessions(
    checkpoint: SessionCheckpoint,
    sites: Sequence[ChargingSite],
    *,
    begin_s: float,
    end_s: float,
    seed: int,
    world: int | None = None,
) -> SiteSessions:
    """Draw the sessions that begin in a window, in order of their arrival.

    How many is random as weeks of the networks are; when they come is the model's law of the hours in the window.

    Parameters
    ----------
    checkpoint, sites
        The model, and where.
    begin_s, end_s
        The window, since Monday 0:00 [s]; it may run over the end of a week.

    Other Parameters
    ----------------
    seed
        Of everything random here.
    world
        Number of what a network that the model never saw is like, the same for all its sites; a sample of an ensemble
        has one. None for the mean over all worlds.

    Raises
    ------
    InputError
        If the window is empty or not finite, or a site cannot be, all faults at once.
    """
    if not (np.isfinite([begin_s, end_s]).all() and 0 <= begin_s < end_s):
        raise InputError(f"expected a window from at least 0 s that ends after it begins, got {begin_s:g} to {end_s:g}")
    generator = np.random.default_rng([seed, 1])
    use = rates(checkpoint, sites) * [site.plugs for site in sites]
    hours = np.arange(int(begin_s // _HOUR_S), int(np.ceil(end_s / _HOUR_S)))
    part = np.minimum((hours + 1) * _HOUR_S, end_s) - np.maximum(hours * _HOUR_S, begin_s)
    expected = start_shares(checkpoint, sites, world=world)[:, hours % 168] * part / _HOUR_S
    weeks = hours // 168 - hours[0] // 168
    factor = checkpoint.rates.factors(
        len(sites), weeks=int(weeks[-1]) + 1, generator=generator, network=sites[0].network
    )[:, weeks]
    counts = generator.poisson(use[:, None] * expected * factor)
    site, column = (np.repeat(index.ravel(), counts.ravel()) for index in np.indices(counts.shape))
    first = np.maximum(hours[column] * _HOUR_S, begin_s)
    arrive_s = first + generator.random(len(site)) * part[column]
    order = np.lexsort((site, arrive_s))
    return complete_sessions(checkpoint, sites, site=site[order], arrive_s=arrive_s[order], seed=seed, world=world)


def complete_sessions(
    checkpoint: SessionCheckpoint,
    sites: Sequence[ChargingSite],
    *,
    site: NDArray[np.int64],
    arrive_s: NDArray[np.float64],
    dwell_s: NDArray[np.float64] | None = None,
    energy_kwh: NDArray[np.float64] | None = None,
    battery_kwh: NDArray[np.float64] | None = None,
    seed: int,
    world: int | None = None,
) -> SiteSessions:
    """Draw what is not known of sessions whose arrival is, in the order given.

    Parameters
    ----------
    checkpoint, sites
        The model, and where.
    site, arrive_s
        Shape (S,): position in `sites`, arrival since Monday 0:00 [s].
    dwell_s, energy_kwh
        Shape (S,): what is known of stay and energy; NaN, or None for all, to draw them.
    battery_kwh
        Shape (S,), of the cars; None for declared ones.
    seed, world
        As for `draw_sessions`.

    Raises
    ------
    InputError
        If columns differ in length, or a number cannot be, all faults at once.
    """
    from trafficdiff.diffusion.session_sampler import draw_slots
    from trafficdiff.diffusion.session_slots import DWELL, decoded, encoded

    count = len(site)
    dwell_s, energy_kwh = (np.full(count, np.nan) if one is None else one for one in (dwell_s, energy_kwh))
    _check(sites)
    _check_columns(site, arrive_s, dwell_s, energy_kwh, battery_kwh, sites=len(sites))
    generator = np.random.default_rng([seed, 2])
    given = encoded((arrive_s % _WEEK_S // _HOUR_S).astype(np.int64), np.nan_to_num(dwell_s, nan=60.0), energy_kwh)
    given[np.isnan(dwell_s), DWELL] = -1
    rows = [np.flatnonzero(site == number) for number in range(len(sites))]
    requests = _requests(checkpoint, sites, [given[own] for own in rows], world)
    slots = given.copy()
    found = draw_slots(checkpoint.members, requests, prior=checkpoint.prior, seed=seed)
    for own, drawn in zip(rows, found, strict=True):
        slots[own] = drawn
    _, drawn_s, drawn_kwh = decoded(slots, generator)
    dwell_s = np.where(np.isnan(dwell_s), drawn_s, dwell_s)
    power_kw = np.array([one.power_kw for one in sites])[site] if count else np.zeros(0)
    drawn_kwh = np.minimum(drawn_kwh, power_kw * dwell_s / _HOUR_S)
    energy_kwh = np.where(np.isnan(energy_kwh), drawn_kwh, energy_kwh)
    if battery_kwh is None:
        battery_kwh = declared_batteries_kwh(energy_kwh, generator=generator)
    charge = arrival_charge(energy_kwh, battery_kwh, dwell_s=dwell_s, power_kw=power_kw, generator=generator)
    return SiteSessions(site.astype(np.int64), arrive_s, dwell_s, energy_kwh, battery_kwh, charge)


def start_shares(
    checkpoint: SessionCheckpoint, sites: Sequence[ChargingSite], *, world: int | None = None
) -> NDArray[np.float64]:
    """Return the share of a week's sessions that begin in each hour of the week, shape (len(sites), 168), sums 1."""
    from trafficdiff.diffusion.session_sampler import start_chances

    requests = _requests(checkpoint, sites, [None] * len(sites), world)
    return start_chances(checkpoint.members, requests, prior=checkpoint.prior)


def _requests(
    checkpoint: SessionCheckpoint,
    sites: Sequence[ChargingSite],
    given: Sequence[NDArray[np.int64] | None],
    world: int | None,
) -> list[PlaceRequest]:
    from trafficdiff.diffusion.session_sampler import PlaceRequest, worlds_of

    nature = None if world is None else worlds_of(checkpoint.prior, 1, generator=np.random.default_rng(world))[0]
    return [
        PlaceRequest(
            kind=site.kind,
            count=0 if own is None else len(own),
            sessions_a_plug_week=float(use),
            surroundings=site.surroundings,
            network=site.network,
            world=nature,
            given=own,
        )
        for site, use, own in zip(sites, rates(checkpoint, sites), given, strict=True)
    ]


def _check(sites: Sequence[ChargingSite]) -> None:
    faults = Faults("charging sites")
    for number, site in enumerate(sites):
        if site.site_type not in ("home", "work", "public", "rapid"):
            faults.add(f"site {number}: expected home, work, public or rapid, got {site.site_type!r}")
        if not (np.isfinite(site.power_kw) and site.power_kw > 0):
            faults.add(f"site {number}: expected a power above 0 kW, got {site.power_kw:g}")
        if site.plugs < 1:
            faults.add(f"site {number}: expected at least one plug, got {site.plugs}")
        if site.sessions_a_plug_week < 0:
            faults.add(
                f"site {number}: expected at least 0 sessions a plug and week, got {site.sessions_a_plug_week:g}"
            )
        if np.shape(site.surroundings) != (len(SURROUNDINGS),):
            faults.add(f"site {number}: expected {len(SURROUNDINGS)} surroundings, got {np.shape(site.surroundings)}")
    if not sites:
        faults.add("expected at least one site, got none")
    faults.raise_if_any(InputError)


def _check_columns(
    site: NDArray[np.int64],
    arrive_s: NDArray[np.float64],
    dwell_s: NDArray[np.float64],
    energy_kwh: NDArray[np.float64],
    battery_kwh: NDArray[np.float64] | None,
    *,
    sites: int,
) -> None:
    faults = Faults("charging sessions")
    columns = {"arrivals": arrive_s, "dwells": dwell_s, "energies": energy_kwh}
    if battery_kwh is not None:
        columns["batteries"] = battery_kwh
    for name, column in columns.items():
        if np.shape(column) != np.shape(site):
            faults.add(f"expected {len(site)} {name}, one a session, got {np.shape(column)}")
    if ((site < 0) | (site >= sites)).any():
        faults.add(f"expected positions of {sites} sites, got others")
    if not (np.isfinite(arrive_s) & (arrive_s >= 0)).all():
        faults.add("expected arrivals of at least 0 s, got others")
    if (dwell_s <= 0).any() or np.isinf(dwell_s).any():
        faults.add("expected dwells above 0 s, got others")
    if (energy_kwh < 0).any() or np.isinf(energy_kwh).any():
        faults.add("expected energies of at least 0 kWh, got others")
    if battery_kwh is not None and not (np.isfinite(battery_kwh) & (battery_kwh > 0)).all():
        faults.add("expected batteries of more than 0 kWh, got others")
    faults.raise_if_any(InputError)
