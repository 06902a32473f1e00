"""Gather the edges of a road graph into zones of bounded size.

Zones are k-means clusters of edge midpoints (Lloyd 1982), so they are round and follow the density of streets;
clusters that hold too many edges are halved across their longer side. A balanced recursive split alone would be
faster still and needs no dice, but makes slivers along the rim and cuts squares apart. Lloyd's step asks a k-d tree,
so 20,000 edges take a fraction of a second; scipy's ``kmeans2`` compares every edge with every centre and lets
clusters run empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.errors import InputError
from trafficdiff.roads.centrality import travel_times

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["Zones", "make_zones", "zone_travel_times"]

_DIGITS: Final = 3
"""Midpoints nearer than a millimetre are one place; so are those of the two directions of a street."""
_ROUNDS: Final = 15
"""Rounds of Lloyd's algorithm; later ones move centres by less than a house."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Zones:
    """Represent a partition of edges into zones; immutable. ``E`` edges, ``Z`` zones.

    Parameters
    ----------
    zone
        Shape (E,), the zone of each edge.
    centre_xy
        Shape (Z, 2), mean of the edges' midpoints [m, net coordinates].
    offsets, edges
        CSR of the edges of each zone: shape (Z + 1,) and (E,).
    """

    zone: NDArray[np.int32]
    centre_xy: NDArray[np.float64]
    offsets: NDArray[np.int64]
    edges: NDArray[np.int32]

    def __post_init__(self) -> None:
        for values in vars(self).values():
            values.setflags(write=False)

    def __len__(self) -> int:
        return len(self.centre_xy)

    @property
    def edge_counts(self) -> NDArray[np.int64]:
        """Number of edges of each zone, shape (Z,)."""
        return np.diff(self.offsets)

    def members(self, zone: int) -> NDArray[np.int32]:
        """Return the edges of one zone, ascending."""
        return self.edges[self.offsets[zone] : self.offsets[zone + 1]]


def make_zones(graph: RoadGraph, *, generator: np.random.Generator, target: int = 256, largest: int = 64) -> Zones:
    """Return zones of about equal street density.

    Parameters
    ----------
    graph
        The roads. Every edge gets a zone, whoever may use it.
    generator
        Source of randomness: it draws the first centres. Edge ids and their order play no part.
    target
        Number of zones aimed at; fewer where there are fewer distinct midpoints, more where `largest` asks for it.
    largest
        Most edges in a zone.

    Returns
    -------
    Zones in the order of their centres, from west to east.

    Raises
    ------
    InputError
        If `target` or `largest` is less than one.
    """
    if target < 1 or largest < 1:
        raise InputError(f"expected target and largest zone size of at least 1, got {target} and {largest}")
    midpoints = graph.midpoint_xy
    zone = _cluster(midpoints, count=target, generator=generator)
    zone = _halve_large(zone, midpoints, largest=largest)
    count = int(zone.max()) + 1
    centres = _means(midpoints, zone, count)
    rank = np.empty(count, np.int64)
    rank[np.lexsort((centres[:, 1], centres[:, 0]))] = np.arange(count)
    zone = rank[zone]
    return Zones(
        zone=zone.astype(np.int32),
        centre_xy=_means(midpoints, zone, count),
        offsets=np.concatenate([[0], np.cumsum(np.bincount(zone, minlength=count))]).astype(np.int64),
        edges=np.argsort(zone, kind="stable").astype(np.int32),
    )


def zone_travel_times(graph: RoadGraph, zones: Zones) -> NDArray[np.float64]:
    """Return the free-flow time between zones [s], shape (Z, Z); infinite where there is no way, 0 on the diagonal.

    Each zone is stood for by the drivable street nearest to its centre, in whichever direction is quicker; zones
    without one reach nothing.
    """
    drivable = graph.drivable()
    away = np.linalg.norm(graph.midpoint_xy - zones.centre_xy[zones.zone], axis=1)
    away[~drivable] = np.inf
    order = np.lexsort((graph.length_m, away.round(3), zones.zone))  # of two as near, the shorter
    stand_in = order[zones.offsets[:-1]]
    known = drivable[stand_in]
    both = np.stack([stand_in, _reverse(graph)[stand_in]], axis=1)[known].ravel()
    times = np.full((len(zones), len(zones)), np.inf)
    if known.any():
        between = travel_times(graph, both, targets=both).reshape(known.sum(), 2, known.sum(), 2)
        times[np.ix_(known, known)] = between.min(axis=(1, 3))
    np.fill_diagonal(times, 0.0)
    return times


def _reverse(graph: RoadGraph) -> NDArray[np.int64]:
    """Return the drivable edge that leads back along the same street, or the edge itself where there is none."""
    drivable = np.flatnonzero(graph.drivable())
    there = graph.from_node.astype(np.int64) * graph.node_count + graph.to_node
    back = graph.to_node.astype(np.int64) * graph.node_count + graph.from_node
    order = drivable[np.argsort(there[drivable], kind="stable")]
    place = np.minimum(np.searchsorted(there[order], back), max(len(order) - 1, 0))
    return np.where(there[order][place] == back, order[place], np.arange(graph.edge_count))


def _cluster(points: NDArray[np.float64], *, count: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Return the cluster of each point by Lloyd's algorithm; clusters are numbered without gaps."""
    from scipy.spatial import KDTree

    distinct = np.unique(points.round(_DIGITS), axis=0)  # sorted by place: the order of edges plays no part
    centres = distinct[generator.choice(len(distinct), min(count, len(distinct)), replace=False)]
    nearest = KDTree(centres).query(points)[1]
    for _ in range(_ROUNDS):
        _, nearest = np.unique(nearest, return_inverse=True)
        moved = _means(points, nearest, int(nearest.max()) + 1)
        again = KDTree(moved).query(points)[1]
        if (again == nearest).all():
            break
        nearest = again
    return np.asarray(np.unique(nearest, return_inverse=True)[1])


def _halve_large(zone: NDArray[np.int64], points: NDArray[np.float64], *, largest: int) -> NDArray[np.int64]:
    """Return clusters of which none is too large, by halving at the median across the longest extent."""
    zone = zone.copy()
    following = int(zone.max()) + 1
    waiting = np.flatnonzero(np.bincount(zone) > largest).tolist()
    while waiting:
        members = np.flatnonzero(zone == (cluster := waiting.pop()))
        centred = points[members] - points[members].mean(axis=0)
        axis = np.linalg.eigh(centred.T @ centred)[1][:, -1]
        order = np.lexsort((points[members, 1], points[members, 0], centred @ axis))
        zone[members[order[len(members) // 2 :]]] = following
        waiting += [part for part in (cluster, following) if (zone == part).sum() > largest]
        following += 1
    return zone


def _means(points: NDArray[np.float64], cluster: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    size = np.bincount(cluster, minlength=count)
    sums = [np.bincount(cluster, points[:, axis], count) for axis in (0, 1)]
    return np.stack(sums, axis=1) / size[:, None]
