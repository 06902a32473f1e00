"""Draw sets of sessions to learn from: some weeks of a place at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torch import Tensor

from trafficdiff.datatypes.session_sites import SITE_TYPES
from trafficdiff.diffusion.session_network import HIDDEN_TYPE, PlaceTensors, place_row, place_tensors
from trafficdiff.diffusion.session_slots import encoded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from trafficdiff.datatypes.session_sites import SessionNetwork
    from trafficdiff.diffusion.session_kinds import Kinds
    from trafficdiff.diffusion.session_prior import SessionPrior
    from trafficdiff.diffusion.session_settings import SessionTraining

__all__ = ["SessionBatch", "SessionCorpus"]

_HIDDEN: Final = 0.15
"""How often the type, the use and the surroundings of a place are each hidden."""
_EVENNESS: Final = 0.5
"""Networks are drawn by their number of sessions to this power: 1 by session, 0 all alike."""


@dataclass(frozen=True)
class SessionBatch:
    """Hold sets of sessions: bins of shape (B, A, 3), -1 where not measured or no session is, and their places."""

    slots: Tensor
    place: PlaceTensors


@dataclass(frozen=True)
class _Place:
    slots: NDArray[np.int64]
    site_type: int
    row: NDArray[np.float32]
    power_kw: float
    kinds: Kinds


class SessionCorpus:
    """Draw batches from networks."""

    def __init__(self, networks: Sequence[SessionNetwork], *, prior: SessionPrior, settings: SessionTraining) -> None:
        self.settings = settings
        self.places: list[_Place] = []
        chances = []
        for network in networks:
            own = _places(network, prior)
            sizes = np.array([len(place.slots) for place in own], float)
            chances.append(sizes / sizes.sum() * sizes.sum() ** _EVENNESS)
            self.places += own
        chance = np.concatenate(chances)
        self.chance = chance / chance.sum()

    def draw(self, generator: np.random.Generator) -> SessionBatch:
        """Return sets of sessions, each from some weeks of one place, in no order."""
        settings = self.settings
        chosen = [self.places[n] for n in generator.choice(len(self.places), settings.sets, p=self.chance)]
        slots = [_some(place.slots, settings.sessions, generator) for place in chosen]
        hidden = generator.random((settings.sets, 3)) < _HIDDEN
        types = np.where(hidden[:, 0], HIDDEN_TYPE, [place.site_type for place in chosen])
        rows = np.stack([place.row for place in chosen])
        rows[hidden[:, 1], 1:3] = 0.0
        rows[hidden[:, 2], 3:] = 0.0
        return SessionBatch(
            torch.from_numpy(np.stack(slots)),
            place_tensors(
                site_type=types.tolist(),
                numbers=rows,
                power_kw=[place.power_kw for place in chosen],
                trust=[1.0] * len(chosen),
                kinds=[place.kinds for place in chosen],
            ),
        )


def _places(network: SessionNetwork, prior: SessionPrior) -> list[_Place]:
    sessions = network.sessions
    slots = encoded(sessions.hour_of_week, sessions.dwell_s, sessions.energy_kwh)
    found = []
    for number, kind in enumerate(network.kinds):
        rows = network.place == number
        if not rows.any():
            continue
        use = rows.sum() / max(network.plugs[number], 1) / network.weeks
        found.append(
            _Place(
                slots[rows],
                SITE_TYPES.index(kind.site_type),
                place_row(kind, sessions_a_plug_week=float(use), surroundings=network.surroundings[number]),
                kind.power_kw,
                prior.kinds(kind, network=network.name),
            )
        )
    return found


def _some(slots: NDArray[np.int64], count: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Return some sessions that follow each other; of a place with few, all, and rows of which nothing is known.

    A session that a set holds twice teaches to copy.
    """
    begin = generator.integers(0, max(len(slots) - count, 0) + 1)
    part = slots[begin : begin + count]
    rows = np.full((count, slots.shape[1]), -1, np.int64)
    rows[: len(part)] = part
    return rows[generator.permutation(count)]
