"""Cards and tables say a change, its interval and what can be said of it, in words and with a sign."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from trafficdiff.export.catalogue import catalogue
from trafficdiff.metrics.intervals import resamples
from trafficdiff.metrics.kpi_changes import kpi_changes
from trafficdiff.workflows.report_numbers import (
    at_a_glance,
    change_cards,
    change_sentences,
    level_cards,
    table_of_changes,
)

SPACE = "\N{NARROW NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
BASE = np.array([100.0, 110.0, 90.0, 105.0, 95.0, 101.0])
NOISE = np.array([0.3, -0.2, 0.1, -0.4, 0.2, 0.0])


def found(**changes: np.ndarray) -> Any:
    """Return a comparison of numbers that change as told, beside one that does not."""
    base = dict.fromkeys(changes, BASE) | {"completion_share": np.ones(6)}
    scenario = {name: BASE + change for name, change in changes.items()} | {"completion_share": np.ones(6)}
    dice = resamples(6, generator=np.random.default_rng(1))
    kpis = kpi_changes(base, scenario, confidence=0.95, dice=dice)
    return SimpleNamespace(base="today", scenario="new", samples=range(6), confidence=0.95, kpis=pd.DataFrame(kpis))


@pytest.mark.parametrize(
    ("name", "change", "tone"),
    [
        ("mean_trip_time", -5 + NOISE, "better"),
        ("mean_trip_time", 5 + NOISE, "worse"),
        ("mean_speed", 5 + NOISE, "better"),
        ("trip_kilometres", 5 + NOISE, "changed"),
        ("mean_trip_time", NOISE, "chance"),
    ],
)
def test_a_card_says_which_way_is_better_and_leaves_chance_alone(name: str, change: np.ndarray, tone: str) -> None:
    card = next(card for card in change_cards(found(**{name: change}), catalogue()) if card.change != "no change")
    assert card.tone == tone
    assert card.verdict == catalogue().word(f"report.verdict_{tone}")
    assert card.before.startswith("today: ")


def test_what_is_the_same_in_every_run_has_no_interval() -> None:
    card = change_cards(found(), catalogue())[0]
    assert (card.label, card.value, card.tone) == ("Trips that arrive", f"100.0{SPACE}%", "same")
    assert card.interval == card.gauge == ""


def test_change_and_bounds_have_the_same_decimals_and_the_unit_once() -> None:
    (card, _) = change_cards(found(mean_trip_time=-5 + NOISE), catalogue("de"))
    assert card.change == f"{MINUS}5,00{SPACE}s ({MINUS}5,0{SPACE}%)"
    assert card.interval.startswith(f"95-%-Intervall: {MINUS}5,")
    assert card.interval.count(f"{SPACE}s") == 1


def test_the_most_important_changes_are_sentences() -> None:
    (said, *_) = change_sentences(found(mean_trip_time=-5 + NOISE), catalogue())
    assert said.startswith(f"Mean trip time: {MINUS}5.00{SPACE}s ({MINUS}5.0{SPACE}%); with 95 % confidence between")
    (unsure, *_) = change_sentences(found(mean_trip_time=NOISE), catalogue())
    assert "no change beyond chance" in unsure


def test_tables_mark_rows_by_sign_as_well_as_by_colour() -> None:
    table = table_of_changes(found(mean_trip_time=-5 + NOISE, trips_removed=-BASE), catalogue())
    assert table.rows[0][-1] == "✓ better"
    assert table.tones[0] == "better"
    glance = at_a_glance([found(mean_trip_time=5 + NOISE), found(mean_trip_time=NOISE)], catalogue())
    assert glance.rows[0][1] == f"✗ +5.00{SPACE}s"
    assert glance.rows[1][1].startswith("(≈ ")


def test_a_run_has_levels_only() -> None:
    cards = level_cards({"mean_speed": 10.0, "delay_hours": float("nan")}, catalogue())
    assert [(card.value, card.change, card.tone) for card in cards] == [(f"36.0{SPACE}km/h", "", "level")]
