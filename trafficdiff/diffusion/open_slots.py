"""Say which values the slots of trips may take: pairs of zones that a drive joins, zones that lie on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from trafficdiff.diffusion.inputs import BUMPS_S
from trafficdiff.diffusion.noise import DESTINATION, ORIGIN, TIME, VIA

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["OpenSlots"]


class OpenSlots:
    """Tell which values of a slot are possible; tables that are read by column are kept turned.

    Parameters
    ----------
    pairs
        Shape (C, Z, Z), bool, by vehicle class which pairs of zones can be driven between.
    bases
        Shape (Z, Z, T), bumps of travel times.
    detour
        Most time over a via, as a multiple of the direct way.
    """

    def __init__(self, pairs: Tensor, bases: Tensor, *, detour: float) -> None:
        time_s = _expected_time(bases)
        self._time_s = (time_s, time_s.T.contiguous())
        self._pairs = (pairs, pairs.transpose(1, 2).contiguous())
        self._some = tuple(table.any(dim=1) for table in self._pairs)
        self._detour = detour

    def of(self, slot: int, slots: Tensor, kind: Tensor) -> Tensor:
        """Return which values of a slot are possible for some trips, shape (N, values).

        Parameters
        ----------
        slot
            Which one.
        slots
            Shape (N, 4), what is known of the trips, -1 elsewhere.
        kind
            Shape (N,), their classes, places in the pairs.
        """
        if slot == TIME:
            return torch.ones(len(slots), 1, dtype=torch.bool)
        if slot == VIA:
            return self._on_the_way(slots, kind)
        side = int(slot == ORIGIN)
        other = slots[:, DESTINATION if slot == ORIGIN else ORIGIN]
        return torch.where((other >= 0)[:, None], self._pairs[side][kind, other.clamp(min=0)], self._some[side][kind])

    def _on_the_way(self, slots: Tensor, kind: Tensor) -> Tensor:
        """Return which zones a trip may pass: reachable, and not too far about; the last column is "none"."""
        origin, destination = slots[:, ORIGIN], slots[:, DESTINATION]
        over = self._time_s[0][origin] + self._time_s[1][destination]
        direct = self._time_s[0][origin, destination][:, None]
        near = self._pairs[0][kind, origin] & self._pairs[1][kind, destination]
        near &= (over <= self._detour * direct) & torch.isfinite(over)
        near.scatter_(1, slots[:, [ORIGIN, DESTINATION]], value=False)
        return torch.cat([near, torch.ones(len(near), 1, dtype=torch.bool)], dim=1)


def _expected_time(bases: Tensor) -> Tensor:
    """Return travel times from the bases [s], infinite where there is no way."""
    points = torch.log(torch.from_numpy(BUMPS_S.astype(np.float32)))
    time_s = torch.exp(bases[..., :-1] @ points)
    return time_s.masked_fill(bases[..., -1] > 0, float("inf"))
