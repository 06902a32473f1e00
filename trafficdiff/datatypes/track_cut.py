"""Cut tracks: some seconds, some road users."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.datatypes.tracks import Tracks

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["cut_tracks", "sample_at", "users_near"]


def cut_tracks(tracks: Tracks, *, begin_s: float, end_s: float, users: NDArray[np.bool_] | None = None) -> Tracks:
    """Return the samples within two times, both included, of some users; who has none there is left out.

    Parameters
    ----------
    tracks
        What to cut.
    begin_s, end_s
        [s of the simulated day].
    users
        Shape (U,), who is kept; None for all.
    """
    first, last = _spans(tracks, begin_s, end_s)
    kept = last > first
    if users is not None:
        kept &= users
    count = (last - first)[kept]
    samples = np.repeat(first[kept] - np.cumsum(count) + count, count) + np.arange(count.sum())
    return Tracks(
        user_id=tracks.user_id[kept],
        user_kind=tracks.user_kind[kept],
        length_m=tracks.length_m[kept],
        width_m=tracks.width_m[kept],
        offsets=np.concatenate([[0], np.cumsum(count)]).astype(np.int64),
        time_s=tracks.time_s[samples],
        x_m=tracks.x_m[samples],
        y_m=tracks.y_m[samples],
        heading_rad=tracks.heading_rad[samples],
        speed_ms=tracks.speed_ms[samples],
        edge=tracks.edge[samples],
    )


def users_near(tracks: Tracks, user: int, *, begin_s: float, end_s: float, radius_m: float) -> NDArray[np.bool_]:
    """Return who is within a distance of a user at any common moment between two times, himself among them."""
    first, last = _spans(tracks, begin_s, end_s)
    own = slice(first[user], last[user])
    near = np.zeros(len(tracks.user_id), bool)
    present = np.flatnonzero(last > first)
    count = (last - first)[present]
    samples = np.repeat(first[present] - np.cumsum(count) + count, count) + np.arange(count.sum())
    whose = np.repeat(present, count)
    x, y = (np.interp(tracks.time_s[samples], tracks.time_s[own], values[own]) for values in (tracks.x_m, tracks.y_m))
    together = (tracks.time_s[samples] >= tracks.time_s[own][0]) & (tracks.time_s[samples] <= tracks.time_s[own][-1])
    close = together & (np.hypot(tracks.x_m[samples] - x, tracks.y_m[samples] - y) <= radius_m)
    near[whose[close]] = True
    return near


def sample_at(tracks: Tracks, user: int, time_s: float) -> int:
    """Return the place of a user's sample nearest to a time."""
    begin, end = int(tracks.offsets[user]), int(tracks.offsets[user + 1])
    return begin + int(np.abs(tracks.time_s[begin:end] - time_s).argmin())


def _spans(tracks: Tracks, begin_s: float, end_s: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return by user the first sample within two times and the one after the last."""
    inside = (tracks.time_s >= begin_s - 1e-6) & (tracks.time_s <= end_s + 1e-6)
    before = np.concatenate([[0], np.cumsum(inside)])
    count = before[tracks.offsets[1:]] - before[tracks.offsets[:-1]]
    early = np.concatenate([[0], np.cumsum(tracks.time_s < begin_s - 1e-6)])
    first = tracks.offsets[:-1] + early[tracks.offsets[1:]] - early[tracks.offsets[:-1]]
    return first, first + count
