"""Say how long each edge takes, by interval of the day: at free flow, as given, or as a simulation measured it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.errors import TripError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.result import SimulationResult
    from trafficdiff.datatypes.trips import TripSet

__all__ = ["SLOWEST_MS", "LinkTimes", "free_flow_times", "link_times", "measured_times", "sums_along"]

SLOWEST_MS: Final = 0.1
"""Least speed that a measured link time may stand for [m/s]: below it SUMO calls a vehicle waiting, and what a jam that
stood still for a whole interval would have taken nobody knows."""


@dataclass(frozen=True, eq=False)
class LinkTimes:
    """Hold the time to traverse each edge, by interval of the day.

    Parameters
    ----------
    begins_s
        Shape (I,), begin of each interval [s], ascending; what is earlier counts to the first, what is later to the
        last one.
    time_s
        Shape (I, E), finite and positive [s].

    Raises
    ------
    TripError
        If the shapes do not fit together, the intervals are not ascending, or a time is not finite and positive.
    """

    begins_s: NDArray[np.float64]
    time_s: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.time_s.ndim != 2 or len(self.begins_s) != len(self.time_s) or not len(self.begins_s):
            raise TripError(
                f"expected edge times of shape ({len(self.begins_s)}, edges), one row an interval, got "
                f"{self.time_s.shape}; mend the edge times"
            )
        if (np.diff(self.begins_s) <= 0).any():
            raise TripError("expected the intervals of the edge times in ascending order, got others; sort them")
        if not (np.isfinite(self.time_s) & (self.time_s > 0)).all():
            raise TripError("expected finite positive edge times [s], got others; mend the edge times")

    def interval(self, at_s: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the interval that each time [s] falls into, shape as given."""
        return np.clip(np.searchsorted(self.begins_s, at_s, side="right") - 1, 0, len(self.begins_s) - 1)

    def along(self, trips: TripSet) -> NDArray[np.float64]:
        """Return how long each trip's route takes by the times of the interval in which it departs [s], shape (T,)."""
        return sums_along(self.time_s, row=self.interval(trips.depart_s), offsets=trips.offsets, edges=trips.edges)


def sums_along(
    time_s: NDArray[np.float64], *, row: NDArray[np.int64], offsets: NDArray[np.int64], edges: NDArray[np.int32]
) -> NDArray[np.float64]:
    """Return how long each of some routes takes [s], shape (P,).

    Parameters
    ----------
    time_s
        Shape (K, E), edge times [s].
    row
        Shape (P,), which of the K rows counts.
    offsets, edges
        CSR of the routes, none of them empty.
    """
    if not len(edges):
        return np.zeros(0)
    return np.asarray(np.add.reduceat(time_s[np.repeat(row, np.diff(offsets)), edges], offsets[:-1]))


def free_flow_times(graph: RoadGraph) -> LinkTimes:
    """Return the time to traverse each edge at its speed limit, one interval for the whole day."""
    return LinkTimes(np.zeros(1), graph.free_flow_time_s[None])


def link_times(
    graph: RoadGraph,
    edge_time_s: NDArray[np.float64] | None = None,
    *,
    begins_s: NDArray[np.float64] | None = None,
) -> LinkTimes:
    """Return link times from an array, or those at free flow if there is none.

    Parameters
    ----------
    graph
        The roads.
    edge_time_s
        Shape (E,), or (I, E) with `begins_s` [s].

    Other Parameters
    ----------------
    begins_s
        Shape (I,), begin of each interval [s].

    Raises
    ------
    TripError
        If the shape does not fit the graph, intervals are missing, or a time is not finite and positive.
    """
    if edge_time_s is None:
        return free_flow_times(graph)
    if edge_time_s.shape[-1:] != (graph.edge_count,) or (edge_time_s.ndim == 2) != (begins_s is not None):
        raise TripError(
            f"expected {graph.edge_count} finite positive edge times [s], or rows of them with the begins of their "
            f"intervals, got shape {edge_time_s.shape}; mend the edge times"
        )
    return LinkTimes(np.zeros(1) if begins_s is None else begins_s, np.atleast_2d(edge_time_s))


def measured_times(result: SimulationResult, graph: RoadGraph) -> LinkTimes:
    """Return the time that drivers who enter an edge should expect, by interval of a simulation.

    It is the edge's length over the space-mean speed (Edie 1963), which is at least `SLOWEST_MS`; where nobody was, it
    is free flow. Where vehicles stand at the edge's end and few enter, that would take their crawl for the whole edge.
    What a driver waits at the end of the queue is the vehicles present over those that leave (Little's law), and if
    that is less, it counts, as long as it is no less than free flow.

    Parameters
    ----------
    result
        What was measured.
    graph
        The roads that it was measured on.

    Raises
    ------
    TripError
        If the result is not on these roads.
    """
    data = result.data
    if data.sizes["edge"] != graph.edge_count:
        raise TripError(
            f"expected a result on {graph.edge_count} edges, got one on {data.sizes['edge']}; give the graph it is on"
        )
    spent_s, driven_m = (data[name].to_numpy() for name in ("sampled_time", "travel_distance"))
    time_s = np.tile(graph.free_flow_time_s, (len(spent_s), 1))
    seen = spent_s > 0
    left = (data["left"] + data["arrived"]).to_numpy()[seen]
    driven_m = np.maximum(driven_m[seen], SLOWEST_MS * spent_s[seen])
    mean_s = spent_s[seen] / driven_m * np.broadcast_to(graph.length_m, seen.shape)[seen]
    wait_s = np.divide(spent_s[seen], left, out=np.full(len(left), np.inf), where=left > 0)
    time_s[seen] = np.minimum(mean_s, np.maximum(wait_s, time_s[seen]))
    return LinkTimes(data["time"].to_numpy().astype(np.float64), time_s)
