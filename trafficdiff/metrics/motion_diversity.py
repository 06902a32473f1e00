"""Say how different scenes are from each other: how many kinds of encounters, and how far the nearest like one lies.

====================  ========================================================================================
interaction types     of the ego's near misses, as an AV engineer names them (`scene_types`), each counted once
nearest distance      root mean square, over the moments, of the difference of the other's way as the ego sees it,
                      to the scene that is most alike [m]; mean over scenes
====================  ========================================================================================

The more scenes, the nearer the nearest; so scenes are looked at so many at a time, drawn at random again and again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.metrics.motion_conflicts import NEAR_TTC_S

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["interaction_types", "nearest_distance"]

_ROUNDS: Final = 40


def interaction_types(found: pd.DataFrame) -> tuple[str, ...]:
    """Return the types of encounters in which the ego was nearly hit or touched, sorted, by `motion_conflicts`."""
    critical = found[(found["one"] == 0) & ((found["ttc_s"] <= NEAR_TTC_S) | found["collision"])]
    return tuple(sorted(set(critical["scene_type"])))


def nearest_distance(ways: NDArray[np.float64], *, among: int, generator: np.random.Generator) -> float:
    """Return how far scenes lie from the one most like them among so many [m].

    Parameters
    ----------
    ways
        Shape (N, T, 2), see `motion_pair.relative_way`.
    among
        How many scenes are looked at at a time.
    generator
        Of which.

    Returns
    -------
    float
        NaN for fewer than two scenes, or fewer than `among`.
    """
    count = len(ways)
    if among < 2 or count < among:
        return float("nan")
    flat = ways.reshape(count, -1) / np.sqrt(ways.shape[1])
    square = (flat**2).sum(axis=1)
    apart = np.sqrt(np.maximum(square[:, None] + square - 2 * flat @ flat.T, 0.0))
    np.fill_diagonal(apart, np.inf)
    rounds = 1 if count == among else _ROUNDS
    chosen = (generator.permutation(count)[:among] for _ in range(rounds))
    return float(np.mean([apart[np.ix_(rows, rows)].min(axis=1).mean() for rows in chosen]))
