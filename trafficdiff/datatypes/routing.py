"""Ask for the best routes between roads, without knowing who finds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FoundRoutes", "RouteFinder"]


@dataclass(frozen=True, eq=False, kw_only=True)
class FoundRoutes:
    """Hold the routes of P pairs of edges; a pair without a way has a route of no edge.

    Parameters
    ----------
    offsets, edges
        CSR of the routes, shape (P + 1,) and (R,): edge positions from the first to the last, both included.
    time_s
        Shape (P,), time over the whole route [s]; infinite where there is none.
    length_m
        Shape (P,), length of the whole route [m]; infinite where there is none.
    """

    offsets: NDArray[np.int64]
    edges: NDArray[np.int32]
    time_s: NDArray[np.float64]
    length_m: NDArray[np.float64]

    @property
    def reachable(self) -> NDArray[np.bool_]:
        """Whether there is a way, shape (P,)."""
        return np.asarray(np.diff(self.offsets) > 0)

    def taken(self, chosen: NDArray[np.bool_]) -> Self:
        """Return the routes of the chosen pairs, shape (P,)."""
        lengths = np.diff(self.offsets)
        return type(self)(
            offsets=np.concatenate([[0], np.cumsum(lengths[chosen])]),
            edges=self.edges[np.repeat(chosen, lengths)],
            time_s=self.time_s[chosen],
            length_m=self.length_m[chosen],
        )


class RouteFinder(Protocol):
    """Find the best routes on the roads that trips are on."""

    def best(
        self,
        from_edge: NDArray[np.int32],
        to_edge: NDArray[np.int32],
        mask: NDArray[np.int64],
        *,
        closed: NDArray[np.bool_] | None = None,
    ) -> FoundRoutes:
        """Return the route of least time of each pair of edges.

        Parameters
        ----------
        from_edge, to_edge
            Shape (P,), edge positions.
        mask
            Shape (P,), class bit of who drives.
        closed
            Shape (E,), edges that the routes may not use; a pair that begins or ends on one has no route.
        """
        ...
