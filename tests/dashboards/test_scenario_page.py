"""The scenario page does what the commands of a draft do, keeps it over a reload, and saves nothing unasked."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from streamlit.testing.v1 import AppTest

from trafficdiff.datatypes.scenario_files import read_scenario

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.sumo  # a net of the tests is made by one of SUMO's tools

BASE = """\
# by hand
name: Base
network: {net}
window: {{begin_s: 0, end_s: 120, clear_s: 600}}
demand: {{kind: gravity, trips: 20}}
measures:
  - kind: speed_limit # a comment
    where: {{edges: [A0B0]}}
    speed_kmh: 20
"""


def page() -> None:
    from dashboards.pages import scenario

    scenario.show()


@pytest.fixture
def folder(tmp_path: Path, grid_net: Path) -> Path:
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "base.yaml").write_text(BASE.format(net=grid_net))
    return tmp_path


def app_of(folder: Path, monkeypatch: pytest.MonkeyPatch, *, words: tuple[str, ...] = (), **query: str) -> AppTest:
    monkeypatch.setattr(sys, "argv", ["app.py", "--folder", str(folder), *words])
    app = AppTest.from_function(page, default_timeout=60)
    for key, value in query.items():
        app.query_params[key] = value
    return checked(app.run())


def checked(app: AppTest) -> AppTest:
    assert not app.exception, [one.value for one in app.exception]
    return app


def text_of(app: AppTest) -> str:
    return str(app.text_area[0].value)


def button(app: AppTest, start: str) -> object:
    return next(one for one in app.button if (one.key or "").startswith(start) or one.label == start)


def press(app: AppTest, start: str) -> AppTest:
    return checked(button(app, start).click().run())  # type: ignore[attr-defined]


def test_a_folder_without_a_draft_offers_its_files_and_the_shipped_ones(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = app_of(folder, monkeypatch)
    assert app.selectbox(key="scenario.base").options[0] == "scenarios/base.yaml"
    assert "comes with the program" in app.selectbox(key="scenario.base").options[-1]
    app = press(app, "Begin")
    assert text_of(app).startswith("base: base.yaml\n")
    assert app.query_params["draft"] != ["scenarios/base.yaml"]


def test_a_file_is_opened_changed_undone_and_found_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = app_of(folder, monkeypatch, draft="scenarios/base.yaml")
    before = text_of(app)
    app.session_state["scenario.kind.roads.0"] = "close_road"
    app = checked(app.run())
    app = press(app, "scenario.add_it")
    assert [one.value for one in app.error] == ["Select roads on the map first."]
    assert text_of(app) == before
    way = next(one for one in app.button_group if (one.key or "").endswith("where.way"))
    app.session_state[way.key] = "streets"
    app = checked(app.run())
    assert not app.multiselect(key=way.key.replace(".way", ".streets")).options  # nobody named the grid's streets
    app = checked(app.text_area[0].set_value(before + "  - kind: one_way\n    where: {edges: [B0C0]}\n").run())
    assert "The file is sound." in "".join(one.value for one in app.markdown)
    app = press(app, "scenario.row." + draft_id(app) + ".1.up")
    assert text_of(app).index("one_way") < text_of(app).index("# a comment")
    again = app_of(folder, monkeypatch, draft=draft_id(app))
    assert text_of(again) == text_of(app)
    assert text_of(press(press(again, "Undo"), "Undo")) == before


def draft_id(app: AppTest) -> str:
    named = app.query_params["draft"]
    return str(named if isinstance(named, str) else named[0])


def test_a_measure_is_changed_in_its_form_and_keeps_its_comment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = app_of(folder, monkeypatch, draft="scenarios/base.yaml")
    app = press(app, f"scenario.row.{draft_id(app)}.0.edit")
    speed = next(one for one in app.number_input if one.label.startswith("Speed"))
    assert speed.value == 20
    app = checked(speed.set_value(45).run())
    app = press(app, "scenario.keep")
    assert "speed_kmh: 45\n" in text_of(app)
    assert "# a comment" in text_of(app)
    app = press(app, f"scenario.row.{draft_id(app)}.0.remove")
    assert "speed_limit" not in text_of(app)


def test_faults_stand_under_the_text_with_their_lines(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = app_of(folder, monkeypatch, draft="scenarios/base.yaml")
    app = checked(app.text_area[0].set_value("name: <script>alert(1)</script>\nsamples: none\n").run())
    told = [one.value for one in app.error]
    assert any(one.startswith("**Line 1:**") for one in told)
    assert any(one.startswith("**Line 2:**") for one in told)
    assert not any("<script>" in one for one in told)
    assert not any(str(folder) in one for one in told)


def test_it_is_saved_when_asked_and_never_over_another_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "scenarios" / "base.yaml"
    app = app_of(folder, monkeypatch, draft="scenarios/base.yaml")
    app = press(app, f"scenario.row.{draft_id(app)}.0.remove")
    path.write_text(path.read_text() + "seed: 7\n")
    app = press(app, "scenario.save_now")
    assert "seed: 7" in path.read_text()
    assert "somebody changed it" in app.warning[0].value
    app = checked(app.checkbox[0].check().run())
    press(app, "scenario.save_now")
    assert path.read_text() == text_of(app)
    assert read_scenario(path).measures == ()


@pytest.mark.parametrize("named", ["../../etc/passwd", "scenarios/none.yaml", "0123456789ab", "<script>", "a" * 3_000])
def test_a_draft_that_is_not_there_asks_what_to_begin_with(
    folder: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    app = app_of(folder, monkeypatch, draft=named)
    assert not app.text_area
    assert app.selectbox(key="scenario.base")


def test_where_visitors_only_look_nothing_is_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = app_of(folder, monkeypatch, words=("--read-only",), draft="scenarios/base.yaml")
    app = press(app, f"scenario.row.{draft_id(app)}.0.remove")
    assert "speed_limit" not in text_of(app)
    assert not any((one.key or "") in {"scenario.save_now", "scenario.check"} for one in app.button)
    assert not (folder / ".drafts").exists()


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_measure_has_a_form_in_every_language(
    folder: Path, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    from trafficdiff.workflows.form_fields import GROUPS

    app = app_of(folder, monkeypatch, words=("--language", language), draft="scenarios/base.yaml")
    for group, kinds in GROUPS.items():
        app.session_state["scenario.group"] = group
        for kind in kinds:
            app.session_state[f"scenario.kind.{group}.0"] = kind
            app = checked(app.run())
            assert button(app, "scenario.add_it"), kind


def test_counts_beside_the_file_become_its_demand_and_go_away_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "scenarios" / "counts.csv").write_text("edge,begin,end,count\nA0B0,0,120,9\n")
    (folder / "scenarios" / "stations.csv").write_text("id,lon,lat\n")
    app = app_of(folder, monkeypatch, draft="scenarios/base.yaml")
    choice = next(one for one in app.selectbox if (one.key or "").startswith("scenario.counts."))
    assert choice.options == ["No counts", "counts.csv"]
    app = checked(choice.set_value("counts.csv").run())
    assert "kind: calibrated" in text_of(app)
    assert "counts: counts.csv" in text_of(app)
    assert button(app, "Fit to the counts")
    (folder / "scenarios" / "kept.yaml").write_text(text_of(app))
    assert read_scenario(folder / "scenarios" / "kept.yaml").demand.trips == 20  # type: ignore[union-attr]
    choice = next(one for one in app.selectbox if (one.key or "").startswith("scenario.counts."))
    app = checked(choice.set_value("").run())
    assert "kind: model" in text_of(app)
    assert "counts.csv" not in text_of(app)
    app = press(app, "Undo")
    assert "counts: counts.csv" in text_of(app)


def test_people_on_foot_are_asked_for_by_a_number_and_sent_away_by_none(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = app_of(folder, monkeypatch, draft="scenarios/base.yaml")
    walks = next(one for one in app.number_input if one.label == "Walks an hour")
    app = checked(walks.set_value(600).run())
    assert "pedestrians: {per_hour: 600}" in text_of(app)
    app = checked(next(one for one in app.toggle if one.label.startswith("Drivers let people")).set_value(True).run())
    assert "drivers_yield: true" in text_of(app)
    app = checked(next(one for one in app.number_input if one.label == "Walks an hour").set_value(0).run())
    assert "pedestrians" not in text_of(app)
    assert "# a comment" in text_of(app)
