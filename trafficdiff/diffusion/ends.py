"""Choose the edge inside a zone on which a trip begins or ends, among those that a drive joins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.reach import Reach

__all__ = ["Ends"]


class Ends:
    """Choose edges inside zones for one vehicle class; rows of candidates are padded to the largest zone.

    Parameters
    ----------
    reach
        What the class can reach.
    offsets
        Shape (Z + 1,), the edges of each zone.
    """

    def __init__(self, reach: Reach, offsets: NDArray[np.int64]) -> None:
        self.reach = reach
        self.offsets = offsets
        self.most = int(np.diff(offsets).max())
        self.to_zone = reach.to_zones(offsets)
        self.to_own = np.zeros(int(offsets[-1]), bool)
        for k in range(len(offsets) - 1):
            inside = np.arange(*offsets[k : k + 2])
            joined = reach.reaches[np.ix_(reach.part[inside], reach.part[inside])] & reach.can_end[inside]
            self.to_own[inside] = (joined & ~np.eye(len(inside), dtype=bool)).any(axis=1)

    def choose(
        self,
        start: NDArray[np.int64],
        stop: NDArray[np.int64],
        *,
        score: NDArray[np.float32],
        dice: torch.Generator,
        rim: NDArray[np.bool_] | None = None,
        tilt: NDArray[np.float32] | None = None,
    ) -> NDArray[np.int64]:
        """Return origin and destination edges of trips from zone to zone, shape (2, N); a drive joins each pair.

        Parameters
        ----------
        start, stop
            Shape (N,), zones.
        score
            Shape (2, E), of edges as origin and as destination.
        dice
            Source of randomness.
        rim, tilt
            Shape (2, E) and (2, N): edges whose score is raised, and by how much for each trip; None for nothing.
        """
        tilt = np.zeros((2, len(start)), np.float32) if tilt is None else tilt
        raised = np.zeros((2, len(score[0])), bool) if rim is None else rim
        candidates, _ = self._candidates(start)
        origin = _pick(
            candidates, score[0][candidates] + raised[0][candidates] * tilt[0][:, None],
            open_=self._leads(start, stop), dice=dice,
        )  # fmt: skip
        candidates, _ = self._candidates(stop)
        destination = _pick(
            candidates, score[1][candidates] + raised[1][candidates] * tilt[1][:, None],
            open_=self._led(origin, stop), dice=dice,
        )  # fmt: skip
        return np.stack([origin, destination])

    def _candidates(self, zone: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the edges of zones, shape (N, M), and which are real."""
        inside = np.arange(self.most)
        edge = self.offsets[zone][:, None] + inside
        return np.minimum(edge, self.offsets[-1] - 1), edge < self.offsets[zone + 1][:, None]

    def _leads(self, zone: NDArray[np.int64], target: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which edges of a zone can begin a trip to another one."""
        edge, real = self._candidates(zone)
        way = np.where(
            (zone == target)[:, None], self.to_own[edge], self.to_zone[self.reach.part[edge], target[:, None]]
        )
        return real & self.reach.can_begin[edge] & way

    def _led(self, origin: NDArray[np.int64], target: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which edges of a zone can end a trip from an edge."""
        edge, real = self._candidates(target)
        way = self.reach.reaches[self.reach.part[origin][:, None], self.reach.part[edge]]
        return np.asarray(real & self.reach.can_end[edge] & way & (edge != origin[:, None]))


def _pick(
    edge: NDArray[np.int64], score: NDArray[np.float32], *, open_: NDArray[np.bool_], dice: torch.Generator
) -> NDArray[np.int64]:
    """Draw one open edge for each trip by its score."""
    chance = torch.rand(edge.shape, generator=dice).clamp(1e-20, 1 - 1e-7).numpy()
    noisy = np.where(open_, score - np.log(-np.log(chance)), -np.inf)
    return np.asarray(edge[np.arange(len(edge)), noisy.argmax(axis=1)])
