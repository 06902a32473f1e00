"""Measure drawn motion against recorded motion: who touches whom, who leaves the road, and how distributions differ.

Of users while they are there; everything by the same code for every source. Touching and near misses are looked for
every 0.1 s, the rest at knots half a second apart.

====================  ========================================================================================
``collided``          share of users whose box overlaps another's by more than 0.1 m, and did not at the first moment
``scenes_collided``   share of scenes in which that happens
``ego_collided``      share of scenes in which the ego is one of them
``near_missed``       share of scenes in which the ego comes to a time to collision of 1.5 s or less with somebody, on a
                      collision course, and does not touch him (`motion_conflicts`)
``off_road``          share of moments at which a box's centre lies beyond the edge of every lane, way and crossing
                      and, of who walks, beyond the outline of every walking area and crossing of the net
``off_road_driving``  the same of who does not walk
speed, acceleration   [m/s], [m/s2] between knots
headway               time to the front of whom one follows, centre line within 1.5 m, below 6 s, above 1 m/s [s]
lateral offset        from the middle of the nearest lane that leads one's way [m]
====================  ========================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.motion_fine import fine_states
from trafficdiff.datatypes.motion_scene import FINE, LINE_FEATURES, STEP_S, WALKS
from trafficdiff.metrics.divergence import jensen_shannon
from trafficdiff.metrics.motion_conflicts import motion_conflicts, near_missed
from trafficdiff.metrics.motion_pair import boxes_apart
from trafficdiff.metrics.walking_areas import distance_from_areas

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from trafficdiff.datatypes.motion_scene import MotionScene

__all__ = ["DISTRIBUTIONS", "MotionNumbers", "motion_divergences", "motion_numbers"]

_OVERLAP_M: Final = -0.1
_KERB_M: Final = 0.3
"""How far beyond a lane's edge a centre may lie before it counts as off the road: nets have gaps between lanes [m]."""
_SEEN_M: Final = 90.0
"""Maps reach 100 m from the ego: who is further away is not judged [m]."""
_BINS: Final[dict[str, NDArray[np.float64]]] = {
    "speed": np.linspace(0, 25, 51),
    "acceleration": np.linspace(-6, 5, 45),
    "headway": np.linspace(0, 6, 31),
    "lateral_offset": np.linspace(-2, 2, 41),
}
DISTRIBUTIONS: Final = tuple(_BINS)


@dataclass(frozen=True, eq=False)
class MotionNumbers:
    """Hold what was measured of some scenes.

    ``users`` and ``scenes`` count, ``values`` are samples, ``conflicts`` are those of `motion_conflicts`.
    """

    scenes: int
    users: int
    collided: float
    scenes_collided: float
    ego_collided: float
    near_missed: float
    off_road: float
    off_road_driving: float
    values: dict[str, NDArray[np.float64]]
    conflicts: pd.DataFrame


def motion_numbers(
    scenes: Sequence[MotionScene], fine: Sequence[NDArray[np.floating]] | None = None
) -> MotionNumbers:  # fmt: skip
    """Return the numbers of scenes as they were recorded, or as they were drawn.

    Parameters
    ----------
    scenes
        Who is there when, sizes and maps.
    fine
        Drawn states every 0.1 s, shape (A, (KNOTS - 1) * FINE + 1, 4) each; the recorded ones if None.
    """
    if fine is None:
        fine = [fine_states(scene) for scene in scenes]
    collided = users = crashed = struck = 0
    beyond: list[NDArray[np.bool_]] = []
    driving: list[NDArray[np.bool_]] = []
    values: dict[str, list[NDArray[np.float64]]] = {name: [] for name in _BINS}
    for scene, states in zip(scenes, fine, strict=True):
        touching = _touching(scene, states)
        collided, users = collided + int(touching.sum()), users + len(touching)
        crashed, struck = crashed + bool(touching.any()), struck + bool(touching[0])
        state = np.asarray(states, np.float64)[:, ::FINE]
        astray, drives, offset = _on_road(scene, state)
        beyond.append(astray)
        driving.append(drives)
        values["lateral_offset"].append(offset)
        both = scene.valid[:, 1:] & scene.valid[:, :-1]
        values["speed"].append(state[..., 3][scene.valid])
        values["acceleration"].append((np.diff(state[..., 3], axis=1) / STEP_S)[both])
        values["headway"].append(_headways(scene, state))
    count = max(len(scenes), 1)
    astray, drives = (np.concatenate([np.zeros(0, bool), *parts]) for parts in (beyond, driving))
    found = motion_conflicts(scenes, fine)
    missed = int(near_missed(found, scenes=len(scenes)).sum())
    return MotionNumbers(
        scenes=len(scenes), users=users, collided=collided / max(users, 1), scenes_collided=crashed / count,
        ego_collided=struck / count, near_missed=missed / count, off_road=_share(astray),
        off_road_driving=_share(astray[drives]),
        values={name: np.concatenate(parts) if parts else np.zeros(0) for name, parts in values.items()},
        conflicts=found,
    )  # fmt: skip


def motion_divergences(one: MotionNumbers, other: MotionNumbers) -> dict[str, float]:
    """Return the Jensen-Shannon divergence of each distribution, base 2; outermost bins take what lies outside."""
    found = {}
    for name, bins in _BINS.items():
        tables = (np.histogram(np.clip(each.values[name], bins[0], bins[-1]), bins)[0] for each in (one, other))
        found[name] = jensen_shannon(*tables)
    return found


def _touching(scene: MotionScene, fine: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Return who touches somebody, and did not from the first moment that both were there, shape (A,)."""
    touching = np.zeros(len(scene.user_id), bool)
    first, second = np.triu_indices(len(touching), 1)
    if len(first):
        apart = boxes_apart(scene, fine, first=first, second=second)
        at_first = apart[np.arange(len(first)), np.isfinite(apart).argmax(axis=1)]
        hit = (apart.min(axis=1) < _OVERLAP_M) & (at_first > 0)
        touching[first[hit]] = touching[second[hit]] = True
    return touching


def _share(values: NDArray[np.bool_]) -> float:
    return float(values.mean()) if len(values) else 0.0


def _on_road(
    scene: MotionScene, state: NDArray[np.float64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.float64]]:
    """Return whether places near the ego's start are off the road, who drives there, and offsets from lanes [m]."""
    seen = scene.valid & (np.hypot(state[..., 0], state[..., 1]) < _SEEN_M)
    at, walks = state[seen], np.broadcast_to((scene.kind == WALKS)[:, None], seen.shape)[seen]
    if not len(scene.lines) or not len(at):
        return np.zeros(0, bool), np.zeros(0, bool), np.zeros(0)
    lines = scene.lines.astype(np.float64)
    start, step = lines[:, :-1].reshape(-1, 2), np.diff(lines, axis=1).reshape(-1, 2)
    per_line = lines.shape[1] - 1
    half = np.repeat(scene.line_feature[:, LINE_FEATURES.index("width")] * 2.0, per_line)
    size = np.maximum(np.hypot(*step.T), 1e-6)
    along = step / size[:, None]
    gap = at[:, None, :2] - start
    ahead = np.clip((gap * along).sum(-1), 0, size)
    rest = gap - ahead[..., None] * along
    away = np.hypot(rest[..., 0], rest[..., 1])
    beyond = (away - half).min(axis=1) > _KERB_M
    beyond[walks] &= distance_from_areas(scene, at[walks, :2]) > _KERB_M
    left = along[:, 0] * gap[..., 1] - along[:, 1] * gap[..., 0]
    turned = np.cos(at[:, None, 2]) * along[:, 0] + np.sin(at[:, None, 2]) * along[:, 1]
    drives = np.repeat(scene.line_feature[:, :2].any(axis=1), per_line)
    usable = np.where((turned > 0.7) & drives, away, np.inf)
    nearest = usable.argmin(axis=1)
    rows = np.arange(len(at))
    good = (usable[rows, nearest] < 2.0) & ~walks
    return beyond, ~walks, left[rows, nearest][good]


def _headways(scene: MotionScene, state: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return times to the bumper of whom one follows [s]."""
    gap = state[None, :, :, :2] - state[:, None, :, :2]
    cosine, sine = np.cos(state[:, None, :, 2]), np.sin(state[:, None, :, 2])
    ahead = gap[..., 0] * cosine + gap[..., 1] * sine
    aside = gap[..., 1] * cosine - gap[..., 0] * sine
    same = np.cos(state[None, :, :, 2] - state[:, None, :, 2]) > 0.7
    bumper = ahead - (scene.size[None, :, None, 0] + scene.size[:, None, None, 0]) / 2
    follows = (np.abs(aside) < 1.5) & (ahead > 0) & same & scene.valid[None] & scene.valid[:, None]
    least = np.where(follows, bumper, np.inf).min(axis=1)
    speed = state[..., 3]
    time_s = np.where(speed > 1, least / np.maximum(speed, 1), np.inf)
    return np.asarray(time_s[np.isfinite(time_s) & (time_s < 6) & scene.valid])
