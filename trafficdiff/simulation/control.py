"""Drive SUMO step by step: one small interface over libsumo and TraCI.

A policy is asked before every step and acts on the controller, whose parts are SUMO's own domains (``vehicle``,
``trafficlight``, ``chargingstation``, ...) with SUMO's own function names::

    class GreenWave:
        def step(self, controller: Controller, time_s: float) -> None:
            if time_s % 90 == 0:
                controller.trafficlight.setPhase("centre", 0)

A policy runs in a process of its own: what it keeps does not come back, so it writes what it wants to remember into
``controller.directory``; where it has a function ``finish(controller, time_s)``, that is called once after the last
step. It must be picklable: an instance of a class in an importable module or script.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, Protocol, runtime_checkable

from trafficdiff.errors import SimulationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["DOMAINS", "Controller", "Policy", "start_libsumo", "step_through"]

DOMAINS: Final = (
    "busstop", "calibrator", "chargingstation", "edge", "gui", "inductionloop", "junction", "lane", "lanearea",
    "meandata", "multientryexit", "overheadwire", "parkingarea", "person", "poi", "polygon", "rerouter", "route",
    "routeprobe", "simulation", "trafficlight", "variablespeedsign", "vehicle", "vehicletype",
)  # fmt: skip
"""Parts of SUMO that a controller offers."""

_HARMLESS: Final = ("get", "is", "subscribe", "unsubscribe")
_OURS: Final = frozenset({"step", "start", "close", "load", "loadState", "saveState", "init"})
"""Functions of the domain ``simulation`` that would break the run; stepping is the replay's own business."""


@runtime_checkable
class Policy(Protocol):
    """Act on a running simulation."""

    def step(self, controller: Controller, time_s: float) -> None:
        """Act before the step that begins at `time_s` [s of the simulated day]."""


class _Domain:
    """Pass calls on to one of SUMO's domains; nothing that is not finite gets through."""

    def __init__(self, name: str, module: Any) -> None:
        self._name = name
        self._module = module

    def __getattr__(self, function: str) -> Any:
        if function.startswith("__"):
            raise AttributeError(function)
        if self._name == "simulation" and function in _OURS:
            raise SimulationError(f"expected a policy to leave simulation.{function} alone; the replay does the steps")
        called: Callable[..., Any] = getattr(self._module, function)
        if function.startswith(_HARMLESS) or not callable(called):
            guarded = called
        else:

            def guarded(*arguments: Any, **options: Any) -> Any:
                if not (_is_finite(arguments) and _is_finite(options.values())):
                    raise SimulationError(
                        f"expected finite numbers for {self._name}.{function}, got {arguments} {options}; SUMO would "
                        "accept them in silence and compute with them"
                    )
                return called(*arguments, **options)

        setattr(self, function, guarded)  # the next call does not come here
        return guarded


def _is_finite(values: Any) -> bool:
    for value in values:
        if isinstance(value, float):
            if not math.isfinite(value):
                return False
        elif isinstance(value, list | tuple) and not _is_finite(value):
            return False
    return True


class Controller:
    """Give a policy SUMO's domains.

    Parameters
    ----------
    simulator
        The module libsumo, or a TraCI connection.
    directory
        The run's directory, for what a policy wants to keep.
    """

    def __init__(self, simulator: Any, *, directory: Path) -> None:
        self._simulator = simulator
        self.directory = directory

    def __getattr__(self, name: str) -> Any:
        if name not in DOMAINS or not hasattr(self._simulator, name):
            raise AttributeError(f"expected one of SUMO's domains ({', '.join(DOMAINS)}), got {name!r}")
        domain = _Domain(name, getattr(self._simulator, name))
        setattr(self, name, domain)
        return domain


def start_libsumo(command: list[str]) -> Any:
    """Start libsumo in this process and return its module.

    Raises
    ------
    SimulationError
        If this process has a simulation already: libsumo would replace it in silence.
    """
    import libsumo

    if libsumo.isLoaded():
        raise SimulationError(
            "expected no simulation in this process, libsumo has one; start another process for the second"
        )
    libsumo.start(command)
    return libsumo


def step_through(
    simulator: Any,
    *,
    policy: Policy | None,
    directory: Path,
    end_s: float,
    step_s: float,
    on_progress: Callable[[float], None],
) -> None:
    """Step a started simulation to its end.

    Parameters
    ----------
    simulator
        The module libsumo, or a TraCI connection.
    policy
        Asked before every step, or if it has ``quiet_until(time_s)``, before the first step from that time on; without
        one SUMO runs in long strides.
    directory
        The run's directory.
    end_s, step_s
        Final time and step [s].
    on_progress
        Called with the simulated time [s] about a hundred times.
    """
    controller = Controller(simulator, directory=directory)
    quiet_until = getattr(policy, "quiet_until", float)
    now_s = float(simulator.simulation.getTime())
    stride_s = max(step_s, math.floor((end_s - now_s) / 100 / step_s) * step_s)
    reported_s = now_s
    while now_s < end_s - step_s / 2:
        if policy is None:
            simulator.simulationStep(min(end_s, now_s + stride_s))
        else:
            policy.step(controller, now_s)
            simulator.simulationStep(min(end_s, max(now_s + step_s, quiet_until(now_s))))
        now_s = float(simulator.simulation.getTime())
        if now_s - reported_s >= stride_s:
            on_progress(now_s)
            reported_s = now_s
    if (finish := getattr(policy, "finish", None)) is not None:
        finish(controller, now_s)
