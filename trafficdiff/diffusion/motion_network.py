"""Predict the clean controls of all road users of a scene from noisy ones.

::

    itself, its way, pieces of the map near it ──▶ context            once a scene
    noisy controls + where they lead          ──▶ token ──▶ blocks: users attend to each other ──▶ clean controls
                                                               ▲ what each is to each, by where both are led

A road user is one token with all its controls, so a scene of 32 users costs little more than one of eight.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor, nn

from trafficdiff.datatypes.motion_scene import KINDS, STEPS
from trafficdiff.diffusion.blocks import Modulated, feed_forward
from trafficdiff.diffusion.motion_inputs import LINE_WIDTH, STATIC_WIDTH, without_paths
from trafficdiff.diffusion.motion_noise import scalings
from trafficdiff.diffusion.motion_views import OWN_WIDTH, PAIR_WIDTH, own_view, pair_view, rolled_out

if TYPE_CHECKING:
    from trafficdiff.diffusion.motion_inputs import SceneBatch
    from trafficdiff.diffusion.motion_settings import MotionNetworkSettings

__all__ = ["Encoded", "MotionModel"]

_LEVEL_WIDTH: Final = 32
_TOKEN_WIDTH: Final = 5 * STEPS + OWN_WIDTH
_SCALE: Final = torch.tensor([1.2, 0.05])
"""What controls are divided by before training has measured their spread: 1.2 m/s2 and 0.05 1/m."""


@dataclass(frozen=True, eq=False)
class Encoded:
    """Hold what does not change from step to step: the batch, and the context of each user (B, A, d)."""

    batch: SceneBatch
    context: Tensor


def _by_head(values: Tensor, heads: int) -> Tensor:
    """Return values (..., d) as (..., heads, d / heads)."""
    return values.view(*values.shape[:-1], heads, -1)


class JointBlock(nn.Module):
    """Let users attend to each other, seeing what each is to each; then think on their own."""

    def __init__(self, settings: MotionNetworkSettings) -> None:
        super().__init__()
        width, self.heads = settings.width, settings.heads
        self.joint = settings.joint
        if settings.joint:
            self.before = Modulated(width)
            self.ask = nn.Linear(width, 3 * width)
            self.bias = nn.Linear(settings.pair_width, settings.heads)
            self.told = nn.Linear(settings.heads * settings.pair_width, width)
            self.out = nn.Linear(width, width)
        self.between = Modulated(width)
        self.forth = feed_forward(width, settings.dropout)

    def forward(self, tokens: Tensor, condition: Tensor, pairs: Tensor, there: Tensor) -> Tensor:
        """Return tokens (B, A, d) after one block; of pairs (B, A, A, p) and who is real (B, A)."""
        if self.joint:
            normed, gate = self.before(tokens, condition)
            tokens = tokens + gate * self._together(normed, pairs, there)
        normed, gate = self.between(tokens, condition)
        return tokens + gate * self.forth(normed)  # type: ignore[no-any-return]

    def _together(self, tokens: Tensor, pairs: Tensor, there: Tensor) -> Tensor:
        query, key, value = (_by_head(part, self.heads).transpose(1, 2) for part in self.ask(tokens).chunk(3, dim=-1))
        scores = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5 + self.bias(pairs).permute(0, 3, 1, 2)
        weight = scores.masked_fill(~there[:, None, None], float("-inf")).softmax(-1)
        mixed = (weight @ value).transpose(1, 2).flatten(2)
        told = torch.einsum("bhij,bijp->bihp", weight, pairs).flatten(2)
        return self.out(mixed) + self.told(told)  # type: ignore[no-any-return]


class Look(nn.Module):
    """Let each user look at the pieces of the map near it; where there are none it sees a learned nothing."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.piece = nn.Sequential(nn.Linear(LINE_WIDTH, width // 2), nn.GELU())
        self.key_value = nn.Linear(width // 2, 2 * width)
        self.nothing = nn.Parameter(0.02 * torch.randn(2 * width))
        self.query, self.out = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, tokens: Tensor, lines: Tensor, seen: Tensor) -> Tensor:
        """Return (B, A, d) from tokens (B, A, d), pieces (B, A, N, LINE_WIDTH) and which are real (B, A, N)."""
        both = self.key_value(self.piece(lines))
        both = torch.cat([both, self.nothing.expand(*both.shape[:2], 1, -1)], dim=2)
        real = torch.cat([seen, torch.ones_like(seen[..., :1])], dim=2)
        keys, values = (_by_head(part, self.heads) for part in both.chunk(2, dim=-1))
        query = _by_head(self.query(tokens), self.heads)
        scores = torch.einsum("bahd,banhd->bahn", query, keys) / query.shape[-1] ** 0.5
        weight = scores.masked_fill(~real[:, :, None], float("-inf")).softmax(-1)
        return self.out(torch.einsum("bahn,banhd->bahd", weight, values).flatten(2))  # type: ignore[no-any-return]


class MotionModel(nn.Module):
    """Predict clean controls; `encode` once a scene, `forward` once a noise level."""

    scale: Tensor
    pitch: Tensor

    def __init__(self, settings: MotionNetworkSettings) -> None:
        super().__init__()
        self.settings = settings
        width = settings.width
        self.register_buffer("scale", _SCALE.expand(len(KINDS), 2).clone())
        self.itself = nn.Sequential(nn.Linear(STATIC_WIDTH, width), nn.GELU(), nn.Linear(width, width))
        self.norm = nn.LayerNorm(width)
        self.look = Look(width, settings.heads)
        self.think = feed_forward(width, settings.dropout)
        self.level = nn.Sequential(nn.Linear(_LEVEL_WIDTH, width), nn.GELU(), nn.Linear(width, width))
        self.token = nn.Sequential(nn.Linear(_TOKEN_WIDTH, width), nn.GELU(), nn.Linear(width, width))
        self.pair = nn.Sequential(
            nn.Linear(PAIR_WIDTH, 2 * settings.pair_width), nn.GELU(),
            nn.Linear(2 * settings.pair_width, settings.pair_width), nn.LayerNorm(settings.pair_width),
        )  # fmt: skip
        self.blocks = nn.ModuleList(JointBlock(settings) for _ in range(settings.blocks))
        self.last = nn.LayerNorm(width)
        self.out = nn.Linear(width, 2 * STEPS)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)
        self.register_buffer("pitch", torch.linspace(0.5, 12.0, _LEVEL_WIDTH // 2), persistent=False)

    def scales(self, batch: SceneBatch) -> Tensor:
        """Return what controls of each user are divided by, shape (B, A, 1, 2)."""
        return self.scale[batch.kind][:, :, None]

    def encode(self, batch: SceneBatch) -> Encoded:
        """Return the context of each user: itself, its way, and the map near it."""
        if not self.settings.map:
            batch = without_paths(batch, torch.ones_like(batch.there))
        tokens = self.itself(batch.static)
        if self.settings.map:
            tokens = tokens + self.look(self.norm(tokens), batch.lines, batch.seen)
        return Encoded(batch, tokens + self.think(self.norm(tokens)))

    def forward(self, noisy: Tensor, sigma: Tensor, encoded: Encoded, known: Tensor) -> Tensor:
        """Return clean controls, shape (B, A, STEPS, 2), divided by `scales`.

        Parameters
        ----------
        noisy
            Shape (B, A, STEPS, 2), divided by `scales`; clean where known.
        sigma
            Shape (B,), noise level.
        encoded, known
            What `encode` returned, and which controls are given, shape (B, A, STEPS).
        """
        kept, made, seen = (part[:, None, None, None] for part in scalings(sigma))
        given = known[..., None].to(noisy)
        guess = noisy * (given + (1 - given) * kept)
        batch = encoded.batch
        rolled = rolled_out(batch, guess * self.scales(batch))
        own, pairs = own_view(batch, rolled), pair_view(batch, rolled)
        told = torch.cat(
            [(noisy * seen * (1 - given)).flatten(2), (noisy * given).flatten(2), given[..., 0], own], dim=-1
        )  # fmt: skip
        angle = (torch.log(sigma) / 4)[:, None] * self.pitch
        condition = self.level(torch.cat([angle.cos(), angle.sin()], dim=-1))[:, None]
        tokens = self.token(told) + encoded.context
        between = self.pair(pairs)
        for block in self.blocks:
            tokens = block(tokens, condition, between, batch.there)
        change = self.out(self.last(tokens)).view(*noisy.shape)
        return torch.where(known[..., None], noisy, kept * noisy + made * change)
