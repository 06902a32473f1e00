"""Plans unrolled over time show what SUMO shows, whatever the offset and the begin."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from trafficdiff.datatypes.signal_timing import planned_states
from trafficdiff.process import run_program, sumo_program

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.sumo
@pytest.mark.parametrize(("begin_s", "offset_s"), [(0, 0), (0, 17), (1_234, 0), (27_000, -31)])
def test_states_are_those_of_sumo(cross_net: Path, tmp_path: Path, begin_s: int, offset_s: int) -> None:
    net = tmp_path / "net.net.xml"
    text = cross_net.read_text()
    assert 'offset="0"' in text
    net.write_text(text.replace('offset="0"', f'offset="{offset_s}"'))
    (tmp_path / "states.add.xml").write_text(
        '<additional><timedEvent type="SaveTLSStates" source="C" dest="states.xml"/></additional>'
    )
    command = ["-n", net, "-a", "states.add.xml", "--begin", begin_s, "--end", begin_s + 200, "--no-step-log"]
    finished = run_program(
        [sumo_program("sumo"), *map(str, command)], log=tmp_path / "log", deadline_s=60, directory=tmp_path
    )
    assert finished.returncode == 0, finished.output
    shown = re.findall(r'time="([0-9.]+)".* state="(\w+)"', (tmp_path / "states.xml").read_text())
    found = planned_states(net, begin_s=begin_s, end_s=begin_s + 200)
    assert len(shown) == 200
    assert {found.state_at("C", float(time)) == state for time, state in shown} == {True}


@pytest.mark.sumo
def test_a_signal_that_reacts_to_traffic_is_left_out(cross_net: Path, tmp_path: Path) -> None:
    net = tmp_path / "net.net.xml"
    net.write_text(cross_net.read_text().replace('type="static"', 'type="actuated"'))
    assert len(planned_states(net, begin_s=0, end_s=100)) == 0
