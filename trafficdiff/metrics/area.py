"""Measure the whole area with single numbers: how much was driven, how long it took, what was lost.

Vehicle-kilometres and vehicle-hours are sums over the edges of the data, by the vehicles' fronts. Junction interiors
are no edges, so the trips' own distances add up to more (9 to 16 % more in the cities at hand).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trafficdiff.metrics import congestion
from trafficdiff.units import METRES_PER_KILOMETRE, SECONDS_PER_HOUR, as_quantity

if TYPE_CHECKING:
    import xarray as xr

__all__ = [
    "area_travel_time_index",
    "delay_hours",
    "mean_speed",
    "time_loss_hours",
    "vehicle_hours",
    "vehicle_kilometres",
    "waiting_hours",
]

_WHOLE: Final = ("time", "edge")


def vehicle_kilometres(data: xr.Dataset) -> xr.DataArray:
    """Return vehicle-kilometres travelled [km], shape (...)."""
    return as_quantity(data["travel_distance"].sum(_WHOLE) / METRES_PER_KILOMETRE, "vehicle_kilometres")


def vehicle_hours(data: xr.Dataset) -> xr.DataArray:
    """Return vehicle-hours travelled, standing included [h], shape (...)."""
    return as_quantity(data["sampled_time"].sum(_WHOLE) / SECONDS_PER_HOUR, "vehicle_hours")


def delay_hours(data: xr.Dataset) -> xr.DataArray:
    """Return vehicle-hours above free-flow travel time [h], shape (...): the sum of `congestion.delay`.

    Edges and intervals in which drivers beat the speed limit count as 0 and do not make up for others.
    """
    return as_quantity(congestion.delay(data).sum(_WHOLE) / SECONDS_PER_HOUR, "delay_hours")


def time_loss_hours(data: xr.Dataset) -> xr.DataArray:
    """Return vehicle-hours lost against each driver's desired speed [h], shape (...): SUMO's ``timeLoss``."""
    return as_quantity(data["time_loss"].sum(_WHOLE) / SECONDS_PER_HOUR, "time_loss_hours")


def waiting_hours(data: xr.Dataset) -> xr.DataArray:
    """Return vehicle-hours below 0.1 m/s on the roads [h], shape (...): SUMO's ``waitingTime``."""
    return as_quantity(data["waiting_time"].sum(_WHOLE) / SECONDS_PER_HOUR, "waiting_hours")


def mean_speed(data: xr.Dataset) -> xr.DataArray:
    """Return vehicle-kilometres over vehicle-hours [m s-1], shape (...); NaN without traffic."""
    spent = data["sampled_time"].sum(_WHOLE)
    return as_quantity(data["travel_distance"].sum(_WHOLE) / spent.where(spent > 0), "mean_speed")


def area_travel_time_index(data: xr.Dataset) -> xr.DataArray:
    """Return vehicle-hours over the vehicle-hours needed at the speed limits [1], shape (...).

    This is the travel time index of FHWA (2006) averaged over edges and intervals with the free-flow time of the
    distance driven as weight; NaN without traffic.
    """
    needed = congestion.free_flow_vehicle_time(data).sum(_WHOLE)
    return as_quantity(data["sampled_time"].sum(_WHOLE) / needed.where(needed > 0), "area_travel_time_index")
