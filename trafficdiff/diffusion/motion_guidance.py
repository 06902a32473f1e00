"""Lead a scene to what is asked of it, as far as a budget allows.

At each level of moderate noise the model predicts clean controls, and the costs (`trafficdiff.diffusion.motion_costs`)
say how far what they lead to is from what is asked: a residual r, about in metres. Its slope is taken through the
network, back to the noisy controls: what is moved then is what the model itself finds possible to move there (Chung et
al. 2023, "Diffusion posterior sampling"). The mean of the next draw moves so far that r would vanish if all were linear
(Song et al. 2023, "Pseudoinverse-guided diffusion models")::

    g = dr/dx       shift = - (1 - (sigma'/sigma)^2)  sigma^2 g  r / (sigma^2 (dr/dD . g) + t^2)       t: 0.1 m

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
    course_gap,
    impact,
    off_road,
    red_light,
    separation,
    speed_held,
    times_on_course,
    ways_apart,
)
from trafficdiff.diffusion.motion_rolling import roll_out, roll_out_finely
from trafficdiff.errors import Faults, InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from trafficdiff.diffusion.motion_inputs import SceneBatch

__all__ = ["Guidance", "Leader"]

_FROM: Final = 6.0
"""Noise level at and below which scenes are led: above it predictions say little of what comes of them."""
_TOLERANCE_M: Final = 0.1
_SPREADS: Final = 5.0
"""Largest variance of controls along any direction that is believed, scaled: bounds how far a slope is followed."""
_INSIDE_M: Final = 0.2
"""By how much boxes are to overlap, thought straight on: a course that just touches may as well miss [m]."""
_APART_M: Final = 0.5
"""How far ego and other are to stay apart where a time to collision is asked [m]."""
_EARLY: Final = 0.95
_EARLY_MS: Final = 8.0
"""Times to collision below this share of what is asked count, by metres a second."""
_WRONG: Final = 4.0
"""What a metre off the road or into somebody counts as [m]: such a scene is worth nothing."""
_TURN_M: Final = 3.0
"""What an angle that is off by one radian counts as [m]."""
_SHARE: Final = 0.25
"""How much of what is left of the budget one level may spend."""
_DONE_M2: Final = 1e-3
_NOTHING: Final = float("nan")


@dataclass(frozen=True, kw_only=True)
class Guidance:
    """Say what is asked of a scene; what is left out is not asked.

    Parameters
    ----------
    other
        The user who comes close to the ego, by its place in the scene (1 and up).
    ttc_s
        Smallest time to collision between the two, both going straight on, without touching [s].
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
    on_road, clear, rules
        Weights of who is led staying on the road, not touching anybody else, and stopping at red.
    budget_nats
        How far the guided process may diverge from the model, in all [nat].

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
    on_road: float = 1.0
    clear: float = 1.0
    rules: float = 1.0
    budget_nats: float = 40.0

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
        self.whom = self._deviating(batch)
        self.free = free * self.whom[..., None, None]
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
        self.budget = torch.tensor([float(one.budget_nats) for one in asked])
        self.weights = torch.tensor([[one.on_road, one.clear, one.rules] for one in asked])

    def _deviating(self, batch: SceneBatch) -> Tensor:
        led = torch.zeros_like(batch.there)
        for row, one in enumerate(self.asked):
            led[row, list(one.may_deviate or (one.other,))] = True
        return led

    def cost(self, controls: Tensor) -> Tensor:
        """Return how far scenes with controls (B, A, STEPS, 2) [m/s2, 1/m] are from what is asked, (B,), about in m2.

        Ego and other are looked at every 0.1 s, everybody at the knots.
        """
        batch, pair, other = self.batch, self.pair, torch.ones_like(self.other)
        knots = roll_out(batch.start, controls, batch.limits, moves=batch.moves)
        fine = roll_out_finely(pair.start, _rows(controls, self.both), pair.limits, moves=pair.moves)
        gap = approach(fine, pair, other, gap_m=self.gap_m.nan_to_num()).square()
        astray, touching, rules = self.weights.unbind(-1)
        return (
            torch.where(self.ttc_s.isnan(), 0.0, self._course(fine))
            + torch.where(self.gap_m.isnan(), 0.0, gap)
            + _TURN_M**2 * impact(fine, pair, other, angle_rad=self.angle, bearing_rad=self.bearing)
            + speed_held(knots, batch, speed_ms=self.speed_ms)
            + astray * (_WRONG * off_road(knots, batch, whom=self.whom)).square()
            + touching * _WRONG**2 * clear_of_others(knots, batch, self.other, whom=self.whom)
            + rules * red_light(knots, batch, whom=self.whom)
        )

    def faults(self, controls: Tensor) -> Tensor:
        """Return how far those who are not led come off the road or into each other, (B,), about in m2, as `cost`."""
        knots, rest = roll_out(self.batch.start, controls, self.batch.limits, moves=self.batch.moves), ~self.whom
        off_m = off_road(knots, self.batch, whom=rest & self.batch.there)
        return _WRONG**2 * (off_m.square() + clear_of_others(knots, self.batch, self.other, whom=rest))

    def _course(self, fine: Tensor) -> Tensor:
        """Return how far the pair is from the time to collision that is asked, no less, no touch, on ways that meet."""
        pair, other = self.pair, torch.ones_like(self.other)
        wanted_s = self.ttc_s.nan_to_num(nan=1.0)
        course = course_gap(fine, pair, other, ttc_s=wanted_s) + _INSIDE_M
        left_s = times_on_course(fine, pair, other)
        least_s = (left_s * torch.softmax(-8.0 * left_s, dim=-1)).sum(-1)
        early = _EARLY_MS * (_EARLY * wanted_s - least_s).clamp(min=0)
        apart, weight = closest(fine, pair, other)
        touch = _WRONG * (_APART_M - (apart * weight).sum(-1)).clamp(min=0)
        meet = (ways_apart(fine, pair, other) + _INSIDE_M).clamp(min=0)
        return course.square() + early.square() + touch.square() + meet.square()

    def looked_at(
        self, predict: Callable[[Tensor], Tensor], noisy: Tensor, *, sigma: float
    ) -> tuple[Tensor, Tensor, Tensor] | None:
        """Return the clean controls that are predicted from noisy ones, their way, and their promise; None if not led.

        The way, shape (B, A, STEPS, 2), is the shift of the prediction that meets what is asked if all is linear; the
        promise, shape (B,), the logarithm of how likely that comes about by itself, up to a constant.
        """
        if sigma > _FROM:
            return None
        with torch.enable_grad():
            at = noisy.detach().requires_grad_()
            clean = predict(at)
            cost = self.cost(clean * self.scale)
            residual = (cost + _DONE_M2).sqrt()
            told, slope = torch.autograd.grad(residual.sum(), (clean, at))
        slope, told = (one.nan_to_num() * self.free for one in (slope, told))
        size = slope.square().sum((1, 2, 3))
        gain = torch.maximum((told * slope).sum((1, 2, 3)), (1 + sigma**2 / _SPREADS) * size)
        residual, variance = residual.detach() * (cost.detach() > _DONE_M2), sigma**2 * gain + _TOLERANCE_M**2
        wanted = residual * sigma**2 / variance
        promise = -(residual.square() / variance + variance.log()) / 2
        promise = promise - self.faults(clean.detach() * self.scale) / (2 + 2 * (_WRONG * sigma) ** 2)
        return clean.detach(), -wanted[:, None, None, None] * slope, promise

    def shift(self, way: Tensor, *, sigma: float, following: float, spread: float, spent: Tensor) -> Tensor:
        """Return by how much the mean of the next draw moves on its way, within the budget, (B, A, STEPS, 2)."""
        shift = (1 - (following / sigma) ** 2) * way
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
        least_s = times_on_course(fine, batch, other).amin(1)
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
