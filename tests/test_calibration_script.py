"""The script that judges calibration prints every goal, met or missed, and writes the scorecard."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from trafficdiff.datatypes.scenario import GravityDemand
from trafficdiff.datatypes.scorecard import read_scorecard
from trafficdiff.datatypes.trip_files import write_trips
from trafficdiff.workflows.sample import draw_trips

if TYPE_CHECKING:
    from trafficdiff.datatypes.graph import RoadGraph

SCRIPT = Path(__file__).parents[1] / "scripts" / "evaluate_calibration.py"

pytestmark = [pytest.mark.sumo, pytest.mark.slow]


def test_a_folder_of_cities_becomes_tables_goals_and_a_scorecard(
    grid_graph: RoadGraph, grid_net: Path, tmp_path: Path
) -> None:
    city = tmp_path / "cities" / "town"
    city.mkdir(parents=True)
    (city / "net.net.xml.gz").write_bytes(gzip.compress(grid_net.read_bytes()))
    real = draw_trips(grid_graph, GravityDemand(trips=200), window_s=(0.0, 3_600.0), seed=3)
    write_trips(real, city / "cars.rou.xml.gz")
    (city / "counts.edgedata.xml").write_text(
        '<data><interval begin="0" end="3600"><edge id="A0B0" entered="9"/></interval></data>'
    )
    card = tmp_path / "card.json"
    done = subprocess.run(
        [sys.executable, SCRIPT, tmp_path / "cities", "--city", "town", "--rows", "counts", "--draws", "1",
         "--bootstrap", "0", "-o", card],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "town: calibrated: counts: flow_pearson at least" in done.stdout
    assert "town, its count file: calibrated: counts: geh5_counted at least" in done.stdout
    assert "goals met in 2 tables" in done.stdout
    rows = read_scorecard(card).rows
    assert {row.of for row in rows} == {"", "town", "town, its count file"}
    assert not any(row.decides for row in rows if row.of == "town, its count file")
