"""Calibrated demand in a scenario: drawn anew for each sample, the same for base and scenario, and said in the run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.workflows.ensembles import scenario_of
from trafficdiff.datatypes.calibration_facts import facts_said
from trafficdiff.datatypes.scenario import GravityDemand
from trafficdiff.errors import InputError
from trafficdiff.export.catalogue import catalogue
from trafficdiff.store.reading import open_run
from trafficdiff.store.stack import run_directory
from trafficdiff.workflows.ensemble import ensemble
from trafficdiff.workflows.report_origin import table_of_knowledge
from trafficdiff.workflows.sample import draw_trips
from trafficdiff.workflows.supplies import WarmSupplies

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.scenario import Scenario
    from trafficdiff.datatypes.trips import TripSet

pytestmark = [pytest.mark.sumo, pytest.mark.slow]

TRIPS = 60
WINDOW_S = (0.0, 120.0)


@pytest.fixture(scope="module")
def counted(grid_graph: RoadGraph) -> np.ndarray:
    """What another demand would drive over each edge."""
    trips = draw_trips(grid_graph, GravityDemand(trips=TRIPS), window_s=WINDOW_S, seed=11)
    return np.bincount(trips.edges, minlength=grid_graph.edge_count)


@pytest.fixture(scope="module")
def counts(counted: np.ndarray, grid_graph: RoadGraph, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("counts") / "counts.csv"
    busiest = np.argsort(-counted)[:6]
    lines = [f"{grid_graph.edge_id[edge]},0,120,{counted[edge]}" for edge in busiest]
    path.write_text("\n".join(["edge,begin,end,count", *lines, ""]))
    return path


def scenario(net: Path, counts: Path, **changes: object) -> Scenario:
    demand = {"kind": "calibrated", "trips": TRIPS, "counts": str(counts)}
    return scenario_of(net, **{"demand": demand} | changes)  # type: ignore[arg-type]


def drawn(supplies: WarmSupplies, net: Path, counts: Path, *, sample: int = 0, **changes: object) -> TripSet:
    asked = scenario(net, counts, **changes)
    return supplies.trips(asked, supplies.roads(asked.network, net.parent), sample=sample, folder=net.parent)


def test_every_sample_is_another_draw_that_meets_the_counts_and_scenarios_share_it(
    grid_net: Path, counts: Path
) -> None:
    warm = WarmSupplies()
    first = drawn(warm, grid_net, counts)
    assert drawn(warm, grid_net, counts, name="another") is first
    again = drawn(WarmSupplies(), grid_net, counts)
    assert np.array_equal(first.edges, again.edges)
    assert first.provenance == again.provenance
    other = drawn(warm, grid_net, counts, sample=1)
    assert len(first) == len(other) == TRIPS
    assert not np.array_equal(first.edges, other.edges)
    for trips in (first, other):
        facts = facts_said(trips.provenance)
        assert facts is not None
        assert facts.counts == 6
        assert facts.share_geh5 is not None
        assert facts.share_geh5 > 0.6
    assert len(json.loads(first.provenance["parameters"])["data_sha256"]["counts"]) == 64


def test_changed_counts_are_read_again_and_name_another_run(grid_net: Path, counts: Path, tmp_path: Path) -> None:
    own = tmp_path / "counts.csv"
    own.write_text(counts.read_text())
    warm = WarmSupplies()
    before = drawn(warm, grid_net, own)
    own.write_text("\n".join(own.read_text().splitlines()[:3]) + "\n")
    after = drawn(warm, grid_net, own)
    assert warm.drawn == 2
    assert before.provenance["parameters"] != after.provenance["parameters"]


def test_faults_of_all_files_are_said_together(grid_net: Path, counts: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text(counts.read_text() + "nowhere,0,120,5\n")
    (tmp_path / "observed.rou.xml").write_text("<routes><vehicle")
    demand = {"kind": "calibrated", "counts": str(bad), "observed": str(tmp_path / "observed.rou.xml")}
    with pytest.raises(InputError, match=r"(?s)nowhere.*observed\.rou\.xml"):
        drawn(WarmSupplies(), grid_net, counts, demand=demand)


def test_a_study_says_what_its_demand_was_calibrated_to(grid_net: Path, counts: Path, tmp_path: Path) -> None:
    measure = {"kind": "speed_limit", "where": {"edges": ["A0B0"]}, "speed_kmh": 20}
    slow = scenario(grid_net, counts, name="slower", measures=[measure])
    outcome = ensemble(
        [scenario(grid_net, counts), slow], directory=tmp_path / "study", samples=1, workers=1, picture=False
    )
    assert outcome.complete
    lines = outcome.calibration_lines()
    assert [line.split(":")[0] for line in lines] == ["base", "slower"]
    assert "calibrated to 6 counts" in lines[0]
    assert outcome.summary()["calibration"] == lines
    run = open_run(run_directory(tmp_path / "study", "base", 0))
    assert run.provenance.calibration is not None
    assert run.provenance.calibration.sentence in lines[0]
    rows = table_of_knowledge(run, catalogue("en")).rows
    assert any("6 counted roads, GEH < 5 on" in row[-1] for row in rows)
