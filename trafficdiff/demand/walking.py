"""Find the nearest edges where trips can begin and end whose own edges are closed to them or cut off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.demand.successions import succession_costs

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["WALK_M", "Walks", "nearest_ends"]

WALK_M: Final = 500.0
"""How far people walk at most from where they wanted to begin, and to where they wanted to end [m, straight line].

A declared value: six to seven minutes at 1.34 m/s (the mean free speed of pedestrians after Weidmann 1993), a few
blocks of a dense town. Who would have to walk further is taken to make no such trip by car."""

_ELSEWHERE_M: Final = 0.1
"""Least distance of another edge than the own one [m], so that the other direction of a street is not taken for it."""


@dataclass(frozen=True, eq=False)
class Walks:
    """Say where trips begin and end instead.

    Parameters
    ----------
    first, last
        Shape (P,), edges; -1 where there is no way within walking distance.
    walk_m
        Shape (P,), straight lines at both ends together [m]; NaN where there is no way.
    """

    first: NDArray[np.int32]
    last: NDArray[np.int32]
    walk_m: NDArray[np.float64]


def nearest_ends(
    graph: RoadGraph,
    points: tuple[NDArray[np.float64], NDArray[np.float64]],
    *,
    own: tuple[NDArray[np.int32], NDArray[np.int32]],
    mask: NDArray[np.int64],
    walk_m: float = WALK_M,
) -> Walks:
    """Return for each pair of places the two edges with a way between them that cost the shortest walks together.

    Parameters
    ----------
    graph
        The roads.
    points
        Where people want to begin and end, shape (P, 2) each [m, net coordinates].

    Other Parameters
    ----------------
    own
        The edges on which they would begin and end, shape (P,) each; -1 where that edge is gone. Where an own edge will
        do, it is preferred to others at the same place.
    mask
        Shape (P,), class bit of who drives; the edges are open to it.
    walk_m
        Longest walk at one end [m]. It is measured to the nearest point of the edge's centre line.
    """
    first, last = np.full(len(mask), -1, np.int32), np.full(len(mask), -1, np.int32)
    walks = np.full(len(mask), np.nan)
    for bit in np.unique(mask):
        rows = np.flatnonzero(mask == bit)
        near = [
            _Near(graph, place[rows], own=edge[rows], mask=int(bit), walk_m=walk_m)
            for place, edge in zip(points, own, strict=True)
        ]
        ways = _Ways(succession_costs(graph, mask=int(bit), edge_time_s=graph.free_flow_time_s))
        pairs, inverse = np.unique(np.stack([side.group for side in near]), axis=1, return_inverse=True)
        found = [_best_pair(near, (begin, end), ways) for begin, end in pairs.T]
        chosen = np.array(found, float).reshape(-1, 3)[inverse.ravel()]
        first[rows], last[rows], walks[rows] = chosen.T
    return Walks(first, last, walks)


def _best_pair(near: list[_Near], groups: tuple[int, int], ways: _Ways) -> tuple[int, int, float]:
    """Return the two different edges with a way between them and the least sum of walks; -1, -1, NaN if none.

    Who would have to walk as far as the straight line of the trip walks the whole trip: that is none either.
    """
    (first, to_first_m), (last, from_last_m) = (side.edges(group) for side, group in zip(near, groups, strict=True))
    straight_m = float(np.linalg.norm(near[0].xy[groups[0]] - near[1].xy[groups[1]]))
    total_m = to_first_m[:, None] + from_last_m
    fit = ways.between(first, last) & (first[:, None] != last) & (total_m < straight_m)
    if not fit.any():
        return -1, -1, np.nan
    total_m = np.where(fit, total_m, np.inf)
    row, column = np.unravel_index(np.argmin(total_m), total_m.shape)
    return int(first[row]), int(last[column]), float(total_m[row, column])


class _Near:
    """Hold the edges open to a class within reach of each distinct place, the nearest first."""

    def __init__(
        self, graph: RoadGraph, xy: NDArray[np.float64], *, own: NDArray[np.int32], mask: int, walk_m: float
    ) -> None:
        import shapely

        places, group = np.unique(np.column_stack([xy, own]), axis=0, return_inverse=True)
        self.group = group.ravel()
        self.xy = places[:, :2]
        usable = np.flatnonzero(graph.allowed_classes & mask)
        indices = np.repeat(np.arange(graph.edge_count), np.diff(graph.shape_offsets))
        lines = np.asarray(shapely.linestrings(graph.shape_xy, indices=indices))[usable]
        points = np.asarray(shapely.points(places[:, :2]))
        place, line = shapely.STRtree(lines).query(points, predicate="dwithin", distance=walk_m)
        away_m = np.asarray(shapely.distance(points[place], lines[line]))
        order = np.lexsort((line, away_m, place))
        self._edge = usable[line[order]]
        self._away_m = np.where(self._edge == places[place[order], 2], 0.0, np.maximum(away_m[order], _ELSEWHERE_M))
        self._offsets = np.concatenate([[0], np.cumsum(np.bincount(place, minlength=len(places)))])

    def edges(self, group: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the edges near a place and how far away they are [m]."""
        inside = slice(self._offsets[group], self._offsets[group + 1])
        return self._edge[inside], self._away_m[inside]


class _Ways:
    """Answer which edges lead to which, asking once for each strongly connected part."""

    def __init__(self, costs: csr_matrix) -> None:
        from scipy.sparse.csgraph import connected_components

        self._costs = costs
        self._parts, self._part = connected_components(costs, directed=True, connection="strong")
        self._reached: dict[int, NDArray[np.bool_]] = {}

    def between(self, first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return whether each first edge leads to each last one, shape (first, last)."""
        if not len(first):
            return np.zeros((0, len(last)), bool)
        return np.stack([self._from(int(edge))[self._part[last]] for edge in first])

    def _from(self, edge: int) -> NDArray[np.bool_]:
        """Return which parts the part of an edge leads to, shape (parts,)."""
        from scipy.sparse.csgraph import breadth_first_order

        part = int(self._part[edge])
        if part not in self._reached:
            reached = np.zeros(self._parts, bool)
            reached[self._part[breadth_first_order(self._costs, edge, return_predecessors=False)]] = True
            self._reached[part] = reached
        return self._reached[part]
