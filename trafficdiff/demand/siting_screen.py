"""Keep the candidate sites that lie best for the cars of the sampled days, so that the programme stays small.

Sites of each kind are taken one after the other, each the one that shortens most what is left of everybody's detour to
the nearest taken site of that kind: greedy coverage, which is within 1 - 1/e of the best (Nemhauser, Wolsey and Fisher
1978, Mathematical Programming 14). Plugs play no part in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["kept_sites"]


def kept_sites(
    detour_s: NDArray[np.float64], kinds: Sequence[str], *, most: int, longest_detour_s: float
) -> NDArray[np.int64]:
    """Return the places of at most so many sites, ascending.

    Parameters
    ----------
    detour_s
        Shape (C, N), detour of each car over each site [s]; infinite where there is no way.
    kinds
        Kind of each site; every kind gets an equal share of the places, what one cannot fill goes to the others.
    most
        Most sites.
    longest_detour_s
        A longer detour is as good as no way [s].
    """
    if len(kinds) <= most:
        return np.arange(len(kinds))
    closeness = np.clip(longest_detour_s - detour_s, 0.0, None)
    queues = {kind: _by_coverage(closeness, np.flatnonzero(np.array(kinds) == kind)) for kind in sorted(set(kinds))}
    kept: list[int] = []
    while len(kept) < most:
        for queue in queues.values():
            if queue and len(kept) < most:
                kept.append(queue.pop(0))
    return np.sort(np.array(kept, np.int64))


def _by_coverage(closeness: NDArray[np.float64], places: NDArray[np.intp]) -> list[int]:
    """Return places in the order in which coverage takes them."""
    covered = np.zeros(len(closeness))
    left, order = places.tolist(), []
    while left:
        gains = np.maximum(closeness[:, left] - covered[:, None], 0.0).sum(axis=0)
        best = left.pop(int(np.argmax(gains)))
        covered = np.maximum(covered, closeness[:, best])
        order.append(best)
    return order
