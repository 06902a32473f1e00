"""Measure standing traffic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trafficdiff.units import as_quantity

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["max_queue_length", "queue_length"]

_SPACING_M: Final = 7.5
"""Front to front of standing cars [m]: SUMO's default car of 5 m and gap of 2.5 m. HCM takes 25 ft = 7.6 m."""


def queue_length(data: xr.Dataset, *, spacing_m: float = _SPACING_M) -> xr.DataArray:
    """Return the mean length of standing traffic on the edge, all lanes together [m], shape (..., time, edge).

    Mean number of standing vehicles (vehicle-seconds below 0.1 m/s over the interval's length) times the effective
    spacing. It is a mean over time, not the back of the longest queue: at a fixed-time signal the longest is
    roughly twice as long or more. 0 without vehicles.

    Parameters
    ----------
    data
        Needs ``waiting_time`` and ``interval_length``.
    spacing_m
        Distance from front to front of standing vehicles [m].
    """
    standing = data["waiting_time"] / data["interval_length"]
    return as_quantity(standing * spacing_m, "queue_length")


def max_queue_length(data: xr.Dataset, *, spacing_m: float = _SPACING_M) -> xr.DataArray:
    """Return the largest mean queue of an edge in an interval [m], shape (...)."""
    return as_quantity(queue_length(data, spacing_m=spacing_m).max(("time", "edge")), "max_queue_length")
