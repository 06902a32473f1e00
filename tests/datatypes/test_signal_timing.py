"""Plans unrolled over time show what SUMO shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.av_scenes import record, write_walking_grid
from trafficdiff.datatypes.signal_timing import planned_states

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.sumo
def test_the_plan_is_what_sumo_shows(tmp_path: Path) -> None:
    net = write_walking_grid(tmp_path)
    net.write_text(net.read_text().replace('programID="0" offset="0"', 'programID="0" offset="13"'))
    shown = record(net, tmp_path, seconds=130, cars=2, walkers=1).scene.signals
    planned = planned_states(net, begin_s=0.0, end_s=130.0)
    assert planned.signals == shown.signals
    for signal in shown.signals:
        for time in range(1, 130):
            assert planned.state_at(signal, time - 0.5) == shown.state_at(signal, time - 0.5)
    later = planned_states(net, begin_s=77.0, end_s=99.0)
    assert all(later.state_at(signal, 88.5) == shown.state_at(signal, 88.5) for signal in shown.signals)
