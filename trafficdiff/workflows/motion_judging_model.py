"""Judge what a scene model draws: left alone, and led to what is asked, by budget."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.motion_fine import there_finely
from trafficdiff.metrics.motion_conflicts import least_times_to_collision, motion_conflicts
from trafficdiff.metrics.motion_pair import angle_when_closest
from trafficdiff.workflows.motion_drawing import scene_model
from trafficdiff.workflows.motion_judging import Asked, Judged, judge_made

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
    competing: int = 0,
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
        From how many draws that compete with this budget [nat] the best is kept, as `scenes make guided` does, once
        for times and once for angles as well; 0 for no such rows. The best of as many unguided draws says what choosing
        does alone. Best is in which nobody touches anybody, and what is asked is nearest.
    """
    many = asked.at(np.repeat(np.arange(len(asked.scenes)), draws))
    rows = [_row(f"{name}, unguided", many, *_drawn(many, checkpoint))]
    for budget in budgets:
        led = _led(many, budget_nats=budget)
        rows.append(_row(f"{name}, guided, {budget:g} nat", many, *_drawn(many, checkpoint, guidance=led), led=True))
    if competing:
        rows += _kept_rows(asked, checkpoint, name=name, competing=competing, budget_nats=budget_nats)
    return rows


def _kept_rows(asked: Asked, checkpoint: Path | None, *, name: str, competing: int, budget_nats: float) -> list[Judged]:
    many = asked.at(np.repeat(np.arange(len(asked.scenes)), competing))
    both = _led(many, budget_nats=budget_nats, turned=True)
    wishes = (
        ("unguided", None, False), (f"guided, {budget_nats:g} nat", _led(many, budget_nats=budget_nats), False),
        (f"guided, {budget_nats:g} nat, and angle", both, True),
    )  # fmt: skip
    rows = []
    for wish, led, turned in wishes:
        drawn, spent_s = _drawn(many, checkpoint, guidance=led, compete=led is not None)
        places = _best(many, [one.fine for one in drawn], draws=competing, turned=turned)
        kept = [drawn[place] for place in places]
        rows.append(_row(f"{name}, {wish}, best of {competing}", asked, kept, spent_s, led=led is not None))
    return rows


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
    asked: Asked, checkpoint: Path | None, *, guidance: list[Guidance] | None = None, compete: bool = False
) -> tuple[list[DrawnScene], float]:
    """Return what a model draws, and the processor time that it took [s]."""
    from trafficdiff.diffusion.motion_sampler import sample_scenes

    model = scene_model(checkpoint)
    began = time.process_time()
    drawn = sample_scenes(model.members, asked.scenes, seed=asked.seed, guidance=guidance, compete=compete)
    return drawn, time.process_time() - began


def _row(name: str, asked: Asked, drawn: list[DrawnScene], spent_s: float, *, led: bool = False) -> Judged:
    users = sum(len(scene.user_id) for scene in asked.scenes)
    return judge_made(
        name, asked, [one.fine for one in drawn], kinematic_faults=_faults(drawn),
        scenes_per_s=len(drawn) / spent_s, users_per_s=users / spent_s,
        spent_nats=float(np.mean([one.spent for one in drawn])) if led else None,
    )  # fmt: skip


def _best(asked: Asked, fine: Sequence[NDArray[np.floating]], *, draws: int, turned: bool = False) -> list[int]:
    """Return the place of each scene's best draw: nobody touches anybody, then nearest to what is asked."""
    found = motion_conflicts(asked.scenes, fine)
    least_s = least_times_to_collision(found, asked.others)
    score = np.minimum(np.abs(least_s - asked.ttc_s) / asked.ttc_s, 1e3)
    if turned:
        pairs = zip(asked.scenes, fine, asked.others.tolist(), strict=True)
        away = np.array([angle_when_closest(*pair) for pair in pairs]) - asked.angle_deg
        score += np.abs((away + 180.0) % 360.0 - 180.0) / _DEGREES_LIKE_THE_TIME
    score[found.loc[found["collision"], "scene"].unique()] += 1e4
    best = np.nan_to_num(score, nan=1e5).reshape(-1, draws).argmin(axis=1)
    return [scene * draws + int(draw) for scene, draw in enumerate(best)]


def _faults(drawn: Sequence[DrawnScene]) -> int:
    """Return at how many moments somebody moves as no body can."""
    from trafficdiff.datatypes.motion_windows import tracks_of_motion
    from trafficdiff.datatypes.track_checks import kinematic_faults

    return sum(
        len(kinematic_faults(tracks_of_motion(one.scene, one.fine.astype(np.float64), there_finely(one.scene))))
        for one in drawn
    )
