"""Measure congestion of each edge in each interval: flow, density, speed, travel time and delay.

Every function takes `SimulationResult.data` (or any dataset with its variables), keeps leading ``scenario``
and ``sample`` dimensions, and returns (..., time, edge) unless it says otherwise. Where no vehicle was, sums
are 0 and means are NaN.

Flow, density and speed are Edie's generalised definitions over the space-time region edge x interval [1]_,
so they obey ``flow = density * speed`` exactly and add up over edges and intervals.

References
----------
.. [1] L. C. Edie (1963), Discussion of traffic stream measurements and definitions, Proc. 2nd International
   Symposium on the Theory of Traffic Flow, OECD, 139-154.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trafficdiff.units import METRES_PER_KILOMETRE, SECONDS_PER_HOUR, as_quantity

if TYPE_CHECKING:
    import xarray as xr

__all__ = [
    "delay",
    "delay_per_vehicle",
    "density",
    "flow",
    "free_flow_time",
    "free_flow_vehicle_time",
    "speed",
    "travel_time",
    "traversals",
]


def flow(data: xr.Dataset) -> xr.DataArray:
    """Return vehicles past a point of the edge per hour [h-1]: distance driven over length and time (Edie 1963)."""
    region = data["edge_length"] * data["interval_length"]
    return as_quantity(data["travel_distance"] / region * SECONDS_PER_HOUR, "flow")


def density(data: xr.Dataset) -> xr.DataArray:
    """Return vehicles per kilometre of edge, all lanes [km-1]: time spent over length and time (Edie 1963)."""
    region = data["edge_length"] * data["interval_length"]
    return as_quantity(data["sampled_time"] / region * METRES_PER_KILOMETRE, "density")


def speed(data: xr.Dataset) -> xr.DataArray:
    """Return the space-mean speed [m s-1]: distance driven over time spent (Edie 1963); NaN without vehicles."""
    time = data["sampled_time"]
    return as_quantity(data["travel_distance"] / time.where(time > 0), "speed")


def travel_time(data: xr.Dataset) -> xr.DataArray:
    """Return the mean time to traverse the edge [s]: length over space-mean speed.

    NaN where nobody moved: an edge on which every vehicle stood for the whole interval was not traversed (its
    speed is 0, and queue and control delay show it).
    """
    moving = speed(data)
    return as_quantity(data["edge_length"] / moving.where(moving > 0), "travel_time")


def free_flow_time(data: xr.Dataset) -> xr.DataArray:
    """Return the time to traverse the edge at its speed limit [s], shape (..., edge).

    The speed limit stands for the free-flow speed. Drivers may differ: SUMO's default speed factor scatters
    by 10 % around the limit.
    """
    return as_quantity(data["edge_length"] / data["edge_speed_limit"], "free_flow_time")


def free_flow_vehicle_time(data: xr.Dataset) -> xr.DataArray:
    """Return the vehicle-seconds that the distance driven would take at the speed limit [s]."""
    time = data["travel_distance"] / data["edge_speed_limit"]
    time.attrs = {"units": "s"}
    return time


def traversals(data: xr.Dataset) -> xr.DataArray:
    """Return the distance driven in edge lengths [1]: how many whole traversals the interval saw."""
    count = data["travel_distance"] / data["edge_length"]
    count.attrs = {"units": "1"}
    return count


def delay(data: xr.Dataset) -> xr.DataArray:
    """Return vehicle-seconds above free-flow travel time [s], never below 0.

    ``max(0, time spent - distance driven / speed limit)`` of each edge and interval; 0 without vehicles.
    The reference is the speed limit, where SUMO's ``timeLoss`` takes each driver's desired speed.
    Because of the clip, delays of parts add up to the whole's or more.
    """
    lost = data["sampled_time"] - free_flow_vehicle_time(data)
    return as_quantity(lost.clip(min=0.0), "delay")


def delay_per_vehicle(data: xr.Dataset) -> xr.DataArray:
    """Return the mean delay of a traversal [s]: delay over `traversals`; NaN where nobody moved."""
    count = traversals(data)
    return as_quantity(delay(data) / count.where(count > 0), "delay_per_vehicle")
