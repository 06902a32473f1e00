"""A report is one page that runs nothing, fetches nothing, and shows whatever people call things as text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from markupsafe import Markup

from trafficdiff.export.catalogue import catalogue
from trafficdiff.export.report_content import Card, Figure, LegendEntry, Measure, Report, Section, Table
from trafficdiff.export.report_page import policy_of, render

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = "\"'><script>document.title='taken'</script><img src=https://example.org/x.png onerror=alert(1)>{{ 7*7 }}"
SMUGGLED = (
    "<script>document.title = 'taken'</script><style>body { display: none }</style>"
    "<p style='display: none' id='styled'>x</p><img src='https://example.org/x.png'>"
    "<iframe src='https://example.org/'></iframe></body>"
)


def hostile_report(language: str = "en") -> Report:
    """Return a report in which every text is an attack."""
    table = Table(caption=HOSTILE, headings=(HOSTILE, "n"), rows=((HOSTILE, "1"),), numeric=(False, True), note=HOSTILE)
    drawing = Markup('<svg viewBox="0 0 9 9" role="img"><title>{}</title></svg>').format(HOSTILE)
    section = Section(
        anchor="s1", title=HOSTILE, kicker=HOSTILE, lead=(HOSTILE,), warnings=(HOSTILE,),
        measures=(Measure(title=HOSTILE, where=HOSTILE, facts=((HOSTILE, HOSTILE),), did=(HOSTILE,)),),
        cards=(Card(label=HOSTILE, value=HOSTILE, before=HOSTILE, change=HOSTILE, interval=HOSTILE, verdict=HOSTILE),),
        cards_note=HOSTILE,
        figures=(
            Figure(title=HOSTILE, drawing=drawing, caption=HOSTILE, table=table,
                   legend=(LegendEntry(style="more0", label=HOSTILE, colour="#abc", width=2.0),)),
        ),
        tables=(table,),
    )  # fmt: skip
    return Report(
        language=language, title=HOSTILE, subtitle=HOSTILE, facts=((HOSTILE, HOSTILE),), overview=(table,),
        sections=(section,), declared=(table,), limits=(HOSTILE,), glossary=((HOSTILE, HOSTILE),), provenance=(table,),
        commands=(HOSTILE,), credits=(HOSTILE,), trust_lead=(HOSTILE,), trust_warnings=(HOSTILE,), trust=(table,),
    )  # fmt: skip


@pytest.fixture
def page() -> str:
    return render(hostile_report(), catalogue())


def test_hostile_names_are_text(page: str) -> None:
    assert "<script" not in page
    assert "<img" not in page
    assert page.count("&lt;script&gt;") > 30
    assert "{{ 7*7 }}" in page
    assert not re.search(r"<[^>]*\son\w+\s*=", page.replace("&gt;", ">").split("<body>")[0])


def test_the_policy_allows_the_one_style_sheet_and_nothing_else(page: str) -> None:
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    (style,) = re.findall(r"<style>(.*?)</style>", page, flags=re.DOTALL)
    assert policy.replace("&#39;", "'") == policy_of(style)
    assert policy.startswith("default-src &#39;none&#39;")
    assert "unsafe" not in policy
    assert " style=" not in page


def test_the_page_is_whole_html_with_landmarks_and_headed_tables(page: str) -> None:
    assert page.startswith("<!DOCTYPE html>")
    for landmark in ("header", "nav", "main", "footer"):
        assert page.count(f"<{landmark}") - page.count(f"<{landmark}er") == 1 or landmark == "header"
        assert page.count(f"</{landmark}>") == 1
    tables = re.findall(r"<table>.*?</table>", page, flags=re.DOTALL)
    assert tables
    assert all("<caption>" in table and 'scope="col"' in table and 'scope="row"' in table for table in tables)
    assert len(set(re.findall(r' id="([^"]*)"', page))) == len(re.findall(r' id="([^"]*)"', page))


def test_the_page_says_its_language() -> None:
    page = render(hostile_report("de"), catalogue("de"))
    assert '<html lang="de">' in page
    assert "Was dieser Bericht nicht sagen kann" in page


def opened(browser: Any, path: Path, text: str) -> tuple[Any, list[str], list[tuple[str, str]], list[str]]:
    """Open a page; return it, what it asked for, what of that the policy stopped, and what the browser said."""
    path.write_text(text, encoding="utf-8")
    tab = browser.new_page()
    asked: list[str] = []
    refused: list[tuple[str, str]] = []
    said: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("requestfailed", lambda request: refused.append((request.url, request.failure)))
    tab.on("console", lambda message: said.append(message.text))
    tab.on("dialog", lambda dialog: dialog.dismiss())
    tab.goto(path.as_uri())
    return tab, asked, refused, said


@pytest.mark.browser
def test_a_browser_asks_for_nothing_runs_nothing_and_complains_about_nothing(
    browser: Any, tmp_path: Path, page: str
) -> None:
    tab, asked, _, said = opened(browser, tmp_path / "report.html", page)
    assert asked == [(tmp_path / "report.html").as_uri()]
    assert said == []
    assert tab.title() != "taken"
    assert HOSTILE in tab.inner_text("h1")
    assert tab.evaluate("getComputedStyle(document.querySelector('.card')).borderTopWidth") == "4px"


@pytest.mark.browser
def test_the_policy_stops_what_somebody_adds_to_the_page(browser: Any, tmp_path: Path, page: str) -> None:
    tab, asked, refused, said = opened(browser, tmp_path / "report.html", page.replace("</body>", SMUGGLED))
    assert refused == [("https://example.org/x.png", "csp")]
    assert set(asked) - {url for url, _ in refused} == {(tmp_path / "report.html").as_uri()}
    assert any("Content Security Policy" in text for text in said)
    assert tab.title() != "taken"
    assert tab.evaluate("getComputedStyle(document.body).display") == "block"
    assert tab.evaluate("getComputedStyle(document.getElementById('styled')).display") == "block"
