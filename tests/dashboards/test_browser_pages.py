"""Every page renders in a real browser, in both languages and both themes, and nothing leaves the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dashboards.shell.pages import page_names
from dashboards.shell.words import catalogue
from tests.dashboards.browsing import Visitor
from tests.dashboards.conftest import served
from tests.dashboards.workplace import STUDY

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import BrowserContext

pytestmark = [pytest.mark.browser, pytest.mark.sumo]

WITH_MAP = {"congestion", "compare"}


@pytest.mark.parametrize("page", page_names())
def test_every_page_shows_content(visitor: Visitor, page: str) -> None:
    visitor.open(page, study=STUDY, base="base", scenario="Kaivokatu closed")
    visitor.assert_sound()
    if page in WITH_MAP:
        shown = visitor.pixels(visitor.ready_map().locator(".surface"))
        assert len({tuple(pixel) for pixel in shown.reshape(-1, 3)[::7].tolist()}) > 20
    assert catalogue("en")[f"{page}.title"] in visitor.tab.title()


@pytest.mark.parametrize("page", page_names())
@pytest.mark.parametrize("look", [{"color_scheme": "dark", "locale": "de-DE"}], indirect=True, ids=["dark-german"])
def test_every_page_shows_content_in_the_dark_and_in_german(visitor: Visitor, page: str) -> None:
    visitor.open(page, study=STUDY, base="base", scenario="Kaivokatu closed")
    visitor.assert_sound()
    assert catalogue("de")[f"{page}.title"] in visitor.tab.title()
    ground = visitor.tab.evaluate(
        "getComputedStyle(document.querySelector('[data-testid=\"stApp\"]')).backgroundColor.match(/[0-9.]+/g)"
    )
    assert sum(map(float, ground[:3])) < 200, ground
    if page in WITH_MAP:
        assert visitor.pixels(visitor.ready_map().locator(".surface")).mean() < 110


def test_the_first_page_answers_to_its_name_too(visitor: Visitor) -> None:
    visitor.tab.goto(f"{visitor.address}/{page_names()[0]}?study={STUDY}")
    visitor.tab.wait_for_function("() => location.pathname === '/'")
    visitor.settle()
    visitor.assert_sound()
    assert visitor.view["study"] == STUDY


def test_a_folder_with_nothing_in_it_is_told_how_to_begin(context: BrowserContext, tmp_path: Path) -> None:
    (tmp_path / "city").mkdir()
    with served(tmp_path / "city", "--read-only") as address:
        visitor = Visitor(context, address)
        for page in page_names():
            visitor.open(page)
            visitor.assert_sound()
        assert visitor.left_the_machine == []
