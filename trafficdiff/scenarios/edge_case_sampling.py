"""Draw points of a parameter space that cover it, and say how well they do beside plain random ones."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Coverage", "coverage_of", "covering_points", "pairwise_coverage", "random_coverage"]

_BINS: Final = 5
_RANDOM_DRAWS: Final = 20


@dataclass(frozen=True)
class Coverage:
    """Say how well points cover a unit cube.

    Parameters
    ----------
    pairs
        Share of the cells, five by five, that are hit, over all pairs of parameters; higher is better.
    discrepancy
        Centred L2 discrepancy (Hickernell 1998, Math. Comp. 67), lower is better.
    """

    pairs: float
    discrepancy: float


def covering_points(count: int, *, dimensions: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """Return a scrambled Sobol sequence, shape (at least count, dimensions), each in [0, 1).

    Sobol 1967, scrambled after Owen; the length is the next power of two, where the sequence is balanced.
    """
    from scipy.stats import qmc

    sequence = qmc.Sobol(dimensions, scramble=True, rng=generator)
    return np.asarray(sequence.random_base2(max(1, int(np.ceil(np.log2(max(count, 2)))))))


def coverage_of(points: NDArray[np.float64]) -> Coverage:
    """Return how well points cover the unit cube."""
    from scipy.stats import qmc

    return Coverage(pairwise_coverage(points), float(qmc.discrepancy(np.clip(points, 0, 1))))


def pairwise_coverage(points: NDArray[np.float64]) -> float:
    """Return the share of cells hit over all pairs of dimensions."""
    cells = np.minimum((points * _BINS).astype(int), _BINS - 1)
    hit = [len(np.unique(cells[:, a] * _BINS + cells[:, b])) for a, b in combinations(range(points.shape[1]), 2)]
    return float(np.mean(hit)) / _BINS**2 if hit else float(len(np.unique(cells)) / _BINS)


def random_coverage(count: int, *, dimensions: int, generator: np.random.Generator) -> Coverage:
    """Return how well as many plain random points cover it, mean over twenty draws."""
    drawn = [coverage_of(generator.random((count, dimensions))) for _ in range(_RANDOM_DRAWS)]
    return Coverage(float(np.mean([one.pairs for one in drawn])), float(np.mean([one.discrepancy for one in drawn])))
