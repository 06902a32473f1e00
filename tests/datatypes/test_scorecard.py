"""A scorecard is judged by direction, noise, bounds and control, and a file that is none names every fault."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from trafficdiff.datatypes.scorecard import Scorecard, ScorecardRow, read_scorecard, write_scorecard
from trafficdiff.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path


def row(**content: Any) -> ScorecardRow:
    return ScorecardRow.model_validate({"key": "x", "name": "X", "better": "high", "model": 0.5} | content)


def beside(value: float, **content: Any) -> ScorecardRow:
    return row(baseline=value, baseline_name="gravity", **content)


@pytest.mark.parametrize(
    ("judged", "verdict", "met"),
    [
        (beside(0.4, noise=0.03), "ahead", None),
        (beside(0.6, noise=0.03), "behind", None),
        (beside(0.6, better="low"), "ahead", None),
        (beside(0.49, noise=0.03), "level", None),
        (beside(0.4, noise=0.03, to_be_ahead=True), "ahead", True),
        (beside(0.49, noise=0.03, to_be_ahead=True), "level", False),
        (row(aim=0.5), "none", True),
        (row(aim=0.04, better="low"), "none", False),
        (row(aim=0.55, better="low", low=0.4, high=0.6, judged="high"), "none", False),
        (row(aim=0.55, better="low", low=0.4, high=0.55, judged="high"), "none", True),
    ],
)
def test_a_figure_is_judged_by_its_direction_its_noise_and_its_bound(
    judged: ScorecardRow, verdict: str, met: bool | None
) -> None:
    assert (judged.verdict, judged.meets_aim) == (verdict, met)


@pytest.mark.parametrize(("control", "fails"), [(0.9, True), (0.3, False)])
def test_a_control_that_meets_the_goal_shows_that_the_test_is_blind(control: float, fails: bool) -> None:
    assert row(aim=0.5, better="low", control=control, control_name="a memory").control_fails is fails


def test_goals_that_do_not_decide_are_not_counted() -> None:
    rows = (row(aim=0.4), row(aim=0.6), row(aim=0.9, decides=False), row())
    card = Scorecard(subject="privacy", date="2026-01-02", made_with=("true",), rows=rows)
    assert card.goals == (1, 2)


def test_what_is_written_is_read_and_a_single_command_is_enough(tmp_path: Path) -> None:
    content = {
        "format": "trafficdiff scorecard 1", "subject": "calibration", "date": "2026-01-02", "made_with": "a command",
        "rows": [{"key": "r", "name": "R", "model": 0.5, "better": "high"}], "details": {"anything": [1, {"a": None}]},
    }  # fmt: skip
    card = Scorecard.model_validate(content)
    assert card.made_with == ("a command",)
    write_scorecard(card, tmp_path / "card.json")
    assert read_scorecard(tmp_path / "card.json") == card


def test_every_fault_of_a_file_is_named_at_once(tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    rows = [
        {"key": "A b", "name": "R", "model": 0.5, "better": "high"},
        {"key": "r", "name": "R", "model": 0.5, "better": "high", "low": 0.6, "high": 0.7, "baseline": 1},
    ]
    content = {
        "format": "trafficdiff scorecard 1",
        "subject": "weather",
        "date": "today",
        "made_with": [],
        "rows": rows,
    }
    path.write_text(json.dumps(content | {"colour": "red"}))
    with pytest.raises(InputError) as raised:
        read_scorecard(path)
    for part in (
        "subject",
        "date",
        "made_with",
        "colour",
        "rows.0.key",
        "inside its interval",
        "baseline and its name",
    ):
        assert part in str(raised.value), part


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 2}'])
def test_files_that_are_something_else_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "file"
    with pytest.raises(InputError, match="expected a scorecard, got none"):
        read_scorecard(path)
    path.write_text(text)
    with pytest.raises(InputError, match="scorecard"):
        read_scorecard(path)


def test_numbers_that_are_none_are_refused() -> None:
    with pytest.raises(ValidationError):
        row(model=float("nan"))
