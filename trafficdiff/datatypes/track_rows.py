"""Put tracks together from rows in any order, as files of other tools have them.

Users are cut where they are away for longer than a step and a half, and where they jump: the parts become ``id``,
``id~1`` and so on. A part of a single sample says nothing of how somebody moves and is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.tracks import Tracks
from trafficdiff.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["TrackRows", "tracks_of_rows"]

_JUMP_MS: Final = 90.0
"""Faster displacements are no drives [m/s]."""


@dataclass(frozen=True, eq=False, kw_only=True)
class TrackRows:
    """Hold rows of a file: of each user its id, kind and size; of each row whose it is, when, where and how fast."""

    user_id: list[str]
    user_kind: list[str]
    size_m: NDArray[np.float64]
    user: NDArray[np.int64]
    time_s: NDArray[np.float64]
    xy_m: NDArray[np.float64]
    heading_rad: NDArray[np.float64]
    speed_ms: NDArray[np.float64]


def tracks_of_rows(rows: TrackRows, *, what: str, drop_waiting: bool = False) -> Tracks:
    """Return rows as tracks.

    Parameters
    ----------
    rows
        In any order.
    what
        The file, for messages.
    drop_waiting
        Whether somebody who stands and then jumps was not there before: files that must name everybody from the
        beginning have such.

    Raises
    ------
    InputError
        If there are no rows, numbers are not finite, or the tracks are not possible (see `Tracks`).
    """
    if not len(rows.time_s):
        raise InputError(f"{what}: expected road users with positions over time, got none")
    order = np.lexsort((rows.time_s, rows.user))
    user, time_s, xy = rows.user[order], rows.time_s[order], rows.xy_m[order]
    same = user[1:] == user[:-1]
    steps = np.diff(time_s)[same]
    if not np.isfinite(time_s).all() or (steps <= 0).any():
        raise InputError(f"{what}: expected finite times that rise within each road user, got others")
    step_s = float(np.median(steps)) if len(steps) else 0.1
    moved = np.hypot(*np.diff(xy, axis=0).T)
    jump = same & (moved > _JUMP_MS * np.diff(time_s))
    fresh = np.append(True, ~same | (np.diff(time_s) > 1.5 * step_s) | jump)
    part = np.cumsum(fresh) - 1
    kept = np.bincount(part) >= 2
    if drop_waiting:
        kept &= ~_waited(part, jump, moved)
    rows_kept = kept[part]
    if not rows_kept.any():
        raise InputError(f"{what}: expected somebody with two positions or more, got none")
    order, part = order[rows_kept], part[rows_kept]
    starts = np.flatnonzero(np.append(True, np.diff(part) != 0))
    owner = rows.user[order][starts]
    try:
        return _tracks(rows, order, starts, owner)
    except InputError as error:
        raise InputError(f"{what}: {error}") from error


def _tracks(
    rows: TrackRows, order: NDArray[np.intp], starts: NDArray[np.intp], owner: NDArray[np.int64]
) -> Tracks:  # fmt: skip
    return Tracks(
        user_id=_names([rows.user_id[one] for one in owner.tolist()]),
        user_kind=_text([rows.user_kind[one] for one in owner.tolist()]),
        length_m=rows.size_m[owner, 0], width_m=rows.size_m[owner, 1],
        offsets=np.append(starts, len(order)).astype(np.int64), time_s=rows.time_s[order],
        x_m=rows.xy_m[order, 0], y_m=rows.xy_m[order, 1],
        heading_rad=np.remainder(rows.heading_rad[order] + np.pi, 2 * np.pi) - np.pi,
        speed_ms=rows.speed_ms[order], edge=np.full(len(order), -1, np.int32),
    )  # fmt: skip


def _waited(part: NDArray[np.intp], jump: NDArray[np.bool_], moved: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which parts stand still until they jump."""
    before = part[:-1][jump]
    inside = part[1:] == part[:-1]
    driven = np.bincount(part[1:][inside], weights=moved[inside], minlength=int(part[-1]) + 1)
    waited = np.zeros(int(part[-1]) + 1, bool)
    waited[before] = driven[before] < 1e-3
    return waited


def _names(owners: list[str]) -> NDArray[np.object_]:
    parts: dict[str, int] = {}
    taken = set(owners)
    names = []
    for owner in owners:
        name = owner
        if owner in parts:
            while name in taken:
                parts[owner] += 1
                name = f"{owner}~{parts[owner]}"
            taken.add(name)
        else:
            parts[owner] = 0
        names.append(name)
    return _text(names)


def _text(values: list[str]) -> NDArray[np.object_]:
    array = np.empty(len(values), object)
    array[:] = values
    return array
