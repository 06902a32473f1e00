"""The page Compare names what is beyond chance, follows trips, lists roads that only one has, and refuses nonsense."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.dashboards.seen import opened, sound, texts
from tests.dashboards.workplace import RUN, STUDY

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.sumo, pytest.mark.slow]


def test_nothing_changes_where_nothing_was_changed(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = opened("compare", workplace, monkeypatch, study=STUDY, base="base", scenario="limit as it is")
    said = texts(page)
    assert "0 of " in said
    assert "Both scenarios have the same roads" in said
    assert set(page.dataframe[0].value["verdict"]) == {"Exactly the same"}


def test_closed_roads_are_listed_and_any_pair_can_be_chosen(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = opened("compare", workplace, monkeypatch, study=STUDY, base="base", scenario="Kaivokatu closed")
    assert any("Closed or removed" in expander.label for expander in page.expander)
    assert "comes first" in texts(page)
    back = opened("compare", workplace, monkeypatch, study=STUDY, base="Kaivokatu closed", scenario="base")
    assert any("New in the scenario" in expander.label for expander in back.expander)


def test_every_ranking_draws(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = opened("compare", workplace, monkeypatch, study=STUDY)
    for place in range(len(page.selectbox(key="compare.ranked_by").options)):
        page.selectbox(key="compare.ranked_by").select_index(place)
        sound(page.run())


def test_two_runs_of_one_day_are_set_side_by_side_without_a_word_about_chance(
    workplace: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    runs = tmp_path / "city" / "runs"
    shutil.copytree(workplace / STUDY / "runs" / "base" / "0000", runs / "a")
    alone = opened("compare", tmp_path / "city", monkeypatch, run="runs/a")
    assert "nothing to be compared with" in texts(alone)
    shutil.copytree(workplace / STUDY / "runs" / "Kaivokatu_closed" / "0000", runs / "b")
    both = opened("compare", tmp_path / "city", monkeypatch, run="runs/b")
    assert "One day cannot say what is chance" in texts(both)
    assert "Better, beyond chance" not in set(both.dataframe[0].value["verdict"])
    shutil.copytree(workplace / STUDY / "runs" / "base" / "0001", runs / "a2")
    other = opened("compare", tmp_path / "city", monkeypatch, run="runs/a2")
    other.selectbox(key="compare.other_run").select("runs/a")
    assert "two different simulated days" in texts(sound(other.run()))


def test_a_folder_with_one_run_is_no_error(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened("compare", workplace, monkeypatch, run=RUN)
