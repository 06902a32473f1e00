"""Cut motion scenes out of tracks, and lay drawn motion back into tracks.

::

    Tracks ──at knots──▶ users near the ego ──into its frame──▶ MotionScene ──model──▶ states every 0.1 s ──▶ Tracks
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.datatypes.motion_map import LaneMap, signal_codes
from trafficdiff.datatypes.motion_scene import (
    FINE,
    KNOTS,
    LINE_FEATURES,
    LINE_POINTS,
    MOST_USERS,
    PATH_POINTS,
    STEP_S,
    STEPS,
    WALKS,
    MotionScene,
    into_frame,
    kind_of,
    out_of_frame,
)
from trafficdiff.datatypes.scene_environment import SignalStates
from trafficdiff.datatypes.track_motion import unwrapped_heading
from trafficdiff.datatypes.tracks import Tracks
from trafficdiff.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["WINDOW_S", "motion_scene", "motion_scenes_of", "tracks_of_motion"]

WINDOW_S: Final = STEPS * STEP_S
"""Length of a scene [s]."""
_MOST_APART_S: Final = 1.1 * STEP_S
_RADIUS_M: Final = 60.0
_MAP_BEYOND_M: Final = 40.0
_MOST_LINES: Final = 320
_STANDS_M: Final = 2.0
"""Who moves less in a window stands; such egos are taken seldom [m]."""
_STANDING_SHARE: Final = 0.15


def motion_scene(
    tracks: Tracks,
    *,
    ego: int,
    begin_s: float,
    lane_map: LaneMap | None = None,
    signals: SignalStates | None = None,
    radius_m: float = _RADIUS_M,
    source: str = "",
    staged: bool = False,
) -> MotionScene:
    """Return eight seconds around a user.

    Parameters
    ----------
    tracks
        Of everybody; samples at most half a second apart, evenly or not.
    ego
        Position of the user that it is about, who must be there at the first knot and half a second later.
    begin_s
        First knot [s of the simulated day].

    Other Parameters
    ----------------
    lane_map, signals
        The roads, and what signals show; without them the scene has no map.
    radius_m
        Who comes nearer to the ego than this is in the scene, the nearest 32 at most [m].
    source, staged
        Where it comes from, and whether somebody plays a part.

    Raises
    ------
    InputError
        If the ego is not there at the beginning, or samples are too far apart.
    """
    return _cut(
        _Reader(tracks), ego=ego, begin_s=begin_s, lane_map=lane_map, signals=signals, radius_m=radius_m,
        source=source, staged=staged,
    )  # fmt: skip


def motion_scenes_of(
    tracks: Tracks,
    *,
    lane_map: LaneMap | None,
    signals: SignalStates | None,
    generator: np.random.Generator,
    every_s: float = 4.0,
    egos: int = 4,
    source: str = "",
) -> list[MotionScene]:
    """Return scenes of whole tracks: every few seconds, around some users drawn at random.

    Egos drive and are there for the whole window; most of them move.
    """
    if not len(tracks.time_s):
        return []
    driven = np.array([kind_of(str(kind)) != WALKS for kind in tracks.user_kind])
    reader = _Reader(tracks)
    step_s = reader.step_s
    first_s, last_s = float(tracks.time_s.min()), float(tracks.time_s.max()) - WINDOW_S
    made = []
    for number in range(int((last_s - first_s) / every_s + 1e-6) + 1):
        begin_s = round(first_s + round(number * every_s / step_s) * step_s, 6)
        there = (tracks.enter_s <= begin_s + 1e-6) & (tracks.leave_s >= begin_s + WINDOW_S - 1e-6)
        present = generator.permutation(np.flatnonzero(driven & there))
        taken = [ego for ego in present[: 3 * egos].tolist()
                 if not _stands(tracks, ego, begin_s) or generator.random() < _STANDING_SHARE]  # fmt: skip
        made += [
            _cut(reader, ego=ego, begin_s=begin_s, lane_map=lane_map, signals=signals, source=source)
            for ego in taken[:egos]
        ]
    return made


def tracks_of_motion(scene: MotionScene, fine: NDArray[np.float64], present: NDArray[np.bool_]) -> Tracks:
    """Return drawn motion as tracks in the net's coordinates, ten samples a second; edges are left open (-1).

    Parameters
    ----------
    scene
        What it was drawn for.
    fine
        Shape (A, STEPS * FINE + 1, 4): x, y, heading, speed every 0.1 s, in the scene's frame.
    present
        Shape (A, STEPS * FINE + 1), who is there when; two samples or more of everybody who is kept.
    """
    kept = np.flatnonzero(present.sum(axis=1) >= 2)
    count = present[kept].sum(axis=1)
    rows = fine[kept][present[kept]]
    xy = out_of_frame(rows[:, :2], scene.frame)
    clock_s = scene.begin_s + STEP_S / FINE * np.arange(fine.shape[1], dtype=np.float64)
    heading = np.remainder(rows[:, 2] + scene.frame[2] + np.pi, 2 * np.pi) - np.pi
    return Tracks(
        user_id=scene.user_id[kept], user_kind=scene.user_class[kept],
        length_m=scene.size[kept, 0].astype(np.float64), width_m=scene.size[kept, 1].astype(np.float64),
        offsets=np.concatenate([[0], np.cumsum(count)]).astype(np.int64),
        time_s=np.round(np.broadcast_to(clock_s, present.shape)[kept][present[kept]], 3),
        x_m=xy[:, 0].copy(), y_m=xy[:, 1].copy(), heading_rad=heading, speed_ms=rows[:, 3].astype(np.float64),
        edge=np.full(len(rows), -1, np.int32),
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Reader:
    """Read the state of users at any moments; what all windows share is computed once."""

    tracks: Tracks

    def __post_init__(self) -> None:
        if self.step_s > _MOST_APART_S:
            raise InputError(
                f"expected samples at most {STEP_S:g} s apart, got {self.step_s:g} s; record tracks more finely"
            )

    @cached_property
    def step_s(self) -> float:
        """Time between two samples, the median [s]: clocks of recordings are not even; 1 where nobody has two."""
        steps_s = np.delete(np.diff(self.tracks.time_s), self.tracks.offsets[1:-1] - 1)
        return float(np.median(steps_s)) if len(steps_s) else 1.0

    @cached_property
    def _clock(self) -> tuple[float, float, NDArray[np.float64]]:
        """First moment, how far users are moved apart in time so that one search finds all, and all times so moved."""
        tracks = self.tracks
        first_s = float(tracks.time_s.min())
        apart_s = float(tracks.time_s.max()) - first_s + 2 * WINDOW_S
        return first_s, apart_s, tracks.time_s - first_s + apart_s * tracks.user

    @cached_property
    def columns(self) -> NDArray[np.float64]:
        """What is read, shape (S, 4); headings without steps of a full turn."""
        tracks = self.tracks
        return np.column_stack([tracks.x_m, tracks.y_m, unwrapped_heading(tracks), tracks.speed_ms])

    def at_knots(self, begin_s: float) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]]:
        """Return who is there at two knots or more (n,), their states (n, KNOTS, 4), and when (n, KNOTS)."""
        tracks = self.tracks
        times_s = begin_s + STEP_S * np.arange(KNOTS)
        users = np.flatnonzero(
            (tracks.enter_s <= begin_s + WINDOW_S) & (tracks.leave_s >= begin_s)
            & (tracks.leave_s - tracks.enter_s >= STEP_S)
        )  # fmt: skip
        enter_s, leave_s = tracks.enter_s[users, None], tracks.leave_s[users, None]
        valid = (times_s >= enter_s - 1e-3) & (times_s <= leave_s + 1e-3)
        users, valid = users[valid.sum(axis=1) >= 2], valid[valid.sum(axis=1) >= 2]
        first, last = tracks.offsets[users, None], tracks.offsets[users + 1, None] - 1
        first_s, apart_s, clock_s = self._clock
        asked_s = times_s - first_s + apart_s * users[:, None]
        lower = np.clip(np.searchsorted(clock_s, asked_s + 1e-6, side="right") - 1, first, last)
        upper = np.minimum(lower + 1, last)
        gap_s = np.where(upper > lower, clock_s[upper] - clock_s[lower], 1.0)
        share = np.clip((asked_s - clock_s[lower]) / gap_s, 0, 1)[..., None]
        return users, self.columns[lower] * (1 - share) + self.columns[upper] * share, valid


def _cut(
    reader: _Reader,
    *,
    ego: int,
    begin_s: float,
    lane_map: LaneMap | None,
    signals: SignalStates | None,
    radius_m: float = _RADIUS_M,
    source: str = "",
    staged: bool = False,
) -> MotionScene:
    """Return one scene, see `motion_scene`."""
    tracks = reader.tracks
    present, state, valid = reader.at_knots(begin_s)
    place = np.flatnonzero(present == ego)
    if not len(place) or not valid[place[0], :2].all():
        raise InputError(
            f"user {tracks.user_id[ego]!r}: expected an ego that is there from {begin_s:g} s for {STEP_S:g} s or more, "
            f"got one from {tracks.enter_s[ego]:g} to {tracks.leave_s[ego]:g} s; choose another ego or moment"
        )
    near = _around(state, valid, ego=int(place[0]), radius_m=radius_m)
    users, state, valid = present[near], state[near], valid[near]
    kinds = np.array([kind_of(str(name)) for name in tracks.user_kind[users]], np.int8)
    frame = state[0, 0, :3].copy()
    times_s = begin_s + STEP_S * np.arange(KNOTS, dtype=np.float64)
    shown = signals if signals is not None else SignalStates()
    local = np.concatenate([into_frame(state[..., :2], frame), state[..., 2:]], axis=-1)
    local[..., 2] -= frame[2]
    return MotionScene(
        user_id=tracks.user_id[users], user_class=tracks.user_kind[users], kind=kinds,
        size=np.column_stack([tracks.length_m[users], tracks.width_m[users]]).astype(np.float32),
        state=np.where(valid[..., None], local, 0.0).astype(np.float32), valid=valid,
        **_ways(lane_map, state, valid, kinds, frame=frame, signals=shown, times_s=times_s),
        **_lines(lane_map, frame, signals=shown, times_s=times_s, radius_m=radius_m),
        frame=frame.astype(np.float64), begin_s=float(begin_s), source=source, staged=staged,
    )  # fmt: skip


def _around(
    state: NDArray[np.float64], valid: NDArray[np.bool_], *, ego: int, radius_m: float
) -> NDArray[np.int64]:  # fmt: skip
    """Return who is in the scene: the ego, then the others by how near they come."""
    away = np.hypot(*np.moveaxis(state[..., :2] - state[ego, :, :2], -1, 0))
    nearest = np.where(valid & valid[ego], away, np.inf).min(axis=1)
    nearest[ego] = -1.0
    order = np.argsort(nearest, kind="stable")
    return np.asarray(order[nearest[order] <= radius_m][:MOST_USERS])


def _ways(
    lane_map: LaneMap | None,
    state: NDArray[np.float64],
    valid: NDArray[np.bool_],
    kinds: NDArray[np.int8],
    *,
    frame: NDArray[np.float64],
    signals: SignalStates,
    times_s: NDArray[np.float64],
) -> dict[str, Any]:
    users = len(kinds)
    path, on_lane = np.zeros((users, PATH_POINTS, 2)), np.zeros((users, PATH_POINTS), bool)
    limit, stop_m = np.zeros((users, PATH_POINTS)), np.zeros(users)
    wanted: list[tuple[str, int]] = [("", -1)] * users
    for user in range(users if lane_map is not None else 0):
        assert lane_map is not None
        begin = int(valid[user].argmax())
        way = lane_map.way_driven(
            state[user, begin, :2], heading_rad=float(state[user, begin, 2]), kind=int(kinds[user]),
            driven=state[user, valid[user], :2],
        )  # fmt: skip
        if way is not None:
            path[user], on_lane[user] = into_frame(way.xy, frame), way.valid
            limit[user], stop_m[user], wanted[user] = way.limit_ms, way.stop_m, (way.signal, way.link)
    return {
        "path": path.astype(np.float32), "path_valid": on_lane, "path_limit": limit.astype(np.float32),
        "stop_m": stop_m.astype(np.float32), "path_signal": signal_codes(signals, wanted, times_s),
    }  # fmt: skip


def _lines(
    lane_map: LaneMap | None,
    frame: NDArray[np.float64],
    *,
    signals: SignalStates,
    times_s: NDArray[np.float64],
    radius_m: float,
) -> dict[str, Any]:
    if lane_map is None:
        return {
            "lines": np.zeros((0, LINE_POINTS, 2), np.float32),
            "line_feature": np.zeros((0, len(LINE_FEATURES)), np.float32),
            "line_signal": np.zeros((0, KNOTS), np.int8),
        }
    reach_m = radius_m + _MAP_BEYOND_M
    lines, features, wanted = lane_map.pieces_near(frame[:2], radius_m=reach_m, most=_MOST_LINES)
    edges, owners = lane_map.areas_near(frame[:2], radius_m=reach_m)
    return {
        "lines": into_frame(lines, frame).astype(np.float32), "line_feature": features,
        "line_signal": signal_codes(signals, wanted, times_s),
        "area_edges": into_frame(edges, frame).astype(np.float32), "area_of": owners,
    }  # fmt: skip


def _stands(tracks: Tracks, user: int, begin_s: float) -> bool:
    own = slice(int(tracks.offsets[user]), int(tracks.offsets[user + 1]))
    ends = np.interp([begin_s, begin_s + WINDOW_S], tracks.time_s[own], np.arange(own.stop - own.start))
    first, last = own.start + int(ends[0]), own.start + int(ends[1])
    return bool(np.hypot(tracks.x_m[last] - tracks.x_m[first], tracks.y_m[last] - tracks.y_m[first]) < _STANDS_M)
