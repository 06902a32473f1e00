"""What demand was calibrated to is said in numbers that survive the way through a file, by road and by the hour."""

from __future__ import annotations

from typing import Any

import pytest

from trafficdiff.datatypes.calibration_facts import PROVENANCE, CalibrationFacts, facts_of, facts_said
from trafficdiff.errors import InputError


def count(
    edge: str, counted: float, modelled: float, *, begin_s: float = 0.0, end_s: float = 3_600.0
) -> dict[str, Any]:
    return {"edge": edge, "begin_s": begin_s, "end_s": end_s, "counted": counted, "modelled": modelled, "geh": 0.0}


FIT = {
    "counts": {
        "share_geh5": 0.75,
        "contradictions": [{"said": "x"}],
        "rows": [
            count("a", 30, 10, end_s=1_800.0), count("a", 30, 20, begin_s=1_800.0), count("b", 100, 100),
            count("c", 0, 0), count("d", 400, 200),
        ],
    },
    "totals": {"zones": 3},
    "observed": {"trips": 500},
}  # fmt: skip


def test_intervals_of_a_road_are_put_together_by_the_hour_and_the_worst_road_stands_first() -> None:
    facts = facts_of(FIT)
    assert [row.edge for row in facts.rows] == ["d", "a", "b", "c"]
    worst, road = facts.rows[:2]
    assert (road.counted, road.modelled) == (60.0, 30.0)  # two half hours
    assert road.geh == pytest.approx((2 * 30**2 / 90) ** 0.5)
    assert worst.geh == pytest.approx((2 * 200**2 / 600) ** 0.5)
    assert facts.rows[-1].geh == 0.0  # nobody counted, nobody came


def test_every_count_that_is_missed_is_counted_however_many_are_named() -> None:
    missed = [count(str(number), 100, 10) | {"geh": 12.1} for number in range(150)]
    fit = {"counts": {"rows": [*missed, count("met", 10, 10)], "contradictions": [{"said": "x"}] * 100}}
    assert facts_of(fit).unmet == 150
    assert facts_of(FIT).unmet == 0


def test_the_sentence_says_to_what_and_how_well() -> None:
    assert (
        facts_of(FIT).sentence == "calibrated to 4 counts (GEH < 5 on 75%), the totals of 3 zones, 500 observed trips"
    )
    assert facts_of({"observed": {"trips": 2}, "counts": None}).sentence == "calibrated to 2 observed trips"
    assert CalibrationFacts(counts=1).sentence == "calibrated to 1 count"


def test_trips_carry_the_facts_and_other_words_under_that_name_are_refused() -> None:
    facts = facts_of(FIT)
    assert facts_said({PROVENANCE: facts.model_dump_json()}) == facts
    assert facts_said({}) is None
    with pytest.raises(InputError, match="calibrated to"):
        facts_said({PROVENANCE: "to something"})
