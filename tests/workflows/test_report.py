"""A report says what a study and a run found, in either language, and makes nothing of what people call things."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.workflows.studies import make_study
from trafficdiff.datatypes.scenario import Scenario
from trafficdiff.errors import InputError, IntegrityError, MissingDependencyError, OutputError
from trafficdiff.export.catalogue import catalogue
from trafficdiff.store.reading import open_run
from trafficdiff.store.stack import open_study
from trafficdiff.workflows.compare import compare
from trafficdiff.workflows.report import report

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.sumo, pytest.mark.slow]

STREET = "<script>alert('x')</script> & Söhne"
SAMPLES = 2


def scenario(net: Path, name: str, **changes: object) -> Scenario:
    content = {
        "name": name,
        "description": "<img src=x onerror=alert(1)>",
        "network": str(net),
        "window": {"begin_s": 0, "end_s": 300, "clear_s": 600},
        "demand": {"kind": "gravity", "trips": 50},
        "simulation": {"period_s": 100},
    }
    return Scenario.model_validate(content | changes)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, grid_net: Path) -> Path:
    """Two days of a grid, of the same with a street closed that has a hostile name, and of the same again."""
    folder = tmp_path_factory.mktemp("study")
    net = folder / "named.net.xml"
    text = grid_net.read_text()
    escaped = STREET.replace("&", "&amp;").replace("<", "&lt;")
    for edge in ("B1B2", "B2B1"):
        assert f'<edge id="{edge}"' in text
        text = text.replace(f'<edge id="{edge}"', f'<edge id="{edge}" name="{escaped}"')
    net.write_text(text, encoding="utf-8")
    closed = [
        {"kind": "close_road", "where": {"streets": [STREET]}, "open_to": ["bus"]},
        {"kind": "speed_limit", "where": {"edges": ["A1A2", "A2A1"]}, "speed_kmh": 20},
    ]
    scenarios = [
        scenario(net, "today"),
        scenario(net, "closed", measures=closed, window={"begin_s": 0, "end_s": 300, "clear_s": 600}),
        scenario(net, "again"),
    ]
    return make_study(folder / "study", scenarios, samples=SAMPLES)


@pytest.fixture(scope="module")
def page(study: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("report") / "new" / "report.html"
    written = report([study], output=path)
    assert written.sections == ("closed", "again")
    assert written.size_bytes == path.stat().st_size < 1_000_000
    return path.read_text(encoding="utf-8")


def seen(page: str) -> str:
    """Return what a reader sees of a page, in one line."""
    import html

    text = html.unescape(re.sub(r"<style>.*?</style>|<[^>]*>", " ", page, flags=re.DOTALL))
    return re.sub("[ \n]+", " ", text)


def test_nothing_that_people_named_becomes_markup(page: str) -> None:
    assert "<script" not in page
    assert "<img" not in page
    assert f"{STREET} (2 road sections, 0.30 km)" in seen(page) or STREET in seen(page)


def test_the_numbers_are_those_of_the_comparison(study: Path, page: str) -> None:
    words = catalogue()
    kpis = compare(study, scenario="closed").kpis.set_index("name")
    level = words.number(kpis.loc["mean_trip_time", "scenario"], 1)
    assert f"Mean trip time {level}\N{NARROW NO-BREAK SPACE}s" in seen(page)
    change = words.number(abs(kpis.loc["mean_trip_time", "difference"]), 0)
    assert change in seen(page)


def test_measures_are_said_in_plain_words_with_their_roads(page: str) -> None:
    text = seen(page)
    assert "Road closed" in text
    assert "Still open to buses" in text
    assert "New speed limit" in text
    assert "20\N{NARROW NO-BREAK SPACE}km/h" in text
    assert "close_road" not in text


def test_a_scenario_that_changes_nothing_is_said_to_be_the_same(page: str) -> None:
    again = page.split('<section id="s2"')[1].split("</section>", maxsplit=1)[0]
    assert "Exactly the same as today" in again
    assert 'class="road more' not in again
    assert 'class="road less' not in again


def test_it_says_where_it_comes_from_and_what_it_cannot_say(study: Path, page: str) -> None:
    text = seen(page)
    opened = open_study(study)
    assert opened.hash in text
    for one in opened.plan.scenario_hashes:
        assert one in text
    run = open_run(opened.run_directory("today", 0))
    assert run.run_id in text
    assert run.provenance.network_sha256 in text
    assert f"eclipse-sumo {run.provenance.versions['eclipse-sumo']}" in text
    assert "trafficdiff ensemble" in text
    assert catalogue().word("report.limit_synthetic") in text
    assert "2 simulated days are few" in text


def test_the_same_study_gives_the_same_file(study: Path, page: str, tmp_path: Path) -> None:
    report([study], output=tmp_path / "b.html")
    assert (tmp_path / "b.html").read_text(encoding="utf-8") == page


def test_runs_get_a_section_each_and_stand_side_by_side(study: Path, tmp_path: Path) -> None:
    opened = open_study(study)
    runs = [opened.run_directory("today", 0), opened.run_directory("closed", 1)]
    written = report(runs, output=tmp_path / "r.html", language="de")
    assert written.sections == ("today", "closed")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    text = seen(page)
    assert '<html lang="de">' in page
    assert "Zahlen des ganzen Gebiets" in text
    assert "Je ein Lauf: Ob ein Unterschied mehr als Zufall ist, lässt sich nicht sagen." in text
    assert "Straße gesperrt" in text
    assert "Wo es langsam ist" in text
    assert page.count('class="map"') == 2
    assert "<img" not in page
    ids = re.findall(r' id="([^"]*)"', page)
    assert len(ids) == len(set(ids))


def test_what_cannot_be_reported_is_refused_all_at_once_and_leaves_nothing(study: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    output = tmp_path / "r.html"
    with pytest.raises(InputError, match=r"(?s)empty.*none"):
        report([tmp_path / "empty", tmp_path / "none"], output=output)
    with pytest.raises(InputError, match="at least one"):
        report([], output=output)
    with pytest.raises(InputError, match="language"):
        report([study], output=output, language="tlh")
    with pytest.raises(OutputError):
        report([study], output=tmp_path / "empty")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty"]


def test_a_pdf_without_its_extra_is_refused_before_any_work(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "weasyprint", None)
    with pytest.raises(MissingDependencyError, match=r"trafficdiff\[pdf\]"):
        report([study], output=tmp_path / "r.html", pdf=tmp_path / "r.pdf")
    assert not list(tmp_path.iterdir())


def test_a_changed_run_is_refused(study: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(open_study(study).run_directory("today", 0), run)
    (run / "counts.json").write_text("{}")
    with pytest.raises(IntegrityError, match=r"counts\.json"):
        report([run], output=tmp_path / "r.html")
    assert not (tmp_path / "r.html").exists()
