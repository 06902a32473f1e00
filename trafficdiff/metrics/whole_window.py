"""Measure each edge over the whole simulated window: the metrics by interval, with all intervals taken as one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trafficdiff.metrics import congestion, level_of_service, queue, reliability
from trafficdiff.metrics.emissions import EMISSIONS
from trafficdiff.units import with_attributes

if TYPE_CHECKING:
    from collections.abc import Callable

    import xarray as xr

__all__ = ["merge_intervals", "whole_window"]

_MEANS: Final = ("occupancy",)
_OF_ONE_INTERVAL: Final[tuple[Callable[[xr.Dataset], xr.DataArray], ...]] = (
    congestion.flow,
    congestion.speed,
    congestion.travel_time,
    congestion.density,
    level_of_service.control_delay,
    level_of_service.level_of_service,
    level_of_service.street_level_of_service,
    queue.queue_length,
)
_OF_ALL_INTERVALS: Final[tuple[Callable[[xr.Dataset], xr.DataArray], ...]] = (
    congestion.free_flow_time,
    reliability.travel_time_index,
    reliability.planning_time_index,
    reliability.buffer_index,
)
_KEPT: Final = ("time_loss", "waiting_time", "occupancy", "sampled_time", "travel_distance", *EMISSIONS)


def merge_intervals(data: xr.Dataset) -> xr.Dataset:
    """Return measurements by edge with all intervals as one; the time axis stays, with one entry.

    Vehicle-seconds, vehicle-metres and counts are added up; the occupancy is averaged with the intervals' lengths as
    weights. Variables without an edge are left out.
    """
    by_edge = data[[name for name, array in data.data_vars.items() if {"time", "edge"} <= set(array.dims)]]
    length = data["interval_length"]
    merged = by_edge.sum("time")
    means = {name: (by_edge[name] * length).sum("time") / length.sum() for name in _MEANS if name in by_edge}
    whole = merged.assign(means).expand_dims(time=data["time"].to_numpy()[:1])
    return whole.assign_coords(interval_length=("time", [float(length.sum())]))


def whole_window(data: xr.Dataset) -> xr.Dataset:
    """Return every metric by edge over the whole window, shape (..., edge), under the names and units of an interval.

    Flow, speed, density, queue, control delay and the grades are those of one long interval. ``delay`` is the sum of
    the intervals' delays, so that it adds up to the area's ``delay_hours`` (free stretches of time do not make up for
    jammed ones). The indices are those of `reliability`, over intervals.

    Parameters
    ----------
    data
        `SimulationResult.data` with at least one interval.
    """
    import xarray as xr

    merged = merge_intervals(data)
    found = [metric(merged).isel(time=0, drop=True) for metric in _OF_ONE_INTERVAL]
    found += [metric(data) for metric in _OF_ALL_INTERVALS]
    delay = congestion.delay(data).sum("time")
    crossed = congestion.traversals(merged).isel(time=0, drop=True)
    arrays = {str(array.name): array for array in found}
    arrays |= {"delay": delay, "delay_per_vehicle": delay / crossed.where(crossed > 0)}
    arrays |= {name: merged[name].isel(time=0, drop=True) for name in _KEPT if name in merged}
    return with_attributes(xr.Dataset(arrays).drop_vars(["interval_length", "clock"], errors="ignore"))
