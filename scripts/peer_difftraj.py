"""State DiffTraj's network and sampler again in our own words: its published shapes with random weights, for timing.

Zhu, Ye, Zhang, Zhao and Yu (2023), "DiffTraj: Generating GPS trajectory with diffusion probabilistic model", NeurIPS
36, arXiv:2304.11582; sizes from the configuration that its authors publish. A trajectory is 200 points of two
coordinates::

    points ─▶ conv ─▶ level 1 ─▶ level 2 ─▶ level 3 ─▶ level 4 ─▶ middle (attention) ─▶ back up, with what was kept
                        200        100         50         25 points
    attributes of the trip, time of the diffusion ──▶ added in every residual block

Each step of the reverse process evaluates the network with and without the attributes. What comes out means nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

GROUPS = 32


@dataclass(frozen=True, kw_only=True)
class Shapes:
    """Hold the published sizes."""

    points: int = 200
    coordinates: int = 2
    width: int = 128
    factors: tuple[int, ...] = (1, 2, 2, 2)
    blocks: int = 2
    numbers: int = 5
    categories: tuple[int, ...] = (288, 257, 257)
    category_width: int = 256
    dropout: float = 0.1
    guidance: float = 3.0
    noise_steps: int = 500
    noise: tuple[float, float] = (1e-4, 0.05)
    steps: int = 100

    @property
    def context(self) -> int:
        """Channels of what every block is told."""
        return 4 * self.width


def norm(width: int) -> nn.GroupNorm:
    return nn.GroupNorm(GROUPS, width, eps=1e-6)


class Residual(nn.Module):
    """Two convolutions around what the block is told."""

    def __init__(self, narrow: int, wide: int, shapes: Shapes) -> None:
        super().__init__()
        self.first = nn.Sequential(norm(narrow), nn.SiLU(), nn.Conv1d(narrow, wide, 3, padding=1))
        self.told = nn.Sequential(nn.SiLU(), nn.Linear(shapes.context, wide))
        self.second = nn.Sequential(
            norm(wide), nn.SiLU(), nn.Dropout(shapes.dropout), nn.Conv1d(wide, wide, 3, padding=1)
        )
        self.skip = nn.Identity() if narrow == wide else nn.Conv1d(narrow, wide, 1)

    def forward(self, values: Tensor, context: Tensor) -> Tensor:
        """Return values (B, wide, P) of (B, narrow, P), told of the context (B, context)."""
        inner = self.first(values) + self.told(context)[:, :, None]
        return self.skip(values) + self.second(inner)


class PointAttention(nn.Module):
    """Attention of one head between the points of a trajectory."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = norm(width)
        self.query, self.key, self.value, self.out = (nn.Conv1d(width, width, 1) for _ in range(4))

    def forward(self, values: Tensor) -> Tensor:
        """Return values of the same shape (B, width, P)."""
        normed = self.norm(values)
        query, key, value = (part(normed).transpose(1, 2) for part in (self.query, self.key, self.value))
        return values + self.out(functional.scaled_dot_product_attention(query, key, value).transpose(1, 2))


class Attributes(nn.Module):
    """Join the numbers of a trip by a line, and its categories by a network: "wide and deep"."""

    def __init__(self, shapes: Shapes) -> None:
        super().__init__()
        self.wide = nn.Linear(shapes.numbers, shapes.context)
        self.tables = nn.ModuleList(nn.Embedding(count, shapes.category_width) for count in shapes.categories)
        inner = len(shapes.categories) * shapes.category_width
        self.deep = nn.Sequential(
            nn.Linear(inner, shapes.context), nn.ReLU(), nn.Linear(shapes.context, shapes.context)
        )

    def forward(self, numbers: Tensor, categories: Tensor) -> Tensor:
        """Return the context (B, context) of numbers (B, 5) and categories (B, 3)."""
        looked_up = [table(categories[:, k]) for k, table in enumerate(self.tables)]
        return self.wide(numbers) + self.deep(torch.cat(looked_up, dim=1))


class UNet(nn.Module):
    """Predict the noise of trajectories."""

    def __init__(self, shapes: Shapes) -> None:
        super().__init__()
        self.shapes = shapes
        widths = [shapes.width * factor for factor in shapes.factors]
        self.time = nn.Sequential(
            nn.Linear(shapes.width, shapes.context), nn.SiLU(), nn.Linear(shapes.context, shapes.context)
        )
        self.read = nn.Conv1d(shapes.coordinates, shapes.width, 3, padding=1)
        self.down, self.shrink = nn.ModuleList(), nn.ModuleList()
        kept, width = [shapes.width], shapes.width
        for level, wide in enumerate(widths):
            blocks = nn.ModuleList()
            for _ in range(shapes.blocks):
                blocks.append(Residual(width, wide, shapes))
                width = wide
                kept.append(width)
            self.down.append(blocks)
            if level < len(widths) - 1:
                self.shrink.append(nn.Conv1d(width, width, 3, stride=2, padding=1))
                kept.append(width)
        self.middle = nn.ModuleList([Residual(width, width, shapes) for _ in range(2)])
        self.attention = PointAttention(width)
        self.up, self.grow = nn.ModuleList(), nn.ModuleList()
        for level, wide in reversed(list(enumerate(widths))):
            blocks = nn.ModuleList()
            for _ in range(shapes.blocks + 1):
                blocks.append(Residual(width + kept.pop(), wide, shapes))
                width = wide
            self.up.append(blocks)
            if level:
                self.grow.append(nn.Conv1d(width, width, 3, padding=1))
        self.write = nn.Sequential(norm(width), nn.SiLU(), nn.Conv1d(width, shapes.coordinates, 3, padding=1))

    def forward(self, points: Tensor, step: Tensor, told: Tensor) -> Tensor:
        """Return the noise of trajectories (B, 2, 200) at steps (B,), told of their attributes (B, context)."""
        context = self.time(waves(step, self.shapes.width)) + told
        values = self.read(points)
        kept = [values]
        for level, blocks in enumerate(self.down):
            for block in blocks:
                values = block(values, context)
                kept.append(values)
            if level < len(self.shrink):
                values = self.shrink[level](values)
                kept.append(values)
        values = self.middle[1](self.attention(self.middle[0](values, context)), context)
        for level, blocks in enumerate(self.up):
            for block in blocks:
                values = block(torch.cat([values, kept.pop()], dim=1), context)
            if level < len(self.grow):
                values = self.grow[level](functional.interpolate(values, scale_factor=2.0))
        return self.write(values)


def waves(step: Tensor, width: int) -> Tensor:
    """Return sines and cosines of the step, shape (B, width)."""
    half = width // 2
    rate = torch.exp(-math.log(10_000) / (half - 1) * torch.arange(half))
    angle = step[:, None] * rate
    return torch.cat([angle.sin(), angle.cos()], dim=1)


class DiffTraj(nn.Module):
    """Join the network and the two readers of attributes: with them, and with nothing."""

    def __init__(self, shapes: Shapes | None = None) -> None:
        super().__init__()
        self.shapes = shapes or Shapes()
        self.unet = UNet(self.shapes)
        self.some, self.none = Attributes(self.shapes), Attributes(self.shapes)

    def noise(self, points: Tensor, step: Tensor, numbers: Tensor, categories: Tensor) -> Tensor:
        """Return the guided noise, from two evaluations of the network."""
        shown = self.unet(points, step, self.some(numbers, categories))
        blind = self.unet(points, step, self.none(torch.zeros_like(numbers), torch.zeros_like(categories)))
        return shown + self.shapes.guidance * (shown - blind)

    @torch.inference_mode()
    def draw(self, count: int, dice: torch.Generator, *, steps: int | None = None, most: int | None = None) -> Tensor:
        """Return trajectories, shape (N, 2, 200), by DDIM without noise of its own; at most so many of the steps."""
        shapes = self.shapes
        kept = torch.cumprod(1 - torch.linspace(*shapes.noise, shapes.noise_steps), dim=0)
        at = torch.arange(0, shapes.noise_steps, shapes.noise_steps // (steps or shapes.steps)).flip(0)
        after = torch.cat([kept[at[1:]], torch.ones(1)])
        points = torch.randn(count, shapes.coordinates, shapes.points, generator=dice)
        numbers = torch.randn(count, shapes.numbers, generator=dice)
        categories = torch.stack([torch.randint(most_, (count,), generator=dice) for most_ in shapes.categories], dim=1)
        for step, share in list(zip(at, after, strict=True))[:most]:
            noise = self.noise(points, step.expand(count).float(), numbers, categories)
            clean = (points - (1 - kept[step]).sqrt() * noise) / kept[step].sqrt()
            points = share.sqrt() * clean + (1 - share).sqrt() * noise
        return points
