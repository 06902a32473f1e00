"""Compare two tables of masses: how far apart they are, and how much of them is common.

::

    P = p / sum p        Q = q / sum q        M = (P + Q) / 2
    JSD = (KL(P || M) + KL(Q || M)) / 2       base 2: 0 for equal tables, 1 for tables without a common cell
    CPC = sum min(P, Q)                       1 for equal tables, 0 for tables without a common cell
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["common_part", "common_part_of_commuters", "jensen_shannon"]


def jensen_shannon(one: ArrayLike, other: ArrayLike) -> float:
    """Return the Jensen-Shannon divergence of two tables of masses, base 2, from 0 to 1.

    Lin (1991), "Divergence measures based on the Shannon entropy", IEEE Transactions on Information Theory 37(1),
    with equal weights. It is the square of `scipy.spatial.distance.jensenshannon` with base 2.

    Parameters
    ----------
    one, other
        Same shape, not negative; each is normalised. NaN if one of them is empty.
    """
    first, second = _shares(one), _shares(other)
    middle = (first + second) / 2
    return float(np.clip((_relative_entropy(first, middle) + _relative_entropy(second, middle)) / 2, 0.0, 1.0))


def common_part(one: ArrayLike, other: ArrayLike) -> float:
    """Return the overlap of two normalised tables, ``sum min(P, Q)``, from 0 to 1; NaN if one of them is empty.

    This is the common part of commuters for tables of equal totals: Lenormand, Bassolas and Ramasco (2016),
    "Systematic comparison of trip distribution laws and models", Journal of Transport Geography 51, equation 8.
    """
    return float(np.minimum(_shares(one), _shares(other)).sum())


def common_part_of_commuters(modelled: ArrayLike, observed: ArrayLike, *, match_totals: bool = True) -> float:
    """Return the common part of commuters of two flow tables without their diagonals, totals matched.

    ``CPC = sum min(T, T') / sum T`` with T' scaled to the total of T: who lives and works in the same zone does not
    count, and a model is not paid for knowing how many people there are. With totals as they are it is
    ``2 sum min(T, T') / (sum T + sum T')`` (Lenormand, Bassolas and Ramasco 2016, equation 8).

    Parameters
    ----------
    modelled, observed
        Shape (Z, Z), flows from row to column, not negative.
    match_totals
        Whether the modelled total is scaled to the observed one.
    """
    apart = ~np.eye(len(np.asarray(observed)), dtype=bool)
    one, other = (np.asarray(flows, np.float64)[apart] for flows in (modelled, observed))
    if match_totals:
        return common_part(one, other)
    total = one.sum() + other.sum()
    return float(2 * np.minimum(one, other).sum() / total) if total > 0 else np.nan


def _shares(masses: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(masses, np.float64)
    total = values.sum()
    return np.asarray(values / total) if total > 0 else np.full(values.shape, np.nan)


def _relative_entropy(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Return the Kullback-Leibler divergence [bit]; cells where `first` is nothing add nothing."""
    used = first != 0  # NaN is kept, and stays NaN
    return float(np.sum(first[used] * np.log2(first[used] / second[used])))
