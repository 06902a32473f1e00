"""Find pairs of road users that may come close, without looking at all pairs.

Time is cut into bins of a second. What a road user covers in a bin, and would cover in the seconds after it at its
speed, lies in an upright rectangle; only users whose rectangles overlap in a bin are looked at sample by sample. The
rectangles of a bin are found in a tree (sort-tile-recursive, Leutenegger et al. 1997), so the work grows with the pairs
that are close, not with the square of the users. Who stands covers his own box alone: queues make no pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from trafficdiff.datatypes.track_motion import sample_step_s

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.tracks import Tracks
    from trafficdiff.metrics.safety_boxes import MovingBoxes

__all__ = ["Candidates", "candidate_samples"]

_BIN_S: Final = 1.0


class Candidates(NamedTuple):
    """Hold pairs of samples of two users at the same moment: places in the tracks, the lower user first."""

    one: NDArray[np.int64]
    other: NDArray[np.int64]


def candidate_samples(tracks: Tracks, boxes: MovingBoxes, *, horizon_s: float) -> Candidates:
    """Return the pairs of samples that may be on a collision course within a horizon.

    Parameters
    ----------
    tracks
        Whose samples lie on one grid of times.
    boxes
        Of all samples.
    horizon_s
        How far users are thought on at their velocities [s].
    """
    if len(tracks.time_s) < 2:
        return Candidates(np.zeros(0, np.int64), np.zeros(0, np.int64))
    visit = _visits(tracks, boxes, horizon_s=horizon_s)
    first, second = _overlapping(visit)
    return _moments(tracks, visit, first, second)


@dataclass(frozen=True, eq=False)
class _Visits:
    """Hold what users cover by bin of time: first sample and count, bin, and the corners of the rectangle [m]."""

    start: NDArray[np.int64]
    count: NDArray[np.int64]
    bin: NDArray[np.int64]
    corners: NDArray[np.float64]


def _visits(tracks: Tracks, boxes: MovingBoxes, *, horizon_s: float) -> _Visits:
    user = tracks.user
    bins = np.floor((tracks.time_s - tracks.time_s.min()) / _BIN_S + 1e-6).astype(np.int64)
    start = np.flatnonzero(np.concatenate([[True], (np.diff(user) != 0) | (np.diff(bins) != 0)]))
    c, s = np.abs(np.cos(boxes.heading_rad)), np.abs(np.sin(boxes.heading_rad))
    half_x, half_y = (c * boxes.length_m + s * boxes.width_m) / 2, (s * boxes.length_m + c * boxes.width_m) / 2
    corners = []
    for centre, speed, half in ((boxes.x_m, boxes.vx_ms, half_x), (boxes.y_m, boxes.vy_ms, half_y)):
        later = centre + speed * horizon_s
        corners.append(np.minimum.reduceat(np.minimum(centre, later) - half, start))
        corners.append(np.maximum.reduceat(np.maximum(centre, later) + half, start))
    low_x, high_x, low_y, high_y = corners
    count = np.diff(np.append(start, len(user)))
    order = np.argsort(bins[start], kind="stable")
    return _Visits(
        start[order], count[order], bins[start][order], np.stack([low_x, low_y, high_x, high_y], axis=1)[order]
    )


def _overlapping(visit: _Visits) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pairs of visits of the same bin whose rectangles overlap."""
    import shapely

    boxes = np.asarray(shapely.box(*visit.corners.T))
    cuts = np.flatnonzero(np.diff(visit.bin)) + 1
    found = []
    for begin, end in zip(np.append(0, cuts).tolist(), np.append(cuts, len(visit.bin)).tolist(), strict=True):
        if end - begin < 2:
            continue
        own = boxes[begin:end]
        pairs = shapely.STRtree(own).query(own) + begin
        found.append(pairs[:, pairs[0] < pairs[1]])
    both = np.concatenate(found, axis=1) if found else np.zeros((2, 0), np.int64)
    return both[0], both[1]


def _moments(tracks: Tracks, visit: _Visits, first: NDArray[np.int64], second: NDArray[np.int64]) -> Candidates:
    """Return the pairs of samples at moments that both visits have."""
    swap = visit.start[first] > visit.start[second]
    first, second = np.where(swap, second, first), np.where(swap, first, second)
    pair = np.repeat(np.arange(len(first)), visit.count[first])
    within = np.arange(len(pair)) - np.repeat(np.cumsum(visit.count[first]) - visit.count[first], visit.count[first])
    one = visit.start[first][pair] + within
    step_s = sample_step_s(tracks)
    ahead = np.rint((tracks.time_s[one] - tracks.time_s[visit.start[second]][pair]) / step_s).astype(np.int64)
    both = (ahead >= 0) & (ahead < visit.count[second][pair])
    return Candidates(one[both], (visit.start[second][pair] + ahead)[both])
