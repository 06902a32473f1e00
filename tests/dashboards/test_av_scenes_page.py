"""The page AV scenes lists what was made and found, shows one moving, and hands out sound files or says why not."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pytest

from dashboards.shell.words import catalogue
from tests.dashboards.browsing import Visitor
from tests.dashboards.conftest import served
from tests.dashboards.scene_folders import FOUND, MADE, write_scene_folders
from tests.dashboards.seen import again_cpu_s, drawn, opened, texts
from tests.dashboards.workplace import SAFETY
from trafficdiff.datatypes.driving_scene_files import read_driving_scene
from trafficdiff.errors import InputError
from trafficdiff.export.scene_files import SceneFormat
from trafficdiff.metrics.scene_course import scene_course
from trafficdiff.scenarios.edge_case_catalogue import CATALOGUE
from trafficdiff.store.workspace import Workspace
from trafficdiff.workflows.scene_archive import scene_archive
from trafficdiff.workflows.scene_table import read_scene_table

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import BrowserContext, Locator

pytestmark = pytest.mark.sumo

WORDS = catalogue("en")


@pytest.fixture(scope="module")
def place(cross_net: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scene_folders(tmp_path_factory.mktemp("av"), cross_net)


def test_scenes_are_listed_with_what_was_asked_and_what_came_out(place: Path) -> None:
    assert {entry.name for entry in Workspace(place).scenes()} == {MADE, FOUND}
    made, found = (read_scene_table(place / name) for name in (MADE, FOUND))
    first = made.iloc[0]
    assert (first["asked"], first["achieved"], first["ttc_s"], first["ego_kmh"]) == (2.0, 1.95, 1.95, 36.0)
    assert (first["light"], first["fog_m"], first["weather"], first["friction"]) == ("night", 120, "rain", 0.7)
    assert made["valid"].tolist() == [True, True, False]
    assert made["reason"].iloc[2] == "no place"
    assert found["ego_kmh"].tolist() == pytest.approx([36.0, 36.0])
    assert found["place"].tolist() == ["WC", "WC"]
    assert np.isinf(found["pet_s"]).all()


def test_a_table_that_leads_elsewhere_or_is_none_is_refused(place: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="table of scenes"):
        read_scene_table(tmp_path)
    content = json.loads((place / MADE / "scenes.json").read_text())
    content["scenes"][0]["scene"] = "../../../etc"
    (tmp_path / "scenes.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match="without a path"):
        read_scene_table(tmp_path)


def test_the_course_says_when_who_follows_would_hit(place: Path) -> None:
    tracks = read_driving_scene(place / FOUND / "following_00000").tracks
    course = scene_course(tracks, ego="ego", other="other")
    assert course["ttc_s"].isna().sum() == course["other_ms"].isna().sum() == 10  # the other comes a second later
    assert np.isinf(course["ttc_s"].iloc[-1])  # equal speeds
    with pytest.raises(InputError, match="'nobody'"):
        scene_course(tracks, ego="ego", other="nobody")


def test_every_type_has_a_name_in_every_language() -> None:
    from trafficdiff.metrics.scene_types import SCENE_TYPES

    for name in (*SCENE_TYPES, *(one.replace("-", "_") for one in CATALOGUE)):
        for language in ("en", "de"):
            assert f"av_scenes.type_{name}" in catalogue(language)


def test_the_page_filters_and_looks_at_one(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = opened("av_scenes", place, monkeypatch, scenes=MADE)
    assert page.dataframe[0].value["valid"].tolist() == ["yes", "yes", "no place"]
    assert WORDS["av_scenes.type_lead_brake"] in [one.value for one in page.subheader]
    page.query_params["type"] = "crossing-car"
    page.run()
    table = page.dataframe[0].value
    assert len(table) == 1
    assert table["asked"].iloc[0].startswith("50")
    assert table["asked"].iloc[0].endswith("%")
    assert WORDS["av_scenes.synthetic"] in texts(page)
    assert again_cpu_s(page) < 0.25
    near = opened("av_scenes", place, monkeypatch, scenes=FOUND, left="1")
    assert len(near.dataframe[0].value) == 1


@pytest.mark.parametrize("query", [{"scenes": "../.."}, {"scene": "../../etc"}, {"type": "<b>"}, {"left": "-1"}])
def test_what_the_url_makes_up_shows_the_first(
    place: Path, monkeypatch: pytest.MonkeyPatch, query: dict[str, str]
) -> None:
    assert len(opened("av_scenes", place, monkeypatch, **query).dataframe[0].value) >= 2


def test_a_folder_without_scenes_says_which_command_makes_some(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = opened("av_scenes", tmp_path, monkeypatch)
    assert any("scenes make" in code.value for code in page.code)


def test_files_are_made_and_can_be_downloaded(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = opened("av_scenes", place, monkeypatch, scenes=FOUND, scene="following_00001")
    page.selectbox(key="av_scenes.format").select("commonroad").run()
    page.button(key="av_scenes.write").click().run()
    assert not page.error
    assert len(page.get("download_button")) == 1
    content = scene_archive(place / FOUND, scene_format=SceneFormat.openscenario)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
    assert sum(name.endswith(".xosc") for name in names) == 2
    assert sum(name.endswith(".xodr") for name in names) == 1


def test_a_scene_with_faults_is_not_written_and_says_why(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(place, tmp_path / "copy")
    described = tmp_path / "copy" / FOUND / "following_00000" / "scene.json"
    described.write_text(described.read_text().replace('"ego": "ego"', '"ego": "ghost"'))
    page = drawn("av_scenes", tmp_path / "copy", monkeypatch, scenes=FOUND, scene="following_00000")
    page.button(key="av_scenes.write").click().run()
    assert not page.exception
    assert sum("ghost" in error.value for error in page.error) == 2  # it can neither be shown nor written
    assert not page.get("download_button")


@pytest.mark.slow
def test_scenes_are_found_in_a_run_that_recorded_them(
    safety_place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = shutil.copytree(safety_place, tmp_path / "city")
    page = opened("av_scenes", root, monkeypatch, study=SAFETY, scenario="today")
    page.number_input(key="av_scenes.count").set_value(3).run()
    page.button(key="av_scenes.find").click().run()
    assert not page.exception
    assert not page.error
    assert [entry.name for entry in Workspace(root).scenes()] == ["scenes/found"]
    assert 1 <= len(page.dataframe[0].value) <= 3
    page.button(key="av_scenes.find").click().run()
    assert any("scenes/found" in error.value.replace("\\", "") for error in page.error)  # nothing is overwritten


@pytest.mark.browser
@pytest.mark.parametrize(
    "look",
    [{"reduced_motion": "no-preference"},
     {"reduced_motion": "no-preference", "locale": "de-DE", "color_scheme": "dark"}],
    indirect=True, ids=["en", "de"],
)  # fmt: skip
def test_a_scene_moves_in_colours_of_its_own(context: BrowserContext, place: Path) -> None:
    with served(place, "--read-only") as address:
        visitor = Visitor(context, address)
        visitor.open("av_scenes", scenes=MADE, scene="lead-brake-0000")
        words = catalogue("de" if visitor.words.startswith("AV-Szenen") else "en")
        shown = visitor.ready_map()
        visitor.assert_sound()
        for kind in ("ego", "opponent", "others"):
            assert words[f"av_scenes.kind_{kind}"] in shown.inner_text()
        assert words["av_scenes.export"] in visitor.words
        assert shown.locator("select option:checked").first.inner_text().startswith("1 ")
        before = easternmost_green(visitor, shown)
        shown.get_by_role("button", name=words["map.play"]).click()
        visitor.tab.wait_for_timeout(1_200)
        assert easternmost_green(visitor, shown) > before + 10  # it drives east
        assert visitor.left_the_machine == []
        assert visitor.script_errors == []


def easternmost_green(visitor: Visitor, shown: Locator) -> int:
    """Return where the ego's colour is seen, furthest to the right [pixels]."""
    surface = visitor.pixels(shown.locator(".surface"))
    return int(np.argwhere(np.abs(surface - np.array([0, 158, 115])).max(axis=-1) < 25)[:, 1].max())
