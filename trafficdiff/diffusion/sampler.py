"""Draw sets of trips by revealing their hidden slots step by step: the reverse process.

Each trip reveals its origin and its destination in two different steps of the first K - 1, in random order, so that
one always sees the other; vias come last. A trip sees what the others of its set have revealed before. Pairs without
a drive are masked before they can be drawn, so nothing is thrown away after. Zones first, then an edge inside::

    p(z) ~ exp(w l(z) + (1 - w) prior(z)) [reachable]          p(e | z) ~ exp(s(e)) [reachable]

Sets take turns in seeing the place in different views, turned and with some columns hidden, as in training: what the
model is not sure of then differs from view to view, and the mixture is broader than any one of them.

Guidance: l = l_hidden + g (l_shown - l_hidden), Ho and Salimans (2022), "Classifier-free diffusion guidance".
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torch import Tensor

from trafficdiff.datatypes.scene import CLASSES, SOURCES
from trafficdiff.diffusion.denoiser import Conditions, Logits, Zones
from trafficdiff.diffusion.ends import Ends
from trafficdiff.diffusion.inputs import BUMPS_S, views_of
from trafficdiff.diffusion.noise import DESTINATION, ORIGIN, TIME, VIA
from trafficdiff.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from trafficdiff.datatypes.reach import Reach
    from trafficdiff.datatypes.scene import Scene
    from trafficdiff.diffusion.inputs import Place, Scaling
    from trafficdiff.diffusion.loss import Model

__all__ = ["Drawn", "Request", "SamplerSettings", "draw_places", "encode"]

_NEVER: Final = float("-inf")
_LEAST_CHANCE: Final = 1e-20


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
        1 - w, how much of the prior is mixed into zones, from 0 to 1.
    guidance
        g; 1 is no guidance.
    detour
        Most time over a via, as a multiple of the direct way.
    one_day
        Whether all trips share the latent of one day; else each is drawn from the mean over days.
    """

    steps: int = 8
    agents: int = 64
    sets: int = 16
    views: int = 16
    hidden_columns: float = 0.4
    prior_share: float = 0.35
    guidance: float = 1.0
    detour: float = 1.6
    one_day: bool = True


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
    """

    vehicle_class: NDArray[np.int64]
    departure_bin: NDArray[np.int64]
    origin_zone: NDArray[np.int64] | None = None
    destination_zone: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.vehicle_class)

    def part(self, rows: NDArray[np.int64]) -> Request:
        """Return some of the trips."""
        return Request(
            vehicle_class=self.vehicle_class[rows],
            departure_bin=self.departure_bin[rows],
            origin_zone=None if self.origin_zone is None else self.origin_zone[rows],
            destination_zone=None if self.destination_zone is None else self.destination_zone[rows],
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
    model: Model,
    scene: Scene,
    request: Request,
    *,
    scaling: Scaling,
    conditions: Conditions,
    reach: Mapping[int, Reach],
    seed: int,
    settings: SamplerSettings | None = None,
) -> Drawn:
    """Return where trips begin, end and pass, as many as were asked for.

    Parameters
    ----------
    model, scaling
        The network, and how it reads scenes.
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

    Raises
    ------
    InputError
        If a class has no pair of zones that it could drive between.
    """
    settings = settings or SamplerSettings()
    model.eval()
    dice = torch.Generator().manual_seed(seed)
    day = _day(model, dice) if settings.one_day else None
    views = views_of(scene, scaling, count=settings.views, hidden=settings.hidden_columns, seed=seed)
    pairs = _pairs(reach, scene.edge_offsets)
    _refuse_unreachable(request, pairs, sorted(reach))
    doors = {kind: Ends(reach[kind], scene.edge_offsets) for kind in sorted(reach)}
    order = torch.randperm(len(request), generator=dice).numpy()
    at_once = min(settings.sets, -(-len(request) // (settings.agents * settings.views))) * settings.agents
    slots = np.full((len(request), 4), -1, np.int64)
    ends = np.full((2, len(request)), -1, np.int64)
    drawings: list[_Drawing] = []
    for number, start in enumerate(range(0, len(request), max(at_once, 1))):
        if number < settings.views:
            drawings.append(_Drawing(model, next(views), conditions, ends=doors, pairs=pairs, settings=settings))
        drawing = drawings[number % settings.views]
        rows = order[start : start + at_once]
        slots[rows] = drawing.sets(request.part(rows), day, dice)
        ends[:, rows] = drawing.edges(slots[rows], request.vehicle_class[rows], dice)
    return Drawn(slots=slots, origin_edge=ends[0], destination_edge=ends[1])


def _day(model: Model, dice: torch.Generator) -> Tensor | None:
    width = model.denoiser.settings.day_width
    return torch.randn(width, generator=dice) if width else None


def _pairs(reach: Mapping[int, Reach], offsets: NDArray[np.int64]) -> Tensor:
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


def _refuse_unreachable(request: Request, pairs: Tensor, classes: list[int]) -> None:
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
        conditions: Conditions,
        *,
        ends: Mapping[int, Ends],
        pairs: Tensor,
        settings: SamplerSettings,
    ) -> None:
        self.network = model.denoiser
        self.place = place
        self.settings = settings
        self.zones = encode(model, place, conditions)
        self.hidden = encode(model, place, _nothing_told(conditions)) if settings.guidance != 1 else None
        self.classes = np.array(sorted(ends), np.int64)
        self.pairs = pairs
        self.time_s = _expected_time(place)
        self.ends = ends
        self.scores = {kind: self._edge_scores(kind) for kind in sorted(ends)}

    def _edge_scores(self, kind: int) -> NDArray[np.float32]:
        """Return the scores of edges as origin and as destination for a class, shape (2, E)."""
        place, count = self.place, len(self.place.edge)
        token = self.zones.token[0].repeat_interleave(place.edge_offsets.diff(), dim=0)[:, None]
        scores = [
            self.network.edge_logits(
                place.edge[:, None], token, torch.full((count,), role), torch.full((count,), kind)
            )[:, 0]
            + place.edge_prior[:, role]
            for role in (ORIGIN, DESTINATION)
        ]
        return torch.stack(scores).numpy()

    def edges(
        self, slots: NDArray[np.int64], vehicle_class: NDArray[np.int64], dice: torch.Generator
    ) -> NDArray[np.int64]:
        """Return an edge in the origin's zone that leads to the destination's, and one there, shape (2, N)."""
        chosen = np.full((2, len(slots)), -1, np.int64)
        for kind, ends in self.ends.items():
            trips = np.flatnonzero(vehicle_class == kind)
            if len(trips):
                chosen[:, trips] = ends.choose(
                    slots[trips, ORIGIN], slots[trips, DESTINATION], score=self.scores[kind], dice=dice
                )
        return chosen

    def sets(self, request: Request, day: Tensor | None, dice: torch.Generator) -> NDArray[np.int64]:
        """Return the slots of up to sets x agents trips, shape (N, 4)."""
        settings, count = self.settings, len(request)
        sets = -(-count // settings.agents)
        agents = -(-count // sets)
        spare = np.resize(np.arange(count), sets * agents)  # the last set is filled up by trips that are drawn twice
        slots = torch.full((sets * agents, 4), -1)
        for slot, given in (
            (TIME, request.departure_bin),
            (ORIGIN, request.origin_zone),
            (DESTINATION, request.destination_zone),
        ):
            if given is not None:
                slots[:, slot] = torch.from_numpy(given[spare])
        kinds = torch.from_numpy(request.vehicle_class[spare])
        allowed = (
            torch.from_numpy(np.searchsorted(self.classes, request.vehicle_class[spare]))
            if len(self.classes)
            else kinds * 0
        )
        when = self._schedule(slots, dice)
        for step in range(settings.steps):
            due = when == step
            if not due.any():
                continue
            logits = self._logits(slots, kinds, (sets, agents), 1 - step / settings.steps, day)
            for slot, scores in zip((ORIGIN, DESTINATION, VIA, TIME), logits, strict=True):
                rows = torch.nonzero(due[:, slot])[:, 0]
                if len(rows):
                    self._reveal(slots, slot, rows, scores=scores[rows], allowed=allowed[rows], dice=dice)
        slots[:, VIA] = torch.where(slots[:, VIA] >= self.zones.token.shape[1], -1, slots[:, VIA])
        return slots[:count].numpy()

    def _schedule(self, slots: Tensor, dice: torch.Generator) -> Tensor:
        """Return the step in which each slot is revealed, shape (N, 4); -1 where it is given."""
        steps = max(self.settings.steps, 3)
        chance = torch.rand(len(slots), steps - 1, generator=dice)
        early = torch.topk(chance, 2, dim=1).indices
        when = torch.stack([early[:, 0], early[:, 1], torch.full((len(slots),), steps - 1), early[:, 0]], dim=1)
        return when.masked_fill(slots >= 0, -1).clamp(max=self.settings.steps - 1)

    def _logits(
        self, slots: Tensor, kinds: Tensor, shape: tuple[int, int], time: float, day: Tensor | None
    ) -> list[Tensor]:
        sets, agents = shape
        inside = slots.view(1, sets, agents, 4)
        now = torch.full((1, sets), time)
        days = None if day is None else day.expand(1, sets, -1)

        def told(zones: Zones) -> Logits:
            tokens = self.network(zones, inside, kinds.view(1, sets, agents), now, days)
            return self.network.logits(zones, inside, tokens)

        shown = told(self.zones)
        parts = [shown.origin, shown.destination, shown.via, shown.departure]
        if self.hidden is not None:
            blind = told(self.hidden)
            others = [blind.origin, blind.destination, blind.via, blind.departure]
            parts = [other + self.settings.guidance * (part - other) for part, other in zip(parts, others, strict=True)]
        return [part.view(sets * agents, -1) for part in parts]

    def _reveal(
        self, slots: Tensor, slot: int, rows: Tensor, *, scores: Tensor, allowed: Tensor, dice: torch.Generator
    ) -> None:
        """Draw one slot of some trips."""
        if slot in (ORIGIN, DESTINATION):
            keep = 1 - self.settings.prior_share
            scores = keep * scores + (1 - keep) * self.zones.prior[0, :, slot]
            scores = scores.masked_fill(~self._open(slots, slot, rows, allowed), _NEVER)
        elif slot == VIA:
            scores = scores.masked_fill(~self._on_the_way(slots[rows], allowed), _NEVER)
        chance = torch.rand(scores.shape, generator=dice).clamp(_LEAST_CHANCE, 1 - 1e-7)
        noise = -torch.log(-torch.log(chance))  # of Gumbel: the largest sum is a draw from the softmax
        slots[rows, slot] = (scores + noise).argmax(dim=-1)

    def _open(self, slots: Tensor, slot: int, rows: Tensor, allowed: Tensor) -> Tensor:
        """Return which zones a trip can still begin or end in, shape (N, Z)."""
        pairs = self.pairs if slot == DESTINATION else self.pairs.transpose(1, 2)
        other = slots[rows, ORIGIN if slot == DESTINATION else DESTINATION]
        some = pairs.any(dim=1)[allowed]
        return torch.where((other >= 0)[:, None], pairs[allowed, other.clamp(min=0)], some)

    def _on_the_way(self, slots: Tensor, allowed: Tensor) -> Tensor:
        """Return which zones a trip may pass: reachable, and not too far about; the last column is "none"."""
        origin, destination = slots[:, ORIGIN], slots[:, DESTINATION]
        over = self.time_s[origin] + self.time_s[:, destination].T
        direct = self.time_s[origin, destination][:, None]
        possible = self.pairs[allowed, origin] & self.pairs.transpose(1, 2)[allowed, destination]
        near = possible & (over <= self.settings.detour * direct) & torch.isfinite(over)
        zone = torch.arange(near.shape[1])
        near &= (zone != origin[:, None]) & (zone != destination[:, None])
        return torch.cat([near, torch.ones(len(near), 1, dtype=torch.bool)], dim=1)


def _expected_time(place: Place) -> Tensor:
    """Return travel times from the bases [s], infinite where there is no way."""
    points = torch.log(torch.from_numpy(BUMPS_S.astype(np.float32)))
    time_s = torch.exp(place.bases[..., :-1] @ points)
    return time_s.masked_fill(place.bases[..., -1] > 0, float("inf"))
