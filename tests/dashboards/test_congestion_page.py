"""The page Congestion says what is more than chance, says nothing of one day, and is quick when only a slider moves."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.dashboards.seen import again_cpu_s, opened, sound, texts
from tests.dashboards.workplace import RUN, STUDY

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.sumo, pytest.mark.slow]

SAME, CLOSED = "limit as it is", "Kaivokatu closed"


def test_a_scenario_that_changes_nothing_is_grey_everywhere_and_the_cards_say_so(
    workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for metric in ("change_delay", "change_flow", "change_speed"):
        page = opened("congestion", workplace, monkeypatch, study=STUDY, base="base", scenario=SAME, metric=metric)
        said = texts(page)
        assert "all are grey" in said
        assert said.count("Exactly the same") == 6
        assert "beyond chance</div>" not in said


def test_a_closed_road_colours_some_roads_and_marks_the_closed_ones(
    workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = opened("congestion", workplace, monkeypatch, study=STUDY, scenario=CLOSED, metric="change_flow")
    assert "are coloured" in texts(page)
    table = page.dataframe[0].value
    assert list(table["verdict"].unique()) == ["yes, more", "yes, less", "no"] or {"no"} < set(table["verdict"])


def test_one_run_has_levels_and_no_interval(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = opened("congestion", workplace, monkeypatch, run=RUN)
    said = texts(page)
    assert said.count("one simulated day: no interval") == 6
    assert "% interval" not in said
    assert not any("change" in option.lower() for option in page.selectbox[3].options)


def test_every_metric_draws(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = opened("congestion", workplace, monkeypatch, study=STUDY, scenario=CLOSED)
    for place in range(len(page.selectbox[3].options)):
        page.selectbox[3].select_index(place)
        sound(page.run())


def test_a_chosen_road_shows_its_profile_and_its_days(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from trafficdiff.store.stack import open_study

    edge = str(open_study(workplace / STUDY, check=False).results["edge"].to_numpy()[20])
    page = opened("congestion", workplace, monkeypatch, study=STUDY, scenario=CLOSED, selected=edge)
    assert edge in texts(page).replace("\\", "")
    other = opened("congestion", workplace, monkeypatch, study=STUDY, selected="no such road")
    assert "Choose a road" in texts(other)


def test_drawing_again_computes_nothing_anew(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = opened("congestion", workplace, monkeypatch, study=STUDY, scenario=CLOSED)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("expected nothing to be computed on a rerun")

    for place in ("encode", "mean_levels"):
        monkeypatch.setattr(f"dashboards.shell.road_numbers.{place}", refuse)
    monkeypatch.setattr("dashboards.shell.area_charts.area_profile", refuse)
    assert again_cpu_s(page) < 0.15  # about 0.05 on a quiet machine, with the test's own work


def test_an_unfinished_study_shows_the_runs_that_are_there(
    workplace: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    study = tmp_path / "city" / "half"
    shutil.copytree(workplace / STUDY, study)
    (study / "outcome.json").unlink()
    shutil.rmtree(study / "results.zarr")
    for gone in (3, 2):
        shutil.rmtree(study / "runs" / "Kaivokatu_closed" / f"000{gone}")
    page = opened("congestion", tmp_path / "city", monkeypatch, study="half", scenario=CLOSED)
    said = texts(page)
    assert "24 of 30 runs" in said  # eight of each scenario at most
    assert "95 % interval" in said
    shutil.rmtree(study / "runs")
    empty = opened("congestion", tmp_path / "city", monkeypatch, study="half")
    assert "No run of" in texts(empty)


def test_an_empty_folder_says_which_command_fills_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = opened("congestion", tmp_path, monkeypatch)
    assert page.code[0].value.startswith("trafficdiff ")
