"""What visitors cannot do: run a script through a name, leave the folder through the URL, read an error's insides."""

from __future__ import annotations

import contextlib
import shutil
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

from dashboards.shell.pages import page_names
from tests.dashboards.workplace import HOSTILE, STUDY

if TYPE_CHECKING:
    from pathlib import Path

    from tests.dashboards.browsing import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.sumo]


@pytest.mark.parametrize("page", page_names())
def test_names_are_shown_as_text(visitor: Visitor, page: str) -> None:
    visitor.open(page, study=STUDY, draft=f"scenarios/{HOSTILE}.yaml", run=HOSTILE, metric=HOSTILE, selected=HOSTILE)
    visitor.assert_sound()
    assert visitor.tab.title() != "taken"
    assert visitor.tab.locator('img[src="x"], [onerror]').count() == 0
    assert visitor.tab.locator('a[href^="javascript"]').count() == 0


@pytest.mark.parametrize("where", ["../../../../etc", "/etc", "studies/../../..", "..%2f..", "studies/Kaivokatu/\x00"])
def test_the_url_cannot_leave_the_folder(visitor: Visitor, where: str) -> None:
    for page, key in (("congestion", "study"), ("congestion", "run"), ("scenario", "draft"), ("run", "draft")):
        visitor.open(page, **{key: where})
        visitor.assert_sound()
        assert "root:" not in visitor.words
        assert "passwd" not in visitor.words


@pytest.mark.parametrize("path", ["/../../../../etc/passwd", "/media/%2e%2e/%2e%2e/etc/passwd", "/app/static/../../x"])
def test_no_file_is_served_but_the_dashboards_own(address: str, path: str) -> None:
    with contextlib.suppress(urllib.error.HTTPError), urllib.request.urlopen(address + path, timeout=20) as answer:
        assert b"root:" not in answer.read()
        assert answer.headers["Content-Type"].startswith("text/html")  # the page itself, whatever was asked for


def test_a_broken_study_is_told_without_paths_and_tracebacks(visitor: Visitor, workplace: Path) -> None:
    broken = shutil.copytree(workplace / STUDY, workplace / "studies" / "broken")
    try:
        (broken / "study.json").write_text('{"format": "nonsense"')
        visitor.open("congestion", study="studies/broken")
        visitor.assert_sound()
        for inside in ("Traceback", 'File "', str(workplace), "JSONDecodeError"):
            assert inside not in visitor.words
    finally:
        shutil.rmtree(broken)
