"""Measure how close two road users are to a crash, moment by moment: time to collision, braking needed, headway.

Road users are oriented boxes that go on at their velocities.

============  ==================================================================================================
``ttc``       time until the boxes first touch (Hayward 1972, Highway Research Record 384), 0 while they touch,
              ``inf`` where they never will; found by `safety_boxes.contact_interval`
``drac``      deceleration rate to avoid a crash (Cooper and Ferguson 1976), 0 without a collision course.
              Within 30 degrees of the same or of opposite directions: ``dv^2 / (2 gap)``, gap along the heading of
              the one behind, between the boxes. Else the one that reaches the other's path last brakes evenly so
              that it gets there when the other has left: ``2 (v t - d) / t^2`` with ``d`` its way to that path and
              ``t`` until the other is clear, or ``v^2 / (2 d)`` where it has to stop (SUMO's SSM device does so too)
``headway``   time from front to front at the speed of the one behind (HCM 7, chapter 4), where it follows in the
              same strip and the headings differ by less than 30 degrees; ``inf`` else
============  ==================================================================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.metrics.safety_boxes import MovingBoxes, contact_interval, strip_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["PARALLEL_RAD", "angle_between", "drac", "headway", "time_to_collision"]

PARALLEL_RAD: Final = np.pi / 6
"""Directions that differ by less are the same, or opposite [rad]: 30 degrees, the bound of rear-end conflicts in FHWA's
Surrogate Safety Assessment Model (Gettman et al. 2008, FHWA-HRT-08-051)."""
_LEAST_GAP_M: Final = 0.01
"""Below this gap the braking needed is as if it were this [m]."""


def angle_between(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the angle between two headings, 0 to pi [rad]."""
    return np.abs(np.remainder(other - one + np.pi, 2 * np.pi) - np.pi)


def time_to_collision(one: MovingBoxes, other: MovingBoxes) -> NDArray[np.float64]:
    """Return the time until two boxes first touch [s]; 0 while they touch, ``inf`` where they never will."""
    begin, end = contact_interval(one, other)
    return np.where(end >= 0, np.maximum(begin, 0.0), np.inf)


def drac(one: MovingBoxes, other: MovingBoxes, *, ttc_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the braking that avoids a crash [m/s2], 0 without a collision course; see the module's text.

    Parameters
    ----------
    one, other
        Boxes of one shape.
    ttc_s
        Their `time_to_collision`; a crash that is there already needs no more braking (``inf``).
    """
    angle = angle_between(one.heading_rad, other.heading_rad)
    parallel = (angle < PARALLEL_RAD) | (angle > np.pi - PARALLEL_RAD)
    on_course = np.isfinite(ttc_s) & (ttc_s > 0)
    found = np.where(parallel, _drac_along(one, other, ttc_s), _drac_across(one, other))
    return np.where(on_course, found, np.where(ttc_s == 0, np.inf, 0.0))


def headway(one: MovingBoxes, other: MovingBoxes) -> NDArray[np.float64]:
    """Return the time headway of the one behind [s], ``inf`` where neither follows the other."""
    angle = angle_between(one.heading_rad, other.heading_rad)
    found = np.full(angle.shape, np.inf)
    for behind, ahead in ((one, other), (other, one)):
        along, across = _in_frame(behind, ahead)
        front_to_front_m = along + (ahead.length_m - behind.length_m) / 2
        follows = (angle < PARALLEL_RAD) & (along > 0) & (np.abs(across) < (behind.width_m + ahead.width_m) / 2)
        with np.errstate(divide="ignore", invalid="ignore"):
            time_s = np.where(behind.speed > 0, front_to_front_m / behind.speed, np.inf)
        found = np.minimum(found, np.where(follows, time_s, np.inf))
    return found


def _in_frame(box: MovingBoxes, other: MovingBoxes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return where the other one's centre is: ahead of a box and to its left [m]."""
    c, s = np.cos(box.heading_rad), np.sin(box.heading_rad)
    dx, dy = other.x_m - box.x_m, other.y_m - box.y_m
    return dx * c + dy * s, dy * c - dx * s


def _drac_along(one: MovingBoxes, other: MovingBoxes, ttc_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``dv^2 / (2 gap)``; with ``gap = dv ttc`` at constant velocities that is ``dv / (2 ttc)``."""
    along, _ = _in_frame(one, other)
    behind_heading = np.where(along >= 0, one.heading_rad, other.heading_rad)
    c, s = np.cos(behind_heading), np.sin(behind_heading)
    closing = np.abs((one.vx_ms - other.vx_ms) * c + (one.vy_ms - other.vy_ms) * s)
    with np.errstate(divide="ignore", invalid="ignore"):
        gap_m = np.maximum(closing * ttc_s, _LEAST_GAP_M)
        return np.asarray(np.where(closing > 0, closing**2 / (2 * gap_m), 0.0))


def _drac_across(one: MovingBoxes, other: MovingBoxes) -> NDArray[np.float64]:
    (enter_one, leave_one), (enter_other, leave_other) = strip_interval(one, other), strip_interval(other, one)
    one_is_last = enter_one >= enter_other
    enter = np.where(one_is_last, enter_one, enter_other)
    clear = np.maximum(np.where(one_is_last, leave_other, leave_one), 0.0)
    speed = np.where(one_is_last, one.speed, other.speed)
    with np.errstate(divide="ignore", invalid="ignore"):
        way_m = np.maximum(speed * enter, _LEAST_GAP_M)
        yields = 2 * (speed * clear - way_m) / clear**2
        stops = speed**2 / (2 * way_m)
        found = np.where(np.isfinite(clear) & (speed - yields * clear >= 0), yields, stops)
    return np.asarray(np.where(np.isfinite(found), np.maximum(found, 0.0), 0.0))
