"""Spread departures over a window after the shape of the day.

======================  ==========================================================
``flat``                evenly
``day``                 24 hourly counts of a national travel survey
``morning_peak``        a hump from 06:10 to 09:10
``evening_peak``        a hump from 16:00 to 19:00
======================  ==========================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from trafficdiff.errors import ScenarioError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["DAY_VEHICLE_TRIPS", "PEAK_CENTRE_S", "PEAK_HALF_WIDTH_S", "Profile", "sample_departures"]

Profile = Literal["flat", "morning_peak", "evening_peak", "day"]

DAY_VEHICLE_TRIPS: Final = (
    147, 82, 83, 36, 249, 639, 1607, 3893, 2994, 2294, 2600, 2967,
    3166, 3032, 3321, 3888, 3959, 4377, 3746, 2819, 2061, 1559, 783, 381,
)  # fmt: skip
"""Vehicle trips by the hour in which they began, a Wednesday: US National Household Travel Survey 2001, in Federal
Highway Administration, Highway Statistics 2006, table NT-3 (public domain)."""

PEAK_CENTRE_S: Final = {"morning_peak": 27_600.0, "evening_peak": 63_000.0}
"""Middle of the peaks [s of the day]: centre of gravity of the three busiest neighbouring hours of
`DAY_VEHICLE_TRIPS` before and after noon (06-09: 07:40, 16-19: 17:29), to ten minutes."""

PEAK_HALF_WIDTH_S: Final = 5_400.0
"""Half the length of a peak [s]. A raised cosine of this width has a peak hour factor (hour over four times its
busiest quarter) of 0.92, the default of the Highway Capacity Manual 2000 for urban areas."""

_DAY_S: Final = 86_400.0
_HOUR_S: Final = 3_600.0
_PER_SECOND: Final = 100
_GRID_S: Final = 10.0


def sample_departures(
    count: int, *, profile: Profile, window_s: tuple[float, float], generator: np.random.Generator
) -> NDArray[np.float64]:
    """Return sorted departures [s] inside a window, shape (count,).

    The window is cut into `count` slots that hold an equal share of the profile, and each slot gets one departure
    at random. So the number of departures in any interval differs from its share by less than two.

    Parameters
    ----------
    count
        Number of departures.
    profile
        ``"flat"``: evenly. ``"day"``: `DAY_VEHICLE_TRIPS`, constant within an hour. ``"morning_peak"``,
        ``"evening_peak"``: a raised cosine around `PEAK_CENTRE_S`, nothing beyond `PEAK_HALF_WIDTH_S` of it.
    window_s
        Begin and end [s of the simulated day]; days repeat after 86,400 s.
    generator
        Source of randomness; `count` uniform variates are used.

    Returns
    -------
    Multiples of 0.01 s, as SUMO's files show them, in [begin, end).

    Raises
    ------
    ScenarioError
        If the window ends before it begins, is shorter than 0.01 s, or holds nothing of the profile.
    """
    begin_s, end_s = window_s
    if not end_s - begin_s >= 1 / _PER_SECOND:
        raise ScenarioError(f"expected a window that ends after it begins, got {begin_s:g} to {end_s:g} s; widen it")
    time_s, share = _cumulative(profile, begin_s, end_s)
    if not share[-1] > 0:
        raise ScenarioError(
            f"expected a window that holds part of the profile {profile!r}, got {begin_s:g} to {end_s:g} s, which "
            "holds none; use the profile 'day' or 'flat', or move the window"
        )
    slot = (np.arange(count) + generator.random(count)) / max(count, 1)
    depart_s = np.interp(slot * share[-1], share, time_s)
    depart_s = np.floor(depart_s * _PER_SECOND) / _PER_SECOND
    return np.asarray(np.clip(depart_s, begin_s, np.nextafter(end_s, begin_s)))


def _cumulative(profile: Profile, begin_s: float, end_s: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return times [s] from begin to end and the share of departures before each, up to a factor."""
    match profile:
        case "flat":
            time_s = np.array([begin_s, end_s])
            return time_s, time_s - begin_s
        case "day":
            hours = np.arange(np.floor(begin_s / _HOUR_S) + 1, np.ceil(end_s / _HOUR_S)) * _HOUR_S
            time_s = np.concatenate([[begin_s], hours, [end_s]])
            hour = np.floor((time_s[:-1] + time_s[1:]) / 2 / _HOUR_S).astype(int) % 24
            step = np.array(DAY_VEHICLE_TRIPS, float)[hour] * np.diff(time_s)
            return time_s, np.concatenate([[0.0], np.cumsum(step)])
        case "morning_peak" | "evening_peak":
            inner = np.arange(np.floor(begin_s / _GRID_S) + 1, np.ceil(end_s / _GRID_S)) * _GRID_S
            time_s = np.concatenate([[begin_s], inner, [end_s]])
            share = _raised_cosine(time_s, PEAK_CENTRE_S[profile])
            return time_s, share - share[0]


def _raised_cosine(time_s: NDArray[np.float64], centre_s: float) -> NDArray[np.float64]:
    """Return the integral of 1 + cos(pi x) over x = (t - centre) / half width in [-1, 1], repeated each day."""
    start_s = time_s - centre_s + _DAY_S / 2
    day = np.floor(start_s / _DAY_S)
    x = np.clip((start_s - day * _DAY_S - _DAY_S / 2) / PEAK_HALF_WIDTH_S, -1, 1)
    return np.asarray(2 * day + (1 + x + np.sin(np.pi * x) / np.pi))
