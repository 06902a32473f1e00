"""Write an AV scene as a ScenarioNet dictionary: what MetaDrive replays and ScenarioNet collects.

Plain dictionaries, texts and numpy arrays, pickled; three files as ScenarioNet lays out a data set::

    sd_trafficdiff_1.0_NAME.pkl    the scenario
    dataset_summary.pkl            its metadata by file name
    dataset_mapping.pkl            where each file is

Arrays hold all time steps; where a road user is not there, ``valid`` is false and all its values are zero. Positions
are the middles of boxes.
"""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.datatypes.vehicles import WALKING_CLASSES, class_bit
from trafficdiff.export.commonroad import time_step_s
from trafficdiff.export.lane_borders import borders, drives_on, followers_of, lanes_around
from trafficdiff.export.reference_points import at_box_centre, body_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.net_shapes import NetLane
    from trafficdiff.export.scene_view import SceneView

__all__ = ["make_scenarionet", "scenario_file"]

_DATA_SET: Final = "trafficdiff"
_VERSION: Final = "1.0"
_CYCLISTS: Final = frozenset({"bicycle", "scooter", "moped", "motorcycle"})
_LIGHTS: Final = {
    "r": "STOP", "R": "STOP", "u": "STOP", "s": "STOP", "y": "CAUTION", "Y": "CAUTION", "g": "GO", "G": "GO",
    "o": "UNKNOWN", "O": "UNKNOWN",
}  # fmt: skip


def scenario_file(name: str) -> str:
    """Return the file name that ScenarioNet expects of a scenario."""
    return f"sd_{_DATA_SET}_{_VERSION}_{name}.pkl"


def make_scenarionet(view: SceneView) -> dict[str, bytes]:
    """Return a scene as the files of a ScenarioNet data set, by name.

    Raises
    ------
    InputError
        If samples are not evenly spaced.
    """
    name, scenario = view.scene.name, _scenario(view)
    summary = {**scenario["metadata"], "object_summary": _summaries(scenario["tracks"])}
    contents = {
        scenario_file(name): scenario,
        "dataset_summary.pkl": {scenario_file(name): summary},
        "dataset_mapping.pkl": {scenario_file(name): ""},
    }
    return {file: pickle.dumps(content, protocol=4) for file, content in contents.items()}


def _scenario(view: SceneView) -> dict[str, Any]:
    step_s, scene = time_step_s(view), view.scene
    moment = np.round(view.clock_s / step_s).astype(np.int64)
    count = int(moment.max()) + 1
    environment = scene.environment.model_dump(mode="json") | {"sun": view.sun.model_dump(mode="json")}
    metadata = {
        "metadrive_processed": False, "coordinate": "metadrive", "ts": np.arange(count) * step_s,
        "sdc_id": scene.ego, "dataset": _DATA_SET, "scenario_id": scene.name, "id": scene.name,
        "sample_rate": step_s, "source_file": "", "track_length": count, "synthetic": True,
        "local_time": view.moment.isoformat(timespec="seconds"), "environment": environment, "tags": list(scene.tags),
        "provenance": dict(scene.provenance), "net_offset": list(view.shapes.net_offset),
        "projection": view.shapes.projection,
    }  # fmt: skip
    return {
        "id": scene.name,
        "version": "MetaDrive v0.4.3",
        "length": count,
        "metadata": metadata,
        "tracks": _tracks(view, moment, count),
        "dynamic_map_states": _lights(view, count, step_s),
        "map_features": _map(view),
    }


def _tracks(view: SceneView, moment: NDArray[np.int64], count: int) -> dict[str, Any]:
    tracks, placed = view.scene.tracks, at_box_centre(view.scene.tracks)
    speed = tracks.speed_ms
    columns = {
        "position": np.column_stack([placed.x_m, placed.y_m, view.z_m]),
        "heading": np.remainder(tracks.heading_rad + np.pi, 2 * np.pi) - np.pi,
        "velocity": np.column_stack([speed * np.cos(tracks.heading_rad), speed * np.sin(tracks.heading_rad)]),
        "valid": np.ones(len(moment), bool),
    }
    made = {}
    for user, identity in enumerate(tracks.user_id):
        name, kind, rows = str(identity), str(tracks.user_kind[user]), view.rows(user)
        state = {}
        sizes = {"length": tracks.length_m, "width": tracks.width_m}
        for column, values in columns.items():
            state[column] = np.zeros((count, *values.shape[1:]), values.dtype)
            state[column][moment[rows]] = values[rows]
        for column, sizes_m in sizes.items():
            state[column] = np.where(state["valid"], sizes_m[user], 0.0)
        state["height"] = np.where(state["valid"], body_of(kind).height_m, 0.0)
        metadata = {"type": _kind(kind), "object_id": name, "track_length": count, "dataset": _DATA_SET,
                    "sumo_class": kind}  # fmt: skip
        made[name] = {"type": _kind(kind), "state": state, "metadata": metadata}
    return made


def _kind(sumo_class: str) -> str:
    if sumo_class in WALKING_CLASSES:
        return "PEDESTRIAN"
    return "CYCLIST" if sumo_class in _CYCLISTS else "VEHICLE"


def _summaries(tracks: dict[str, Any]) -> dict[str, Any]:
    made = {}
    for name, track in tracks.items():
        valid = track["state"]["valid"]
        places = track["state"]["position"][valid][:, :2]
        made[name] = {
            "type": track["type"], "object_id": name, "track_length": len(valid), "valid_length": int(valid.sum()),
            "continuous_valid_length": int(valid.sum()),
            "moving_distance": float(np.hypot(*np.diff(places, axis=0).T).sum()),
        }  # fmt: skip
    return made


def _lights(view: SceneView, count: int, step_s: float) -> dict[str, Any]:
    """Return what each lane with a signal is shown over time."""
    signals, lanes = view.scene.signals, lanes_around(view)
    shown, made = set(signals.signals), {}
    states: dict[str, list[str]] = {}
    for turn in view.shapes.turns:
        if turn.signal not in shown or turn.source not in lanes or not turn.via:
            continue
        if turn.signal not in states:
            states[turn.signal] = _states(view, turn.signal, np.arange(count) * step_s)
        letters = [state[turn.link] for state in states[turn.signal]]
        name = f"{turn.signal}:{turn.link}"
        made[name] = {
            "type": "TRAFFIC_LIGHT",
            "state": {"object_state": [f"LANE_STATE_{_LIGHTS[letter]}" for letter in letters]},
            "lane": turn.via,
            "stop_point": lanes[turn.source].shape[-1].copy(),
            "metadata": {"type": "TRAFFIC_LIGHT", "track_length": count, "object_id": name, "dataset": _DATA_SET},
        }
    return made


def _states(view: SceneView, signal: str, clock_s: NDArray[Any]) -> list[str]:
    """Return what a signal shows at times of the scene; before its first row, its first state."""
    signals = view.scene.signals
    rows = np.flatnonzero(signals.signal_id == signal)
    at = np.searchsorted(signals.time_s[rows], view.scene.begin_s + clock_s + 1e-6, side="right") - 1
    return [str(state) for state in signals.state[rows[np.maximum(at, 0)]]]


def _map(view: SceneView) -> dict[str, Any]:
    lanes = lanes_around(view)
    after = followers_of(view, lanes)
    before: dict[str, list[str]] = {name: [] for name in lanes}
    for name, followers in after.items():
        for follower in followers:
            before[follower].append(name)
    leftward = -1 if view.shapes.left_hand else 1  # lane 0 is at the kerb
    made = {}
    for name, lane in lanes.items():
        left, right = borders(lane)
        polygon = np.vstack([left, right[::-1]])
        feature: dict[str, Any] = {"type": _surface(lane), "polygon": polygon}
        if drives_on(lane) or feature["type"] == "LANE_BIKE_LANE":
            feature |= {
                "polyline": lane.shape.copy(), "width": lane.width_m, "speed_limit_kmh": lane.speed_ms * 3.6,
                "entry_lanes": before[name], "exit_lanes": after[name],
                "left_neighbor": [other for other in [f"{lane.edge_id}_{lane.index + leftward}"] if other in lanes],
                "right_neighbor": [other for other in [f"{lane.edge_id}_{lane.index - leftward}"] if other in lanes],
            }  # fmt: skip
        made[name] = feature
    return made


def _surface(lane: NetLane) -> str:
    if lane.function == "crossing":
        return "CROSSWALK"
    if drives_on(lane):
        return "LANE_SURFACE_STREET" if lane.function == "" else "LANE_SURFACE_UNSTRUCTURE"
    return "LANE_BIKE_LANE" if lane.allowed & class_bit("bicycle") else "ROAD_EDGE_SIDEWALK"
