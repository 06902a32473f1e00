"""Plans of signals are read as the net holds them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from trafficdiff.datatypes.control import SignalPhase
from trafficdiff.datatypes.signals import is_green, read_signals

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.sumo
def test_the_crossroads_have_one_plan_of_ninety_seconds(cross_net: Path):
    (plan,) = read_signals(cross_net).values()
    assert plan.signal == "C"
    assert plan.kind == "static"
    assert sum(phase.duration_s for phase in plan.phases) == 90
    assert [is_green(phase) for phase in plan.phases] == [True, False, True, False]


@pytest.mark.parametrize(
    ("state", "green"),
    [("GGrr", True), ("ggrr", True), ("yyrr", False), ("GyrG", False), ("rrrr", False), ("uurr", False)],
)
def test_only_phases_that_stop_nobody_are_green(state: str, green: bool):
    assert is_green(SignalPhase(duration_s=5, state=state)) is green
