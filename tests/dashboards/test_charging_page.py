"""The page Charging counts every driver once, follows one station, and says which command makes what is missing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from dashboards.shell.words import catalogue
from tests.dashboards.browsing import Visitor
from tests.dashboards.conftest import served
from tests.dashboards.seen import again_cpu_s, opened, texts
from tests.dashboards.workplace import CHARGING, STUDY

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import BrowserContext

pytestmark = [pytest.mark.sumo, pytest.mark.slow]

WORDS = catalogue("en")


def test_every_driver_who_wanted_to_charge_is_counted_once(
    charging_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = opened("charging", charging_place, monkeypatch, study=CHARGING, base="electric", scenario="one more site")
    said = next(caption.value for caption in page.caption if "wanted to charge" in caption.value)
    wanted, charged, waiting, gave_up, empty = map(float, re.findall(r"\d+\.\d+", said.replace("\\", "")))
    assert wanted == pytest.approx(charged + waiting + gave_up + empty, abs=0.25)  # each is rounded to a tenth
    assert wanted > 10
    drivers = page.dataframe[1].value
    assert drivers["cars"].sum() == pytest.approx(wanted, abs=0.25)
    assert texts(page).count('role="listitem"') == 7


def test_a_site_that_was_built_is_in_the_table_of_its_scenario_only(
    charging_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    after = opened("charging", charging_place, monkeypatch, study=CHARGING, base="electric", scenario="one more site")
    before = opened("charging", charging_place, monkeypatch, study=CHARGING, base="one more site", scenario="electric")
    assert len(after.dataframe[0].value) == len(before.dataframe[0].value) + 1 == 3


def test_each_number_can_be_shown_and_one_station_followed(
    charging_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = opened("charging", charging_place, monkeypatch, study=CHARGING, station="station:kluuvi", metric="mean_wait")
    assert page.selectbox[3].value == "mean_wait"
    assert page.selectbox[4].value == "station:kluuvi"
    page.query_params["station"] = "station:../../etc"
    page.run()
    assert page.selectbox[4].value == "all"
    assert again_cpu_s(page) < 0.25


def test_runs_without_charging_say_which_command_makes_some(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = opened("charging", workplace, monkeypatch, study=STUDY)
    assert any("ev_morning.yaml" in code.value for code in page.code)


def place_of(folder: Path, station: str) -> tuple[float, float]:
    """Return longitude and latitude of a station, which stands at a road."""
    import xarray as xr

    run = folder / CHARGING / "runs" / "one_more_site" / "0000"
    with xr.open_dataset(run / "charging" / "stations.nc", engine="h5netcdf") as data:
        found = data.sel(station=station)
        return float(found["station_longitude"]), float(found["station_latitude"])


@pytest.mark.browser
def test_a_station_that_is_clicked_on_the_map_is_followed_until_another_place_is(
    context: BrowserContext, charging_place: Path
) -> None:
    with served(charging_place, "--read-only") as address:
        visitor = Visitor(context, address)
        lon, lat = place_of(charging_place, "kamppi")
        view = {"base": "electric", "scenario": "one more site", "map": f"{lon:.6f},{lat:.6f},17"}
        visitor.open("charging", study=CHARGING, **view)
        box = visitor.ready_map().locator(".surface").bounding_box()
        assert box is not None
        middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        visitor.tab.mouse.click(*middle)
        visitor.tab.wait_for_url(re.compile(r"station=station(:|%3A)kamppi"))
        visitor.assert_sound()
        assert visitor.tab.get_by_text("kamppi").count() >= 1
        visitor.tab.mouse.click(middle[0] + 120, middle[1] + 90)
        visitor.tab.wait_for_url(lambda url: "station=" not in url)
        assert visitor.script_errors == []


@pytest.mark.browser
@pytest.mark.parametrize("look", [{}, {"locale": "de-DE", "color_scheme": "dark"}], indirect=True, ids=["en", "de"])
def test_stations_are_on_the_map_and_say_how_they_do(context: BrowserContext, charging_place: Path) -> None:
    with served(charging_place, "--read-only") as address:
        visitor = Visitor(context, address)
        lon, lat = place_of(charging_place, "kamppi")
        view = {"base": "electric", "scenario": "one more site", "map": f"{lon:.6f},{lat:.6f},17"}
        visitor.open("charging", study=CHARGING, **view)
        drawn = visitor.ready_map()
        visitor.assert_sound()
        german = visitor.words.startswith("Laden")
        box = drawn.locator(".surface").bounding_box()
        assert box is not None
        visitor.tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        tip = drawn.locator(".tip")
        tip.wait_for()
        assert "kamppi" in tip.inner_text()
        assert "400 kW" in tip.inner_text()
        assert "%" in tip.inner_text()
        said = visitor.tab.get_by_test_id("stDataFrame").first.locator("td").all_text_contents()
        assert all(len(cell) < 6 for cell in said if re.fullmatch(r"[\d.]+", cell)), said  # what a screen reader says
        assert re.search(
            r"\d,\d (Elektroautos|bekamen)" if german else r"\d\.\d (electric cars|got a plug)", visitor.words
        )
        assert visitor.left_the_machine == []
        assert visitor.script_errors == []
