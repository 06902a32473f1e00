"""Say when cars come, how long they stay and what they take, given what is known of a set of sessions: the network.

The sessions of a set are those of one place. They attend to each other and to tokens of the place with the blocks that
trips use; what is known of each is added up from embeddings of its bins. Logits are what the prior expects of the slot
given what is known of the session, plus what the network says on top::

    logit(slot = x) = log sum_k p(k | known) p_k(x) + trust head_slot(session)[x]

Energies that a plug's power cannot deliver in the dwell are closed where the dwell is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from trafficdiff.datatypes.session_sites import SITE_TYPES, SURROUNDINGS, SiteKind
from trafficdiff.diffusion.blocks import AgentBlock
from trafficdiff.diffusion.session_slots import BINS, DWELL, ENERGY, START, middles
from trafficdiff.diffusion.settings import NetworkSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trafficdiff.diffusion.session_kinds import Kinds

__all__ = [
    "HIDDEN_TYPE", "PLACE_WIDTH", "PlaceTensors", "SessionModel", "expected", "place_row",
    "place_tensors", "session_network_settings",
]  # fmt: skip

HIDDEN_TYPE: Final = len(SITE_TYPES)
PLACE_WIDTH: Final = 3 + 2 * len(SURROUNDINGS)
"""Numbers that describe a place beside its type: power, use and a flag, surroundings and a flag each."""
_TOKENS: Final = 3
_SLACK: Final = 1.5
"""Plugs may deliver this much over their stated power: powers are declared, clocks are coarse."""
_CLOSED: Final = -12.0
_POPULATION: Final = 8.0
_NO_KIND: Final = -1e4
_LEAST: Final = 1e-9


def session_network_settings() -> NetworkSettings:
    """Return how large the network is; it has no zones, edges or days."""
    return NetworkSettings(width=64, heads=4, zone_blocks=0, agent_blocks=2, day=False, dropout=0.1)


def place_row(kind: SiteKind, *, sessions_a_plug_week: float, surroundings: np.ndarray) -> np.ndarray:
    """Return the numbers that describe a place, shape (`PLACE_WIDTH`,); what is NaN is 0 and flagged as unknown."""
    use = np.log(max(sessions_a_plug_week, 0.05)) - 1.5 if np.isfinite(sessions_a_plug_week) else 0.0
    around = np.array(surroundings, float)
    around[-1] -= _POPULATION
    known = np.isfinite(around)
    row = [np.log(kind.power_kw / 15.0), use, float(np.isfinite(sessions_a_plug_week))]
    return np.concatenate([row, np.where(known, around / 2, 0.0), known.astype(float)]).astype(np.float32)


@dataclass(frozen=True)
class PlaceTensors:
    """Hold what the network reads of B places.

    Parameters
    ----------
    site_type
        Shape (B,), position in `SITE_TYPES`, or `HIDDEN_TYPE`.
    numbers
        Shape (B, `PLACE_WIDTH`).
    power_kw
        Shape (B,).
    trust
        Shape (B,), how far the network is heard.
    weight
        Shape (B, K), logarithm of the weights of the kinds of sessions that are expected.
    shares
        By slot, shape (B, K, bins), their shares.
    """

    site_type: Tensor
    numbers: Tensor
    power_kw: Tensor
    trust: Tensor
    weight: Tensor
    shares: tuple[Tensor, ...]


def place_tensors(
    *,
    site_type: Sequence[int],
    numbers: np.ndarray,
    power_kw: Sequence[float],
    trust: Sequence[float],
    kinds: Sequence[Kinds],
) -> PlaceTensors:
    """Return what the network reads of B places; kinds that a place has less than another are of no weight."""
    most = max(len(one.weight) for one in kinds)
    weight = np.full((len(kinds), most), _NO_KIND, np.float32)
    shares = [np.full((len(kinds), most, bins), 1 / bins, np.float32) for bins in BINS]
    for row, one in enumerate(kinds):
        weight[row, : len(one.weight)] = np.log(np.maximum(one.weight, 1e-12))
        for table, share in zip(shares, one.shares, strict=True):
            table[row, : len(one.weight)] = share
    return PlaceTensors(
        torch.tensor(list(site_type)),
        torch.from_numpy(numbers),
        torch.tensor(list(power_kw), dtype=torch.float32),
        torch.tensor(list(trust), dtype=torch.float32),
        torch.from_numpy(weight),
        tuple(torch.from_numpy(table) for table in shares),
    )


class SessionModel(nn.Module):
    """Score the values of every slot of every session in a set."""

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self.settings = settings
        width = settings.width
        self.start_hour = nn.Embedding(25, width)
        self.start_day = nn.Embedding(8, width)
        self.dwell = nn.Embedding(BINS[DWELL] + 1, width)
        self.energy = nn.Embedding(BINS[ENERGY] + 1, width)
        self.site_type = nn.Embedding(len(SITE_TYPES) + 1, width)
        self.read_place = nn.Sequential(nn.Linear(PLACE_WIDTH, width), nn.GELU(), nn.Linear(width, width))
        self.read_type = nn.Linear(width, width)
        self.place_tokens = nn.Linear(width, _TOKENS * width)
        self.read_time = nn.Sequential(nn.Linear(9, width), nn.GELU(), nn.Linear(width, width))
        self.blocks = nn.ModuleList(AgentBlock(settings) for _ in range(settings.agent_blocks))
        self.norm = nn.LayerNorm(width)
        self.hour_head = nn.Linear(width, 24)
        self.day_head = nn.Linear(width, 7)
        self.heads = nn.ModuleList(nn.Linear(width, bins) for bins in BINS[DWELL:])
        for head in (self.hour_head, self.day_head, *self.heads):
            nn.init.zeros_(head.weight)
            nn.init.zeros_(head.bias)
        for table in (self.start_hour, self.start_day, self.dwell, self.energy, self.site_type):
            nn.init.normal_(table.weight, std=0.2)

    def forward(self, slots: Tensor, time: Tensor, place: PlaceTensors) -> tuple[Tensor, ...]:
        """Return the logits of each slot, shapes (B, A, bins): what is expected, and what the network adds.

        Parameters
        ----------
        slots
            Shape (B, A, 3), bins of sessions; -1 where hidden.
        time
            Shape (B,), share that is hidden.
        place
            Where the sets are held.
        """
        added = self.added(slots, time, place)
        return tuple(one + more for one, more in zip(expected(slots, place), added, strict=True))

    def added(self, slots: Tensor, time: Tensor, place: PlaceTensors) -> tuple[Tensor, ...]:
        """Return what the network adds to the logits, shapes (B, A, bins); arguments as `forward`."""
        known = slots + 1
        hour = torch.where(slots[..., START] >= 0, slots[..., START] % 24 + 1, 0)
        day = torch.where(slots[..., START] >= 0, slots[..., START].clamp(min=0) // 24 + 1, 0)
        tokens = self.start_hour(hour) + self.start_day(day)
        tokens = tokens + self.dwell(known[..., DWELL]) + self.energy(known[..., ENERGY])
        seen = self.read_place(place.numbers) + self.read_type(self.site_type(place.site_type))
        wave = time[:, None] * torch.pi * torch.arange(1, 5)
        condition = self.read_time(torch.cat([time[:, None], wave.sin(), wave.cos()], dim=-1)) + seen
        condition = functional.silu(condition)[:, None, None]
        around = self.place_tokens(functional.silu(seen)).unflatten(-1, (_TOKENS, -1))
        tokens = tokens[:, None] + seen[:, None, None]
        bias = torch.zeros(len(slots), 1, 1, _TOKENS)
        for block in self.blocks:
            looked = block.look.key_value(around)  # type: ignore[union-attr, operator]
            tokens = block(tokens, condition, looked, bias)
        tokens = self.norm(tokens[:, 0])
        start = (self.day_head(tokens)[..., :, None] + self.hour_head(tokens)[..., None, :]).flatten(-2)
        return tuple(place.trust[:, None, None] * one for one in (start, *(head(tokens) for head in self.heads)))


def expected(slots: Tensor, place: PlaceTensors) -> tuple[Tensor, ...]:
    """Return the logarithm of what the prior expects of each slot given what is known, shapes (B, A, bins)."""
    logs = place.weight[:, None].expand(*slots.shape[:2], -1)
    for slot, share in enumerate(place.shares):
        value = slots[..., slot]
        chosen = share.transpose(1, 2)[torch.arange(len(slots))[:, None], value.clamp(min=0)]
        logs = logs + torch.where(value[..., None] >= 0, (chosen + _LEAST).log(), 0.0)
    belongs = logs.softmax(-1)
    found = [(belongs @ share + _LEAST).log() for share in place.shares]
    found[ENERGY] = found[ENERGY] + _beyond(slots[..., DWELL], place.power_kw)
    return tuple(found)


def _beyond(dwell: Tensor, power_kw: Tensor) -> Tensor:
    """Return what closes energies that cannot flow in the dwell, shape (B, A, bins)."""
    hours = torch.from_numpy(middles(DWELL) / 3600).float()[dwell.clamp(min=0)]
    most = _SLACK * hours * power_kw[:, None]
    energy = torch.from_numpy(middles(ENERGY)).float()
    closed = (energy > most[..., None]) & (dwell >= 0)[..., None]
    closed[..., 0] = False
    return closed.float() * _CLOSED
