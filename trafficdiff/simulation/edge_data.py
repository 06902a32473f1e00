"""Read SUMO's edge data, traffic and emissions, into dense arrays by interval and edge.

SUMO writes a row only where a vehicle was seen; here every edge of the graph has a value in every interval: 0 for
counts and sums, and for the occupancy too.

A vehicle is where its front is. SUMO's ``sampledSeconds`` and ``speed`` count it on an edge until its *rear* has left,
so that each passage measures the edge's length plus the vehicle's (9 % too much on Helsinki's short edges); its
``density`` and ``distance`` go by the front, and time and distance are taken from them. What happens on the lanes
inside junctions belongs to no edge (8 to 14 % of the distance in the cities at hand), so the sum over all edges is
that much less than the sum over all trips.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.errors import SimulationError
from trafficdiff.simulation.columns import Columns, read_columns
from trafficdiff.units import METRES_PER_KILOMETRE

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["interval_begins_s", "read_edge_emissions", "read_edge_traffic"]

_SUMS: Final = {
    "travel_distance": ("distance", 1.0),
    "time_loss": ("timeLoss", 1.0),
    "waiting_time": ("waitingTime", 1.0),
    "occupancy": ("occupancy", 0.01),
}
"""Our variable: SUMO's attribute, and what SUMO's unit is in ours (metres; seconds; percent)."""

_COUNTS: Final = {name: name for name in ("entered", "left", "departed", "arrived", "teleported")}

_EMISSIONS: Final = {
    "co2_mass": ("CO2_abs", 1e-6),
    "nox_mass": ("NOx_abs", 1e-6),
    "pmx_mass": ("PMx_abs", 1e-6),
    "fuel_mass": ("fuel_abs", 1e-6),
    "electricity_energy": ("electricity_abs", 1e-3),
}
"""SUMO counts masses in milligrams and electricity in watt-hours (docs: Simulation/Output/EdgeBasedEmission)."""

_INTERVAL: Final = "interval_begin"
_END: Final = "interval_end"


def interval_begins_s(*, begin_s: float, end_s: float, period_s: float) -> NDArray[np.float64]:
    """Return the begin of every interval from `begin_s` to before `end_s` [s]; the last one may be shorter."""
    count = max(1, int(np.ceil((end_s - begin_s) / period_s - 1e-9)))
    return begin_s + period_s * np.arange(count, dtype=np.float64)


def read_edge_traffic(path: Path, *, graph: RoadGraph, begins_s: NDArray[np.float64]) -> dict[str, NDArray[np.generic]]:
    """Read traffic by interval and edge.

    Parameters
    ----------
    path
        SUMO's edge data as parquet.
    graph
        The edges, in the order of the result.
    begins_s
        Shape (T,), begin of each interval to keep [s]; rows of later intervals are dropped.

    Returns
    -------
    Arrays of shape (T, E) by name (see `trafficdiff.units`): ``sampled_time``, ``travel_distance``, ``time_loss``,
    ``waiting_time`` and ``occupancy`` as float64, ``entered``, ``left``, ``departed``, ``arrived`` and
    ``teleported`` as int32.

    Raises
    ------
    SimulationError
        If the file breaks off, or names an edge or an interval that is not there.
    """
    attributes = [attribute for attribute, _ in _SUMS.values()] + list(_COUNTS.values())
    columns = _read(path, [*attributes, _END, "density"])
    cells, kept = _cells(columns, graph=graph, begins_s=begins_s, path=path)
    shape = (len(begins_s), graph.edge_count)
    dense: dict[str, NDArray[np.generic]] = {
        name: _dense(columns.numbers(attribute)[kept] * scale, cells, shape)
        for name, (attribute, scale) in _SUMS.items()
    }
    # SUMO's density [veh/km] is the time that fronts spent on the edge, over interval and length; undo the division.
    period_s = columns.numbers(_END) - columns.numbers(_INTERVAL)
    vehicles_per_m = columns.numbers("density") / METRES_PER_KILOMETRE
    length_m = np.tile(graph.length_m, len(begins_s))[cells]
    dense["sampled_time"] = _dense((vehicles_per_m * period_s)[kept] * length_m, cells, shape)
    for name, attribute in _COUNTS.items():
        dense[name] = _dense(columns.numbers(attribute)[kept], cells, shape).astype(np.int32)
    return dense


def read_edge_emissions(
    path: Path, *, graph: RoadGraph, begins_s: NDArray[np.float64]
) -> dict[str, NDArray[np.generic]]:
    """Read emissions by interval and edge: ``co2_mass``, ``nox_mass``, ``pmx_mass``, ``fuel_mass`` [kg], electricity.

    Parameters, shapes and errors are those of `read_edge_traffic`; ``electricity_energy`` is in kWh and negative
    where braking gave back more than driving took.
    """
    columns = _read(path, [attribute for attribute, _ in _EMISSIONS.values()])
    cells, kept = _cells(columns, graph=graph, begins_s=begins_s, path=path)
    shape = (len(begins_s), graph.edge_count)
    return {
        name: _dense(columns.numbers(attribute)[kept] * scale, cells, shape)
        for name, (attribute, scale) in _EMISSIONS.items()
    }


def _read(path: Path, attributes: list[str]) -> Columns:
    return read_columns(path, [_INTERVAL, "id", *attributes], prefix="edge", labels=(_INTERVAL, "edge_id"))


def _cells(
    columns: Columns, *, graph: RoadGraph, begins_s: NDArray[np.float64], path: Path
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Return the flat position of each kept row in a (T, E) array, and which rows are kept."""
    edge_code, edge_names = columns.labels("id")
    position = np.array([graph.edge_index.get(name, -1) for name in edge_names] + [-1], np.intp)
    if edge_names and (strange := [name for name, at in zip(edge_names, position, strict=False) if at < 0]):
        raise SimulationError(
            f"{path.name}: expected edges of the road graph, got {strange[:5]}; the net is not the one of the graph"
        )
    begin_s = columns.numbers(_INTERVAL, missing=np.nan)
    interval = np.searchsorted(begins_s, begin_s - 1e-6)
    kept = (edge_code >= 0) & (interval < len(begins_s))
    if not np.allclose(begins_s[interval[kept]], begin_s[kept]):
        raise SimulationError(f"{path.name}: expected intervals that begin at {begins_s[:3]} ... s, got others")
    return interval[kept] * graph.edge_count + position[edge_code[kept]], kept


def _dense(values: NDArray[np.float64], cells: NDArray[np.intp], shape: tuple[int, int]) -> NDArray[np.float64]:
    flat = np.zeros(shape[0] * shape[1])
    flat[cells] = values
    return flat.reshape(shape)
