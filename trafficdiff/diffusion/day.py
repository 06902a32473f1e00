"""Give the trips of one day a common cause: eight moments that say how the day differs from the usual one.

A study draws them once, so that 100,000 trips are one day and not 1,500 unrelated sets. With positions x in units of
the place's extent, r = |x|, and the share of trips at the rim::

    z = mean over the day's trips of [x_o, y_o, x_d, y_d, r_o, r_d, rim_o, rim_d]  -  the same over usual trips

z is a summary that is computed and not learned: a latent that has to be learned together with its reader (Edwards and
Storkey 2017, "Towards a neural statistician") said nothing here, for one set of trips tells little about its day. What
is learned is which trips a day with these moments has. Means are sufficient for tilts of the form exp(a . s(trip)), and
z turns with the map, so it means the same in every view and to every member of a committee. How z spreads over the
days of training, the aggregated posterior, is kept beside the weights, and new days are drawn from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torch import Tensor, nn

from trafficdiff.diffusion.prior import rim_capacity

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.scene import Scene

    Array = NDArray[np.float64]

__all__ = ["MOMENTS", "Days", "day_moments", "trip_statistics", "turned_moments"]

MOMENTS: Final = 8
"""East and north of origins, of destinations, distance of both from the middle, shares of both at the rim."""
_UNIT: Final = 0.3
"""Moments are given in this unit, which brings them near 1."""
_MEMORY: Final = 0.995
"""Decay of the moving second moment."""
_JITTER: Final = 1e-6


def trip_statistics(scene: Scene) -> Array:
    """Return what the moments are means of, by trip, shape (T, `MOMENTS`)."""
    trips = scene.trips
    xy = scene.zone_xy_m.astype(np.float64)
    xy = xy / max(float(np.sqrt((xy**2).sum(axis=1).mean())), 1.0)
    from_xy, to_xy = xy[trips.origin_zone], xy[trips.destination_zone]
    columns = [*from_xy.T, *to_xy.T, np.hypot(*from_xy.T), np.hypot(*to_xy.T)]
    for way, edge in (("in", trips.origin_edge), ("out", trips.destination_edge)):
        columns.append(rim_capacity(scene, way)[edge] > 0 if scene.has_edges else np.zeros(len(trips)))
    return np.stack(columns, axis=1).astype(np.float64)


def day_moments(statistics: Array, weight: Array, *, usual: Array) -> Array:
    """Return the moments of a day, shape (`MOMENTS`,).

    Parameters
    ----------
    statistics, weight
        Shape (N, `MOMENTS`) and (N,), of the day's trips.
    usual
        Shape (`MOMENTS`,), means over usual trips.
    """
    return np.asarray((weight @ statistics / weight.sum() - usual) / _UNIT)


def turned_moments(moments: Array, matrix: Array) -> Array:
    """Return the moments of the same day on a map that is turned by a matrix, shape (2, 2)."""
    return np.concatenate([matrix @ moments[:2], matrix @ moments[2:4], moments[4:]])


class Days(nn.Module):
    """Remember how days spread, and draw new ones."""

    second: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("second", torch.eye(MOMENTS))

    @torch.no_grad()
    def remember(self, days: Tensor) -> None:
        """Take the moments of some days, shape (B, `MOMENTS`), into the moving second moment about the usual day."""
        self.second.lerp_((days[:, :, None] * days[:, None, :]).mean(dim=0), 1 - _MEMORY)

    def draw(self, dice: torch.Generator, *, spread: float) -> Array:
        """Return the moments of a new day, shape (`MOMENTS`,), `spread` times as far off as those of training."""
        root = torch.linalg.cholesky(self.second.double().cpu() + _JITTER * torch.eye(MOMENTS))
        return np.asarray(spread * (root @ torch.randn(MOMENTS, generator=dice).double()).numpy())
