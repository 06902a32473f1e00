"""Measures are said in plain words: what, where, with which numbers, and what they did."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.towns import square_town
from trafficdiff.datatypes.scenario import Scenario
from trafficdiff.export.catalogue import catalogue
from trafficdiff.workflows.report_measures import (
    clock,
    effects_of,
    measures_in_words,
    table_of_declared,
    table_of_trips,
)

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.export.report_content import Measure

SPACE = "\N{NARROW NO-BREAK SPACE}"


def said(language: str, measure: dict[str, object], effect: dict[str, object]) -> Measure:
    town = square_town()
    names = np.array(["Main Street" if name in {"A-B", "B-A"} else "" for name in town.edge_id], object)
    scenario = Scenario.model_validate({"name": "x", "network": "net.xml", "measures": [measure]})
    (one,) = measures_in_words(scenario, [effect], replace(town, street_name=names), catalogue(language))
    return one


CLOSURE = {
    "kind": "close_road", "where": {"streets": ["Main Street"]}, "open_to": ["bus", "bicycle"],
    "during": {"begin_s": 27_000, "end_s": 28_800},
}  # fmt: skip


@pytest.mark.parametrize(
    ("language", "title", "where", "facts"),
    [
        ("en", "Road closed", "Main Street (2 road sections, 0.20 km)",
         (("Still open to", "buses, bicycles"), ("When", "07:30 to 08:00"))),
        ("de", "Straße gesperrt", "Main Street (2 Straßenabschnitte, 0,20 km)",
         (("Weiterhin frei für", "Busse, Fahrräder"), ("Wann", "07:30 bis 08:00 Uhr"))),
    ],
)  # fmt: skip
def test_a_closure_names_its_street_in_either_language(
    language: str, title: str, where: str, facts: tuple[tuple[str, str], ...]
) -> None:
    one = said(language, CLOSURE, {"edges": ["A-B", "B-A", "gone"]})
    assert (one.title, one.where, one.facts, one.did) == (title, where, facts, ())


def test_numbers_have_their_units_and_what_was_counted_is_told() -> None:
    charge = {"kind": "congestion_charge", "cordon": {"box": [20, 60, 21, 61]}, "price": 2.5}
    one = said(
        "en", charge, {"edges": ["A-C"], "trips": {"paid": 17.0, "removed": 66.5}, "amounts": {"revenue_money": 42}}
    )
    facts = dict(one.facts)
    assert facts["Charge"] == "2.5"
    assert facts["Value of an hour"] == f"12{SPACE}/h"
    assert facts["Elasticity"] == "\N{MINUS SIGN}0.5"
    assert facts["Exempt"] == "buses"
    assert one.where == "roads without a name (1 road sections, 0.10 km)"
    assert one.did == ("trips that pay: 17", "trips taken off the road: 66.5", "revenue: 42")


def test_shares_are_per_cent() -> None:
    one = said("de", {"kind": "shift_mode", "share": 0.125, "to": "walk"}, {})
    assert dict(one.facts)["Anteil"] == f"12,5{SPACE}%"
    assert dict(one.facts)["Auf"] == "zu Fuß"
    assert one.where == ""


def test_counts_are_means_over_runs_and_a_run_without_the_file_is_left_out(tmp_path: Path) -> None:
    for name, removed in (("a", 2), ("b", 5)):
        effect = {"kind": "scale_demand", "trips": {"removed": removed}, "amounts": {}, "declared": {}}
        (tmp_path / name).write_text(json.dumps({"measures": [effect], "planned_around_closures": {"moved": removed}}))
    effects, document = effects_of([tmp_path / "a", tmp_path / "b", tmp_path / "none"])
    assert effects[0]["trips"] == {"removed": 3.5}
    assert document["planned_around_closures"] == {"moved": 3.5}
    assert effects_of([tmp_path / "none"]) == ([], {})


def test_declared_numbers_keep_their_source_and_none_is_no_table() -> None:
    effect = {"kind": "weather", "declared": {"speed_factor": {"value": 0.94, "unit": "1", "source": "HCM 2010"}}}
    table = table_of_declared([("rain", [effect])], catalogue())
    assert table is not None
    assert table.rows == (("rain", "Weather", "speed factor", "0.94", "HCM 2010"),)
    assert table_of_declared([("calm", [{"kind": "weather"}])], catalogue()) is None


def test_trips_that_are_gone_are_told_and_zeros_are_not() -> None:
    counts = {"asked": 100.0, "removed": 1.5, "moved": 0.0, "both": 0.0, "missing": float("nan")}
    table = table_of_trips(counts, catalogue())
    assert table is not None
    assert [row[1] for row in table.rows] == ["100", "1.5", "0"]


@pytest.mark.parametrize(("time_s", "text"), [(0, "00:00"), (27_030, "07:30"), (90_000, "25:00")])
def test_times_are_of_the_day(time_s: float, text: str) -> None:
    assert clock(time_s) == text
