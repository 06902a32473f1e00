"""The stop output, of a car that stops twice."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import numpy as np
import pytest

from trafficdiff.errors import SimulationError
from trafficdiff.process import sumo_environment, sumo_program
from trafficdiff.simulation.stops import STOP_COLUMNS, read_stops

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.sumo


@pytest.fixture(scope="module")
def stops(cross_net: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("stops")
    (directory / "a.add.xml").write_text(
        '<additional><chargingStation id="cs" lane="CS_0" startPos="50" endPos="70" power="50000"/></additional>'
    )
    (directory / "r.rou.xml").write_text(
        '<routes><vType id="ev"><param key="has.battery.device" value="true"/></vType>'
        '<vehicle id="a" type="ev" depart="0"><route edges="NC CS"/>'
        '<stop lane="NC_0" endPos="80" duration="20" parking="true"/>'
        '<stop chargingStation="cs" duration="500"/></vehicle></routes>'
    )
    command = [sumo_program("sumo"), "-n", cross_net, "-r", "r.rou.xml", "-a", "a.add.xml", "-e", "200"]
    command += ["--stop-output", "stops.xml", "--stop-output.write-unfinished", "--no-step-log"]
    subprocess.run(command, cwd=directory, env=sumo_environment(), check=True, capture_output=True)
    return directory / "stops.xml"


def test_each_stop_is_a_row_and_one_that_goes_on_has_no_end(stops: Path) -> None:
    table = read_stops(stops)
    assert list(table.columns) == list(STOP_COLUMNS)
    assert table["trip_id"].tolist() == ["a", "a"]
    assert table["charging_station"].tolist() == ["", "cs"]
    assert table["parking"].tolist() == [True, False]
    assert table["ended_s"][0] - table["started_s"][0] == 20
    assert np.isnan(table["ended_s"][1])


def test_a_file_that_breaks_off_is_refused(stops: Path, tmp_path: Path) -> None:
    whole = stops.read_bytes()
    for kept in (0, len(whole) - 10):
        (tmp_path / "stops.xml").write_bytes(whole[:kept])
        with pytest.raises(SimulationError, match=r"expected the whole of SUMO's output stops\.xml"):
            read_stops(tmp_path / "stops.xml")


def test_a_run_without_stops_has_an_empty_table(tmp_path: Path) -> None:
    (tmp_path / "stops.xml").write_text("<stops></stops>")
    assert read_stops(tmp_path / "stops.xml").shape == (0, len(STOP_COLUMNS))
