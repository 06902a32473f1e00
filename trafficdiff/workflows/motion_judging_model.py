"""Judge what a scene model draws: left alone, and led to what is asked, by budget."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.edge_case import TOLERANCE
from trafficdiff.datatypes.motion_fine import there_finely
from trafficdiff.metrics.likely_opponent import likely_opponents
from trafficdiff.metrics.motion_conflicts import least_times_to_collision, motion_conflicts
from trafficdiff.metrics.motion_pair import angle_when_closest
from trafficdiff.workflows.motion_drawing import scene_model
from trafficdiff.workflows.motion_judging import Asked, Judged, judge_made
from trafficdiff.workflows.randomness import stream
from trafficdiff.workflows.scenes_guide_wish import HERD, LIKELIEST

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from trafficdiff.diffusion.motion_guidance import Guidance
    from trafficdiff.diffusion.motion_sampler import DrawnScene

__all__ = ["judge_model"]

_DEGREES_LIKE_THE_TIME: Final = 100.0
"""Angles that are off by this much weigh as much as a time that is off by all of itself."""


def judge_model(
    asked: Asked,
    *,
    checkpoint: Path | None = None,
    name: str = "model",
    budgets: Sequence[float] = (),
    draws: int = 1,
    competing: Sequence[int] = (),
    budget_nats: float = 40.0,
) -> list[Judged]:
    """Return the rows of a model: unguided, led to the times to collision asked by budget, and the best of many draws.

    Parameters
    ----------
    asked
        The scenes.
    checkpoint, name
        The model, the shipped one if None; and what its rows are called.
    budgets
        Of guidance [nat].
    draws
        How often each scene is drawn; each draw counts.
    competing, budget_nats
        From how many draws that compete with this budget [nat] the best is kept (see `_kept_row`), for each number once
        for times, and for the first of them once for angles as well. The best of as many unguided draws says what
        choosing does alone.
    """
    many = asked.at(np.repeat(np.arange(len(asked.scenes)), draws))
    rows = [_row(f"{name}, unguided", many, *_drawn(many, checkpoint))]
    for budget in budgets:
        led = _led(many, budget_nats=budget)
        rows.append(_row(f"{name}, guided, {budget:g} nat", many, *_drawn(many, checkpoint, guidance=led), led=True))
    for number in competing:
        wishes = [(None, False), (budget_nats, False), *([(budget_nats, True)] if number == competing[0] else [])]
        rows += [
            _kept_row(asked, checkpoint, name=name, competing=number, budget_nats=budget, turned=turned)
            for budget, turned in wishes
        ]
    return rows


def _kept_row(
    asked: Asked, checkpoint: Path | None, *, name: str, competing: int, budget_nats: float | None, turned: bool
) -> Judged:
    """Return the row of the best of many draws of each scene, in herds as `scenes make guided` has; none is refused.

    Draws are made in herds of 16, and no more once a herd has one as asked. Where there are several herds, those of the
    last quarter lead the next likeliest opponent. Best is the draw in which nobody touches anybody and which is nearest
    to what is asked. Without a budget nothing is led and nothing competes; the rest is the same.
    """
    kept: list[DrawnScene | None] = [None] * len(asked.scenes)
    least, others = np.full(len(kept), np.inf), asked.others.copy()
    left, total_s = np.arange(len(kept)), 0.0
    for begin in range(0, competing, HERD):
        turn = asked if begin < LIKELIEST * competing else dataclasses.replace(asked, others=_instead(asked))
        size = min(HERD, competing - begin)
        many = dataclasses.replace(turn.at(np.repeat(left, size)), seed=asked.seed + begin)
        led = None if budget_nats is None else _led(many, budget_nats=budget_nats, turned=turned)
        drawn, spent_s = _drawn(many, checkpoint, guidance=led, herd=size)
        total_s += spent_s
        off = _off(many, [one.fine for one in drawn], turned=turned).reshape(-1, size)
        for scene, best, found in zip(left.tolist(), off.argmin(axis=1).tolist(), off.min(axis=1), strict=True):
            if found < least[scene]:
                place = size * int(np.searchsorted(left, scene)) + best
                kept[scene], least[scene], others[scene] = drawn[place], found, turn.others[scene]
        left = left[least[left] > TOLERANCE]
        if not len(left):
            break
    wish = "unguided" if budget_nats is None else f"guided, {budget_nats:g} nat{', and angle' if turned else ''}"
    return _row(
        f"{name}, {wish}, best of {competing}", dataclasses.replace(asked, others=others),
        [one for one in kept if one is not None], total_s, led=budget_nats is not None,
    )  # fmt: skip


def _instead(asked: Asked) -> NDArray[np.int64]:
    """Return who can come to a conflict with the ego most easily but for who was meant, who remains if nobody can."""
    pairs = zip(asked.scenes, asked.others.tolist(), asked.ttc_s.tolist(), strict=True)
    return np.array([
        next((one for one in likely_opponents(scene, ttc_s=ttc_s) if one != other), other)
        for scene, other, ttc_s in pairs
    ])  # fmt: skip


def _led(asked: Asked, *, budget_nats: float, turned: bool = False) -> list[Guidance]:
    """Return what is asked of each scene; ``turned`` adds the angle."""
    from trafficdiff.diffusion.motion_guidance import Guidance

    return [
        Guidance(
            other=int(other), ttc_s=float(ttc_s), angle_deg=float(angle_deg) if turned else None,
            budget_nats=float(budget_nats),
        )
        for other, ttc_s, angle_deg in zip(asked.others, asked.ttc_s, asked.angle_deg, strict=True)
    ]  # fmt: skip


def _drawn(
    asked: Asked, checkpoint: Path | None, *, guidance: list[Guidance] | None = None, herd: int = 0
) -> tuple[list[DrawnScene], float]:
    """Return what a model draws, and the processor time that it took [s]; guided draws of a herd compete."""
    from trafficdiff.diffusion.motion_sampler import sample_scenes

    members = scene_model(checkpoint).members
    began = time.process_time()
    if guidance is None or not herd:
        return sample_scenes(members, asked.scenes, seed=asked.seed, guidance=guidance), time.process_time() - began
    drawn: list[DrawnScene] = []
    for begin in range(0, len(asked.scenes), herd):  # one by one, as the command does
        own = slice(begin, begin + herd)
        seed = int(stream(asked.seed, f"judging motion, herd {begin}").integers(2**31))
        drawn += sample_scenes(members, asked.scenes[own], seed=seed, guidance=guidance[own], compete=True)
    return drawn, time.process_time() - began


def _row(name: str, asked: Asked, drawn: list[DrawnScene], spent_s: float, *, led: bool = False) -> Judged:
    users = sum(len(scene.user_id) for scene in asked.scenes)
    return judge_made(
        name, asked, [one.fine for one in drawn], kinematic_faults=_faults(drawn),
        scenes_per_s=len(drawn) / spent_s, users_per_s=users / spent_s,
        spent_nats=float(np.mean([one.spent for one in drawn])) if led else None,
    )  # fmt: skip


def _off(asked: Asked, fine: Sequence[NDArray[np.floating]], *, turned: bool = False) -> NDArray[np.float64]:
    """Return how far each draw is off what is asked, as a share of the time (N,); far more where users touch."""
    found = motion_conflicts(asked.scenes, fine)
    least_s = least_times_to_collision(found, asked.others)
    off = np.minimum(np.abs(least_s - asked.ttc_s) / asked.ttc_s, 1e3)
    if turned:
        pairs = zip(asked.scenes, fine, asked.others.tolist(), strict=True)
        away = np.array([angle_when_closest(*pair) for pair in pairs]) - asked.angle_deg
        off += np.abs((away + 180.0) % 360.0 - 180.0) / _DEGREES_LIKE_THE_TIME
    off[found.loc[found["collision"], "scene"].unique()] += 1e4
    return np.nan_to_num(off, nan=1e5)


def _faults(drawn: Sequence[DrawnScene]) -> int:
    """Return at how many moments somebody moves as no body can."""
    from trafficdiff.datatypes.motion_windows import tracks_of_motion
    from trafficdiff.datatypes.track_checks import kinematic_faults

    return sum(
        len(kinematic_faults(tracks_of_motion(one.scene, one.fine.astype(np.float64), there_finely(one.scene))))
        for one in drawn
    )
