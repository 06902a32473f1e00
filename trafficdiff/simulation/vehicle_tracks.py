"""Read SUMO's tracks of vehicles, cyclists and pedestrians (floating car data) as `Tracks`.

SUMO gives the middle of the front bumper and a compass heading (degrees clockwise from north); tracks have the
middle of the box and radians counter-clockwise from the x axis::

          y (north)                 centre = front - length / 2 along the heading
          │   ↗ 45° compass         heading = 90° - compass
          └────── x                 45° compass = 45° = 0.785 rad

A vehicle that SUMO lifts over a jam vanishes and appears elsewhere: it becomes a second user, ``id~1``, not a jump.

SUMO's parquet writes vehicles and pedestrians into the same columns, named after who came first; pedestrians have an
edge and no lane. On crossings and walking areas they are on no edge, like vehicles inside junctions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.tracks import Tracks
from trafficdiff.datatypes.vehicles import VehicleType
from trafficdiff.datatypes.walks import WALKER
from trafficdiff.errors import SimulationError
from trafficdiff.simulation.columns import prefix_of, read_columns

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.simulation.columns import Columns

__all__ = ["DEFAULT_SIZE_M", "read_tracks"]

DEFAULT_SIZE_M: Final[dict[str, tuple[float, float]]] = {
    "emergency": (6.5, 2.16),
    "bus": (12.0, 2.5),
    "coach": (14.0, 2.6),
    "delivery": (6.5, 2.16),
    "truck": (7.1, 2.4),
    "trailer": (16.5, 2.55),
    "tram": (22.0, 2.4),
    "rail_urban": (109.5, 3.0),
    "rail": (135.0, 2.84),
    "rail_electric": (200.0, 2.95),
    "rail_fast": (200.0, 2.95),
    "motorcycle": (2.2, 0.9),
    "moped": (2.1, 0.78),
    "bicycle": (1.6, 0.65),
    "pedestrian": (0.215, 0.478),
    "ship": (17.0, 4.0),
    "container": (6.096, 2.438),
    "subway": (109.5, 3.0),
    "aircraft": (72.7, 79.8),
    "wheelchair": (1.2, 0.72),
    "scooter": (1.2, 0.5),
    "drone": (0.5, 0.5),
}
"""Length and width [m] by vehicle class where a type does not say; SUMO 1.28's own defaults, asked of libsumo."""

_CAR_SIZE_M: Final = (5.0, 1.8)
_PEDESTRIAN: Final = VehicleType("DEFAULT_PEDTYPE", "pedestrian")
"""SUMO's type of persons whose route file names none."""
_SIDESTEP_M: Final = 5.0
"""Largest displacement of the front bumper that speed does not explain [m]: a lane change within one step."""
_USUAL_ACCELERATION_MS2: Final = 4.5
"""Accelerating or braking of drivers [m/s2]: SUMO's default deceleration of cars."""
_MAXIMUM_ACCELERATION_MS2: Final = 9.81
"""No vehicle gains speed faster [m/s2]; one that SUMO sets down anew does."""
_STEP_OFF_MS: Final = 3.0
"""Pedestrians walk off at their full speed within one step [m/s]."""


def read_tracks(
    path: Path,
    *,
    graph: RoadGraph,
    trips: TripSet,
    step_s: float,
    simulated_step_s: float | None = None,
    end_s: float | None = None,
) -> Tracks:
    """Read SUMO's tracks of vehicles and people on foot.

    Parameters
    ----------
    path
        SUMO's floating car data as parquet.
    graph, trips
        The roads, and the vehicle types with their sizes.
    step_s
        Time between two samples [s].
    simulated_step_s
        Step of the simulation [s] where samples are further apart: vehicles speed up and brake in between.
    end_s
        Last moment that is read [s]; None for all.

    Raises
    ------
    SimulationError
        If the file breaks off, or a vehicle has a type that `trips` does not know.
    InputError
        If the tracks are not possible (see `Tracks`).
    """
    fields = ["time", "id", "x", "y", "angle", "type", "speed", "lane", "edge"]
    prefix = prefix_of(path, ("vehicle", "person"))
    labels = [f"{prefix}_{name}" for name in ("id", "type", "lane", "edge")]
    columns = read_columns(path, [*fields, "timestep_time"], prefix=prefix, labels=labels)
    vehicle, vehicle_names = columns.labels("id")
    order = np.argsort(vehicle, kind="stable")  # SUMO writes by time: each vehicle's rows stay in order
    clock_s = columns.numbers("timestep_time")
    order = order[(vehicle[order] >= 0) & (clock_s[order] <= (np.inf if end_s is None else end_s))]
    vehicle, time_s = vehicle[order], clock_s[order]
    x_m, y_m, speed_ms, compass = (columns.numbers(name)[order] for name in ("x", "y", "speed", "angle"))
    between_s = step_s - (step_s if simulated_step_s is None else simulated_step_s)
    starts = _starts(
        vehicle, time_s=time_s, x_m=x_m, y_m=y_m, speed_ms=speed_ms, step_s=step_s, between_s=between_s
    )  # fmt: skip
    type_code, type_names = columns.labels("type")
    kind, length_m, width_m = _boxes(type_names, trips.vehicle_types, path)
    user_type = type_code[order][starts]
    samples = np.diff(np.append(starts, len(vehicle)))
    half_m = np.repeat(length_m[user_type] / 2, samples)
    heading_rad = np.remainder(np.pi / 2 - np.radians(compass) + np.pi, 2 * np.pi) - np.pi
    return Tracks(
        user_id=_user_names(vehicle[starts], vehicle_names),
        user_kind=kind[user_type],
        length_m=length_m[user_type],
        width_m=width_m[user_type],
        offsets=np.append(starts, len(vehicle)).astype(np.int64),
        time_s=time_s,
        x_m=x_m - half_m * np.cos(heading_rad),
        y_m=y_m - half_m * np.sin(heading_rad),
        heading_rad=heading_rad,
        speed_ms=speed_ms,
        edge=_edges(columns, graph=graph)[order],
    )


def _starts(
    vehicle: NDArray[np.intp],
    *,
    time_s: NDArray[np.float64],
    x_m: NDArray[np.float64],
    y_m: NDArray[np.float64],
    speed_ms: NDArray[np.float64],
    step_s: float,
    between_s: float,
) -> NDArray[np.intp]:
    """Return the first sample of each user: a new vehicle, a gap in time, a jump in place or in speed.

    Where a vehicle is not sampled at every step it may speed up and brake in between: standing at both ends of ``t``
    seconds it has driven at most ``a t^2 / 4``.
    """
    if not len(vehicle):
        return np.zeros(0, np.intp)
    elapsed_s = np.diff(time_s)
    gap = elapsed_s > 1.5 * step_s
    reach_m = np.maximum(speed_ms[1:], speed_ms[:-1]) * elapsed_s + _SIDESTEP_M
    reach_m += _USUAL_ACCELERATION_MS2 * elapsed_s * between_s / 4
    jump = np.hypot(np.diff(x_m), np.diff(y_m)) > reach_m
    kick = np.diff(speed_ms) > np.maximum(_MAXIMUM_ACCELERATION_MS2 * elapsed_s, _STEP_OFF_MS)
    return np.flatnonzero(np.append(True, (np.diff(vehicle) != 0) | gap | jump | kick))


def _user_names(vehicle: NDArray[np.intp], names: list[str]) -> NDArray[np.object_]:
    """Return the users' names: the vehicle's, and ``id~1``, ``id~2`` for its parts after a teleport."""
    fresh = np.append(True, np.diff(vehicle) != 0)
    place = np.arange(len(vehicle))
    part = place - np.maximum.accumulate(np.where(fresh, place, 0)) if len(vehicle) else place
    return np.array([names[v] + (f"~{p}" if p else "") for v, p in zip(vehicle, part, strict=True)], object)


def _boxes(
    type_names: list[str], types: tuple[VehicleType, ...], path: Path
) -> tuple[NDArray[np.object_], NDArray[np.float64], NDArray[np.float64]]:
    known = {_PEDESTRIAN.name: _PEDESTRIAN, WALKER.name: WALKER} | {kind.name: kind for kind in types}
    if strange := sorted(set(type_names) - set(known)):
        raise SimulationError(
            f"{path.name}: expected the vehicle types {sorted(kind.name for kind in types)}, got {strange}"
        )
    sizes = [DEFAULT_SIZE_M.get(known[name].vehicle_class, _CAR_SIZE_M) for name in type_names]
    attributes = [known[name].attributes for name in type_names]
    return (
        np.array([known[name].vehicle_class for name in type_names], object),
        np.array([float(own.get("length", size[0])) for own, size in zip(attributes, sizes, strict=True)]),
        np.array([float(own.get("width", size[1])) for own, size in zip(attributes, sizes, strict=True)]),
    )


def _edges(columns: Columns, *, graph: RoadGraph) -> NDArray[np.int32]:
    """Return the edge position of each row, -1 inside junctions, on crossings and on paths that are no edges."""
    lane, lane_names = columns.labels("lane")
    edge, edge_names = columns.labels("edge")
    of_lane = [graph.edge_index.get(name.rpartition("_")[0], -1) for name in lane_names]
    of_edge = [graph.edge_index.get(name, -1) for name in edge_names]
    return np.where(lane >= 0, np.array([*of_lane, -1], np.int32)[lane], np.array([*of_edge, -1], np.int32)[edge])
