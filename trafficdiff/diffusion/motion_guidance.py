"""Lead a scene to what is asked of it, as far as a budget allows.

At each noise level the model predicts clean controls. Guidance moves this prediction a few steps down the slope of the
costs (`trafficdiff.diffusion.motion_costs`), measured on what the controls lead to; the network itself is not
differentiated, so that it costs little (He et al. 2024, "Manifold preserving guided diffusion"). The mean of the next
draw moves with it.

**The budget.** A step of standard deviation s whose mean is moved by d lies ``|d|^2 / 2 s^2`` nat from what the model
would have drawn. The sum over all steps is the divergence of the guided process from the model; it never exceeds the
budget, of which one level may spend a quarter of what is left. When it is spent, the model goes on alone. Physics is
not in the budget: controls are rolled out within limits whatever is asked.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor

from trafficdiff.datatypes.motion_scene import FINE, KNOTS, STEPS
from trafficdiff.diffusion.motion_costs import (
    approach,
    clear_of_others,
    closest,
    impact,
    on_way,
    red_light,
    separation,
    speed_held,
    times_on_course,
    times_to_collision,
)
from trafficdiff.diffusion.motion_rolling import roll_out, roll_out_finely
from trafficdiff.errors import Faults, InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trafficdiff.diffusion.motion_inputs import SceneBatch

__all__ = ["Guidance", "Leader"]

_ROUNDS: Final = 3
_STEP: Final = 0.6
"""How far a round moves the prediction, as a share of how uncertain it is at that noise level."""
_SHARE: Final = 0.25
"""How much of what is left of the budget one level may spend."""
_DONE: Final = 2e-3
_NOTHING: Final = float("nan")


@dataclass(frozen=True, kw_only=True)
class Guidance:
    """Say what is asked of a scene; what is left out is not asked.

    Parameters
    ----------
    other
        The user who comes close to the ego, by its place in the scene (1 and up).
    ttc_s
        Smallest time to collision between the two [s].
    gap_m
        Smallest distance between their boxes [m]; 0 or less is a touch.
    angle_deg
        Heading of the other against the ego's when they are closest; 0 the same way, 90 from the right, -90 from the
        left, 180 head-on.
    bearing_deg
        Where the other is seen from the ego then; 0 ahead, 90 on the left.
    end_speed_ms
        Speeds at the end, by user [m/s].

    Other Parameters
    ----------------
    may_deviate
        Who is led; the other alone by default. Everybody else is drawn by the model, and sees them.
    on_way, clear, rules
        Weights of staying on the ways that users take, of not touching anybody else, and of stopping at red.
    budget_nats
        How far the guided process may diverge from the model, in all [nat].
    on_course
        Whether the time to collision counts only where both would touch if they went straight on; else whenever the gap
        on the axis that separates them closes, which includes passing by.

    Raises
    ------
    InputError
        Listing all that cannot be asked.
    """

    other: int = 1
    ttc_s: float | None = None
    gap_m: float | None = None
    angle_deg: float | None = None
    bearing_deg: float | None = None
    end_speed_ms: Mapping[int, float] = field(default_factory=dict)
    may_deviate: tuple[int, ...] = ()
    on_way: float = 1.0
    clear: float = 1.0
    rules: float = 1.0
    budget_nats: float = 40.0
    on_course: bool = False

    def __post_init__(self) -> None:
        faults = Faults("guidance")
        if self.other < 1:
            faults.add(f"expected another user than the ego (1 and up), got {self.other}")
        if self.ttc_s is not None and not 0.1 <= self.ttc_s <= 8.0:
            faults.add(f"expected a time to collision from 0.1 to 8 s, got {self.ttc_s:g}")
        if self.gap_m is not None and not -2.0 <= self.gap_m <= 50.0:
            faults.add(f"expected a gap from -2 to 50 m, got {self.gap_m:g}")
        for name in ("angle_deg", "bearing_deg"):
            value = getattr(self, name)
            if value is not None and not -180 <= value <= 180:
                faults.add(f"expected {name} from -180 to 180, got {value:g}")
        if not (math.isfinite(self.budget_nats) and self.budget_nats >= 0):
            faults.add(f"expected a budget of 0 nat or more, got {self.budget_nats:g}")
        for user, speed_ms in self.end_speed_ms.items():
            if user < 0 or not 0 <= speed_ms <= 60:
                faults.add(f"expected speeds from 0 to 60 m/s of users 0 and up, got {speed_ms:g} of {user}")
        faults.raise_if_any(InputError)


class Leader:
    """Lead a batch of scenes, each by its own guidance."""

    def __init__(self, asked: Sequence[Guidance], batch: SceneBatch, *, free: Tensor, scale: Tensor) -> None:
        users = batch.there.sum(1)
        for guidance, count in zip(asked, users.tolist(), strict=True):
            if max((guidance.other, *guidance.may_deviate, *guidance.end_speed_ms)) >= count:
                raise InputError(
                    f"expected users of the scene, 0 to {count - 1}, got {guidance.other} or others beyond; choose one "
                    "that is there"
                )
        self.asked, self.batch, self.scale = asked, batch, scale
        self.free = free * self._deviating(batch)
        self.other = torch.tensor([one.other for one in asked])
        self.both = torch.stack([torch.zeros_like(self.other), self.other], dim=1)
        self.pair = replace(batch, **{one.name: _rows(getattr(batch, one.name), self.both) for one in fields(batch)})
        self.ttc_s, self.gap_m = (_column(getattr(one, name) for one in asked) for name in ("ttc_s", "gap_m"))
        self.angle, self.bearing = (
            torch.deg2rad(_column(getattr(one, name) for one in asked)) for name in ("angle_deg", "bearing_deg")
        )
        self.speed_ms = torch.full(batch.there.shape, _NOTHING)
        for row, one in enumerate(asked):
            for user, speed_ms in one.end_speed_ms.items():
                self.speed_ms[row, user] = speed_ms
        self.course = torch.tensor([one.on_course for one in asked])
        self.budget = torch.tensor([float(one.budget_nats) for one in asked])
        self.weights = torch.tensor([[one.on_way, one.clear, one.rules] for one in asked])

    def _deviating(self, batch: SceneBatch) -> Tensor:
        led = torch.zeros(*batch.there.shape, 1, 1)
        for row, one in enumerate(self.asked):
            led[row, list(one.may_deviate or (one.other,))] = 1.0
        return led

    def cost(self, controls: Tensor) -> Tensor:
        """Return how far scenes with controls (B, A, STEPS, 2) [m/s2, 1/m] are from what is asked, (B,).

        Ego and other are looked at every 0.1 s, everybody at the knots.
        """
        batch, pair, other = self.batch, self.pair, torch.ones_like(self.other)
        knots = roll_out(batch.start, controls, batch.limits, moves=batch.moves)
        fine = roll_out_finely(pair.start, _rows(controls, self.both), pair.limits, moves=pair.moves)
        apart, weight = closest(fine, pair, other)
        left_s = times_to_collision(fine, pair, other)
        if bool(self.course.any()):
            left_s = torch.where(self.course[:, None], times_on_course(fine, pair, other), left_s)
        least_s = (left_s * torch.softmax(-4.0 * left_s, dim=-1)).sum(-1)
        far = ((apart * weight).sum(-1) - 1.0).clamp(min=0) / 20
        wanted_s = self.ttc_s.nan_to_num(nan=1.0)
        ttc = ((least_s - wanted_s) / wanted_s).square().clamp(max=25.0) + far * (least_s > wanted_s)
        gap = approach(fine, pair, other, gap_m=self.gap_m.nan_to_num()) / 2
        astray, touching, rules = self.weights.unbind(-1)
        return (
            torch.where(self.ttc_s.isnan(), 0.0, ttc)
            + torch.where(self.gap_m.isnan(), 0.0, gap)
            + impact(fine, pair, other, angle_rad=self.angle, bearing_rad=self.bearing)
            + 0.1 * speed_held(knots, batch, speed_ms=self.speed_ms)
            + astray * on_way(knots, batch)
            + touching * clear_of_others(knots, batch, self.other)
            + rules * red_light(knots, batch)
        )

    def shift(self, clean: Tensor, *, sigma: float, following: float, spread: float, spent: Tensor) -> Tensor:
        """Return by how much the mean of the next draw moves, within the budget, shape (B, A, STEPS, 2)."""
        uncertain = sigma / math.sqrt(1 + sigma**2)
        moved = clean.clone()
        with torch.enable_grad():
            for _ in range(_ROUNDS):
                at = moved.detach().requires_grad_()
                cost = self.cost(at * self.scale)
                (slope,) = torch.autograd.grad(cost.sum(), at)
                slope = slope.nan_to_num() * self.free
                size = slope.square().sum((1, 2, 3), keepdim=True)
                count = self.free.expand_as(slope).sum((1, 2, 3), keepdim=True).clamp(min=1)
                wanted = (cost.detach() > _DONE)[:, None, None, None]
                moved = moved - wanted * uncertain * _STEP * slope / (size / count + 1e-12).sqrt()
        shift = (1 - (following / sigma) ** 2) * (moved - clean)
        cost = shift.square().sum((1, 2, 3)) / (2 * spread**2)
        room = _SHARE * (self.budget - spent).clamp(min=0)
        share = (room / cost.clamp(min=1e-12)).clamp(max=1.0).sqrt()
        return shift * share[:, None, None, None]

    def reached(self, fine: Tensor) -> list[dict[str, float]]:
        """Return what came out, by scene: smallest gap and time to collision, angle, bearing, and time of the gap."""
        batch, other = self.batch, self.other
        rows = torch.arange(len(fine))
        ego, opponent = fine[:, 0], fine[rows, other]
        apart = separation(ego, opponent, batch.size[:, :1], batch.size[rows, other][:, None])
        both = batch.valid[:, 0] & batch.valid[rows, other]
        there = torch.zeros_like(apart, dtype=torch.bool)
        there[:, : STEPS * FINE] = (both[:, 1:] & both[:, :-1]).repeat_interleave(FINE, dim=1)
        apart = apart.masked_fill(~there, float("inf"))
        when = apart.argmin(1)
        ego, opponent = ego[rows, when], opponent[rows, when]
        gap = opponent[:, :2] - ego[:, :2]
        angle = _degrees(opponent[:, 2] - ego[:, 2])
        bearing = _degrees(torch.atan2(gap[:, 1], gap[:, 0]) - ego[:, 2])
        least_s = times_to_collision(fine, batch, other).amin(1)
        names = ("gap_m", "ttc_s", "angle_deg", "bearing_deg", "when_s")
        columns = (apart.amin(1), least_s, angle, bearing, when / 10)
        return [
            dict(zip(names, map(float, values), strict=True)) for values in torch.stack(columns, dim=1)
        ]  # fmt: skip


def _rows(values: Tensor, users: Tensor) -> Tensor:
    """Return the values (B, A, ...) of some users (B, n)."""
    return values[torch.arange(len(values))[:, None], users]


def _column(values: object) -> Tensor:
    return torch.tensor([_NOTHING if one is None else float(one) for one in values])  # type: ignore[attr-defined]


def _degrees(angle: Tensor) -> Tensor:
    return torch.rad2deg(torch.remainder(angle + math.pi, 2 * math.pi) - math.pi)


assert KNOTS == STEPS + 1
