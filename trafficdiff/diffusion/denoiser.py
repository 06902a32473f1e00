"""Say who goes where, given what is already known of a set of trips: the network.

Zones attend to each other, with travel time as a bias. Agents attend to each other and to the zones; what is known of
them is added up from the zones that they already point at. Origin, destination and via are pointers::

    logit(slot = z) = q_slot(agent) . k_slot(zone z) / sqrt(d) + prior(z) + sum_b w_b(agent) phi_b(travel time)
                      + sum_k v_k(agent) log(1 + n_k(z)) + sum_j a_j(day) s_j(zone z)

where s are a zone's position and its distance from the middle, and n_k count where the others of the set begin and end
(`trafficdiff.diffusion.tally`), so the same weights serve any number of zones in any city. Conditions enter by adaptive
layer norms (Peebles and Xie 2023, "Scalable diffusion models with transformers"). Pointers: Vinyals et al. (2015),
"Pointer networks".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from trafficdiff.datatypes.scene import CLASSES, SOURCES
from trafficdiff.diffusion.blocks import AgentBlock, ZoneBlock
from trafficdiff.diffusion.day import MOMENTS
from trafficdiff.diffusion.inputs import TIME_BASES
from trafficdiff.diffusion.nearness import Nearness, nearness_of, rows
from trafficdiff.diffusion.noise import DESTINATION, ORIGIN, TIME, VIA
from trafficdiff.diffusion.tally import TALLIES, tally

if TYPE_CHECKING:
    from trafficdiff.diffusion.settings import NetworkSettings

__all__ = ["DEPARTURE_BINS", "Conditions", "Denoiser", "Logits", "Zones"]

DEPARTURE_BINS: Final = 16
"""Parts of the window that departures are drawn in."""
HOUR_WAVES: Final = 4
_PLACE: Final = 3
"""The last numbers that describe a zone: `trafficdiff.diffusion.inputs` puts its place there."""
_ENDS: Final = (ORIGIN, DESTINATION)
_WAYS: Final = {ORIGIN: ((DESTINATION, 0),), DESTINATION: ((ORIGIN, 1),), VIA: ((ORIGIN, 2), (DESTINATION, 3))}
"""By slot, from which known ends travel time is looked at, and with which of the agent's weights."""
_FIRST_TILT: Final = 0.4
"""A shift of the mean over the variance, which for positions in units of the extent is about 0.7."""


@dataclass(frozen=True)
class Conditions:
    """Hold what a set of trips is conditioned on. ``B`` scenes.

    Parameters
    ----------
    source
        Shape (B,), position in `SOURCES`, or their number if hidden.
    hour
        Shape (B, 5), sine and cosine of the window's middle over the day and half a day, and a flag; 0 if hidden.
    level
        Shape (B, 2), logarithm of trips an hour and lane-km, and a flag; 0 if hidden.
    fringe
        Shape (B, 3), share of trips that begin where traffic enters the net, of those that end where it leaves, and a
        flag; 0 if hidden.
    """

    source: Tensor
    hour: Tensor
    level: Tensor
    fringe: Tensor


@dataclass(frozen=True)
class Zones:
    """Hold what the network knows of the zones of B scenes, padded to Z.

    Parameters
    ----------
    token
        Shape (B, Z, d).
    real
        Shape (B, Z), bool, False where padded.
    bases
        Shape (B, Z, Z, T).
    prior
        Shape (B, Z, 2).
    context
        Shape (B, d), the scene and its conditions.
    place
        Shape (B, Z, 3), where zones lie, in units of the extent, and how far from the middle.
    nearness
        Travel times, as agents weigh them.
    pointed
        By pointer, what an agent is that points at each zone, and last at none yet, shape (B, Z + 1, d); for the via
        one more for "none".
    looked
        By block of agents, keys and values of the zones, shape (B, Z, 2 d).
    keys
        Shape (B, Z, 3 (d + 1)), what pointers are compared with.
    """

    token: Tensor
    real: Tensor
    bases: Tensor
    prior: Tensor
    context: Tensor
    place: Tensor
    nearness: Nearness
    pointed: tuple[Tensor, ...]
    looked: tuple[Tensor, ...]
    keys: Tensor


@dataclass(frozen=True)
class Logits:
    """Hold logits of the slots; pointers have shape (B, S, A, Z), the via one more for "none", departures 16 bins."""

    origin: Tensor
    destination: Tensor
    via: Tensor
    departure: Tensor


class Denoiser(nn.Module):
    """Predict the hidden slots of sets of trips.

    Parameters
    ----------
    settings
        Sizes.
    zone_width, scene_width, edge_width
        Numbers that describe a zone, a scene and an edge.
    """

    def __init__(self, settings: NetworkSettings, *, zone_width: int, scene_width: int, edge_width: int) -> None:
        super().__init__()
        width = settings.width
        self.settings, self.zone_width = settings, zone_width
        self.read_zone = nn.Sequential(
            nn.Linear(zone_width, width), nn.GELU(), nn.Dropout(settings.dropout), nn.Linear(width, width)
        )
        self.read_scene = nn.Sequential(nn.Linear(scene_width, width), nn.GELU(), nn.Linear(width, width))
        self.read_source = nn.Embedding(len(SOURCES) + 1, width)
        self.read_conditions = nn.Linear(5 + 2 + 3, width)
        self.zone_blocks = nn.ModuleList(ZoneBlock(settings) for _ in range(settings.zone_blocks))
        self.zone_norm = nn.LayerNorm(width)
        self.pointed = nn.Linear(width, 3 * width, bias=False)
        self.hidden = nn.Parameter(0.02 * torch.randn(4, width))
        self.no_via = nn.Parameter(0.02 * torch.randn(width))
        self.read_departure = nn.Embedding(DEPARTURE_BINS, width)
        self.read_class = nn.Embedding(len(CLASSES) + 1, width)
        self.read_time = nn.Sequential(nn.Linear(9, width), nn.GELU(), nn.Linear(width, width))
        self.read_day = nn.Linear(MOMENTS, width) if settings.day else None
        self.tilt = nn.Linear(MOMENTS, 2 * _PLACE, bias=False) if settings.day else None
        if self.tilt is not None:
            self.tilt.weight.data = _FIRST_TILT * torch.eye(MOMENTS)[[0, 1, 4, 2, 3, 5]]
        self.agent_blocks = nn.ModuleList(AgentBlock(settings) for _ in range(settings.agent_blocks))
        self.agent_norm = nn.LayerNorm(width)
        self.query = nn.Linear(width, 3 * width)
        self.key = nn.Linear(width, 3 * (width + 1))
        self.time_weight = nn.Linear(width, 6 * TIME_BASES)
        nn.init.zeros_(self.time_weight.weight)
        nn.init.zeros_(self.time_weight.bias)
        self.tally_weight = nn.Linear(width, 2 * TALLIES) if settings.set_attention else None
        if self.tally_weight is not None:
            nn.init.zeros_(self.tally_weight.weight)
            nn.init.zeros_(self.tally_weight.bias)
        self.via_none = nn.Linear(width, 1)
        self.departure = nn.Linear(width, DEPARTURE_BINS)
        self.read_edge = nn.Sequential(
            nn.Linear(edge_width, 2 * settings.edge_width),
            nn.GELU(),
            nn.Linear(2 * settings.edge_width, settings.edge_width),
        )
        self.edge_zone = nn.Linear(width, settings.edge_width)
        self.edge_role = nn.Embedding(3 * (len(CLASSES) + 1), settings.edge_width)
        self.edge_score = nn.Linear(settings.edge_width, 3)

    def encode(
        self, zone: Tensor, scene: Tensor, *, real: Tensor, bases: Tensor, prior: Tensor, conditions: Conditions
    ) -> Zones:
        """Return what the agents will read of B scenes.

        Parameters
        ----------
        zone, scene
            Shape (B, Z, zone width) and (B, scene width).
        real
            Shape (B, Z), False where padded.
        bases, prior
            Shape (B, Z, Z, T) and (B, Z, 2).
        conditions
            Of each scene.
        """
        context = self.read_scene(scene) + self.read_source(conditions.source)
        context = context + self.read_conditions(
            torch.cat([conditions.hour, conditions.level, conditions.fringe], dim=-1)
        )
        token = self.read_zone(zone)
        for block in self.zone_blocks:
            token = block(token, functional.silu(context), bases, real)
        token = self.zone_norm(token)
        return Zones(
            token=token,
            real=real,
            bases=bases,
            prior=prior,
            context=context,
            place=zone[..., -_PLACE:],
            nearness=nearness_of(bases),
            pointed=self._pointed(token),
            looked=tuple(block.look.key_value(token) for block in self.agent_blocks),  # type: ignore[union-attr, operator]
            keys=self.key(token),
        )

    def _pointed(self, token: Tensor) -> tuple[Tensor, ...]:
        """Return the tables of `Zones.pointed`."""
        tables = list(self.pointed(token).chunk(3, dim=-1))
        last = [[hidden] for hidden in self.hidden[: len(tables)]]
        last[VIA].insert(0, self.no_via)
        return tuple(
            torch.cat([table, *(row.expand(len(token), 1, -1) for row in none)], dim=1)
            for table, none in zip(tables, last, strict=True)
        )

    def known(self, zones: Zones, slots: Tensor, vehicle_class: Tensor) -> Tensor:
        """Return tokens of agents, shape (B, S, A, d): the sum of what is known of them.

        `slots` has shape (B, S, A, 4): positions of zones, for the via also Z for "none", and of departure bins; -1
        where hidden.
        """
        total = self.read_class(vehicle_class)
        for slot, table in zip((*_ENDS, VIA), zones.pointed, strict=True):
            known = slots[..., slot]
            total = total + rows(table, known.where(known >= 0, table.shape[1] - 1))
        departures = torch.cat([self.read_departure.weight, self.hidden[TIME, None]])
        known = slots[..., TIME]
        return total + functional.embedding(known.where(known >= 0, DEPARTURE_BINS), departures)  # type: ignore[no-any-return]

    def forward(
        self,
        zones: Zones,
        slots: Tensor,
        vehicle_class: Tensor,
        time: Tensor,
        day: Tensor | None,
        *,
        told: Tensor | None = None,
    ) -> Tensor:
        """Return the agents' last tokens, shape (B, S, A, d).

        Parameters
        ----------
        zones
            Of `encode`.
        slots, vehicle_class
            Shape (B, S, A, 4) and (B, S, A).
        time
            Shape (B, S), diffusion time.
        day
            Shape (B, S, `MOMENTS`), how the day of each set differs from the usual one; None if unknown.
        told
            Shape (B, S, 1), 0 where the day is unknown, else 1; None if all are known.
        """
        tokens = self.known(zones, slots, vehicle_class)
        wave = time[..., None] * torch.pi * torch.arange(1, 5)
        condition = self.read_time(torch.cat([time[..., None], wave.sin(), wave.cos()], dim=-1))
        condition = condition + zones.context[:, None]
        if self.read_day is not None and day is not None:
            read = self.read_day(day)
            condition = condition + (read if told is None else told * read)
        condition = functional.silu(condition)[:, :, None]
        bias = torch.zeros(zones.real.shape).masked_fill(~zones.real, float("-inf"))[:, None, None]
        for block, looked in zip(self.agent_blocks, zones.looked, strict=True):
            tokens = block(tokens, condition, looked, bias)
        return self.agent_norm(tokens)  # type: ignore[no-any-return]

    def logits(
        self,
        zones: Zones,
        slots: Tensor,
        agents: Tensor,
        *,
        counted: Tensor | None = None,
        day: Tensor | None = None,
    ) -> Logits:
        """Return the logits of every slot, known or not, of agents' last tokens.

        Parameters
        ----------
        zones, slots, agents
            As `forward` reads and returns them.
        counted
            Shape (B, S, C, 4), trips that the tallies are made of; `slots` if None.
        day
            Shape (B, S, `MOMENTS`), 0 for a day that is usual or not known; None for no day at all.
        """
        return Logits(
            *(self.slot_logits(zones, slots, agents, slot, counted=counted, day=day) for slot in (*_ENDS, VIA, TIME))
        )

    def slot_logits(
        self,
        zones: Zones,
        slots: Tensor,
        agents: Tensor,
        slot: int,
        *,
        counted: Tensor | None = None,
        day: Tensor | None = None,
    ) -> Tensor:
        """Return the logits of one slot, as `logits` does of all; `Logits` has their shapes."""
        if slot == TIME:
            return self.departure(agents)  # type: ignore[no-any-return]
        score = self._pointer(zones, agents, slot, day)
        for end, place in _WAYS[slot]:
            known, weight = slots[..., end], _part(self.time_weight, agents, place, TIME_BASES)
            weight = weight * (known >= 0)[..., None]
            score = score + zones.nearness.weighed(weight, known.clamp(min=0), into=end == DESTINATION)
        if slot == VIA:
            return torch.cat([score, self.via_none(agents) + 4.0], dim=-1)
        counts = slots if counted is None else counted
        if self.tally_weight is None or not counts.shape[2]:  # nobody counts
            return score
        weight = self.tally_weight(agents).chunk(2, dim=-1)[slot]
        return score + tally(zones, counts, known=slots, slot=slot, weight=weight)

    def _pointer(self, zones: Zones, agents: Tensor, slot: int, day: Tensor | None) -> Tensor:
        """Return how well zones fit agents, with the prior and the day in it, shape (B, S, A, Z)."""
        width = self.settings.width
        query = _part(self.query, agents, slot, width)
        key = zones.keys[..., slot * (width + 1) : (slot + 1) * (width + 1)]
        padded = torch.zeros(zones.real.shape).masked_fill(~zones.real, float("-inf"))[:, None, None]
        prior: Tensor = zones.prior[..., slot] if slot != VIA else zones.prior.mean(dim=-1)
        shared: Tensor = (key[..., -1] + prior)[:, None, None] + padded
        if self.tilt is not None and day is not None and slot != VIA:
            shared = shared + self.tilted(zones, day, slot)[:, :, None]
        fit: Tensor = torch.einsum("bsad,bzd->bsaz", query, key[..., :-1]) * width**-0.5
        return fit + shared

    def tilted(self, zones: Zones, day: Tensor, slot: int) -> Tensor:
        """Return what a day (B, S, `MOMENTS`) adds to the logits of origins or destinations, shape (B, S, Z)."""
        if self.tilt is None:
            return torch.zeros(())
        return torch.einsum("bsk,bzk->bsz", self.tilt(day).chunk(2, dim=-1)[slot], zones.place)

    def edge_scores(self, edge: Tensor, zone_token: Tensor, zone: Tensor, vehicle_class: Tensor) -> Tensor:
        """Return the score of every edge of a place as origin and as destination, shape (C, 2, E).

        The same as `edge_logits`, edge by edge, but what does not depend on role and class is computed once.

        Parameters
        ----------
        edge, zone
            Shape (E, edge width) and (E,), the zone of each.
        zone_token
            Shape (Z, d).
        vehicle_class
            Shape (C,).
        """
        mixed = functional.gelu(self.read_edge(edge) + self.edge_zone(zone_token)[zone])
        own = self.edge_score(mixed)[:, list(_ENDS)].T
        roles = torch.tensor(_ENDS)[None]
        kind = self.edge_role(roles * (len(CLASSES) + 1) + vehicle_class[:, None])
        return own + kind @ mixed.T  # type: ignore[no-any-return]

    def edge_logits(self, edge: Tensor, zone_token: Tensor, role: Tensor, vehicle_class: Tensor) -> Tensor:
        """Return the score of edges as trip ends inside their zones.

        Parameters
        ----------
        edge
            Shape (K, M, edge width).
        zone_token
            Shape (K, 1, d), token of the edges' zone.
        role, vehicle_class
            Shape (K,); the role is `ORIGIN` or `DESTINATION`.
        """
        mixed = functional.gelu(self.read_edge(edge) + self.edge_zone(zone_token))
        kind = self.edge_role(role * (len(CLASSES) + 1) + vehicle_class)
        own: Tensor = self.edge_score(mixed).gather(-1, role[:, None, None].expand(*mixed.shape[:-1], 1)).squeeze(-1)
        match: Tensor = (mixed * kind[:, None]).sum(-1)
        return own + match


def _part(layer: nn.Linear, values: Tensor, part: int, width: int) -> Tensor:
    """Return one of the parts that a layer's output consists of."""
    own = slice(part * width, (part + 1) * width)
    return functional.linear(values, layer.weight[own], layer.bias[own])
