"""State VBD's network and sampler again in our own words: its published shapes with random weights, for timing.

Huang, Zhang, Vaidya, Chen, Fernandez Fisac and Lv (2024), "Versatile behavior diffusion for generalized traffic agent
simulation", arXiv:2404.02524; sizes from the authors' code and configuration, as a public copy of them has it. There
users are read by a network of their present state (the form of that configuration, with which there are the published
11.8 million parameters) or by a recurrent one of their last second (12.3 million); here it is the first. What is drawn
are accelerations and yaw rates of 32 road users for 8 s, one for every 0.2 s::

    users, 256 lines of 30 points, 16 signals ─▶ tokens ─▶ 6 layers: all to all, told what each is to each     once
    noisy controls ─▶ rolled out ─▶ 40 tokens a user ─▶ (all users up to then ─▶ scene) twice ─▶ clean controls   x 50

Of the users the encoder sees those that are drawn; the authors show it 64. The third part, which predicts single users,
counts among the parameters and is no part of drawing: it is built and never asked.

**Repeated products.** In the denoiser each user sees every token through what that token is *to it*: keys and values
are projected anew for each of 32 users, and those of the scene at each of 50 steps. Projections are linear, so that the
same result follows from projecting once (`Across.shared`). Both are here; the first is as published.

What comes out means nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True, kw_only=True)
class Shapes:
    """Hold the published sizes."""

    users: int = 32
    lines: int = 256
    line_points: int = 30
    signals: int = 16
    width: int = 256
    heads: int = 8
    layers: int = 6
    across: int = 4
    waves: int = 64
    samples: int = 80
    held: int = 2
    steps: int = 50
    spread: tuple[float, float] = (1.0, 0.15)
    most: float = 5.0

    @property
    def tokens(self) -> int:
        """Tokens of a user: one for each control."""
        return self.samples // self.held


@dataclass(frozen=True, eq=False)
class Scene:
    """Hold what a scene is known by: users (A, 8), kinds (A,), lines (L, P, 3), what they are (L, 2), signals (S, 3).

    Users are x, y, heading, two speeds, length, width, height; lines x, y, heading; signals x, y and what they show.
    """

    users: Tensor
    kinds: Tensor
    lines: Tensor
    of_line: Tensor
    signals: Tensor


@dataclass(eq=False)
class Seen:
    """Hold what the encoder made of a scene: tokens (N, d), and what each is to each (N, N, d)."""

    tokens: Tensor
    between: Tensor
    users: Tensor
    kept: dict[int, tuple[Tensor, Tensor]] = field(default_factory=dict)


def forth(width: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))


def heads_of(values: Tensor, heads: int) -> Tensor:
    """Return values (..., n, d) as (..., heads, n, d / heads)."""
    return values.unflatten(-1, (heads, -1)).transpose(-3, -2)


class Relations(nn.Module):
    """Describe what one token is to another, by waves of place ahead, place aside and turn."""

    def __init__(self, shapes: Shapes) -> None:
        super().__init__()
        width = shapes.width
        self.pitch = nn.Parameter(torch.randn(3, shapes.waves))
        self.parts = nn.ModuleList(
            nn.Sequential(
                nn.Linear(2 * shapes.waves + 1, width), nn.LayerNorm(width), nn.ReLU(), nn.Linear(width, width)
            )
            for _ in range(3)
        )
        self.out = nn.Sequential(nn.LayerNorm(width), nn.ReLU(), nn.Linear(width, width))

    def forward(self, between: Tensor) -> Tensor:
        """Return (N, N, d) of (N, N, 3)."""
        angle = 2 * math.pi * between[..., None] * self.pitch
        told = torch.cat([angle.cos(), angle.sin(), between[..., None]], dim=-1)
        return self.out(sum(part(told[..., k, :]) for k, part in enumerate(self.parts)))


class Among(nn.Module):
    """Let all tokens of a scene attend to each other, with what each is to each in keys and values."""

    def __init__(self, shapes: Shapes) -> None:
        super().__init__()
        width, self.heads = shapes.width, shapes.heads
        self.ask, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.forth = forth(width)

    def forward(self, tokens: Tensor, between: Tensor) -> Tensor:
        """Return tokens (N, d), told what each is to each (N, N, d)."""
        query, key, value = (heads_of(part, self.heads) for part in self.ask(tokens).chunk(3, dim=-1))
        own = torch.block_diag(*torch.ones(self.heads, 1, query.shape[-1])).to(tokens)
        spread = query.transpose(0, 1).flatten(1)[:, None] * own
        scores = query @ key.transpose(-1, -2) + (spread @ between.transpose(-1, -2)).transpose(0, 1)
        weight = (scores / query.shape[-1] ** 0.5).softmax(-1)
        told = (weight.transpose(0, 1) @ between * own).sum(1)
        mixed = (weight @ value).transpose(0, 1).flatten(1) + told
        tokens = self.norms[0](self.out(mixed) + tokens)
        return self.norms[1](self.forth(tokens) + tokens)


class Across(nn.Module):
    """Let tokens of users look at others, each through what those are to its user."""

    def __init__(self, shapes: Shapes) -> None:
        super().__init__()
        width, self.heads = shapes.width, shapes.heads
        self.ask, self.offered, self.out = nn.Linear(width, width), nn.Linear(width, 2 * width), nn.Linear(width, width)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.forth = forth(width)

    def forward(self, query: Tensor, keys: Tensor, told: Tensor, hidden: Tensor | None, *, together: int) -> Tensor:
        """Return (A, T, d) of queries (A, T, d), keys (K, d), told (A, J, d) and hidden (A, T, K); J divides K.

        Keys and values are projected for each user anew, for so many users together.
        """
        mixed = [
            self.attend(query[users], self.offer(keys, told[users]), None if hidden is None else hidden[users])
            for users in torch.arange(len(query)).split(together)
        ]
        return self.think(torch.cat(mixed))

    def shared(self, query: Tensor, told: Tensor, hidden: Tensor) -> Tensor:
        """Return the same where users look at each other, from keys and values that are projected once.

        What user j is to user i is the same for all tokens of j. So each token of j is marked with j beside its key and
        its value; queries then hold what they have to do with each j, and answers how much of each j they hold.
        """
        users, times, _ = query.shape
        key, value = (heads_of(part, self.heads) for part in self.offered(query.flatten(0, 1)).chunk(2, dim=-1))
        of_key, of_value = (
            heads_of(part, self.heads) for part in functional.linear(told, self.offered.weight).chunk(2, dim=-1)
        )
        marks = torch.eye(users).repeat_interleave(times, dim=0).expand(self.heads, -1, -1)
        asked = heads_of(self.ask(query), self.heads)
        asked = torch.cat([asked, asked @ of_key.transpose(-1, -2)], dim=-1)
        mixed = functional.scaled_dot_product_attention(
            asked.transpose(0, 1).flatten(1, 2)[None], torch.cat([key, marks], dim=-1)[None],
            torch.cat([value, marks], dim=-1)[None], attn_mask=~hidden.flatten(0, 1), scale=key.shape[-1] ** -0.5,
        )[0].unflatten(1, (users, times)).transpose(0, 1)  # fmt: skip
        return self.think(mixed[..., : key.shape[-1]] + mixed[..., key.shape[-1] :] @ of_value)

    def offer(self, keys: Tensor, told: Tensor) -> tuple[Tensor, Tensor]:
        """Return keys and values for each user, (A, H, K, d / H), of keys (K, d) and told (A, J, d)."""
        offered = self.offered(keys + told.repeat_interleave(len(keys) // told.shape[1], dim=1))
        key, value = offered.chunk(2, dim=-1)
        return heads_of(key, self.heads), heads_of(value, self.heads)

    def attend(self, query: Tensor, offered: tuple[Tensor, Tensor], hidden: Tensor | None) -> Tensor:
        """Return what users see, (A, H, T, d / H)."""
        mask = None if hidden is None else ~hidden[:, None]
        asked = heads_of(self.ask(query), self.heads)
        return functional.scaled_dot_product_attention(asked, *offered, attn_mask=mask)

    def think(self, mixed: Tensor) -> Tensor:
        """Return tokens (A, T, d) of what was seen."""
        tokens = self.norms[0](self.out(mixed.transpose(-3, -2).flatten(-2)))
        return self.norms[1](self.forth(tokens) + tokens)  # type: ignore[no-any-return]


class Encoder(nn.Module):
    """Read users, lines and signals."""

    def __init__(self, shapes: Shapes) -> None:
        super().__init__()
        width = shapes.width
        self.motion = nn.Sequential(
            nn.Linear(5, 128), nn.ReLU(), nn.Linear(128, width), nn.ReLU(), nn.Linear(width, width)
        )
        self.point = nn.Sequential(nn.Linear(3, 128), nn.ReLU(), nn.Linear(128, width))
        self.kinds, self.line_kinds = nn.Embedding(4, width), nn.Embedding(21, width)
        self.line_shows, self.shows = nn.Embedding(8, width), nn.Embedding(8, width)
        self.relations = Relations(shapes)
        self.layers = nn.ModuleList(Among(shapes) for _ in range(shapes.layers))

    def forward(self, scene: Scene) -> Seen:
        """Return what is seen of a scene."""
        local = in_frame(scene.lines, scene.lines[:, :1])
        cosine, sine = scene.users[:, 2].cos(), scene.users[:, 2].sin()
        x, y = scene.users[:, 3], scene.users[:, 4]
        speeds = torch.stack([x * cosine + y * sine, y * cosine - x * sine], dim=-1)
        lines = self.point(local).amax(dim=1) + self.line_shows(scene.of_line[:, 0])
        tokens = torch.cat([
            self.motion(torch.cat([speeds, scene.users[:, 5:]], dim=-1)) + self.kinds(scene.kinds),
            lines + self.line_kinds(scene.of_line[:, 1]),
            self.shows(scene.signals[:, 2].long()),
        ])  # fmt: skip
        places = torch.cat([scene.users[:, :3], scene.lines[:, 0], scene.signals * torch.tensor([1.0, 1.0, 0.0])])
        between = self.relations(in_frame(places[None], places[:, None]))
        for layer in self.layers:
            tokens = layer(tokens, between)
        return Seen(tokens, between, scene.users)


class Denoiser(nn.Module):
    """Predict clean controls from noisy ones that are rolled out."""

    def __init__(self, shapes: Shapes) -> None:
        super().__init__()
        width = self.width = shapes.width
        self.shapes = shapes
        self.levels, self.times = nn.Embedding(shapes.steps, width), nn.Embedding(shapes.tokens, width)
        self.read = nn.Sequential(nn.Linear(5, 128), nn.ReLU(), nn.Linear(128, width))
        self.layers = nn.ModuleList(Across(shapes) for _ in range(shapes.across))
        self.write = nn.Sequential(nn.Linear(width, 128), nn.ELU(), nn.Linear(128, 2))

    def forward(self, controls: Tensor, step: int, seen: Seen, *, together: int) -> Tensor:
        """Return clean controls (A, T, 2) of noisy ones; for so many users together, 0 for nothing projected twice."""
        states = rolled(seen.users, controls, held=self.shapes.held)
        tokens = self.read(states.unflatten(1, (-1, self.shapes.held))).amax(dim=2)
        tokens = tokens + self.times.weight + self.levels.weight[step]
        hidden = unseen(*tokens.shape[:2])
        first = tokens
        for place in range(0, len(self.layers), 2):
            if place:
                first = first + tokens
            first = self._look(place, first, seen, hidden, together=together)
            first = self._look(place + 1, first, seen, None, together=together)
        return self.write(first)  # type: ignore[no-any-return]

    def _look(self, place: int, query: Tensor, seen: Seen, hidden: Tensor | None, *, together: int) -> Tensor:
        """Let users look at each other where something is hidden, else at the scene."""
        layer: Across = self.layers[place]  # type: ignore[assignment]
        users = len(query)
        if hidden is not None:
            told = seen.between[:users, :users]
            if together:
                return layer(query, query.flatten(0, 1), told, hidden, together=together)  # type: ignore[no-any-return]
            return layer.shared(query, told, hidden)
        told = seen.between[:users]
        if together:
            return layer(query, seen.tokens, told, None, together=together)  # type: ignore[no-any-return]
        if place not in seen.kept:
            seen.kept[place] = layer.offer(seen.tokens, told)
        return layer.think(layer.attend(query, seen.kept[place], None))


class Predictor(nn.Module):
    """Predict 64 futures of single users: built for the number of parameters alone."""

    def __init__(self, shapes: Shapes) -> None:
        super().__init__()
        width = shapes.width
        self.layers = nn.ModuleList(Across(shapes) for _ in range(4))
        self.anchor = nn.Sequential(nn.Linear(2, 128), nn.ReLU(), nn.Linear(128, width))
        self.controls = nn.Sequential(nn.Linear(width, width), nn.ELU(), nn.Linear(width, 2 * shapes.tokens))
        self.score = nn.Sequential(nn.Linear(width, 128), nn.ELU(), nn.Linear(128, 1))


class VBD(nn.Module):
    """Join encoder, denoiser and predictor; draw scenes."""

    def __init__(self, shapes: Shapes | None = None) -> None:
        super().__init__()
        self.shapes = shapes or Shapes()
        self.encoder, self.denoiser = Encoder(self.shapes), Denoiser(self.shapes)
        self.predictor = Predictor(self.shapes)

    @torch.inference_mode()
    def draw(
        self,
        scene: Scene,
        dice: torch.Generator,
        *,
        together: int = 1,
        steps: int | None = None,
        most: int | None = None,
        seen: Seen | None = None,
    ) -> Tensor:
        """Return states every 0.1 s, shape (A, 80, 5), by DDPM on predictions of what is clean.

        Parameters
        ----------
        scene, dice
            What is known, and where noise comes from.
        together
            Users for whom keys and values are projected together; 0 for the same result with nothing projected twice.
        steps, most
            Noise levels, evenly of the published ones, and at most so many of them.
        seen
            What the encoder made of the scene, if it was asked before.
        """
        shapes = self.shapes
        spread = torch.tensor(shapes.spread)
        seen = seen or self.encoder(scene)
        x = torch.randn(len(scene.users), shapes.tokens, 2, generator=dice)
        for step, after in list(falling(shapes.steps, steps or shapes.steps))[:most]:
            told = self.denoiser(x * spread, step, seen, together=together) / spread
            mean, wide = transition(x, told.clamp(-shapes.most, shapes.most), kept(step, shapes), kept(after, shapes))
            x = mean + wide * torch.randn(x.shape, generator=dice)
        return rolled(seen.users, x * spread, held=shapes.held)


def falling(published: int, steps: int) -> list[tuple[int, int]]:
    """Return levels from the noisiest to the cleanest, each with the one that follows; -1 is without noise."""
    at = torch.linspace(published - 1, 0, steps).round().int().tolist()
    return list(zip(at, [*at[1:], -1], strict=True))


def kept(step: int, shapes: Shapes) -> float:
    """Return the share of variance that is not noise at a level: a cosine (Nichol and Dhariwal 2021)."""
    return math.cos(min((step + 1) / shapes.steps, 0.999) * math.pi / 2) ** 2


def transition(x: Tensor, clean: Tensor, now: float, then: float) -> tuple[Tensor, float]:
    """Return mean and standard deviation of the next, less noisy values: equation 7 of Ho et al. (2020)."""
    alpha = now / then
    mean = (math.sqrt(then) * (1 - alpha) * clean + math.sqrt(alpha) * (1 - then) * x) / (1 - now)
    return mean, math.sqrt((1 - alpha) * (1 - then) / (1 - now))


def unseen(users: int, tokens: int) -> Tensor:
    """Return which tokens of whom a token does not see, (A, T, A T): those of others that are later than itself."""
    user, time = torch.arange(users * tokens) // tokens, torch.arange(users * tokens) % tokens
    hidden = (user[:, None] != user) & (time > time[:, None])
    return hidden.view(users, tokens, users * tokens)


def in_frame(places: Tensor, frame: Tensor) -> Tensor:
    """Return places (..., 3), x, y, heading, as seen from frames (..., 3)."""
    gap = places - frame
    cosine, sine = frame[..., 2].cos(), frame[..., 2].sin()
    turn = (gap[..., 2] + math.pi) % (2 * math.pi) - math.pi
    return torch.stack(
        [gap[..., 0] * cosine + gap[..., 1] * sine, gap[..., 1] * cosine - gap[..., 0] * sine, turn], dim=-1
    )


def rolled(users: Tensor, controls: Tensor, *, held: int, sample_s: float = 0.1) -> Tensor:
    """Return states in each user's own frame, (A, T held, 5): x, y, heading and speeds of controls (A, T, 2)."""
    rates = sample_s * controls.repeat_interleave(held, dim=1).cumsum(dim=1)
    speed = users[:, 3:5].norm(dim=-1, keepdim=True) + rates[..., 0]
    speeds = torch.stack([speed * rates[..., 1].cos(), speed * rates[..., 1].sin()], dim=-1)
    return torch.cat([sample_s * speeds.cumsum(dim=1), rates[..., 1:], speeds], dim=-1)


def parameters(model: nn.Module) -> int:
    """Return how many parameters a network has."""
    return sum(part.numel() for part in model.parameters())
