"""Calibrated demand meets its data, keeps the model elsewhere, and says what it is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.diffusion.places import tiny_model
from tests.towns import make_town
from trafficdiff.datatypes.calibration_facts import facts_said
from trafficdiff.datatypes.counts import Counts
from trafficdiff.datatypes.selection import take_trips
from trafficdiff.datatypes.zone_totals import ANY, ZoneTotals
from trafficdiff.diffusion.checkpoint import write_checkpoint
from trafficdiff.errors import InputError
from trafficdiff.workflows.calibrate import CalibrationData, CalibrationSettings, calibrate
from trafficdiff.workflows.calibrate_files import card_path
from trafficdiff.workflows.model_demand import open_city

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.workflows.calibrate import Calibrated

WINDOW_S = (0.0, 7_200.0)
FEW = CalibrationSettings(fewest_candidates=2_000, candidates_per_trip=1)


@pytest.fixture(scope="module")
def town() -> RoadGraph:
    """A grid of two-way streets, and a tail of two edges in one direction at its corner: a0 to x to y."""
    nodes = {f"{chr(97 + x)}{y}": (150.0 * x, 150.0 * y) for x in range(5) for y in range(5)}
    pairs = [
        (one, other)
        for one, (x, y) in nodes.items()
        for other, (u, v) in nodes.items()
        if abs(x - u) + abs(y - v) == 150.0
    ]
    return make_town(nodes | {"x": (-150.0, 0.0), "y": (-300.0, 0.0)}, [*pairs, ("a0", "x"), ("x", "y")])


@pytest.fixture(scope="module")
def checkpoint(town: RoadGraph, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    model, scaling = tiny_model(open_city(town).scene)
    write_checkpoint(file, members=[model], scaling=scaling, card={})
    return file


def made(town: RoadGraph, checkpoint: Path, *, trips: int = 1_000, **data: Any) -> Calibrated:
    return calibrate(
        town, trips=trips, window_s=WINDOW_S, data=CalibrationData(**data), seed=1, checkpoint=checkpoint, settings=FEW
    )


def counted(town: RoadGraph, rows: list[tuple[str, float, float, float]]) -> Counts:
    edges, begin_s, end_s, count = zip(*rows, strict=True)
    return Counts(
        graph=town, edge=np.array([town.edge_index[name] for name in edges], np.int32), begin_s=np.array(begin_s),
        end_s=np.array(end_s), count=np.array(count),
    )  # fmt: skip


@pytest.fixture(scope="module")
def hourly(town: RoadGraph, checkpoint: Path) -> Calibrated:
    """Two places, twice as much in the second hour as in the first."""
    rows = [("c2-c3", 0.0, 3_600.0, 60.0), ("c2-c3", 3_600.0, 7_200.0, 120.0), ("b1-c1", 0.0, 3_600.0, 40.0),
            ("b1-c1", 3_600.0, 7_200.0, 80.0)]  # fmt: skip
    return made(town, checkpoint, counts=counted(town, rows))


def ends(trips: TripSet) -> tuple[np.ndarray, np.ndarray]:
    return trips.edges[trips.offsets[:-1]], trips.edges[trips.offsets[1:] - 1]


def test_hourly_counts_give_hourly_demand(hourly: Calibrated) -> None:
    rows = hourly.fit["counts"]["rows"]
    assert [row["modelled"] for row in rows] == pytest.approx([60, 120, 40, 80], abs=8)
    assert hourly.fit["counts"]["share_geh5"] == 1
    assert not hourly.fit["counts"]["contradictions"]
    late = (hourly.trips.depart_s >= 3_600).mean()
    assert 0.55 < late < 0.75


def test_exactly_n_come_connected_sorted_and_inside_the_window(hourly: Calibrated) -> None:
    """`TripSet` refuses what does not connect or is not sorted."""
    for trips in (hourly.trips, hourly.uncalibrated):
        assert len(trips) == 1_000
        assert trips.depart_s[0] >= WINDOW_S[0]
        assert trips.depart_s[-1] < WINDOW_S[1]


def test_trips_and_card_say_what_they_are_and_what_it_cost(hourly: Calibrated) -> None:
    facts = facts_said(hourly.trips.provenance)
    assert facts is not None
    assert facts.counts == 2
    assert hourly.trips.are_synthetic
    assert "calibrated to counts" in hourly.trips.provenance["synthetic"]
    cost = hourly.fit["cost"]
    assert 0 <= cost["jsd_length"] < 0.2
    assert cost["on_fastest_way"] > 0.9
    assert 0 < cost["effective_share"] < 1
    assert cost["kl_nats"] > 0
    json.dumps(hourly.fit, allow_nan=False)


def test_counts_upstream_and_downstream_that_contradict_are_between_and_named(
    town: RoadGraph, checkpoint: Path
) -> None:
    rows = [("a0-x", 0.0, 7_200.0, 900.0), ("x-y", 0.0, 7_200.0, 100.0)]
    fit = made(town, checkpoint, trips=2_000, counts=counted(town, rows)).fit["counts"]
    upstream, downstream = (row["modelled"] for row in fit["rows"])
    assert 100 < downstream <= upstream < 900
    said = [one["said"] for one in fit["contradictions"]]
    assert any("'a0-x'" in words and "'x-y'" in words for words in said)


def test_zone_totals_and_a_matrix_are_met(town: RoadGraph, checkpoint: Path) -> None:
    west = town.midpoint_xy[:, 0] < 300
    totals = ZoneTotals(
        graph=town, names=("west", "east"), zone=np.where(west, 0, 1).astype(np.int32),
        origin=np.array([0, 0], np.int32), destination=np.array([ANY, 1], np.int32), begin_s=np.full(2, -np.inf),
        end_s=np.full(2, np.inf), trips=np.array([700.0, 450.0]),
    )  # fmt: skip
    result = made(town, checkpoint, totals=totals)
    origin, destination = ends(result.trips)
    assert west[origin].sum() == pytest.approx(700, abs=20)
    assert (west[origin] & ~west[destination]).sum() == pytest.approx(450, abs=20)
    assert result.fit["totals"]["zones"] == 2


@pytest.mark.slow
def test_observed_trips_are_followed_but_their_own_routes_are_not_copied(town: RoadGraph, checkpoint: Path) -> None:
    pool = made(town, checkpoint, trips=400, counts=counted(town, [("c2-c3", 0.0, 7_200.0, 50.0)])).uncalibrated
    begin = town.midpoint_xy[ends(pool)[0]]
    some = take_trips(pool, np.flatnonzero((begin[:, 0] < 200) & (begin[:, 1] < 300)))
    result = made(town, checkpoint, observed=some)
    own = town.midpoint_xy[ends(result.trips)[0]]
    south_west = ((own[:, 0] < 250) & (own[:, 1] < 350)).mean()
    without = town.midpoint_xy[ends(result.uncalibrated)[0]]
    assert south_west > 0.6 > ((without[:, 0] < 250) & (without[:, 1] < 350)).mean()
    assert result.fit["observed"]["trips"] == len(some)
    assert sum(result.fit["mixture"].values()) == pytest.approx(1, abs=1e-3)


@pytest.mark.slow
def test_the_seed_decides_and_a_sample_is_another_draw(town: RoadGraph, checkpoint: Path) -> None:
    data = CalibrationData(counts=counted(town, [("c2-c3", 0.0, 7_200.0, 50.0)]))

    def edges(sample: int) -> np.ndarray:
        return calibrate(
            town, trips=50, window_s=WINDOW_S, data=data, seed=1, sample=sample, checkpoint=checkpoint, settings=FEW
        ).trips.edges

    assert np.array_equal(edges(0), edges(0))
    assert not np.array_equal(edges(0), edges(1))


def test_every_fault_of_the_data_is_named(town: RoadGraph, checkpoint: Path) -> None:
    counts = counted(town, [("c2-c3", 0.0, 9_000.0, 50.0), ("c2-c3", 0.0, 7_200.0, np.nan),
                            ("c2-c3", 0.0, 7_200.0, -1.0)])  # fmt: skip
    with pytest.raises(InputError) as caught:
        made(town, checkpoint, counts=counts)
    assert len(caught.value.faults) == 3
    assert "0 to 9000 s" in str(caught.value)
    with pytest.raises(InputError, match="got none of them"):
        made(town, checkpoint)


def test_the_card_lies_beside_the_trips(tmp_path: Path) -> None:
    assert card_path(tmp_path / "a.rou.xml.gz").name == "a.fit.json"
    assert card_path(tmp_path / "a.b.parquet").name == "a.b.fit.json"
    with pytest.raises(InputError, match="ends in"):
        card_path(tmp_path / "a.csv")
