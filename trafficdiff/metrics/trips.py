"""Measure trips: how many arrived, how long they took, who still waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.metrics import reliability
from trafficdiff.units import METRES_PER_KILOMETRE, SECONDS_PER_HOUR

if TYPE_CHECKING:
    import pandas as pd

    from trafficdiff.datatypes.result import VehicleCounts

__all__ = ["count_numbers", "mean_of_completed", "trip_numbers"]

_MEANS: Final = {
    "mean_trip_time": "duration_s",
    "mean_trip_time_loss": "time_loss_s",
    "mean_trip_distance": "route_length_m",
}


def mean_of_completed(trips: pd.DataFrame, column: str) -> float:
    """Return the mean of a column over the completed trips; NaN if none arrived."""
    done = trips.loc[trips["completed"].astype(bool), column].to_numpy(dtype=np.float64)
    return float(done.mean()) if len(done) else np.nan


def trip_numbers(trips: pd.DataFrame) -> dict[str, float]:
    """Return the numbers of the trip table, by their name in `trafficdiff.units`.

    Means and time ratios are over completed trips only: a jam that nobody leaves shows in ``completion_share``,
    not in them. Distance and time in all are over every trip that entered, arrived or not: the area's
    vehicle-kilometres and vehicle-hours, junction interiors included. The wait to enter is over all trips that
    entered; NaN where there is none.
    """
    entered = trips["depart_delay_s"].to_numpy(dtype=np.float64)
    entered = entered[np.isfinite(entered)]
    return {name: mean_of_completed(trips, column) for name, column in _MEANS.items()} | {
        "trip_kilometres": float(trips["route_length_m"].sum()) / METRES_PER_KILOMETRE,
        "trip_hours": float(trips["duration_s"].sum()) / SECONDS_PER_HOUR,
        "mean_depart_delay": float(entered.mean()) if len(entered) else np.nan,
        "trip_travel_time_index": reliability.trip_travel_time_index(trips),
        "trip_planning_time_index": reliability.trip_planning_time_index(trips),
        "trip_buffer_index": reliability.trip_buffer_index(trips),
    }


def count_numbers(counts: VehicleCounts) -> dict[str, float]:
    """Return what became of the vehicles, by name in `trafficdiff.units`; shares of nothing are NaN.

    ``teleports`` counts events: a vehicle that SUMO lifted twice counts twice.
    """
    return {
        "trips_asked": float(counts.loaded),
        "trips_completed": float(counts.arrived),
        "completion_share": counts.arrived / counts.loaded if counts.loaded else np.nan,
        "teleports": float(counts.teleports),
        "teleport_share": counts.teleports / counts.inserted if counts.inserted else np.nan,
        "collisions": float(counts.collisions),
        "waiting_to_enter": float(counts.waiting),
    }
