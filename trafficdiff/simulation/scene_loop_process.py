"""Be the process that plays scenes: ``python -m trafficdiff.simulation.scene_loop_process LINE ENGINE NET``.

LINE is the number of an open connection, on which requests come and answers go (`trafficdiff.simulation.scene_loop`).
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from itertools import count
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.process import die_with_parent, module_process
from trafficdiff.simulation.control import start_libsumo
from trafficdiff.simulation.isolation import enter_private_network, free_port
from trafficdiff.simulation.scene_loop import Played, Poses, Stage, StageUser
from trafficdiff.simulation.stepping import OPEN_PORT, connect_traci

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["main"]

_TYPE: Final = "DEFAULT_VEHTYPE"
_KEEP_ROUTE: Final = 1
_KEEP_OFF_ROUTE: Final = 2
"""moveToXY: stay on the route; go exactly there, on whatever edge, or off the road."""
_LATERAL_M: Final = 0.8
"""Resolution of SUMO's sublane model [m]."""
_ANSWER_S: Final = 60.0


def main() -> int:
    """Answer requests until the line is closed; return the exit code."""
    line, engine, net_file = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    command = [
        *("sumo", "--net-file", net_file, "--step-length", "0.1", "--lateral-resolution", f"{_LATERAL_M:g}"),
        *("--collision.action", "none", "--time-to-teleport", "-1", "--no-step-log", "--no-warnings"),
        *("--xml-validation", "never", "--xml-validation.net", "never", "--seed", "0"),
    ]
    started = _libsumo(command) if engine == "libsumo" else _traci(command)
    return module_process(lambda: _serve(Connection(line), started))


def _serve(line: Connection, started: contextlib.AbstractContextManager[Any]) -> int:
    with started as simulator, contextlib.suppress(EOFError):
        world = _World(simulator, refusals=(_error_of(simulator), KeyError))
        while True:
            stage, poses = line.recv()
            try:
                world.begin(stage)
                line.send(world.play(poses))
            except world.refusals as error:  # SUMO's own word for what it cannot do
                line.send(str(error) or type(error).__name__)
    return 0


@contextlib.contextmanager
def _libsumo(command: list[str]) -> Iterator[Any]:
    die_with_parent()
    simulator = start_libsumo(command)
    yield simulator
    simulator.close()


@contextlib.contextmanager
def _traci(command: list[str]) -> Iterator[Any]:
    from trafficdiff.process import sumo_program

    if not enter_private_network():
        print(OPEN_PORT, file=sys.stderr)  # noqa: T201 - said in the log
    die_with_parent()  # entering the network has cleared the wish
    port = free_port()
    words = [str(sumo_program("sumo")), *command[1:], "--remote-port", str(port)]
    with subprocess.Popen(words, preexec_fn=die_with_parent) as sumo:  # noqa: PLW1509
        try:
            yield connect_traci(port, sumo, timeout_s=_ANSWER_S)
        finally:
            sumo.kill()


class _World:
    """Hold a running simulation and who is on its stage."""

    def __init__(self, simulator: Any, *, refusals: tuple[type[Exception], ...]) -> None:
        self._simulator = simulator
        self.refusals = refusals
        self._stage = Stage(users=())
        self._here: set[str] = set()
        self._names: tuple[str, ...] = ()
        self._numbers = count()
        self._shown: dict[str, str] = {}
        self._off = {name: "O" * len(simulator.trafficlight.getRedYellowGreenState(name))
                     for name in simulator.trafficlight.getIDList()}  # fmt: skip

    def begin(self, stage: Stage) -> None:
        """Take everybody off, and remember who comes."""
        simulator = self._simulator
        for name in simulator.vehicle.getIDList():
            simulator.vehicle.remove(name)
        simulator.simulationStep()
        self._stage, self._here = stage, set()
        number = next(self._numbers)  # names are used once: SUMO forgets nobody at once
        self._names = tuple(f"{number}.{user.name}" for user in stage.users)
        given = {name for name, _, _ in stage.signals}
        for name, state in self._off.items():
            if name not in given:
                self._show(name, state)
        if stage.driver is not None:
            simulator.route.add(f"route {number}", list(stage.driver.route))

    def play(self, poses: Poses) -> Played:
        """Play all moments, and return what was recorded."""
        users, moments = poses.present.shape
        states = np.full((users, moments, 4), np.nan)
        away_m = 0.0
        half_m = np.array([user.length_m / 2 for user in self._stage.users])
        ahead = np.stack([np.cos(poses.states[..., 2]), np.sin(poses.states[..., 2])], axis=-1)
        fronts = poses.states[..., :2] + ahead * half_m[:, None, None]
        for at in range(moments):
            for name, when, state in self._stage.signals:
                if when == at:
                    self._show(name, state)
            moved = [user for user in range(users) if self._placed(user, poses, at, fronts[user, at])]
            self._simulator.simulationStep()
            states[:, at] = self._recorded(half_m)
            away_m = max([away_m, *(_away(states[user, at], poses.states[user, at]) for user in moved)])
        return Played(states=states, away_m=away_m)

    def _placed(self, user: int, poses: Poses, at: int, front: NDArray[np.float64]) -> bool:
        """Add, move or remove a user, and return whether it was moved."""
        vehicle, name = self._simulator.vehicle, self._names[user]
        driver = self._stage.driver
        drives = driver is not None and driver.name == self._stage.users[user].name
        if drives and driver is not None and at >= driver.from_moment:
            return False
        if not poses.present[user, at]:
            if name in self._here:
                vehicle.remove(name)
                self._here.discard(name)
            return False
        if name not in self._here:
            self._add(user, drives=drives)
        compass = float((90 - np.degrees(poses.states[user, at, 2])) % 360)
        keep = _KEEP_ROUTE if drives else _KEEP_OFF_ROUTE
        vehicle.moveToXY(name, "", -1, float(front[0]), float(front[1]), compass, keep)
        return True

    def _add(self, user: int, *, drives: bool) -> None:
        vehicle, name, who = self._simulator.vehicle, self._names[user], self._stage.users[user]
        kind = self._type_of(who, "ignoring" if not drives else who.kind)
        driver = self._stage.driver
        if drives and driver is not None:
            vehicle.add(name, f"route {name.partition('.')[0]}", kind)
            vehicle.setSpeedFactor(name, driver.speed_factor)
        else:
            vehicle.add(name, "", kind)
            vehicle.setSpeedMode(name, 0)
            vehicle.setLaneChangeMode(name, 0)
        self._here.add(name)

    def _type_of(self, user: StageUser, vehicle_class: str) -> str:
        """Return a type of its size and class; a driver of it does not dawdle, so that scenes can be played again."""
        types = self._simulator.vehicletype
        kind = f"{vehicle_class} {user.length_m:g} {user.width_m:g}".replace(" ", "_")
        if kind not in types.getIDList():
            types.copy(_TYPE, kind)
            types.setVehicleClass(kind, vehicle_class)
            types.setLength(kind, user.length_m)
            types.setWidth(kind, user.width_m)
            types.setImperfection(kind, 0.0)
            types.setSpeedDeviation(kind, 0.0)
        return kind

    def _recorded(self, half_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return everybody's state now, shape (U, 4); NaN for who is not there."""
        vehicle = self._simulator.vehicle
        here = set(vehicle.getIDList())
        self._here &= here
        states = np.full((len(self._names), 4), np.nan)
        for user, name in enumerate(self._names):
            if name in self._here:
                x, y = vehicle.getPosition(name)
                heading = np.pi / 2 - np.radians(vehicle.getAngle(name))
                states[user] = (
                    x - half_m[user] * np.cos(heading), y - half_m[user] * np.sin(heading), heading,
                    vehicle.getSpeed(name),
                )  # fmt: skip
        return states

    def _show(self, signal: str, state: str) -> None:
        if self._shown.get(signal) != state:
            self._simulator.trafficlight.setRedYellowGreenState(signal, state)
            self._shown[signal] = state


def _error_of(simulator: Any) -> type[Exception]:
    """Return the error by which SUMO refuses a command."""
    import traci

    error: type[Exception] = getattr(simulator, "TraCIException", traci.exceptions.TraCIException)
    return error


def _away(recorded: NDArray[np.float64], asked: NDArray[np.float64]) -> float:
    """Return how far somebody is from where it was moved to; infinite if it is not there [m]."""
    away = float(np.hypot(*(recorded[:2] - asked[:2])))
    return away if np.isfinite(away) else float("inf")


if __name__ == "__main__":
    sys.exit(main())
