"""Tell where a road graph is cut: edges that bring traffic in or take it out, dead ends, and the hull."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.datatypes.vehicles import class_bit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["Fringe", "find_fringe", "hull_area_m2", "hull_distance_m"]

_RIM_SHARE: Final = 0.05
_RIM_LEAST_M: Final = 50.0
"""A dead end is taken for a cut street within 5 % of the square root of the hull's area, at least 50 m."""


@dataclass(frozen=True, eq=False)
class Fringe:
    """Say how each edge takes part in the traffic across the boundary; all of shape (E,).

    ::

        enters      nothing leads onto the edge but the edge's own reverse, and it is one-way or begins at the rim
        leaves      the edge leads nowhere but back, and it is one-way or ends at the rim
        dead_end    the edge leads nowhere but back, and it is neither one-way nor at the rim

    Parameters
    ----------
    enters, leaves, dead_end
        True where it holds for passenger cars.
    """

    enters: NDArray[np.bool_]
    leaves: NDArray[np.bool_]
    dead_end: NDArray[np.bool_]


def find_fringe(graph: RoadGraph, *, vehicle_class: str = "passenger") -> Fringe:
    """Return which edges cross the boundary of the area and which end blind."""
    count = graph.edge_count
    drivable = graph.drivable(vehicle_class)
    left, entered = graph.successions(class_bit(vehicle_class))
    back = (graph.from_node[left] == graph.to_node[entered]) & (graph.to_node[left] == graph.from_node[entered])
    leads_on = np.bincount(left[~back], minlength=count) > 0
    led_to = np.bincount(entered[~back], minlength=count) > 0
    forward = graph.from_node.astype(np.int64) * graph.node_count + graph.to_node
    backward = graph.to_node.astype(np.int64) * graph.node_count + graph.from_node
    one_way = ~np.isin(backward, forward[drivable])
    at_rim = _node_hull_distance_m(graph) <= _rim_width_m(graph)
    blind, source_like = drivable & ~leads_on, drivable & ~led_to
    return Fringe(
        enters=source_like & (one_way | at_rim[graph.from_node]),
        leaves=blind & (one_way | at_rim[graph.to_node]),
        dead_end=blind & ~one_way & ~at_rim[graph.to_node],
    )


def hull_distance_m(graph: RoadGraph, xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distance of points to the boundary of the convex hull of drivable streets [m], shape (P,)."""
    import shapely

    return np.asarray(shapely.distance(shapely.boundary(_hull(graph)), shapely.points(xy)))


def hull_area_m2(graph: RoadGraph) -> float:
    """Return the area of the convex hull of drivable streets [m2]."""
    return float(_hull(graph).area)


def _hull(graph: RoadGraph) -> Any:
    """Return the convex hull of all drivable ends; a line or a point is widened by a metre so that it has a rim."""
    import shapely

    drivable = graph.drivable()
    ends = np.unique(np.concatenate([graph.from_node[drivable], graph.to_node[drivable]]))
    hull = shapely.convex_hull(shapely.multipoints(graph.node_xy[ends]))
    return hull if shapely.get_dimensions(hull) == 2 else shapely.buffer(hull, 1.0)


def _node_hull_distance_m(graph: RoadGraph) -> NDArray[np.float64]:
    return hull_distance_m(graph, graph.node_xy)


def _rim_width_m(graph: RoadGraph) -> float:
    return max(_RIM_LEAST_M, _RIM_SHARE * float(np.sqrt(hull_area_m2(graph))))
