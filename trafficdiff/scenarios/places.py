"""Find the roads at a point."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.errors import ScenarioError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.part import Point

__all__ = ["distances_m", "nearest_edges"]

_FURTHEST_M: Final = 1_000.0
"""A point that is further from every road is taken for a slip of the pen [m]."""


def distances_m(graph: RoadGraph, point: Point) -> NDArray[np.float64]:
    """Return how far each edge's centre line is from a point in longitude and latitude [m], shape (E,)."""
    import shapely

    rows = np.repeat(np.arange(graph.edge_count), np.diff(graph.shape_offsets))
    lines = shapely.linestrings(graph.shape_xy, indices=rows)
    return np.asarray(shapely.distance(lines, shapely.points(graph.from_lonlat(np.array(point)))))


def nearest_edges(
    graph: RoadGraph, point: Point, *, usable: NDArray[np.bool_], within_m: float, what: str
) -> NDArray[np.int64]:
    """Return the usable edges within a distance of a point, or the nearest one if there is none so near.

    Parameters
    ----------
    graph
        The roads.
    point
        Longitude and latitude [degrees, WGS 84].

    Other Parameters
    ----------------
    usable
        Shape (E,), which edges count.
    within_m
        Distance [m].
    what
        What the point is, for the message.

    Raises
    ------
    ScenarioError
        If the nearest is more than 1 km away.
    """
    distance_m = np.where(usable, distances_m(graph, point), np.inf)
    nearest_m = float(distance_m.min())
    if nearest_m > _FURTHEST_M:
        raise ScenarioError(
            f"expected the {what} within {_FURTHEST_M:g} m of a road that its vehicles may use, got [{point[0]:g}, "
            f"{point[1]:g}], {nearest_m:,.0f} m away; points are [longitude, latitude]"
        )
    return np.flatnonzero(distance_m <= max(within_m, nearest_m))
