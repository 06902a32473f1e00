"""Say when vehicles are expected where: trips as trajectories in space and time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trafficdiff.errors import TripError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.trips import TripSet

__all__ = ["passing_times_s", "trips_passing"]


def passing_times_s(trips: TripSet, *, edge_time_s: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """Return when each vehicle is expected to enter each edge of its route [s of the simulated day].

    A vehicle enters its first edge when it departs, and every further one when it has spent the times of those
    before. Nothing waits here: signals and queues count only as far as the edge times hold them.

    Parameters
    ----------
    trips
        Trips with routes.
    edge_time_s
        Shape (E,), time to traverse each edge [s]; left out, free-flow time.

    Returns
    -------
    Shape (R,), along `TripSet.edges`: the times of trip t are those from ``offsets[t]`` to ``offsets[t + 1]``.

    Raises
    ------
    TripError
        If an edge time is not positive and finite.
    """
    time_s = trips.graph.free_flow_time_s if edge_time_s is None else edge_time_s
    if time_s.shape != (trips.graph.edge_count,) or not (np.isfinite(time_s) & (time_s > 0)).all():
        raise TripError(
            f"expected {trips.graph.edge_count} finite positive edge times [s], got others; mend the edge times"
        )
    before_s = np.concatenate([[0.0], np.cumsum(time_s[trips.edges])])[:-1]
    start_s = trips.depart_s - before_s[trips.offsets[:-1]]
    return np.asarray(before_s + np.repeat(start_s, trips.route_lengths))


def trips_passing(
    trips: TripSet,
    edges: NDArray[np.integer[Any]],
    *,
    begin_s: float = -np.inf,
    end_s: float = np.inf,
    edge_time_s: NDArray[np.float64] | None = None,
) -> NDArray[np.int64]:
    """Return the trips that are expected to be on some of the given edges at some moment of a window.

    A vehicle is on an edge from when it enters it until it has spent the edge's time there; it must not have left
    by `begin_s` and must have entered before `end_s`.

    Parameters
    ----------
    trips
        Trips with routes.
    edges
        Edge positions, in any order.

    Other Parameters
    ----------------
    begin_s, end_s
        The window [s of the simulated day]; left out, any time.
    edge_time_s
        As in `passing_times_s`.

    Returns
    -------
    Positions of the trips, ascending, each once.

    Raises
    ------
    TripError
        If an edge time is not positive and finite.
    """
    entered_s = passing_times_s(trips, edge_time_s=edge_time_s)
    time_s = trips.graph.free_flow_time_s if edge_time_s is None else edge_time_s
    there = np.isin(trips.edges, edges) & (entered_s < end_s) & (entered_s + time_s[trips.edges] > begin_s)
    return np.unique(np.repeat(np.arange(len(trips)), trips.route_lengths)[there])
