"""Be the process that replays staged cases: ``python -m trafficdiff.simulation.staging_process``.

libsumo knows one simulation a process; this one loads a kept moment of the traffic for each case and plays it. Its
job and its result lie in the working directory.
"""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.datatypes.boxes import Boxes, boxes_overlap
from trafficdiff.process import die_with_parent, module_process
from trafficdiff.simulation.control import start_libsumo
from trafficdiff.simulation.staging import JOB, MOMENT, RESULT
from trafficdiff.simulation.staging_recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trafficdiff.datatypes.staging import Actor, Staging

__all__ = ["main"]

_ROUNDS: Final = 6
"""How often the stage is cleared and the case played again."""
_TYPE: Final = "DEFAULT_VEHTYPE"
_KEEP_OFF_ROUTE: Final = 2
"""moveToXY: go exactly there, on whatever edge, or off the road."""
_USUAL_BRAKING_MS2: Final = 4.5
"""SUMO's default for cars [m/s2]."""


def main() -> int:
    """Do the job of the working directory and return the exit code."""
    die_with_parent()
    directory = Path.cwd()
    job = pickle.loads((directory / JOB).read_bytes())  # noqa: S301 - the caller has just written it
    return module_process(lambda: _play_all(job, directory))


def _play_all(job: dict[str, Any], directory: Path) -> int:
    _warm_up(job["command"], job["moments_s"], directory)
    for number, staging in job["stagings"]:
        command = [*job["command"], "--load-state", str(_moment(directory, staging.moment))]
        played = _play(command, staging, radius_m=job["radius_m"])
        (directory / RESULT.format(number)).write_bytes(pickle.dumps(played))
    return 0


def _moment(directory: Path, number: int) -> Path:
    return directory / MOMENT.format(number)


def _warm_up(command: list[str], moments_s: Sequence[float], directory: Path) -> None:
    """Drive to each moment and keep it, unless an earlier job has."""
    if _moment(directory, len(moments_s) - 1).exists():
        return
    simulator = start_libsumo(command)
    for number, moment_s in enumerate(moments_s):
        simulator.simulationStep(moment_s)
        simulator.simulation.saveState(str(_moment(directory, number)))
    simulator.close()


def _play(command: list[str], staging: Staging, *, radius_m: float) -> dict[str, Any] | str:
    """Play a case until nobody of the traffic touches an actor; whoever did is gone from the start.

    SUMO starts anew each time: one that loads a state a second time, with the sublane model and vehicles that were
    moved from outside, crashes now and then (1.28).
    """
    cleared: dict[str, None] = dict.fromkeys(staging.absent)
    for _ in range(_ROUNDS):
        simulator = start_libsumo(command)
        try:
            recorder = Recorder(simulator, staging, radius_m=radius_m)
            touched = _play_once(simulator, staging, recorder, cleared)
        finally:
            simulator.close()
        if not touched:
            return recorder.recording(tuple(sorted(cleared)))
        cleared |= dict.fromkeys(sorted(touched))
    return f"the traffic still touches the actors after {_ROUNDS} times of clearing the stage"


def _play_once(simulator: Any, staging: Staging, recorder: Recorder, cleared: dict[str, None]) -> set[str]:
    """Play a case once and return who of the traffic touched an actor."""
    vehicle, lights = simulator.vehicle, simulator.trafficlight
    for signal, state in staging.signals:
        lights.setRedYellowGreenState(signal, state)
    for name in [name for name in vehicle.getIDList() if name in cleared]:
        vehicle.remove(name)
    for name in vehicle.getIDList():
        _under_weather(vehicle, name, staging)
    for actor in staging.actors:
        _add(simulator, actor)
    touched: set[str] = set()
    for sample in range(staging.samples):
        present = _direct(vehicle, staging, sample)
        simulator.simulationStep()
        _receive(simulator, staging, recorder, cleared)
        touched |= _touching(present, sample, recorder.record(sample))
        if touched and sample == 0:
            break
    return touched


def _direct(vehicle: Any, staging: Staging, sample: int) -> list[Actor]:
    """Move all actors to their poses of a sample, take off those whose part is over, and return the others."""
    present = []
    for actor in staging.actors:
        if sample < len(actor.x_m):
            _move(vehicle, actor, sample)
            present.append(actor)
        elif sample == len(actor.x_m):
            vehicle.remove(actor.name)
    return present


def _receive(simulator: Any, staging: Staging, recorder: Recorder, cleared: dict[str, None]) -> None:
    """Send away who has just set off and is cleared; tell the others of the weather."""
    for name in simulator.simulation.getDepartedIDList():
        if name in cleared:
            simulator.vehicle.remove(name)
        elif name not in recorder.actors:
            _under_weather(simulator.vehicle, name, staging)


def _under_weather(vehicle: Any, name: str, staging: Staging) -> None:
    if staging.speed_factor < 1:
        vehicle.setSpeedFactor(name, vehicle.getSpeedFactor(name) * staging.speed_factor)
    if staging.braking_ms2 < vehicle.getEmergencyDecel(name):
        vehicle.setEmergencyDecel(name, staging.braking_ms2)
        vehicle.setDecel(name, min(_USUAL_BRAKING_MS2, staging.braking_ms2))


def _add(simulator: Any, actor: Actor) -> None:
    kind = f"staged {actor.kind} {actor.length_m:g} {actor.width_m:g}".replace(" ", "_")
    if kind not in simulator.vehicletype.getIDList():
        simulator.vehicletype.copy(_TYPE, kind)
        simulator.vehicletype.setVehicleClass(kind, "ignoring")
        simulator.vehicletype.setLength(kind, actor.length_m)
        simulator.vehicletype.setWidth(kind, actor.width_m)
    simulator.vehicle.add(actor.name, "", kind)
    simulator.vehicle.setSpeedMode(actor.name, 0)
    simulator.vehicle.setLaneChangeMode(actor.name, 0)


def _move(vehicle: Any, actor: Actor, sample: int) -> None:
    heading, half = float(actor.heading_rad[sample]), actor.length_m / 2
    x, y = float(actor.x_m[sample]) + half * np.cos(heading), float(actor.y_m[sample]) + half * np.sin(heading)
    vehicle.moveToXY(actor.name, "", -1, x, y, float((90 - np.degrees(heading)) % 360), _KEEP_OFF_ROUTE)


def _touching(present: Sequence[Actor], sample: int, traffic: tuple[list[str], Boxes]) -> set[str]:
    """Return who of the traffic overlaps an actor."""
    names, boxes = traffic
    found: set[str] = set()
    for actor in present if names else ():
        own = Boxes(
            x_m=actor.x_m[sample : sample + 1], y_m=actor.y_m[sample : sample + 1],
            heading_rad=actor.heading_rad[sample : sample + 1], length_m=actor.length_m, width_m=actor.width_m,
        )  # fmt: skip
        found |= {names[place] for place in np.flatnonzero(boxes_overlap(own, boxes))}
    return found


if __name__ == "__main__":
    sys.exit(main())
