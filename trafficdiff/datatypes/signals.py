"""Read the plans of a net's traffic signals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trafficdiff.datatypes.control import SignalPhase, SignalProgram
from trafficdiff.datatypes.net_events import net_events

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["is_green", "read_signals"]


def read_signals(net: Path) -> dict[str, SignalProgram]:
    """Read the plan of each signal in a net, by the signal's id; of several plans the last one, which SUMO runs.

    Parameters
    ----------
    net
        ``net.xml`` or ``net.xml.gz``.

    Raises
    ------
    NetworkError
        If the file is gone or damaged.
    """
    programs: dict[str, SignalProgram] = {}
    with net_events(net, events=("end",), tag="tlLogic") as found:
        for _, element in found:
            programs[str(element.get("id"))] = _program(element)
            element.clear()
    return programs


def _program(element: Any) -> SignalProgram:
    return SignalProgram(
        signal=str(element.attrib["id"]),
        kind=str(element.get("type", "static")),
        offset_s=float(element.get("offset", 0)),
        phases=tuple(_phase(phase.attrib) for phase in element.iter("phase")),
    )


def _phase(attributes: Any) -> SignalPhase:
    bounds = (attributes.get("minDur"), attributes.get("maxDur"))
    shortest, longest = (None if value is None else float(value) for value in bounds)
    return SignalPhase(
        duration_s=float(attributes["duration"]), state=str(attributes["state"]), min_s=shortest, max_s=longest
    )


def is_green(phase: SignalPhase) -> bool:
    """Return whether a phase is a green one: somebody drives, and nobody is being stopped or about to start.

    Phases with yellow, with red and yellow together, and those where all have red clear the junction.
    """
    return bool(set(phase.state) & set("Gg")) and not set(phase.state) & set("yYu")
