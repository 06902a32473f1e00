"""Say what kind of conflict two road users have, from who they are and how they came.

======================  ===========================================================================================
type                    what it is; the first that fits
======================  ===========================================================================================
``pedestrian``          one of the two walks
``cyclist``             one of the two rides a bicycle or a scooter
``lane_change``         same direction now, and in different strips a second before they were on a collision course
``following``           same direction (less than 30 degrees apart)
``turning_across``      they came from opposite directions (more than 135 degrees apart), and one turned
``head_on``             opposite directions (more than 150 degrees apart), neither turned
``crossing``            they came at 60 to 120 degrees to each other
``oblique``             any other angle: merging, diverging, sharp junctions
======================  ===========================================================================================

How they came is their headings three seconds before, or at their first samples; who turned has another heading six
seconds after than three seconds before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.track_motion import sample_step_s
from trafficdiff.datatypes.vehicles import WALKING_CLASSES
from trafficdiff.metrics.safety_pairs import PARALLEL_RAD, angle_between

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.tracks import Tracks

__all__ = ["CAME_S", "CONFLICT_TYPES", "conflict_types", "earlier"]

CONFLICT_TYPES: Final = (
    "following", "lane_change", "crossing", "turning_across", "oblique", "head_on", "cyclist", "pedestrian",
)  # fmt: skip
_RIDERS: Final = ("bicycle", "scooter")
CAME_S: Final = 3.0
"""How they came is asked so long before [s]."""
_GOES_S: Final = 6.0
"""Who turned is asked so long after [s]: a turn that begins from a stand takes longer."""
_BESIDE_S: Final = 1.0
_OPPOSITE_RAD: Final = np.radians(135.0)
_TURNED_RAD: Final = np.radians(25.0)
"""A heading that changed by more has turned [rad]."""
_SQUARE_RAD: Final = np.radians(30.0)
"""Crossing angles lie so far from a right angle at most [rad]."""


def conflict_types(
    tracks: Tracks, one: NDArray[np.int64], other: NDArray[np.int64], *, since_s: NDArray[np.float64]
) -> NDArray[np.object_]:
    """Return the type of each conflict, shape (N,).

    Parameters
    ----------
    tracks
        The road users.
    one, other
        Shape (N,), places of the samples of the two at the most critical moment.
    since_s
        Shape (N,), how long they had been on a collision course by then [s]; negative where they never were, but
        their ways met: then they followed nobody.
    """
    heading = tracks.heading_rad
    before_one, before_other = (earlier(tracks, place, CAME_S) for place in (one, other))
    now = angle_between(heading[one], heading[other])
    came = angle_between(heading[before_one], heading[before_other])
    turned = np.maximum(_turn(tracks, one), _turn(tracks, other))
    who = np.stack([tracks.user_kind[tracks.user[place]].astype(str) for place in (one, other)])
    same = (now < PARALLEL_RAD) & (since_s >= 0)
    choices = [
        (np.isin(who, WALKING_CLASSES).any(axis=0), "pedestrian"),
        (np.isin(who, _RIDERS).any(axis=0), "cyclist"),
        (same & ~_was_behind(tracks, one, other, since_s + _BESIDE_S), "lane_change"),
        (same, "following"),
        ((came > _OPPOSITE_RAD) & (turned > _TURNED_RAD), "turning_across"),
        (now > np.pi - PARALLEL_RAD, "head_on"),
        (np.abs(came - np.pi / 2) <= _SQUARE_RAD, "crossing"),
    ]
    names = np.array([name for _, name in choices] + ["oblique"], object)
    return names[np.select([fits for fits, _ in choices], range(len(choices)), len(choices)).astype(np.int64)]


def _turn(tracks: Tracks, place: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return by how much users turn around a moment [rad]."""
    last = tracks.offsets[tracks.user[place] + 1] - 1
    later = np.minimum(place + round(_GOES_S / sample_step_s(tracks)), last)
    return angle_between(tracks.heading_rad[earlier(tracks, place, CAME_S)], tracks.heading_rad[later])


def _was_behind(
    tracks: Tracks, one: NDArray[np.int64], other: NDArray[np.int64], before_s: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return whether one was in the other's strip some time before, or came another way."""
    a, b = earlier(tracks, one, before_s), earlier(tracks, other, before_s)
    c, s = np.cos(tracks.heading_rad[a]), np.sin(tracks.heading_rad[a])
    dx, dy = tracks.x_m[b] - tracks.x_m[a], tracks.y_m[b] - tracks.y_m[a]
    across = np.abs(dy * c - dx * s)
    width = (tracks.width_m[tracks.user[one]] + tracks.width_m[tracks.user[other]]) / 2
    parallel = angle_between(tracks.heading_rad[a], tracks.heading_rad[b]) < PARALLEL_RAD
    return np.asarray((across < width) | ~parallel)


def earlier(tracks: Tracks, place: NDArray[np.int64], before_s: float | NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the samples of the same users some time before, or their first ones."""
    first = tracks.offsets[tracks.user[place]]
    return np.maximum(place - np.rint(before_s / sample_step_s(tracks)).astype(np.int64), first)
