"""``trafficdiff calibrate`` as a user calls it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.commands import trafficdiff
from trafficdiff.datatypes.calibration_facts import facts_said
from trafficdiff.datatypes.trip_files import read_trips
from trafficdiff.roads.load import load_network

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.sumo, pytest.mark.slow]

OPTIONS = ("--trips", 300, "--begin", 0, "--end", 3600, "--seed", 1)


def test_trips_and_their_card_are_written(grid_net: Path, tmp_path: Path) -> None:
    edge = load_network(str(grid_net)).edge_id[3]
    (tmp_path / "counts.csv").write_text(f"edge,begin,end,count\n{edge},0,1800,30\n{edge},1800,3600,60\n")
    said = trafficdiff(
        "calibrate", grid_net, *OPTIONS, "--counts", "counts.csv", "-o", "trips.rou.xml.gz", "--json",
        directory=tmp_path,
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    printed, card = json.loads(said.stdout), json.loads((tmp_path / "trips.fit.json").read_text())
    trips = read_trips(tmp_path / "trips.rou.xml.gz", load_network(str(grid_net)))
    assert len(trips) == printed["trips"] == card["trips"] == 300
    assert card["files"] == {"counts": "counts.csv"}
    assert printed["training_range"]["level"] in {"inside", "edge", "outside"}
    assert bool(printed["warnings"]) == (printed["training_range"]["level"] != "inside")
    facts = facts_said(trips.provenance)
    assert facts is not None
    assert facts.counts == 1


def test_everything_wrong_is_named_together_and_nothing_is_written(grid_net: Path, tmp_path: Path) -> None:
    edges = load_network(str(grid_net)).edge_id
    (tmp_path / "counts.csv").write_text(f"edge,begin,end,count\nnowhere,0,3600,1\n{edges[0]},0,3600,-5\n")
    (tmp_path / "od.csv").write_text("origin,destination,trips\nmoon,mars,7\n")
    (tmp_path / "zones.csv").write_text(f"zone,edge\na,{edges[0]}\nb,{edges[1]}\n")
    (tmp_path / "seen.rou.xml").write_text(
        f'<routes><vehicle id="v" depart="0"><route edges="{edges[0]} {edges[-1]} {edges[0]}"/></vehicle></routes>'
    )
    said = trafficdiff(
        "calibrate", grid_net, *OPTIONS, "--counts", "counts.csv", "--totals", "od.csv", "--zones", "zones.csv",
        "--observed", "seen.rou.xml", "-o", "trips.parquet", directory=tmp_path,
    )  # fmt: skip
    assert said.returncode == 2
    for words in ("'nowhere' is not in the net", "-5", "'moon' is not among the 2 zones", "'mars'", "that follows"):
        assert words in said.stderr, words
    assert not list(tmp_path.glob("trips*"))
