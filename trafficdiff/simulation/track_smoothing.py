"""Smooth tracks: SUMO moves front bumpers along polylines, real vehicles do not turn their heads at a corner.

Positions and headings go through the filter of Savitzky and Golay (1964, Analytical Chemistry 36(8)): a cubic through
the samples of one second. It keeps straight lines, standing still and constant acceleration to the last digit, rounds a
corner, and stretches a sideways step over the second. No position moves further than ``bound_m``: where the filter
wants more, the sample goes towards it that far. Headings are filtered without steps of a full turn, so they go through
every value between those at a corner. Speeds are the smoothed positions' own, so that they tell the same story.

Seams of the net are mended first (see `track_mending`). Users of fewer samples than the window are mended alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.track_motion import sample_step_s, unwrapped_heading
from trafficdiff.errors import InputError
from trafficdiff.simulation.track_mending import Mended, mend_tracks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.tracks import Tracks

__all__ = ["Smoothed", "smooth_tracks"]

_ORDER: Final = 3


@dataclass(frozen=True)
class Smoothed:
    """Hold smoothed tracks, and what smoothing did to them.

    Parameters
    ----------
    tracks
        The tracks.
    window_s, bound_m
        The stated window [s], and the bound of every displacement [m].
    mean_displacement_m, largest_displacement_m
        Over all samples [m].
    bounded
        Samples at which the filter wanted more than the bound.
    largest_turn_rad
        Largest change of a heading [rad].
    seams, largest_front_m, largest_centre_m
        Jumps that mending shared out, and how far it moved a front and a box's centre at most [m].
    """

    tracks: Tracks
    window_s: float
    bound_m: float
    mean_displacement_m: float
    largest_displacement_m: float
    bounded: int
    largest_turn_rad: float
    seams: int
    largest_front_m: float
    largest_centre_m: float

    def as_dict(self) -> dict[str, float | int | str]:
        """Return what was done, for a file's provenance."""
        return {
            "filter": "Savitzky-Golay, cubic",
            **{name: round(getattr(self, name), 6) for name in self.__dataclass_fields__ if name != "tracks"},
        }


def smooth_tracks(tracks: Tracks, *, window_s: float = 1.0, bound_m: float = 0.1, mend: bool = True) -> Smoothed:
    """Return tracks with smoothed positions, headings and speeds.

    Parameters
    ----------
    tracks
        Sampled at even times.
    window_s
        Length of the filter [s].
    bound_m
        No position moves further [m].
    mend
        Whether seams of the net are mended first; not for tracks that do not come from SUMO.

    Raises
    ------
    InputError
        If the window is shorter than five samples, the bound is not positive, or samples are not evenly apart.
    """
    step_s = sample_step_s(tracks)
    reach = round(window_s / step_s / 2)
    if reach < 2 or not bound_m > 0:
        raise InputError(
            f"expected a window of at least four steps of {step_s:g} s and a positive bound, got {window_s:g} s and "
            f"{bound_m:g} m; record tracks at 0.1 s"
        )
    apart_s = np.diff(tracks.time_s)[np.diff(tracks.user) == 0]
    if np.abs(apart_s - step_s).max(initial=0.0) > 1e-3 * step_s:
        raise InputError("expected samples evenly apart within each user, got gaps; cut users at their gaps")
    mended = mend_tracks(tracks) if mend else Mended(tracks, 0, 0.0, 0.0)
    tracks = mended.tracks
    long = np.diff(tracks.offsets) > 2 * reach
    heading = unwrapped_heading(tracks)
    x, y, turned = (_filtered(tracks, values, reach, long) for values in (tracks.x_m, tracks.y_m, heading))
    dx, dy = x - tracks.x_m, y - tracks.y_m
    far = np.hypot(dx, dy)
    share = np.minimum(1.0, bound_m / np.maximum(far, 1e-12))
    x, y = tracks.x_m + share * dx, tracks.y_m + share * dy
    speed = np.hypot(*(_filtered(tracks, values, reach, long, step_s=step_s) for values in (x, y)))
    kept = np.repeat(long, np.diff(tracks.offsets))
    smoothed = replace(
        tracks,
        x_m=x,
        y_m=y,
        heading_rad=np.remainder(turned + np.pi, 2 * np.pi) - np.pi,
        speed_ms=np.where(kept, speed, tracks.speed_ms),
    )
    return Smoothed(
        tracks=smoothed,
        window_s=2 * reach * step_s,
        bound_m=bound_m,
        mean_displacement_m=float((share * far).mean()) if len(far) else 0.0,
        largest_displacement_m=float((share * far).max(initial=0.0)),
        bounded=int((far > bound_m).sum()),
        largest_turn_rad=float(np.abs(turned - heading).max(initial=0.0)),
        seams=mended.seams,
        largest_front_m=mended.largest_front_m,
        largest_centre_m=mended.largest_centre_m,
    )


def _filtered(
    tracks: Tracks,
    values: NDArray[np.float64],
    reach: int,
    long: NDArray[np.bool_],
    *,
    step_s: float | None = None,
) -> NDArray[np.float64]:
    """Return values, or their rates where a step is given, filtered within each user; cubics at both ends."""
    from scipy.signal import savgol_filter

    derivative, delta = (0, 1.0) if step_s is None else (1, step_s)
    found = np.array(values)
    for user in np.flatnonzero(long):
        own = slice(tracks.offsets[user], tracks.offsets[user + 1])
        found[own] = savgol_filter(
            values[own], 2 * reach + 1, _ORDER, deriv=derivative, delta=delta, mode="interp"
        )  # fmt: skip
    return found
