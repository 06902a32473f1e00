"""Hold what a simulation measured, and what is computed from it, as CF-conforming xarray.

::

    SimulationResult.data    (time, edge) and (clock) ──metrics──▶ Metrics.data
                    .trips   one row a trip
                    .counts  where every vehicle ended up
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.errors import Faults, InputError, SimulationError
from trafficdiff.units import check_dataset

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from trafficdiff.datatypes.walks import WalkCounts

__all__ = ["TRIP_COLUMNS", "Metrics", "SimulationResult", "VehicleCounts"]

TRIP_COLUMNS: Final[dict[str, str]] = {
    "trip_id": "",
    "vehicle_type": "",
    "depart_s": "s",
    "depart_delay_s": "s",
    "arrival_s": "s",
    "duration_s": "s",
    "route_length_m": "m",
    "free_flow_time_s": "s",
    "time_loss_s": "s",
    "waiting_time_s": "s",
    "completed": "1",
}
"""Columns of the trip table and their units. A trip that has not arrived has NaN as arrival; one that never
entered has NaN everywhere but in its id, type and planned departure. `depart_s` is the planned departure plus
`depart_delay_s`; `free_flow_time_s` is the time over the route's driven part at the speed limits."""


@dataclass(frozen=True)
class VehicleCounts:
    """Say where every vehicle of a simulation ended up.

    ``loaded = arrived + running + waiting + removed`` must hold.
    """

    loaded: int
    inserted: int
    arrived: int
    running: int
    waiting: int
    removed: int
    teleports: int
    collisions: int

    def __post_init__(self) -> None:
        if below := [name for name, count in vars(self).items() if count < 0]:
            raise SimulationError(f"expected vehicle counts of at least 0, got less for {', '.join(below)}")
        accounted = self.arrived + self.running + self.waiting + self.removed
        if accounted != self.loaded:
            raise SimulationError(
                f"expected {self.loaded} loaded vehicles to reconcile, got {accounted} = {self.arrived} arrived + "
                f"{self.running} running + {self.waiting} waiting + {self.removed} removed; the run is not complete"
            )


@dataclass(frozen=True, eq=False)
class SimulationResult:
    """Represent one finished simulation.

    Parameters
    ----------
    data
        Dims ``time``, ``edge`` and ``clock``; variables of `trafficdiff.units` with their units. Where no vehicle
        was seen, counts, sums and the occupancy are 0.
    trips
        One row a trip, columns `TRIP_COLUMNS`.
    counts
        Where every vehicle ended up.
    walks, walk_counts
        One row a walk, columns `trafficdiff.datatypes.walks.WALK_COLUMNS`, and where everybody on foot ended up; None
        where nobody walks. Trips and counts are of vehicles alone.

    Raises
    ------
    InputError
        If a name, a unit or a dimension is not as `trafficdiff.units` says.
    SimulationError
        If the trip table and the counts do not reconcile.
    """

    data: xr.Dataset
    trips: pd.DataFrame
    counts: VehicleCounts
    walks: pd.DataFrame | None = None
    walk_counts: WalkCounts | None = None

    def __post_init__(self) -> None:
        check_dataset(self.data, heading="simulation result")
        faults = Faults("simulation result")
        if missing := set(TRIP_COLUMNS) - set(self.trips.columns):
            faults.add(f"expected the trip columns {list(TRIP_COLUMNS)}, missing {sorted(missing)}")
            faults.raise_if_any(InputError)
        if len(self.trips) != self.counts.loaded:
            faults.add(f"expected {self.counts.loaded} rows in the trip table, got {len(self.trips)}")
        completed = int(np.count_nonzero(self.trips["completed"]))
        if completed != self.counts.arrived:
            faults.add(f"expected {self.counts.arrived} completed trips, the trip table has {completed}")
        faults.raise_if_any(SimulationError)


@dataclass(frozen=True, eq=False)
class Metrics:
    """Represent metrics of one run, or of several with leading ``scenario`` and ``sample`` dimensions.

    Raises
    ------
    InputError
        If a name, a unit or a dimension is not as `trafficdiff.units` says.
    """

    data: xr.Dataset

    def __post_init__(self) -> None:
        check_dataset(self.data, heading="metrics")
