"""Judge a scene model on recorded scenes that it has not seen, beside what else could make scenes.

::

    corpora ─▶ scenes with an opponent, and what is asked of each ─┬─▶ recorded, other half, fitted, constant velocity
                                                                   └─▶ models (`motion_judging_model`)
                                             every row: the same numbers, by the same code, on the same scenes
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.datatypes.motion_fine import fine_states
from trafficdiff.datatypes.motion_scene import STEPS
from trafficdiff.errors import InputError
from trafficdiff.metrics.likely_opponent import likely_opponent
from trafficdiff.metrics.motion_conflicts import least_times_to_collision
from trafficdiff.metrics.motion_diversity import interaction_types, nearest_distance
from trafficdiff.metrics.motion_pair import angle_when_closest, relative_way
from trafficdiff.metrics.motion_realism import motion_divergences, motion_numbers
from trafficdiff.workflows.randomness import stream

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from trafficdiff.datatypes.motion_scene import MotionScene
    from trafficdiff.metrics.motion_realism import MotionNumbers

__all__ = ["Asked", "Judged", "asked_of", "judge_made", "judge_recorded"]

_ANGLE_OFF_DEG: Final = 20.0
"""Angles asked lie so far from the recorded ones, to either side [deg]."""
_ANGLE_WITHIN_DEG: Final = 10.0
_AMONG: Final = 36
"""How many scenes are looked at at a time for how far the nearest like one is."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Asked:
    """Hold the scenes that every row is made of, and what is asked of each.

    Parameters
    ----------
    scenes, others
        Recorded scenes, and who in each is to come close to the ego.
    rest
        As many other scenes of the same corpora.
    ttc_s, angle_deg
        Time to collision [s] and angle when closest [deg] asked of each, shape (N,).
    numbers
        Of `scenes` as recorded: what is compared with.
    seed
        Of everything random.
    """

    scenes: Sequence[MotionScene]
    others: NDArray[np.int64]
    rest: Sequence[MotionScene]
    ttc_s: NDArray[np.float64]
    angle_deg: NDArray[np.float64]
    numbers: MotionNumbers
    seed: int

    def at(self, places: NDArray[np.integer]) -> Asked:
        """Return the same of some scenes, or of scenes several times."""
        return Asked(
            scenes=[self.scenes[place] for place in places.tolist()], others=self.others[places], rest=self.rest,
            ttc_s=self.ttc_s[places], angle_deg=self.angle_deg[places], numbers=self.numbers, seed=self.seed,
        )  # fmt: skip


@dataclass(frozen=True, eq=False, kw_only=True)
class Judged:
    """Hold one row: the numbers, divergences from the recording, what was reached of what was asked, faults, speed."""

    name: str
    numbers: MotionNumbers
    divergences: dict[str, float]
    reached: dict[str, float] = field(default_factory=dict)
    types: tuple[str, ...] = ()
    nearest_m: float | None = None
    kinematic_faults: int | None = None
    scenes_per_s: float | None = None
    users_per_s: float | None = None
    spent_nats: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the row as plain values."""
        numbers = self.numbers
        return {
            "name": self.name, "scenes": numbers.scenes, "users": numbers.users, "collided": numbers.collided,
            "scenes_collided": numbers.scenes_collided, "ego_collided": numbers.ego_collided,
            "near_missed": numbers.near_missed, "off_road": numbers.off_road,
            "off_road_driving": numbers.off_road_driving, **self.divergences,
            "mean_jsd": float(np.mean(list(self.divergences.values()))), **self.reached,
            "interaction_types": len(self.types), "types": list(self.types), "nearest_m": self.nearest_m,
            "kinematic_faults": self.kinematic_faults, "scenes_per_s": self.scenes_per_s,
            "users_per_s": self.users_per_s, "spent_nats": self.spent_nats,
        }  # fmt: skip


def asked_of(
    corpora: Sequence[Path], *, scenes: int = 200, ttc_s: tuple[float, float] = (0.8, 1.4), seed: int = 1
) -> Asked:
    """Choose scenes with somebody who can come to a conflict with the ego, and what is asked of each.

    Parameters
    ----------
    corpora
        Folders of motion scenes that the model has not seen.
    scenes, seed
        How many at most, and which.
    ttc_s
        Shortest and longest time to collision asked, each scene's drawn evenly between [s].

    Raises
    ------
    InputError
        If there are fewer than two such scenes.
    """
    from trafficdiff.datatypes.motion_files import read_motion_scenes

    every = [scene for corpus in corpora for scene in read_motion_scenes(corpus)]
    generator = stream(seed, "judging motion")
    order = (every[place] for place in generator.permutation(len(every)))
    pairs = [(scene, other) for scene in order if (other := likely_opponent(scene, ttc_s=sum(ttc_s) / 2)) is not None]
    count = min(scenes, len(pairs) // 2)
    if count < 1:
        raise InputError(
            f"expected at least two scenes in which somebody could come to a conflict with the ego, got {len(pairs)} "
            f"in {len(every)} scenes; give larger corpora"
        )
    chosen, others = [scene for scene, _ in pairs[:count]], np.array([other for _, other in pairs[:count]])
    recorded = np.array([
        angle_when_closest(one, fine_states(one), int(other)) for one, other in zip(chosen, others, strict=True)
    ])  # fmt: skip
    aside = _ANGLE_OFF_DEG * generator.choice([-1.0, 1.0], size=count)
    return Asked(
        scenes=chosen, others=others, rest=[scene for scene, _ in pairs[count : 2 * count]],
        ttc_s=generator.uniform(*ttc_s, size=count), angle_deg=_turned(np.nan_to_num(recorded) + aside),
        numbers=motion_numbers(chosen), seed=seed,
    )  # fmt: skip


def judge_recorded(asked: Asked) -> list[Judged]:
    """Return the rows without a model: the recording, its other half, its fitted controls, constant velocity."""
    from trafficdiff.diffusion.motion_fit import rolled_controls

    def driven(name: str, *, still: bool) -> Judged:
        given = [
            np.zeros((len(one.kind), STEPS, 2), np.float32) if still or one.controls is None else one.controls
            for one in asked.scenes
        ]
        rolled = [rolled_controls(one, own) for one, own in zip(asked.scenes, given, strict=True)]
        fine = [fine_states(one, knots) for one, knots in zip(asked.scenes, rolled, strict=True)]
        return judge_made(name, asked, fine)

    return [
        judge_made("recorded", asked, [fine_states(scene) for scene in asked.scenes]),
        _other_half(asked), driven("recorded, fitted controls", still=False), driven("constant velocity", still=True),
    ]  # fmt: skip


def judge_made(name: str, asked: Asked, fine: Sequence[NDArray[np.floating]], **told: Any) -> Judged:
    """Return the row of motion that was made somehow for the scenes asked, states every 0.1 s, shape (A, T, 4) each."""
    numbers = motion_numbers(asked.scenes, fine)
    pairs = list(zip(asked.scenes, fine, asked.others.tolist(), strict=True))
    once = pairs[:: max(1, len(pairs) // asked.numbers.scenes)]
    ways = np.stack([relative_way(scene, states, other) for scene, states, other in once])
    angles = np.array([angle_when_closest(scene, states, other) for scene, states, other in pairs])
    generator = stream(asked.seed, "judging motion, diversity")
    return Judged(
        name=name, numbers=numbers, divergences=motion_divergences(numbers, asked.numbers),
        reached=_reached(asked, numbers, angles), types=interaction_types(numbers.conflicts),
        nearest_m=nearest_distance(ways, among=min(_AMONG, len(ways)), generator=generator), **told,
    )  # fmt: skip


def _reached(asked: Asked, numbers: MotionNumbers, angles: NDArray[np.float64]) -> dict[str, float]:
    """Return how near times to collision and angles of the pairs came to those asked.

    Shares are of all scenes, no collision course counts as missed; the median error is that of pairs on one.
    """
    least_s = least_times_to_collision(numbers.conflicts, asked.others)
    error = np.abs(least_s - asked.ttc_s) / asked.ttc_s
    away = np.abs(_turned(angles - asked.angle_deg))
    on_course, met = np.isfinite(least_s), np.isfinite(away)
    return {
        "on_course": float(on_course.mean()), "ttc_within_10": float((error <= 0.1).mean()),
        "ttc_within_20": float((error <= 0.2).mean()),
        "ttc_error_median": float(np.median(error[on_course])) if on_course.any() else float("nan"),
        "angle_within_10_deg": float((away <= _ANGLE_WITHIN_DEG).mean()),
        "angle_error_median_deg": float(np.median(away[met])) if met.any() else float("nan"),
    }  # fmt: skip


def _other_half(asked: Asked) -> Judged:
    """Return the row of other scenes of the same places: the floor of what distances can be."""
    numbers = motion_numbers(asked.rest)
    return Judged(
        name="recorded, other half", numbers=numbers, divergences=motion_divergences(numbers, asked.numbers),
        types=interaction_types(numbers.conflicts),
    )  # fmt: skip


def _turned(angle_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return angles within -180 to 180 degrees."""
    return np.asarray((angle_deg + 180.0) % 360.0 - 180.0)
