"""Measure how far a place lies from those that are known, with their own distances from each other as the yardstick.

::

    z = (x - mean) / standard deviation          every place counts the same, however many scenes it has
    d = sqrt(z' ((1 - s) C + s I)^-1 z / k)      Mahalanobis (1936), correlations C shrunk, k numbers known

A scene's own distance is taken from the others without its place: what a city looks like that was not in the corpus.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["LEAST_PLACES", "SHRINKAGE", "Novelty", "novelty_of", "own_distances", "weighted_quantile"]

LEAST_PLACES: Final = 4
"""Fewer places say nothing about how places differ."""
SHRINKAGE: Final = 0.3
"""Share of the identity among the correlations, declared: a score of places cannot tell two dozen numbers' own ones.
Shares of .1 and .6 raise as many false alarms."""
_LIMIT: Final = 0.95
_LEAST_SPREAD: Final = 1e-6


@dataclass(frozen=True, eq=False)
class Novelty:
    """Say how far one place lies from others. ``F`` numbers, ``S`` scenes.

    Parameters
    ----------
    distance
        Its own.
    limit, farthest
        The weighted 95 % quantile of the scenes' own distances, and the largest.
    percentile
        Weighted share of scenes whose own distance is not larger, 0 to 100.
    scores
        Shape (F,), standard deviations from the mean; NaN where unknown.
    apart
        Shape (S,), distance to each scene.
    """

    distance: float
    limit: float
    farthest: float
    percentile: float
    scores: NDArray[np.float64]
    apart: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Cloud:
    """Hold mean, spread and shrunken correlations of scenes."""

    mean: NDArray[np.float64]
    spread: NDArray[np.float64]
    correlations: NDArray[np.float64]

    @classmethod
    def of(cls, scenes: NDArray[np.float64], places: NDArray[np.str_]) -> _Cloud:
        """Return those of scenes, every place counting the same; what is unknown is taken for the mean."""
        weight = _weights(places)
        known = np.isfinite(scenes)
        total = np.maximum((weight[:, None] * known).sum(axis=0), 1e-12)
        mean = (weight[:, None] * np.where(known, scenes, 0.0)).sum(axis=0) / total
        away = np.where(known, scenes - mean, 0.0)
        spread = np.sqrt((weight[:, None] * away**2).sum(axis=0) / total)
        spread = np.maximum(spread, _LEAST_SPREAD)
        scaled = away / spread
        correlations = (scaled * weight[:, None]).T @ scaled
        return cls(mean, spread, (1 - SHRINKAGE) * correlations + SHRINKAGE * np.eye(len(mean)))

    def lengths(self, steps: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the length of steps, shape (N, F); unknown numbers are left out, and the rest is a mean."""
        found = np.zeros(len(steps))
        masks, which = np.unique(np.isfinite(steps), axis=0, return_inverse=True)
        for number, mask in enumerate(masks):
            rows = np.flatnonzero(which.ravel() == number)
            if not mask.any():
                continue
            scaled = steps[np.ix_(rows, np.flatnonzero(mask))] / self.spread[mask]
            solved = np.linalg.solve(self.correlations[np.ix_(mask, mask)], scaled.T).T
            found[rows] = np.sqrt(np.maximum((scaled * solved).sum(axis=1), 0.0) / mask.sum())
        return found


def novelty_of(values: NDArray[np.float64], scenes: NDArray[np.float64], *, places: NDArray[np.str_]) -> Novelty:
    """Return how far a place lies from scenes of other places.

    Parameters
    ----------
    values
        Shape (F,), its numbers on scales where equal steps count the same; NaN where unknown.
    scenes, places
        Shape (S, F) and (S,), the same of the scenes, and the place that each shows.

    Raises
    ------
    InputError
        If the scenes are of fewer than `LEAST_PLACES` places, or no number of the place is known.
    """
    known = np.isfinite(values) & np.isfinite(scenes).any(axis=0)
    if not known.any():
        raise InputError("expected at least one number of the place that is known of the others, got none")
    scenes, asked = scenes[:, known], values[known]
    own = own_distances(scenes, places=places)
    cloud = _Cloud.of(scenes, places)
    weight = _weights(places)
    distance = float(cloud.lengths((asked - cloud.mean)[None])[0])
    scores = np.full(len(values), np.nan)
    scores[known] = (asked - cloud.mean) / cloud.spread
    return Novelty(
        distance=distance,
        limit=weighted_quantile(own, weight, _LIMIT),
        farthest=float(own.max()),
        percentile=float(100 * weight[own <= distance].sum()),
        scores=scores,
        apart=cloud.lengths(asked - scenes),
    )


def own_distances(scenes: NDArray[np.float64], *, places: NDArray[np.str_]) -> NDArray[np.float64]:
    """Return each scene's distance from those of the other places, shape (S,).

    Raises
    ------
    InputError
        If there are fewer than `LEAST_PLACES` places.
    """
    if len(names := np.unique(places)) < LEAST_PLACES:
        raise InputError(
            f"expected scenes of at least {LEAST_PLACES} places, got {len(names)}; nothing can be compared"
        )
    found = np.empty(len(scenes))
    for name in names:
        inside = places == name
        cloud = _Cloud.of(scenes[~inside], places[~inside])
        found[inside] = cloud.lengths(scenes[inside] - cloud.mean)
    return found


def weighted_quantile(values: NDArray[np.float64], weight: NDArray[np.float64], share: float) -> float:
    """Return the smallest value up to which the weights reach a share of their sum."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weight[order]) / weight.sum()
    return float(values[order][min(int(np.searchsorted(reached, share)), len(values) - 1)])


def _weights(places: NDArray[np.str_]) -> NDArray[np.float64]:
    """Return weights of scenes, 1 in sum, by which every place counts the same."""
    names, which, counts = np.unique(places, return_inverse=True, return_counts=True)
    return np.asarray(1.0 / counts[which.ravel()] / len(names))
