"""Say how many sessions a plug has in a week, from what surrounds a site: a ridge regression of the logarithm.

The penalty is the one with the least error on sites that are left out one at a time (Golub, Heath and Wahba 1979,
"Generalized cross-validation as a method for choosing a good ridge parameter"). Weeks differ by more than chance:
counts are gamma-Poisson with a spread that networks show.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np

from trafficdiff.datatypes.session_sites import SITE_TYPES, SURROUNDINGS, weeks_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from trafficdiff.datatypes.session_sites import SessionNetwork, SiteKind

__all__ = ["SiteRates", "rates_of"]

_PENALTIES: Final = np.geomspace(1.0, 1e4, 17)
_USUAL: Final = 5.0
"""Sessions a plug and week where nothing is known. Declared."""
_LEAST_SITES: Final = 30


@dataclass(frozen=True)
class SiteRates:
    """Hold what networks show of use.

    Parameters
    ----------
    by_type
        Sessions a plug and week by site type: geometric mean over places.
    centre, scale, weight
        Of the surroundings; empty where no network has any.
    spread
        Relative variance of a place's weeks beyond chance.
    """

    by_type: dict[str, float]
    centre: tuple[float, ...]
    scale: tuple[float, ...]
    weight: tuple[float, ...]
    spread: float

    def expected(self, kind: SiteKind, surroundings: NDArray[np.float64]) -> float:
        """Return the sessions a plug and week to expect at a place (median)."""
        usual = self.by_type.get(kind.site_type, _USUAL)
        if not self.weight:
            return usual
        numbers = (np.asarray(surroundings) - self.centre) / self.scale
        return float(usual * np.exp(np.where(np.isfinite(numbers), numbers, 0.0) @ np.array(self.weight)))

    def counts(self, mean: NDArray[np.float64], *, weeks: int, generator: np.random.Generator) -> NDArray[np.int64]:
        """Return sessions of places by week, shape (P, weeks), of places with these means a week."""
        factor = np.ones((len(mean), weeks))
        if self.spread > 0:
            factor = generator.gamma(1 / self.spread, self.spread, factor.shape)
        return np.asarray(generator.poisson(mean[:, None] * factor))

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Return the rates of plain values."""
        return cls(
            {str(name): float(rate) for name, rate in values["by_type"].items()},
            tuple(map(float, values["centre"])),
            tuple(map(float, values["scale"])),
            tuple(map(float, values["weight"])),
            float(values["spread"]),
        )


def rates_of(networks: Sequence[SessionNetwork]) -> SiteRates:
    """Return what networks show of use."""
    logs: dict[str, list[float]] = {}
    rows, around, spreads = [], [], []
    for network in networks:
        count = np.bincount(network.place, minlength=len(network.kinds))
        rate = np.log(np.maximum(count, 0.5) / np.maximum(network.plugs, 1) / network.weeks)
        for number, kind in enumerate(network.kinds):
            if count[number]:
                logs.setdefault(kind.site_type, []).append(rate[number])
        full = np.isfinite(network.surroundings).all(axis=1) & (count > 0)
        rows += list(rate[full])
        around += list(network.surroundings[full])
        spreads.append(_spread(network))
    by_type: dict[str, float] = {name: float(np.exp(np.mean(logs[name]))) for name in SITE_TYPES if name in logs}
    spread = float(np.clip(np.median(spreads), 0.0, 1.0))
    if len(rows) < _LEAST_SITES:
        return SiteRates(by_type, (), (), (), spread)
    numbers = np.array(around)
    centre, scale = numbers.mean(0), np.maximum(numbers.std(0), 1e-6)
    weight = _ridge((numbers - centre) / scale, np.array(rows))
    return SiteRates(by_type, tuple(centre.tolist()), tuple(scale.tolist()), tuple(weight.tolist()), spread)


def _ridge(numbers: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    rest = target - target.mean()
    left, sizes, right = np.linalg.svd(numbers, full_matrices=False)
    best, chosen = np.inf, np.zeros(len(SURROUNDINGS))
    for penalty in _PENALTIES:
        kept = sizes**2 / (sizes**2 + penalty)
        error = rest - left @ (kept * (left.T @ rest))
        score = float(np.mean(error**2) / (1 - (kept.sum() + 1) / len(rest)) ** 2)
        if score < best:
            best, chosen = score, right.T @ (sizes / (sizes**2 + penalty) * (left.T @ rest))
    return np.asarray(chosen)


def _spread(network: SessionNetwork) -> float:
    """Return the relative variance of weekly counts beyond chance, of the places that are used most weeks."""
    week = weeks_of(network.sessions)
    week = week - week.min()
    inner = range(1, int(week.max()))
    if len(inner) < 2:
        return 0.1
    table = np.zeros((len(network.kinds), int(week.max()) + 1))
    np.add.at(table, (network.place, week), 1)
    counts = table[:, 1:-1]
    mean, variance = counts.mean(1), counts.var(1, ddof=1)
    used = mean >= 2
    if not used.any():
        return 0.1
    return float(np.median((variance[used] - mean[used]) / mean[used] ** 2))
