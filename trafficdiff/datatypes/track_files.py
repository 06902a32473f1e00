"""Write and read tracks as a parquet table, one row a sample.

=================  =====================  =========================================================
``user_id``        dictionary of string   sorted by user, then time
``user_kind``      dictionary of string   SUMO vehicle class
``length_m``       double                 size of the box [m]
``width_m``        double
``time_s``         double                 [s of the simulated day]
``x_m``, ``y_m``   double                 box centre [m], net coordinates
``heading_rad``    double                 counter-clockwise from the x axis [rad]
``speed_ms``       double                 [m/s]
``edge``           dictionary of string   edge id; null inside junctions
=================  =====================  =========================================================

The schema's metadata key ``trafficdiff`` holds JSON: format and provenance.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.datatypes.tracks import Tracks
from trafficdiff.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["read_tracks_table", "write_tracks_table"]

_FORMAT: Final = 1
_BY_USER: Final = ("length_m", "width_m")
_BY_SAMPLE: Final = ("time_s", "x_m", "y_m", "heading_rad", "speed_ms")


def write_tracks_table(
    tracks: Tracks, path: Path, *, graph: RoadGraph, provenance: Mapping[str, str] | None = None
) -> None:
    """Write tracks to a parquet file (zstd).

    Parameters
    ----------
    tracks
        What to write.
    path
        The file.
    graph
        The roads that the tracks' edges are on.
    provenance
        How the tracks came to be; travels in the file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    user = tracks.user.astype(np.int32)
    edges = pa.array(graph.edge_id, pa.string())
    columns: dict[str, Any] = {
        "user_id": pa.DictionaryArray.from_arrays(pa.array(user), pa.array(tracks.user_id, pa.string())),
        "user_kind": pa.array(tracks.user_kind[user], pa.string()).dictionary_encode(),
        **{name: getattr(tracks, name)[user] for name in _BY_USER},
        **{name: getattr(tracks, name) for name in _BY_SAMPLE},
        "edge": pa.DictionaryArray.from_arrays(pa.array(tracks.edge, mask=~tracks.on_edge), edges),
    }
    described = {"format": _FORMAT, "provenance": dict(provenance or {})}
    table = pa.table(columns).replace_schema_metadata({"trafficdiff": json.dumps(described)})
    pq.write_table(table, path, compression="zstd")


def read_tracks_table(path: Path, *, graph: RoadGraph) -> Tracks:
    """Read what `write_tracks_table` wrote.

    Raises
    ------
    InputError
        If the file is damaged, is no table of tracks, names an edge that `graph` does not have, or its tracks are
        not possible (see `Tracks`).
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise InputError(f"{path}: expected a table of tracks, got {error}") from error
    if missing := {"user_id", "user_kind", "edge", *_BY_USER, *_BY_SAMPLE} - set(table.column_names):
        raise InputError(f"{path}: expected a table of tracks, missing the columns {sorted(missing)}")
    if any(table[name].null_count for name in ("user_id", "user_kind")):
        raise InputError(f"{path}: expected a user_id and a user_kind in each row, got rows without")
    try:
        numbers = {name: np.array(table[name].cast(pa.float64()).to_numpy()) for name in (*_BY_USER, *_BY_SAMPLE)}
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise InputError(
            f"{path}: expected numbers in {', '.join((*_BY_USER, *_BY_SAMPLE))}, got others ({error})"
        ) from error
    user_id, kind = (_text(table[name]) for name in ("user_id", "user_kind"))
    starts = np.flatnonzero(np.concatenate([[True], user_id[1:] != user_id[:-1]])) if len(user_id) else np.zeros(0, int)
    return Tracks(
        user_id=user_id[starts],
        user_kind=kind[starts],
        **{name: numbers[name][starts] for name in _BY_USER},
        offsets=np.append(starts, len(user_id)).astype(np.int64),
        **{name: numbers[name] for name in _BY_SAMPLE},
        edge=_edges(_text(table["edge"]), graph=graph, path=path),
    )


def _text(column: Any) -> NDArray[np.object_]:
    return np.array(column.to_pylist(), object)


def _edges(names: NDArray[np.object_], *, graph: RoadGraph, path: Path) -> NDArray[np.int32]:
    if strange := sorted({str(name) for name in set(names) - {None} if name not in graph.edge_index}):
        raise InputError(f"{path}: expected edges of this road graph, got {strange[:5]}; open the tracks' own network")
    return np.array([-1 if name is None else graph.edge_index[name] for name in names], np.int32)
