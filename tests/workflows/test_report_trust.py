"""A report says how far its demand can be trusted: scorecards in short, and whether its place is far from others."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from tests.datatypes.test_training_range import standing, trait
from trafficdiff.export.catalogue import catalogue, languages
from trafficdiff.workflows.report_trust import range_said, range_warning, trust_lead, trust_tables, trust_warnings
from trafficdiff.workflows.shipped_model import shipped_model
from trafficdiff.workflows.training_range import warnings_of

if TYPE_CHECKING:
    from trafficdiff.datatypes.training_range import Standing
    from trafficdiff.store.reading import StoredRun

FAR = standing(traits=(trait("block_length", 600.0, low=30.0, high=200.0, score=6.0),), nearest=("kyoto",))
NEAR = standing(level="inside", distance=0.5, percentile=20.0)


def made(name: str = "today", *, where: Standing | None = None, kind: str = "model", sha256: str = "") -> StoredRun:
    """Return as much of a run as a report asks here."""
    content: Any = SimpleNamespace(
        scenario=SimpleNamespace(name=name, charging=None, demand=SimpleNamespace(kind=kind)),
        provenance=SimpleNamespace(training_range=where, checkpoint_sha256=sha256 or shipped_model().sha256),
    )
    return cast("StoredRun", content)


@pytest.mark.parametrize("language", languages())
def test_a_far_place_is_a_warning_and_a_near_one_a_sentence(language: str) -> None:
    words = catalogue(language)
    (warning,) = trust_warnings([made(where=FAR), made("closed", where=FAR)], words)
    assert words.word("range.trait_block_length") in warning
    assert not trust_warnings([made(where=NEAR)], words)
    assert trust_lead([made(where=NEAR)], words)[0].startswith(words.word("range.is_inside", percentile="20", places=5))
    (short,) = range_warning(made(where=FAR), words)
    assert short in warning
    assert not range_warning(made(where=NEAR), words)
    assert range_said(made(where=FAR)) == warnings_of(FAR)


def test_places_of_several_runs_have_their_names() -> None:
    runs = [made("north", where=FAR), made("south", where=NEAR)]
    assert trust_warnings(runs, catalogue())[0].startswith("north: ")
    assert trust_lead(runs, catalogue())[0].startswith("south: ")


def test_the_tables_are_short_and_say_what_was_met() -> None:
    tables = trust_tables([made()], catalogue())
    assert tables[0].caption.startswith("Realism: ")
    assert all(len(table.rows) <= 9 for table in tables)
    assert all(len(row) == len(table.headings) for table in tables for row in table.rows)
    assert "missed" in str(tables[0].rows)
    assert "another version" not in tables[0].note
    assert "another version" in trust_tables([made(sha256="f" * 64)], catalogue())[0].note


def test_without_a_model_there_are_no_figures_of_one() -> None:
    runs = [made(kind="gravity", where=None)]
    assert trust_tables(runs, catalogue()) == ()
    assert trust_lead(runs, catalogue()) == (catalogue().word("scorecard.not_of_model"),)
