"""Add up samples one after the other: means and squared deviations that never hold more than one sample.

::

    delta = x - mean      mean += delta / count      squares += delta (x - mean)          Welford (1962)

Two sums over different samples merge into the sum over all of them (Chan, Golub and LeVeque 1983), so samples that
come later need no second look at those that are done.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

__all__ = ["Moments", "PairedMoments", "merged", "paired_moments", "sample_moments"]

_ROUNDING: Final = 2 * float(np.finfo(np.float32).eps)
"""Share of a value below which two are the same: metrics by road are stored with 24 bits. A sum of such values is off
by half of eps at most, a ratio of sums by one, a difference of ratios by two."""


@dataclass(frozen=True, eq=False)
class Moments:
    """Hold how many samples had a value, their mean and the sum of their squared deviations, one shape all."""

    count: NDArray[np.int32]
    mean: NDArray[np.float64]
    squares: NDArray[np.float64]

    @property
    def variance(self) -> NDArray[np.float64]:
        """Variance between samples; NaN with less than two."""
        return np.asarray(self.squares / np.where(self.count > 1, self.count - 1, np.nan))

    @property
    def mean_or_nan(self) -> NDArray[np.float64]:
        """Mean; NaN without a sample."""
        return np.where(self.count > 0, self.mean, np.nan)


@dataclass(frozen=True, eq=False)
class PairedMoments:
    """Hold base, scenario and scenario less base, over the samples in which both have a value."""

    base: Moments
    scenario: Moments
    difference: Moments


def sample_moments(samples: Iterable[NDArray[np.float64]]) -> Moments:
    """Return the moments of samples of one shape; NaN leaves that place of that sample out.

    Raises
    ------
    ValueError
        If there is no sample.
    """
    total: Moments | None = None
    for values in samples:
        total = _nothing(values.shape) if total is None else total
        _add(total, values, np.isfinite(values))
    if total is None:
        raise ValueError("expected at least one sample, got none")
    return total


def paired_moments(pairs: Iterable[tuple[NDArray[np.float64], NDArray[np.float64]]]) -> PairedMoments:
    """Return the moments of base, scenario and their difference.

    What differs by less than the rounding of stored values does not differ: six vehicles are six, whether they came in
    two intervals or three. Else a road on which nothing changed could differ by the same 1e-7 in every sample, and be
    called changed.

    Parameters
    ----------
    pairs
        One (base, scenario) a sample, all of one shape; NaN in either leaves that place of that sample out.

    Raises
    ------
    ValueError
        If there is no sample.
    """
    sums: list[Moments] = []
    for base, scenario in pairs:
        both = np.isfinite(base) & np.isfinite(scenario)
        columns = (base, scenario, _difference(base, scenario))
        if not sums:
            sums = [_nothing(base.shape) for _ in columns]
        for total, values in zip(sums, columns, strict=True):
            _add(total, values, both)
    if not sums:
        raise ValueError("expected at least one sample, got none")
    return PairedMoments(*sums)


def merged(one: Moments, other: Moments) -> Moments:
    """Return the moments of both sets of samples together (Chan, Golub and LeVeque 1983, equations 1.5)."""
    count = one.count + other.count
    least = np.maximum(count, 1)
    delta = other.mean - one.mean
    return Moments(
        count,
        one.mean + delta * other.count / least,
        one.squares + other.squares + delta**2 * one.count * other.count / least,
    )


def _difference(base: NDArray[np.float64], scenario: NDArray[np.float64]) -> NDArray[np.float64]:
    difference = np.subtract(scenario, base, dtype=np.float64)
    difference[np.abs(difference) <= _ROUNDING * np.maximum(np.abs(base), np.abs(scenario))] = 0.0
    return difference


def _nothing(shape: tuple[int, ...]) -> Moments:
    return Moments(np.zeros(shape, np.int32), np.zeros(shape), np.zeros(shape))


def _add(total: Moments, values: NDArray[np.float64], known: NDArray[np.bool_]) -> None:
    """Add one sample to a sum that nobody else holds yet; in place, for a city's arrays are large."""
    total.count[known] += 1
    delta = np.where(known, values - total.mean, 0.0)
    total.mean[...] += delta / np.maximum(total.count, 1)
    total.squares[...] += delta * np.where(known, values - total.mean, 0.0)
