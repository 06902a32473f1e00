"""Tell a number of a site from the sites around it, and from what surrounds it: Gaussian process, ridge regression.

Both take the penalty with the least generalised cross-validation error, see `session_rates`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SiteField", "field_of", "ridge_of"]

_PENALTIES: Final = np.geomspace(1.0, 1e4, 17)
_NOISES: Final = np.geomspace(0.03, 100.0, 15)
_REACHES_KM: Final = (0.5, 1.0, 2.0, 4.0)
_KM_A_DEGREE: Final = 111.2


@dataclass(frozen=True, eq=False)
class SiteField:
    """Hold a Gaussian process over the places of one network: ``mean + sum_i w_i exp(-distance_i / reach)``.

    Parameters
    ----------
    at_deg
        Shape (P, 2), longitude and latitude of the sites that were learned from.
    weight
        Shape (P,).
    mean, reach_km
        Of the process.
    """

    at_deg: NDArray[np.float64]
    weight: NDArray[np.float64]
    mean: float
    reach_km: float

    def at(self, at_deg: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the number to expect at places, shape (N,), given longitude and latitude, shape (N, 2)."""
        return np.asarray(self.mean + np.exp(-_away_km(at_deg, self.at_deg) / self.reach_km) @ self.weight)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values; places to ten metres."""
        return {
            "at_deg": np.round(self.at_deg, 4).tolist(),
            "weight": np.round(self.weight, 6).tolist(),
            "mean": self.mean,
            "reach_km": self.reach_km,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Return the field of plain values."""
        at_deg = np.array(values["at_deg"], float).reshape(-1, 2)
        weight = np.array(values["weight"], float)
        if len(weight) != len(at_deg) or not (np.isfinite(weight).all() and np.isfinite(at_deg).all()):
            raise ValueError(f"expected a finite weight for each of {len(at_deg)} places, got others")
        return cls(at_deg, weight, float(values["mean"]), float(values["reach_km"]))


def field_of(at_deg: NDArray[np.float64], target: NDArray[np.float64]) -> SiteField:
    """Return the process that tells left-out sites best, from places (P, 2) and what was measured there (P,)."""
    mean = float(target.mean())
    rest, away = target - mean, _away_km(at_deg, at_deg)
    best, chosen, reach = np.inf, np.zeros(len(rest)), _REACHES_KM[0]
    for reach_km in _REACHES_KM:
        sizes, basis = np.linalg.eigh(np.exp(-away / reach_km))
        along = basis.T @ rest
        for noise in _NOISES:
            kept = sizes / (sizes + noise)
            score = _left_out(rest - basis @ (kept * along), float(kept.sum()))
            if score < best:
                best, chosen, reach = score, basis @ (along / (sizes + noise)), reach_km
    return SiteField(np.asarray(at_deg, float), np.asarray(chosen), mean, reach)


def ridge_of(
    numbers: NDArray[np.float64], target: NDArray[np.float64]
) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
    """Return centre, scale and weight of numbers (P, N) that tell a target (P,) of mean 0 at left-out sites best."""
    centre, scale = numbers.mean(0), np.maximum(numbers.std(0), 1e-6)
    left, sizes, right = np.linalg.svd((numbers - centre) / scale, full_matrices=False)
    best, chosen = np.inf, np.zeros(numbers.shape[1])
    for penalty in _PENALTIES:
        kept = sizes**2 / (sizes**2 + penalty)
        score = _left_out(target - left @ (kept * (left.T @ target)), float(kept.sum()))
        if score < best:
            best, chosen = score, right.T @ (sizes / (sizes**2 + penalty) * (left.T @ target))
    return tuple(centre.tolist()), tuple(scale.tolist()), tuple(np.asarray(chosen).tolist())


def _left_out(error: NDArray[np.float64], freedom: float) -> float:
    return float(np.mean(error**2) / (1 - (freedom + 1) / len(error)) ** 2)


def _away_km(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    rest = one[:, None] - other[None]
    wide = np.cos(np.radians(other[:, 1].mean()))
    return np.asarray(_KM_A_DEGREE * np.hypot(rest[..., 0] * wide, rest[..., 1]))
