"""The page Model in a browser: scorecards as a planner reads them, and a place that is far from the training places."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.commands import trafficdiff
from tests.dashboards.browsing import Visitor
from tests.dashboards.conftest import served
from tests.towns import write_grid_net
from trafficdiff.export.catalogue import catalogue
from trafficdiff.workflows.scorecards import scorecards

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import BrowserContext

pytestmark = [pytest.mark.browser, pytest.mark.sumo, pytest.mark.slow]

_STRANGE = """\
name: strange
network: {net}
window: {{ begin_s: 0, end_s: 300, clear_s: 1800 }}
demand: {{ kind: model, trips: 20 }}
simulation: {{ emissions: false }}
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard of a run on a net with blocks of three kilometres."""
    folder = tmp_path_factory.mktemp("strange")
    net = write_grid_net(folder, length_m=3_000.0)
    (folder / "strange.yaml").write_text(_STRANGE.format(net=net))
    (folder / "runs").mkdir()
    done = trafficdiff("run", folder / "strange.yaml", "-o", folder / "runs" / "strange", "--json")
    assert done.returncode == 0, done.stderr
    assert "far outside what the demand model learned from" in done.stderr
    with served(folder) as found:
        yield found


@pytest.fixture
def visitor(context: BrowserContext, address: str) -> Iterator[Visitor]:
    found = Visitor(context, address)
    yield found
    assert found.left_the_machine == []
    assert found.script_errors == []


def test_every_scorecard_is_shown_with_its_goals_or_with_the_command_that_makes_it(visitor: Visitor) -> None:
    visitor.open("model")
    visitor.assert_sound()
    words = catalogue("en")
    for found in scorecards():
        assert words.word(f"scorecard.subject_{found.subject}") in visitor.words
        if found.card is not None:
            met, count = found.card.goals
            assert f"{met} of {count} goals met" in visitor.words
            assert found.card.made_with[0].split()[0] in visitor.words
    tables = visitor.tab.locator("table")
    assert "0.642" in tables.first.inner_text()
    assert re.search(r"missed", tables.first.inner_text())


@pytest.mark.parametrize(
    "look",
    [{"color_scheme": "light", "locale": "en-GB"}, {"color_scheme": "dark", "locale": "de-DE"}],
    indirect=True, ids=["light-english", "dark-german"],
)  # fmt: skip
def test_a_place_far_from_the_training_places_says_why(visitor: Visitor, look: dict[str, str]) -> None:
    words = catalogue(look["locale"][:2])
    visitor.open("model", run="runs/strange")
    visitor.tab.get_by_role("tab").nth(1).click()
    visitor.settle()
    visitor.assert_sound()
    assert words.word("range.is_outside", places=20) in visitor.words
    assert words.word("range.trait_block_length") in visitor.words
    bands = visitor.tab.locator(".td-range tbody tr")
    assert bands.count() >= 15
    outside = bands.filter(has_text=words.word("range.mark_above"))
    assert words.word("range.trait_block_length") in " ".join(outside.all_inner_texts())
    dot = outside.first.locator("i").last.bounding_box()
    band = outside.first.locator("i").nth(1).bounding_box()
    assert dot is not None
    assert band is not None
    assert dot["x"] > band["x"] + band["width"] - 8  # right of the band of all training places


def test_run_and_congestion_warn_of_it(visitor: Visitor) -> None:
    said = catalogue("en").word("range.is_outside", places=20)
    visitor.open("run")
    assert said in visitor.words
    visitor.open("congestion", run="runs/strange")
    visitor.tab.get_by_text(re.compile(catalogue("en").word("congestion.remarks"))).first.click()
    visitor.settle()
    assert said in visitor.words
