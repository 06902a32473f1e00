"""Record a staged case while it is played: actors, the traffic around them, signals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.datatypes.boxes import Boxes

if TYPE_CHECKING:
    from trafficdiff.datatypes.staging import Staging

__all__ = ["Recorder"]

_SIGNALS_M: Final = 150.0
"""Signals this near to the case are recorded [m]."""


class Recorder:
    """Collect rows of one case.

    Parameters
    ----------
    simulator
        The module libsumo.
    staging
        The case.
    radius_m
        How far around it traffic is recorded [m].
    """

    def __init__(self, simulator: Any, staging: Staging, *, radius_m: float) -> None:
        self._simulator = simulator
        self._staging = staging
        self._radius_m = radius_m
        self.actors = {actor.name: actor for actor in staging.actors}
        self._rows: list[tuple[int, int, float, float, float, float]] = []
        self._edges: list[str] = []
        self._users: dict[str, int] = {}
        self._facts: list[tuple[str, float, float]] = []
        self._signals: list[tuple[str, int, str]] = []
        self._shown: dict[str, str] = {}
        self._near = self._near_signals()
        self._begin_s = 0.0

    def record(self, sample: int) -> tuple[list[str], Boxes]:
        """Record everybody near and return the traffic's ids and boxes."""
        vehicle = self._simulator.vehicle
        centre_x, centre_y = self._staging.centre_xy
        if sample == 0:
            self._begin_s = float(self._simulator.simulation.getTime())
        names, boxes = [], []
        for name in vehicle.getIDList():
            x, y = vehicle.getPosition(name)
            if name not in self.actors and np.hypot(x - centre_x, y - centre_y) > self._radius_m:
                continue
            compass = vehicle.getAngle(name)
            user = self._user(name)
            self._rows.append((user, sample, x, y, compass, vehicle.getSpeed(name)))
            self._edges.append(self._edge_of(name, x, y))
            if name not in self.actors:
                _, length, width = self._facts[user]
                names.append(name)
                boxes.append((x, y, np.pi / 2 - np.radians(compass), length, width))
        self._record_signals(sample)
        table = np.array(boxes, float).reshape(-1, 5).T
        heading, half = table[2], table[3] / 2
        return names, Boxes(
            x_m=table[0] - half * np.cos(heading),
            y_m=table[1] - half * np.sin(heading),
            heading_rad=heading,
            length_m=table[3],
            width_m=table[4],
        )

    def recording(self, cleared: tuple[str, ...]) -> dict[str, Any]:
        """Return all that was recorded, as `trafficdiff.simulation.staging.Recording` takes it."""
        columns = np.array(self._rows, float).reshape(-1, 6).T
        edges = np.empty(len(self._edges), object)
        edges[:] = self._edges
        return {
            "user": columns[0].astype(np.int64), "sample": columns[1].astype(np.int64), "x_m": columns[2],
            "y_m": columns[3], "compass_deg": columns[4], "speed_ms": columns[5], "edge_id": edges,
            "user_id": tuple(self._users), "user_kind": tuple(kind for kind, _, _ in self._facts),
            "length_m": np.array([length for _, length, _ in self._facts]),
            "width_m": np.array([width for _, _, width in self._facts]),
            "begin_s": self._begin_s, "signals": tuple(self._signals), "cleared": cleared,
        }  # fmt: skip

    def _edge_of(self, name: str, x: float, y: float) -> str:
        """Return the edge that somebody is on; SUMO crashes when asked for that of an actor who is off the road."""
        simulator = self._simulator
        return str(
            simulator.simulation.convertRoad(x, y)[0] if name in self.actors else simulator.vehicle.getRoadID(name)
        )

    def _user(self, name: str) -> int:
        if name not in self._users:
            self._users[name] = len(self._users)
            actor = self.actors.get(name)
            vehicle = self._simulator.vehicle
            self._facts.append(
                (actor.kind, actor.length_m, actor.width_m)
                if actor is not None
                else (vehicle.getVehicleClass(name), vehicle.getLength(name), vehicle.getWidth(name))
            )
        return self._users[name]

    def _near_signals(self) -> list[str]:
        lights, lane = self._simulator.trafficlight, self._simulator.lane
        centre = np.array(self._staging.centre_xy)
        near = []
        for signal in lights.getIDList():
            ends = np.array([lane.getShape(name)[-1][:2] for name in set(lights.getControlledLanes(signal))])
            if len(ends) and np.hypot(*(ends - centre).T).min() < _SIGNALS_M:
                near.append(signal)
        return near

    def _record_signals(self, sample: int) -> None:
        for signal in self._near:
            state = self._simulator.trafficlight.getRedYellowGreenState(signal)
            if self._shown.get(signal) != state:
                self._shown[signal] = state
                self._signals.append((signal, sample, state))
