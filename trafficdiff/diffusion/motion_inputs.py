"""Turn motion scenes into tensors: what each road user sees, in its own frame.

A user's frame has its box centre where it enters as origin, and looks along its heading. All that the network reads is
in such frames, or between two of them, so that turning or moving a scene changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch

from trafficdiff.datatypes.motion_scene import (
    KINDS,
    KNOTS,
    LINE_FEATURES,
    LINE_POINTS,
    PATH_POINTS,
    STEPS,
)
from trafficdiff.diffusion.motion_fit import moves_of
from trafficdiff.diffusion.motion_rolling import limits_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from trafficdiff.datatypes.motion_scene import MotionScene

__all__ = ["FAR_M", "LINE_WIDTH", "STATIC_WIDTH", "Prepared", "SceneBatch", "batched", "prepare", "without_paths"]

_SEEN: Final = (0, 4, 8, 12, 16)
"""Knots at which a piece's signal is seen."""
LINE_WIDTH: Final = 2 * LINE_POINTS + len(LINE_FEATURES) + 3 * len(_SEEN)
_PATH_WIDTH: Final = 2 * PATH_POINTS + 2 * PATH_POINTS + 2 + 3 * (KNOTS // 2 + 1)
STATIC_WIDTH: Final = len(KINDS) + 7 + _PATH_WIDTH
FAR_M: Final = 30.0
"""What places are divided by [m]."""


@dataclass(frozen=True, eq=False, kw_only=True)
class SceneBatch:
    """Hold scenes as tensors. ``B`` scenes, ``A`` users each, filled up; ``N`` pieces a user.

    Parameters
    ----------
    there
        Shape (B, A), which users are real.
    kind, start, limits, moves, valid
        Shape (B, A), (B, A, 4), (B, A, 5), (B, A, STEPS), (B, A, KNOTS); starts are in the scene's frame.
    size
        Shape (B, A, 2) [m].
    static
        Shape (B, A, STATIC_WIDTH), what a user knows of itself and its way.
    lines, seen
        Shape (B, A, N, LINE_WIDTH) and (B, A, N), pieces in the user's frame and which are real.
    path, path_valid
        Shape (B, A, PATH_POINTS, 2) and (B, A, PATH_POINTS), the way ahead in the user's frame.
    stop_m, signal
        Shape (B, A) and (B, A, KNOTS), how far along it the first signal stands [m], 0 for none, and what it shows.
    controls, learned, state
        Shape (B, A, STEPS, 2), (B, A) and (B, A, KNOTS, 4): what was driven, who is learned from, and where users were.
    """

    there: Tensor
    kind: Tensor
    start: Tensor
    limits: Tensor
    moves: Tensor
    valid: Tensor
    size: Tensor
    static: Tensor
    lines: Tensor
    seen: Tensor
    path: Tensor
    path_valid: Tensor
    stop_m: Tensor
    signal: Tensor
    controls: Tensor
    learned: Tensor
    state: Tensor

    def to(self, device: torch.device) -> SceneBatch:
        """Return the batch on a device."""
        return replace(self, **{one.name: getattr(self, one.name).to(device) for one in fields(self)})


Prepared = dict[str, Any]
"""What `batched` fills up and stacks: the columns of a `SceneBatch` for one scene, arrays."""


def prepare(scene: MotionScene, *, lines: int) -> Prepared:
    """Return what the network reads of a scene, a row a user.

    Parameters
    ----------
    scene
        The scene.
    lines
        Pieces of the map that a user sees: those nearest to where it is and where it would be in two seconds.
    """
    users = len(scene.user_id)
    start = scene.start.astype(np.float32)
    path = _local(scene.path, start)
    pieces, seen = _pieces(scene, start, lines)
    controls = np.zeros((users, STEPS, 2), np.float32) if scene.controls is None else scene.controls
    return {
        "kind": scene.kind.astype(np.int64), "start": start, "valid": scene.valid, "size": scene.size,
        "static": _static(scene, start, path), "lines": pieces, "seen": seen, "path": path,
        "path_valid": scene.path_valid, "stop_m": scene.stop_m, "signal": scene.path_signal, "controls": controls,
        "state": scene.state,
        "learned": np.zeros(users, bool) if scene.drivable is None else scene.drivable,
    }  # fmt: skip


def batched(scenes: Sequence[Prepared]) -> SceneBatch:
    """Return prepared scenes as one batch, filled up to the largest."""
    most = max(len(one["kind"]) for one in scenes)
    columns: dict[str, Tensor] = {}
    for name, example in scenes[0].items():
        filled = np.zeros((len(scenes), most, *example.shape[1:]), example.dtype)
        for row, one in enumerate(scenes):
            filled[row, : len(one["kind"])] = one[name]
        columns[name] = torch.from_numpy(filled)
    there = torch.tensor([[user < len(one["kind"]) for user in range(most)] for one in scenes])
    columns["size"] = columns["size"] + (~there)[..., None]
    return SceneBatch(
        there=there, limits=limits_of(columns["kind"]), moves=moves_of(columns["valid"]), **columns
    )  # fmt: skip


def without_paths(batch: SceneBatch, hidden: Tensor) -> SceneBatch:
    """Return a batch in which some users, shape (B, A), do not know their way ahead."""
    shown = ~hidden[..., None]
    static = batch.static.clone()
    static[..., -_PATH_WIDTH:] *= shown
    return replace(
        batch, static=static, path=batch.path * shown[..., None], path_valid=batch.path_valid & shown
    )  # fmt: skip


def _local(points: NDArray[np.float32], start: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return points (A, ..., 2) in the frame of each user (A, 4)."""
    shape = (len(start), *[1] * (points.ndim - 2))
    dx, dy = points[..., 0] - start[:, 0].reshape(shape), points[..., 1] - start[:, 1].reshape(shape)
    cosine, sine = np.cos(start[:, 2]).reshape(shape), np.sin(start[:, 2]).reshape(shape)
    return np.stack([dx * cosine + dy * sine, dy * cosine - dx * sine], axis=-1)


def _static(scene: MotionScene, start: NDArray[np.float32], path: NDArray[np.float32]) -> NDArray[np.float32]:
    users = len(scene.user_id)
    ego = np.arange(users) == 0
    last = KNOTS - 1 - scene.valid[:, ::-1].argmax(axis=1)
    own = np.column_stack([
        np.eye(len(KINDS))[scene.kind], scene.size / 5, start[:, 3] / 10, scene.enter / KNOTS, last / KNOTS, ego,
        np.full(users, scene.staged),
    ])  # fmt: skip
    shown = scene.path_valid[..., None]
    way = np.column_stack([
        (path / FAR_M * shown).reshape(users, -1), scene.path_valid, scene.path_limit / 15,
        np.minimum(scene.stop_m / FAR_M, 2), scene.stop_m > 0, _codes(scene.path_signal[:, ::2]),
    ])  # fmt: skip
    return np.concatenate([own, way], axis=1).astype(np.float32)


def _codes(signal: NDArray[np.int8]) -> NDArray[np.float32]:
    """Return signals (N, K) as three flags each, shape (N, 3 K)."""
    return np.concatenate([signal == code for code in (1, 2, 3)], axis=1).astype(np.float32)


def _pieces(
    scene: MotionScene, start: NDArray[np.float32], count: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:  # fmt: skip
    """Return the pieces that each user sees, shape (A, count, LINE_WIDTH), and which are real."""
    users, pieces = len(scene.user_id), len(scene.lines)
    made, seen = np.zeros((users, count, LINE_WIDTH), np.float32), np.zeros((users, count), bool)
    if not pieces:
        return made, seen
    middle = scene.lines[:, LINE_POINTS // 2]
    ahead = 2.0 * start[:, 3:] * np.column_stack([np.cos(start[:, 2]), np.sin(start[:, 2])])
    away = np.minimum(
        *(np.hypot(*np.moveaxis(middle - at[:, None], -1, 0)) for at in (start[:, :2], start[:, :2] + ahead))
    )
    order = np.argsort(away, axis=1)[:, :count]
    near = _local(scene.lines[order], start) / FAR_M
    told = np.concatenate([scene.line_feature, _codes(scene.line_signal[:, _SEEN])], axis=1)[order]
    made[:, : order.shape[1]] = np.concatenate([near.reshape(users, order.shape[1], -1), told], axis=-1)
    seen[:, : order.shape[1]] = True
    return made, seen
