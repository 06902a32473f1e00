"""Say what is asked of the sampler, and refuse what no drive can answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from trafficdiff.datatypes.scene import CLASSES
from trafficdiff.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from trafficdiff.datatypes.reach import Reach

__all__ = ["Drawn", "Request", "SamplerSettings", "open_pairs", "refuse_unreachable"]


@dataclass(frozen=True, kw_only=True)
class SamplerSettings:
    """Say how sets are drawn.

    Parameters
    ----------
    steps
        Steps of the reverse process.
    agents, sets
        Agents in a set, and most sets drawn at once.
    views
        How many views of the place the sets take turns in.
    hidden_columns
        Share of the columns that is hidden in a view; 0 with one view shows the place as it is.
    prior_share
        1 - w, how much of the prior is mixed into zones, from 0 to 1; nothing where some trips are given, for these
        say more about the place. Alone it carries over best to places that nobody has seen.
    deterrence_per_s
        Deterrence of the prior once the other end is known [1/s of free-flow time].
    directness, shortest_m
        k and s [m] of `trafficdiff.diffusion.believed_pairs`: how much through traffic keeps to straight ways, and
        below which distance a trip is hardly driven. Whichever of five cities is left out, the others' common part
        of origins and destinations is largest at k = 9, of 0 to 20; see the decision page.
    guidance
        g; 1 is no guidance.
    detour
        Most time over a via, as a multiple of the direct way.
    one_day
        Whether all trips share the latent of one day; else each is drawn from the mean over days.
    day_spread
        How far days lie from the usual one, as a multiple of how far the made-up days of training did.
    echo
        Whether the tallies of a set count all of its trips, as in training; else given trips alone count, of the whole
        study: what was drawn says nothing about a place that is not known already.
    """

    steps: int = 8
    agents: int = 64
    sets: int = 16
    views: int = 16
    hidden_columns: float = 0.4
    prior_share: float = 1.0
    deterrence_per_s: float = 0.003
    directness: float = 9.0
    shortest_m: float = 200.0
    guidance: float = 1.0
    detour: float = 1.6
    one_day: bool = True
    day_spread: float = 0.25
    echo: bool = False


@dataclass(frozen=True, eq=False, kw_only=True)
class Request:
    """Ask for trips. ``N`` trips.

    Parameters
    ----------
    vehicle_class
        Shape (N,), positions in `CLASSES`.
    departure_bin
        Shape (N,), given departures; -1 to have them drawn.
    origin_zone, destination_zone
        Shape (N,), given ends; -1 to have them drawn. Trips with both are observed, and seen by the others.
    rim_shares
        Wanted shares of trips that begin where traffic enters the net, and that end where it leaves; None for what
        the model thinks.
    """

    vehicle_class: NDArray[np.int64]
    departure_bin: NDArray[np.int64]
    origin_zone: NDArray[np.int64] | None = None
    destination_zone: NDArray[np.int64] | None = None
    rim_shares: tuple[float, float] | None = None

    def __len__(self) -> int:
        return len(self.vehicle_class)

    def part(self, rows: NDArray[np.int64]) -> Request:
        """Return some of the trips."""
        return Request(
            vehicle_class=self.vehicle_class[rows],
            departure_bin=self.departure_bin[rows],
            origin_zone=None if self.origin_zone is None else self.origin_zone[rows],
            destination_zone=None if self.destination_zone is None else self.destination_zone[rows],
            rim_shares=self.rim_shares,
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Drawn:
    """Hold where drawn trips go. ``N`` trips.

    Parameters
    ----------
    slots
        Shape (N, 4): zones of origin, destination and via (-1 for none), and departure bin.
    origin_edge, destination_edge
        Shape (N,), rows of the scene's edges; -1 where the scene has none.
    """

    slots: NDArray[np.int64]
    origin_edge: NDArray[np.int64]
    destination_edge: NDArray[np.int64]


def open_pairs(reach: Mapping[int, Reach], offsets: NDArray[np.int64]) -> Tensor:
    """Return by class which pairs of zones can be driven between, shape (classes, Z, Z), bool."""
    if not reach:
        zones = len(offsets) - 1
        return ~torch.eye(zones, dtype=torch.bool)[None] if zones > 1 else torch.ones(1, 1, 1, dtype=torch.bool)
    pairs = [reach[kind].zone_pairs(offsets) for kind in sorted(reach)]
    for kind, pair in zip(sorted(reach), pairs, strict=True):
        if not pair.any():
            raise InputError(
                f"expected zones that vehicles of class {CLASSES[kind]!r} can drive between, got none; "
                "leave the class out of the vehicle mix"
            )
    return torch.from_numpy(np.stack(pairs))


def refuse_unreachable(request: Request, pairs: Tensor, classes: list[int]) -> None:
    """Raise InputError if a trip is given two ends that no drive joins."""
    if request.origin_zone is None or request.destination_zone is None:
        return
    both = np.flatnonzero((request.origin_zone >= 0) & (request.destination_zone >= 0))
    kinds = np.searchsorted(classes, request.vehicle_class[both]) if classes else np.zeros(len(both), np.int64)
    joined = pairs.numpy()[kinds, request.origin_zone[both], request.destination_zone[both]]
    if lost := both[~joined].tolist():
        raise InputError(
            f"expected given trips between zones that a drive joins, got {len(lost)} others, first trip {lost[0]} from "
            f"zone {request.origin_zone[lost[0]]} to {request.destination_zone[lost[0]]}; leave one of the ends open"
        )
