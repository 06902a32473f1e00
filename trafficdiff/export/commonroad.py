"""Write an AV scene as CommonRoad XML 2020a.

The ego becomes the planning problem: where it starts, and where and when it was at its end. Everybody else is a dynamic
obstacle. The format wants an initial state at time step 0 of everyone, and the drivability checker takes the
trajectory to begin at step 1 whatever its states say. So who comes later waits until then in a row beside the map, 60 m
west of everybody and apart from each other, and is set down where it enters::

    time step   0 ... k-1      k ... n         n+1 ...
    late        waiting row    trajectory      nowhere
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.errors import InputError
from trafficdiff.export.commonroad_map import add_lanelets, add_lights
from trafficdiff.export.reference_points import at_box_centre
from trafficdiff.export.xml_tree import element

if TYPE_CHECKING:
    from trafficdiff.export.reference_points import Placed
    from trafficdiff.export.scene_view import SceneView

__all__ = ["make_commonroad", "time_step_s"]

_KINDS: Final = {
    "bus": "bus", "coach": "bus", "truck": "truck", "trailer": "truck", "delivery": "truck", "army": "truck",
    "motorcycle": "motorcycle", "moped": "motorcycle", "bicycle": "bicycle", "scooter": "bicycle",
    "pedestrian": "pedestrian", "wheelchair": "pedestrian", "emergency": "priorityVehicle", "taxi": "taxi",
    "tram": "train", "rail_urban": "train", "rail": "train", "rail_electric": "train", "rail_fast": "train",
    "subway": "train",
}  # fmt: skip
"""SUMO's vehicle classes as CommonRoad's kinds of obstacles; the rest are cars."""
_WAITING_M: Final = 60.0
_ROW_M: Final = 30.0
_GOAL_SHARE: Final = 2.0
_HEAVY_MM_H: Final = 8.0


def time_step_s(view: SceneView) -> float:
    """Return the time between samples [s], which the format wants to be the same for everyone.

    Raises
    ------
    InputError
        If samples are not a whole number of steps from the beginning.
    """
    tracks = view.scene.tracks
    steps = np.diff(view.clock_s)[np.diff(tracks.user) == 0]
    if not len(steps):
        return 0.1
    step = float(steps.min())
    off = np.abs(view.clock_s / step - np.round(view.clock_s / step))
    if off.max() > 0.01 or not np.allclose(steps, step, atol=1e-6):
        raise InputError(
            f"scene {view.scene.name!r}: expected samples {step:g} s apart for everyone, got others; "
            "CommonRoad has one time step"
        )
    return step


def make_commonroad(view: SceneView) -> bytes:
    """Return a scene as a CommonRoad file.

    Raises
    ------
    InputError
        If the ego is not there from the beginning, or samples are not evenly spaced.
    """
    from lxml import etree

    scene, step_s = view.scene, time_step_s(view)
    placed = at_box_centre(scene.tracks)
    if view.clock_s[view.rows(scene.ego_place).start] > 0.0:
        raise InputError(
            f"scene {scene.name!r}: expected the ego {scene.ego!r} from the beginning, which CommonRoad's planning "
            "problem asks for, got one that comes later; cut the scene to begin with it"
        )
    root = etree.Element(
        "commonRoad", commonRoadVersion="2020a", benchmarkID=_benchmark(scene.name), author="trafficdiff",
        date=view.moment.date().isoformat(), affiliation="trafficdiff", timeStepSize=f"{step_s:g}",
        source=_source(view),
    )  # fmt: skip
    _add_location(root, view)
    tags = element(root, "scenarioTags")
    element(tags, "simulated")
    element(tags, "urban")
    number = add_lanelets(root, view)
    number = add_lights(root, view, first=number, step_s=step_s)
    for user in range(len(scene.tracks.user_id)):
        if user != scene.ego_place:
            _add_obstacle(root, view, placed, user, number=number + user, step_s=step_s)
    _add_problem(root, view, placed, number=number + len(scene.tracks.user_id), step_s=step_s)
    etree.indent(root, space=" ")
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _benchmark(name: str) -> str:
    letters = "".join(letter for letter in name.title() if letter.isalnum()) or "Scene"
    return f"ZAM_{letters}-1_1_T-1"


def _source(view: SceneView) -> str:
    facts = {"synthetic": "true", "ego": view.scene.ego, "local time": view.moment.isoformat(timespec="seconds")}
    facts |= dict(view.scene.provenance)
    return "; ".join(f"{name}: {value}" for name, value in facts.items())


def _add_location(root: Any, view: SceneView) -> None:
    location, environment = element(root, "location"), view.scene.environment
    lon, lat = view.lonlat or (999.0, 999.0)
    element(location, "geoNameId").text = "-999"
    element(location, "gpsLatitude").text = f"{lat:.7f}"
    element(location, "gpsLongitude").text = f"{lon:.7f}"
    if view.lonlat:
        transformation = element(location, "geoTransformation")
        element(transformation, "geoReference").text = view.shapes.projection
        additional = element(transformation, "additionalTransformation")
        east, north = view.shapes.net_offset
        values = {"xTranslation": -east, "yTranslation": -north, "zRotation": 0.0, "scaling": 1.0}
        for name, value in values.items():
            element(additional, name).text = f"{value:.4f}"
    weather = _weather(environment)
    if weather is None:
        return
    described = element(location, "environment")
    element(described, "time").text = view.moment.strftime("%H:%M:%S")
    element(described, "timeOfDay").text = "unknown" if view.sun.elevation_rad > 0 else "night"
    element(described, "weather").text = weather
    element(described, "underground").text = {"dry": "clean", "rain": "wet", "snow": "snow"}[environment.precipitation]


def _weather(environment: Any) -> str | None:
    """Return the weather in the words that the schema and commonroad-io both know; there is none for a clear day.

    The schema of 2020a has ``sunny`` and ``day``, commonroad-io 2024.3 and 2026.1 read ``clear`` and ``morning``. A
    clear day is a file without an environment; the hour stands in the file's source.
    """
    if environment.precipitation == "rain":
        return "heavy_rain" if environment.precipitation_mm_h >= _HEAVY_MM_H else "light_rain"
    if environment.precipitation == "snow":
        return "snow"
    return None if environment.fog_visual_range_m is None else "fog"


def _add_obstacle(root: Any, view: SceneView, placed: Placed, user: int, *, number: int, step_s: float) -> None:
    tracks, rows = view.scene.tracks, view.rows(user)
    obstacle = element(root, "dynamicObstacle", id=str(number))
    element(obstacle, "type").text = _KINDS.get(str(tracks.user_kind[user]), "car")
    box = element(element(obstacle, "shape"), "rectangle")
    element(box, "length").text = f"{tracks.length_m[user]:.4f}"
    element(box, "width").text = f"{tracks.width_m[user]:.4f}"
    initial, trajectory = element(obstacle, "initialState"), element(obstacle, "trajectory")
    first = round(view.clock_s[rows.start] / step_s)
    waiting = (
        float(tracks.x_m.min()) - _WAITING_M - float(tracks.length_m[user]),
        float(tracks.y_m.min()) + _ROW_M * user,
    )
    for step in range(first):
        state = element(trajectory, "state") if step else initial
        _fill_state(state, waiting, heading=0.0, speed=0.0, step=step)
    for step, row in enumerate(range(rows.start, rows.stop), start=first):
        _add_sample(element(trajectory, "state") if step else initial, view, placed, row, step=step)
    if not len(trajectory):  # one sample, at the beginning: it is there for one step more than it was
        _add_sample(element(trajectory, "state"), view, placed, rows.start, step=1)


def _add_sample(state: Any, view: SceneView, placed: Placed, row: int, *, step: int) -> None:
    place = float(placed.x_m[row]), float(placed.y_m[row])
    heading = float(view.scene.tracks.heading_rad[row])
    _fill_state(state, place, heading=heading, speed=float(view.scene.tracks.speed_ms[row]), step=step)


def _fill_state(state: Any, place: tuple[float, float], *, heading: float, speed: float, step: int) -> None:
    point = element(element(state, "position"), "point")
    element(point, "x").text, element(point, "y").text = f"{place[0]:.4f}", f"{place[1]:.4f}"
    element(element(state, "orientation"), "exact").text = f"{heading:.6f}"
    element(element(state, "time"), "exact").text = str(step)
    element(element(state, "velocity"), "exact").text = f"{speed:.4f}"


def _add_problem(root: Any, view: SceneView, placed: Placed, *, number: int, step_s: float) -> None:
    tracks, ego = view.scene.tracks, view.scene.ego_place
    rows = view.rows(ego)
    problem = element(root, "planningProblem", id=str(number))
    initial = element(problem, "initialState")
    _add_sample(initial, view, placed, rows.start, step=0)
    for name in ("yawRate", "slipAngle"):
        element(element(initial, name), "exact").text = "0.0"
    goal, last = element(problem, "goalState"), rows.stop - 1
    end = max(1, round(view.clock_s[last] / step_s))
    time = element(goal, "time")
    element(time, "intervalStart").text = str(max(0, end - round(1.0 / step_s)))
    element(time, "intervalEnd").text = str(end)
    box = element(element(goal, "position"), "rectangle")
    element(box, "length").text = f"{_GOAL_SHARE * tracks.length_m[ego]:.4f}"
    element(box, "width").text = f"{_GOAL_SHARE * tracks.width_m[ego]:.4f}"
    element(box, "orientation").text = f"{tracks.heading_rad[last]:.6f}"
    centre = element(box, "center")
    element(centre, "x").text, element(centre, "y").text = f"{placed.x_m[last]:.4f}", f"{placed.y_m[last]:.4f}"
