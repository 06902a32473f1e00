"""Say how much places are used: from their type, from what surrounds them, and from sites nearby.

What is learned is the share of time that a plug is taken, as its square root, which is nearly as often above as below
its mean. Where a network's sites have coordinates, it is a Gaussian process over space; elsewhere a ridge regression on
surroundings, where any network has them. Reach, penalty and noise are those with the least error on sites that are left
out one at a time: Golub, Heath and Wahba (1979), "Generalized cross-validation as a method for choosing a good ridge
parameter". Sessions are that share over the mean dwell of a type.

Weeks differ by more than chance: a network has busier and quieter ones, which follow each other (the logarithm of its
level is autoregressive), and each place has its own (gamma-Poisson). Both are as the training weeks show.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np

from trafficdiff.datatypes.disclosure import LEAST_IN_CELL
from trafficdiff.datatypes.session_sites import SITE_TYPES, weeks_of
from trafficdiff.diffusion.session_fields import SiteField, field_of, ridge_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from trafficdiff.datatypes.session_sites import SessionNetwork, SiteKind

__all__ = ["SiteRates", "rates_of"]

_WEEK_H: Final = 168.0
_USUAL: Final = (5.0, 3.0)
"""Sessions a plug and week, and hours of a stay, where nothing is known. Declared."""
_LEAST_SITES: Final = 30
_MOST_TAKEN: Final = 0.95
_FEW_WEEKS: Final = 6
_STEADY: Final = (0.1, 0.5)
"""Spread and correlation of a network's level where no network is long enough to show them. Declared."""
_MOST_ALIKE: Final = 0.98


@dataclass(frozen=True, eq=False)
class SiteRates:
    """Hold what networks show of use.

    Parameters
    ----------
    by_type
        Sessions a plug and week by site type: geometric mean over places.
    dwell_h
        Mean dwell by site type.
    centre, scale, weight
        Of the surroundings, for the square root of the share of time that plugs are taken; empty where no network has
        any.
    spread
        Relative variance of a place's weeks beyond chance and the level of its network.
    levels
        By network: standard deviation of the logarithm of its level, and correlation from week to week.
    fields
        Of networks whose sites have coordinates, by name.
    """

    by_type: dict[str, float]
    dwell_h: dict[str, float]
    centre: tuple[float, ...]
    scale: tuple[float, ...]
    weight: tuple[float, ...]
    spread: float
    levels: dict[str, tuple[float, float]]
    fields: dict[str, SiteField]

    def taken(
        self,
        kind: SiteKind,
        surroundings: NDArray[np.float64],
        *,
        network: str | None = None,
        at_deg: tuple[float, float] = (float("nan"), float("nan")),
    ) -> float:
        """Return the share of time to expect a plug of a place to be taken.

        Parameters
        ----------
        kind, surroundings
            Of the place; NaN where unknown.
        network, at_deg
            A network that was trained on, and longitude and latitude there; NaN where unknown.
        """
        if network in self.fields and np.isfinite(at_deg).all():
            root = self.fields[network].at(np.array([at_deg]))[0]
        else:
            dwell_h = self.dwell_h.get(kind.site_type, _USUAL[1])
            root = np.sqrt(self.by_type.get(kind.site_type, _USUAL[0]) * dwell_h / _WEEK_H)
            if self.weight:
                numbers = (np.asarray(surroundings) - self.centre) / self.scale
                root += np.where(np.isfinite(numbers), numbers, 0.0) @ np.array(self.weight)
        return float(np.clip(root, 0.02, np.sqrt(_MOST_TAKEN)) ** 2)

    def expected(
        self,
        kind: SiteKind,
        surroundings: NDArray[np.float64],
        *,
        network: str | None = None,
        at_deg: tuple[float, float] = (float("nan"), float("nan")),
    ) -> float:
        """Return the sessions a plug and week to expect at a place; arguments as `taken`."""
        dwell_h = self.dwell_h.get(kind.site_type, _USUAL[1])
        return self.taken(kind, surroundings, network=network, at_deg=at_deg) * _WEEK_H / dwell_h

    def factors(
        self, places: int, *, weeks: int, generator: np.random.Generator, network: str | None = None
    ) -> NDArray[np.float64]:
        """Return by what weeks of places of one network differ beyond chance: factors of mean 1, shape (P, weeks).

        Of a network that was trained on, or of the median of those.
        """
        spread, alike = self.levels.get(network or "") or (
            tuple(np.median(list(self.levels.values()), axis=0)) if self.levels else _STEADY
        )
        noise = generator.normal(size=weeks)
        logs = np.zeros(weeks)
        for week in range(weeks):
            logs[week] = alike * logs[week - 1] + np.sqrt(1 - alike**2) * noise[week] if week else noise[0]
        level = np.exp(spread * logs - spread**2 / 2)
        if self.spread <= 0:
            return np.tile(level, (places, 1))
        return np.asarray(level * generator.gamma(1 / self.spread, self.spread, (places, weeks)))

    def counts(
        self, mean: NDArray[np.float64], *, weeks: int, generator: np.random.Generator, network: str | None = None
    ) -> NDArray[np.int64]:
        """Return sessions of places by week, shape (P, weeks), of places with these means a week; see `factors`."""
        factors = self.factors(len(mean), weeks=weeks, generator=generator, network=network)
        return np.asarray(generator.poisson(mean[:, None] * factors))

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self) | {"fields": {name: one.as_dict() for name, one in self.fields.items()}}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Return the rates of plain values."""
        return cls(
            {str(name): float(rate) for name, rate in values["by_type"].items()},
            {str(name): float(hours) for name, hours in values["dwell_h"].items()},
            tuple(map(float, values["centre"])),
            tuple(map(float, values["scale"])),
            tuple(map(float, values["weight"])),
            float(values["spread"]),
            {str(name): (float(one[0]), float(one[1])) for name, one in values["levels"].items()},
            {str(name): SiteField.from_dict(one) for name, one in values["fields"].items()},
        )


def rates_of(networks: Sequence[SessionNetwork]) -> SiteRates:
    """Return what networks show of use."""
    logs: dict[str, list[float]] = {}
    stays: dict[str, list[float]] = {}
    rows, around, fields = [], [], {}
    for network in networks:
        count = np.bincount(network.place, minlength=len(network.kinds))
        used = count > 0
        rate = np.log(np.maximum(count, 0.5) / np.maximum(network.plugs, 1) / network.weeks)
        for number in np.flatnonzero(used):
            logs.setdefault(network.kinds[number].site_type, []).append(rate[number])
        for name in {kind.site_type for kind in network.kinds}:
            own = np.array([kind.site_type == name for kind in network.kinds])[network.place]
            if own.any():
                stays.setdefault(name, []).append(float(network.sessions.dwell_s[own].mean()) / 3600)
        root = np.sqrt(_counted_together(network.taken, count))
        full = np.isfinite(network.surroundings).all(axis=1) & used
        rows += list(root[full] - root[full].mean() if full.any() else [])
        around += list(network.surroundings[full])
        known = np.isfinite(network.at_deg).all(axis=1) & used
        if known.sum() >= _LEAST_SITES:
            fields[network.name] = field_of(network.at_deg[known], root[known])
    centre, scale, weight = ridge_of(np.array(around), np.array(rows)) if len(rows) >= _LEAST_SITES else ((), (), ())
    return SiteRates(
        {name: float(np.exp(np.mean(logs[name]))) for name in SITE_TYPES if name in logs},
        {name: float(np.mean(stays[name])) for name in SITE_TYPES if name in stays},
        centre,
        scale,
        weight,
        float(np.clip(np.median([_spread(network) for network in networks]), 0.0, 1.0)),
        {network.name: level for network in networks if (level := _level(network)) is not None},
        fields,
    )


def _counted_together(taken: NDArray[np.float64], count: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return how much places are used, those of few sessions all as they are on average; none tells of a few people.

    Parameters
    ----------
    taken, count
        Shape (P,), share of the time that plugs are taken, and sessions.
    """
    few = (count > 0) & (count < LEAST_IN_CELL)
    return np.where(few, taken[few].mean(), taken) if few.any() else taken


def _by_week(network: SessionNetwork) -> NDArray[np.float64]:
    """Return sessions of places by week that holds any, without the first and last, shape (P, W)."""
    week = np.unique(weeks_of(network.sessions), return_inverse=True)[1]
    table = np.zeros((len(network.kinds), int(week.max()) + 1))
    np.add.at(table, (network.place, week), 1)
    return table[:, 1:-1]


def _level(network: SessionNetwork) -> tuple[float, float] | None:
    total = _by_week(network).sum(axis=0)
    if len(total) < _FEW_WEEKS:
        return None
    mean = total.mean()
    rest = total / mean - 1
    variance = max(float(np.mean(rest**2)) - 1 / mean, 0.0)
    if variance <= 0:
        return 0.0, 0.0
    alike = float(np.mean(rest[1:] * rest[:-1])) / variance
    return float(np.sqrt(np.log1p(variance))), float(np.clip(alike, 0.0, _MOST_ALIKE))


def _spread(network: SessionNetwork) -> float:
    """Return the relative variance of weekly counts beyond chance and level, of the places used in most weeks."""
    counts = _by_week(network)
    if counts.shape[1] < 2:
        return 0.1
    mean = counts.mean(1)
    used = mean >= 2
    if not used.any():
        return 0.1
    expected = mean[used, None] * counts.sum(0) / max(counts.sum(0).mean(), 1e-9)
    beyond = ((counts[used] - expected) ** 2 - expected).sum(1) / (expected**2).sum(1)
    return float(np.median(beyond))
