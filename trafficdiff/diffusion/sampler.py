"""Draw sets of trips by revealing their hidden slots step by step: the reverse process.

Each trip reveals its origin and its destination in two different steps of the first K - 1, in random order, so that
one always sees the other; vias come last. A trip sees what the others of its set have revealed before. Pairs without
a drive are masked before they can be drawn, so nothing is thrown away after. Zones first, then an edge inside::

    p(z) ~ exp(w l(z) + (1 - w) prior(z)) [reachable]          p(e | z) ~ exp(s(e)) [reachable]

Sets take turns in seeing the place in different views, turned and with some columns hidden, as in training, and through
the eyes of the committee's members: what the model is not sure of then differs from view to view and from member to
member, and the mixture is broader than any one of them. All trips of a study share the moments of one day.

Guidance: l = l_hidden + g (l_shown - l_hidden), Ho and Salimans (2022), "Classifier-free diffusion guidance".
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torch import Tensor

from trafficdiff.datatypes.scene import SOURCES
from trafficdiff.diffusion.believed_pairs import believed_pairs
from trafficdiff.diffusion.day import turned_moments
from trafficdiff.diffusion.denoiser import Conditions, Zones
from trafficdiff.diffusion.ends import Ends
from trafficdiff.diffusion.inputs import views_of
from trafficdiff.diffusion.noise import DESTINATION, ORIGIN, TIME, VIA
from trafficdiff.diffusion.open_slots import OpenSlots
from trafficdiff.diffusion.requests import Drawn, Request, SamplerSettings, open_pairs, refuse_unreachable
from trafficdiff.diffusion.rim import rim_of, tilted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from trafficdiff.datatypes.reach import Reach
    from trafficdiff.datatypes.scene import Scene
    from trafficdiff.datatypes.ways import Ways
    from trafficdiff.diffusion.inputs import Place, Scaling
    from trafficdiff.diffusion.loss import Model

__all__ = ["draw_places", "encode"]

_NEVER: Final = float("-inf")
_LEAST_CHANCE: Final = 1e-20
_REVEALED: Final = (ORIGIN, DESTINATION, VIA, TIME)
"""The order in which the slots of one step are revealed."""


def encode(model: Model, place: Place, conditions: Conditions) -> Zones:
    """Return what the network knows of one scene's zones, batch size 1."""
    real = torch.ones(1, len(place), dtype=torch.bool)
    return model.denoiser.encode(
        place.zone[None],
        place.scene[None],
        real=real,
        bases=place.bases[None],
        prior=place.prior[None],
        conditions=conditions,
    )


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Compute on one thread: the tensors are small, and the same seed gives the same trips on any number of cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@torch.inference_mode()
@_one_thread()
def draw_places(
    members: Sequence[Model],
    scene: Scene,
    request: Request,
    *,
    scaling: Scaling,
    conditions: Conditions,
    reach: Mapping[int, Reach],
    seed: int,
    settings: SamplerSettings | None = None,
    ways: Ways | None = None,
) -> Drawn:
    """Return where trips begin, end and pass, as many as were asked for.

    Parameters
    ----------
    members, scaling
        The networks, which draw in turns, and how they read scenes.
    scene, conditions
        The place, and what its trips are conditioned on.
    request
        How many trips, of which class, and what of them is given.
    reach
        By vehicle class, what it can reach; empty for a scene without edges.
    seed
        Of everything random here.
    settings
        How to draw.
    ways
        Between crossings of the rim, for the prior of pairs; see `believed_pairs` for what is drawn without.

    Raises
    ------
    InputError
        If a class has no pair of zones that it could drive between.
    """
    settings = settings or SamplerSettings()
    dice = torch.Generator().manual_seed(seed)
    day = _day(members, dice, settings)
    pairs = open_pairs(reach, scene.edge_offsets)
    refuse_unreachable(request, pairs, sorted(reach))
    onward = believed_pairs(scene, ways, settings)
    joined = (onward, onward.T.contiguous())
    doors = {kind: Ends(reach[kind], scene.edge_offsets) for kind in sorted(reach)}
    order = torch.randperm(len(request), generator=dice).numpy()
    observed = _observed(request)
    turns = max(settings.views, len(members))
    seen = _seen(scene, scaling, count=turns, seed=seed, settings=settings)
    at_once = min(settings.sets, -(-len(request) // (settings.agents * turns))) * settings.agents
    slots = np.full((len(request), 4), -1, np.int64)
    ends = np.full((2, len(request)), -1, np.int64)
    open_slots: OpenSlots | None = None
    drawings: list[_Drawing] = []
    for number, start in enumerate(range(0, len(request), max(at_once, 1))):
        if number < turns:
            model = members[number % len(members)].eval()
            place = next(seen)
            open_slots = open_slots or OpenSlots(pairs, place.bases, detour=settings.detour)
            drawings.append(
                _Drawing(
                    model, place, scene, conditions,
                    day=day, doors=doors, open_slots=open_slots, joined=joined, settings=settings,
                )
            )  # fmt: skip
        drawing = drawings[number % turns]
        rows = order[start : start + at_once]
        slots[rows], tilt = drawing.sets(request.part(rows), dice, observed=observed)
        ends[:, rows] = drawing.edges(slots[rows], request.vehicle_class[rows], dice, tilt=tilt)
    return Drawn(slots=slots, origin_edge=ends[0], destination_edge=ends[1])


def _day(members: Sequence[Model], dice: torch.Generator, settings: SamplerSettings) -> NDArray[np.float64] | None:
    """Return the moments of a day, shape (`MOMENTS`,), on the map as it is; None for the mean over days."""
    days = members[0].days
    return days.draw(dice, spread=settings.day_spread) if settings.one_day and days is not None else None


def _seen(scene: Scene, scaling: Scaling, *, count: int, seed: int, settings: SamplerSettings) -> Iterator[Place]:
    """Yield the places of so many drawings; one view with nothing hidden is the same for all."""
    if settings.views > 1 or settings.hidden_columns:
        yield from views_of(scene, scaling, count=count, hidden=settings.hidden_columns, seed=seed)
        return
    (place,) = views_of(scene, scaling, count=1, hidden=0.0, seed=seed)
    for _ in range(count):
        yield place


def _nothing_told(conditions: Conditions) -> Conditions:
    return Conditions(
        source=torch.full_like(conditions.source, len(SOURCES)),
        hour=torch.zeros_like(conditions.hour),
        level=torch.zeros_like(conditions.level),
        fringe=torch.zeros_like(conditions.fringe),
    )


class _Drawing:
    """Draw trips on one view of one place."""

    def __init__(
        self,
        model: Model,
        place: Place,
        scene: Scene,
        conditions: Conditions,
        *,
        day: NDArray[np.float64] | None,
        doors: Mapping[int, Ends],
        open_slots: OpenSlots,
        joined: tuple[Tensor, Tensor],
        settings: SamplerSettings,
    ) -> None:
        self.network = model.denoiser
        self.place = place
        self.settings = settings
        self.day = None
        if day is not None:
            self.day = torch.from_numpy(turned_moments(day, place.turn.matrix())).float()
        self.zones = encode(model, place, conditions)
        self.hidden = encode(model, place, _nothing_told(conditions)) if settings.guidance != 1 else None
        self.classes = np.array(sorted(doors), np.int64)
        self.open = open_slots
        self.joined = joined
        self.doors = doors
        self.scores = self._edge_scores()
        self.rim = rim_of(scene, {kind: ends.reach for kind, ends in doors.items()}, self.scores)

    def _edge_scores(self) -> dict[int, NDArray[np.float32]]:
        """Return the scores of edges as origin and as destination by class, shape (2, E) each."""
        place = self.place
        zone = torch.arange(len(place)).repeat_interleave(place.edge_offsets.diff())
        scores = self.network.edge_scores(place.edge, self.zones.token[0], zone, torch.from_numpy(self.classes))
        return dict(zip(self.classes.tolist(), (scores + place.edge_prior.T).numpy(), strict=True))

    def edges(
        self,
        slots: NDArray[np.int64],
        vehicle_class: NDArray[np.int64],
        dice: torch.Generator,
        *,
        tilt: NDArray[np.float32],
    ) -> NDArray[np.int64]:
        """Return an edge in the origin's zone that leads to the destination's, and one there, shape (2, N)."""
        chosen = np.full((2, len(slots)), -1, np.int64)
        for kind, ends in self.doors.items():
            trips = np.flatnonzero(vehicle_class == kind)
            if len(trips):
                chosen[:, trips] = ends.choose(
                    slots[trips, ORIGIN],
                    slots[trips, DESTINATION],
                    score=self.scores[kind],
                    dice=dice,
                    rim=None if self.rim is None else self.rim.edges,
                    tilt=tilt[:, trips],
                )
        return chosen

    def sets(
        self, request: Request, dice: torch.Generator, *, observed: Tensor
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the slots of up to sets x agents trips, shape (N, 4), and how far the rim was raised, (2, N).

        `observed` are all given trips of the study, shape (G, 4); each set counts some of them.
        """
        settings, count = self.settings, len(request)
        sets = -(-count // settings.agents)
        agents = -(-count // sets)
        spare = np.resize(np.arange(count), sets * agents)  # the last set is filled up by trips that are drawn twice
        slots, kinds = _given(request, spare), torch.from_numpy(request.vehicle_class[spare])
        given = None if settings.echo else _some(observed, (sets, settings.agents), dice)
        prior_share = 0.0 if len(observed) else settings.prior_share
        tilt = torch.zeros(2, len(slots))
        allowed = torch.from_numpy(np.searchsorted(self.classes, kinds.numpy())) if len(self.classes) else kinds * 0
        when = self._schedule(slots, dice, origin_first=prior_share == 1)
        for step in range(settings.steps):
            due = when == step
            if not due.any():
                continue
            wanted = [slot for slot in _REVEALED if due[:, slot].any()]
            asked = wanted if prior_share < 1 else [slot for slot in wanted if slot in (VIA, TIME)]
            logits = self._logits(slots, given, kinds, (sets, agents), time=1 - step / settings.steps, wanted=asked)
            for slot in wanted:
                rows = torch.nonzero(due[:, slot])[:, 0]
                own = logits[slot][rows] if slot in logits else None
                mixed = self._mixed(slots, slot, rows, scores=own, prior_share=prior_share)
                some = mixed.masked_fill(~self.open.of(slot, slots[rows], allowed[rows]), _NEVER)
                if request.rim_shares is not None and self.rim is not None and slot in (ORIGIN, DESTINATION):
                    inside = self.rim.shares[slot][allowed[rows]]
                    some, tilt[slot, rows] = tilted(some, inside, wanted=request.rim_shares[slot])
                slots[rows, slot] = _drawn(some, dice)
        slots[:, VIA] = torch.where(slots[:, VIA] >= self.zones.token.shape[1], -1, slots[:, VIA])
        return slots[:count].numpy(), tilt[:, :count].numpy()

    def _schedule(self, slots: Tensor, dice: torch.Generator, *, origin_first: bool) -> Tensor:
        """Return the step in which each slot is revealed, shape (N, 4); -1 where it is given.

        The prior is p(o) p(d | o), as gravity is: alone, it is asked in this order.
        """
        steps = max(self.settings.steps, 3)
        chance = torch.rand(len(slots), steps - 1, generator=dice)
        early = torch.topk(chance, 2, dim=1).indices
        if origin_first:
            early = early.sort(dim=1).values
        when = torch.stack([early[:, 0], early[:, 1], torch.full((len(slots),), steps - 1), early[:, 0]], dim=1)
        return when.masked_fill(slots >= 0, -1).clamp(max=self.settings.steps - 1)

    def _logits(
        self,
        slots: Tensor,
        counted: Tensor | None,
        kinds: Tensor,
        shape: tuple[int, int],
        *,
        time: float,
        wanted: Sequence[int],
    ) -> dict[int, Tensor]:
        """Return what the network says of the wanted slots of all trips, shape (N, values) each."""
        if not wanted:
            return {}
        sets, agents = shape
        inside = slots.view(1, sets, agents, 4)
        now = torch.full((1, sets), time)
        days = None if self.day is None else self.day.expand(1, sets, -1)

        def told(zones: Zones) -> list[Tensor]:
            tokens = self.network(zones, inside, kinds.view(1, sets, agents), now, days)
            return [self.network.slot_logits(zones, inside, tokens, slot, counted=counted, day=days) for slot in wanted]

        parts = told(self.zones)
        if self.hidden is not None:
            guidance = self.settings.guidance
            parts = [blind + guidance * (part - blind) for part, blind in zip(parts, told(self.hidden), strict=True)]
        return {slot: part.view(sets * agents, -1) for slot, part in zip(wanted, parts, strict=True)}

    def _mixed(self, slots: Tensor, slot: int, rows: Tensor, *, scores: Tensor | None, prior_share: float) -> Tensor:
        """Return the logits of a slot with the prior mixed into them, where it has one; the prior alone without any."""
        if slot not in (ORIGIN, DESTINATION) and scores is not None:
            return scores
        other = slots[rows, DESTINATION if slot == ORIGIN else ORIGIN]
        joined = self.joined[int(slot == ORIGIN)][other.clamp(min=0)]
        prior = self.zones.prior[0, :, slot] + torch.where(other[:, None] >= 0, joined, 0.0)
        if self.day is not None:  # the prior's day is the model's
            prior = prior + self.network.tilted(self.zones, self.day[None, None], slot)[0, 0]
        return prior if scores is None else (1 - prior_share) * scores + prior_share * prior


def _given(request: Request, rows: NDArray[np.int64]) -> Tensor:
    """Return the slots of some trips as far as they are given, shape (N, 4), -1 for the others."""
    slots = torch.full((len(rows), 4), -1)
    for slot, given in (
        (TIME, request.departure_bin),
        (ORIGIN, request.origin_zone),
        (DESTINATION, request.destination_zone),
    ):
        if given is not None:
            slots[:, slot] = torch.from_numpy(given[rows])
    return slots


def _observed(request: Request) -> Tensor:
    """Return the slots of trips of which both ends are given, shape (G, 4)."""
    slots = _given(request, np.arange(len(request)))
    return slots[(slots[:, ORIGIN] >= 0) & (slots[:, DESTINATION] >= 0)]


def _some(trips: Tensor, shape: tuple[int, int], dice: torch.Generator) -> Tensor:
    """Return some trips for each set, all different ones inside it, shape (1, sets, trips of a set, 4)."""
    sets, most = shape
    order = torch.rand(sets, len(trips), generator=dice).argsort(dim=1)[:, :most]
    return trips[order][None]


def _drawn(scores: Tensor, dice: torch.Generator) -> Tensor:
    """Draw from the softmax of each row: the largest sum of logit and Gumbel noise."""
    noise = torch.rand(scores.shape, generator=dice).clamp_(_LEAST_CHANCE, 1 - 1e-7).log_().neg_().log_()
    return torch.sub(scores, noise, out=noise).argmax(dim=-1)
