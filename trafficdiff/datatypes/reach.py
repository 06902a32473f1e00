"""Say which trip ends can be joined by a drive, for one vehicle class; what a sampler masks with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Reach"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Reach:
    """Hold reachability between the edges of a scene, by strongly connected parts; immutable.

    ``E`` edges in the order of the scene, ``C`` parts.

    Parameters
    ----------
    part
        Shape (E,), the strongly connected part of each edge.
    reaches
        Shape (C, C), bool, whether a drive leads from part to part; a part reaches itself.
    can_begin, can_end
        Shape (E,), whether a trip of the class can begin or end on an edge.
    reverse
        Shape (E,), the edge back along the same street, or -1.
    """

    part: NDArray[np.int32]
    reaches: NDArray[np.bool_]
    can_begin: NDArray[np.bool_]
    can_end: NDArray[np.bool_]
    reverse: NDArray[np.int32]

    def to_zones(self, edge_offsets: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return from which parts a drive leads to an edge of a zone that can end it, shape (C, Z).

        Only parts that a trip can begin or end in are multiplied: on a real net most parts are closed streets.
        """
        zone = self._zone(edge_offsets)
        ends = np.zeros((len(edge_offsets) - 1, len(self.reaches)), np.float32)
        ends[zone[self.can_end], self.part[self.can_end]] = 1
        rows, columns = np.unique(self.part[self.can_begin]), np.unique(self.part[self.can_end])
        leads = np.zeros((len(self.reaches), len(ends)), bool)
        leads[rows] = self.reaches[np.ix_(rows, columns)].astype(np.float32) @ ends[:, columns].T > 0
        return leads

    def zone_pairs(self, edge_offsets: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which pairs of zones have a drive from an edge of one to another edge of the other, shape (Z, Z)."""
        zones = len(edge_offsets) - 1
        pairs = np.zeros((zones, zones), bool)
        leads = self.to_zones(edge_offsets)
        np.logical_or.at(pairs, self._zone(edge_offsets)[self.can_begin], leads[self.part[self.can_begin]])
        pairs[np.diag_indices(zones)] = [self._inside(*edge_offsets[k : k + 2]) for k in range(zones)]
        return pairs

    def _zone(self, edge_offsets: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.repeat(np.arange(len(edge_offsets) - 1), np.diff(edge_offsets))

    def _inside(self, first: int, end: int) -> bool:
        """Return whether a drive leads from one edge of a zone to another one of it."""
        begins = np.flatnonzero(self.can_begin[first:end]) + first
        ends = np.flatnonzero(self.can_end[first:end]) + first
        joined = self.reaches[np.ix_(self.part[begins], self.part[ends])] & (begins[:, None] != ends[None])
        return bool(joined.any())
