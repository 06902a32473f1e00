"""Find the shortest paths of many pairs at once.

One search serves all pairs that share an origin, and the paths of a whole block of searches are read off their
predecessor tables together, one step of all paths at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

__all__ = ["Paths", "origin_blocks", "ranges", "shortest_paths"]

_BLOCK_BYTES: Final = 48_000_000
_BYTES_PER_ENTRY: Final = 12  # a distance (float64) and a predecessor (int32)
_LONGEST_LEAD: Final = 64
"""Nodes that are followed before the search takes over, which ends a ring without a way out."""


@dataclass(frozen=True, eq=False)
class Paths:
    """Hold paths as CSR; a pair without a path has length zero.

    Parameters
    ----------
    offsets, edges
        Shape (P + 1,) and (R,); edges from origin to destination, both included.
    """

    offsets: NDArray[np.int64]
    edges: NDArray[np.int32]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Number of edges of each path, shape (P,)."""
        return np.diff(self.offsets)

    def take(self, rows: NDArray[np.int64]) -> Paths:
        """Return the paths at the given places, in that order."""
        lengths = self.lengths[rows]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        return Paths(offsets, self.edges[ranges(self.offsets[:-1][rows], lengths)])

    def replaced(self, rows: NDArray[np.int64], others: Paths) -> Paths:
        """Return the paths with others at the given places, each place once."""
        count = len(self.offsets) - 1
        place = np.arange(count)
        place[rows] = count + np.arange(len(rows))
        return Paths.joined([self, others]).take(place)

    @classmethod
    def joined(cls, parts: Sequence[Paths]) -> Self:
        """Return the paths of all parts, one after the other."""
        if not parts:
            return cls(np.zeros(1, np.int64), np.zeros(0, np.int32))
        lengths = np.concatenate([part.lengths for part in parts])
        edges = np.concatenate([part.edges for part in parts])
        return cls(np.concatenate([[0], np.cumsum(lengths)]), edges)

    @classmethod
    def gathered(cls, parts: Sequence[tuple[NDArray[np.int64], Paths]]) -> Paths:
        """Return the paths of all parts at the places that stand beside them; together these are 0 to P - 1."""
        paths = cls.joined([part for _, part in parts])
        if not parts or (len(parts) == 1 and (np.diff(parts[0][0]) == 1).all()):
            return paths
        return paths.take(np.argsort(np.concatenate([places for places, _ in parts]), kind="stable"))

    @classmethod
    def from_steps(cls, lengths: NDArray[np.int64], steps: Sequence[tuple[NDArray[np.int64], NDArray[Any]]]) -> Self:
        """Return paths of known lengths from the steps back along them: who took a step, and where they were."""
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        edges = np.empty(offsets[-1], np.int32)
        for back, (paths, places) in enumerate(steps):
            edges[offsets[paths + 1] - 1 - back] = places
        return cls(offsets, edges)


def ranges(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return ``start, start + 1, ...`` of each given length, one after the other.

    Examples
    --------
    >>> ranges(np.array([5, 0]), np.array([2, 3])).tolist()
    [5, 6, 0, 1, 2]
    """
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    return np.repeat(starts - (ends - lengths), lengths) + np.arange(total)


def origin_blocks(origins: NDArray[np.integer[Any]], *, width: int) -> Iterator[slice]:
    """Yield slices of origins small enough for a table of `width` columns to stay under 48 MB."""
    step = max(1, _BLOCK_BYTES // (_BYTES_PER_ENTRY * width))
    for start in range(0, len(origins), step):
        yield slice(start, start + step)


def shortest_paths(costs: csr_matrix, origin: NDArray[np.int32], destination: NDArray[np.int32]) -> Paths:
    """Return one shortest path for each pair of nodes.

    Parameters
    ----------
    costs
        Positive costs of the arcs, shape (E, E).
    origin, destination
        Shape (P,), nodes; where they are equal the path is that node alone.

    Notes
    -----
    Dijkstra's method with a Fibonacci heap, `scipy.sparse.csgraph.dijkstra`, once for each distinct node where a way
    first has a choice; equal pairs are answered once.
    """
    if not len(origin):
        return Paths.joined(())
    keys, inverse = _distinct(origin, destination, costs.shape[0])
    ends = np.stack(np.divmod(keys, costs.shape[0]))
    nodes, open_costs = _open_part(costs, *ends)
    first, last = np.searchsorted(nodes, ends)
    lead, head = _forced(open_costs, first, last)
    heads, place = _distinct(head, last, len(nodes))
    paths = _joined(lead, _searched(open_costs, *np.divmod(heads, len(nodes))).take(place))
    return Paths(paths.offsets, nodes[paths.edges].astype(np.int32)).take(inverse)


def _distinct(
    first: NDArray[np.integer[Any]], last: NDArray[np.integer[Any]], count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return distinct pairs of nodes as first x count + last, in order, and which one each pair is."""
    keys, inverse = np.unique(first.astype(np.int64) * count + last, return_inverse=True)
    return keys, inverse.ravel()


def _searched(costs: csr_matrix, first: NDArray[np.int64], last: NDArray[np.int64]) -> Paths:
    """Return the shortest path of each pair, ordered by its first node."""
    sources, row = np.unique(first, return_inverse=True)
    parts = []
    for block in origin_blocks(sources, width=costs.shape[0]):
        low, high = np.searchsorted(row, [block.start, block.stop])
        parts.append(_paths_of_block(costs, sources[block], row[low:high] - block.start, last[low:high]))
    return Paths.joined(parts)


def _forced(costs: csr_matrix, first: NDArray[np.int64], last: NDArray[np.int64]) -> tuple[Paths, NDArray[np.int64]]:
    """Return what all ways have in common: nodes with one arc out, and the node after them, where the search begins.

    On a real net half of the edges lead to one other edge, so many origins share a search.
    """
    arcs = np.diff(costs.indptr)
    onward = np.full(len(arcs), -1, np.int64)
    onward[arcs == 1] = costs.indices[costs.indptr[:-1][arcs == 1]]
    at, count = first.copy(), np.zeros(len(first), np.int64)
    steps: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
    active = np.flatnonzero((onward[at] >= 0) & (at != last))
    while len(active) and len(steps) < _LONGEST_LEAD:
        steps.append((active, at[active]))
        count[active] += 1
        at[active] = onward[at[active]]
        active = active[(onward[at[active]] >= 0) & (at[active] != last[active])]
    offsets = np.concatenate([[0], np.cumsum(count)])
    nodes = np.empty(offsets[-1], np.int32)
    for place, (paths, passed) in enumerate(steps):
        nodes[offsets[paths] + place] = passed
    return Paths(offsets, nodes), at


def _joined(lead: Paths, rest: Paths) -> Paths:
    """Return each lead followed by the rest of its path; nothing where there is no rest."""
    kept = np.where(rest.lengths > 0, lead.lengths, 0)
    lengths = kept + rest.lengths
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    edges = np.empty(offsets[-1], np.int32)
    edges[ranges(offsets[:-1], kept)] = lead.edges[ranges(lead.offsets[:-1], kept)]
    edges[ranges(offsets[:-1] + kept, rest.lengths)] = rest.edges
    return Paths(offsets, edges)


def _open_part(
    costs: csr_matrix, first: NDArray[np.int64], last: NDArray[np.int64]
) -> tuple[NDArray[np.int64], csr_matrix]:
    """Return the nodes that have arcs or are asked for, and the arcs between them.

    A search visits and its tables hold every node: for a car most edges of a real net are footways without arcs. The
    order stays, so that of equally short paths the same ones are found.
    """
    from scipy.sparse import csr_matrix

    arcs = np.diff(costs.indptr)
    open_ = arcs > 0
    open_[costs.indices] = True
    open_[first] = True
    open_[last] = True
    nodes = np.flatnonzero(open_)
    offsets = np.concatenate([[0], np.cumsum(arcs[nodes])]).astype(costs.indptr.dtype)
    place = np.cumsum(open_) - 1
    indices = place[costs.indices].astype(costs.indices.dtype)
    return nodes, csr_matrix((costs.data, indices, offsets), shape=(len(nodes), len(nodes)))


def _paths_of_block(
    costs: csr_matrix, sources: NDArray[np.int64], row: NDArray[np.int64], last: NDArray[np.int64]
) -> Paths:
    from scipy.sparse.csgraph import dijkstra

    cost, predecessor = dijkstra(costs, indices=sources, return_predecessors=True)
    active = np.flatnonzero(np.isfinite(cost[row, last]))
    at = last[active].astype(np.int32)
    lengths = np.zeros(len(row), np.int64)
    steps = []
    while len(active):  # one step back on all paths that have not reached their origin
        steps.append((active, at))
        lengths[active] += 1
        going = at != sources[row[active]]
        active = active[going]
        at = predecessor[row[active], at[going]]
    return Paths.from_steps(lengths, steps)
