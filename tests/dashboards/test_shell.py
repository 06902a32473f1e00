"""What the pages share: one catalogue of words, a view that is never trusted, names that stay text, pages found."""

from __future__ import annotations

import ast
import re
import string
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from dashboards.shell import pages, view, visitors, words
from dashboards.shell.logo import mark, wordmark
from dashboards.shell.names import plain, printable
from dashboards.shell.pages import Page
from dashboards.shell.state import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(words.__file__).resolve().parent.parent
APP = ROOT / "shell" / "app.py"
CODE = sorted(path for path in ROOT.rglob("*.py"))
SCRIPT = "<script>alert(1)</script>![x](https://evil.example/x.png)[y](javascript:alert(1))"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """Return a function that runs the app as if it had been started with some words and opened with some query."""

    def start(*arguments: str, **query: str) -> AppTest:
        monkeypatch.setattr(sys, "argv", ["app.py", *arguments])
        test = AppTest.from_file(str(APP), default_timeout=60)
        for key, value in query.items():
            test.query_params[key] = value
        return test.run()

    return start


@pytest.fixture
def query(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return a query that `view` reads and writes, outside of any app."""
    found: dict[str, str] = {}
    monkeypatch.setattr(view.st, "query_params", found)
    monkeypatch.setattr(view.st, "session_state", {})
    return found


def titles(test: AppTest) -> list[str]:
    assert not test.exception
    return [title.value for title in test.title]


# ---------------------------------------------------------------- words


def places_in(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("code", words.LANGUAGES)
def test_every_language_has_the_same_texts_with_the_same_places(code: str) -> None:
    first, other = words.catalogue("en"), words.catalogue(code)
    assert set(first) == set(other)
    assert {key for key in first if places_in(first[key]) != places_in(other[key])} == set()
    assert not [key for key, text in other.items() if not text.strip()]


def test_the_second_language_is_another_one() -> None:
    english, german = words.catalogue("en"), words.catalogue("de")
    same = {key for key in english if english[key] == german[key] and " " in english[key].strip()}
    assert len(same) < 0.05 * len(english), sorted(same)
    assert not [key for key, text in german.items() if re.search(r"\b(fuer|ueber|koennen|Strasse|groesser)\b", text)]


def calls_of(path: Path) -> Iterator[tuple[str, set[str]]]:
    """Yield the key of each word that a file asks for by a constant, and the values that it gives."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.Call)
            and getattr(node.func, "id", getattr(node.func, "attr", "")) in {"word", "plain_word", "missing"}
            and node.args
            and isinstance(node.args[0], ast.Constant)
            and not any(keyword.arg is None for keyword in node.keywords)
        ):
            yield node.args[0].value, {keyword.arg for keyword in node.keywords if keyword.arg} - {"command"}


@pytest.mark.parametrize("path", CODE, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_word_that_the_code_asks_for_is_in_the_catalogue_with_its_values(path: Path) -> None:
    catalogue = words.catalogue("en")
    for key, given_values in calls_of(path):
        assert key in catalogue, f"{path.name} asks for {key}"
        assert places_in(catalogue[key]) <= given_values, f"{path.name}: {key} misses a value"


def test_a_value_is_shown_as_it_is() -> None:
    shown = words.word("start.unreadable", name=SCRIPT)
    assert not re.search(r"(?<!\\)[<\[]", shown.replace(words.catalogue("en")["start.unreadable"], ""))
    assert "<script>" in words.plain_word("start.unreadable", name=SCRIPT)


def test_a_text_that_is_nowhere_is_a_fault_of_the_program() -> None:
    assert not words.has_word("start.no_such_text")
    with pytest.raises(KeyError, match="add it"):
        words.word("start.no_such_text")


# ---------------------------------------------------------------- names


@given(st.text(max_size=300))
def test_no_mark_of_a_name_is_left_to_markdown(name: str) -> None:
    shown = plain(name)
    bare = re.sub(r"\\.", "", shown)
    assert not re.search(r"[\\`*_{}\[\]<>()#+!|~$:&@=^\"'/-]", bare)
    assert shown.isprintable()


@given(st.text(max_size=300))
def test_a_printable_name_is_one_short_line(name: str) -> None:
    shown = printable(name, longest=40)
    assert len(shown) <= 40
    assert shown.isprintable() or not shown


def test_marks_that_turn_the_direction_of_writing_are_taken_away() -> None:
    assert printable("a\u202egnp.exe") == "a gnp.exe"


# ---------------------------------------------------------------- the view


def test_what_is_put_is_what_is_got(query: dict[str, str]) -> None:
    view.put(study="studies/a b", interval=3, selected=("e1", "e2"), map=(24.941234567, 60.17, 14.0))
    assert query == {"study": "studies/a b", "interval": "3", "selected": "e1,e2", "map": "24.94123,60.17000,14.00"}
    assert view.get("study") == "studies/a b"
    assert view.number("interval", least=0, most=5) == 3
    assert view.selected() == ("e1", "e2")
    assert view.map_position() == (24.94123, 60.17, 14.0)
    view.put(study=None, interval=None)
    assert set(query) == {"selected", "map"}


def test_what_is_not_allowed_is_not_got(query: dict[str, str]) -> None:
    query["metric"] = "<b>"
    assert view.get("metric", "delay", allowed=("delay", "speed")) == "delay"
    query["metric"] = "a\0b"
    assert view.get("metric", "delay") == "delay"
    query["metric"] = "x" * 3_000
    assert view.get("metric", "delay") == "delay"


@pytest.mark.parametrize("text", ["-1", "6", "1e3", "\u0663", "99999999999", "nan", " 1", "1 "])
def test_a_number_that_is_none_or_outside_is_not_got(query: dict[str, str], text: str) -> None:
    query["interval"] = text
    assert view.number("interval", 2, least=0, most=5) == 2


@pytest.mark.parametrize("text", ["nan,1,2", "1,2", "181,0,3", "0,-91,3", "0,0,25", "inf,0,1", "a,b,c", "1,2,3,4"])
def test_a_place_that_is_none_is_not_got(query: dict[str, str], text: str) -> None:
    query["map"] = text
    assert view.map_position() is None


def test_a_selection_is_capped_and_each_edge_counts_once(query: dict[str, str]) -> None:
    query["selected"] = ",".join(["a", "a", "", *(str(n) for n in range(200))])
    assert view.selected()[:3] == ("a", "0", "1")
    assert len(view.selected()) == 60


def test_a_key_that_nobody_knows_is_a_fault_of_the_program(query: dict[str, str]) -> None:
    with pytest.raises(KeyError):
        view.put(password="x")
    with pytest.raises(KeyError):
        view.get("password")


def test_another_page_keeps_what_is_looked_at_and_the_url_wins(query: dict[str, str]) -> None:
    view.keep("start")
    view.put(study="a", lang="de")
    query.clear()  # as Streamlit does when another page is chosen
    query["lang"] = "en"
    view.keep("model")
    assert query == {"study": "a", "lang": "en"}
    del query["study"]  # by hand, on the same page
    view.keep("model")
    assert query == {"lang": "en"}


def test_a_link_holds_the_view_with_changes(query: dict[str, str]) -> None:
    query.update({"study": "a", "run": "b", "unknown": "c"})
    assert view.link(run=None, scenario="d") == {"study": "a", "scenario": "d"}


@given(st.text(max_size=80))
def test_nothing_in_a_url_makes_the_view_fail(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(view.st, "query_params", dict.fromkeys(view.KEYS, text))
        patch.setattr(view.st, "session_state", {})
        view.keep("start")
        view.map_position()
        view.selected()
        view.number("interval", least=0, most=9)
        assert view.get("study").isprintable()


# ---------------------------------------------------------------- pages, settings, visitors


def test_every_file_of_pages_is_a_page() -> None:
    files = {path.stem for path in (ROOT / "pages").glob("[!_]*.py")}
    assert set(pages.page_names()) == files
    assert pages.page_names()[0] == "start"
    assert all(words.has_word(f"{name}.title") for name in files)


def test_the_order_of_a_page_says_its_section() -> None:
    assert [Page(order=order, icon="").section for order in (0, 10, 29, 30, 79, 80, 99)] == [
        "start", "plan", "plan", "findings", "findings", "background", "background",
    ]  # fmt: skip


def html_calls(path: Path) -> Iterator[ast.expr]:
    """Yield what a file hands to the browser as HTML."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "html":
            yield node.args[0]


@pytest.mark.parametrize("path", CODE, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_html_is_a_constant_or_escaped_part_by_part(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "unsafe_allow" not in text
    built = [part for part in html_calls(path) if not isinstance(part, ast.Constant | ast.Name)]
    assert not built or "html.escape(" in text


def test_settings_are_those_of_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(
        sys, "argv",
        ["app.py", "--folder", str(tmp_path), "--max-jobs", "4", "--language", "de", "--read-only", "--login",
         "--allow", "@a.example", "--allow", "b@c.d"],
    )  # fmt: skip
    found = settings()
    assert (found.folder, found.max_jobs, found.language) == (tmp_path, 4, "de")
    assert (found.read_only, found.login) == (True, True)
    assert found.allow == ("@a.example", "b@c.d")


@pytest.mark.parametrize(
    ("address", "allow", "comes_in"),
    [
        ("ann@city.example", (), True),
        ("Ann@City.example", ("ann@city.example",), True),
        ("ann@city.example", ("@city.example",), True),
        ("ann@evil.example", ("@city.example",), False),
        ("ann@notcity.example", ("@city.example",), False),
        ("ann@city.example.evil.example", ("@city.example",), False),
        ("@city.example", ("@city.example",), False),
        ("", ("@city.example",), False),
        ("city.example", ("@city.example",), False),
    ],
)
def test_only_invited_people_come_in(address: str, allow: tuple[str, ...], comes_in: bool) -> None:
    assert visitors.is_allowed(address, allow) is comes_in


@pytest.mark.parametrize("svg", [mark(), wordmark("light"), wordmark("dark"), wordmark("odd")])
def test_the_mark_is_a_picture_that_fetches_nothing(svg: str) -> None:
    root = ET.fromstring(svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert not any("href" in name or "url(" in value for one in root.iter() for name, value in one.attrib.items())


# ---------------------------------------------------------------- the app


def test_an_empty_folder_offers_the_example(started: Callable[..., AppTest], tmp_path: Path) -> None:
    test = started("--folder", str(tmp_path))
    assert titles(test) == [words.catalogue("en")["start.heading"]]
    assert words.catalogue("en")["start.make_example"] in [button.label for button in test.button]
    assert not list(tmp_path.iterdir())


def test_a_read_only_dashboard_starts_nothing(started: Callable[..., AppTest], tmp_path: Path) -> None:
    test = started("--folder", str(tmp_path), "--read-only")
    assert titles(test)
    assert not test.button
    assert any(code.value.startswith("trafficdiff ensemble") for code in test.code)


def test_the_language_is_that_of_the_url_then_that_of_the_start(
    started: Callable[..., AppTest], tmp_path: Path
) -> None:
    german, english = (words.catalogue(code)["start.heading"] for code in ("de", "en"))
    assert titles(started("--folder", str(tmp_path), "--language", "de")) == [german]
    assert titles(started("--folder", str(tmp_path), "--language", "de", lang="en")) == [english]
    assert titles(started("--folder", str(tmp_path), lang="klingon")) == [english]


def test_a_name_with_a_script_is_shown_and_nothing_else(started: Callable[..., AppTest], tmp_path: Path) -> None:
    (tmp_path / "![x](a).yaml").write_text("name: '<script>alert(1)</script>'\nnetwork: helsinki\n", encoding="utf-8")
    test = started("--folder", str(tmp_path), draft="![x](a).yaml", study=SCRIPT)
    assert titles(test)
    for element in (*test.markdown, *test.caption, *test.warning):
        bare = re.sub(r"\\.", "", element.value)
        assert "![" not in bare
        assert "<script" not in bare


def test_a_damaged_study_is_said_and_takes_nothing_else_away(started: Callable[..., AppTest], tmp_path: Path) -> None:
    (tmp_path / "studies" / "bad").mkdir(parents=True)
    (tmp_path / "studies" / "bad" / "study.json").write_text("{")
    test = started("--folder", str(tmp_path))
    assert titles(test)
    assert len(test.warning) == 1


def test_who_must_sign_in_sees_nothing_before(started: Callable[..., AppTest], tmp_path: Path) -> None:
    (tmp_path / "secret plan.yaml").write_text("name: secret plan\nnetwork: helsinki\n")
    test = started("--folder", str(tmp_path), "--login")
    assert titles(test) == ["trafficdiff"]
    assert [button.label for button in test.button] == [words.catalogue("en")["shell.sign_in"]]
    assert not test.dataframe


def test_the_page_of_the_model_shows_every_figure_of_the_scorecards() -> None:
    from dashboards.shell import names
    from trafficdiff.export.catalogue import catalogue
    from trafficdiff.workflows.scorecard_words import cells_of
    from trafficdiff.workflows.scorecards import scorecards

    def draw() -> None:
        from dashboards.pages.model import show

        show()

    test = AppTest.from_function(draw, default_timeout=60).run()
    assert titles(test) == [words.catalogue("en")["model.heading"]]
    tables = "".join(element.value for element in test.markdown if " | :--" in element.value)
    for found in scorecards():
        if found.card is None:
            command = next(one.value for one in test.code if f"{found.subject}.scorecard.json" in one.value)
            assert command
        for row in found.card.rows if found.card else ():
            (figure,) = cells_of(row, ("figure",), catalogue())
            assert f"**{names.plain(figure.text)}**" in tables.replace("\N{NARROW NO-BREAK SPACE}", " "), row.key


def test_the_pages_do_not_load_torch() -> None:
    import subprocess

    question = (
        "import sys; sys.path.insert(0, sys.argv[1]); import dashboards.pages.model as m, dashboards.pages.start; "
        "m.shipped_model(); m.goal_cards; sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", question, str(ROOT.parent)], check=True, timeout=60)
