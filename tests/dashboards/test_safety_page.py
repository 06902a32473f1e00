"""The page Safety counts what the runs counted, is grey where a change may be chance, and says how to record tracks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from dashboards.shell.words import catalogue
from tests.dashboards.browsing import Visitor
from tests.dashboards.conftest import served
from tests.dashboards.seen import again_cpu_s, opened, texts
from tests.dashboards.workplace import SAFETY, STUDY
from trafficdiff.workflows.safety import open_safety

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from playwright.sync_api import BrowserContext

pytestmark = [pytest.mark.sumo, pytest.mark.slow]

WORDS = catalogue("en")


def days_of(folder: Path, scenario: str) -> list[pd.DataFrame]:
    return [open_safety(folder / SAFETY / "runs" / scenario / f"{sample:04d}").events for sample in range(3)]


def test_near_misses_are_those_of_the_runs(safety_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = opened("safety", safety_place, monkeypatch, study=SAFETY, base="today", scenario="slower", metric="rate")
    counted = sum(int(day["near_miss"].sum()) for day in days_of(safety_place, "slower")) / 3
    spots, types, moments = (frame.value for frame in page.dataframe)
    assert counted > 1
    assert spots["a_day"].sum() == pytest.approx(counted, abs=0.05 * len(spots) + 0.01)
    assert set(types["type"]) <= {WORDS[f"safety.type_{name}"] for name in days_of_types()}
    assert 1 <= len(moments) <= 10
    assert texts(page).count('role="listitem"') == 5
    assert again_cpu_s(page) < 0.25


def days_of_types() -> list[str]:
    from trafficdiff.metrics.safety_types import CONFLICT_TYPES

    return list(CONFLICT_TYPES)


def test_a_change_that_may_be_chance_has_no_number(safety_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = opened("safety", safety_place, monkeypatch, study=SAFETY, base="today", scenario="slower", metric="change")
    spots = page.dataframe[0].value
    said = next(caption.value for caption in page.caption if "change by more than chance" in caption.value)
    told, every = map(int, re.findall(r"(\d+) of (\d+)", said)[0])
    assert (spots["change"] != WORDS["safety.chance_short"]).sum() == min(told, len(spots))
    assert every >= len(spots) > 0


def test_runs_without_fine_tracks_say_which_command_makes_some(
    workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = opened("safety", workplace, monkeypatch, study=STUDY)
    assert any("safety.yaml" in code.value for code in page.code)


@pytest.mark.browser
@pytest.mark.parametrize("look", [{}, {"locale": "de-DE", "color_scheme": "dark"}], indirect=True, ids=["en", "de"])
def test_hot_spots_are_on_the_map_and_say_how_often(context: BrowserContext, safety_place: Path) -> None:
    with served(safety_place, "--read-only") as address:
        visitor = Visitor(context, address)
        visitor.open("safety", study=SAFETY, base="today", scenario="slower", metric="rate")
        drawn = visitor.ready_map()
        visitor.assert_sound()
        words = catalogue("de" if visitor.words.startswith("Sicherheit") else "en")
        for key in ("where", "types", "moments", "limits"):
            assert words[f"safety.{key}"] in visitor.words
        assert words["safety.legend_rate"] in drawn.inner_text()
        assert "\\" not in visitor.words
        visitor.open("safety", study=SAFETY, base="today", scenario="slower", metric="change")
        assert words["map.no_chance"] in visitor.ready_map().inner_text()
        assert visitor.left_the_machine == []
        assert visitor.script_errors == []
