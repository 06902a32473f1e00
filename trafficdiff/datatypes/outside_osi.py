"""Read ASAM OSI ground truth from MCAP (omega-prime recordings): moving objects, moment by moment.

Animals and whatever else is neither a vehicle nor a pedestrian are left out; what does not say its type is a vehicle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.datatypes.outside_tracks import Recording
from trafficdiff.datatypes.track_rows import TrackRows, tracks_of_rows
from trafficdiff.errors import InputError, MissingDependencyError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_osi"]

_SCHEMA: Final = "osi3.GroundTruth"
_OWN: Final = "trafficdiff"
_KINDS: Final = {
    "TYPE_BUS": "bus", "TYPE_HEAVY_TRUCK": "truck", "TYPE_SEMITRACTOR": "truck", "TYPE_SEMITRAILER": "trailer",
    "TYPE_DELIVERY_VAN": "delivery", "TYPE_MOTORBIKE": "motorcycle", "TYPE_BICYCLE": "bicycle",
    "TYPE_STANDUP_SCOOTER": "scooter", "TYPE_TRAM": "tram", "TYPE_TRAIN": "rail", "TYPE_WHEELCHAIR": "wheelchair",
}  # fmt: skip
"""OSI's types of vehicles as SUMO classes; the rest are cars."""


def read_osi(path: Path) -> Recording:
    """Read one recording.

    Raises
    ------
    InputError
        If the file is damaged or has no ground truth.
    MissingDependencyError
        If osi-python is not installed.
    """
    try:
        from google.protobuf.message import DecodeError
        from mcap.exceptions import McapError
        from mcap.reader import make_reader
        from osi3.osi_groundtruth_pb2 import GroundTruth
    except ImportError as error:
        raise MissingDependencyError(
            f"expected the package osi-python, found none ({error.name}); `pip install osi-python`"
        ) from error
    users = _Users()
    try:
        with path.open("rb") as stream:
            for schema, _, message in make_reader(stream).iter_messages():
                if schema is not None and schema.name == _SCHEMA:
                    truth = GroundTruth()
                    truth.ParseFromString(message.data)
                    users.take(truth)
    except (McapError, DecodeError, OSError, EOFError, ValueError, KeyError) as error:
        raise InputError(
            f"{path}: expected OSI ground truth in a whole MCAP file, got {type(error).__name__}: {error}"
        ) from error
    return Recording(tracks_of_rows(users.rows(), what=str(path)), ego=users.ego)


class _Users:
    """Collect road users as messages come."""

    def __init__(self) -> None:
        self._place: dict[int, int] = {}
        self._names: list[str] = []
        self._kinds: list[str] = []
        self._sizes: list[list[float]] = []
        self._table: list[list[float]] = []
        self._host = -1

    @property
    def ego(self) -> str:
        """Name of the vehicle that hosts the recording."""
        return self._names[self._place[self._host]] if self._host in self._place else ""

    def take(self, truth: Any) -> None:
        time_s = truth.timestamp.seconds + truth.timestamp.nanos * 1e-9
        if truth.HasField("host_vehicle_id"):
            self._host = int(truth.host_vehicle_id.value)
        for mover in truth.moving_object:
            if mover.type in (mover.TYPE_ANIMAL, mover.TYPE_OTHER):
                continue
            number, base = int(mover.id.value), mover.base
            if number not in self._place:
                self._place[number] = len(self._names)
                name, kind = _named(mover)
                self._names.append(name)
                self._kinds.append(kind)
                self._sizes.append([base.dimension.length, base.dimension.width])
            speed_ms = float(np.hypot(base.velocity.x, base.velocity.y))
            self._table.append(
                [self._place[number], time_s, base.position.x, base.position.y, base.orientation.yaw, speed_ms]
            )

    def rows(self) -> TrackRows:
        numbers = np.array(self._table, np.float64).reshape(-1, 6)
        return TrackRows(
            user_id=self._names, user_kind=self._kinds, size_m=np.array(self._sizes, np.float64).reshape(-1, 2),
            user=numbers[:, 0].astype(np.int64), time_s=np.round(numbers[:, 1], 6), xy_m=numbers[:, 2:4],
            heading_rad=numbers[:, 4], speed_ms=numbers[:, 5],
        )  # fmt: skip


def _named(mover: Any) -> tuple[str, str]:
    """Return a user's name and SUMO class: those of this package's own files, else by OSI's type."""
    for reference in mover.source_reference:
        if reference.reference == _OWN and len(reference.identifier) == 2:
            return str(reference.identifier[0]), str(reference.identifier[1])
    if mover.type == mover.TYPE_PEDESTRIAN:
        return str(mover.id.value), "pedestrian"
    kind = mover.vehicle_classification.Type.Name(mover.vehicle_classification.type)
    return str(mover.id.value), _KINDS.get(kind, "passenger")
