"""Read a ScenarioNet dictionary (MetaDrive's format): tracks and lanes.

The format is a pickle. Only plain containers, numbers, texts and numpy arrays are taken out of it; whatever would run
code is refused before it runs.
"""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.datatypes.outside_map import outside_lane, outside_map
from trafficdiff.datatypes.outside_tracks import Recording
from trafficdiff.datatypes.track_rows import TrackRows, tracks_of_rows
from trafficdiff.datatypes.vehicles import ALL_CLASSES, class_bit
from trafficdiff.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.net_shapes import NetShapes

__all__ = ["read_scenarionet"]

_KINDS: Final = {"VEHICLE": "passenger", "CYCLIST": "bicycle", "PEDESTRIAN": "pedestrian"}
_PLAIN: Final = frozenset({
    ("numpy.core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "_reconstruct"),
    ("numpy.core.multiarray", "scalar"), ("numpy._core.multiarray", "scalar"), ("numpy", "ndarray"), ("numpy", "dtype"),
    ("numpy.core.numeric", "_frombuffer"), ("numpy._core.numeric", "_frombuffer"),
})  # fmt: skip
_WALKS: Final = class_bit("pedestrian")
_LANES: Final = {
    "LANE_SURFACE_STREET": ("", ALL_CLASSES & ~_WALKS), "LANE_FREEWAY": ("", ALL_CLASSES & ~_WALKS),
    "LANE_SURFACE_UNSTRUCTURE": ("internal", ALL_CLASSES & ~_WALKS),
    "LANE_BIKE_LANE": ("", class_bit("bicycle")),
}  # fmt: skip
_WIDTH_M: Final = 3.5
_LIMIT_KMH: Final = 50.0
_MOST_BYTES: Final = 500_000_000


class _PlainUnpickler(pickle.Unpickler):
    """Build plain containers and numpy arrays, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _PLAIN:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"expected plain data and numpy arrays, got {module}.{name}")


def read_scenarionet(path: Path) -> Recording:
    """Read one scenario.

    Raises
    ------
    InputError
        If the file is damaged, holds code, or is no scenario.
    """
    if path.stat().st_size > _MOST_BYTES:
        raise InputError(f"{path}: expected a scenario of at most {_MOST_BYTES:,} bytes, got {path.stat().st_size:,}")
    try:
        with path.open("rb") as stream:
            scenario = _PlainUnpickler(stream).load()
        rows = _rows(scenario)
        shapes = _shapes(scenario.get("map_features", {}))
        ego = str(scenario["metadata"].get("sdc_id", ""))
    except (
        pickle.UnpicklingError, EOFError, KeyError, TypeError, ValueError, AttributeError, IndexError, ImportError,
        OverflowError, MemoryError,
    ) as error:  # fmt: skip
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"{path}: expected a ScenarioNet scenario (tracks, metadata, map_features), got {type(error).__name__}: "
            f"{error}"
        ) from error
    return Recording(tracks_of_rows(rows, what=str(path)), ego=ego, shapes=shapes)


def _rows(scenario: dict[str, Any]) -> TrackRows:
    clock_s = np.asarray(scenario["metadata"]["ts"], np.float64)
    names: list[str] = []
    kinds: list[str] = []
    sizes: list[list[float]] = []
    parts: list[np.ndarray[Any, Any]] = []
    for name, track in scenario["tracks"].items():
        if track["type"] not in _KINDS:
            continue
        state = track["state"]
        there = np.flatnonzero(np.asarray(state["valid"], bool))
        if not len(there):
            continue
        velocity = np.asarray(state["velocity"], np.float64)[there]
        at = np.asarray(state["position"], np.float64)[there, :2]
        whose = np.full(len(there), len(names), np.float64)
        heading = np.asarray(state["heading"], np.float64).reshape(len(state["valid"]), -1)[there, 0]
        parts.append(np.column_stack([whose, clock_s[there], at, heading, np.hypot(velocity[:, 0], velocity[:, 1])]))
        names.append(str(name))
        kinds.append(str(track.get("metadata", {}).get("sumo_class", _KINDS[track["type"]])))
        sizes.append([float(np.asarray(state[what]).reshape(len(state["valid"]), -1)[there[0], 0])
                      for what in ("length", "width")])  # fmt: skip
    table = np.concatenate(parts) if parts else np.zeros((0, 6))
    return TrackRows(
        user_id=names, user_kind=kinds, size_m=np.array(sizes, np.float64).reshape(-1, 2),
        user=table[:, 0].astype(np.int64), time_s=table[:, 1], xy_m=table[:, 2:4], heading_rad=table[:, 4],
        speed_ms=table[:, 5],
    )  # fmt: skip


def _shapes(features: dict[str, Any]) -> NetShapes | None:
    """Return the lanes of a scenario's map and where they lead; None where it has none."""
    lanes, leads = [], {}
    for name, feature in features.items():
        if feature.get("type") not in _LANES or len(feature.get("polyline", ())) < 2:
            continue
        function, allowed = _LANES[feature["type"]]
        width_m = float(np.asarray(feature.get("width", _WIDTH_M), np.float64).mean()) or _WIDTH_M
        limit_kmh = float(feature.get("speed_limit_kmh") or _LIMIT_KMH)
        line = np.asarray(feature["polyline"], np.float64)
        lanes.append(
            outside_lane(
                str(name), line, function=function, allowed=allowed, width_m=width_m, speed_ms=limit_kmh / 3.6
            )
        )  # fmt: skip
        leads[str(name)] = [str(after) for after in feature.get("exit_lanes") or ()]
    return outside_map(lanes, leads)
