"""Measure on recorded tracks how critical a staged case turned out; the plan is not asked.

A scene's ego does nothing until just before it would hit. Time to collision is taken along the way that the ego has
driven: on a bend a straight prediction would miss who stands in the lane.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.boxes import Boxes, corners_of, separation
from trafficdiff.datatypes.staging import Line
from trafficdiff.datatypes.track_motion import yaw_rate
from trafficdiff.errors import InputError
from trafficdiff.metrics.safety_boxes import MovingBoxes, contact_interval
from trafficdiff.metrics.safety_events import boxes_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.edge_case import Question
    from trafficdiff.datatypes.tracks import Tracks

__all__ = ["achieved", "impact_at_contact", "overlap_at_contact", "ttc_along_way"]

_FINE_S: Final = np.arange(0.0, 0.15, 0.0005)
"""Times after the ego's last sample at which contact is looked for [s]."""
_ACROSS_MS: Final = 0.3
"""Slower than this nobody comes from a side [m/s]."""


def achieved(tracks: Tracks, question: Question, *, ego: str, opponent: str, trigger_s: float) -> float:
    """Return what a scene has achieved of what was asked for; NaN where it cannot be told.

    Parameters
    ----------
    tracks
        What was recorded.
    question
        What was asked for; see `trafficdiff.datatypes.edge_case.Question`.
    ego, opponent
        User ids.
    trigger_s
        When the case begins for the ego, on the clock of the tracks [s].

    Raises
    ------
    InputError
        If one of the two is not there.
    """
    places = [_place(tracks, name) for name in (ego, opponent)]
    if question == "ttc_s":
        return ttc_along_way(tracks, *places, at_s=trigger_s)
    if question == "impact":
        return impact_at_contact(tracks, *places)
    return overlap_at_contact(tracks, *places)


def ttc_along_way(tracks: Tracks, ego: int, opponent: int, *, at_s: float) -> float:
    """Return the gap along the ego's way over the speed at which it closes [s]; infinite where it does not."""
    mine = _rows(tracks, ego)
    way = Line(np.stack([tracks.x_m[mine], tracks.y_m[mine]], axis=-1))
    if way.length_m <= 0:
        return float("nan")
    own, other = (_pose(tracks, user, at_s) for user in (ego, opponent))
    corners = corners_of(
        Boxes(
            x_m=other[:1], y_m=other[1:2], heading_rad=other[2:3], length_m=float(tracks.length_m[opponent]),
            width_m=float(tracks.width_m[opponent]),
        )
    )  # fmt: skip
    s, _ = way.project(corners)
    here, _ = way.project(own[:2])
    gap = float(s.min()) - float(here) - float(tracks.length_m[ego]) / 2
    across = other[2] - float(way.heading_at(np.array([s.mean()]))[0])
    closing = own[3] - other[3] * np.cos(across)
    return gap / closing if closing > 0 else float("inf")


def impact_at_contact(tracks: Tracks, ego: int, opponent: int) -> float:
    """Return how far the opponent has come across the ego's width when they touch [1].

    Counted from the side that it comes from, else from the right: for a walker or cyclist by its centre, for a car by
    the middle of its front.
    """
    moment = _contact(tracks, ego, opponent)
    if moment is None:
        return float("nan")
    own, other = moment
    ahead = other.length_m / 2 if str(tracks.user_kind[opponent]) not in {"pedestrian", "bicycle"} else 0.0
    point = other.x_m + ahead * np.cos(other.heading_rad), other.y_m + ahead * np.sin(other.heading_rad)
    c, s = np.cos(own.heading_rad), np.sin(own.heading_rad)
    aside = float((point[1] - own.y_m)[0] * c[0] - (point[0] - own.x_m)[0] * s[0])
    across_ms = float((other.vy_ms * c - other.vx_ms * s)[0])
    from_left = across_ms < -_ACROSS_MS
    return 0.5 + (-aside if from_left else aside) / float(own.width_m[0])


def overlap_at_contact(tracks: Tracks, ego: int, opponent: int) -> float:
    """Return the share of the ego's width that the opponent's box meets when they touch [1]."""
    moment = _contact(tracks, ego, opponent)
    if moment is None:
        return float("nan")
    own, other = moment
    corners = corners_of(other)[0]
    c, s = float(np.cos(own.heading_rad[0])), float(np.sin(own.heading_rad[0]))
    aside = (corners[:, 1] - own.y_m[0]) * c - (corners[:, 0] - own.x_m[0]) * s
    half = float(own.width_m[0]) / 2
    return max(0.0, min(half, float(aside.max())) - max(-half, float(aside.min()))) / (2 * half)


def _contact(tracks: Tracks, ego: int, opponent: int) -> tuple[MovingBoxes, MovingBoxes] | None:
    """Return both boxes at the moment of contact: from the ego's last sample on, at constant speed and yaw rate.

    Two boxes that would not touch within the next sample are carried on at constant velocities.
    """
    last = int(tracks.offsets[ego + 1]) - 1
    theirs = _rows(tracks, opponent)
    there = theirs[np.isclose(tracks.time_s[theirs], tracks.time_s[last], rtol=0, atol=1e-6)]
    if not len(there):
        return None
    boxes, yaw = boxes_of(tracks), yaw_rate(tracks)
    now = tuple(boxes.at(np.array([place])) for place in (last, int(there[0])))
    rates = float(yaw[last]), float(yaw[there[0]])
    paths = [_carried(one, rate, _FINE_S) for one, rate in zip(now, rates, strict=True)]
    touching = np.flatnonzero(separation(*paths) <= 0)
    if len(touching):
        ahead = _FINE_S[touching[:1]]
    else:
        begin, end = contact_interval(*now)
        if not (np.isfinite(begin[0]) and end[0] >= 0):
            return None
        ahead, rates = np.maximum(begin, 0.0), (0.0, 0.0)
    own, other = (_carried(one, rate, ahead) for one, rate in zip(now, rates, strict=True))
    return own, other


def _carried(box: MovingBoxes, rate_rad_s: float, ahead_s: NDArray[np.float64]) -> MovingBoxes:
    """Return a box after some times at constant speed and yaw rate; its way between is the chord of the arc."""
    turn = rate_rad_s * ahead_s
    c, s = np.cos(turn / 2), np.sin(turn / 2)
    vx, vy, cos, sin = box.vx_ms, box.vy_ms, np.cos(turn), np.sin(turn)
    return MovingBoxes(
        x_m=box.x_m + ahead_s * (vx * c - vy * s), y_m=box.y_m + ahead_s * (vx * s + vy * c),
        vx_ms=vx * cos - vy * sin, vy_ms=vx * sin + vy * cos,
        heading_rad=box.heading_rad + turn, length_m=np.broadcast_to(box.length_m, turn.shape),
        width_m=np.broadcast_to(box.width_m, turn.shape),
    )  # fmt: skip


def _place(tracks: Tracks, name: str) -> int:
    found = np.flatnonzero(tracks.user_id == name)
    if not len(found):
        raise InputError(f"expected {name!r} among the {len(tracks.user_id)} users of the tracks, found none")
    return int(found[0])


def _rows(tracks: Tracks, user: int) -> NDArray[np.int64]:
    return np.arange(tracks.offsets[user], tracks.offsets[user + 1])


def _pose(tracks: Tracks, user: int, at_s: float) -> NDArray[np.float64]:
    """Return x, y, heading and speed of a user at a time, between samples on a straight."""
    rows = _rows(tracks, user)
    heading = np.unwrap(tracks.heading_rad[rows])
    columns = (tracks.x_m[rows], tracks.y_m[rows], heading, tracks.speed_ms[rows])
    return np.array([np.interp(at_s, tracks.time_s[rows], column) for column in columns])
