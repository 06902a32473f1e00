"""Goals are met or missed as the numbers say, and the card judges the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from trafficdiff.datatypes.scorecard import read_scorecard, write_scorecard
from trafficdiff.metrics.calibration_scores import CALIBRATION_COLUMNS
from trafficdiff.workflows.calibration_scorecard import behind, goals_of, scorecard, shown
from trafficdiff.workflows.evaluate import FLOOR
from trafficdiff.workflows.evaluate_calibration import (
    CALIBRATED,
    FROM_FILE,
    ROUTE_SAMPLER,
    ZERO_SHOT,
    CalibrationRow,
    CalibrationTable,
)

if TYPE_CHECKING:
    from pathlib import Path


def row(name: str, *draws: dict[str, float], **values: float) -> CalibrationRow:
    each = draws or (values,)
    whole = [dict.fromkeys(CALIBRATION_COLUMNS, 0.5) | one for one in each]
    mean = {key: sum(one[key] for one in whole) / len(whole) for key in CALIBRATION_COLUMNS}
    nothing = dict.fromkeys(CALIBRATION_COLUMNS, float("nan"))
    return CalibrationRow(name=name, values=mean, draws=tuple(whole), margins=nothing, cpu_s=1.0)


def table(*rows: CalibrationRow, counts_from: str = "5% of the edges") -> CalibrationTable:
    return CalibrationTable(
        network="town", real_trips=100, trips=50, window_s=(0.0, 3_600.0), seeds=(1000, 1001), counted_edges=5,
        used_edges=100, counts_from=counts_from, observed=20, rows=rows,
    )  # fmt: skip


FOUND = table(
    row(FLOOR, cpc_od_8x8=0.9, flow_pearson=0.99),
    row(ROUTE_SAMPLER, flow_pearson=0.8, jsd_length=0.1),
    row(
        CALIBRATED["counts"],
        {"flow_pearson": 0.9, "geh5_used": 0.7, "geh5_counted": 1.0, "jsd_length": 0.05, "route_overlap": 0.6},
        {"flow_pearson": 0.94, "geh5_used": 0.8, "geh5_counted": 1.0, "jsd_length": 0.05, "route_overlap": 0.6},
    ),
    row(CALIBRATED["observed"], cpc_od_8x8=0.7, jsd_length=0.2, route_overlap=0.9),
    row(CALIBRATED["both"], cpc_od_8x8=0.75, flow_pearson=0.91, jsd_length=0.05, route_overlap=0.9),
    row(ZERO_SHOT, cpc_od_8x8=0.4, flow_pearson=0.7, jsd_length=0.05, route_overlap=0.6),
)


def test_every_goal_is_judged() -> None:
    goals = {(goal.row, goal.goal.split(" (")[0]): goal for goal in goals_of("town", FOUND)}
    counts, observed, both = (CALIBRATED[key] for key in ("counts", "observed", "both"))
    assert goals[counts, "flow_pearson at least"].met
    missed = goals[counts, "geh5_used at least"]
    assert not missed.met
    assert missed.sentence.startswith("MISSED town: calibrated: counts: geh5_used at least: 0.750 (aim 0.800)")
    assert goals[counts, f"columns behind {ROUTE_SAMPLER}"].met
    halfway = goals[observed, "cpc_od_8x8 halfway to the floor"]
    assert halfway.met
    assert halfway.aim == pytest.approx(0.65)
    assert not goals[both, "flow_pearson at least that of either alone"].met
    assert goals[both, "cpc_od_8x8 at least that of either alone"].met
    assert not goals[observed, "jsd_length at most zero-shot's + .02"].met
    assert goals[observed, "route_overlap at least zero-shot's - .02"].met


def test_a_row_is_behind_where_its_better_end_is_the_others() -> None:
    one = row("one", flow_pearson=0.5, jsd_length=0.2, mean_length_ratio=0.1)
    other = row("other", flow_pearson=0.6, jsd_length=0.1, mean_length_ratio=1.0)
    assert set(behind(one, other)) == {"flow_pearson", "jsd_length"}
    assert behind(other, one) == []


def test_the_card_has_means_then_cities_and_reads_back(tmp_path: Path) -> None:
    other = table(*FOUND.rows, counts_from=FROM_FILE)
    card = scorecard({"town": FOUND, "town, its count file": other}, command="python x", variants_tried=3)
    write_scorecard(card, tmp_path / "card.json")
    assert read_scorecard(tmp_path / "card.json") == card
    first = card.rows[0]
    assert (first.key, first.of) == ("flow_pearson", "")
    assert first.model == pytest.approx(0.92)
    assert first.low is not None
    assert first.low == pytest.approx(0.92 - 12.7062 * 0.02, abs=1e-4)  # Student's t of 1 degree of freedom
    assert (first.before, first.baseline, first.floor) == pytest.approx((0.7, 0.8, 0.99))
    assert first.meets_aim
    by_city = {(one.of, one.key): one for one in card.rows}
    assert not by_city["town", "geh5_used"].meets_aim
    assert by_city["town", "cpc_observed"].aim == pytest.approx(0.65)
    assert not by_city["town, its count file", "flow_pearson"].decides
    assert card.details["goals_met"] == sum(goal["met"] for goal in card.details["goals"])


def test_the_text_names_what_was_left_out() -> None:
    text = shown("town", table(row(FLOOR)))
    assert "town: 100 real trips" in text
    assert "real half B (floor)" in text
