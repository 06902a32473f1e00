"""Say what is believed of pairs of zones beside their weights: through traffic goes far and straight, no trip is short.

With f(t) = exp(-beta t) for every trip, and weights w of edges, a pair of zones has

    (1 - p) h(D) f(t)  +  sum over its pairs of crossings of  v_o v_d g(d) q_od f(t_od)

    g(d) = d^2 / (d^2 + r^2)      h(D) = D^2 / (D^2 + s^2)      q_od = c_o (t_od / d)^-k

v is an edge's share of its zone's weight, p the share of both that lies at the rim, r the place's extent, D how far the
streets of two zones lie apart.

- g: nobody drives into a town to leave it beside where they came in.
- q: who passes through does so because the way through is a good one; between crossings that a slow or winding way
  joins they drive around the town. c keeps how much passes through from every entry: q says only where it leaves.
- h: short ways are walked.

Crossings are looked at edge by edge, for those of one zone may lead to different places, or nowhere.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import torch

from trafficdiff.diffusion.inputs import BUMPS_S
from trafficdiff.diffusion.prior import edge_weight, passing_through, zone_rim_share

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from trafficdiff.datatypes.scene import Scene
    from trafficdiff.datatypes.ways import Ways
    from trafficdiff.diffusion.requests import SamplerSettings

__all__ = ["believed_pairs"]

_NOTHING: Final = 1e-9
"""What is left of a pair that is not believed: so that its logarithm is a number."""
_NEAREST_M: Final = 30.0
"""Crossings count as at least so far from each other: about the width of a junction."""


def believed_pairs(scene: Scene, ways: Ways | None, settings: SamplerSettings) -> Tensor:
    """Return the logarithm of what is believed of going from zone to zone, shape (Z, Z).

    Without `ways` through traffic is told by the middles of zones, any way is as good as another, and short trips are
    as likely as others. Local factors are added to what is believed of any city with these streets.
    """
    if scene.local is not None:
        return believed_pairs(replace(scene, local=None), ways, settings) + torch.from_numpy(scene.local.pair)
    time_s = scene.travel_time_s.astype(np.float64)
    away_s = np.where(np.isfinite(time_s), time_s.clip(BUMPS_S[0], BUMPS_S[-1]), 0.0)
    deterred = np.exp(-settings.deterrence_per_s * away_s)
    place = scene.zone_xy_m.astype(np.float64) / _extent_m(scene)
    rim = zone_rim_share(scene)
    if ways is None:
        far = passing_through(torch.from_numpy(place), torch.from_numpy(rim)).exp().numpy()
        return _logarithm(far * deterred)
    squared = ways.apart_m**2
    driven = squared / np.maximum(squared + settings.shortest_m**2, _NOTHING)
    inner = (1 - rim[:, :1] * rim[:, 1]) * driven * deterred
    return _logarithm(inner + _through(scene, ways, settings))


def _through(scene: Scene, ways: Ways, settings: SamplerSettings) -> NDArray[np.float64]:
    """Return the second part of the sum, shape (Z, Z)."""
    weight, zones = edge_weight(scene), len(scene)
    whole = np.stack([np.bincount(scene.edge_zone, weight[:, role], zones) for role in (0, 1)], axis=1)
    share = weight / np.maximum(whole, 1e-300)[scene.edge_zone]
    squared = (ways.distance_m / _extent_m(scene)) ** 2
    reached = np.isfinite(ways.time_s)
    time_s = np.where(reached, ways.time_s, 0.0)
    believed = np.where(reached, squared / (1 + squared) * np.exp(-settings.deterrence_per_s * time_s), 0.0)
    straight = (np.maximum(time_s, 1.0) / np.maximum(ways.distance_m, _NEAREST_M)) ** -settings.directness
    leaving = weight[ways.exit, 1]
    kept = believed @ leaving / np.maximum((believed * straight) @ leaving, 1e-300)
    pair = share[ways.entry, 0][:, None] * share[ways.exit, 1] * believed * straight * kept[:, None]
    table = np.zeros((zones, zones))
    np.add.at(table, (scene.edge_zone[ways.entry][:, None], scene.edge_zone[ways.exit][None]), pair)
    return table


def _extent_m(scene: Scene) -> float:
    return float(np.sqrt((scene.zone_xy_m.astype(np.float64) ** 2).sum(axis=1).mean())) or 1.0


def _logarithm(believed: NDArray[np.float64]) -> Tensor:
    return torch.from_numpy(np.log(np.maximum(believed, _NOTHING)).astype(np.float32))
