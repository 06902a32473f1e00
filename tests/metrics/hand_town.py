"""A town of three edges and three intervals whose every number is worked out on paper.

::

    edge   length  lanes  limit  ends at    free flow
    a      1000 m  1      10 m/s signal     100 s
    b       500 m  2      20 m/s junction    25 s
    c       200 m  1      10 m/s junction    20 s      nobody ever drives here

    intervals of 600 s, from 0, 600 and 1200 s

    edge a   0: 10 cars cross in 100 s each             10,000 m   1,000 s
             1: 20 cars cross in 200 s, 100 s standing  20,000 m   4,000 s
             2:  4 cars stand all the time                   0 m   2,400 s
    edge b   0: 12 cars cross in 50 s each               6,000 m     600 s
             1:  6 cars cross in 20 s (over the limit)   3,000 m     120 s
             2: nobody
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from trafficdiff.datatypes.result import SimulationResult, VehicleCounts
from trafficdiff.units import with_attributes

_NONE = [0.0, 0.0, 0.0]


def _by_edge(a: list[float], b: list[float]) -> tuple[tuple[str, str], np.ndarray]:
    return ("time", "edge"), np.array([a, b, _NONE], float).T


def hand_data() -> xr.Dataset:
    """Return the town's measurements in the shape of `SimulationResult.data`."""
    variables = {
        "sampled_time": _by_edge([1000, 4000, 2400], [600, 120, 0]),
        "travel_distance": _by_edge([10_000, 20_000, 0], [6_000, 3_000, 0]),
        "time_loss": _by_edge([50, 2100, 2400], [310, 0, 0]),
        "waiting_time": _by_edge([0, 2000, 2400], _NONE),
        "occupancy": _by_edge([0.008, 0.033, 0.02], [0.005, 0.001, 0]),
        "entered": _by_edge([10, 24, 0], [12, 6, 0]),
        "left": _by_edge([10, 20, 0], [12, 6, 0]),
        "departed": _by_edge(_NONE, _NONE),
        "arrived": _by_edge(_NONE, _NONE),
        "teleported": _by_edge([0, 0, 1], _NONE),
        "co2_mass": _by_edge([1, 2, 3], [0.5, 0.25, 0]),
        "vehicles_running": ("clock", np.array([0.0, 4.0, 4.0])),
        "vehicles_waiting": ("clock", np.array([0.0, 3.0, 1.0])),
        "vehicles_halting": ("clock", np.array([0.0, 4.0, 4.0])),
        "vehicles_arrived": ("clock", np.array([0.0, 4.0, 4.0])),
    }
    coordinates = {
        "time": [0.0, 600.0, 1200.0],
        "clock": [0.0, 900.0, 1800.0],
        "edge": ["a", "b", "c"],
        "interval_length": ("time", [600.0, 600.0, 600.0]),
        "edge_length": ("edge", [1000.0, 500.0, 200.0]),
        "edge_lanes": ("edge", [1, 2, 1]),
        "edge_speed_limit": ("edge", [10.0, 20.0, 10.0]),
        "edge_signalised": ("edge", np.array([1, 0, 0], np.int8)),
    }
    return with_attributes(xr.Dataset(variables, coordinates))


def hand_trips() -> pd.DataFrame:
    """Return six trips: four arrived, one is on the road, one never entered."""
    missing = np.nan
    return pd.DataFrame(
        {
            "trip_id": [f"t{index}" for index in range(6)],
            "vehicle_type": ["car"] * 6,
            "depart_s": [0.0, 10.0, 20.0, 30.0, 40.0, 50.0],
            "depart_delay_s": [0.0, 0.0, 0.0, 5.0, 5.0, missing],
            "arrival_s": [100.0, 210.0, 320.0, 430.0, missing, missing],
            "duration_s": [100.0, 200.0, 300.0, 400.0, 1760.0, missing],
            "route_length_m": [1000.0, 1000.0, 2000.0, 2000.0, 900.0, missing],
            "free_flow_time_s": [100.0, 100.0, 200.0, 200.0, 90.0, missing],
            "time_loss_s": [0.0, 100.0, 100.0, 200.0, 1670.0, missing],
            "waiting_time_s": [0.0, 80.0, 70.0, 150.0, 1600.0, missing],
            "completed": [True, True, True, True, False, False],
        }
    )


def hand_counts() -> VehicleCounts:
    """Return where the six vehicles ended up."""
    return VehicleCounts(loaded=6, inserted=5, arrived=4, running=1, waiting=1, removed=0, teleports=1, collisions=0)


def hand_result() -> SimulationResult:
    """Return the town as a finished simulation."""
    return SimulationResult(data=hand_data(), trips=hand_trips(), counts=hand_counts())


def ensemble(data: xr.Dataset) -> xr.Dataset:
    """Return two scenarios x two samples that differ in load, with leading dimensions on everything measured."""
    factors = xr.DataArray([[1.0, 2.0], [0.5, 3.0]], dims=("scenario", "sample"))
    return data.assign({name: factors * data[name] for name in data.data_vars if data[name].dims == ("time", "edge")})
