"""Find where the ways of two road users cross or meet, and how long after the first one the second one comes.

The post-encroachment time (Allen, Shin and Cooper 1978, Transportation Research Record 667) is the time between the
moment at which the first user leaves the area that both sweep, and the moment at which the second enters it. Where ways
meet and then run together, no area ends: the shortest such time of any point that both pass is taken, and where ways
cross at right angles the two are the same. No area is drawn: a point is passed by the first at ``a`` and by the second
at ``b`` where the first's box at ``a`` overlaps the second's box at ``b``::

      b ▲  . . . . . .
        │  . # # # . .      #: the boxes overlap in place; the post-encroachment time is the smallest |b - a| of all #,
        │  . # # # . .      found on a grid of a fifth of a second, then ten times finer, twice
        │  . . . . . .
        └────────────▶ a

Between two samples positions and headings are taken as linear. Two users are looked at where they pass one small square
of the plane within the horizon, one directly after the other or as one of the next few, with directions more than 30
degrees apart on their way in, there and three seconds before: who follows in one lane, or leaves it behind another, has
a headway, no such time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from trafficdiff.datatypes.boxes import separation
from trafficdiff.datatypes.track_motion import sample_step_s, unwrapped_heading
from trafficdiff.metrics.safety_footways import share_traffic
from trafficdiff.metrics.safety_pairs import PARALLEL_RAD, angle_between
from trafficdiff.metrics.safety_types import CAME_S, earlier

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.tracks import Tracks
    from trafficdiff.metrics.safety_boxes import MovingBoxes

__all__ = ["Passings", "passings"]

_CELL_M: Final = 5.0
_NEXT: Final = 4
"""How many users who come after another through a square are paired with him."""
_REACH_S: Final = 4.0
"""How long before and after passing the square a user is looked at [s]."""
_FINEST_S: Final = 0.2
_FINER: Final = 10
_ZOOMS: Final = 2
_BATCH: Final = 2_000
_APART_S: Final = 10.0
"""Passings of the same two users that are further apart are two."""


class Passings(NamedTuple):
    """Hold passings as columns: places of the users' samples, and times [s].

    ``first`` and ``second`` are the samples at which the first leaves the common area and the second enters it;
    ``pet_s`` is the time between, 0 where the boxes touch.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    pet_s: NDArray[np.float64]


def passings(
    tracks: Tracks, boxes: MovingBoxes, *, horizon_s: float, aside: NDArray[np.bool_] | None = None
) -> Passings:
    """Return the crossings and meetings of ways with a post-encroachment time of at most `horizon_s`.

    Parameters
    ----------
    tracks
        Whose samples lie on one grid of times.
    boxes
        Of all samples.
    horizon_s
        Largest post-encroachment time that is looked for [s].
    aside
        Shape (S,), samples of users who are out of traffic just then; none if left out.
    """
    aside = np.zeros(len(tracks.time_s), bool) if aside is None else aside
    one, other = _meetings(tracks, boxes, horizon_s=horizon_s, aside=aside)
    parts = [_timed(tracks, boxes, one[k : k + _BATCH], other[k : k + _BATCH]) for k in range(0, len(one), _BATCH)]
    parts.append(Passings(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)))
    found = Passings(
        np.concatenate([part.first for part in parts]),
        np.concatenate([part.second for part in parts]),
        np.concatenate([part.pet_s for part in parts]),
    )
    before = (tracks.heading_rad[earlier(tracks, place, CAME_S)] for place in (found.first, found.second))
    near = (found.pet_s <= horizon_s) & (angle_between(*before) > PARALLEL_RAD)
    near &= share_traffic(tracks, found.first, found.second, aside=aside)
    return Passings(found.first[near], found.second[near], found.pet_s[near])


def _meetings(
    tracks: Tracks, boxes: MovingBoxes, *, horizon_s: float, aside: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return pairs of samples of two users in one square within the horizon, one pair a passing."""
    if not len(tracks.time_s):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    cell, entry, exit_ = _cell_visits(tracks)
    order = np.lexsort((tracks.time_s[entry], cell))
    cell, entry, exit_ = cell[order], entry[order], exit_[order]
    user = tracks.user
    found_one, found_other = [], []
    for ahead in range(1, _NEXT + 1):
        a, b = np.arange(len(cell) - ahead), np.arange(ahead, len(cell))
        near = (cell[a] == cell[b]) & (tracks.time_s[entry[b]] - tracks.time_s[exit_[a]] <= horizon_s)
        a, b = a[near], b[near]
        middle_a, middle_b = (entry[a] + exit_[a]) // 2, (entry[b] + exit_[b]) // 2
        angle = np.maximum(
            angle_between(boxes.heading_rad[middle_a], boxes.heading_rad[middle_b]),
            angle_between(boxes.heading_rad[entry[a]], boxes.heading_rad[entry[b]]),
        )
        wanted = (user[middle_a] != user[middle_b]) & (angle > PARALLEL_RAD)
        wanted &= share_traffic(tracks, middle_a, middle_b, aside=aside)
        found_one.append(middle_a[wanted])
        found_other.append(middle_b[wanted])
    return _once(tracks, np.concatenate(found_one), np.concatenate(found_other))


def _cell_visits(tracks: Tracks) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return visits of users to squares, with first and last sample: two grids, shifted by half a square."""
    x, y = (values - values.min() for values in (tracks.x_m, tracks.y_m))
    columns = int(y.max() / _CELL_M) + 3
    user, parts = tracks.user, []
    for grid, shift in enumerate((0.0, _CELL_M / 2)):
        cell = ((x + shift) // _CELL_M).astype(np.int64) * columns + ((y + shift) // _CELL_M).astype(np.int64)
        cell = 2 * cell + grid
        start = np.flatnonzero(np.concatenate([[True], (np.diff(cell) != 0) | (np.diff(user) != 0)]))
        parts.append((cell[start], start, np.append(start[1:], len(cell)) - 1))
    cell, entry, exit_ = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return cell, entry, exit_


def _once(
    tracks: Tracks, one: NDArray[np.int64], other: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Keep one pair of samples of each two users and passing: the one closest in time."""
    user = tracks.user
    low, high = np.minimum(user[one], user[other]), np.maximum(user[one], user[other])
    time_s = tracks.time_s[one]
    order = np.lexsort((time_s, high, low))
    fresh = np.concatenate(
        [
            [True],
            (np.diff(low[order]) != 0) | (np.diff(high[order]) != 0) | (np.diff(time_s[order]) > _APART_S),
        ]
    )
    group = np.cumsum(fresh[: len(order)])
    apart = np.hypot(tracks.x_m[one] - tracks.x_m[other], tracks.y_m[one] - tracks.y_m[other])[order]
    best = np.lexsort((apart, group))
    kept = order[best[np.concatenate([[True], np.diff(group[best]) != 0])[: len(best)]]]
    return one[kept], other[kept]


def _timed(tracks: Tracks, boxes: MovingBoxes, one: NDArray[np.int64], other: NDArray[np.int64]) -> Passings:
    """Return how long after the first one of each pair the second one comes; without pairs whose ways do not meet."""
    unwrapped = boxes._replace(heading_rad=unwrapped_heading(tracks))
    a, b = (_window(tracks, middle) for middle in (one, other))
    step_s = sample_step_s(tracks)
    grid = float(_spacing(step_s))
    place_a, place_b, meet = _closest(tracks, unwrapped, a, b)
    for _ in range(_ZOOMS):
        toward = np.sign(_time_s(tracks, place_b) - _time_s(tracks, place_a))
        finer = grid * np.linspace(0.0, 1.0, _FINER + 1)
        place_a, place_b, _ = _closest(
            tracks,
            unwrapped,
            _held(tracks, one, place_a[:, None] + toward[:, None] * finer),
            _held(tracks, other, place_b[:, None] - toward[:, None] * finer),
        )
        grid = grid / _FINER
    after_s = _time_s(tracks, place_b) - _time_s(tracks, place_a)
    swap = after_s < 0
    early, late = np.where(swap, place_b, place_a)[meet], np.where(swap, place_a, place_b)[meet]
    pet_s = np.abs(after_s)[meet]
    touching = pet_s < 2 * _FINEST_S / _FINER**_ZOOMS
    return Passings(
        np.rint(early).astype(np.int64), np.rint(late).astype(np.int64), np.where(touching, 0.0, pet_s)
    )  # fmt: skip


def _closest(
    tracks: Tracks, boxes: MovingBoxes, a: NDArray[np.float64], b: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return the two moments (places between samples) closest in time at which the boxes overlap, if there are any."""
    apart = separation(_between(boxes, a[:, :, None]), _between(boxes, b[:, None, :]))
    time_s = np.abs(_time_s(tracks, a)[:, :, None] - _time_s(tracks, b)[:, None, :])
    time_s = np.where(apart < 0, time_s, np.inf).reshape(len(a), -1)
    best = time_s.argmin(axis=1)
    row = np.arange(len(a))
    return a[row, best // b.shape[1]], b[row, best % b.shape[1]], np.isfinite(time_s[row, best])


def _between(boxes: MovingBoxes, place: NDArray[np.float64]) -> MovingBoxes:
    """Return boxes at places between two samples of a user; size and velocity are the earlier sample's."""
    before = np.floor(place).astype(np.int64)
    after = np.ceil(place).astype(np.int64)
    share = place - before
    here, there = boxes.at(before), boxes.at(after)
    return here._replace(
        x_m=here.x_m + share * (there.x_m - here.x_m), y_m=here.y_m + share * (there.y_m - here.y_m),
        heading_rad=here.heading_rad + share * (there.heading_rad - here.heading_rad),
    )  # fmt: skip


def _time_s(tracks: Tracks, place: NDArray[np.float64]) -> NDArray[np.float64]:
    before, after = np.floor(place).astype(np.int64), np.ceil(place).astype(np.int64)
    return np.asarray(tracks.time_s[before] + (place - before) * (tracks.time_s[after] - tracks.time_s[before]))


def _spacing(step_s: float) -> int:
    """Return how many samples apart the grid's moments are."""
    return max(1, int(_FINEST_S / step_s + 1e-6))


def _window(tracks: Tracks, middle: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the places of samples around one, shape (P, W); a user's first and last one are repeated at his ends."""
    every = _spacing(sample_step_s(tracks))
    reach = max(1, round(_REACH_S / sample_step_s(tracks) / every))
    return _held(tracks, middle, middle[:, None] + every * np.arange(-reach, reach + 1))


def _held(tracks: Tracks, of: NDArray[np.int64], place: NDArray[Any]) -> NDArray[np.float64]:
    """Return places no further than a user's first and last sample."""
    user = tracks.user[of]
    low, high = tracks.offsets[user], tracks.offsets[user + 1] - 1
    return np.asarray(np.clip(place, low[:, None], high[:, None]), np.float64)
