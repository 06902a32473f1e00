"""The layers of the denoiser: attention between zones, between agents, and from agents to zones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from trafficdiff.diffusion.inputs import TIME_BASES

if TYPE_CHECKING:
    from trafficdiff.diffusion.settings import NetworkSettings

__all__ = ["AgentBlock", "ZoneBlock"]


class Modulated(nn.Module):
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
        return torch.addcmul(shift, self.norm(tokens), 1 + scale), gate


class Attention(nn.Module):
    """Multi-head attention; queries from one place, keys and values from another."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)

    def forward(self, query: Tensor, source: Tensor, bias: Tensor | None = None) -> Tensor:
        """Return (N, Q, d) from (N, Q, d) and (N, K, d); the bias is added to the scores."""
        return self.answer(query, self.key_value(source), bias)

    def answer(self, query: Tensor, key_value: Tensor, bias: Tensor | None = None) -> Tensor:
        """Return the same of keys and values that are known already, shape (N, K, 2 d)."""
        keys, values = key_value.chunk(2, dim=-1)
        mixed = functional.scaled_dot_product_attention(
            self._split(self.query(query)), self._split(keys), self._split(values), attn_mask=bias
        )
        return self.out(mixed.transpose(1, 2).flatten(2))  # type: ignore[no-any-return]

    def _split(self, tokens: Tensor) -> Tensor:
        return tokens.view(*tokens.shape[:2], self.heads, -1).transpose(1, 2)


def feed_forward(width: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width, 3 * width), nn.GELU(), nn.Dropout(dropout), nn.Linear(3 * width, width))


class ZoneBlock(nn.Module):
    """Let zones attend to each other, with travel time as a bias."""

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        width = settings.width
        self.before = Modulated(width)
        self.attention = Attention(width, settings.heads)
        self.time_bias = nn.Linear(TIME_BASES, settings.heads, bias=False)
        nn.init.zeros_(self.time_bias.weight)
        self.between = Modulated(width)
        self.forth = feed_forward(width, settings.dropout)

    def forward(self, tokens: Tensor, context: Tensor, bases: Tensor, real: Tensor) -> Tensor:
        """Return zones (B, Z, d) after one block; of context (B, d), bases (B, Z, Z, T) and which are real (B, Z)."""
        bias = self.time_bias(bases).permute(0, 3, 1, 2)
        bias = bias.masked_fill(~real[:, None, None, :], float("-inf"))
        normed, gate = self.before(tokens, context[:, None])
        tokens = torch.addcmul(tokens, gate, self.attention(normed, normed, bias))
        normed, gate = self.between(tokens, context[:, None])
        return torch.addcmul(tokens, gate, self.forth(normed))


class AgentBlock(nn.Module):
    """Let agents attend to the others of their set, then to the zones."""

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        width = settings.width
        self.own = Modulated(width) if settings.set_attention else None
        self.attention = Attention(width, settings.heads) if settings.set_attention else None
        self.across = Modulated(width)
        self.look = Attention(width, settings.heads)
        self.between = Modulated(width)
        self.forth = feed_forward(width, settings.dropout)

    def forward(self, tokens: Tensor, condition: Tensor, zones: Tensor, zone_bias: Tensor) -> Tensor:
        """Return agents (B, S, A, d) after one block; the condition is (B, S, 1, d), zones `look.key_value` of them."""
        if self.own is not None and self.attention is not None:
            normed, gate = self.own(tokens, condition)
            together = normed.flatten(0, 1)
            tokens = torch.addcmul(tokens, gate, self.attention(together, together).view_as(tokens))
        normed, gate = self.across(tokens, condition)
        seen = self.look.answer(normed.flatten(1, 2), zones, zone_bias)
        tokens = torch.addcmul(tokens, gate, seen.view_as(tokens))
        normed, gate = self.between(tokens, condition)
        return torch.addcmul(tokens, gate, self.forth(normed))
