"""Say on which edges trips of a vehicle class can begin and end, and how much the net's rim counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.demand.successions import reverse_edges
from trafficdiff.errors import TripError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.vehicles import VehicleType

__all__ = ["Places", "end_weights", "find_places"]

_RIM_SHARE: Final = 0.05


@dataclass(frozen=True, eq=False)
class Places:
    """Hold the edges that can be trip ends, and those at the rim; each of shape (E,).

    Parameters
    ----------
    can_begin
        A trip of at least two edges, that does not merely turn round, can begin here.
    can_end
        Another edge leads here.
    enters, leaves
        Traffic from outside enters here; traffic leaves the net here.
    reverse
        The edge back between the same nodes, or -1.
    """

    can_begin: NDArray[np.bool_]
    can_end: NDArray[np.bool_]
    enters: NDArray[np.bool_]
    leaves: NDArray[np.bool_]
    reverse: NDArray[np.int64]


def find_places(graph: RoadGraph, kind: VehicleType) -> Places:
    """Return where trips of a vehicle type can begin and end, and where they cross the rim.

    An edge that can begin trips reaches some edge other than itself and its reverse. An edge enters the net where
    no other edge leads to it, or where only its own reverse does (a turn at a dead end) and its outer node lies
    within 5 % of the town's size (square root of the hull's area) from the hull of the class's roads; dead ends
    further inside are ordinary streets. Leaving is the mirror image.

    Raises
    ------
    TripError
        If no trip is possible for the vehicle class.
    """
    left, entered = graph.successions(kind.mask)
    count = graph.edge_count
    reverse = reverse_edges(graph)
    turns_back = reverse[left] == entered
    onwards = np.bincount(left[~turns_back], minlength=count) > 0
    turnable = np.zeros(count, bool)
    turnable[left[turns_back]] = True
    can_begin = onwards | (turnable & onwards[reverse])
    can_end = np.bincount(entered, minlength=count) > 0
    usable = (graph.allowed_classes & kind.mask) != 0
    if not can_begin.any():
        raise TripError(
            f"road graph {graph.name or graph.net_path.name!r}: expected edges that vehicle class "
            f"{kind.vehicle_class!r} can drive one after the other, got none; leave the class out of the vehicle mix"
        )
    fed = np.bincount(entered[~turns_back], minlength=count) > 0
    near = _near_hull(graph, usable)
    enters = usable & ~fed & (~can_end | near[graph.from_node])
    leaves = usable & ~onwards & (~turnable | near[graph.to_node])
    return Places(can_begin, can_end, enters & can_begin, leaves & can_end, reverse)


def end_weights(
    places: Places, *, size: NDArray[np.float64], fringe_factor: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the weights of edges as origins and as destinations, shape (E,) each.

    An edge counts with its size, times `fringe_factor` where it enters (as origin) or leaves (as destination);
    edges that cannot be trip ends weigh nothing.

    Raises
    ------
    TripError
        If all origins weigh nothing.
    """
    origin = np.where(places.can_begin, size, 0.0) * np.where(places.enters, fringe_factor, 1.0)
    destination = np.where(places.can_end, size, 0.0) * np.where(places.leaves, fringe_factor, 1.0)
    if not origin.any():
        raise TripError("expected origins of positive weight, got none; raise the fringe factor above 0")
    return origin, destination


def _near_hull(graph: RoadGraph, usable: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which nodes lie near the convex hull of the usable edges' nodes, shape (N,)."""
    import shapely

    nodes = np.unique(np.concatenate([graph.from_node[usable], graph.to_node[usable]]))
    hull = shapely.MultiPoint(graph.node_xy[nodes]).convex_hull
    reach_m = _RIM_SHARE * np.sqrt(hull.area)
    return np.asarray(shapely.distance(shapely.boundary(hull), shapely.points(graph.node_xy)) <= reach_m)
