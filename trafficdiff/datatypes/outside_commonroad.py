"""Read CommonRoad XML 2020a: dynamic obstacles and lanelets. The planning problem's ego has no way and is not there.

Who stands and then jumps was not there before: the format asks for a state of everybody at the beginning, and files put
latecomers aside until then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.datatypes.outside_map import outside_lane, outside_map
from trafficdiff.datatypes.outside_tracks import Recording
from trafficdiff.datatypes.track_rows import TrackRows, tracks_of_rows
from trafficdiff.datatypes.vehicles import ALL_CLASSES, class_bit
from trafficdiff.errors import InputError
from trafficdiff.screening import open_screened

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from trafficdiff.datatypes.net_shapes import NetShapes

__all__ = ["read_commonroad"]

_KINDS: Final = {
    "car": "passenger", "truck": "truck", "bus": "bus", "motorcycle": "motorcycle", "bicycle": "bicycle",
    "pedestrian": "pedestrian", "priorityVehicle": "emergency", "taxi": "taxi", "train": "tram",
}  # fmt: skip
_WALKS: Final = class_bit("pedestrian")
_FUNCTIONS: Final = {
    "intersection": ("internal", ALL_CLASSES & ~_WALKS), "crosswalk": ("crossing", _WALKS), "sidewalk": ("", _WALKS),
    "bicycleLane": ("", class_bit("bicycle")),
}  # fmt: skip
_LIMIT_MS: Final = 50 / 3.6


def read_commonroad(path: Path) -> Recording:
    """Read one scenario.

    Raises
    ------
    InputError
        If the file is damaged, no CommonRoad file, or has no moving obstacles.
    """
    from lxml import etree

    try:
        with open_screened(path, error=InputError) as stream:
            parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=True)
            root = etree.parse(stream, parser).getroot()
        if root.tag != "commonRoad":
            raise InputError(f"{path}: expected a CommonRoad file, got the element {root.tag!r}")
        rows = _rows(root, float(str(root.get("timeStepSize"))))
        shapes = _shapes(root)
    except (etree.XMLSyntaxError, OSError, EOFError, KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"{path}: expected a whole CommonRoad file of version 2020a, got {type(error).__name__}: {error}"
        ) from error
    return Recording(tracks_of_rows(rows, what=str(path), drop_waiting=True), shapes=shapes)


def _rows(root: Any, step_s: float) -> TrackRows:
    names: list[str] = []
    kinds: list[str] = []
    sizes: list[list[float]] = []
    table: list[list[float]] = []
    for obstacle in root.iter("dynamicObstacle"):
        box = obstacle.find("shape/rectangle")
        circle = obstacle.find("shape/circle/radius")
        if box is None and circle is None:
            continue
        width = 2 * float(circle.text) if box is None else float(box.findtext("width"))
        length = width if box is None else float(box.findtext("length"))
        states = [obstacle.find("initialState"), *obstacle.iterfind("trajectory/state")]
        table += [[len(names), *_state(state, step_s)] for state in states if state is not None]
        names.append(str(obstacle.get("id")))
        kinds.append(_KINDS.get(str(obstacle.findtext("type")), "passenger"))
        sizes.append([length, width])
    numbers = np.array(table, np.float64).reshape(-1, 6)
    return TrackRows(
        user_id=names, user_kind=kinds, size_m=np.array(sizes, np.float64).reshape(-1, 2),
        user=numbers[:, 0].astype(np.int64), time_s=numbers[:, 1], xy_m=numbers[:, 2:4], heading_rad=numbers[:, 4],
        speed_ms=numbers[:, 5],
    )  # fmt: skip


def _state(state: Any, step_s: float) -> list[float]:
    exact = (float(state.findtext(f"{name}/exact") or 0.0) for name in ("orientation", "velocity"))
    time_s = float(state.findtext("time/exact")) * step_s
    return [time_s, *(float(state.findtext(f"position/point/{axis}")) for axis in "xy"), *exact]


def _shapes(root: Any) -> NetShapes | None:
    lanes, leads = [], {}
    for lanelet in root.iterfind("lanelet"):
        left, right = (_bound(lanelet.find(side)) for side in ("leftBound", "rightBound"))
        name, kind = str(lanelet.get("id")), str(lanelet.findtext("laneletType"))
        function, allowed = _FUNCTIONS.get(kind, ("", ALL_CLASSES & ~_WALKS))
        count = max(len(left), len(right))
        left, right = (_evenly(line, count) for line in (left, right))
        lanes.append(
            outside_lane(
                name, (left + right) / 2, function=function, allowed=allowed,
                width_m=float(np.hypot(*(left - right).T).mean()), speed_ms=_LIMIT_MS,
            )
        )  # fmt: skip
        leads[name] = [str(after.get("ref")) for after in lanelet.iterfind("successor")]
    return outside_map(lanes, leads)


def _bound(bound: Any) -> NDArray[np.float64]:
    points = [[float(point.findtext(axis)) for axis in "xy"] for point in bound.iterfind("point")]
    return np.array(points, np.float64).reshape(-1, 2)


def _evenly(line: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Return a line of so many points, by share of the points that it has."""
    at = np.linspace(0, len(line) - 1, count)
    return np.column_stack([np.interp(at, np.arange(len(line)), line[:, axis]) for axis in (0, 1)])
