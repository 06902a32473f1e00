"""Tell how closely routes follow routes that are known to be driven."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

__all__ = ["nearest_overlap"]

_BLOCK: Final = 256
"""Routes that are compared with all known ones at once."""


def nearest_overlap(
    edges: NDArray[np.integer[Any]],
    offsets: NDArray[np.int64],
    *,
    known_edges: NDArray[np.integer[Any]],
    known_offsets: NDArray[np.int64],
    length_m: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return each route's overlap with the known route that is most like it, shape (T,), from 0 to 1 (the same edges).

    The overlap of two routes is the length of the edges that both use over the length of the edges that either uses:
    the Jaccard index (Jaccard 1912, "The distribution of the flora in the alpine zone", New Phytologist 11(2)) with
    edges weighed by their length.

    Parameters
    ----------
    edges, offsets
        CSR of the routes in question, shape (R,) and (T + 1,).
    known_edges, known_offsets
        CSR of the known routes, at least one.
    length_m
        Shape (E,), lengths of the edges [m].
    """
    routes, place = _distinct(edges, offsets, len(length_m))
    known, _ = _distinct(known_edges, known_offsets, len(length_m))
    weighed = routes.multiply(length_m[None, :]).tocsr()
    own_m, known_m = routes @ length_m, known @ length_m
    best = np.empty(routes.shape[0])
    for begin in range(0, len(best), _BLOCK):
        rows = slice(begin, begin + _BLOCK)
        shared_m = (weighed[rows] @ known.T).toarray()
        best[rows] = (shared_m / (own_m[rows, None] + known_m[None, :] - shared_m)).max(axis=1)
    return np.asarray(best[place])


def _distinct(
    edges: NDArray[np.integer[Any]], offsets: NDArray[np.int64], edge_count: int
) -> tuple[csr_array, NDArray[np.int64]]:
    """Return the different routes, shape (U, E), 1 where an edge is used, and the row of each route, shape (T,)."""
    from scipy.sparse import csr_array

    content = np.ascontiguousarray(edges, np.int64)
    first: dict[bytes, int] = {}
    place = np.empty(len(offsets) - 1, np.int64)
    picked: list[NDArray[np.int64]] = []
    for row in range(len(place)):
        route = np.unique(content[offsets[row] : offsets[row + 1]])
        place[row] = first.setdefault(route.tobytes(), len(first))
        if len(first) > len(picked):
            picked.append(route)
    bounds = np.concatenate([[0], np.cumsum([len(route) for route in picked])])
    indices = np.concatenate(picked) if picked else np.zeros(0, np.int64)
    return csr_array((np.ones(len(indices)), indices, bounds), shape=(len(picked), edge_count)), place
