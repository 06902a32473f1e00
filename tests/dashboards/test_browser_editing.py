"""A planner draws on the map: a road is clicked and closed, the file says so, and a reload loses nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.dashboards.browsing import PATIENCE_MS, Visitor

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator

pytestmark = [pytest.mark.browser, pytest.mark.sumo]


def begun(visitor: Visitor) -> Locator:
    """Open the base as a draft and return its map."""
    visitor.open("scenario", draft="scenarios/base.yaml")
    visitor.tab.get_by_role("button", name="Undo").wait_for()
    visitor.settle()
    return visitor.ready_map()


def click_a_road(visitor: Visitor, drawn: Locator) -> str:
    """Click where a street is until one is selected; return its id as the URL has it."""
    surface = drawn.locator(".surface")
    box = surface.bounding_box()
    assert box is not None
    for share in (0.5, 0.42, 0.58, 0.35, 0.65):
        for step in range(12):
            place = {"x": box["width"] * (0.3 + 0.03 * step), "y": box["height"] * share}
            surface.hover(position=place)
            if not drawn.locator(".tip").is_visible():
                continue
            surface.click(position=place)
            visitor.wait_for_view("selected")
            return visitor.view["selected"]
    pytest.fail("no street under 60 places of the map")


def file_text(visitor: Visitor) -> str:
    return visitor.tab.get_by_role("textbox", name="The scenario file").input_value()


def test_a_road_is_clicked_closed_undone_saved_and_still_there_after_a_reload(
    visitor: Visitor, workplace: Path
) -> None:
    drawn = begun(visitor)
    before = file_text(visitor)
    edge = click_a_road(visitor, drawn)
    assert "1 roads selected" in visitor.words or "1 road" in visitor.words
    visitor.tab.get_by_text("Close to traffic", exact=True).first.click()
    visitor.settle()
    visitor.tab.get_by_role("button", name="Add to the scenario").click()
    visitor.settle()
    closed = file_text(visitor)
    assert "close_road" in closed
    assert edge in closed

    visitor.tab.get_by_role("button", name="Undo").click()
    visitor.settle()
    assert file_text(visitor) == before
    visitor.tab.get_by_role("button", name="Redo").click()
    visitor.settle()
    assert file_text(visitor) == closed

    visitor.tab.reload()
    visitor.settle()
    assert file_text(visitor) == closed
    visitor.ready_map()

    visitor.tab.get_by_role("button", name="Save", exact=True).click()
    visitor.tab.get_by_role("textbox", name="File name").fill("clicked.yaml")
    visitor.tab.keyboard.press("Tab")
    visitor.settle()
    visitor.tab.get_by_test_id("stPopoverBody").get_by_role("button", name="Save").click()
    from playwright.sync_api import expect

    expect(visitor.tab.get_by_test_id("stMain").get_by_role("button", name="Save", exact=True)).to_be_disabled(
        timeout=PATIENCE_MS
    )  # what says that it was saved, is gone after some seconds
    assert (workplace / "scenarios" / "clicked.yaml").read_text() == closed


def test_faults_are_told_while_the_file_is_written(visitor: Visitor) -> None:
    begun(visitor)
    text = visitor.tab.get_by_role("textbox", name="The scenario file")
    text.fill(file_text(visitor) + "\nsped: fast\n")
    text.press("Control+Enter")
    visitor.tab.get_by_role("alert").filter(has_text="sped").first.wait_for()
    visitor.assert_sound()


def test_the_keyboard_reaches_the_map_and_the_buttons(visitor: Visitor) -> None:
    begun(visitor)
    reached = set()
    visitor.tab.locator('[data-testid="stMain"]').focus()
    for _ in range(60):
        visitor.tab.keyboard.press("Tab")
        reached.add(
            visitor.tab.evaluate(
                """() => {
                  let one = document.activeElement;
                  while (one?.shadowRoot?.activeElement) one = one.shadowRoot.activeElement;
                  return one?.classList.contains('surface') ? 'the map'
                    : (one?.getAttribute('aria-label') || one?.title || one?.innerText || one?.tagName || '').trim();
                }"""
            )
        )
    assert "the map" in reached, reached
    assert any("Download" in one for one in reached), reached
    assert any("Close to traffic" in one for one in reached), reached


def test_a_file_above_the_cap_is_refused_with_a_message(visitor: Visitor, tmp_path: Path, workplace: Path) -> None:
    (large := tmp_path / "large.yaml").write_text("# nothing\n" * 150_000)
    there = sorted(path.name for path in (workplace / "scenarios").iterdir())
    visitor.open("scenario")
    visitor.tab.locator('input[type="file"]').set_input_files(large)
    visitor.tab.get_by_text("large.yaml").first.hover()
    visitor.tab.get_by_text(re.compile(r"^File must be 1(\.0)?\s?MB or smaller")).last.wait_for(timeout=PATIENCE_MS)
    assert sorted(path.name for path in (workplace / "scenarios").iterdir()) == there
    assert "draft" not in visitor.view
