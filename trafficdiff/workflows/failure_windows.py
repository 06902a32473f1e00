"""Open the population that a failure rate speaks of: ordinary eight-second windows around an ego.

::

    corpus of motion scenes ─┐
    run with tracks         ─┼─▶ windows ─▶ those whose ego has a way and touches nobody ─▶ one list, each as likely
    AV scenes               ─┘
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.boxes import Boxes, separation
from trafficdiff.datatypes.motion_scene import KNOTS, PATH_STEP_M, SIGNAL_RED, STEP_S, WALKS, MotionScene
from trafficdiff.errors import InputError
from trafficdiff.workflows.motion_corpus import is_staged, motion_scenes_from
from trafficdiff.workflows.progress import quiet
from trafficdiff.workflows.randomness import stream

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from trafficdiff.datatypes.driving_scene import DrivingScene
    from trafficdiff.workflows.progress import Progress

__all__ = ["Window", "Windows", "opened_windows", "risks_at_start", "usual_km"]

_LEAST_WAY: Final = 3
"""Points of its way ahead that an ego needs: 8 m."""
_OFF_WAY_M: Final = 3.0
"""An ego so far from the beginning of its way is not on it [m]."""
_OFF_ROAD_M: Final = 1.0
_NEAR_M: Final = 4.0
"""Ways whose points come so near to each other meet: points are 4 m apart, and so are opposite lanes, nearly [m]."""
_BLUR_S: Final = 1.0
"""By how much times of arrival may differ before a meeting becomes unlikely [s]."""
_HORIZON_S: Final = 8.5
_PACES: Final = (0.4, 0.7, 1.0, 1.3)
_SLOWEST_MS: Final = 3.0
_ALONG_RAD: Final = 0.4
_FOLLOWS: Final = 0.02


@dataclass(frozen=True, eq=False)
class Window:
    """Hold one window; net and AV scene that it was cut from where they are known."""

    motion: MotionScene
    net_file: Path | None = None
    scene: DrivingScene | None = None


@dataclass(frozen=True, eq=False)
class Windows:
    """Hold the population, and why how many windows are not in it."""

    windows: list[Window]
    left_out: dict[str, int]


def opened_windows(source: Path, *, seed: int, progress: Progress = quiet) -> Windows:
    """Return the windows of a corpus, a run with tracks, an AV scene or a folder of them.

    Raises
    ------
    InputError
        If it is none of them, if it holds no window, or none in which the ego has a way ahead.
    """
    progress("reading windows", None)
    found = _found(source, seed)
    if not found:
        raise InputError(f"{source}: expected windows of eight seconds, got none; give longer recordings")
    why = [_unusable(window) for window in found]
    kept = [window for window, reason in zip(found, why, strict=True) if not reason]
    left_out = dict(Counter(reason for reason in why if reason))
    if not kept:
        said = ", ".join(f"{reason} {number} times" for reason, number in left_out.items())
        raise InputError(
            f"{source}: expected ordinary windows whose ego drives along a lane, got none of {len(found)}: {said}; "
            "give a recording with a map, and not only staged scenes"
        )
    return Windows(kept, left_out)


def _found(source: Path, seed: int) -> list[Window]:
    from trafficdiff.datatypes.driving_scene_files import is_driving_scene, read_driving_scene
    from trafficdiff.datatypes.motion_files import read_motion_scenes

    if source.is_dir() and any(source.glob("scenes-*.npz")):
        return [Window(motion) for motion in read_motion_scenes(source)]
    folders = [source] if is_driving_scene(source) else []
    if source.is_dir() and not folders:
        folders = sorted(one for one in source.iterdir() if is_driving_scene(one))
    generator = stream(seed, "windows")
    if folders:
        made = []
        for folder in folders:
            scene = read_driving_scene(folder)
            if not is_staged(scene):
                own = motion_scenes_from(folder, generator=generator)
                made += [Window(motion, scene.net_file, scene) for motion in own]
        if not made:
            raise InputError(
                f"{source}: expected ordinary scenes, got {len(folders)} that are staged: how often somebody plays a "
                "part says nothing of a rate; give a run, scenes found in one, or a corpus"
            )
        return made
    motions = motion_scenes_from(source, generator=generator)
    net_file = _net_of_run(source)
    return [Window(motion, net_file) for motion in motions]


def _net_of_run(source: Path) -> Path | None:
    from trafficdiff.store.reading import open_run

    return open_run(source).net_path if source.is_dir() else None


def _unusable(window: Window) -> str:
    """Return why a window is not in the population, ``""`` if it is."""
    motion = window.motion
    if motion.staged:
        return "somebody plays a part"
    if motion.kind[0] == WALKS:
        return "the ego walks"
    if not motion.valid[0].all():
        return "the ego is not there for eight seconds"
    if motion.path_valid[0].sum() < _LEAST_WAY or np.hypot(*motion.path[0, 0]) > _OFF_WAY_M:
        return "the ego is off the map, or has no way ahead"
    at = motion.state[:, 0].astype(np.float64)
    boxes = Boxes(
        x_m=at[:, 0], y_m=at[:, 1], heading_rad=at[:, 2], length_m=motion.size[:, 0].astype(np.float64),
        width_m=motion.size[:, 1].astype(np.float64),
    )  # fmt: skip
    ego = Boxes(**{name: getattr(boxes, name)[:1] for name in ("x_m", "y_m", "heading_rad", "length_m", "width_m")})
    touching = (separation(ego, boxes) <= 0) & motion.valid[:, 0]
    return "the ego touches somebody at the first moment" if touching[1:].any() else ""


def usual_km(motion: MotionScene) -> float:
    """Return how far the ego drove where the window was recorded [km]."""
    there = motion.state[0, motion.valid[0]]
    driven_m = float(np.hypot(*np.diff(there[:, :2].astype(np.float64), axis=0).T).sum())
    return driven_m / 1e3


def risks_at_start(motion: MotionScene) -> NDArray[np.float64]:
    """Return how often each user's way meets the ego's at the same time, 0 to 1, from the first moment alone, (A,).

    Everybody moves along its way at four paces (`_PACES` times its speed, 3 m/s at least) and waits at red. A meeting
    is a pair of points within 4 m; it counts ``exp(-(difference of arrivals / 1 s)^2)``, on average over pairs of
    paces, and a fiftieth of that where both go the same way: who follows sees whom it follows.
    """
    arrive_s, turned = _arrivals(motion), _headings(motion)
    own = np.flatnonzero(motion.path_valid[0])
    risks = np.zeros(len(motion.user_id))
    for user in range(1, len(risks)):
        at = np.flatnonzero(motion.path_valid[user])
        apart_m = np.hypot(*np.moveaxis(motion.path[0, own][:, None] - motion.path[user, at][None], -1, 0))
        first, second = np.nonzero(apart_m < _NEAR_M)
        if not len(first):
            continue
        angle = np.abs((turned[user, at[second]] - turned[0, own[first]] + np.pi) % (2 * np.pi) - np.pi)
        ego_s, other_s = arrive_s[0][:, None, own[first]], arrive_s[user][None][:, :, at[second]]
        near = np.exp(-np.square((ego_s - other_s) / _BLUR_S)) * ((ego_s < _HORIZON_S) & (other_s < _HORIZON_S))
        risks[user] = (near * np.where(angle > _ALONG_RAD, 1.0, _FOLLOWS)).max(axis=-1).mean()
    return risks


def _arrivals(motion: MotionScene) -> NDArray[np.float64]:
    """Return when users come to the points of their ways at each pace, shape (A, paces, PATH_POINTS) [s]."""
    along_m = PATH_STEP_M * np.arange(motion.path.shape[1])
    speed = np.array(_PACES) * np.maximum(motion.start[:, 3].astype(np.float64), _SLOWEST_MS)[:, None]
    enter_s = motion.enter[:, None] * STEP_S
    line_s = enter_s + np.maximum(motion.stop_m - motion.size[:, 0] / 2, 0.0)[:, None] / speed
    first = np.minimum(line_s / STEP_S, KNOTS - 1).astype(np.int64)
    waits = np.where(motion.stop_m[:, None] > 0, _until_green(motion)[np.arange(len(speed))[:, None], first], 0.0)
    beyond = (motion.stop_m > 0)[:, None] & (along_m > motion.stop_m[:, None])
    return np.asarray(enter_s[..., None] + along_m / speed[..., None] + waits[..., None] * beyond[:, None])


def _until_green(motion: MotionScene) -> NDArray[np.float64]:
    """Return how long red still lasts at each knot, shape (A, KNOTS) [s]; long where its end is not seen."""
    left = np.zeros(motion.path_signal.shape)
    left[:, -1] = np.where(motion.path_signal[:, -1] == SIGNAL_RED, _HORIZON_S, 0.0)
    for knot in range(KNOTS - 2, -1, -1):
        left[:, knot] = np.where(motion.path_signal[:, knot] == SIGNAL_RED, left[:, knot + 1] + STEP_S, 0.0)
    return left


def _headings(motion: MotionScene) -> NDArray[np.float64]:
    """Return where ways lead at their points, shape (A, PATH_POINTS) [rad]."""
    step = np.diff(motion.path.astype(np.float64), axis=1)
    both = (motion.path_valid[:, 1:] & motion.path_valid[:, :-1])[..., None]
    step = np.where(both, step, 0.0)
    last = np.concatenate([step, np.zeros_like(step[:, :1])], axis=1)
    before = np.concatenate([np.zeros_like(step[:, :1]), step], axis=1)
    return np.asarray(np.arctan2((last + before)[..., 1], (last + before)[..., 0]))
