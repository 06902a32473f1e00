"""Draw the macroscopic fundamental diagram of the whole area, after Edie.

For all edges together, with ``L`` the lane-kilometres of the data and ``T`` the interval [1]_ [2]_::

    flow = VKT / (L T)      density = VHT / (L T)      speed = flow / density = VKT / VHT

Every edge of the data counts in ``L``, also empty ones; leave edges out (``data.isel(edge=...)``) to change that.

References
----------
.. [1] L. C. Edie (1963), Discussion of traffic stream measurements and definitions, Proc. 2nd International
   Symposium on the Theory of Traffic Flow, OECD, 139-154.
.. [2] N. Geroliminis and C. F. Daganzo (2008), Existence of urban-scale macroscopic fundamental diagrams,
   Transportation Research B 42, 759-770.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trafficdiff.units import METRES_PER_KILOMETRE, SECONDS_PER_HOUR, as_quantity

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["area_density", "area_flow", "area_speed"]


def _lane_metre_seconds(data: xr.Dataset) -> xr.DataArray:
    return (data["edge_length"] * data["edge_lanes"]).sum("edge") * data["interval_length"]


def area_flow(data: xr.Dataset) -> xr.DataArray:
    """Return Edie's generalised flow per lane [h-1], shape (..., time)."""
    driven = data["travel_distance"].sum("edge")
    return as_quantity(driven / _lane_metre_seconds(data) * SECONDS_PER_HOUR, "area_flow")


def area_density(data: xr.Dataset) -> xr.DataArray:
    """Return Edie's generalised density per lane [km-1], shape (..., time)."""
    spent = data["sampled_time"].sum("edge")
    return as_quantity(spent / _lane_metre_seconds(data) * METRES_PER_KILOMETRE, "area_density")


def area_speed(data: xr.Dataset) -> xr.DataArray:
    """Return Edie's generalised speed [m s-1], shape (..., time); NaN without vehicles."""
    spent = data["sampled_time"].sum("edge")
    return as_quantity(data["travel_distance"].sum("edge") / spent.where(spent > 0), "area_speed")
