"""The scorecards that travel are read as planners see them: what is said here is what was measured."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.datatypes.test_scorecard import row
from trafficdiff.datatypes.scorecard import SUBJECTS, Scorecard, write_scorecard
from trafficdiff.errors import InputError
from trafficdiff.export.catalogue import catalogue, languages
from trafficdiff.resources import bundled
from trafficdiff.workflows.scorecard_words import cells_of, chosen_rows, columns_of, goals_text, headings_of, legends_of
from trafficdiff.workflows.scorecards import COMMANDS, scorecard_of, scorecards
from trafficdiff.workflows.shipped_model import card_text, shipped_model

if TYPE_CHECKING:
    from pathlib import Path


def test_every_subject_is_there_or_missing_and_none_has_a_fault() -> None:
    found = scorecards()
    assert [one.subject for one in found] == list(SUBJECTS) == list(COMMANDS)
    assert [one.fault for one in found] == [""] * len(SUBJECTS)
    assert found[0].card is not None


def test_realism_belongs_to_the_shipped_model() -> None:
    assert scorecard_of("realism").checkpoint_sha256 == shipped_model().sha256


def test_realism_and_the_model_card_say_the_same() -> None:
    said = card_text("model")
    for one in scorecard_of("realism").rows:
        plain = [f"{value:.3f}" for value in (one.model, one.baseline) if value is not None and one.unit != "share"]
        assert all(text in said or text.removeprefix("0") in said for text in plain), one.key


def test_charging_meets_and_misses_the_goals_that_its_evaluation_says() -> None:
    goals = json.loads(bundled("data/charging_model.scorecard.json").read_bytes())["goals"]
    card = scorecard_of("charging")
    assert [one.meets_aim for one in card.rows] == list(goals.values())


def test_a_card_about_something_else_and_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    write_scorecard(Scorecard(subject="privacy", date="2026-01-02", made_with=("x",), rows=(row(),)), path)
    with pytest.raises(InputError, match="expected a scorecard about realism, got one about privacy"):
        scorecard_of("realism", path)
    with pytest.raises(InputError, match="expected the charging model's scorecard"):
        scorecard_of("charging", path)


@pytest.mark.parametrize("language", languages())
def test_every_row_that_travels_has_words(language: str) -> None:
    texts = catalogue(language).texts
    for found in scorecards():
        assert f"scorecard.subject_{found.subject}" in texts
        assert f"scorecard.why_{found.subject}" in texts
        for one in found.card.rows if found.card else ():
            assert {f"scorecard.row_{found.subject}_{one.key}", f"scorecard.row_{one.key}"} & set(texts), one.key


def test_a_row_says_figure_bounds_goal_others_and_control() -> None:
    one = row(
        key="attack_auc", of="Bologna", model=0.52, low=0.5, high=0.54, aim=0.55, judged="high", better="low",
        floor=0.5, before=0.6, baseline=0.7, baseline_name="gravity",
        control=0.99, control_name="a model that memorises",
    )  # fmt: skip
    card = Scorecard(subject="privacy", date="2026-01-02", made_with=("x",), rows=(one,))
    words = catalogue("en")
    columns = columns_of(card)
    assert columns == ("what", "figure", "goal", "before", "floor", "other", "control")
    assert len(headings_of(columns, words)) == 7
    cells = cells_of(one, columns, words, subject="privacy")
    assert cells[0].text == "Guessing who was in the training, by the loss, Bologna ↓"
    assert cells[1].text == "0.520 (0.500 to 0.540)"
    assert (cells[2].text, cells[2].verdict, cells[2].tone) == ("at most 0.550", "met", "good")
    assert (cells[5].text, cells[5].verdict) == ("0.700 (gravity)", "ahead")
    assert (cells[6].text, cells[6].verdict) == ("0.990 (a model that memorises)", "fails, as it must")
    assert goals_text(card, words) == "1 of 1 goals met"
    assert len(legends_of(card, words)) == 3


def test_columns_that_no_row_fills_are_left_out_and_misses_stand_for_a_card_without_means() -> None:
    rows = tuple(row(key=f"k{number}", of="Bologna", aim=0.1 * number) for number in range(9))
    card = Scorecard(subject="privacy", date="2026-01-02", made_with=("x",), rows=rows)
    assert columns_of(card) == ("what", "figure", "goal")
    chosen, are_missed = chosen_rows(card)
    assert are_missed
    assert [one.key for one in chosen] == ["k6", "k7", "k8"]
    whole = card.model_copy(update={"rows": (*(row(key=f"m{number}") for number in range(3)), *rows)})
    assert [one.key for one in chosen_rows(whole)[0]] == ["m0", "m1", "m2"]


def test_the_case_of_a_figure_is_told_part_by_part() -> None:
    def told(of: str, language: str) -> str:
        return (
            cells_of(row(of=of), ("what",), catalogue(language))[0]
            .text.partition(", ")[2]
            .removesuffix(" \N{UPWARDS ARROW}")
        )

    assert (
        told("trips, krems_west (the worst of 5): tuned", "en")
        == "trips, Krems West (the worst of 5): tuned to the city"
    )
    assert told("charging sessions, dundee", "de") == "Ladevorg\u00e4nge, Dundee"
    assert told("Wildau, 5 % of the streets", "de") == "Wildau, 5 % of the streets"
    assert told("Dundee left out", "de") == "Dundee ausgelassen"
