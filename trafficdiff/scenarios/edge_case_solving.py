"""Measure a choreography, and move one actor until the case is as critical as asked.

All these measures see the plan alone. What was achieved is measured anew, by other code, on the recorded tracks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.boxes import Boxes, corners_of, separation
from trafficdiff.scenarios.edge_case_motion import CLOCK, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from trafficdiff.scenarios.edge_case_motion import Mover

__all__ = ["contact_s", "impact_of", "lateral_onset_s", "overlap_of", "solve", "ttc_at"]

_STEPS: Final = 12
_EXACT: Final = 1e-3
"""Deviation that the plan is solved to, relative to what is asked."""


def contact_s(ego: Mover, other: Mover) -> float:
    """Return when two first touch [s], infinite if never; between two ticks the depth of overlap is taken as linear."""
    depth = -separation(ego.boxes, other.boxes)
    hits = np.flatnonzero(depth >= 0)
    if not len(hits):
        return float("inf")
    first = int(hits[0])
    if first == 0:
        return 0.0
    share = depth[first - 1] / (depth[first - 1] - depth[first])
    return float(CLOCK[first - 1] + share * (CLOCK[first] - CLOCK[first - 1]))


def ttc_at(ego: Mover, other: Mover, *, at_s: float) -> float:
    """Return the time to collision along the ego's way [s]: gap over closing speed, infinite if they part."""
    corners = corners_of(_box_at(other, at_s))
    s, _ = ego.line.project(corners)
    own = float(np.interp(at_s, CLOCK, ego.s)) + ego.size_m[0] / 2
    gap = float(s.min()) - own
    across = _at(other, other.heading_rad, at_s) - float(ego.line.heading_at(np.array([s.mean()]))[0])
    closing = _at(ego, ego.speed_ms, at_s) - _at(other, other.speed_ms, at_s) * np.cos(across)
    return gap / closing if closing > 0 else float("inf")


def impact_of(ego: Mover, other: Mover, *, from_left: bool, front: bool) -> float:
    """Return how far the other has come across the ego's width at first contact [1]; NaN without contact.

    Parameters
    ----------
    ego, other
        Who meets.
    from_left
        Which side counts as 0.
    front
        Whether the middle of the other's front counts, or its centre.
    """
    when = contact_s(ego, other)
    if not np.isfinite(when):
        return float("nan")
    heading = _at(ego, ego.heading_rad, when)
    ahead_m = other.size_m[0] / 2 if front else 0.0
    turned = _at(other, other.heading_rad, when)
    dx = _at(other, other.x_m, when) + ahead_m * np.cos(turned) - _at(ego, ego.x_m, when)
    dy = _at(other, other.y_m, when) + ahead_m * np.sin(turned) - _at(ego, ego.y_m, when)
    aside = dy * np.cos(heading) - dx * np.sin(heading)
    return float(0.5 + (-aside if from_left else aside) / ego.size_m[1])


def overlap_of(ego: Mover, other: Mover) -> float:
    """Return the share of the ego's width that the other's box meets at first contact [1]; NaN without contact."""
    when = contact_s(ego, other)
    if not np.isfinite(when):
        return float("nan")
    heading = _at(ego, ego.heading_rad, when)
    corners = corners_of(_box_at(other, when))[0] - [_at(ego, ego.x_m, when), _at(ego, ego.y_m, when)]
    aside = corners[:, 1] * np.cos(heading) - corners[:, 0] * np.sin(heading)
    half = ego.size_m[1] / 2
    return float(min(half, aside.max()) - max(-half, aside.min())) / ego.size_m[1]


def lateral_onset_s(ego: Mover, other: Mover, *, begins: bool) -> float:
    """Return when the other's box begins, or ends, to overlap the strip that the ego's width sweeps [s].

    Raises
    ------
    RefusedError
        If it does not.
    """
    turned = other.heading_rad - ego.line.heading_at(other.s)
    reach = np.abs(np.cos(turned)) * other.size_m[1] / 2 + np.abs(np.sin(turned)) * other.size_m[0] / 2
    inside = np.abs(other.d) - reach < ego.size_m[1] / 2
    turns = np.flatnonzero(inside if begins else ~inside)
    if not len(turns) or turns[0] == 0:
        raise RefusedError("the move across does not fit the scene")
    return float(CLOCK[turns[0]])


def solve(measured: Callable[[float], float], *, asked: float, start: float, slope: float, what: str) -> float:
    """Return the shift at which a measure is what is asked, by the secant method.

    Parameters
    ----------
    measured
        The measure as a function of the shift.
    asked, start, slope
        The wanted value, a first shift, and the measure's change with it there.
    what
        Named where it cannot be reached.

    Raises
    ------
    RefusedError
        If no shift gives what is asked.
    """
    shift, value = start, measured(start)
    for _ in range(_STEPS):
        if not np.isfinite(value):
            break
        if abs(value - asked) <= _EXACT * abs(asked):
            return shift
        step = (asked - value) / slope
        earlier, shift = (shift, value), shift + step
        value = measured(shift)
        if np.isfinite(value) and abs(value - earlier[1]) > 1e-12 and (value - earlier[1]) / step * slope > 0:
            slope = (value - earlier[1]) / step
    raise RefusedError(f"{what} cannot be reached by moving the opponent")


def _box_at(mover: Mover, at_s: float) -> Boxes:
    x, y, heading = (np.array([_at(mover, column, at_s)]) for column in (mover.x_m, mover.y_m, mover.heading_rad))
    return Boxes(x_m=x, y_m=y, heading_rad=heading, length_m=mover.size_m[0], width_m=mover.size_m[1])


def _at(mover: Mover, column: NDArray[np.float64], at_s: float) -> float:  # noqa: ARG001 - reads as "the mover's ... at"
    return float(np.interp(at_s, CLOCK, column))
