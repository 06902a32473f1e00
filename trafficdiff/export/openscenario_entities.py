"""Describe road users for OpenSCENARIO: category, box around the reference point, axles, performance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from trafficdiff.export.reference_points import body_of
from trafficdiff.export.xml_tree import element

if TYPE_CHECKING:
    from trafficdiff.export.scene_view import SceneView

__all__ = ["add_entity"]

_CATEGORIES: Final = {
    "bus": "bus", "coach": "bus", "truck": "truck", "trailer": "truck", "army": "truck", "delivery": "van",
    "emergency": "van", "motorcycle": "motorbike", "moped": "motorbike", "bicycle": "bicycle", "scooter": "bicycle",
    "tram": "tram", "cable_car": "tram", "rail_urban": "train", "rail": "train", "rail_electric": "train",
    "rail_fast": "train", "subway": "train",
}  # fmt: skip
"""SUMO's vehicle classes as OpenSCENARIO's vehicle categories; the rest are cars."""
_WALKERS: Final = {"pedestrian": "pedestrian", "wheelchair": "wheelchair"}
_ROLES: Final = {"emergency": "ambulance", "bus": "publicTransport", "tram": "publicTransport", "army": "military"}
_WHEEL_M: Final = 0.6
_STEERING_RAD: Final = 0.6


def add_entity(entities: Any, view: SceneView, user: int, *, ahead_m: float) -> None:
    """Add a road user.

    Parameters
    ----------
    entities
        ``<Entities>``.
    view
        The scene.
    user
        Position of the road user.
    ahead_m
        How far its box centre lies ahead of its reference point [m].
    """
    tracks = view.scene.tracks
    name, kind = str(tracks.user_id[user]), str(tracks.user_kind[user])
    entity = element(entities, "ScenarioObject", name=name)
    if kind in _WALKERS:
        described = element(
            entity, "Pedestrian", name=kind, mass=f"{body_of(kind).mass_kg:g}", pedestrianCategory=_WALKERS[kind]
        )
        _add_box(described, view, user, ahead_m=ahead_m)
    else:
        described = element(entity, "Vehicle", name=kind, vehicleCategory=_CATEGORIES.get(kind, "car"),
                            role=_ROLES.get(kind, "civil"), mass=f"{body_of(kind).mass_kg:g}")  # fmt: skip
        _add_box(described, view, user, ahead_m=ahead_m)
        element(described, "Performance", maxSpeed="70", maxAcceleration="10", maxDeceleration="10")
        _add_axles(described, view, user)
    properties = element(described, "Properties")
    element(properties, "Property", name="sumo_class", value=kind)
    element(properties, "Property", name="type", value="ego_vehicle" if name == view.scene.ego else "simulation")


def _add_box(described: Any, view: SceneView, user: int, *, ahead_m: float) -> None:
    tracks = view.scene.tracks
    height_m = body_of(str(tracks.user_kind[user])).height_m
    box = element(described, "BoundingBox")
    element(box, "Center", x=f"{ahead_m:.4f}", y="0", z=f"{height_m / 2:.3f}")
    element(box, "Dimensions", length=f"{tracks.length_m[user]:.4f}", width=f"{tracks.width_m[user]:.4f}",
            height=f"{height_m:.3f}")  # fmt: skip


def _add_axles(described: Any, view: SceneView, user: int) -> None:
    tracks = view.scene.tracks
    wheelbase_m = body_of(str(tracks.user_kind[user])).wheelbase_share * float(tracks.length_m[user])
    axles = element(described, "Axles")
    for tag, position_m, steering in (("FrontAxle", wheelbase_m, _STEERING_RAD), ("RearAxle", 0.0, 0.0)):
        element(axles, tag, maxSteering=f"{steering:g}", wheelDiameter=f"{_WHEEL_M:g}",
                trackWidth=f"{0.85 * tracks.width_m[user]:.3f}", positionX=f"{position_m:.3f}",
                positionZ=f"{_WHEEL_M / 2:g}")  # fmt: skip
