"""Mend the seams of a net in tracks: where two lanes do not meet, SUMO's vehicles stand askew or jump.

SUMO leads a vehicle's front along the lanes; its heading is the line from its rear to its front, with the rear put back
along the lane that the front is on. Where lanes meet at an angle, or not at all, heading and box leap as the front
enters the next lane. So the heading is taken anew from the way that the front itself has come: the rear is the point of
that way one length behind (for a circle that is the tangent of the box's middle)::

             ·····▶ front           rear: one length back along the front's own way,
           ·                        before the first sample straight back along the first heading
         rear

Where the front itself jumps, the gap is no drive: its vector is shared out, half before and half behind, and dies away
within a second and a half.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from trafficdiff.datatypes.track_motion import sample_step_s
from trafficdiff.datatypes.vehicles import WALKING_CLASSES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.tracks import Tracks

__all__ = ["Mended", "mend_tracks"]

_AROUND: Final = 5
_JUMP_M: Final = 0.3
_JUMP_SHARE: Final = 0.35
"""A step is a jump where it differs from the median of five around it by more than so much [m], and this share of it:
at a corner of a lane the direction alone changes."""
_FADES_S: Final = 1.5
_LONGEST_M: Final = 6.0
"""A longer jump is no seam, and stays [m]."""
_ASKEW_RAD: Final = np.radians(45.0)
"""Where the way says something that differs by more, it is no drive: SUMO shifts vehicles sideways while they stand."""


class Mended(NamedTuple):
    """Hold mended tracks, how many jumps were shared out, and how far a front and a centre moved at most [m]."""

    tracks: Tracks
    seams: int
    largest_front_m: float
    largest_centre_m: float


def mend_tracks(tracks: Tracks) -> Mended:
    """Return tracks whose vehicles follow their own ways; pedestrians stay as they are."""
    user = tracks.user
    half_m = tracks.length_m[user] / 2
    x = tracks.x_m + half_m * np.cos(tracks.heading_rad)
    y = tracks.y_m + half_m * np.sin(tracks.heading_rad)
    seam, gap_x, gap_y = _jumps(tracks, x, y)
    moved_x, moved_y = _faded(tracks, seam, gap_x), _faded(tracks, seam, gap_y)
    x, y = x + moved_x, y + moved_y
    heading = np.array(tracks.heading_rad)
    for one in np.flatnonzero(~np.isin(tracks.user_kind.astype(str), WALKING_CLASSES)):
        own = slice(tracks.offsets[one], tracks.offsets[one + 1])
        heading[own] = _own_way(x[own], y[own], heading[own], length_m=float(tracks.length_m[one]))
    mended = replace(
        tracks, x_m=x - half_m * np.cos(heading), y_m=y - half_m * np.sin(heading), heading_rad=heading
    )  # fmt: skip
    apart = np.hypot(mended.x_m - tracks.x_m, mended.y_m - tracks.y_m)
    return Mended(mended, len(seam), float(np.hypot(moved_x, moved_y).max(initial=0.0)), float(apart.max(initial=0.0)))


def _jumps(
    tracks: Tracks, x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the samples behind jumps of the front, and the vectors of the gaps [m]."""
    from scipy.ndimage import median_filter

    same = np.diff(tracks.user) == 0
    steps = [np.where(same, np.diff(values), 0.0) for values in (x, y)]
    usual = [median_filter(step, size=_AROUND, mode="nearest") if len(step) else step for step in steps]
    gap_x, gap_y = (step - other for step, other in zip(steps, usual, strict=True))
    size = np.hypot(gap_x, gap_y)
    walks = np.isin(tracks.user_kind[tracks.user[1:]].astype(str), WALKING_CLASSES)
    jumps = same & ~walks & (size > _JUMP_M + _JUMP_SHARE * np.hypot(*usual)) & (size < _LONGEST_M)
    seam = np.flatnonzero(jumps)
    return seam + 1, gap_x[seam], gap_y[seam]


def _faded(tracks: Tracks, seam: NDArray[np.int64], gap: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return by how much samples move along one axis: half a gap towards it before and behind, dying away."""
    reach = max(2, round(_FADES_S / sample_step_s(tracks)))
    ahead = np.arange(reach)
    weight = 0.25 * (1 + np.cos(np.pi * ahead / reach))  # 1/2 at the seam, 0 and level at the end
    moved = np.zeros(len(tracks.time_s))
    user = tracks.user[seam]
    for place, sign in ((seam[:, None] - 1 - ahead, 1.0), (seam[:, None] + ahead, -1.0)):
        inside = (place >= tracks.offsets[user][:, None]) & (place < tracks.offsets[user + 1][:, None])
        np.add.at(moved, place[inside], (sign * gap[:, None] * weight)[inside])
    return moved


def _own_way(
    x: NDArray[np.float64], y: NDArray[np.float64], heading: NDArray[np.float64], *, length_m: float
) -> NDArray[np.float64]:
    """Return headings from the point one length behind the front on the front's own way."""
    way_x = np.concatenate([[x[0] - length_m * np.cos(heading[0])], x])
    way_y = np.concatenate([[y[0] - length_m * np.sin(heading[0])], y])
    along = np.cumsum(np.hypot(np.diff(way_x), np.diff(way_y)))
    rear = along - length_m
    known = np.concatenate([[0.0], along])
    found = np.arctan2(y - np.interp(rear, known, way_y), x - np.interp(rear, known, way_x))
    turned = np.abs(np.remainder(found - heading + np.pi, 2 * np.pi) - np.pi)
    return np.where(turned > _ASKEW_RAD, heading, found)
