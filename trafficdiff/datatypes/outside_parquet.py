"""Read tracks from parquet: Argoverse 2 motion forecasting, or the tracks that this package exports.

Argoverse has a row a track and step of 0.1 s (``track_id, object_type, timestep, position_x, position_y, heading,
velocity_x, velocity_y``) and no sizes: typical ones are taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.datatypes.outside_tracks import Recording
from trafficdiff.datatypes.track_rows import TrackRows, tracks_of_rows
from trafficdiff.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_parquet"]

_ARGOVERSE: Final = (
    "track_id",
    "object_type",
    "timestep",
    "position_x",
    "position_y",
    "heading",
    "velocity_x",
    "velocity_y",
)
_OWN: Final = ("user_id", "user_kind", "length_m", "width_m", "time_s", "x_m", "y_m", "heading_rad", "speed_ms")
_STEP_S: Final = 0.1
_TYPES: Final[dict[str, tuple[str, float, float]]] = {
    "vehicle": ("passenger", 4.7, 1.9), "bus": ("bus", 12.0, 2.6), "cyclist": ("bicycle", 1.8, 0.7),
    "motorcyclist": ("motorcycle", 2.2, 0.9), "riderless_bicycle": ("bicycle", 1.8, 0.7),
    "pedestrian": ("pedestrian", 0.6, 0.6),
}  # fmt: skip
"""Argoverse's kinds that move, as SUMO classes with typical length and width [m]; the rest is left out."""


def read_parquet(path: Path) -> Recording:
    """Read a table of tracks.

    Raises
    ------
    InputError
        If the file is damaged, or has the columns of neither format.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise InputError(f"{path}: expected a table of tracks, got {error}") from error
    names = set(table.column_names)
    try:
        if set(_OWN) <= names:
            return Recording(tracks_of_rows(_own(table), what=str(path)))
        if set(_ARGOVERSE) <= names:
            return Recording(tracks_of_rows(_argoverse(table), what=str(path)), ego=_focal(table))
    except (pa.ArrowInvalid, TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path}: expected numbers in the columns of tracks, got {error}") from error
    raise InputError(
        f"{path}: expected the columns of Argoverse 2 ({', '.join(_ARGOVERSE)}) or of exported tracks "
        f"({', '.join(_OWN)}), got {', '.join(sorted(names)[:12])}"
    )


def _own(table: Any) -> TrackRows:
    user_id = np.array(table["user_id"].to_pylist(), object).astype(str)
    names, first, user = np.unique(user_id, return_index=True, return_inverse=True)
    kind = np.array(table["user_kind"].to_pylist(), object).astype(str)
    number = {name: _numbers(table, name) for name in _OWN[2:]}
    return TrackRows(
        user_id=names.tolist(), user_kind=kind[first].tolist(),
        size_m=np.column_stack([number["length_m"][first], number["width_m"][first]]), user=user.astype(np.int64),
        time_s=number["time_s"], xy_m=np.column_stack([number["x_m"], number["y_m"]]),
        heading_rad=number["heading_rad"], speed_ms=number["speed_ms"],
    )  # fmt: skip


def _argoverse(table: Any) -> TrackRows:
    kind = np.array(table["object_type"].to_pylist(), object).astype(str)
    moving = np.isin(kind, list(_TYPES))
    track = np.array(table["track_id"].to_pylist(), object).astype(str)[moving]
    names, first, user = np.unique(track, return_index=True, return_inverse=True)
    known = [_TYPES[str(name)] for name in kind[moving][first]]
    number = {name: _numbers(table, name)[moving] for name in _ARGOVERSE[2:]}
    return TrackRows(
        user_id=names.tolist(), user_kind=[one[0] for one in known],
        size_m=np.array([one[1:] for one in known], np.float64).reshape(-1, 2), user=user.astype(np.int64),
        time_s=number["timestep"] * _STEP_S, xy_m=np.column_stack([number["position_x"], number["position_y"]]),
        heading_rad=number["heading"], speed_ms=np.hypot(number["velocity_x"], number["velocity_y"]),
    )  # fmt: skip


def _focal(table: Any) -> str:
    if "focal_track_id" in table.column_names and table.num_rows:
        return str(table["focal_track_id"][0].as_py())
    return ""


def _numbers(table: Any, name: str) -> Any:
    return np.array(table[name].to_numpy(), np.float64)
