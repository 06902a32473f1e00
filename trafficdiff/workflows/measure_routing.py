"""Find routes for measures with the demand's router: the two may not import each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.routing import FoundRoutes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["FastestRoutes"]

_NEVER_S: Final = 1e9
"""Time of a closed edge [s]: longer than any way round, so that only who has none gets a route over one."""


@dataclass(frozen=True, eq=False)
class FastestRoutes:
    """Find fastest routes on one road graph; a `trafficdiff.datatypes.routing.RouteFinder`.

    Parameters
    ----------
    graph
        The roads.
    edge_time_s
        Shape (E,), time to traverse each edge [s]; left out, free-flow time.
    """

    graph: RoadGraph
    edge_time_s: NDArray[np.float64] | None = None

    def best(
        self,
        from_edge: NDArray[np.int32],
        to_edge: NDArray[np.int32],
        mask: NDArray[np.int64],
        *,
        closed: NDArray[np.bool_] | None = None,
    ) -> FoundRoutes:
        """Return the fastest route of each pair of edges; see `RouteFinder.best`."""
        from trafficdiff.demand.fastest import fastest_paths

        time_s = self.graph.free_flow_time_s if self.edge_time_s is None else self.edge_time_s
        barred = np.zeros(self.graph.edge_count, bool) if closed is None else closed
        ends = np.asarray(from_edge, np.int32), np.asarray(to_edge, np.int32)
        count = len(ends[0])
        mask = np.asarray(mask, np.int64)
        paths = fastest_paths(
            self.graph, ends, mask=mask, time_s=np.where(barred, _NEVER_S, time_s)[None], row=np.zeros(count, np.int64)
        )
        pair = np.repeat(np.arange(count), paths.lengths)
        blocked = np.bincount(pair, weights=barred[paths.edges], minlength=count) > 0
        blocked |= (self.graph.allowed_classes[ends[0]] & mask) == 0
        kept = ~blocked[pair]
        edges, pair = paths.edges[kept], pair[kept]
        lengths = np.bincount(pair, minlength=count)
        found = lengths > 0
        sums = (np.bincount(pair, weights=values[edges], minlength=count) for values in (time_s, self.graph.length_m))
        total_s, total_m = (np.where(found, total, np.inf) for total in sums)
        return FoundRoutes(
            offsets=np.concatenate([[0], np.cumsum(lengths)]), edges=edges, time_s=total_s, length_m=total_m
        )
