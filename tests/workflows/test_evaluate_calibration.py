"""The judge of calibration shows each row what it may see, and nothing of what is measured against."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from trafficdiff.datatypes.scenario import GravityDemand
from trafficdiff.errors import InputError
from trafficdiff.metrics.calibration_scores import CALIBRATION_COLUMNS
from trafficdiff.workflows import calibrate as calibrate_module
from trafficdiff.workflows.calibrate import Calibrated, CalibrationData, calibrate
from trafficdiff.workflows.calibration_scorecard import goals_of
from trafficdiff.workflows.evaluate import FLOOR
from trafficdiff.workflows.evaluate_calibration import (
    CALIBRATED,
    MODEL_SAMPLED,
    ROUTE_SAMPLER,
    ZERO_SHOT,
    judge_calibration,
)
from trafficdiff.workflows.sample import draw_trips

if TYPE_CHECKING:
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.trips import TripSet

PAGE = Path(__file__).parents[2] / "docs" / "evaluation.md"


def test_the_page_on_evaluation_names_every_row_and_column() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [name for name in CALIBRATION_COLUMNS if f"`{name}`" not in page] == []
    rows = (*CALIBRATED.values(), MODEL_SAMPLED, ROUTE_SAMPLER, ZERO_SHOT)
    assert [name for name in rows if f"| {name} |" not in page] == []


@pytest.fixture(scope="module")
def real(grid_graph: RoadGraph) -> TripSet:
    return draw_trips(grid_graph, GravityDemand(trips=400), window_s=(0.0, 3_600.0), seed=3)


@pytest.mark.sumo
def test_too_few_trips_and_impossible_shares_are_refused(real: TripSet) -> None:
    with pytest.raises(InputError, match="counted share"):
        judge_calibration(real, counted_share=0.0)


@pytest.mark.slow
@pytest.mark.sumo
def test_every_row_is_shown_the_right_half(real: TripSet, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[CalibrationData] = []

    def watched(graph: RoadGraph, *, data: CalibrationData, **options: object) -> Calibrated:
        seen.append(data)
        return calibrate(graph, data=data, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(calibrate_module, "calibrate", watched)
    table = judge_calibration(real, draws=1, observed=50, counted_share=0.2, replicates=0)
    assert [row.name for row in table.rows] == [
        FLOOR, "real OD + shortest path", ROUTE_SAMPLER, MODEL_SAMPLED, *CALIBRATED.values(), ZERO_SHOT,
    ]  # fmt: skip
    assert table.left_out == {}
    order = np.random.default_rng(1000).permutation(400)
    half_a, half_b = (np.sort(rows) for rows in (order[:200], order[200:]))
    flow = np.zeros(real.graph.edge_count)
    for row in half_a:
        np.add.at(flow, real.edges[real.offsets[row] : real.offsets[row + 1]], 1)
    counts, observed, both, totals = seen
    assert counts.counts is not None
    assert counts.counts is both.counts
    assert np.array_equal(counts.counts.count, flow[counts.counts.edge])
    assert len(counts.counts) == round(0.2 * np.count_nonzero(flow)) == table.counted_edges
    assert observed.observed is not None
    assert set(observed.observed.trip_id) <= set(real.trip_id[half_b])
    assert not set(observed.observed.trip_id) & set(real.trip_id[half_a])
    assert totals.totals is not None
    assert totals.totals.trips.sum() == 2 * 200  # every trip of half B begins and ends once
    calibrated = table.row(CALIBRATED["counts"])
    assert calibrated is not None
    assert calibrated.values["geh5_counted"] == 1.0
    assert calibrated.cpu_s > 0
    assert {goal.row for goal in goals_of("grid", table)} == set(CALIBRATED.values())
