"""Say what is expected of sessions at a kind of site before the network is asked: what other networks show, and laws.

Chargers of one kind in one network are a group. A group that was trained on has a prior of its own::

    p(x) = (n f(x) + m s(x)) / (n + m)                       f its shares, s the same for all days of a class, or laws

Any other kind of site takes the groups as far as they resemble it, each network alike, and a law that is declared::

    p(x) = (sum_k a_k p_k(x) + b q(x)) / (sum_k a_k + b)     a = affinity(type) exp(-(log power ratio / w)^2 / 2)

The laws and affinities are declared without a published value: where people charge at home in the evening, at work in
the morning. They decide where no network shows a type of site; they were not fitted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np

from trafficdiff.datatypes.session_sites import SITE_TYPES, SiteKind
from trafficdiff.diffusion.session_slots import BINS, DWELL, ENERGY, START, encoded, middles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from trafficdiff.datatypes.session_sites import SessionNetwork

__all__ = ["Group", "SessionPrior", "declared_law", "prior_of"]

_SMOOTH: Final = (336.0, 30.0, 30.0)
"""Sessions that the smooth part of a group's own prior counts, by slot."""
_LAW_WEIGHT: Final = 0.5
_POWER_WIDTH: Final = (1.5, 0.7, 0.7)
"""How far powers may differ for groups to tell of each other, by slot [log]."""
_AFFINITY: Final = np.array(
    [
        [1.0, 0.1, 0.15, 0.03],
        [0.1, 1.0, 0.2, 0.05],
        [0.15, 0.2, 1.0, 0.3],
        [0.03, 0.05, 0.3, 1.0],
    ]
)
_HOURS: Final = {
    "home": ((18.0, 3.0, 0.7), (12.0, 8.0, 0.3)),
    "work": ((8.5, 1.5, 0.7), (13.0, 2.0, 0.3)),
    "public": ((12.5, 4.0, 0.6), (18.0, 2.5, 0.4)),
    "rapid": ((14.0, 4.5, 1.0),),
}
"""Hour of arrival: means, spreads [h] and weights of bell curves around the clock."""
_DAYS: Final = {
    "home": (1.0,) * 7,
    "work": (1.0,) * 5 + (0.08,) * 2,
    "public": (1.0,) * 6 + (0.8,),
    "rapid": (1.0,) * 7,
}
_DWELL: Final = {"home": (10.0, 0.7), "work": (4.0, 0.8), "public": (2.5, 1.1), "rapid": (0.5, 0.6)}
"""Median [h] and spread [log]."""
_ENERGY: Final = {"home": (9.0, 0.8), "work": (8.0, 0.8), "public": (8.0, 0.8), "rapid": (11.0, 0.7)}
"""Median [kWh] and spread [log]."""


@dataclass(frozen=True, eq=False)
class Group:
    """Hold what the chargers of one kind in one network show.

    Parameters
    ----------
    network, kind
        Which.
    shares
        By slot, shape (bins,), sum 1; None where it was not measured.
    """

    network: str
    kind: SiteKind
    shares: tuple[NDArray[np.float64] | None, ...]


@dataclass(frozen=True, eq=False)
class SessionPrior:
    """Hold every group that was trained on."""

    groups: tuple[Group, ...]

    @property
    def types(self) -> tuple[str, ...]:
        """The site types that were trained on."""
        return tuple(name for name in SITE_TYPES if any(group.kind.site_type == name for group in self.groups))

    def shares(self, kind: SiteKind, *, network: str | None = None) -> tuple[NDArray[np.float64], ...]:
        """Return what is expected of each slot, shape (bins,), for a kind of site in a network, known or not."""
        own = next((group for group in self.groups if group.network == network and group.kind == kind), None)
        mixed = tuple(self._mixed(kind, slot) for slot in range(len(BINS)))
        if own is None:
            return mixed
        return tuple(_or(share, other) for share, other in zip(own.shares, mixed, strict=True))

    def _mixed(self, kind: SiteKind, slot: int) -> NDArray[np.float64]:
        best: dict[str, tuple[float, NDArray[np.float64]]] = {}
        for group in self.groups:
            share = group.shares[slot]
            near = _near(kind, group.kind, slot)
            if share is not None and near > best.get(group.network, (0.0, share))[0]:
                best[group.network] = (near, share)
        law = declared_law(kind, slot)
        total = _LAW_WEIGHT * law + sum((near * share for near, share in best.values()), np.zeros(BINS[slot]))
        return np.asarray(total / total.sum())

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "groups": [
                {
                    "network": group.network,
                    "site_type": group.kind.site_type,
                    "power_kw": group.kind.power_kw,
                    "shares": [None if share is None else [float(f"{p:.4g}") for p in share] for share in group.shares],
                }
                for group in self.groups
            ]
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Return the prior of plain values."""
        return cls(
            tuple(
                Group(
                    of["network"],
                    SiteKind(site_type=of["site_type"], power_kw=float(of["power_kw"])),
                    tuple(None if share is None else np.array(share) / np.sum(share) for share in of["shares"]),
                )
                for of in values["groups"]
            )
        )


def prior_of(networks: Sequence[SessionNetwork]) -> SessionPrior:
    """Return what networks show, a group for each kind of charger."""
    groups = []
    for network in networks:
        sessions = network.sessions
        slots = encoded(sessions.hour_of_week, sessions.dwell_s, sessions.energy_kwh)
        for kind in sorted(set(network.kinds), key=lambda kind: (kind.site_type, kind.power_kw)):
            rows = np.array([network.kinds[place] == kind for place in network.place], bool)
            if rows.any():
                groups.append(
                    Group(network.name, kind, tuple(_own(slots[rows, slot], kind, slot) for slot in range(3)))
                )
    return SessionPrior(tuple(groups))


def declared_law(kind: SiteKind, slot: int) -> NDArray[np.float64]:
    """Return the law of a slot at a kind of site, shape (bins,), sum 1, everywhere above nothing."""
    if slot == START:
        hour = np.arange(24) + 0.5
        day = sum(
            weight * np.exp(-0.5 * (((hour - mean + 12) % 24 - 12) / spread) ** 2) / spread
            for mean, spread, weight in _HOURS[kind.site_type]
        )
        law = np.outer(_DAYS[kind.site_type], day).ravel()
    else:
        median, spread = (_DWELL if slot == DWELL else _ENERGY)[kind.site_type]
        unit = 3600.0 if slot == DWELL else 1.0
        law = np.exp(-0.5 * (np.log(middles(slot) / (median * unit)) / spread) ** 2)
    law = law / law.sum() + 1e-3 / len(law)
    return np.asarray(law / law.sum())


def _own(bins: NDArray[np.int64], kind: SiteKind, slot: int) -> NDArray[np.float64] | None:
    known = bins[bins >= 0]
    if not len(known):
        return None
    counts = np.bincount(known, minlength=BINS[slot]).astype(float)
    smooth = declared_law(kind, slot)
    if slot == START:
        by_day = counts.reshape(7, 24)
        alike = np.concatenate([np.tile(by_day[:5].mean(0), 5), np.tile(by_day[5:].mean(0), 2)])
        smooth = 0.9 * alike / alike.sum() + 0.1 * smooth
    elif slot in (DWELL, ENERGY):
        spread = np.convolve(counts, [0.25, 0.5, 0.25], mode="same")
        smooth = 0.9 * spread / spread.sum() + 0.1 * smooth
    return np.asarray((counts + _SMOOTH[slot] * smooth) / (counts.sum() + _SMOOTH[slot]))


def _near(kind: SiteKind, other: SiteKind, slot: int) -> float:
    affinity = _AFFINITY[SITE_TYPES.index(kind.site_type), SITE_TYPES.index(other.site_type)]
    ratio = np.log(kind.power_kw / other.power_kw) / _POWER_WIDTH[slot]
    return float(affinity * np.exp(-0.5 * ratio**2))


def _or(share: NDArray[np.float64] | None, other: NDArray[np.float64]) -> NDArray[np.float64]:
    return other if share is None else share
