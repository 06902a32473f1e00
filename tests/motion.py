"""Motion scenes made by hand, for the rooms that test the scene model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from trafficdiff.datatypes.motion_scene import (
    KINDS,
    KNOTS,
    LINE_FEATURES,
    LINE_POINTS,
    PATH_POINTS,
    PATH_STEP_M,
    STEP_S,
    STEPS,
    MotionScene,
)
from trafficdiff.diffusion.motion_rolling import limits_of, roll_out

if TYPE_CHECKING:
    from numpy.typing import NDArray


def straight_scene(
    *,
    starts: list[tuple[float, float, float, float]],
    kinds: list[str] | None = None,
    controls: NDArray[np.float32] | None = None,
    valid: NDArray[np.bool_] | None = None,
    source: str = "by hand",
) -> MotionScene:
    """Return users who start at x, y [m], heading [rad], speed [m/s] and drive by controls, each with a way ahead."""
    users = len(starts)
    names = kinds or ["car"] * users
    kind = np.array([KINDS.index(name) for name in names], np.int8)
    driven = np.zeros((users, STEPS, 2), np.float32) if controls is None else controls
    start = torch.tensor(starts, dtype=torch.float32)
    state = roll_out(start, torch.from_numpy(driven), limits_of(torch.from_numpy(kind))).numpy()
    there = np.ones((users, KNOTS), bool) if valid is None else valid
    at = PATH_STEP_M * np.arange(PATH_POINTS)[:, None]
    first = start.numpy()
    ahead = np.stack([np.cos(first[:, 2]), np.sin(first[:, 2])], axis=-1)
    path = (first[:, None, :2] + at * ahead[:, None]).astype(np.float32)
    lines = (path[:, :LINE_POINTS]).copy()
    feature = np.zeros((users, len(LINE_FEATURES)), np.float32)
    feature[:, 0] = 1.0
    return MotionScene(
        user_id=np.array([f"u{number}" for number in range(users)], object),
        user_class=np.array(["passenger" if name == "car" else name for name in names], object), kind=kind,
        size=np.tile(np.float32([4.5, 1.8]), (users, 1)), state=np.where(there[..., None], state, 0).astype(np.float32),
        valid=there, path=path, path_valid=np.ones((users, PATH_POINTS), bool),
        path_limit=np.full((users, PATH_POINTS), 13.9, np.float32), stop_m=np.zeros(users, np.float32),
        path_signal=np.zeros((users, KNOTS), np.int8), lines=lines, line_feature=feature,
        line_signal=np.zeros((users, KNOTS), np.int8), frame=np.array([100.0, 50.0, 0.3]), begin_s=10.0, source=source,
        controls=driven, drivable=np.ones(users, bool),
    )  # fmt: skip


def turned(scene: MotionScene, angle: float, by: tuple[float, float]) -> MotionScene:
    """Return the same scene, turned about the origin and moved."""
    import dataclasses

    cosine, sine = np.cos(angle), np.sin(angle)
    matrix = np.array([[cosine, sine], [-sine, cosine]], np.float32)

    def points(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return (values @ matrix + np.float32(by)).astype(np.float32)

    state = scene.state.copy()
    state[..., :2] = points(state[..., :2])
    state[..., 2] += angle
    return dataclasses.replace(
        scene,
        state=np.where(scene.valid[..., None], state, 0),
        path=points(scene.path),
        lines=points(scene.lines),
        area_edges=points(scene.area_edges),
    )


SECONDS = STEPS * STEP_S
