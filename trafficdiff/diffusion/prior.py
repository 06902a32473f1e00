"""Say what is believed of trip ends before anything is learned: the model's own gravity baseline.

Inside, a street's weight is the square root of its length. At the rim a road's weight is what it can carry across.
How many trips cross the rim follows from the lanes across it, and from the kilometres of streets inside::

    share = k lanes / (k lanes + streets)

A cut-out has many great roads around few streets, a whole town few around many, so one k serves both, where a fixed
factor for edges at the rim would have to change with the cut.

Traffic that passes through goes somewhere: a pair of crossings at the distance d has the factor

    g(d) = d^2 / (d^2 + r^2)

with r the place's extent. Nobody drives into a town to leave it beside where they came in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import torch

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from trafficdiff.datatypes.scene import Scene

__all__ = ["edge_weight", "passing_through", "rim_capacity", "zone_rim_share", "zone_weight"]

_INNER_POWER: Final = 0.5
"""Power of an edge's length inside: the likelihood of real trip ends has its maximum at 0.43 +- 0.12 whichever of
five cities is left out; see the decision page."""
_STREETS_OF_A_LANE_KM: Final = 2.5
"""k: a lane across the rim brings as many trips as so many kilometres of streets make. The geometric mean over five
cities and both directions is 2.6, from 0.3 to 13; with any other measure of capacity the spread is the same."""
_MOTORWAY_RANK: Final = 6.0
_MOTORWAY_WEIGHT: Final = 0.05
"""Nobody lives on a motorway; its service areas remain. Declared."""
_NOTHING: Final = 1e-6
"""Weight of what cannot be driven, beside a street: so that its logarithm is a number."""


def rim_capacity(scene: Scene, way: str) -> NDArray[np.float64]:
    """Return what each edge can bring ``"in"`` across the rim, or take ``"out"``, shape (E,); 0 inside.

    Lanes times speed [m/s] times rank, see `trafficdiff.roads.scenes.rim_capacity`; the lanes where a scene knows no
    more.
    """
    names = scene.edge_columns
    known = {"in": "enter_capacity", "out": "leave_capacity"}[way]
    if known in names:
        return _column(scene, known, 0.0)
    return _column(scene, f"fringe_lanes_{way}", 0.0)


def edge_weight(scene: Scene) -> NDArray[np.float64]:
    """Return trip-end weights of edges as origin and as destination, shape (E, 2), in any unit.

    What is known of the place itself has the last word.
    """
    length_m = _column(scene, "length", 1.0)
    street = np.maximum(length_m, _NOTHING) ** _INNER_POWER
    street *= np.where(_column(scene, "class_rank", 0.0) >= _MOTORWAY_RANK, _MOTORWAY_WEIGHT, 1.0)
    drivable, lanes = _column(scene, "drivable", 1.0) > 0, np.maximum(_column(scene, "lanes", 1.0), 1.0)
    if drivable.any():
        street = np.where(drivable, street, _NOTHING * street)
    weight = np.repeat(street[:, None], 2, axis=1)
    for role, way in enumerate(("in", "out")):
        capacity = rim_capacity(scene, way)
        rim = capacity > 0
        inner = weight[~rim, role].sum()
        streets_km = length_m[~rim & (drivable | ~drivable.any())].sum() / 1_000
        if rim.any() and streets_km > 0:
            odds = _STREETS_OF_A_LANE_KM * lanes[rim].sum() / streets_km
            weight[rim, role] = odds * inner * capacity[rim] / capacity[rim].sum()
    return weight if scene.local is None else weight * np.exp(scene.local.edge.astype(np.float64))


def zone_weight(scene: Scene) -> NDArray[np.float64]:
    """Return the weight of each zone as origin and as destination, shape (Z, 2): of its edges, or its workers."""
    size: NDArray[np.float64]
    if scene.has_edges:
        size = _by_zone(scene, edge_weight(scene))
    elif "workers" in scene.zone_columns:
        size = np.nan_to_num(scene.zone_values[:, [scene.zone_columns.index("workers")] * 2].astype(np.float64))
    else:
        size = np.ones((len(scene), 2))
    return np.asarray(size + np.maximum(size.mean(axis=0), 1e-9) * 1e-2)


def zone_rim_share(scene: Scene) -> NDArray[np.float64]:
    """Return which share of each zone's weight as origin, as destination, lies at the rim, shape (Z, 2)."""
    if not scene.has_edges:
        return np.zeros((len(scene), 2))
    weight = edge_weight(scene)
    rim = np.stack([rim_capacity(scene, way) > 0 for way in ("in", "out")], axis=1)
    return np.asarray(_by_zone(scene, weight * rim) / np.maximum(_by_zone(scene, weight), 1e-300))


def passing_through(place: Tensor, rim: Tensor) -> Tensor:
    """Return the logarithm of what the distance of their crossings leaves of pairs of zones, shape (Z, Z).

    Parameters
    ----------
    place
        Shape (Z, 2), where zones lie in units of the place's extent.
    rim
        Shape (Z, 2), of `zone_rim_share`: a pair passes through as far as both its ends lie at the rim.
    """
    squared = torch.cdist(place, place) ** 2
    both = rim[:, :1] * rim[:, 1]
    return torch.log1p(-both / (1 + squared) * (1 - _NOTHING))


def _by_zone(scene: Scene, weight: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([np.bincount(scene.edge_zone, weight[:, role], len(scene)) for role in (0, 1)], axis=1)


def _column(scene: Scene, name: str, otherwise: float) -> NDArray[np.float64]:
    if name not in scene.edge_columns:
        return np.full(len(scene.edge_values), otherwise)
    return np.nan_to_num(scene.edge_values[:, scene.edge_columns.index(name)].astype(np.float64))
