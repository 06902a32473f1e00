"""Trips as a parquet table, one row a trip.

=====================  ==============================  ==========================================================
``trip_id``            string
``vehicle_type``       dictionary of string            described in the metadata
``depart_s``           double                          [s of the simulated day]
``state_of_charge``    double                          share of the battery; null if not electric
``battery_kwh``        double                          [kWh]; null if not electric
``route``              list of dictionary of string    edge ids
``charging_stops``     list of struct                  edge, station, duration_s [s], energy_kwh [kWh]; may be absent
=====================  ==============================  ==========================================================

The schema's metadata key ``trafficdiff`` holds JSON: format, window, vehicle types, units, provenance.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.datatypes.trips import CHARGING_STOP_COLUMNS, TripSet
from trafficdiff.datatypes.vehicles import VehicleType
from trafficdiff.errors import Faults, TripError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["read_parquet", "write_parquet"]

_FORMAT: Final = 1
_UNITS: Final = {"depart_s": "s", "state_of_charge": "1", "battery_kwh": "kW h", "window_s": "s"}
_COLUMNS: Final = ("trip_id", "vehicle_type", "depart_s", "state_of_charge", "battery_kwh", "route")
_ROW_GROUP: Final = 100_000
_SHOWN: Final = 10


def write_parquet(trips: TripSet, path: Path) -> None:
    """Write trips to a parquet file (zstd).

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = [kind.name for kind in trips.vehicle_types]
    columns: dict[str, Any] = {
        "trip_id": pa.array(trips.trip_id, pa.string()),
        "vehicle_type": pa.DictionaryArray.from_arrays(trips.vehicle_type, pa.array(types, pa.string())),
        "depart_s": pa.array(trips.depart_s),
        "state_of_charge": pa.array(trips.state_of_charge, from_pandas=True),
        "battery_kwh": pa.array(trips.battery_kwh, from_pandas=True),
        "route": _routes(trips),
    }
    if trips.charging_stops is not None:
        columns["charging_stops"] = _stops(trips)
    description = {
        "format": _FORMAT,
        "window_s": list(trips.window_s),
        "vehicle_types": [
            {
                "name": kind.name,
                "vehicle_class": kind.vehicle_class,
                "attributes": dict(kind.attributes),
                "parameters": dict(kind.parameters),
            }
            for kind in trips.vehicle_types
        ],
        "units": _UNITS,
        "provenance": trips.provenance,
    }
    table = pa.table(columns).replace_schema_metadata({"trafficdiff": json.dumps(description, sort_keys=True)})
    pq.write_table(table, path, compression="zstd", row_group_size=_ROW_GROUP)


def _routes(trips: TripSet) -> pa.Array:
    """Return the routes as lists over a dictionary of the edges that occur."""
    import pyarrow as pa

    used, place = np.unique(trips.edges, return_inverse=True)
    names = pa.DictionaryArray.from_arrays(
        pa.array(place.astype(np.int32)), pa.array(trips.graph.edge_id[used], pa.string())
    )
    return pa.LargeListArray.from_arrays(pa.array(trips.offsets), names)


def _stops(trips: TripSet) -> pa.Array:
    import pyarrow as pa

    rows: list[list[dict[str, Any]]] = [[] for _ in range(len(trips))]
    assert trips.charging_stops is not None
    for stop in trips.charging_stops.to_dict("records"):
        edge = str(trips.graph.edge_id[stop["edge"]])
        rows[stop["trip"]].append(
            {
                "edge": edge,
                "station": str(stop["station"]),
                "duration_s": float(stop["duration_s"]),
                "energy_kwh": float(stop["energy_kwh"]),
            }
        )
    fields = [
        ("edge", pa.string()),
        ("station", pa.string()),
        ("duration_s", pa.float64()),
        ("energy_kwh", pa.float64()),
    ]
    return pa.array(rows, pa.list_(pa.struct(fields)))


def read_parquet(path: Path, graph: RoadGraph, *, window_s: tuple[float, float] | None = None) -> TripSet:
    """Read trips from a parquet file that `write_parquet` made.

    Raises
    ------
    TripError
        If the file is missing, cut, not such a file, or names edges that are not in the net; and whatever `TripSet`
        refuses.
    """
    table = _read_table(path)
    described = _description(table, path)
    _check_columns(table, path)
    offsets, edges = _read_routes(table, graph, path)
    positions = {kind.name: place for place, kind in enumerate(described.types)}
    names = table["vehicle_type"].to_pylist()
    faults = Faults(f"{path}")
    for name in sorted({str(name) for name in names} - set(positions)):
        faults.add(f"expected vehicle types {sorted(positions)}, got {name!r}; describe it in the metadata")
    faults.raise_if_any(TripError)
    return TripSet(
        graph=graph,
        trip_id=np.array(table["trip_id"].to_pylist(), object),
        depart_s=_numbers(table, "depart_s"),
        window_s=window_s or described.window_s,
        offsets=offsets,
        edges=edges,
        vehicle_type=np.array([positions[name] for name in names], np.int32),
        vehicle_types=described.types,
        state_of_charge=_numbers(table, "state_of_charge"),
        battery_kwh=_numbers(table, "battery_kwh"),
        charging_stops=_read_stops(table, graph, path),
        provenance=described.provenance,
    )


@dataclass(frozen=True)
class _Description:
    """Hold what the metadata say of the trips."""

    types: tuple[VehicleType, ...]
    window_s: tuple[float, float]
    provenance: dict[str, str]


def _read_table(path: Path) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with path.open("rb") as file:
            return pq.read_table(file)
    except OSError as error:
        reason = error.strerror or str(error)
        raise TripError(f"{path}: expected a parquet file that can be read, got {reason}; check the path") from error
    except pa.ArrowException as error:
        raise TripError(f"{path}: expected a whole parquet file, got {error}; write it again") from error


def _description(table: pa.Table, path: Path) -> _Description:
    missing = set(_COLUMNS) - set(table.column_names)
    raw = (table.schema.metadata or {}).get(b"trafficdiff")
    if missing or raw is None:
        what = f"no column {sorted(missing)}" if missing else "none of its metadata"
        raise TripError(f"{path}: expected trips as trafficdiff writes them, got {what}; see `trafficdiff sample`")
    try:
        content = json.loads(raw)
        version = content["format"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise _damaged(path, error) from error
    if version != _FORMAT:
        raise TripError(f"{path}: expected trip format {_FORMAT}, got {version!r}; update trafficdiff")
    try:
        begin_s, end_s = map(float, content["window_s"])
        provenance = {str(key): str(value) for key, value in content["provenance"].items()}
        return _Description(tuple(map(_vehicle_type, content["vehicle_types"])), (begin_s, end_s), provenance)
    except TripError as error:
        raise TripError(f"{path}: {error}") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> TripError:
    return TripError(
        f"{path}: expected whole metadata (format, window_s, vehicle_types, provenance), got damaged ones "
        f"({type(error).__name__}: {error}); write the trips again"
    )


def _vehicle_type(content: dict[str, Any]) -> VehicleType:
    """Return a type from its description.

    Raises
    ------
    ValueError, TypeError, KeyError, AttributeError
        If it is not one.
    TripError
        As `VehicleType`.
    """
    texts = [{str(key): str(value) for key, value in content[part].items()} for part in ("attributes", "parameters")]
    return VehicleType(content["name"], str(content["vehicle_class"]), *texts)


def _check_columns(table: pa.Table, path: Path) -> None:
    """Refuse columns of other types than `write_parquet` writes; texts may be dictionaries, lists of either kind."""
    import pyarrow as pa

    def is_text(kind: pa.DataType) -> bool:
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))

    def is_list(kind: pa.DataType) -> bool:
        return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind))

    faults = Faults(f"{path}")
    for name in (*_COLUMNS, *({"charging_stops"} & set(table.column_names))):
        kind = table.schema.field(name).type
        match name:
            case "trip_id" | "vehicle_type":
                wanted, good = "text", is_text(kind)
            case "route":
                wanted, good = "lists of text", is_list(kind) and is_text(kind.value_type)
            case "charging_stops":
                wanted = f"lists of {', '.join(CHARGING_STOP_COLUMNS[1:])}"
                good = is_list(kind) and _holds_stops(kind.value_type)
            case _:
                wanted, good = "numbers", bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))
        if not good:
            faults.add(f"column {name!r}: expected {wanted}, got {kind}; write the trips with trafficdiff")
    faults.raise_if_any(TripError)


def _holds_stops(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return pa.types.is_struct(kind) and all(kind.get_field_index(name) >= 0 for name in CHARGING_STOP_COLUMNS[1:])


def _numbers(table: pa.Table, name: str) -> NDArray[np.float64]:
    return np.array(table[name].to_numpy(), np.float64)


def _read_routes(table: pa.Table, graph: RoadGraph, path: Path) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return the routes as CSR of edge positions; edges are looked up once for each dictionary."""
    import pyarrow as pa

    offsets: list[NDArray[np.int64]] = [np.zeros(1, np.int64)]
    edges = []
    faults = Faults(f"{path}")
    for chunk in table["route"].chunks:
        ends = np.asarray(chunk.offsets, np.int64)
        values = chunk.values[ends[0] : ends[-1]]
        if not isinstance(values, pa.DictionaryArray):
            values = values.dictionary_encode()
        places = np.array([graph.edge_index.get(name, -1) for name in values.dictionary.to_pylist()], np.int32)
        if values.null_count or chunk.null_count:
            raise TripError(f"{path}: expected a route for every trip, got nulls; write the file again")
        row = places[np.asarray(values.indices)]
        for unknown in np.flatnonzero(row < 0)[:_SHOWN]:
            trip = int(
                np.searchsorted(ends - ends[0], unknown, side="right") - 1 + sum(map(len, offsets)) - len(offsets)
            )
            faults.add(_unknown_edge(str(table["trip_id"][trip]), str(values[int(unknown)])))
        offsets.append(ends[1:] - ends[0] + offsets[-1][-1])
        edges.append(row)
    faults.raise_if_any(TripError)
    return np.concatenate(offsets), np.concatenate(edges) if edges else np.zeros(0, np.int32)


def _unknown_edge(trip: str, edge: str) -> str:
    return f"trip {trip!r}: edge {edge!r} is not in the net; route the trips on this net"


def _read_stops(table: pa.Table, graph: RoadGraph, path: Path) -> pd.DataFrame | None:
    if "charging_stops" not in table.column_names:
        return None
    import pandas as pd

    rows = []
    faults = Faults(f"{path}")
    for trip, stops in enumerate(table["charging_stops"].to_pylist()):
        for stop in stops or ():
            edge = graph.edge_index.get(stop["edge"], -1)
            if edge < 0:
                faults.add(_unknown_edge(str(table["trip_id"][trip]), stop["edge"]))
            row = (trip, edge, stop["station"], stop["duration_s"], stop["energy_kwh"])
            if None in row:
                faults.add(
                    f"trip {table['trip_id'][trip]}: expected whole charging stops, got {stop}; write them again"
                )
            rows.append(row)
    faults.raise_if_any(TripError)
    return pd.DataFrame(rows, columns=list(CHARGING_STOP_COLUMNS))
