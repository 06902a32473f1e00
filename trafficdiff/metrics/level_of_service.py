"""Grade each edge from A to F as the Highway Capacity Manual does (HCM, 7th edition, TRB 2022).

::

    grade                           A     B     C     D     E     F
    code                            0     1     2     3     4     5
    control delay, signal       <= 10    20    35    55    80  more   [s]  HCM exhibit 19-8
    control delay, no signal    <= 10    15    25    35    50  more   [s]  HCM exhibit 20-2
    speed / free-flow speed     >  80    67    50    40    30  less   [%]  HCM exhibit 18-1

HCM also grades F where demand exceeds capacity. Capacity is not measured by a simulation, so that rule is not
applied; there the delay is long and gives F by itself. HCM's grades by density (motorways) are not given: they
need passenger-car equivalents and road classes that the data do not hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.metrics import congestion
from trafficdiff.units import as_quantity

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["GRADES", "control_delay", "level_of_service", "street_level_of_service"]

GRADES: Final = ("A", "B", "C", "D", "E", "F")
"""Grades by their code."""

_SIGNALISED_LIMITS_S: Final = (10.0, 20.0, 35.0, 55.0, 80.0)
_UNSIGNALISED_LIMITS_S: Final = (10.0, 15.0, 25.0, 35.0, 50.0)
_SPEED_RATIO_LIMITS: Final = (0.80, 0.67, 0.50, 0.40, 0.30)
_RUNNING_SPEED_RATIO: Final = 0.87


def control_delay(data: xr.Dataset, *, running_speed_ratio: float = _RUNNING_SPEED_RATIO) -> xr.DataArray:
    """Estimate the mean control delay of a vehicle at the edge's end [s], never below 0.

    Control delay is what the signal, sign or junction at the end costs: slowing down, standing, moving up, and
    speeding up again (HCM chapters 4 and 19). It leaves out what a driver loses to others between junctions, so
    neither SUMO's ``timeLoss`` nor the delay against the speed limit is control delay. HCM's chapter 18 splits
    travel time into running time and control delay; so does this estimate::

        control delay = (time spent - distance driven / running speed) / vehicles that left the edge
        running speed = running_speed_ratio * speed limit

    Where vehicles were held but none got out, the delay so far is shared among the vehicles seen (those that came
    in, or the mean number present, at least one), which is a lower bound.

    Parameters
    ----------
    data
        Needs ``sampled_time``, ``travel_distance``, ``entered``, ``departed``, ``left`` and the edge coordinates.
    running_speed_ratio
        Mean speed away from junctions over the speed limit. The default is measured: SUMO's default drivers on
        single-lane approaches of 150 to 800 m, with nobody to yield to, drove at 0.81 to 0.91 of the limit, at 0.87
        in the mean.

    Returns
    -------
    Shape (..., time, edge); NaN where no vehicle was.

    Notes
    -----
    How far it is off. The truth is the trip time of the same vehicles with the junction's control less without it.
    On 32 approaches (signal, priority, stop and all-way stop; limits of 30 and 50 km/h; 150 and 800 m; light to
    oversaturated) the estimate was off by 2.4 s in the mean, with a bias of 0.3 s. SUMO's ``timeLoss`` was off by
    7.5 s, nearly always too long. 1.3 x standing time, the rule of Reilly, Gardner and Kell (FHWA-RD-76-135, 1976),
    was off by 13 s: right at signals, but up to three times too short at stop signs, where the queue creeps.
    ``tests/metrics/test_control_delay.py`` repeats the measurement.

    The time to speed up behind the stop line (2 to 4 s for a vehicle that stopped) falls on the next edge. A queue
    that reaches further back than the edge is seen on the edges behind it. Intervals much shorter than HCM's 15
    minutes scatter with the signal's cycle.
    """
    running_time = congestion.free_flow_vehicle_time(data) / running_speed_ratio
    held = (data["sampled_time"] - running_time).clip(min=0.0)
    present = data["sampled_time"] / data["interval_length"]
    came_in = data["entered"] + data["departed"]
    seen = came_in.where(came_in > present, present).clip(min=1.0)
    served = data["left"].where(data["left"] > 0, seen)
    return as_quantity((held / served).where(data["sampled_time"] > 0), "control_delay")


def level_of_service(data: xr.Dataset) -> xr.DataArray:
    """Grade each edge by the `control_delay` at its end: code 0 for A to 5 for F, NaN where no vehicle was.

    Edges that end at a signal take HCM exhibit 19-8, all others exhibit 20-2 (which exhibits 21-8 and 22-8 share
    for all-way stops and roundabouts).
    """
    waited = control_delay(data)
    signalised = _codes(waited, limits=_SIGNALISED_LIMITS_S)
    unsignalised = _codes(waited, limits=_UNSIGNALISED_LIMITS_S)
    grade = signalised.where(data["edge_signalised"].astype(bool), unsignalised)
    return _graded(grade, "level_of_service")


def street_level_of_service(data: xr.Dataset) -> xr.DataArray:
    """Grade each edge by its speed over the free-flow speed: code 0 for A to 5 for F, NaN where no vehicle was.

    HCM chapter 18, motorised vehicles on an urban street segment. The speed limit stands for HCM's base free-flow
    speed. It needs no control delay, and also suits edges that end at no junction that matters.
    """
    ratio = congestion.speed(data) / data["edge_speed_limit"]
    return _graded(
        _codes(-ratio, limits=[-limit for limit in _SPEED_RATIO_LIMITS], closed=False), "street_level_of_service"
    )


def _codes(values: xr.DataArray, *, limits: tuple[float, ...] | list[float], closed: bool = True) -> xr.DataArray:
    """Return how many limits each value exceeds (reaches, unless `closed`); NaN stays NaN."""
    codes = values.copy(data=np.searchsorted(limits, values.to_numpy(), side="left" if closed else "right"))
    return codes.where(values.notnull())


def _graded(codes: xr.DataArray, name: str) -> xr.DataArray:
    graded = as_quantity(codes.astype(np.float64), name)
    graded.attrs |= {"flag_values": [float(code) for code in range(len(GRADES))], "flag_meanings": " ".join(GRADES)}
    return graded
