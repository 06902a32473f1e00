"""Turn weights of candidates into a number of whole trips that keeps their sums.

Systematic sampling takes a trip wherever an even comb with a random start meets the running sum of the weights. Every
candidate then comes as often as its weight says, rounded up or down, and so does every run of neighbours: candidates
that are counted alike are put beside each other, so that counts keep their value to about one trip a kind of route.

Madow and Madow (1944), "On the theory of systematic sampling", Annals of Mathematical Statistics 15(1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

__all__ = ["alike_together", "systematic"]


def systematic(
    weight: NDArray[np.float64], count: int, *, order: NDArray[np.int64], generator: np.random.Generator
) -> NDArray[np.int64]:
    """Return which candidates are taken, as many as `count`, some more than once, in ascending order.

    Parameters
    ----------
    weight
        Shape (T,), not negative, some positive; any scale.
    count
        How many trips there shall be.
    order
        Shape (T,), the candidates, neighbours beside each other.
    generator
        Source of the comb's start.
    """
    along = np.cumsum(weight[order])
    comb = (np.arange(count) + generator.random()) * (along[-1] / count)
    taken = order[np.minimum(np.searchsorted(along, comb, side="right"), len(order) - 1)]
    return np.sort(taken)


def alike_together(hits: csr_matrix, further: Sequence[NDArray[np.generic]]) -> NDArray[np.int64]:
    """Return an order of candidates in which those that the same targets count are neighbours.

    Parameters
    ----------
    hits
        Shape (T, C).
    further
        Arrays of shape (T,), what to sort by among those, first the one that matters most.
    """
    names = np.random.default_rng(0).random(hits.shape[1])  # one number a set of targets: its sum names the set
    return np.lexsort([*further[::-1], np.round(hits @ names, 9)])
