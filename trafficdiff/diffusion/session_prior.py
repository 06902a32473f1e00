"""Say what is expected of sessions at a kind of site before the network is asked: what other networks show, and laws.

Chargers of one kind in one network are a group; what it shows are kinds of sessions. A group that was trained on has
its own; any other kind of site takes the groups as far as they resemble it, each network alike, and a declared law::

    p(x) = (sum_g a_g p_g(x) + b q(x)) / (sum_g a_g + b)     a = affinity(type)^c exp(-(log power ratio / w)^2 / 2)

Which of them a network that nobody saw is like is not known. In one *world* the weights are drawn, Dirichlet with these
a and b: on average over worlds the mixture stays the same, and within a world all sites go together.

The weight b of the law and the sharpness c are chosen by leaving out one of the networks at hand after the other: those
with which the rest comes nearest to it. So a network that is in no training has no say in them either.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np

from trafficdiff.datatypes.session_sites import SITE_TYPES, SiteKind
from trafficdiff.diffusion.session_kinds import Kinds, joined, kinds_of
from trafficdiff.diffusion.session_laws import declared_kinds, declared_law, energy_by_dwell
from trafficdiff.diffusion.session_slots import BINS, ENERGY, START, encoded, middles

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from trafficdiff.datatypes.session_sites import SessionNetwork

__all__ = ["Group", "SessionPrior", "prior_of"]

_LAW_WEIGHTS: Final = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0)
_SHARPNESS: Final = (0.5, 1.0, 2.0, 4.0)
_LEAST_NEAR: Final = 1e-3
_LAW: Final = "law"
_POWER_WIDTH: Final = 0.7
"""How far powers may differ for groups to tell of each other [log]."""
_AFFINITY: Final = np.array(
    [
        [1.0, 0.1, 0.15, 0.03],
        [0.1, 1.0, 0.2, 0.05],
        [0.15, 0.2, 1.0, 0.3],
        [0.03, 0.05, 0.3, 1.0],
    ]
)
"""How site types resemble each other. Declared."""


@dataclass(frozen=True, eq=False)
class Group:
    """Hold what the chargers of one kind in one network show.

    Parameters
    ----------
    network, kind
        Which.
    kinds
        Of its sessions.
    """

    network: str
    kind: SiteKind
    kinds: Kinds


@dataclass(frozen=True, eq=False)
class SessionPrior:
    """Hold every group that was trained on.

    Parameters
    ----------
    groups
        All of them.
    law_weight, sharpness
        b and c.
    """

    groups: tuple[Group, ...]
    law_weight: float = 0.5
    sharpness: float = 1.0

    @property
    def types(self) -> tuple[str, ...]:
        """The site types that were trained on."""
        return tuple(name for name in SITE_TYPES if any(group.kind.site_type == name for group in self.groups))

    def knows(self, kind: SiteKind, network: str | None) -> bool:
        """Return whether such chargers of that network were trained on."""
        return any(group.network == network and group.kind == kind for group in self.groups)

    @property
    def sources(self) -> tuple[str, ...]:
        """What a site that nobody saw can be like: the law, and each network."""
        return (_LAW, *dict.fromkeys(group.network for group in self.groups))

    def kinds(self, kind: SiteKind, *, network: str | None = None, world: Mapping[str, float] | None = None) -> Kinds:
        """Return the kinds of sessions that are expected at a kind of site in a network, known or not.

        Parameters
        ----------
        kind, network
            Which chargers; None for a network that nobody saw.
        world
            For each of `sources` a number in (0, 1) that draws its weight; None for the mean.
        """
        own = next((group for group in self.groups if group.network == network and group.kind == kind), None)
        return self._mixed(kind, world) if own is None else own.kinds

    def shares(self, kind: SiteKind, *, network: str | None = None) -> tuple[NDArray[np.float64], ...]:
        """Return what is expected of each slot alone, shape (bins,)."""
        return self.kinds(kind, network=network).marginals

    def _mixed(self, kind: SiteKind, world: Mapping[str, float] | None = None) -> Kinds:
        best: dict[str, tuple[float, Kinds]] = {_LAW: (self.law_weight, declared_kinds(kind))}
        for group in self.groups:
            near = _near(kind, group.kind, self.sharpness)
            if near > best.get(group.network, (_LEAST_NEAR, group.kinds))[0]:
                best[group.network] = (near, group.kinds)
        if world is not None:
            drawn = {name: (_drawn(near, world[name]), kinds) for name, (near, kinds) in best.items()}
            best = drawn if any(near > 0 for near, _ in drawn.values()) else best
        return joined(list(best.values()))

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        groups = [
            {
                "network": group.network,
                "site_type": group.kind.site_type,
                "power_kw": group.kind.power_kw,
                **group.kinds.as_dict(),
            }
            for group in self.groups
        ]
        return {"law_weight": self.law_weight, "sharpness": self.sharpness, "groups": groups}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Return the prior of plain values.

        Raises
        ------
        ValueError, KeyError
            If they are not those of a prior.
        """
        groups = tuple(
            Group(
                of["network"],
                SiteKind(site_type=of["site_type"], power_kw=float(of["power_kw"])),
                Kinds.from_dict(of),
            )
            for of in values["groups"]
        )
        return cls(groups, float(values["law_weight"]), float(values["sharpness"]))


def prior_of(networks: Sequence[SessionNetwork]) -> SessionPrior:
    """Return what networks show, a group for each kind of charger; what nobody measured of it is the declared law's."""
    groups, sessions = [], []
    for network in networks:
        for kind, slots in _by_kind(network):
            law = [declared_law(kind, slot) for slot in range(len(BINS))]
            kinds = kinds_of(slots, law)
            if not (slots[:, ENERGY] >= 0).any():
                start, dwell, _ = kinds.shares
                kinds = Kinds(kinds.weight, (start, dwell, dwell @ energy_by_dwell(kind)))
            groups.append(Group(network.name, kind, kinds))
            sessions.append(slots)
    prior = SessionPrior(tuple(groups))
    if len(networks) < 2:
        return prior
    tried = [replace(prior, law_weight=b, sharpness=c) for b in _LAW_WEIGHTS for c in _SHARPNESS]
    return min(tried, key=lambda one: _missed(one, sessions))


def _by_kind(network: SessionNetwork) -> list[tuple[SiteKind, NDArray[np.int64]]]:
    sessions = network.sessions
    slots = encoded(sessions.hour_of_week, sessions.dwell_s, sessions.energy_kwh)
    found = []
    for kind in sorted(set(network.kinds), key=lambda kind: (kind.site_type, kind.power_kw)):
        rows = np.array([one == kind for one in network.kinds], bool)[network.place]
        if rows.any():
            found.append((kind, slots[rows]))
    return found


def _missed(prior: SessionPrior, sessions: Sequence[NDArray[np.int64]]) -> float:
    """Return how far networks are from what the others expect of their chargers, each network alike.

    The mean over slots: of starts the total variation, of dwell and energy the 1-Wasserstein distance over the mean.
    """
    found = []
    for name in dict.fromkeys(group.network for group in prior.groups):
        others = replace(prior, groups=tuple(group for group in prior.groups if group.network != name))
        own = [
            (group.kind, slots) for group, slots in zip(prior.groups, sessions, strict=True) if group.network == name
        ]
        for slot, bins in enumerate(BINS):
            counts = [np.bincount(slots[slots[:, slot] >= 0, slot], minlength=bins) for _, slots in own]
            told = sum(count.sum() * others.shares(kind)[slot] for (kind, _), count in zip(own, counts, strict=True))
            if (total := sum(count.sum() for count in counts)) > 0:
                found.append((name, _apart(np.asarray(told) / total, sum(counts) / total, slot)))
    return float(np.mean([np.mean([far for one, far in found if one == name]) for name in {one for one, _ in found}]))


def _apart(told: NDArray[np.float64], true: NDArray[np.float64], slot: int) -> float:
    if slot == START:
        return float(np.abs(told - true).sum() / 2)
    middle = middles(slot)
    return float(np.abs(np.cumsum(told - true))[:-1] @ np.diff(middle) / (true @ middle))


def _drawn(weight: float, chance: float) -> float:
    """Return a gamma variate of this mean and scale 1 at a quantile: over their sum, such are Dirichlet."""
    from scipy.special import gammaincinv

    return float(gammaincinv(weight, chance))


def _near(kind: SiteKind, other: SiteKind, sharpness: float) -> float:
    affinity = _AFFINITY[SITE_TYPES.index(kind.site_type), SITE_TYPES.index(other.site_type)]
    ratio = np.log(kind.power_kw / other.power_kw) / _POWER_WIDTH
    return float(affinity**sharpness * np.exp(-0.5 * ratio**2))
