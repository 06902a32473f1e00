"""Cut a net to a scene's surroundings, and turn centre lines into left and right borders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.vehicles import class_bit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.net_shapes import NetLane
    from trafficdiff.export.scene_view import SceneView

__all__ = ["borders", "drives_on", "followers_of", "lanes_around", "walks_on"]

_AROUND_M: Final = 100.0
"""Lanes farther than this from the box around all tracks are left out [m]."""
_SHARPEST: Final = 0.3
"""A corner's miter is at most 1 / this times half the width."""
_MOTOR: Final = class_bit("passenger") | class_bit("bus") | class_bit("truck") | class_bit("delivery")


def drives_on(lane: NetLane) -> bool:
    """Return whether motor vehicles may use a lane."""
    return bool(lane.allowed & _MOTOR) and lane.function in {"", "internal"}


def walks_on(lane: NetLane) -> bool:
    """Return whether a lane is for those on foot: a footway or a crossing."""
    return lane.function == "crossing" or (lane.function == "" and lane.allowed == class_bit("pedestrian"))


def lanes_around(view: SceneView) -> dict[str, NetLane]:
    """Return the lanes and crossings (not the walking areas) near a scene, by id."""
    tracks = view.scene.tracks
    low = np.array([tracks.x_m.min(), tracks.y_m.min()]) - _AROUND_M
    high = np.array([tracks.x_m.max(), tracks.y_m.max()]) + _AROUND_M
    return {
        name: lane
        for name, lane in view.shapes.lanes.items()
        if lane.function != "walkingarea"
        and (lane.shape[:, :2].max(axis=0) >= low).all()
        and (lane.shape[:, :2].min(axis=0) <= high).all()
    }


def followers_of(view: SceneView, lanes: dict[str, NetLane]) -> dict[str, list[str]]:
    """Return the lanes after each lane; those inside junctions are lanes of their own."""
    after: dict[str, list[str]] = {name: [] for name in lanes}
    for turn in view.shapes.turns:
        follower = turn.via or turn.target
        if turn.source in after and follower in lanes and follower not in after[turn.source]:
            after[turn.source].append(follower)
    return after


def borders(lane: NetLane) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the left and the right border of a lane, each shape (P, 3) [m], seen in its direction.

    Points that repeat are dropped; corners are mitred.
    """
    line = lane.shape
    step = np.hypot(*np.diff(line[:, :2], axis=0).T)
    line = line[np.append(True, step > 1e-3)] if (step > 1e-3).any() else line
    ahead = np.diff(line[:, :2], axis=0)
    ahead = ahead / np.maximum(np.hypot(*ahead.T), 1e-9)[:, None]
    before, after = np.vstack([ahead[:1], ahead]), np.vstack([ahead, ahead[-1:]])
    middle = before + after
    size = np.hypot(*middle.T)
    middle = np.where(size[:, None] > 1e-6, middle / np.maximum(size, 1e-9)[:, None], before)
    miter = 1.0 / np.maximum((middle * before).sum(axis=1), _SHARPEST)
    normal = np.column_stack([-middle[:, 1], middle[:, 0], np.zeros(len(middle))]) * miter[:, None]
    half = lane.width_m / 2
    return line + half * normal, line - half * normal
