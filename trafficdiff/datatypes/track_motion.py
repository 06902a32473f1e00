"""Derive velocity, acceleration, jerk and yaw rate from tracks, each road user for itself.

A rate at a sample is the difference of the samples ``span_s`` around it, over the time between them; at a user's first
and last samples the difference reaches as far as there is something::

    rate(t) = (value(t + span / 2) - value(t - span / 2)) / span
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.tracks import Tracks

__all__ = ["acceleration", "jerk", "rate", "sample_step_s", "unwrapped_heading", "velocity", "yaw_rate"]

_SPAN_S: Final = 0.2
_JERK_SPAN_S: Final = 1.0
"""Jerk is looked at over a second: SUMO changes the acceleration once a step, so its derivative over one step says more
of the step than of the driver."""


def sample_step_s(tracks: Tracks) -> float:
    """Return the shortest time between two samples of a user [s]; 1 where nobody has two."""
    if len(tracks.time_s) < 2:
        return 1.0
    same = np.diff(tracks.user) == 0
    return float(np.diff(tracks.time_s)[same].min(initial=np.inf)) if same.any() else 1.0


def rate(tracks: Tracks, values: NDArray[np.float64], *, span_s: float = _SPAN_S) -> NDArray[np.float64]:
    """Return the rate of change of values by sample, shape (S,), in their unit a second; 0 for users of one sample.

    Parameters
    ----------
    tracks
        Whose samples they are.
    values
        Shape (S,).
    span_s
        Time between the two samples whose difference is taken [s]; an even number of steps, two at least, so the
        next such (0.5 s is 0.6 s where samples are 0.1 s apart).
    """
    reach = max(1, int(span_s / 2 / sample_step_s(tracks) + 0.5 + 1e-6))  # halves go up, whatever their last digit
    place, first, last = _places(tracks)
    before, after = np.maximum(place - reach, first), np.minimum(place + reach, last)
    elapsed_s = tracks.time_s[after] - tracks.time_s[before]
    return np.divide(values[after] - values[before], elapsed_s, out=np.zeros(len(values)), where=elapsed_s > 0)


def velocity(tracks: Tracks, *, span_s: float = _SPAN_S) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the velocity of the box centres along x and y [m/s], shape (S,) each."""
    return rate(tracks, tracks.x_m, span_s=span_s), rate(tracks, tracks.y_m, span_s=span_s)


def acceleration(tracks: Tracks, *, span_s: float = _SPAN_S) -> NDArray[np.float64]:
    """Return the rate of change of the speed [m/s2], shape (S,)."""
    return rate(tracks, tracks.speed_ms, span_s=span_s)


def jerk(tracks: Tracks, *, span_s: float = _JERK_SPAN_S) -> NDArray[np.float64]:
    """Return the rate of change of the acceleration [m/s3], shape (S,)."""
    return rate(tracks, acceleration(tracks, span_s=span_s), span_s=span_s)


def yaw_rate(tracks: Tracks, *, span_s: float = _SPAN_S) -> NDArray[np.float64]:
    """Return the rate of change of the heading [rad/s], counter-clockwise positive, shape (S,)."""
    return rate(tracks, unwrapped_heading(tracks), span_s=span_s)


def unwrapped_heading(tracks: Tracks) -> NDArray[np.float64]:
    """Return the headings without steps of a full turn within a user [rad], shape (S,)."""
    if not len(tracks.heading_rad):
        return tracks.heading_rad
    step = np.diff(tracks.heading_rad, prepend=tracks.heading_rad[:1])
    step = np.remainder(step + np.pi, 2 * np.pi) - np.pi
    turned = np.cumsum(step)
    first = np.repeat(tracks.offsets[:-1], np.diff(tracks.offsets))
    return np.asarray(turned - turned[first] + tracks.heading_rad[first])


def _places(tracks: Tracks) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the place of each sample, and the places of its user's first and last samples."""
    count = np.diff(tracks.offsets)
    return (
        np.arange(len(tracks.time_s)),
        np.repeat(tracks.offsets[:-1], count),
        np.repeat(tracks.offsets[1:] - 1, count),
    )
