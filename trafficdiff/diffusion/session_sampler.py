"""Draw charging sessions by revealing their hidden slots step by step, in sets of one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import torch

from trafficdiff.datatypes.session_sites import SITE_TYPES
from trafficdiff.diffusion.devices import threads
from trafficdiff.diffusion.session_network import HIDDEN_TYPE, PlaceTensors, SessionModel, place_row, place_tensors
from trafficdiff.diffusion.session_slots import BINS, SESSION_SLOTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from trafficdiff.datatypes.session_sites import SiteKind
    from trafficdiff.diffusion.session_kinds import Kinds
    from trafficdiff.diffusion.session_prior import SessionPrior

__all__ = ["TRUST_ELSEWHERE", "PlaceRequest", "draw_slots", "places_of", "start_chances", "worlds_of"]

_SESSIONS: Final = 32
_SETS: Final = 64
_STEPS: Final = 12
TRUST_ELSEWHERE: Final = 0.5
"""How far the network is heard at chargers of a network that it was not trained on. Declared."""


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
    world
        Of a network that nobody saw, see `SessionPrior.kinds`; None for the mean over worlds.
    given
        Shape (count, 3), bins that are given; -1 for those to draw; None draws all.
    """

    kind: SiteKind
    count: int
    sessions_a_plug_week: float
    surroundings: NDArray[np.float64]
    network: str | None = None
    world: Mapping[str, float] | None = None
    given: NDArray[np.int64] | None = None


def worlds_of(prior: SessionPrior, count: int, *, generator: np.random.Generator) -> list[dict[str, float]]:
    """Return worlds that are spread evenly over what a network that nobody saw can be like (a Latin hypercube)."""
    strata = generator.permuted(np.tile(np.arange(count), (len(prior.sources), 1)), axis=1)
    even = (strata + generator.random(strata.shape)) / count
    return [dict(zip(prior.sources, column, strict=True)) for column in even.T.tolist()]


@threads(1)  # such small sets are slower on several
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
    revealed before. Members of a committee take turns; the seed says whose is the first.

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
    expected: dict[object, Kinds] = {}
    for turn, begin in enumerate(range(0, len(sets), _SETS)):
        part = sets[begin : begin + _SETS]
        slots = np.full((len(part), _SESSIONS, len(BINS)), -1, np.int64)
        asked = np.zeros((len(part), _SESSIONS), bool)
        for row, (number, start) in enumerate(part):
            asked[row, : requests[number].count - start] = True
            given = requests[number].given
            if given is not None:
                own = given[start : start + _SESSIONS]
                slots[row, : len(own)] = own
        tensors = places_of([requests[number] for number, _ in part], prior, expected)
        model = members[(turn + seed) % len(members)].eval()
        hidden = torch.from_numpy((slots < 0) & asked[..., None])
        found = _revealed(model, torch.from_numpy(slots), hidden, tensors, dice, steps=max(steps, len(BINS))).numpy()
        for row, (number, start) in enumerate(part):
            count = min(_SESSIONS, requests[number].count - start)
            drawn[number][start : start + count] = found[row, :count]
    return drawn


@threads(1)  # such small sets are slower on several
@torch.inference_mode()
def start_chances(
    members: Sequence[SessionModel], requests: Sequence[PlaceRequest], *, prior: SessionPrior
) -> NDArray[np.float64]:
    """Return the chance of each hour of the week for a session of which nothing is known, shape (requests, 168).

    Of a session alone in its set; the mean over the members of the committee.
    """
    place = places_of(requests, prior, {})
    hidden = torch.full((len(requests), 1, len(BINS)), -1)
    logits = [model.eval()(hidden, torch.ones(len(requests)), place)[0][:, 0] for model in members]
    chance = torch.stack([one.softmax(-1) for one in logits]).mean(0).double().numpy()
    return np.asarray(chance / chance.sum(axis=1, keepdims=True))


def _revealed(
    model: SessionModel,
    slots: torch.Tensor,
    hidden: torch.Tensor,
    place: PlaceTensors,
    dice: torch.Generator,
    *,
    steps: int,
) -> torch.Tensor:
    """Return the sets with what is hidden drawn; rows of which nothing is asked stay unknown, as in training."""
    sets, sessions, kinds = slots.shape
    chance = torch.rand(sets * sessions, steps, generator=dice)
    when = torch.topk(chance, kinds, dim=1).indices.view(slots.shape).masked_fill(~hidden, -1)
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


def places_of(requests: Sequence[PlaceRequest], prior: SessionPrior, expected: dict[object, Kinds]) -> PlaceTensors:
    """Return what the network reads of requests; what is expected of a kind is looked up in, or put into, a table."""
    keys = [(one.kind, one.network, id(one.world)) for one in requests]
    for key, one in zip(keys, requests, strict=True):
        if key not in expected:
            expected[key] = prior.kinds(one.kind, network=one.network, world=one.world)
    types = prior.types
    rows = [
        place_row(one.kind, sessions_a_plug_week=one.sessions_a_plug_week, surroundings=one.surroundings)
        for one in requests
    ]
    return place_tensors(
        site_type=[
            SITE_TYPES.index(one.kind.site_type) if one.kind.site_type in types else HIDDEN_TYPE for one in requests
        ],
        numbers=np.stack(rows),
        power_kw=[one.kind.power_kw for one in requests],
        trust=[1.0 if prior.knows(one.kind, one.network) else TRUST_ELSEWHERE for one in requests],
        kinds=[expected[key] for key in keys],
    )
