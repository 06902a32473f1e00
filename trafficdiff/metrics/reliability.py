"""Measure how far travel times exceed free flow, and how much they vary: the indices of FHWA.

The definitions are those of FHWA, Travel Time Reliability: Making It There On Time, All The Time
(FHWA-HOP-06-070, 2006), and of its Urban Congestion Reports:

* travel time index = mean travel time / free-flow travel time
* planning time index = 95th percentile of travel time / free-flow travel time
* buffer index = (95th percentile - mean travel time) / mean travel time

FHWA takes the percentile over days. One simulation has no days, so say what it is taken over here:

* of an edge, over the intervals of the run, each weighted by its traversals (distance driven / length). With
  ``over=("sample", "time")`` it is taken over the runs of an ensemble too, which is closer to FHWA's days.
* of trips, over the completed trips, each with the same weight; the time is the trip's duration on the road,
  divided by its own free-flow time, so that long and short trips can be pooled.

All indices use `weighted_quantile`'s definition of a percentile. NaN where nothing was driven.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.metrics import congestion
from trafficdiff.metrics.quantile import weighted_quantile
from trafficdiff.units import as_quantity

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    import xarray as xr
    from numpy.typing import NDArray

__all__ = [
    "buffer_index",
    "planning_time_index",
    "travel_time_index",
    "trip_buffer_index",
    "trip_planning_time_index",
    "trip_time_ratios",
    "trip_travel_time_index",
]

_NEAR_WORST: Final = 0.95
"""The near-worst case of FHWA's planning time and buffer indices."""


def travel_time_index(data: xr.Dataset, *, over: Sequence[str] = ("time",)) -> xr.DataArray:
    """Return mean travel time over free-flow travel time of each edge [1].

    The mean weights each interval by its traversals, which makes it vehicle-seconds spent over vehicle-seconds
    needed at the speed limit; standing time counts. It is below 1 where drivers exceed the limit.
    """
    needed = congestion.free_flow_vehicle_time(data).sum(over)
    return as_quantity(data["sampled_time"].sum(over) / needed.where(needed > 0), "travel_time_index")


def planning_time_index(data: xr.Dataset, *, over: Sequence[str] = ("time",)) -> xr.DataArray:
    """Return the 95th percentile of travel time over free-flow travel time of each edge [1].

    Over intervals, weighted by their traversals: 95 % of the traversals fell in intervals with this mean travel
    time or less. Intervals in which nobody moved carry no traversal and do not count.
    """
    near_worst = _near_worst_travel_time(data, over=over)
    return as_quantity(near_worst / congestion.free_flow_time(data), "planning_time_index")


def buffer_index(data: xr.Dataset, *, over: Sequence[str] = ("time",)) -> xr.DataArray:
    """Return the 95th percentile less the mean of travel time, over the mean, of each edge [1].

    Percentile and weights as in `planning_time_index`, mean as in `travel_time_index`. It is negative where rare,
    very slow intervals lift the mean above the percentile; FHWA's definition has that too.
    """
    mean = travel_time_index(data, over=over) * congestion.free_flow_time(data)
    near_worst = _near_worst_travel_time(data, over=over)
    return as_quantity((near_worst - mean) / mean, "buffer_index")


def _near_worst_travel_time(data: xr.Dataset, *, over: Sequence[str]) -> xr.DataArray:
    return weighted_quantile(congestion.travel_time(data), congestion.traversals(data), share=_NEAR_WORST, over=over)


def trip_time_ratios(trips: pd.DataFrame) -> NDArray[np.float64]:
    """Return duration over free-flow time of each completed trip [1], shape (completed trips,).

    Waiting to enter the net is not part of a trip's duration. Trips that did not move (free-flow time 0) are left
    out.
    """
    done = trips.loc[trips["completed"].astype(bool) & (trips["free_flow_time_s"] > 0)]
    return np.asarray(done["duration_s"] / done["free_flow_time_s"], dtype=np.float64)


def trip_travel_time_index(trips: pd.DataFrame) -> float:
    """Return the mean ratio of completed trips' time to their free-flow time [1]; NaN without trips."""
    ratios = trip_time_ratios(trips)
    return float(ratios.mean()) if len(ratios) else np.nan


def trip_planning_time_index(trips: pd.DataFrame) -> float:
    """Return the 95th percentile of completed trips' time ratio [1]; NaN without trips."""
    ratios = trip_time_ratios(trips)
    return float(np.quantile(ratios, _NEAR_WORST, method="inverted_cdf")) if len(ratios) else np.nan


def trip_buffer_index(trips: pd.DataFrame) -> float:
    """Return the 95th percentile less the mean of the trips' time ratio, over the mean [1]; NaN without trips."""
    mean = trip_travel_time_index(trips)
    return (trip_planning_time_index(trips) - mean) / mean
