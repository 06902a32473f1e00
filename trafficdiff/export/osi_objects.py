"""Describe road users as OSI moving objects, moment by moment."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.export.osi_messages import osi
from trafficdiff.export.reference_points import at_box_centre, body_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.export.scene_view import SceneView

__all__ = ["Movers"]

_KINDS: Final = {
    "bus": "TYPE_BUS", "coach": "TYPE_BUS", "truck": "TYPE_HEAVY_TRUCK", "trailer": "TYPE_HEAVY_TRUCK",
    "army": "TYPE_HEAVY_TRUCK", "delivery": "TYPE_DELIVERY_VAN", "emergency": "TYPE_VAN",
    "motorcycle": "TYPE_MOTORBIKE", "moped": "TYPE_MOTORBIKE", "bicycle": "TYPE_BICYCLE",
    "scooter": "TYPE_STANDUP_SCOOTER", "tram": "TYPE_TRAM", "rail": "TYPE_TRAIN", "rail_urban": "TYPE_TRAIN",
    "rail_electric": "TYPE_TRAIN", "rail_fast": "TYPE_TRAIN", "subway": "TYPE_TRAIN", "wheelchair": "TYPE_WHEELCHAIR",
}  # fmt: skip
"""SUMO's vehicle classes as OSI's types; the rest are medium cars."""
_ROLES: Final = {
    "emergency": "ROLE_AMBULANCE", "bus": "ROLE_PUBLIC_TRANSPORT", "tram": "ROLE_PUBLIC_TRANSPORT",
    "army": "ROLE_MILITARY",
}  # fmt: skip


class Movers:
    """Hold what stays the same of every road user, and fill in where they are.

    Ids are the users' positions in the scene; a source reference of each holds SUMO's id.
    """

    def __init__(self, view: SceneView) -> None:
        tracks = view.scene.tracks
        placed = at_box_centre(tracks)
        self._user = tracks.user
        self._bodies = [_body(view, user) for user in range(len(tracks.user_id))]
        height_m = np.array([body_of(str(kind)).height_m for kind in tracks.user_kind])
        self._x, self._y, self._z = placed.x_m, placed.y_m, view.z_m + height_m[self._user] / 2
        self._yaw = np.remainder(tracks.heading_rad + np.pi, 2 * np.pi) - np.pi
        self._velocity = np.column_stack(
            [_rate(values, view.clock_s, tracks.offsets) for values in (self._x, self._y, view.z_m)]
        )
        self._acceleration = np.column_stack(
            [_rate(values, view.clock_s, tracks.offsets) for values in self._velocity.T]
        )
        self._turning = _rate(view.heading_rad, view.clock_s, tracks.offsets)

    def fill(self, truth: Any, rows: NDArray[np.intp]) -> None:
        """Add the road users of some samples to a ground truth."""
        for row in rows.tolist():
            mover = truth.moving_object.add()
            mover.CopyFrom(self._bodies[int(self._user[row])])
            base = mover.base
            base.position.x, base.position.y, base.position.z = self._x[row], self._y[row], self._z[row]
            base.orientation.yaw, base.orientation.pitch, base.orientation.roll = self._yaw[row], 0.0, 0.0
            base.velocity.x, base.velocity.y, base.velocity.z = self._velocity[row]
            base.acceleration.x, base.acceleration.y, base.acceleration.z = self._acceleration[row]
            base.orientation_rate.yaw = self._turning[row]


def _rate(values: NDArray[np.float64], clock_s: NDArray[np.float64], offsets: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the rate of change per second within each user: central differences, one-sided at the ends."""
    rates = np.zeros_like(values)
    for begin, end in pairwise(offsets):
        if end - begin > 1:
            rates[begin:end] = np.gradient(values[begin:end], clock_s[begin:end])
    return rates


def _body(view: SceneView, user: int) -> Any:
    MovingObject = osi().MovingObject
    tracks = view.scene.tracks
    kind, length_m = str(tracks.user_kind[user]), float(tracks.length_m[user])
    body = body_of(kind)
    mover = MovingObject(id={"value": user})
    mover.source_reference.add(reference="trafficdiff", type="user_id", identifier=[str(tracks.user_id[user]), kind])
    size = mover.base.dimension
    size.length, size.width, size.height = length_m, float(tracks.width_m[user]), body.height_m
    if kind == "pedestrian":
        mover.type = MovingObject.TYPE_PEDESTRIAN
        return mover
    mover.type = MovingObject.TYPE_VEHICLE
    classes = MovingObject.VehicleClassification
    mover.vehicle_classification.type = classes.Type.Value(_KINDS.get(kind, "TYPE_MEDIUM_CAR"))
    mover.vehicle_classification.role = classes.Role.Value(_ROLES.get(kind, "ROLE_CIVIL"))
    rear_m = -body.ahead_share * length_m
    for axle, x_m in (("bbcenter_to_rear", rear_m), ("bbcenter_to_front", rear_m + body.wheelbase_share * length_m)):
        point = getattr(mover.vehicle_attributes, axle)
        point.x, point.y, point.z = x_m, 0.0, -body.height_m / 2
    return mover
