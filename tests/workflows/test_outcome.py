"""What a person and a program are told of a run names the base of every number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.metrics.hand_town import hand_result
from tests.store.runs import make_content
from trafficdiff.metrics import summary
from trafficdiff.units import QUANTITIES
from trafficdiff.workflows.outcome import Outcome, outcome_of
from trafficdiff.workflows.tables import worst_streets

if TYPE_CHECKING:
    from pathlib import Path


def told(folder: Path) -> Outcome:
    from dataclasses import replace

    content = replace(make_content(folder), metrics=summary(hand_result()))
    return outcome_of(content, directory=folder / "run", pictures=(), wall_s=1.0)


def test_every_number_of_the_area_has_a_base() -> None:
    over = {name: quantity.over for name, quantity in QUANTITIES.items()}
    assert all(over[name] for name, quantity in QUANTITIES.items() if quantity.dims == ())
    assert not any(over[name] for name, quantity in QUANTITIES.items() if quantity.dims)
    assert over["vehicle_kilometres"] == over["vehicle_hours"] == over["mean_speed"] == "edges"
    assert over["trip_kilometres"] == over["trip_hours"] == "trips that entered"


def test_no_line_of_the_table_has_the_words_of_another_and_each_names_its_base(tmp_path: Path) -> None:
    rows = told(tmp_path).rows()
    words = [words for words, _, _ in rows]
    assert len(set(words)) == len(words)
    assert {over for _, over, _ in rows} <= {"edges", "trips that entered", "completed trips", "all trips asked"}
    assert ("distance travelled (VKT)", "trips that entered", "7 km") in rows  # 6.9 km of five trips
    assert ("mean speed", "edges", "17.3 km/h") in rows  # 39 km in 8120 s


def test_plain_data_name_the_base_of_every_number(tmp_path: Path) -> None:
    content = told(tmp_path).summary()
    assert set(content["over"]) == set(content["metrics"])
    assert content["over"]["delay_hours"] == "edges"
    assert content["over"]["mean_trip_time"] == "completed trips"
    assert content["worst_streets"] == []


def test_a_run_without_a_table_of_streets_shows_none(tmp_path: Path) -> None:
    assert worst_streets(tmp_path) == ()
