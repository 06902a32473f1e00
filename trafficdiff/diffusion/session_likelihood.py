"""Ask a trained charging model how likely it finds given sessions: what an attacker with the checkpoint would look at.

Each session is alone in its set and told slot by slot, so the parts add up: start, dwell given the start, energy given
both [nat].
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import torch

from trafficdiff.diffusion.devices import threads
from trafficdiff.diffusion.session_sampler import PlaceRequest, places_of
from trafficdiff.diffusion.session_slots import SESSION_SLOTS, encoded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from trafficdiff.datatypes.session_sites import SessionNetwork
    from trafficdiff.diffusion.session_kinds import Kinds
    from trafficdiff.diffusion.session_network import SessionModel
    from trafficdiff.diffusion.session_prior import SessionPrior

__all__ = ["requests_of", "session_losses"]

_AT_ONCE: Final = 2_048


def requests_of(network: SessionNetwork, counts: NDArray[np.int64]) -> list[PlaceRequest]:
    """Return requests for sessions at the places of a network that was trained on, so many at each."""
    used = np.bincount(network.place, minlength=len(network.kinds)) / np.maximum(network.plugs, 1) / network.weeks
    return [
        PlaceRequest(
            kind=kind, count=int(count), sessions_a_plug_week=float(use) if use > 0 else float("nan"),
            surroundings=around, network=network.name,
        )
        for kind, count, use, around in zip(network.kinds, counts, used, network.surroundings, strict=True)
    ]  # fmt: skip


@threads(1)
@torch.inference_mode()
def session_losses(
    members: Sequence[SessionModel], network: SessionNetwork, *, prior: SessionPrior, known: SessionNetwork
) -> NDArray[np.float64]:
    """Return the loss of each session of a network, the mean over members, shape (S,) [nat].

    Parameters
    ----------
    members, prior
        The model.
    network
        The sessions in question; an energy that was not measured adds nothing.
    known
        The same places as they were when the model learned from them.
    """
    sessions = network.sessions
    slots = torch.from_numpy(encoded(sessions.hour_of_week, sessions.dwell_s, sessions.energy_kwh))
    requests = requests_of(known, np.ones(len(known.kinds), np.int64))
    expected: dict[object, Kinds] = {}
    total = torch.zeros(len(slots), dtype=torch.float64)
    for begin in range(0, len(slots), _AT_ONCE):
        rows = slice(begin, begin + _AT_ONCE)
        place = places_of([requests[number] for number in network.place[rows]], prior, expected)
        for model in members:
            model.eval()
            shown = torch.full_like(slots[rows], -1)
            for slot in range(len(SESSION_SLOTS)):
                time = torch.full((len(shown),), 1 - slot / len(SESSION_SLOTS))
                scores = model(shown[:, None], time, place)[slot][:, 0].double().log_softmax(-1)
                true = slots[rows][:, slot]
                loss = -scores.gather(1, true.clamp(min=0)[:, None])[:, 0]
                total[rows] += torch.where(true >= 0, loss, 0.0)
                shown[:, slot] = true
    return np.asarray((total / len(members)).numpy())
