"""Say a scorecard's rows in a reader's language: figure, goal, best other method, control, met or missed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from trafficdiff.export.shown_numbers import with_unit

if TYPE_CHECKING:
    from trafficdiff.datatypes.scorecard import Scorecard, ScorecardRow
    from trafficdiff.export.catalogue import Catalogue

__all__ = [
    "COLUMNS",
    "Cell",
    "Tone",
    "cells_of",
    "chosen_rows",
    "columns_of",
    "goals_text",
    "headings_of",
    "legends_of",
]

Tone = Literal["good", "bad", "even"]

COLUMNS: Final = ("what", "figure", "goal", "before", "floor", "other", "control")
"""Every column, in order; those that no row fills are left out."""
_ALWAYS: Final = ("what", "figure", "goal")
_SMALL, _MIDDLE = 1.0, 10.0
_FEW: Final = 3
_COUNTED: Final = frozenset({"cells", "trips"})
"""Units of whole numbers; their names say what is counted."""
_MARKS: Final = re.compile(r"(, | \(|\): |\)|: )")
_FILE_NAME: Final = re.compile(r"[a-z0-9_]+")
_TONES: Final[dict[str, Tone]] = {"ahead": "good", "level": "even", "behind": "bad"}


@dataclass(frozen=True)
class Cell:
    """Hold a text, and a short verdict beside it with its tone; no verdict where it is empty."""

    text: str
    verdict: str = ""
    tone: Tone = "even"


def columns_of(card: Scorecard) -> tuple[str, ...]:
    """Return the columns that a card's rows fill."""
    filled = {
        "before": any(row.before is not None for row in card.rows),
        "floor": any(row.floor is not None for row in card.rows),
        "other": any(row.baseline is not None for row in card.rows),
        "control": any(row.control is not None for row in card.rows),
    }
    return tuple(name for name in COLUMNS if name in _ALWAYS or filled[name])


def headings_of(columns: tuple[str, ...], words: Catalogue, *, subject: str = "") -> tuple[str, ...]:
    """Return the headings of columns; some have words of their own by subject."""
    own = (f"head_{subject}_{name}" for name in columns)
    return tuple(
        _word(key, words.word(f"scorecard.head_{name}"), words) for key, name in zip(own, columns, strict=True)
    )


def cells_of(row: ScorecardRow, columns: tuple[str, ...], words: Catalogue, *, subject: str = "") -> tuple[Cell, ...]:
    """Return the cells of a row, in the order of the columns; some figures have words of their own by subject."""

    def what(row: ScorecardRow, words: Catalogue) -> Cell:
        return _what(row, words, subject=subject)

    made = {"what": what, "figure": _figure, "goal": _goal, "before": _before, "floor": _floor, "other": _other,
            "control": _control}  # fmt: skip
    return tuple(made[name](row, words) for name in columns)


def goals_text(card: Scorecard, words: Catalogue) -> str:
    """Return how many goals are met."""
    met, count = card.goals
    return words.word("scorecard.goals", met=met, count=count) if count else words.word("scorecard.goals_none")


def chosen_rows(card: Scorecard) -> tuple[tuple[ScorecardRow, ...], bool]:
    """Return the rows that stand for a card: means over all, or where there are hardly any its missed goals.

    The second value is whether they are the missed ones.
    """
    whole = tuple(row for row in card.rows if not row.of)
    if len(whole) >= min(_FEW, len(card.rows)):
        return whole, False
    missed = tuple(row for row in card.rows if row.decides and (row.meets_aim is False or row.control_fails is False))
    return missed, True


def legends_of(card: Scorecard, words: Catalogue) -> tuple[str, ...]:
    """Return what must be known to read a card."""
    legends = [words.word("scorecard.legend")]
    spreads = {row.spread for row in card.rows if row.low is not None}
    legends += [words.word(f"scorecard.legend_{_slug(spread)}") for spread in ("95 %", "cities") if spread in spreads]
    if any(row.judged != "model" for row in card.rows):
        legends.append(words.word("scorecard.legend_upper"))
    return tuple(legends)


def _what(row: ScorecardRow, words: Catalogue, *, subject: str) -> Cell:
    own = f"row_{subject}_{row.key}"
    name = _word(own if f"scorecard.{own}" in words else f"row_{row.key}", row.name, words)
    of = f", {_case(row.of, words)}" if row.of else ""
    return Cell(f"{name}{of} {'↑' if row.better == 'high' else '↓'}")


def _case(of: str, words: Catalogue) -> str:
    """Return of what a figure is, part by part in the reader's language; names of files become names of places."""

    def told(part: str) -> str:
        key = f"of_{_slug(part)}"
        name = part.replace("_", " ").title() if _FILE_NAME.fullmatch(part) else part
        return _word(key, name, words)

    if f"scorecard.of_{_slug(of)}" in words:
        return told(of)
    return "".join(part if _MARKS.fullmatch(part) else told(part) for part in _MARKS.split(of))


def _figure(row: ScorecardRow, words: Catalogue) -> Cell:
    figure = _number(row, row.model, words)
    if row.low is None or row.high is None or row.low == row.high:
        return Cell(figure)
    low, high = _number(row, row.low, words), _number(row, row.high, words)
    return Cell(words.word("scorecard.figure_between", figure=figure, low=low, high=high))


def _goal(row: ScorecardRow, words: Catalogue) -> Cell:
    if row.aim is None and not row.to_be_ahead:
        return Cell(_NONE)
    if row.aim is None:
        text = words.word("scorecard.goal_ahead")
    else:
        text = words.word(f"scorecard.goal_{row.better}", aim=_number(row, row.aim, words))
    if not row.decides:
        return Cell(text, words.word("scorecard.shown_only"))
    met = bool(row.meets_aim)
    return Cell(text, words.word("scorecard.met" if met else "scorecard.missed"), "good" if met else "bad")


def _before(row: ScorecardRow, words: Catalogue) -> Cell:
    return Cell(_NONE if row.before is None else _number(row, row.before, words))


def _floor(row: ScorecardRow, words: Catalogue) -> Cell:
    return Cell(_NONE if row.floor is None else _number(row, row.floor, words))


def _other(row: ScorecardRow, words: Catalogue) -> Cell:
    if row.baseline is None:
        return Cell(_NONE)
    name = _word(f"baseline_{_slug(row.baseline_name)}", row.baseline_name, words)
    text = words.word("scorecard.other_of", figure=_number(row, row.baseline, words), name=name)
    return Cell(text, words.word(f"scorecard.{row.verdict}"), _TONES[row.verdict])


def _control(row: ScorecardRow, words: Catalogue) -> Cell:
    if row.control is None:
        return Cell(_NONE)
    name = _word(f"baseline_{_slug(row.control_name)}", row.control_name, words)
    text = words.word("scorecard.other_of", figure=_number(row, row.control, words), name=name)
    if row.control_fails is None or not row.decides:
        return Cell(text)
    good = row.control_fails
    return Cell(text, words.word("scorecard.fails" if good else "scorecard.passes"), "good" if good else "bad")


def _number(row: ScorecardRow, value: float, words: Catalogue) -> str:
    if row.unit == "share":
        return with_unit(words.number(100 * value, 1), "%")
    if row.unit in _COUNTED:
        return words.number(value)
    digits = 3 if abs(value) < _SMALL else 2 if abs(value) < _MIDDLE else 1
    return with_unit(words.number(value, digits), row.unit)


def _word(key: str, otherwise: str, words: Catalogue) -> str:
    return words.word(f"scorecard.{key}") if f"scorecard.{key}" in words else otherwise


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


_NONE: Final = "\N{EN DASH}"
