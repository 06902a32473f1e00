"""SUMO's totals and its second-by-second summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.simulation.conftest import Replay, replay, trips_on
from trafficdiff.datatypes.scenario import SimulationOptions
from trafficdiff.errors import SimulationError
from trafficdiff.simulation.summary import read_statistics, read_summary

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph

pytestmark = pytest.mark.sumo


def test_the_totals_are_those_of_the_run(grid_replay: Replay) -> None:
    statistics = read_statistics(grid_replay.files.statistics)
    assert statistics.end_s == 1_200
    assert (statistics.loaded, statistics.inserted, statistics.running, statistics.waiting) == (150, 150, 0, 0)


def test_running_is_what_entered_less_what_arrived_at_every_second(grid_replay: Replay) -> None:
    data, trips = grid_replay.result.data, grid_replay.result.trips
    clock = data["clock"].to_numpy()
    arrived = np.searchsorted(np.sort(trips["arrival_s"]), clock + 1e-6, side="right")
    entered = np.searchsorted(np.sort(trips["depart_s"]), clock + 1e-6, side="right")
    np.testing.assert_array_equal(data["vehicles_arrived"], arrived)
    np.testing.assert_array_equal(data["vehicles_running"], entered - arrived)


def test_the_clock_ticks_once_a_second_whatever_the_step(cross: RoadGraph, tmp_path: Path) -> None:
    trips = trips_on(cross, [["NC", "CS"]], [0.0], end_s=60)
    run = replay(cross, trips, tmp_path, options=SimulationOptions(step_s=0.2, period_s=60), clear_s=60)
    seconds = read_summary(run.files.summary)["clock"]
    np.testing.assert_allclose(seconds, np.arange(120.0))


@pytest.mark.parametrize("content", ["", "<statistics><vehicles", "<statistics></statistics>", "<statistics>"])
def test_totals_that_break_off_are_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "statistics.xml"
    path.write_text(content)
    with pytest.raises(SimulationError, match="did not come to its end"):
        read_statistics(path)
