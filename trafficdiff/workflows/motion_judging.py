"""Judge a scene model on recorded scenes that it has not seen: unguided against the recording, guided by budget."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.errors import InputError
from trafficdiff.metrics.motion_realism import motion_divergences, motion_numbers
from trafficdiff.workflows.motion_drawing import scene_model
from trafficdiff.workflows.randomness import stream

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from trafficdiff.datatypes.motion_scene import MotionScene
    from trafficdiff.diffusion.motion_sampler import DrawnScene
    from trafficdiff.metrics.motion_realism import MotionNumbers

__all__ = ["Judged", "judge_guided", "judge_unguided", "likely_opponent"]

_CHECKED: Final = 100
"""Scenes whose tracks are checked against `datatypes.track_checks`."""
_NEAR_SHARE: Final = 0.2


@dataclass(frozen=True, eq=False, kw_only=True)
class Judged:
    """Hold one row: the numbers, divergences from the recording, kinematic faults, speed, and what guidance reached."""

    name: str
    numbers: MotionNumbers
    divergences: dict[str, float]
    kinematic_faults: int | None = None
    scenes_per_s: float | None = None
    users_per_s: float | None = None
    guided: dict[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the row as plain values."""
        numbers = self.numbers
        return {
            "name": self.name, "scenes": numbers.scenes, "users": numbers.users, "collided": numbers.collided,
            "scenes_collided": numbers.scenes_collided, "near_missed": numbers.near_missed,
            "off_road": numbers.off_road, **self.divergences,
            "mean_jsd": float(np.mean(list(self.divergences.values()))), "kinematic_faults": self.kinematic_faults,
            "scenes_per_s": self.scenes_per_s, "users_per_s": self.users_per_s,
            **{f"guided_{name}": value for name, value in self.guided.items()},
        }  # fmt: skip


def judge_unguided(
    corpora: Sequence[Path], *, checkpoint: Path | None = None, scenes: int = 200, seed: int = 1
) -> list[Judged]:
    """Return the rows: the recording, its other half, its fitted controls, constant velocity, and the model.

    Parameters
    ----------
    corpora
        Folders of motion scenes that the model has not seen.
    checkpoint
        The model; the shipped one if None.
    scenes, seed
        How many are compared, and which.

    Raises
    ------
    InputError
        If there are fewer than two scenes.
    """
    half, other = _halves(corpora, scenes=scenes, seed=seed)
    reference = motion_numbers(half)
    zeros = [np.zeros_like(scene.controls) for scene in half]
    drawn, spent_s = _drawn(half, checkpoint, seed=seed)
    rows = [
        ("recorded", reference), ("recorded, other half", motion_numbers(other)),
        ("recorded, fitted controls", motion_numbers(half, _rolled(half, [scene.controls for scene in half]))),
        ("constant velocity", motion_numbers(half, _rolled(half, zeros))),
    ]  # fmt: skip
    made = [
        Judged(name=name, numbers=numbers, divergences=motion_divergences(numbers, reference)) for name, numbers in rows
    ]
    return [*made, _row("model, unguided", half, drawn, reference, spent_s=spent_s)]


def judge_guided(
    corpora: Sequence[Path],
    *,
    budgets: Sequence[float],
    ttc_s: float,
    checkpoint: Path | None = None,
    scenes: int = 200,
    seed: int = 1,
) -> list[Judged]:
    """Return a row a budget: scenes in which the likeliest opponent is to come to a time to collision with the ego.

    Scenes without anybody who could are left out. Arguments as for `judge_unguided`; `budgets` in nat.
    """
    from trafficdiff.diffusion.motion_guidance import Guidance

    half, _ = _halves(corpora, scenes=scenes, seed=seed)
    chosen = [(scene, other) for scene in half if (other := likely_opponent(scene)) is not None]
    if not chosen:
        return []
    kept = [scene for scene, _ in chosen]
    reference = motion_numbers(kept)
    made = []
    for budget in budgets:
        guidance = [Guidance(other=other, ttc_s=ttc_s, budget_nats=budget) for _, other in chosen]
        drawn, spent_s = _drawn(kept, checkpoint, seed=seed, guidance=guidance)
        reached = np.array([one.reached["ttc_s"] for one in drawn])
        error = np.abs(reached - ttc_s) / ttc_s
        told = {
            "asked_ttc_s": ttc_s, "within_20_percent": float((error <= _NEAR_SHARE).mean()),
            "critical_share": float((reached <= 1.5).mean()), "median_error": float(np.median(error)),
            "spent_nats": float(np.mean([one.spent for one in drawn])),
        }  # fmt: skip
        made.append(_row(f"guided, {budget:g} nat", kept, drawn, reference, spent_s=spent_s, guided=told))
    return made


def likely_opponent(scene: MotionScene, *, among: NDArray[np.bool_] | None = None) -> int | None:
    """Return who can come to a conflict with the ego: who is there from the first, moves, and comes nearest.

    The distance is that of both ways ahead, where both move at their speed; None where nobody is there. ``among``,
    shape (A,), says who is looked at; everybody if None.
    """
    ahead_s = np.linspace(0.5, 5.0, 10)
    start = scene.start.astype(np.float64)
    there = np.asarray(scene.valid[:, :5].all(axis=1))
    place = start[:, None, :2] + ahead_s[:, None] * start[:, None, 3:4] * np.stack(
        [np.cos(start[:, 2]), np.sin(start[:, 2])], axis=-1
    )[:, None]  # fmt: skip
    away = np.hypot(*np.moveaxis(place - place[0], -1, 0)).min(axis=1)
    able = there & (start[:, 3] > 1.0) & (away > 0)
    able[0] = False
    if among is not None:
        able &= among
    if not able.any() or not there[0]:
        return None
    return int(np.where(able, away, np.inf).argmin())


def _halves(corpora: Sequence[Path], *, scenes: int, seed: int) -> tuple[list[MotionScene], list[MotionScene]]:
    from trafficdiff.datatypes.motion_files import read_motion_scenes

    found = [scene for corpus in corpora for scene in read_motion_scenes(corpus)]
    count = min(scenes, len(found) // 2)
    if count < 1:
        raise InputError(f"expected at least two scenes to compare, got {len(found)}")
    order = stream(seed, "judging motion").permutation(len(found))
    return [found[place] for place in order[:count]], [found[place] for place in order[count : 2 * count]]


def _drawn(
    scenes: Sequence[MotionScene], checkpoint: Path | None, *, seed: int, guidance: Any = None
) -> tuple[list[DrawnScene], float]:
    from trafficdiff.diffusion.motion_sampler import sample_scenes

    model = scene_model(checkpoint)
    began = time.process_time()
    drawn = sample_scenes(model.members, scenes, seed=seed, guidance=guidance)
    return drawn, time.process_time() - began


def _rolled(scenes: Sequence[MotionScene], controls: Sequence[Any]) -> list[Any]:
    from trafficdiff.diffusion.motion_fit import rolled_controls

    return [rolled_controls(scene, own) for scene, own in zip(scenes, controls, strict=True)]


def _row(
    name: str,
    scenes: Sequence[MotionScene],
    drawn: Sequence[DrawnScene],
    reference: MotionNumbers,
    *,
    spent_s: float,
    guided: dict[str, float] | None = None,
) -> Judged:
    from trafficdiff.datatypes.motion_windows import tracks_of_motion
    from trafficdiff.datatypes.track_checks import kinematic_faults

    numbers = motion_numbers(scenes, [one.knots for one in drawn])
    faults = [
        len(kinematic_faults(tracks_of_motion(one.scene, one.fine.astype(np.float64), one.present)))
        for one in drawn[:_CHECKED]
    ]
    return Judged(
        name=name, numbers=numbers, divergences=motion_divergences(numbers, reference), kinematic_faults=sum(faults),
        scenes_per_s=len(scenes) / spent_s, users_per_s=numbers.users / spent_s, guided=guided or {},
    )  # fmt: skip
