"""Draw charging sessions by revealing their hidden slots step by step, in sets of one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import torch

from trafficdiff.datatypes.session_sites import SITE_TYPES
from trafficdiff.diffusion.session_network import HIDDEN_TYPE, PlaceTensors, SessionModel, place_row
from trafficdiff.diffusion.session_slots import BINS, SESSION_SLOTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from trafficdiff.datatypes.session_sites import SiteKind
    from trafficdiff.diffusion.session_prior import SessionPrior

__all__ = ["PlaceRequest", "draw_slots"]

_SESSIONS: Final = 32
_SETS: Final = 64
_STEPS: Final = 12


@dataclass(frozen=True, eq=False, kw_only=True)
class PlaceRequest:
    """Ask for sessions at one place.

    Parameters
    ----------
    kind
        Its chargers.
    count
        Sessions to draw.
    sessions_a_plug_week
        How much it is used; NaN where unknown.
    surroundings
        Shape (len(`SURROUNDINGS`),), NaN where unknown.
    network
        Its network, where that was trained on.
    given
        Shape (count, 3), bins that are given; -1 for those to draw; None draws all.
    """

    kind: SiteKind
    count: int
    sessions_a_plug_week: float
    surroundings: NDArray[np.float64]
    network: str | None = None
    given: NDArray[np.int64] | None = None


@torch.inference_mode()
def draw_slots(
    members: Sequence[SessionModel],
    requests: Sequence[PlaceRequest],
    *,
    prior: SessionPrior,
    seed: int,
    steps: int = _STEPS,
) -> list[NDArray[np.int64]]:
    """Return bins of sessions for each request, shape (count, 3).

    Each session reveals its slots in different steps, in random order; a session sees what the others of its set have
    revealed before. Members of a committee take turns.

    Parameters
    ----------
    members, prior
        The model.
    requests
        What to draw.
    seed
        Of everything random here.
    steps
        Of the reverse process; at least one a slot.
    """
    dice = torch.Generator().manual_seed(seed)
    sets = [(number, start) for number, request in enumerate(requests) for start in range(0, request.count, _SESSIONS)]
    drawn = [np.full((request.count, len(BINS)), -1, np.int64) for request in requests]
    types = prior.types
    place = {number: _place(request, prior, types) for number, request in enumerate(requests) if request.count}
    for turn, begin in enumerate(range(0, len(sets), _SETS)):
        part = sets[begin : begin + _SETS]
        slots = np.full((len(part), _SESSIONS, len(BINS)), -1, np.int64)
        for row, (number, start) in enumerate(part):
            given = requests[number].given
            if given is not None:
                own = given[start : start + _SESSIONS]
                slots[row, : len(own)] = own
        tensors = _joined([place[number] for number, _ in part])
        model = members[turn % len(members)].eval()
        found = _revealed(model, torch.from_numpy(slots), tensors, dice, steps=max(steps, len(BINS))).numpy()
        for row, (number, start) in enumerate(part):
            count = min(_SESSIONS, requests[number].count - start)
            drawn[number][start : start + count] = found[row, :count]
    return drawn


def _revealed(
    model: SessionModel, slots: torch.Tensor, place: PlaceTensors, dice: torch.Generator, *, steps: int
) -> torch.Tensor:
    sets, sessions, kinds = slots.shape
    chance = torch.rand(sets * sessions, steps, generator=dice)
    when = torch.topk(chance, kinds, dim=1).indices.view(slots.shape).masked_fill(slots >= 0, -1)
    for step in range(steps):
        due = when == step
        if not due.any():
            continue
        logits = model(slots, torch.full((sets,), 1 - step / steps), place)
        for slot in range(len(SESSION_SLOTS)):
            rows = due[..., slot]
            if rows.any():
                slots[..., slot][rows] = torch.multinomial(logits[slot][rows].softmax(-1), 1, generator=dice).squeeze(
                    -1
                )
    return slots


def _place(request: PlaceRequest, prior: SessionPrior, types: Sequence[str]) -> PlaceTensors:
    kind = request.kind
    row = place_row(kind, sessions_a_plug_week=request.sessions_a_plug_week, surroundings=request.surroundings)
    known = SITE_TYPES.index(kind.site_type) if kind.site_type in types else HIDDEN_TYPE
    shares = prior.shares(kind, network=request.network)
    return PlaceTensors(
        torch.tensor([known]),
        torch.from_numpy(row)[None],
        torch.tensor([float(kind.power_kw)]),
        tuple(torch.from_numpy(np.log(share + 1e-9).astype(np.float32))[None] for share in shares),
    )


def _joined(places: Sequence[PlaceTensors]) -> PlaceTensors:
    return PlaceTensors(
        torch.cat([one.site_type for one in places]),
        torch.cat([one.numbers for one in places]),
        torch.cat([one.power_kw for one in places]),
        tuple(torch.cat([one.prior[slot] for one in places]) for slot in range(len(BINS))),
    )
