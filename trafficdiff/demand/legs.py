"""Cut ways over vias into legs, and join the paths of legs again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.demand.paths import Paths, ranges

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["join_legs", "leg_ends"]


def leg_ends(
    ends: tuple[NDArray[np.int32], NDArray[np.int32]], via_offsets: NDArray[np.int64], via_edges: NDArray[np.int32]
) -> tuple[tuple[NDArray[np.int32], NDArray[np.int32]], NDArray[np.int64]]:
    """Return the legs of trips over their vias: first and last edge, and which trip each belongs to.

    Parameters
    ----------
    ends
        First and last edge of each trip, shape (T,) each.
    via_offsets, via_edges
        CSR of the edges to pass in between, shape (T + 1,) and (V,).
    """
    first, last = ends
    vias = np.diff(via_offsets)
    offsets = np.concatenate([[0], np.cumsum(vias + 2)])
    points = np.empty(offsets[-1], np.int32)
    points[offsets[:-1]], points[offsets[1:] - 1] = first, last
    points[ranges(offsets[:-1] + 1, vias)] = via_edges
    begins = ranges(offsets[:-1], vias + 1)
    return (points[begins], points[begins + 1]), np.repeat(np.arange(len(first)), vias + 1)


def join_legs(legs: Paths, trip: NDArray[np.int64], *, count: int) -> Paths:
    """Return one path a trip from those of its legs; of length zero where a leg has none.

    Parameters
    ----------
    legs
        In the order of the trips; a leg begins with the edge that the one before ended with.
    trip
        Shape (L,), ascending: which trip each leg belongs to.

    Other Parameters
    ----------------
    count
        Number of trips.
    """
    leads = np.concatenate([[True], trip[1:] != trip[:-1]]) if len(trip) else np.zeros(0, bool)
    whole = np.bincount(trip, weights=legs.lengths == 0, minlength=count)[trip] == 0
    kept = np.where(whole, legs.lengths - ~leads, 0)
    lengths = np.bincount(trip, weights=kept, minlength=count).astype(np.int64)
    edges = legs.edges[ranges(legs.offsets[:-1] + ~leads, kept)]
    return Paths(np.concatenate([[0], np.cumsum(lengths)]), edges)
