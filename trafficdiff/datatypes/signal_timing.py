"""Tell what fixed-time signals show when: the plans of a net, unrolled over the seconds of a scene.

SUMO runs a plan from its offset on: at time t the place in the cycle is ``(t - offset) mod cycle`` (SUMO user manual,
"Traffic lights"). Actuated plans depend on traffic and cannot be told beforehand; they are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.datatypes.scene_environment import SignalStates
from trafficdiff.datatypes.signals import read_signals

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from trafficdiff.datatypes.control import SignalProgram

__all__ = ["planned_states", "plans_of", "states_between"]


def planned_states(net: Path, *, begin_s: float, end_s: float, control: Path | None = None) -> SignalStates:
    """Return what the fixed-time signals of a net show from a time to another.

    Parameters
    ----------
    net
        SUMO net.
    control
        Further plans that SUMO was given; they take the place of the net's of the same signals.
    begin_s, end_s
        Of the scene [s of the simulated day].

    Raises
    ------
    NetworkError
        If the net cannot be read.
    """
    return states_between(plans_of(net, control=control), begin_s=begin_s, end_s=end_s)


def plans_of(net: Path, *, control: Path | None = None) -> dict[str, SignalProgram]:
    """Return the plans of a net by signal; those of a further file take the place of the net's.

    Raises
    ------
    NetworkError
        If a file cannot be read.
    """
    return read_signals(net) | (read_signals(control) if control is not None else {})


def states_between(plans: Mapping[str, SignalProgram], *, begin_s: float, end_s: float) -> SignalStates:
    """Return what the signals with a fixed-time plan show from a time to another [s of the simulated day]."""
    rows: list[tuple[str, float, str]] = []
    for name, program in sorted(plans.items()):
        if program.kind == "static":
            rows += [(name, time_s, state) for time_s, state in _unrolled(program, begin_s, end_s)]
    return SignalStates(
        signal_id=np.array([row[0] for row in rows], object),
        time_s=np.array([row[1] for row in rows], np.float64),
        state=np.array([row[2] for row in rows], object),
    )


def _unrolled(program: SignalProgram, begin_s: float, end_s: float) -> list[tuple[float, str]]:
    """Return the changes of a signal, the first at the beginning; phases that show the same are one."""
    ends = np.cumsum([phase.duration_s for phase in program.phases])
    cycle_s = float(ends[-1])
    place_s = (begin_s - program.offset_s) % cycle_s
    time_s, turn = begin_s, int(np.searchsorted(ends, place_s, side="right")) % len(ends)
    next_s = begin_s + float(ends[turn]) - place_s
    changes: list[tuple[float, str]] = []
    while time_s <= end_s:
        if not changes or changes[-1][1] != program.phases[turn].state:
            changes.append((time_s, program.phases[turn].state))
        turn = (turn + 1) % len(ends)
        time_s, next_s = next_s, next_s + program.phases[turn].duration_s
    return changes
