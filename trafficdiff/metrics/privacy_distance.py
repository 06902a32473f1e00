"""Ask whether made-up records lie nearer to those that a model learned from than to others of the same people.

A model that learned how people travel is as near to one half of them as to the other: a share of one half. A model
that remembers its half is nearer to that one. Both halves have the same size, or the larger one would win by luck.

Many drawn trips may have the same real trip as their neighbour; they stand or fall together. So the interval counts
neighbours and not drawn trips: the variance of a ratio of sums over clusters (Cochran 1977, "Sampling Techniques",
section 9A), a cluster being all drawn trips whose nearest real record, of either half, is the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from trafficdiff.metrics.intervals import Interval
from trafficdiff.metrics.privacy_intervals import NORMAL_95

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Closer", "closer_share", "standardised"]


class Closer(NamedTuple):
    """Say which share of drawn records is nearer to the training half, and within which bounds.

    Parameters
    ----------
    share
        Ties count one half.
    interval
        Of 95 %.
    drawn, neighbours
        Drawn records, and different nearest records among the real ones.
    ties
        Share of drawn records that are as near to one half as to the other.
    """

    share: float
    interval: Interval
    drawn: int
    neighbours: int
    ties: float


def standardised(*tables: NDArray[np.float64], groups: tuple[int, ...]) -> list[NDArray[np.float64]]:
    """Return tables with their columns in units of their spread over all tables but the first.

    Parameters
    ----------
    tables
        Shape (N, D) each; the first is that of the drawn records, which has no say in the units.
    groups
        Columns with the same number share one unit, so that metres east stay as long as metres north; shape (D,).
    """
    real = np.concatenate(tables[1:])
    spread = np.array([real[:, [other == group for other in groups]].var(axis=0).mean() for group in groups])
    unit = np.sqrt(np.where(spread > 0, spread, 1.0))
    return [np.asarray(table / unit, np.float64) for table in tables]


def closer_share(drawn: NDArray[np.float64], training: NDArray[np.float64], held_out: NDArray[np.float64]) -> Closer:
    """Return the share of drawn records whose nearest real one is of the training half.

    Parameters
    ----------
    drawn
        Shape (N, D).
    training, held_out
        Shape (M, D) each, equally many, in the same units.

    Raises
    ------
    ValueError
        If the halves differ in size, or something is empty.
    """
    from scipy.spatial import cKDTree

    if len(training) != len(held_out) or not len(training) or not len(drawn):
        raise ValueError(
            f"expected drawn records and two halves of one size, got {len(drawn)}, {len(training)} and {len(held_out)}"
        )
    own, own_place = cKDTree(training).query(drawn)
    other, other_place = cKDTree(held_out).query(drawn)
    equal = np.asarray(np.isclose(own, other, rtol=1e-9, atol=1e-12))
    nearer = np.where(equal, 0.5, np.where(own < other, 1.0, 0.0))
    share = float(nearer.mean())
    cluster = np.where(own <= other, own_place, len(training) + other_place)
    rest = np.bincount(cluster, weights=nearer - share)
    neighbours = len(np.unique(cluster))
    error = float(np.sqrt((rest**2).sum())) / len(drawn)
    error *= np.sqrt(neighbours / max(neighbours - 1, 1))
    interval = Interval(max(share - NORMAL_95 * error, 0.0), min(share + NORMAL_95 * error, 1.0), "clusters")
    return Closer(share, interval, len(drawn), neighbours, float(equal.mean()))
