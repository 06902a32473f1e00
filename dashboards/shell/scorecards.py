"""Show scorecards as a planner reads them: figure, goal, best other method, met or missed, and the command behind."""

from __future__ import annotations

import datetime as dt
import logging
import re
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboards.shell.looks import date_text
from dashboards.shell.missing import missing
from dashboards.shell.names import plain
from dashboards.shell.words import language, word
from trafficdiff.export.catalogue import catalogue
from trafficdiff.workflows.scorecard_words import cells_of, chosen_rows, columns_of, goals_text, headings_of, legends_of
from trafficdiff.workflows.scorecards import COMMANDS, scorecards

if TYPE_CHECKING:
    from trafficdiff.datatypes.scorecard import Scorecard, ScorecardRow
    from trafficdiff.workflows.scorecard_words import Cell
    from trafficdiff.workflows.scorecards import Found

__all__ = ["goal_cards", "show_scorecards"]

_COLOURS: Final = {"good": "green", "even": "gray", "bad": "orange"}
_logger = logging.getLogger(__name__)
_HELD: Final = re.compile(r"(?<=\d) (?=%|kWh|h\b)")
"""Between a number and its unit no line ends; plain text has lost that."""
_NUMERIC: Final = {"figure", "before", "floor"}


def goal_cards() -> None:
    """Show in a row how many goals of each subject are met."""
    words = catalogue(language())
    with st.container(horizontal=True):
        for found in scorecards():
            said = "\N{EN DASH}" if found.card is None else goals_text(found.card, words)
            st.metric(word(f"scorecard.subject_{found.subject}"), said, border=True)


def show_scorecards(*, of_model: str = "") -> None:
    """Show every scorecard, one below the other.

    Parameters
    ----------
    of_model
        SHA-256 of the demand model that is shown: a card of realism that belongs to another one says so.
    """
    for found in scorecards():
        with st.container(border=True):
            _show(found, of_model=of_model)


def _show(found: Found, *, of_model: str) -> None:
    subject = word(f"scorecard.subject_{found.subject}")
    if found.card is None:
        st.markdown(f"**{subject}**")
        key = "scorecard.unreadable" if found.fault else "scorecard.missing"
        missing(key, command=COMMANDS[found.subject], subject=subject)
        if found.fault:
            _logger.warning("a scorecard cannot be shown: %s", found.fault)
        return
    card = found.card
    words = catalogue(language())
    st.markdown(f"**{subject}** · {plain(goals_text(card, words))}")
    if found.subject == "realism" and of_model and card.checkpoint_sha256 not in {None, of_model}:
        st.warning(word("scorecard.other_model"), icon=":material/warning:")
    st.markdown(word(f"scorecard.why_{found.subject}"))
    rows, are_missed = chosen_rows(card)
    if are_missed:
        st.markdown(word("scorecard.missed_goals" if rows else "scorecard.none_missed"))
    if rows:
        st.markdown(_table(card, rows))
    if len(rows) < len(card.rows):
        with st.expander(word("scorecard.all_rows", count=len(card.rows))):
            st.markdown(_table(card, card.rows))
    notes = (plain(note, longest=1_000) for note in card.notes_in(language()))
    st.caption(" ".join((*legends_of(card, words), *notes)))
    st.caption(word("scorecard.measured", date=date_text(dt.date.fromisoformat(card.date))))
    st.code("\n".join(card.made_with), language="bash", wrap_lines=True)


def _table(card: Scorecard, chosen: tuple[ScorecardRow, ...]) -> str:
    """Return rows of a card as a Markdown table."""
    words = catalogue(language())
    columns = columns_of(card)
    head = " | ".join(headings_of(columns, words, subject=card.subject))
    rule = " | ".join("--:" if name in _NUMERIC else ":--" for name in columns)
    cells = (cells_of(row, columns, words, subject=card.subject) for row in chosen)
    rows = [" | ".join(_shown(cell, name) for cell, name in zip(one, columns, strict=True)) for one in cells]
    return "\n".join([head, rule, *rows])


def _shown(cell: Cell, column: str) -> str:
    text = _HELD.sub("\N{NARROW NO-BREAK SPACE}", plain(cell.text))
    if column == "figure":
        text = f"**{text}**"
    return f"{text} :{_COLOURS[cell.tone]}-badge[{plain(cell.verdict)}]" if cell.verdict else text
