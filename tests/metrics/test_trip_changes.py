"""Trips are followed from base to scenario by their id, and none is averaged away."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from trafficdiff.metrics.trip_changes import trip_changes, zone_changes, zone_sums


def trips(rows: dict[str, tuple[float, float, bool]]) -> pd.DataFrame:
    """Return a trip table from id: (duration, wait to enter, whether it arrived)."""
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=["duration_s", "depart_delay_s", "completed"])
    return frame.rename_axis("trip_id").reset_index()


BASE = trips(
    {"a": (100, 0, True), "b": (200, 10, True), "c": (50, 0, True), "d": (80, 0, True), "e": (9, 0, False),
     "f": (np.nan, np.nan, False)}
)  # fmt: skip
SCENARIO = trips(
    {"f": (70, 5, True), "d": (500, 0, False), "b": (190, 100, True), "a": (30, 0, True), "new": (10, 0, True),
     "e": (9, 0, False)}
)  # fmt: skip


def test_every_trip_of_the_base_has_a_fate_and_only_pairs_have_a_change() -> None:
    found = trip_changes(BASE, SCENARIO).set_index("trip_id")
    assert found["fate"].to_dict() == {
        "a": "both", "b": "both", "c": "missing", "d": "unfinished", "e": "neither", "f": "finished_only_now",
    }  # fmt: skip
    assert found["change_s"].dropna().to_dict() == {"a": -70, "b": 80}  # the wait to enter counts


def test_zones_add_up_to_all_trips() -> None:
    changes = trip_changes(BASE, SCENARIO)
    found = zone_sums(changes, np.array([0, 1, 1, 1, 0, -1]), zones=3)
    assert {name: values.tolist() for name, values in found.items()} == {
        "change_s": [-70, 80, 0], "trips": [1, 1, 0], "faster": [1, 0, 0], "slower": [0, 1, 0],
        "missing": [0, 1, 0], "unfinished": [0, 1, 0], "finished_only_now": [0, 0, 0],
    }  # fmt: skip


def samples(shift_s: float, *, count: int = 8) -> list[dict[str, np.ndarray]]:
    """Two zones with about 40 trips each; those of the second change by `shift_s`."""
    generator = np.random.default_rng(1)
    made = []
    for _ in range(count):
        zone = np.repeat([0, 1], generator.integers(30, 50, 2))
        change = generator.normal(0, 20, len(zone)) + np.where(zone == 1, shift_s, 0)
        changes = pd.DataFrame({"trip_id": np.arange(len(zone)), "change_s": change, "fate": "both"})
        made.append(zone_sums(changes, zone, zones=3))
    return made


def test_the_zone_that_loses_is_found_and_the_other_is_not() -> None:
    table = zone_changes(samples(30), confidence=0.95, rate=0.05)
    assert table["distinguishable"].tolist() == [False, True, False]
    assert table["mean_change_s"][1] == pytest.approx(30, abs=4)
    assert table["low_s"][1] < 30 < table["high_s"][1]
    assert np.isnan(table["mean_change_s"][2])  # nobody lives there


def test_the_mean_counts_trips_and_not_samples() -> None:
    few = {"change_s": 90.0, "trips": 1.0}
    many = {"change_s": 0.0, "trips": 9.0}
    rest = dict.fromkeys(("faster", "slower", "missing", "unfinished", "finished_only_now"), 0.0)
    rows = [{name: np.array([value]) for name, value in (sample | rest).items()} for sample in (few, many)]
    assert zone_changes(rows, confidence=0.95, rate=0.05)["mean_change_s"][0] == 9


def test_equal_runs_change_exactly_nothing() -> None:
    changes = trip_changes(BASE, BASE)
    assert set(changes["fate"]) == {"both", "neither"}
    table = zone_changes([zone_sums(changes, np.zeros(6, int), zones=1)] * 5, confidence=0.95, rate=0.05)
    assert table.loc[0, ["mean_change_s", "low_s", "high_s"]].tolist() == [0, 0, 0]
    assert table["p"][0] == 1


def test_one_sample_has_a_mean_but_no_certainty() -> None:
    table = zone_changes(samples(30, count=1), confidence=0.95, rate=0.05)
    assert np.isfinite(table["mean_change_s"][1])
    assert np.isnan(table["low_s"][1])
    assert not table["distinguishable"].any()
