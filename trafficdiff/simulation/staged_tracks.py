"""Turn what was recorded of a staged case into tracks and signal states.

Actors have the speed of their displacement (they were moved, not driven); the traffic has SUMO's. SUMO turns whole
vehicles at once where two lanes meet, so the traffic's tracks are smoothed within a tenth of a metre; actors are left
as they were played.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.scene_environment import SignalStates
from trafficdiff.datatypes.staging import STEP_S
from trafficdiff.datatypes.tracks import Tracks
from trafficdiff.simulation.track_smoothing import smooth_tracks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from trafficdiff.simulation.staging import Recording

__all__ = ["signals_of", "tracks_of"]

_FEWEST: Final = 3
"""Users with fewer samples are left out: they say nothing of how they move."""


def tracks_of(recording: Recording, *, actors: tuple[str, ...], edge_index: Mapping[str, int]) -> Tracks:
    """Return the tracks of one case; users who leave the recorded area and come back are two, ``id`` and ``id~1``.

    Parameters
    ----------
    recording
        What was recorded.
    actors
        Ids of those who were moved, not driven.
    edge_index
        Position of each edge of the road graph.
    """
    order = np.lexsort((recording.sample, recording.user))
    user, sample = recording.user[order], recording.sample[order]
    fresh = np.append(True, (np.diff(user) != 0) | (np.diff(sample) != 1))
    part = np.cumsum(fresh) - 1
    lasting = np.bincount(part)[part] >= _FEWEST
    order, user, sample, part = order[lasting], user[lasting], sample[lasting], part[lasting]
    starts = np.flatnonzero(np.append(True, np.diff(part) != 0))
    owner = user[starts]
    heading = np.remainder(np.pi / 2 - np.radians(recording.compass_deg[order]) + np.pi, 2 * np.pi) - np.pi
    half = recording.length_m[user] / 2
    x, y = recording.x_m[order] - half * np.cos(heading), recording.y_m[order] - half * np.sin(heading)
    tracks = Tracks(
        user_id=_names(owner, recording.user_id), user_kind=np.array(recording.user_kind, object)[owner],
        length_m=recording.length_m[owner], width_m=recording.width_m[owner],
        offsets=np.append(starts, len(user)).astype(np.int64),
        time_s=np.round(recording.begin_s + sample * STEP_S, 3), x_m=x, y_m=y, heading_rad=heading,
        speed_ms=recording.speed_ms[order],
        edge=np.array([edge_index.get(str(name), -1) for name in recording.edge_id[order]], np.int32),
    )  # fmt: skip
    moved = np.isin(np.array(recording.user_id, object)[owner].astype(str), actors)
    return _joined(tracks, moved)


def signals_of(recording: Recording) -> SignalStates:
    """Return what the signals near a case showed."""
    rows = sorted(recording.signals)
    return SignalStates(
        signal_id=_text([name for name, _, _ in rows]),
        time_s=np.round(np.array([recording.begin_s + sample * STEP_S for _, sample, _ in rows], float), 3),
        state=_text([state for _, _, state in rows]),
    )


def _joined(tracks: Tracks, moved: NDArray[np.bool_]) -> Tracks:
    """Return tracks in which the traffic is smoothed, and actors have the speed of their displacement."""
    smooth = smooth_tracks(tracks).tracks
    rows = moved[tracks.user]
    speed = np.where(rows, _displacement_speed(tracks), smooth.speed_ms)
    return Tracks(
        user_id=tracks.user_id, user_kind=tracks.user_kind, length_m=tracks.length_m, width_m=tracks.width_m,
        offsets=tracks.offsets, time_s=tracks.time_s,
        x_m=np.where(rows, tracks.x_m, smooth.x_m), y_m=np.where(rows, tracks.y_m, smooth.y_m),
        heading_rad=np.where(rows, tracks.heading_rad, smooth.heading_rad), speed_ms=speed, edge=tracks.edge,
    )  # fmt: skip


def _displacement_speed(tracks: Tracks) -> NDArray[np.float64]:
    """Return the speed from the samples before and after, one-sided at the ends [m/s]."""
    speed = np.zeros(len(tracks.time_s))
    for begin, end in zip(tracks.offsets[:-1], tracks.offsets[1:], strict=True):
        rows = slice(begin, end)
        time_s = tracks.time_s[rows]
        speed[rows] = np.hypot(np.gradient(tracks.x_m[rows], time_s), np.gradient(tracks.y_m[rows], time_s))
    return speed


def _names(owner: NDArray[np.int64], names: tuple[str, ...]) -> NDArray[np.object_]:
    found, seen = [], dict[int, int]()
    for user in owner.tolist():
        seen[user] = seen.get(user, -1) + 1
        found.append(names[user] + (f"~{seen[user]}" if seen[user] else ""))
    return _text(found)


def _text(values: list[str]) -> NDArray[np.object_]:
    array = np.empty(len(values), object)
    array[:] = values
    return array
