"""Ask a trained model how likely it finds given trips: what an attacker with the checkpoint would look at.

A trip is told slot by slot, each with all before it known, so the parts add up to the loss of the whole trip::

    -log p(trip) = -log p(o) - log p(d | o) - log p(via | o, d) - log p(bin | o, d, via)
                   - log p(edge of o | o) - log p(edge of d | d)                          [nat]

Every trip is alone in its set, so that its loss says nothing of others; the place is seen in some turned views.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import torch

from trafficdiff.diffusion.batch import conditions_of, fringe_shares, slots_of
from trafficdiff.diffusion.devices import threads
from trafficdiff.diffusion.inputs import views_of
from trafficdiff.diffusion.noise import DESTINATION, ORIGIN, SLOTS, TIME, VIA
from trafficdiff.diffusion.sampler import encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from trafficdiff.datatypes.scene import Scene
    from trafficdiff.diffusion.denoiser import Zones
    from trafficdiff.diffusion.inputs import Place, Scaling
    from trafficdiff.diffusion.loss import Model

__all__ = ["trip_losses"]

_VIEWS: Final = 4
_AT_ONCE: Final = 512
_SEED: Final = 0


@threads(1)
@torch.inference_mode()
def trip_losses(
    members: Sequence[Model], scene: Scene, *, scaling: Scaling, views: int = _VIEWS
) -> NDArray[np.float64]:
    """Return the loss of each trip of a scene, the mean over members and views, shape (T,) [nat].

    Parameters
    ----------
    members, scaling
        The networks, and how they read scenes.
    scene
        The place with the trips in question; their weights and days play no part.
    views
        In how many turned views the place is seen.
    """
    unique, inverse = _unique(scene)
    conditions = conditions_of(scene, trips_per_hour=None, fringe_shares=fringe_shares(scene), hidden=None)
    total = torch.zeros(len(unique), dtype=torch.float64)
    for place in views_of(scene, scaling, count=views, hidden=0.0, seed=_SEED):
        for model in members:
            model.eval()
            zones = encode(model, place, conditions)
            total += torch.cat(
                [
                    _places(model, zones, scene, rows)
                    for rows in np.split(unique, range(_AT_ONCE, len(unique), _AT_ONCE))
                ]
            )
            total += _edges(model, zones, place, scene, unique)
    return np.asarray((total / (views * len(members))).numpy()[inverse])


def _unique(scene: Scene) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return rows of trips that differ for the model, and which of them each trip is."""
    trips = scene.trips
    slots = slots_of(scene, np.arange(len(trips))).numpy()
    table = np.column_stack([slots, trips.origin_edge, trips.destination_edge, trips.vehicle_class])
    _, first, inverse = np.unique(table, axis=0, return_index=True, return_inverse=True)
    return first, inverse.reshape(-1)


def _places(model: Model, zones: Zones, scene: Scene, rows: NDArray[np.int64]) -> Tensor:
    """Return the losses of the slots of trips, shape (N,)."""
    true = slots_of(scene, rows)
    true[:, VIA] = torch.where(true[:, VIA] < 0, len(scene), true[:, VIA])
    kinds = torch.from_numpy(scene.trips.vehicle_class[rows].astype(np.int64))[None, :, None]
    known = torch.full_like(true, -1)
    loss = torch.zeros(len(true), dtype=torch.float64)
    for step, slot in enumerate((ORIGIN, DESTINATION, VIA, TIME)):
        now = torch.full((1, len(true)), 1 - step / len(SLOTS))
        inside = known[None, :, None]
        tokens = model.denoiser(zones, inside, kinds, now, None)
        told = model.denoiser.logits(zones, inside, tokens, counted=torch.full_like(inside, -1))
        scores = (told.origin, told.destination, told.via, told.departure)[slot][0, :, 0]
        loss -= scores.double().log_softmax(-1).gather(1, true[:, slot, None])[:, 0]
        known[:, slot] = true[:, slot]
    return loss


def _edges(model: Model, zones: Zones, place: Place, scene: Scene, rows: NDArray[np.int64]) -> Tensor:
    """Return the losses of the edges inside the zones of trips, shape (N,); nothing where a scene has none."""
    loss = torch.zeros(len(rows), dtype=torch.float64)
    if not scene.has_edges:
        return loss
    count = len(place.edge)
    zone = torch.from_numpy(scene.edge_zone)
    token = zones.token[0][zone][:, None]
    for kind in np.unique(scene.trips.vehicle_class[rows]):
        own = np.flatnonzero(scene.trips.vehicle_class[rows] == kind)
        for role, ends in ((ORIGIN, scene.trips.origin_edge), (DESTINATION, scene.trips.destination_edge)):
            score = model.denoiser.edge_logits(
                place.edge[:, None], token, torch.full((count,), role), torch.full((count,), int(kind))
            )[:, 0]
            score = (score + place.edge_prior[:, role]).double()
            largest = torch.full((len(scene),), -torch.inf, dtype=torch.float64).scatter_reduce(0, zone, score, "amax")
            sums = torch.zeros(len(scene), dtype=torch.float64).index_add(0, zone, (score - largest[zone]).exp())
            chance = score - largest[zone] - sums.log()[zone]
            loss[own] -= chance[torch.from_numpy(ends[rows[own]].astype(np.int64))]
    return loss
