"""Compute every metric of one run in one call.

::

    SimulationResult ──compute──▶ Metrics: by (time, edge), by edge, by time, and one number each
                     ──summary──▶ Metrics: the single numbers alone
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trafficdiff.datatypes.result import Metrics
from trafficdiff.metrics import (
    area,
    congestion,
    emissions,
    fundamental_diagram,
    level_of_service,
    queue,
    reliability,
    trips,
)
from trafficdiff.units import with_attributes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import xarray as xr

    from trafficdiff.datatypes.result import SimulationResult

__all__ = ["compute", "summary", "with_numbers"]

_KEPT: Final = ("sampled_time", "travel_distance", "time_loss", "waiting_time", "occupancy", *emissions.EMISSIONS)
"""Measured variables that belong with the metrics: maps show them, and weighted means over runs need them."""

_BY_PLACE: Final[tuple[Callable[[xr.Dataset], xr.DataArray], ...]] = (
    congestion.flow,
    congestion.density,
    congestion.speed,
    congestion.travel_time,
    congestion.free_flow_time,
    congestion.delay,
    congestion.delay_per_vehicle,
    level_of_service.control_delay,
    level_of_service.level_of_service,
    level_of_service.street_level_of_service,
    queue.queue_length,
    reliability.travel_time_index,
    reliability.planning_time_index,
    reliability.buffer_index,
    fundamental_diagram.area_flow,
    fundamental_diagram.area_density,
    fundamental_diagram.area_speed,
)
_WHOLE_AREA: Final[tuple[Callable[[xr.Dataset], xr.DataArray], ...]] = (
    area.vehicle_kilometres,
    area.vehicle_hours,
    area.delay_hours,
    area.time_loss_hours,
    area.waiting_hours,
    area.mean_speed,
    area.area_travel_time_index,
    queue.max_queue_length,
)
_COMMENT: Final = "computed from a simulation, not observed"
"""Where the simulation itself does not say more: its comment names the demand."""

_GLOBAL: Final = {
    "Conventions": "CF-1.11",
    "title": "Traffic metrics of a simulated scenario",
    "history": "computed by trafficdiff.metrics",
}


def summary(result: SimulationResult) -> Metrics:
    """Return all numbers of the whole area, each a variable without dimensions."""
    import xarray as xr

    data = result.data
    waiting = data["vehicles_waiting"]
    arrays = {str(array.name): array for array in (metric(data) for metric in _WHOLE_AREA)}
    arrays |= emissions.total_emissions(data)
    if "co2_mass" in data:
        arrays["co2_per_kilometre"] = emissions.co2_per_kilometre(data)
    numbers = trips.trip_numbers(result.trips) | trips.count_numbers(result.counts)
    numbers["max_waiting_to_enter"] = max(float(waiting.max()) if waiting.size else 0.0, result.counts.waiting)
    return Metrics(data=_described(xr.Dataset(arrays | numbers), data))


def compute(result: SimulationResult) -> Metrics:
    """Return every metric of one run: by edge and interval, by edge, by interval, and the area's numbers.

    Units, meanings and cell methods are those of `trafficdiff.units`; the dataset follows the CF conventions 1.11.
    The simulation's attributes (provenance) are kept.
    """
    import xarray as xr

    data = result.data
    kept = {name: data[name] for name in _KEPT if name in data}
    arrays = kept | {str(array.name): array for array in (metric(data) for metric in _BY_PLACE)}
    places = xr.Dataset(arrays).drop_vars("clock", errors="ignore")
    return Metrics(data=_described(places.assign(summary(result).data.data_vars), data))


def with_numbers(metrics: Metrics, numbers: Mapping[str, float]) -> Metrics:
    """Return the metrics with further numbers of the whole area, by name in `trafficdiff.units`."""
    more = metrics.data.assign({name: ((), value) for name, value in numbers.items()})
    return Metrics(data=with_attributes(more))


def _described(metrics: xr.Dataset, data: xr.Dataset) -> xr.Dataset:
    described = with_attributes(metrics)
    described.attrs = {"comment": _COMMENT, **data.attrs, **_GLOBAL}
    return described
