"""Guided scenes on the page AV scenes: what was kept and why not is said; they are asked for, watched and stopped."""

from __future__ import annotations

import json
import shutil
import time
from typing import TYPE_CHECKING

import pytest

from dashboards.shell.scene_guided import reason_text
from dashboards.shell.words import catalogue
from tests.dashboards.browsing import Visitor
from tests.dashboards.conftest import served
from tests.dashboards.scene_folders import MADE, write_scene_folders
from tests.dashboards.seen import drawn, opened, texts
from tests.dashboards.test_browser_jobs import job_processes
from trafficdiff.cli.application import application
from trafficdiff.errors import InputError, OutputError
from trafficdiff.store.status import write_status
from trafficdiff.workflows.closed_loop import LOOP_REFUSALS
from trafficdiff.workflows.job_kinds import GuidedWishes, command_of, request_of
from trafficdiff.workflows.launching import launch
from trafficdiff.workflows.scenes_guide_judging import REFUSALS

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import BrowserContext

WORDS = catalogue("en")


@pytest.fixture
def place(cross_net: Path, tmp_path: Path) -> Path:
    """A folder of scenes of which one was led, and one was not kept."""
    root = write_scene_folders(tmp_path / "city", cross_net)
    path = root / MADE / "scenes.json"
    cases = json.loads(path.read_text())["scenes"]
    for case in cases:
        case.update(nats=None, draws=64, budget_nats=40.0, source="ordinary-0003", log_weight=None)
    cases[0].update(nats=31.4, log_weight=-22.1, draws=7, asked_angle_deg=90.0, angle_deg=84.0)
    cases[2].update(reason="off the road 13 times, no collision course 51 times; nearest 1.2 instead of 1 s")
    told = {"drawn": "135", "refused": json.dumps({"off the road": 13, "no collision course": 51})}
    path.write_text(json.dumps({"provenance": told, "scenes": cases}))
    return root


@pytest.mark.sumo
def test_the_page_says_what_was_kept_how_far_it_was_led_and_why_not(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = opened("av_scenes", place, monkeypatch, scenes=MADE)
    said = texts(page).replace("\\", "").replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")
    assert "**2 of 3 kept**, after 135 draws." in said
    assert WORDS["scene_guide.kept_means"] in said
    assert "no collision course 51, off the road 13" in said
    assert "Led by 31.4 nat" in said
    assert "Angle asked 90" in said
    table = page.dataframe[0].value
    assert table["nats"].tolist()[0] == "31.4"
    reason = table["valid"].iloc[2]
    assert reason.startswith("off the road 13 times, no collision course 51 times, nearest 1.20")


def test_every_reason_has_words_in_every_language() -> None:
    for code in ("en", "de"):
        for why in (*REFUSALS, *LOOP_REFUSALS):
            assert "scene_guide.why_" + why.replace(" ", "_").replace("'", "") in catalogue(code)


def test_a_reason_of_another_kind_is_shown_as_it_is() -> None:
    assert reason_text("no place") == "no place"
    said = reason_text("off the road 2 times, SUMO crashed 1 times, struck by lightning 3 times")
    assert said == "off the road 2 times, SUMO stopped with a fault 1 times, struck by lightning 3 times"


@pytest.mark.sumo
def test_scenes_that_were_waited_for_are_opened_and_faults_are_shown(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = drawn("av_scenes", place, monkeypatch, scenes="scenes/found")
    write_status(place / "scenes" / "made.status.json", state="done", progress=1.0, message="done")
    page.session_state["guide_jobs.awaited"] = MADE
    page.run()
    assert MADE in page.query_params["scenes"]
    write_status(place / "scenes" / "gone.status.json", state="failed", progress=0.1, message="expected a busier place")
    page.session_state["guide_jobs.awaited"] = "scenes/gone"
    page.run()
    assert any("busier place" in error.value for error in page.error)
    page.button(key="guide_jobs.dismiss").click().run()
    assert not page.error


def test_what_is_asked_on_the_page_is_a_command_that_a_terminal_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    wishes = GuidedWishes(source="-runs/a day", at=(-0.5, 51.25), radius_m=50, angle_deg=-90, ttc_s=(0.8, 1.5), count=3)
    words = list(command_of(request_of(kind="guided", name="Kaivokatu", guided=wishes)))
    assert words[-2:] == ["-o", "scenes/Kaivokatu"]
    assert {"--at=-0.500000,51.250000", "--ttc=0.8:1.5", "--angle=-90", "--from=./-runs/a day"} <= set(words)
    got: dict[str, object] = {}
    monkeypatch.setattr("trafficdiff.cli.scenes.make_guided", lambda source, **told: got.update(told, source=source))
    application(words, standalone_mode=False)
    assert str(got["source"]) == "-runs/a day"
    assert (got["at"], got["radius_m"], got["ttc"]) == ("-0.500000,51.250000", 50.0, "0.8:1.5")
    assert (got["angle_deg"], got["count"], str(got["output"])) == (-90.0, 3, "scenes/Kaivokatu")


@pytest.mark.parametrize("source", ["../outside", "/etc", "nothing"])
def test_a_run_outside_the_folder_or_none_is_not_begun(tmp_path: Path, source: str) -> None:
    with pytest.raises((InputError, OutputError), match="expected a"):
        launch(tmp_path, kind="guided", name="x", guided=GuidedWishes(source=source))
    assert not list(tmp_path.glob("scenes/*"))


@pytest.mark.sumo
def test_who_may_only_look_is_told_the_command(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dashboards.shell import state

    found = state.settings()
    monkeypatch.setattr("dashboards.shell.scene_search.settings", lambda: found.__class__(place, read_only=True))
    page = drawn("av_scenes", place, monkeypatch)
    assert any("scenes make guided" in code.value for code in page.code)
    assert "scene_guide.start" not in [button.key for button in page.button]


@pytest.mark.browser
@pytest.mark.sumo
def test_scenes_are_asked_for_at_a_place_on_the_map_watched_by_others_and_stopped(
    safety_place: Path, tmp_path: Path, context: BrowserContext
) -> None:
    from playwright.sync_api import expect

    root = shutil.copytree(safety_place, tmp_path / "city")
    with served(root) as address:
        visitor = Visitor(context, address)
        visitor.open("av_scenes")
        visitor.tab.get_by_text(WORDS["scene_guide.what_guide"]).first.click()
        visitor.settle()
        shown = visitor.ready_map()
        visitor.settle()
        surface = shown.locator(".surface")
        box = surface.bounding_box()
        assert box is not None
        surface.click(position={"x": box["width"] * 0.62, "y": box["height"] * 0.55})
        name = visitor.tab.get_by_role("textbox", name=WORDS["scene_guide.name"])
        expect(name).to_have_value("place on the map")
        visitor.settle()
        count = visitor.tab.get_by_role("spinbutton", name=WORDS["scene_guide.count"])
        count.fill("200")
        count.press("Enter")
        visitor.settle()
        visitor.tab.get_by_role("button", name=WORDS["scene_guide.start"]).click()
        visitor.tab.get_by_test_id("stProgress").first.wait_for()
        visitor.assert_sound()

        other = Visitor(context, address)
        other.open("av_scenes")
        other.tab.get_by_test_id("stProgress").first.wait_for()
        assert "place on the map" in other.words
        other.tab.get_by_role("button", name=WORDS["run.cancel"]).first.click()
        other.tab.get_by_role("button", name=WORDS["run.cancel_now"]).click()
        until = time.monotonic() + 30
        while job_processes(root / "scenes" / "place on the map"):
            assert time.monotonic() < until, "something is still at work"
            time.sleep(0.2)
        visitor.tab.get_by_text(WORDS["run.state_cancelled"]).first.wait_for()
        assert not (root / "scenes" / "place on the map").exists()
        assert visitor.left_the_machine == []
        assert visitor.script_errors == []
