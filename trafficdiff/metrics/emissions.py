"""Add up emissions and energy.

The masses by edge and interval come from SUMO's emission classes (HBEFA 4 for combustion engines, MMPEVEM for
electric cars); see each vehicle type. They are tailpipe emissions of driving: no cold starts, no tyre or brake
wear, nothing from power stations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trafficdiff.metrics.area import vehicle_kilometres
from trafficdiff.units import as_quantity

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["EMISSIONS", "co2_per_kilometre", "total_emissions"]

EMISSIONS: Final = ("co2_mass", "nox_mass", "pmx_mass", "fuel_mass", "electricity_energy")
"""What the simulation may have recorded, by interval and edge."""


def total_emissions(data: xr.Dataset) -> dict[str, xr.DataArray]:
    """Return the sum of every recorded emission over edges and intervals, as ``total_co2_mass`` [kg] and so on.

    Shape (...). Empty if emissions were not recorded.
    """
    recorded = [name for name in EMISSIONS if name in data]
    return {f"total_{name}": as_quantity(data[name].sum(("time", "edge")), f"total_{name}") for name in recorded}


def co2_per_kilometre(data: xr.Dataset) -> xr.DataArray:
    """Return carbon dioxide emitted per vehicle-kilometre [kg km-1], shape (...); NaN without traffic."""
    driven = vehicle_kilometres(data)
    return as_quantity(data["co2_mass"].sum(("time", "edge")) / driven.where(driven > 0), "co2_per_kilometre")
