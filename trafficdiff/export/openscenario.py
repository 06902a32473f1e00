"""Write an AV scene as ASAM OpenSCENARIO XML 1.3: everybody follows a timed trajectory, enters and leaves.

::

    Init            who is there at the beginning: teleported; the environment
    Story / Act     one group a road user:
                      enter   AddEntityAction at its first moment (late entrants only)
                      drive   FollowTrajectoryAction, timed by the simulation's clock
                      leave   DeleteEntityAction at its last moment (unless that is the scene's end)
    StopTrigger     the scene's end

If all were there from the beginning, players would report collisions with those who have not come yet. Positions are
the middles of rear axles (`reference_points`) in the coordinates of the OpenDRIVE file beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.export.openscenario_entities import add_entity
from trafficdiff.export.openscenario_world import add_environment, add_file_header, add_signals
from trafficdiff.export.reference_points import at_rear_axle
from trafficdiff.export.xml_tree import element

if TYPE_CHECKING:
    from trafficdiff.export.reference_points import Placed
    from trafficdiff.export.scene_view import SceneView

__all__ = ["make_openscenario"]

_EARLY_S: Final = 0.0005
"""Times are written to the millisecond: nobody who is there at the beginning counts as late."""


def make_openscenario(view: SceneView, *, map_file: str, signals: dict[tuple[str, int], str]) -> bytes:
    """Return a scene as an OpenSCENARIO file.

    Parameters
    ----------
    view
        The scene, checked.
    map_file
        Path of the OpenDRIVE file as the scenario is to name it.
    signals
        Id in the OpenDRIVE file of each link of each signal.
    """
    from lxml import etree

    placed = at_rear_axle(view.scene.tracks)
    root = etree.Element("OpenSCENARIO")
    add_file_header(root, view)
    element(root, "ParameterDeclarations")
    element(root, "CatalogLocations")
    network = element(root, "RoadNetwork")
    element(network, "LogicFile", filepath=map_file)
    add_signals(network, view, signals)
    entities = element(root, "Entities")
    for user in range(len(view.scene.tracks.user_id)):
        add_entity(entities, view, user, ahead_m=float(placed.ahead_m[user]))
    storyboard = element(root, "Storyboard")
    _add_init(storyboard, view, placed)
    _add_story(storyboard, view, placed)
    stop = element(storyboard, "StopTrigger")
    _add_time(stop, "end of the scene", view.duration_s, rule="greaterOrEqual")
    etree.indent(root, space=" ")
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _add_init(storyboard: Any, view: SceneView, placed: Placed) -> None:
    actions = element(element(storyboard, "Init"), "Actions")
    add_environment(actions, view)
    tracks = view.scene.tracks
    for user, name in enumerate(tracks.user_id):
        first = int(tracks.offsets[user])
        if view.clock_s[first] > _EARLY_S:
            continue
        private = element(actions, "Private", entityRef=str(name))
        teleport = element(element(private, "PrivateAction"), "TeleportAction")
        _add_position(teleport, view, placed, first)
        speed = element(element(element(private, "PrivateAction"), "LongitudinalAction"), "SpeedAction")
        element(speed, "SpeedActionDynamics", dynamicsShape="step", value="0", dynamicsDimension="time")
        element(element(speed, "SpeedActionTarget"), "AbsoluteTargetSpeed", value=f"{tracks.speed_ms[first]:.3f}")


def _add_story(storyboard: Any, view: SceneView, placed: Placed) -> None:
    act = element(element(storyboard, "Story", name="recorded tracks"), "Act", name="all road users")
    for user in range(len(view.scene.tracks.user_id)):
        _add_user(act, view, placed, user)
    _add_time(element(act, "StartTrigger"), "beginning", 0.0, rule="greaterOrEqual")


def _add_user(act: Any, view: SceneView, placed: Placed, user: int) -> None:
    name, rows = str(view.scene.tracks.user_id[user]), view.rows(user)
    enter_s, leave_s = float(view.clock_s[rows.start]), float(view.clock_s[rows.stop - 1])
    group = element(act, "ManeuverGroup", name=f"group {name}", maximumExecutionCount="1")
    element(element(group, "Actors", selectTriggeringEntities="false"), "EntityRef", entityRef=name)
    maneuver = element(group, "Maneuver", name=f"maneuver {name}")
    if enter_s > _EARLY_S:
        add = element(_entity_action(maneuver, f"enter {name}", name, enter_s), "AddEntityAction")
        _add_position(add, view, placed, rows.start)
    if rows.stop - rows.start > 1:
        _add_drive(maneuver, view, placed, rows, name=name)
    if leave_s < view.duration_s - _EARLY_S or enter_s == leave_s:
        element(_entity_action(maneuver, f"leave {name}", name, leave_s), "DeleteEntityAction")
    if not len(maneuver):
        group.remove(maneuver)


def _entity_action(maneuver: Any, title: str, name: str, at_s: float) -> Any:
    """Add an event that does something to an entity at a time, and return where to say what."""
    event = element(maneuver, "Event", name=title, priority="parallel", maximumExecutionCount="1")
    action = element(event, "Action", name=f"{title} action")
    inner = element(element(action, "GlobalAction"), "EntityAction", entityRef=name)
    _add_time(element(event, "StartTrigger"), f"{title} time", at_s, rule="greaterOrEqual")
    return inner


def _add_drive(maneuver: Any, view: SceneView, placed: Placed, rows: slice, *, name: str) -> None:
    event = element(maneuver, "Event", name=f"drive {name}", priority="parallel", maximumExecutionCount="1")
    private = element(element(event, "Action", name=f"drive {name} action"), "PrivateAction")
    follow = element(element(private, "RoutingAction"), "FollowTrajectoryAction")
    reference = element(follow, "TimeReference")
    element(reference, "Timing", domainAbsoluteRelative="absolute", scale="1", offset="0")
    element(follow, "TrajectoryFollowingMode", followingMode="position")
    track = element(element(follow, "TrajectoryRef"), "Trajectory", name=f"track {name}", closed="false")
    line = element(element(track, "Shape"), "Polyline")
    for row in range(rows.start, rows.stop):
        _add_position(element(line, "Vertex", time=f"{view.clock_s[row]:.3f}"), view, placed, row)
    enter_s = float(view.clock_s[rows.start])
    _add_time(element(event, "StartTrigger"), f"drive {name} time", enter_s, rule="greaterOrEqual")


def _add_position(parent: Any, view: SceneView, placed: Placed, row: int) -> None:
    element(
        element(parent, "Position"), "WorldPosition", x=f"{placed.x_m[row]:.4f}", y=f"{placed.y_m[row]:.4f}",
        z=f"{view.z_m[row]:.3f}", h=f"{view.heading_rad[row]:.6f}",
    )  # fmt: skip


def _add_time(trigger: Any, name: str, at_s: float, *, rule: str) -> None:
    condition = element(
        element(trigger, "ConditionGroup"), "Condition", name=name, delay="0", conditionEdge="none"
    )  # fmt: skip
    value = element(condition, "ByValueCondition")
    element(value, "SimulationTimeCondition", value=f"{np.round(at_s, 3):.3f}", rule=rule)
