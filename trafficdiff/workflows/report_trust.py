"""Say in a report how far its demand can be trusted: scorecards in short, and how near the place is to known ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trafficdiff.export.report_content import Table
from trafficdiff.workflows.range_words import remark, verdict
from trafficdiff.workflows.scorecard_words import cells_of, chosen_rows, columns_of, goals_text, headings_of
from trafficdiff.workflows.scorecards import scorecards

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trafficdiff.datatypes.scorecard import Scorecard, ScorecardRow, Subject
    from trafficdiff.datatypes.training_range import Standing
    from trafficdiff.export.catalogue import Catalogue
    from trafficdiff.store.reading import StoredRun
    from trafficdiff.workflows.scorecard_words import Cell

__all__ = ["range_said", "range_warning", "trust_lead", "trust_tables", "trust_warnings"]

_SHORT: Final = 9
"""Rows of a subject in a report; the rest is on the dashboard's page."""
_MODELLED: Final = frozenset({"model", "calibrated"})
_NUMERIC: Final = frozenset({"figure", "before", "floor"})
_CHARGING: Final[tuple[Subject, ...]] = ("charging",)


def trust_tables(runs: Sequence[StoredRun], words: Catalogue) -> tuple[Table, ...]:
    """Return a short table a scorecard; none where no model drew trips."""
    if not _is_modelled(runs):
        return ()
    used = {run.provenance.checkpoint_sha256 for run in runs} - {None}
    found = [one.card for one in scorecards(_subjects(runs)) if one.card is not None]
    return tuple(_table(card, used, words) for card in found)


def trust_lead(runs: Sequence[StoredRun], words: Catalogue) -> tuple[str, ...]:
    """Return sentences: where the places lie in the training range, and what was not measured."""
    if not _is_modelled(runs):
        return (words.word("scorecard.not_of_model"),)
    said = [f"{name}{verdict(standing, words)}" for name, standing in _standings(runs) if not standing.is_far]
    for one in scorecards(_subjects(runs)):
        if one.card is None:
            key = "unreadable" if one.fault else "missing"
            said.append(words.word(f"scorecard.{key}", subject=words.word(f"scorecard.subject_{one.subject}")))
    return tuple(said)


def trust_warnings(runs: Sequence[StoredRun], words: Catalogue) -> tuple[str, ...]:
    """Return the warning about every place that is far from the training places."""
    return tuple(f"{name}{remark(standing, words)}" for name, standing in _standings(runs) if standing.is_far)


def range_warning(run: StoredRun, words: Catalogue) -> tuple[str, ...]:
    """Return in one sentence that a run's place is far from the training places, if it is."""
    standing = run.provenance.training_range
    return (verdict(standing, words),) if standing is not None and standing.is_far else ()


def range_said(run: StoredRun) -> tuple[str, ...]:
    """Return what the run itself warned of about its place, in its own words: `range_warning` says it better."""
    from trafficdiff.workflows.training_range import warnings_of

    return warnings_of(run.provenance.training_range)


def _is_modelled(runs: Iterable[StoredRun]) -> bool:
    return any(run.scenario.demand.kind in _MODELLED or run.provenance.training_range is not None for run in runs)


def _subjects(runs: Iterable[StoredRun]) -> tuple[Subject, ...]:
    charges = any(run.scenario.charging is not None for run in runs)
    return ("realism", "calibration", "privacy", *(_CHARGING if charges else ()))


def _standings(runs: Iterable[StoredRun]) -> list[tuple[str, Standing]]:
    """Return the standings of the runs' places, each once; where there are several, with a name before each."""
    found: list[tuple[str, Standing]] = []
    for run in runs:
        standing = run.provenance.training_range
        if standing is not None and all(standing != other for _, other in found):
            found.append((run.scenario.name, standing))
    return [(f"{name}: " if len(found) > 1 else "", standing) for name, standing in found]


def _table(card: Scorecard, used: set[str | None], words: Catalogue) -> Table:
    rows, are_missed = chosen_rows(card)
    shown = rows[:_SHORT]
    columns = tuple(name for name in columns_of(card) if name != "floor")
    subject = words.word(f"scorecard.subject_{card.subject}")
    return Table(
        caption=words.word("scorecard.table", subject=subject, goals=goals_text(card, words)),
        headings=headings_of(columns, words, subject=card.subject),
        rows=tuple(tuple(_text(cell) for cell in cells_of(row, columns, words, subject=card.subject)) for row in shown),
        numeric=tuple(name in _NUMERIC for name in columns),
        note=" ".join((*_which(are_missed, shown, words), *_notes(card, used, len(card.rows) - len(shown), words))),
    )


def _which(are_missed: bool, shown: Sequence[ScorecardRow], words: Catalogue) -> tuple[str, ...]:
    return (words.word("scorecard.missed_goals" if shown else "scorecard.none_missed"),) if are_missed else ()


def _notes(card: Scorecard, used: set[str | None], left_out: int, words: Catalogue) -> list[str]:
    said = [words.word("scorecard.measured_on", date=card.date)]
    if card.subject == "realism" and card.checkpoint_sha256 is not None and used and card.checkpoint_sha256 not in used:
        said.append(words.word("scorecard.other_model"))
    if left_out:
        said.append(words.word("scorecard.more_rows", count=left_out))
    return [*said, *card.notes_in(words.language)]


def _text(cell: Cell) -> str:
    return f"{cell.text}: {cell.verdict}" if cell.verdict else cell.text
