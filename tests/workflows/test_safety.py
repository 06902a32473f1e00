"""A run with fine tracks says how safe it was, and where not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from pandas.testing import assert_frame_equal

from tests.workflows.test_run import write_scenario
from trafficdiff.datatypes.scenario_files import read_scenario
from trafficdiff.datatypes.track_files import read_tracks_table
from trafficdiff.errors import InputError
from trafficdiff.roads.netfile import read_net
from trafficdiff.store.reading import open_run
from trafficdiff.workflows.run import run_file
from trafficdiff.workflows.safety import measure_safety, open_safety, records_safety

if TYPE_CHECKING:
    from pathlib import Path

FINE = {"step_s": 0.1, "period_s": 60, "emissions": False, "tracks": {"step_s": 0.1, "lateral": "smooth"}}


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory, grid_net: Path) -> Path:
    folder = tmp_path_factory.mktemp("safe")
    scenario = write_scenario(
        folder,
        grid_net,
        simulation=FINE,
        demand={"kind": "gravity", "trips": 150},
        window={"begin_s": 0, "end_s": 200, "clear_s": 400},
    )
    run_file(scenario, directory=folder / "run", picture=False)
    return folder / "run"


@pytest.mark.sumo
@pytest.mark.slow
def test_a_run_holds_what_its_tracks_say(directory: Path) -> None:
    found, run = open_safety(directory), open_run(directory)
    graph = read_net(run.net_path)
    again = measure_safety(read_tracks_table(directory / "tracks.parquet", graph=graph), graph)
    assert len(found.events) > 10
    assert_frame_equal(found.events, again.events, check_dtype=False, atol=1e-5)
    assert_frame_equal(found.sites, again.sites, check_dtype=False, atol=1e-5)
    numbers = run.metrics.data
    assert {name: float(numbers[name]) for name in again.numbers} == pytest.approx(again.numbers, nan_ok=True)
    assert float(numbers["near_misses"]) == found.sites["near_misses"].sum() == found.events["near_miss"].sum()
    assert float(numbers["box_collisions"]) == 0
    driven_km = float(numbers["trip_kilometres"])
    assert found.sites["vehicle_km"].sum() == pytest.approx(driven_km, rel=0.03)
    assert np.isinf(found.events["pet_s"]).any()


def test_a_run_without_fine_tracks_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="lateral: smooth"):
        open_safety(tmp_path)


@pytest.mark.parametrize(
    ("tracks", "fine"),
    [(True, False), (False, False), ({"step_s": 0.1}, False), ({"step_s": 0.1, "lateral": "sublane"}, True),
     ({"step_s": 0.5, "lateral": "smooth"}, False)],
)  # fmt: skip
def test_safety_wants_fine_tracks(tmp_path: Path, tracks: object, fine: bool) -> None:
    path = write_scenario(tmp_path, tmp_path / "net.xml", simulation={"step_s": 0.1, "tracks": tracks})
    assert records_safety(read_scenario(path)) is fine
