"""Turn the zone that a trip shall pass into an edge, and drop vias that would make it loop or go too far about.

::

    origin ──────── direct ───────▶ destination      a via stays if   time over it <= detour x direct time,
       └──▶ edge in the via zone ──────▲                              no edge comes twice,
            of great betweenness                                      no street is driven back that the direct way
                                                                      does not drive back too
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.demand.paths import Paths, ranges, shortest_paths
from trafficdiff.demand.successions import succession_costs
from trafficdiff.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from trafficdiff.datatypes.agents import Agents
    from trafficdiff.datatypes.reach import Reach
    from trafficdiff.datatypes.scene import Scene

__all__ = ["Decoded", "place_vias"]

_TRIED: Final = 4
"""Edges of a zone that are tried, from the greatest betweenness down: often the two directions of two streets."""
_BLOCK: Final = 10_000
_LEAST_ROUNDING: Final = 1 + 1e-9


@dataclass(frozen=True, eq=False)
class Decoded:
    """Hold agents with their vias, and how many vias were dropped."""

    agents: Agents
    dropped: int


def place_vias(
    agents: Agents,
    via_zone: NDArray[np.integer[Any]],
    *,
    scene: Scene,
    reach: Sequence[Reach],
    detour: float = 1.6,
) -> Decoded:
    """Return agents with an edge to pass in their via zone, where there is a fit one.

    The edge is the one of greatest betweenness, out of the first few, over which the fastest way at free flow is no
    longer than `detour` times the direct one and does not loop.

    Parameters
    ----------
    agents
        Without vias.
    via_zone
        Shape (A,), zones of the scene to pass; -1 for none.

    Other Parameters
    ----------------
    scene
        Zones and edges of the same graph, with an edge column ``betweenness``.
    reach
        What each of the agents' vehicle types can reach, for the edges of the scene.
    detour
        Most time over the via as a multiple of the direct time, both over all edges of the route.

    Raises
    ------
    InputError
        If the scene lacks the column.
    """
    if "betweenness" not in scene.edge_columns:
        raise InputError(
            "expected an edge column 'betweenness' to choose vias by, got none; make the scene from a graph"
        )
    chosen = np.full(len(agents), -1, np.int32)
    wanted = via_zone >= 0
    time_s = agents.graph.free_flow_time_s
    masks = np.array([kind.mask for kind in agents.vehicle_types], np.int64)
    for mask in np.unique(masks):
        rows = np.flatnonzero(wanted & (masks[agents.vehicle_type] == mask))
        rows = rows[np.argsort(agents.origin[rows], kind="stable")]  # one search serves all that begin together
        if not len(rows):
            continue
        choices = _Choices(scene, reach[int(np.argmax(masks == mask))])
        costs = succession_costs(agents.graph, mask=int(mask), edge_time_s=time_s)
        for block in np.split(rows, np.arange(_BLOCK, len(rows), _BLOCK)):
            ends = agents.origin[block], agents.destination[block]
            tried = choices.edges(*ends, via_zone[block])
            chosen[block] = _fit(costs, ends, tried, time_s=time_s, reverse=choices.reverse, detour=detour)
    placed = chosen >= 0
    offsets = np.concatenate([[0], np.cumsum(placed)]).astype(np.int64)
    return Decoded(
        replace(agents, via_offsets=offsets, via_edges=chosen[placed]),
        dropped=int(wanted.sum() - placed.sum()),
    )


class _Choices:
    """Hold the edges of each zone from the greatest betweenness down, padded to the largest zone."""

    def __init__(self, scene: Scene, reach: Reach) -> None:
        count = len(scene.edge_index)
        zone = scene.edge_zone
        betweenness = scene.edge_values[:, scene.edge_columns.index("betweenness")]
        order = np.lexsort((np.arange(count), -betweenness, zone))
        place = np.arange(count) - scene.edge_offsets[zone]
        self.table = np.full((len(scene), int(np.diff(scene.edge_offsets).max())), -1)
        self.table[zone, place] = order
        self.row = np.empty(count, np.int64)
        self.row[scene.edge_index] = np.arange(count)
        self.edge = scene.edge_index
        self.reach = reach
        back = reach.reverse[self.row]
        self.reverse = np.where(back >= 0, scene.edge_index[back], -1)

    def edges(
        self, origin: NDArray[np.int32], destination: NDArray[np.int32], zone: NDArray[np.integer[Any]]
    ) -> NDArray[np.int32]:
        """Return the first few edges of each via zone that lie on some way, shape (A, tried); -1 where fewer."""
        reach, tried = self.reach, self.table[zone]
        begin, end = (reach.part[self.row[places]][:, None] for places in (origin, destination))
        part = reach.part[tried]
        known = (tried >= 0) & (self.edge[tried] != origin[:, None]) & (self.edge[tried] != destination[:, None])
        on_way = known & reach.reaches[begin, part] & reach.reaches[part, end]
        first = np.argsort(~on_way, axis=1, kind="stable")[:, :_TRIED]
        kept = np.take_along_axis(on_way, first, axis=1)
        return np.where(kept, self.edge[np.take_along_axis(tried, first, axis=1)], -1).astype(np.int32)


def _fit(
    costs: csr_matrix,
    ends: tuple[NDArray[np.int32], NDArray[np.int32]],
    tried: NDArray[np.int32],
    *,
    time_s: NDArray[np.float64],
    reverse: NDArray[np.int32],
    detour: float,
) -> NDArray[np.int32]:
    """Return the first edge of each row that neither loops nor leads too far about, -1 where there is none."""
    agent, place = np.nonzero(tried >= 0)
    via = tried[agent, place]
    origin, destination = ends
    count, more = len(origin), len(via)
    legs = shortest_paths(
        costs,
        np.concatenate([origin, origin[agent], via]),
        np.concatenate([destination, via, destination[agent]]),
    )
    direct = legs.take(np.arange(count))
    over = _joined(legs.take(count + np.arange(more)), legs.take(count + more + np.arange(more)))
    street = np.where(reverse >= 0, np.minimum(reverse, np.arange(len(reverse))), np.arange(len(reverse)))
    near = _sums(over, time_s) <= detour * _LEAST_ROUNDING * _sums(direct, time_s)[agent]
    straight = _repeats(over, over.edges) == 0
    ahead = _repeats(over, street[over.edges]) <= _repeats(direct, street[direct.edges])[agent]
    good = np.flatnonzero(near & straight & ahead)[::-1]  # the first of each agent is written last, and stays
    chosen = np.full(count, -1, np.int32)
    chosen[agent[good]] = via[good]
    return chosen


def _joined(first: Paths, then: Paths) -> Paths:
    """Return each path followed by its sequel, which begins with the edge that the path ends with."""
    lengths = first.lengths + then.lengths - 1
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    edges = np.empty(offsets[-1], np.int32)
    edges[ranges(offsets[:-1], first.lengths)] = first.edges
    rest = ranges(then.offsets[:-1] + 1, then.lengths - 1)
    edges[ranges(offsets[:-1] + first.lengths, then.lengths - 1)] = then.edges[rest]
    return Paths(offsets, edges)


def _sums(paths: Paths, values: NDArray[np.float64]) -> NDArray[np.float64]:
    along = np.concatenate([[0.0], np.cumsum(values[paths.edges])])
    return np.asarray(along[paths.offsets[1:]] - along[paths.offsets[:-1]])


def _repeats(paths: Paths, names: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """Return how many steps of each path have a name that the path had before, shape (P,)."""
    if not len(names):
        return np.zeros(len(paths.lengths), np.int64)
    width = int(names.max()) + 1
    keys = np.sort(np.repeat(np.arange(len(paths.lengths)), paths.lengths) * width + names)
    again = keys[1:][keys[1:] == keys[:-1]] // width
    return np.bincount(again, minlength=len(paths.lengths))
