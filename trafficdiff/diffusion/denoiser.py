"""Say who goes where, given what is already known of a set of trips: the network.

Zones attend to each other, with travel time as a bias. Agents attend to each other and to the zones; what is known of
them is added up from the zones that they already point at. Origin, destination and via are pointers::

    logit(slot = z) = q_slot(agent) . k_slot(zone z) / sqrt(d) + prior(z) + sum_b w_b(agent) phi_b(travel time)

so the same weights serve any number of zones in any city. Conditions enter by adaptive layer norms (Peebles and Xie
2023, "Scalable diffusion models with transformers"). Pointers: Vinyals et al. (2015), "Pointer networks".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from trafficdiff.datatypes.scene import CLASSES, SOURCES
from trafficdiff.diffusion.inputs import TIME_BASES
from trafficdiff.diffusion.noise import DESTINATION, ORIGIN, TIME, VIA

if TYPE_CHECKING:
    from trafficdiff.diffusion.settings import NetworkSettings

__all__ = ["DEPARTURE_BINS", "Conditions", "Denoiser", "Logits", "Zones"]

DEPARTURE_BINS: Final = 16
"""Parts of the window that departures are drawn in."""
HOUR_WAVES: Final = 4


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
    """

    token: Tensor
    real: Tensor
    bases: Tensor
    prior: Tensor
    context: Tensor


@dataclass(frozen=True)
class Logits:
    """Hold logits of the slots; pointers have shape (B, S, A, Z), the via one more for "none", departures 16 bins."""

    origin: Tensor
    destination: Tensor
    via: Tensor
    departure: Tensor


class _Modulated(nn.Module):
    """Layer norm with shift, scale and gate from a condition; starts as nothing."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.project = nn.Linear(width, 3 * width)
        nn.init.zeros_(self.project.weight)
        nn.init.zeros_(self.project.bias)

    def forward(self, tokens: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Return the modulated tokens and the gate."""
        shift, scale, gate = self.project(condition).chunk(3, dim=-1)
        return self.norm(tokens) * (1 + scale) + shift, gate


class _Attention(nn.Module):
    """Multi-head attention; queries from one place, keys and values from another."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)

    def forward(self, query: Tensor, source: Tensor, bias: Tensor | None = None) -> Tensor:
        """Return (N, Q, d) from (N, Q, d) and (N, K, d); the bias is added to the scores."""
        keys, values = self.key_value(source).chunk(2, dim=-1)
        mixed = functional.scaled_dot_product_attention(
            self._split(self.query(query)), self._split(keys), self._split(values), attn_mask=bias
        )
        return self.out(mixed.transpose(1, 2).flatten(2))  # type: ignore[no-any-return]

    def _split(self, tokens: Tensor) -> Tensor:
        return tokens.view(*tokens.shape[:2], self.heads, -1).transpose(1, 2)


def _feed_forward(width: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width, 3 * width), nn.GELU(), nn.Dropout(dropout), nn.Linear(3 * width, width))


class _ZoneBlock(nn.Module):
    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        width = settings.width
        self.before = _Modulated(width)
        self.attention = _Attention(width, settings.heads)
        self.time_bias = nn.Linear(TIME_BASES, settings.heads, bias=False)
        nn.init.zeros_(self.time_bias.weight)
        self.between = _Modulated(width)
        self.forth = _feed_forward(width, settings.dropout)

    def forward(self, tokens: Tensor, context: Tensor, bases: Tensor, real: Tensor) -> Tensor:
        bias = self.time_bias(bases).permute(0, 3, 1, 2)
        bias = bias.masked_fill(~real[:, None, None, :], float("-inf"))
        normed, gate = self.before(tokens, context[:, None])
        tokens = tokens + gate * self.attention(normed, normed, bias)
        normed, gate = self.between(tokens, context[:, None])
        return tokens + gate * self.forth(normed)  # type: ignore[no-any-return]


class _AgentBlock(nn.Module):
    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        width = settings.width
        self.own = _Modulated(width) if settings.set_attention else None
        self.attention = _Attention(width, settings.heads) if settings.set_attention else None
        self.across = _Modulated(width)
        self.look = _Attention(width, settings.heads)
        self.between = _Modulated(width)
        self.forth = _feed_forward(width, settings.dropout)

    def forward(self, tokens: Tensor, condition: Tensor, zones: Tensor, zone_bias: Tensor) -> Tensor:
        """Return agents (B, S, A, d) after one block; the condition is (B, S, 1, d)."""
        if self.own is not None and self.attention is not None:
            normed, gate = self.own(tokens, condition)
            together = normed.flatten(0, 1)
            tokens = tokens + gate * self.attention(together, together).view_as(tokens)
        normed, gate = self.across(tokens, condition)
        tokens = tokens + gate * self.look(normed.flatten(1, 2), zones, zone_bias).view_as(tokens)
        normed, gate = self.between(tokens, condition)
        return tokens + gate * self.forth(normed)  # type: ignore[no-any-return]


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
        self.settings = settings
        self.read_zone = nn.Sequential(
            nn.Linear(zone_width, width), nn.GELU(), nn.Dropout(settings.dropout), nn.Linear(width, width)
        )
        self.read_scene = nn.Sequential(nn.Linear(scene_width, width), nn.GELU(), nn.Linear(width, width))
        self.read_source = nn.Embedding(len(SOURCES) + 1, width)
        self.read_conditions = nn.Linear(5 + 2 + 3, width)
        self.zone_blocks = nn.ModuleList(_ZoneBlock(settings) for _ in range(settings.zone_blocks))
        self.zone_norm = nn.LayerNorm(width)
        self.pointed = nn.Linear(width, 3 * width, bias=False)
        self.hidden = nn.Parameter(0.02 * torch.randn(4, width))
        self.no_via = nn.Parameter(0.02 * torch.randn(width))
        self.read_departure = nn.Embedding(DEPARTURE_BINS, width)
        self.read_class = nn.Embedding(len(CLASSES) + 1, width)
        self.read_time = nn.Sequential(nn.Linear(9, width), nn.GELU(), nn.Linear(width, width))
        self.read_day = nn.Linear(settings.day_width, width) if settings.day_width else None
        self.agent_blocks = nn.ModuleList(_AgentBlock(settings) for _ in range(settings.agent_blocks))
        self.agent_norm = nn.LayerNorm(width)
        self.query = nn.Linear(width, 3 * width)
        self.key = nn.Linear(width, 3 * (width + 1))
        self.time_weight = nn.Linear(width, 6 * TIME_BASES)
        nn.init.zeros_(self.time_weight.weight)
        nn.init.zeros_(self.time_weight.bias)
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
        return Zones(self.zone_norm(token), real, bases, prior, context)

    def known(self, zones: Zones, slots: Tensor, vehicle_class: Tensor) -> Tensor:
        """Return tokens of agents, shape (B, S, A, d): the sum of what is known of them.

        `slots` has shape (B, S, A, 4): positions of zones, for the via also Z for "none", and of departure bins; -1
        where hidden.
        """
        batch, sets, agents = slots.shape[:3]
        tables = list(self.pointed(zones.token).chunk(3, dim=-1))
        tables[VIA] = torch.cat([tables[VIA], self.no_via.expand(batch, 1, -1)], dim=1)
        total = self.read_class(vehicle_class)
        for slot in (ORIGIN, DESTINATION, VIA):
            index = slots[..., slot].clamp(min=0).view(batch, -1, 1).expand(-1, -1, self.settings.width)
            seen = tables[slot].gather(1, index).view(batch, sets, agents, -1)
            total = total + torch.where(slots[..., slot, None] >= 0, seen, self.hidden[slot])
        seen = self.read_departure(slots[..., TIME].clamp(min=0))
        return total + torch.where(slots[..., TIME, None] >= 0, seen, self.hidden[TIME])  # type: ignore[no-any-return]

    def forward(self, zones: Zones, slots: Tensor, vehicle_class: Tensor, time: Tensor, day: Tensor | None) -> Tensor:
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
            Shape (B, S, day width), the latent that the trips of one day share; None if unknown.
        """
        tokens = self.known(zones, slots, vehicle_class)
        wave = time[..., None] * torch.pi * torch.arange(1, 5)
        condition = self.read_time(torch.cat([time[..., None], wave.sin(), wave.cos()], dim=-1))
        condition = condition + zones.context[:, None]
        if self.read_day is not None and day is not None:
            condition = condition + self.read_day(day)
        condition = functional.silu(condition)[:, :, None]
        bias = torch.zeros(zones.real.shape).masked_fill(~zones.real, float("-inf"))[:, None, None]
        for block in self.agent_blocks:
            tokens = block(tokens, condition, zones.token, bias)
        return self.agent_norm(tokens)  # type: ignore[no-any-return]

    def logits(self, zones: Zones, slots: Tensor, agents: Tensor) -> Logits:
        """Return the logits of every slot, known or not, of agents' last tokens."""
        queries = self.query(agents).chunk(3, dim=-1)
        keys = self.key(zones.token).chunk(3, dim=-1)
        times = self.time_weight(agents).unflatten(-1, (6, TIME_BASES)).unbind(-2)
        scale = self.settings.width**-0.5
        padded = torch.zeros(zones.real.shape).masked_fill(~zones.real, float("-inf"))[:, None, None]

        def pointer(slot: int) -> Tensor:
            key, constant = keys[slot][..., :-1], keys[slot][..., -1]
            score: Tensor = torch.einsum("bsad,bzd->bsaz", queries[slot], key) * scale
            prior: Tensor = zones.prior[..., slot] if slot != VIA else zones.prior.mean(dim=-1)
            shared: Tensor = (constant + prior)[:, None, None] + padded
            return score + shared

        known = [slots[..., slot] for slot in (ORIGIN, DESTINATION)]
        out_of = _rows(zones.bases, known[ORIGIN])
        into = _rows(zones.bases.transpose(1, 2), known[DESTINATION])

        def near(weight: Tensor, bases: Tensor, slot: int) -> Tensor:
            return torch.einsum("bsat,bsazt->bsaz", weight, bases) * (known[slot] >= 0)[..., None]

        via = pointer(VIA) + near(times[2], out_of, ORIGIN) + near(times[3], into, DESTINATION)
        return Logits(
            origin=pointer(ORIGIN) + near(times[0], into, DESTINATION),
            destination=pointer(DESTINATION) + near(times[1], out_of, ORIGIN),
            via=torch.cat([via, self.via_none(agents) + 4.0], dim=-1),
            departure=self.departure(agents),
        )

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


def _rows(bases: Tensor, index: Tensor) -> Tensor:
    """Return the bases from each agent's zone to all others, shape (B, S, A, Z, T)."""
    batch = torch.arange(len(bases)).view(-1, 1, 1)
    return bases[batch, index.clamp(min=0)]
