"""Learn one city's trips as corrections of what is believed of any city: the part of a tuned model that is its own.

With the prior's weights w of zones, its pairs b(o, d), and bumps phi over the travel time,

    p(o)     ~  w_o(o) exp(alpha_o)
    p(d | o) ~  w_d(d) exp(beta_d + a b(o, d) + sum_k c_k phi_k(t_od) + gamma_od) b(o, d)     [reachable]
    p(e | z) ~  exp(s(e) + delta_e)

s is what prior and network say of an edge inside its zone. Everything is zero at first, which is the model as it was,
and pulled to zero by a ridge, so what few trips say little about stays what is believed of any city. The logarithm of
the likelihood is concave: there is one best answer, whatever the seed. It is the log-linear model of trip
distribution, Wilson (1967), "A statistical theory of spatial distribution models", with the learned prior as its seed
matrix.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torch import Tensor, nn

from trafficdiff.datatypes.local_factors import LocalFactors
from trafficdiff.diffusion.inputs import time_bases
from trafficdiff.diffusion.prior import edge_weight, zone_weight

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.scene import Scene, SceneTrips

__all__ = ["NEVER", "LocalModel", "Place", "Tally", "Widths", "place_of_scene", "tally_of"]

NEVER: Final = -80.0
"""Logit of what cannot be reached: a finite one, so that nothing times it is nothing."""
_MOST: Final = 20.0
"""Largest logarithm of a factor that is kept."""


@dataclass(frozen=True, eq=False)
class Place:
    """Hold what is believed of a place before its trips are known. ``Z`` zones, ``E`` edges.

    Parameters
    ----------
    zone
        Shape (Z, 2), logarithm of the weights as origin and as destination.
    pair
        Shape (Z, Z), logarithm of what is believed of pairs.
    bumps
        Shape (Z, Z, K), over the travel time.
    closed
        Shape (Z, Z), pairs that no drive joins.
    edge
        Shape (2, E), scores of edges inside their zones.
    edge_zone
        Shape (E,).
    """

    zone: Tensor
    pair: Tensor
    bumps: Tensor
    closed: Tensor
    edge: Tensor
    edge_zone: Tensor


@dataclass(frozen=True, eq=False)
class Tally:
    """Count trips by zones and edges; all that the likelihood asks of them.

    Parameters
    ----------
    trips
        How many.
    pair
        Shape (Z, Z).
    edge
        Shape (2, E), trips that begin, and that end, on each edge.
    """

    trips: float
    pair: Tensor
    edge: Tensor


@dataclass(frozen=True, kw_only=True)
class Widths:
    """Hold the standard deviations of the ridge's normal prior; 0 keeps a part at nothing, infinity lets it free.

    Parameters
    ----------
    ends
        Of alpha, beta and delta.
    way
        Of a and c.
    pair
        Of gamma.
    """

    ends: float
    way: float = 1.0
    pair: float = 0.0


def place_of_scene(scene: Scene, *, pair: Tensor, open_: NDArray[np.bool_], edge: NDArray[np.float64]) -> Place:
    """Return what is believed of a scene.

    Parameters
    ----------
    scene
        The place.
    pair
        Shape (Z, Z), of `believed_pairs`.
    open_
        Shape (Z, Z), pairs that a drive joins.
    edge
        Shape (2, E), logarithm of the chances of edges inside their zones.
    """
    bumps = time_bases(torch.from_numpy(scene.travel_time_s.astype(np.float32)))[..., :-1]
    return Place(
        zone=torch.from_numpy(np.log(zone_weight(scene))),
        pair=pair.double(),
        bumps=bumps.double(),
        closed=torch.from_numpy(~open_),
        edge=torch.from_numpy(edge),
        edge_zone=torch.from_numpy(scene.edge_zone.astype(np.int64)),
    )


def tally_of(scene: Scene, trips: SceneTrips, rows: NDArray[np.int64]) -> Tally:
    """Return the counts of some trips of a scene."""
    zones, edges = len(scene), len(scene.edge_values)
    both = trips.origin_zone[rows].astype(np.int64) * zones + trips.destination_zone[rows]
    ends = [np.bincount(edge[rows], minlength=edges) for edge in (trips.origin_edge, trips.destination_edge)]
    pair = np.bincount(both, minlength=zones * zones).reshape(zones, zones)
    return Tally(float(len(rows)), torch.from_numpy(pair).double(), torch.from_numpy(np.stack(ends)).double())


class LocalModel(nn.Module):
    """Hold the corrections of one place; all computing is in double precision."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        zones, edges = len(place.zone), len(place.edge_zone)
        self.place = place
        self.ends = nn.Parameter(torch.zeros(2, zones, dtype=torch.double))
        self.inside = nn.Parameter(torch.zeros(2, edges, dtype=torch.double))
        self.way = nn.Parameter(torch.zeros(1 + place.bumps.shape[-1], dtype=torch.double))
        self.pair = nn.Parameter(torch.zeros(zones, zones, dtype=torch.double))

    def origins(self) -> Tensor:
        """Return the logarithm of the chances of origins, shape (Z,)."""
        return (self.place.zone[:, 0] + self.ends[0]).log_softmax(dim=0)

    def factors_of_pairs(self) -> Tensor:
        """Return what is added to what is believed of pairs, shape (Z, Z)."""
        return self.way[0] * self.place.pair + self.place.bumps @ self.way[1:] + self.pair

    def destinations(self) -> Tensor:
        """Return the logarithm of the chances of destinations by origin, shape (Z, Z)."""
        score = self.place.zone[:, 1] + self.ends[1] + self.place.pair + self.factors_of_pairs()
        return score.masked_fill(self.place.closed, NEVER).log_softmax(dim=1)

    def edges(self) -> Tensor:
        """Return the logarithm of the chances of edges inside their zones, shape (2, E)."""
        score = self.place.edge + self.inside
        return score - self._whole(score)[:, self.place.edge_zone]

    def _whole(self, score: Tensor) -> Tensor:
        """Return the logarithm of the sum of exponentials by zone, shape (2, Z)."""
        index = self.place.edge_zone.expand(len(score), -1)
        empty = torch.full((len(score), len(self.place.zone)), -torch.inf, dtype=score.dtype)
        top = empty.scatter_reduce(1, index, score.detach(), "amax")
        level = top.masked_fill(torch.isinf(top), 0.0)
        total = torch.zeros_like(level).scatter_add(1, index, (score - level.gather(1, index)).exp())
        return level + total.clamp(min=1e-300).log()

    def loss(self, tally: Tally) -> Tensor:
        """Return the mean negative logarithm of the trips' chances [nat a trip], edges included."""
        origin = (self.origins() * tally.pair.sum(dim=1)).sum()
        destination = (self.destinations() * tally.pair).sum()
        inside = (self.edges() * tally.edge).sum()
        return -(origin + destination + inside) / tally.trips

    @torch.no_grad()
    def losses(self, trips: SceneTrips) -> NDArray[np.float64]:
        """Return the negative logarithm of each trip's chances, edges included, shape (T,) [nat]."""
        origins, destinations, edges = (value.numpy() for value in (self.origins(), self.destinations(), self.edges()))
        ends = edges[0, trips.origin_edge] + edges[1, trips.destination_edge]
        return np.asarray(-origins[trips.origin_zone] - destinations[trips.origin_zone, trips.destination_zone] - ends)

    def ridge(self, widths: Widths) -> Tensor:
        """Return the negative logarithm of the normal prior, up to a constant [nat]."""
        parts = ((self.ends, widths.ends), (self.inside, widths.ends), (self.way, widths.way), (self.pair, widths.pair))
        return torch.stack([(value**2).sum() / (2 * width**2) for value, width in parts if width > 0]).sum()

    def free(self, widths: Widths) -> list[nn.Parameter]:
        """Return what may move."""
        free = [self.ends, self.inside] if widths.ends > 0 else []
        return [*free, *([self.way] if widths.way > 0 else []), *([self.pair] if widths.pair > 0 else [])]

    def factors(self, scene: Scene) -> LocalFactors:
        """Return what the sampler needs: factors of edges, which hold those of their zones, and of pairs."""
        with torch.no_grad():
            inside = self.inside.numpy().T
            weight = edge_weight(scene)
            zones, zone = len(scene), scene.edge_zone
            before, after = (
                np.stack([np.bincount(zone, table[:, role], zones) for role in (0, 1)], axis=1)
                for table in (weight, weight * np.exp(inside))
            )
            kept = np.log(np.maximum(after, 1e-300) / np.maximum(before, 1e-300))
            edge = inside + (self.ends.numpy().T - kept)[zone]
            edge -= edge.mean(axis=0)
            pair = self.factors_of_pairs().numpy()
        return LocalFactors(
            edge=edge.clip(-_MOST, _MOST).astype(np.float32), pair=pair.clip(-_MOST, _MOST).astype(np.float32)
        )
