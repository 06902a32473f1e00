"""What a map of changes shows: colour where a change is beyond chance, and none where nothing differs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from dashboards.shell.words import catalogue
from tests.dashboards.workplace import STUDY

if TYPE_CHECKING:
    from pathlib import Path

    from tests.dashboards.browsing import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.sumo]

WORDS = catalogue("en")


def coloured(visitor: Visitor) -> int:
    """Return how many pixels of the map have a colour of a change: strong purple or strong orange."""
    drawn = visitor.ready_map()
    drawn.evaluate("one => one.querySelectorAll('.card, .tip').forEach(card => { card.style.display = 'none' })")
    visitor.tab.wait_for_timeout(500)
    red, green, blue = np.moveaxis(visitor.pixels(drawn.locator(".surface")), -1, 0)
    orange = (red - blue > 70) & (red - green > 25) & (red < 245)
    purple = (blue - green > 50) & (red - green > 10)
    return int((orange | purple).sum())


def verdicts(visitor: Visitor) -> list[str]:
    """Return the texts of the table beside the map."""
    table = visitor.tab.get_by_test_id("stDataFrame").first
    table.scroll_into_view_if_needed()
    table.locator("td").first.wait_for(state="attached")
    return table.locator("td").all_text_contents()


def test_a_closed_street_has_colour_and_a_word_for_it(visitor: Visitor) -> None:
    visitor.open("congestion", study=STUDY, base="base", scenario="Kaivokatu closed", metric="change_flow")
    assert visitor.ready_map().locator(".ramp").count() == 1
    assert coloured(visitor) > 100
    assert {WORDS["congestion.more"], WORDS["congestion.less"]} & set(verdicts(visitor))


def test_a_measure_that_changes_nothing_leaves_the_map_grey_and_the_table_says_chance(visitor: Visitor) -> None:
    visitor.open("congestion", study=STUDY, base="base", scenario="limit as it is", metric="change_flow")
    assert visitor.ready_map().locator(".ramp").count() == 0  # no scale where nothing is coloured
    assert coloured(visitor) == 0
    said = verdicts(visitor)
    assert not {WORDS["congestion.more"], WORDS["congestion.less"]} & set(said)
    visitor.assert_sound()


def test_vehicles_move_on_the_map_where_the_runs_kept_their_ways(visitor: Visitor) -> None:
    visitor.open("congestion", study=STUDY, base="base", scenario="Kaivokatu closed", metric="delay")
    drawn = visitor.ready_map()
    assert WORDS["map.vehicles"] not in drawn.locator(".legend").inner_text()
    visitor.tab.get_by_text(WORDS["congestion.vehicles"], exact=True).click()
    visitor.wait_for_view("vehicles")
    drawn = visitor.ready_map()
    assert WORDS["map.vehicles"] in drawn.locator(".legend").inner_text()
    runs = len(visitor.asked)
    drawn.locator("input[type=range]").fill("25800")
    visitor.tab.wait_for_timeout(600)
    first = visitor.pixels(drawn.locator(".surface"))
    drawn.locator("input[type=range]").fill("25830")
    visitor.tab.wait_for_timeout(600)
    assert (visitor.pixels(drawn.locator(".surface")) != first).any(axis=2).sum() > 30
    assert len(visitor.asked) == runs
    visitor.assert_sound()


def test_the_view_is_in_the_url_and_a_reload_keeps_it(visitor: Visitor) -> None:
    visitor.open("congestion", study=STUDY, base="base", scenario="Kaivokatu closed", metric="change_flow")
    drawn = visitor.ready_map()
    surface = drawn.locator(".surface")
    box = surface.bounding_box()
    assert box is not None
    visitor.tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    visitor.tab.mouse.wheel(0, -600)
    visitor.tab.wait_for_function("location.search.includes('map=')")
    visitor.settle()
    seen = visitor.view
    visitor.tab.reload()
    visitor.settle()
    visitor.ready_map()
    assert visitor.view == seen
    zoom = float(seen["map"].split(",")[2])
    assert zoom > 10


def test_the_language_switch_changes_every_word_and_keeps_the_view(visitor: Visitor) -> None:
    visitor.open("compare", study=STUDY, base="base", scenario="Kaivokatu closed")
    visitor.tab.get_by_test_id("stSidebar").get_by_text("Deutsch").click()
    visitor.tab.get_by_role("heading", name=catalogue("de")["compare.title"], exact=True).wait_for()
    visitor.settle()
    visitor.assert_sound()
    assert visitor.view["lang"] == "de"
    assert visitor.view["scenario"] == "Kaivokatu closed"


def test_the_report_opens_without_a_request_and_without_a_script(
    visitor: Visitor, workplace: Path, tmp_path: Path
) -> None:
    from tests.commands import trafficdiff

    report = tmp_path / "report.html"
    made = trafficdiff("report", workplace / STUDY, "-o", report)
    assert made.returncode == 0, made.stderr
    visitor.asked.clear()
    visitor.tab.goto(report.as_uri())
    assert visitor.asked == [report.as_uri()]
    assert visitor.tab.locator("script").count() == 0
    assert visitor.tab.locator("svg").count() > 0
    policy = visitor.tab.locator('meta[http-equiv="Content-Security-Policy"]').get_attribute("content")
    assert policy is not None
    assert "default-src 'none'" in policy
    assert "Kaivokatu" in visitor.tab.locator("body").inner_text()
