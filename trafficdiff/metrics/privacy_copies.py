"""Count the trips that somebody has driven already: same route, edge for edge, at the same time of day.

Only routes of at least six edges count, and only to five minutes: a shorter way is everybody's. What calibrated demand
repeats of its own accord, unseen trips repeat, too; so a rate of copies means little without that of real trips that
were in no training, the *floor*.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["LEAST_EDGES", "SLOT_S", "Copies", "exact_copies"]

LEAST_EDGES: Final = 6
"""Fewest edges of a route that counts."""
SLOT_S: Final = 300.0
"""Departures in the same slot are the same [s]."""


class Copies(NamedTuple):
    """Say how many trips are copies, of how many whose routes are long enough to tell."""

    hits: int
    of: int

    @property
    def rate(self) -> float:
        """The share of copies; NaN where no route is long enough."""
        return self.hits / self.of if self.of else float("nan")


def exact_copies(
    edges: NDArray[np.integer[Any]],
    offsets: NDArray[np.int64],
    depart_s: NDArray[np.float64],
    *,
    known_edges: NDArray[np.integer[Any]],
    known_offsets: NDArray[np.int64],
    known_depart_s: NDArray[np.float64],
) -> Copies:
    """Return how many trips have the route and the five minutes of a known one.

    Parameters
    ----------
    edges, offsets, depart_s
        CSR of the routes in question, shape (R,) and (T + 1,), and departures, shape (T,) [s].
    known_edges, known_offsets, known_depart_s
        The same of the known trips.
    """
    known = set(_keys(known_edges, known_offsets, known_depart_s))
    asked = _keys(edges, offsets, depart_s)
    return Copies(sum(key in known for key in asked), len(asked))


def _keys(
    edges: NDArray[np.integer[Any]], offsets: NDArray[np.int64], depart_s: NDArray[np.float64]
) -> list[tuple[bytes, int]]:
    """Return route and slot of each trip whose route is long enough."""
    content = np.ascontiguousarray(edges, np.int32).tobytes()
    slots = (depart_s // SLOT_S).astype(np.int64).tolist()
    return [
        (content[4 * low : 4 * high], slot)
        for (low, high), slot in zip(pairwise(offsets.tolist()), slots, strict=True)
        if high - low >= LEAST_EDGES
    ]
