"""Read SUMO's trip information into one row for every trip that was asked for, and count where each ended up.

::

    depart < 0                    waiting    never entered
    vaporized, not by the end     removed    taken out by a policy or a collision
    arrival < 0                   running    on the roads (or being lifted over a jam) at the end
    else                          arrived    completed
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.result import TRIP_COLUMNS, VehicleCounts
from trafficdiff.errors import Faults, SimulationError
from trafficdiff.simulation.columns import Columns, read_columns

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.simulation.summary import Statistics

__all__ = ["count_vehicles", "read_trip_table"]

_DURING: Final = {
    "duration_s": "duration",
    "route_length_m": "routeLength",
    "time_loss_s": "timeLoss",
    "waiting_time_s": "waitingTime",
}
_NEEDED: Final = (
    *("id", "vType", "depart", "departDelay", "departPos", "arrival", "arrivalPos", "vaporized"),
    *_DURING.values(),
)


def read_trip_table(path: Path, *, trips: TripSet) -> pd.DataFrame:
    """Read SUMO's trip information.

    Parameters
    ----------
    path
        Trip information as parquet, written with unfinished and undeparted vehicles.
    trips
        What was asked for.

    Returns
    -------
    One row a trip in the order of `trips`, then vehicles that a policy added, by id. Columns `TRIP_COLUMNS`, and
    ``entered`` and ``removed`` (booleans). A trip that is still on its way has its duration, length, time loss and
    waiting time so far; `free_flow_time_s` is the time that its driven metres would have taken at the speed limits
    of its route (a bicycle: at its rider's own speed where that is less): the route without what lies before the place
    of departure and behind that of arrival, metres inside junctions driven at the mean of the rest. Vehicles that
    rerouted on the way are measured by the route they were given.

    Raises
    ------
    SimulationError
        If the file breaks off, or a vehicle appears twice.
    """
    import pandas as pd

    columns = read_columns(path, _NEEDED, prefix="tripinfo")
    names = columns.text("id")
    if len(set(names)) != len(names):
        raise SimulationError(f"{path.name}: expected one row a vehicle, got {len(names) - len(set(names))} repeats")
    known = pd.Index(trips.trip_id.astype(str))
    rows = pd.Index(names)
    added = np.sort(rows[known.get_indexer(rows) < 0].to_numpy(object))
    wanted = known.append(pd.Index(added, dtype=known.dtype))
    source = rows.get_indexer(wanted)
    return _assemble(columns, trips=trips, source=source, added=added)


def _assemble(
    columns: Columns, *, trips: TripSet, source: NDArray[np.intp], added: NDArray[np.object_]
) -> pd.DataFrame:
    import pandas as pd

    found = source >= 0

    def take(name: str, missing: float = np.nan) -> NDArray[np.float64]:
        values = columns.numbers(name)
        return np.where(found, values[source], missing) if len(values) else np.full(len(source), missing)

    depart_s, arrival_s = take("depart", -1.0), take("arrival", -1.0)
    entered = depart_s >= 0
    removed = entered & ~np.isin(_text(columns, "vaporized", source), ["", "end"])
    completed = entered & ~removed & (arrival_s >= 0)
    during = {name: np.where(entered, take(attribute), np.nan) for name, attribute in _DURING.items()}
    planned_s = np.concatenate([trips.depart_s, np.full(len(added), np.nan)])
    type_names = np.array([kind.name for kind in trips.vehicle_types], object)
    kinds = np.concatenate([type_names[trips.vehicle_type], _text(columns, "vType", source[len(trips) :])])
    table = {
        "trip_id": np.concatenate([trips.trip_id, added]),
        "vehicle_type": kinds,
        "depart_s": np.where(entered, depart_s, planned_s),
        "depart_delay_s": np.where(entered, take("departDelay"), np.nan),
        "arrival_s": np.where(completed, arrival_s, np.nan),
        **during,
        "free_flow_time_s": _free_flow_time_s(
            trips,
            driven_m=during["route_length_m"],
            depart_position_m=take("departPos"),
            arrival_position_m=np.where(completed, take("arrivalPos"), np.nan),
        ),
        "completed": completed,
    }
    ordered = {name: table[name] for name in TRIP_COLUMNS} | {"entered": entered, "removed": removed}
    return pd.DataFrame(ordered)


def _text(columns: Columns, name: str, source: NDArray[np.intp]) -> NDArray[np.object_]:
    values = np.append(columns.text(name), "")  # the last place answers for -1, a trip that SUMO does not mention
    return np.asarray(values[source])


def _free_flow_time_s(
    trips: TripSet,
    *,
    driven_m: NDArray[np.float64],
    depart_position_m: NDArray[np.float64],
    arrival_position_m: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the driven length times the mean slowness [s/m] of the route, trimmed at both ends, shape (rows,)."""
    graph, count = trips.graph, len(trips)
    first, last = trips.edges[trips.offsets[:-1]], trips.edges[trips.offsets[1:] - 1]
    skipped_m = np.clip(np.nan_to_num(depart_position_m[:count]), 0.0, graph.length_m[first])
    behind_m = graph.length_m[last] - arrival_position_m[:count]
    behind_m = np.clip(np.nan_to_num(behind_m), 0.0, graph.length_m[last])
    length_m = trips.sum_over_route(graph.length_m) - skipped_m - behind_m
    fastest_ms = np.array([kind.free_speed_ms for kind in trips.vehicle_types])[trips.vehicle_type]
    time_s = _time_over_routes_s(trips, fastest_ms)
    time_s = time_s - skipped_m / np.minimum(graph.speed_limit_ms[first], fastest_ms)
    time_s = time_s - behind_m / np.minimum(graph.speed_limit_ms[last], fastest_ms)
    # A trip within one edge may be trimmed to nothing: then the limit of its first edge counts.
    whole = (length_m > 1e-3) & (time_s > 0)
    slowness = np.where(whole, time_s, 1.0) / np.where(
        whole, length_m, np.minimum(graph.speed_limit_ms[first], fastest_ms)
    )
    return np.concatenate([slowness * driven_m[:count], np.full(len(driven_m) - count, np.nan)])


def _time_over_routes_s(trips: TripSet, fastest_ms: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the time over the whole routes at the limits, or at a rider's own speed where that is less, shape (T,)."""
    graph = trips.graph
    time_s = trips.sum_over_route(graph.free_flow_time_s)
    for speed_ms in np.unique(fastest_ms[np.isfinite(fastest_ms)]):
        ridden_s = trips.sum_over_route(graph.length_m / np.minimum(graph.speed_limit_ms, speed_ms))
        time_s = np.where(fastest_ms == speed_ms, ridden_s, time_s)
    return np.asarray(time_s)


def count_vehicles(table: pd.DataFrame, statistics: Statistics) -> VehicleCounts:
    """Count where every vehicle ended up, and check it against SUMO's own totals.

    Raises
    ------
    SimulationError
        If SUMO's totals and its trip information do not agree: the run is not complete.
    """
    entered, removed = table["entered"].to_numpy(bool), table["removed"].to_numpy(bool)
    completed = table["completed"].to_numpy(bool)
    counts = VehicleCounts(
        loaded=len(table),
        inserted=int(entered.sum()),
        arrived=int(completed.sum()),
        running=int((entered & ~removed & ~completed).sum()),
        waiting=int((~entered).sum()),
        removed=int(removed.sum()),
        teleports=statistics.teleports,
        collisions=statistics.collisions,
    )
    faults = Faults("SUMO's vehicle counts")
    for name in ("loaded", "inserted", "running"):
        if getattr(counts, name) != getattr(statistics, name):
            faults.add(
                f"expected {getattr(statistics, name)} {name} vehicles as SUMO's totals say, the trip table has "
                f"{getattr(counts, name)}; the run is not complete: see SUMO's log"
            )
    faults.raise_if_any(SimulationError)
    return counts
