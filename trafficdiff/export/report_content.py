"""Hold what a report says, in words that are ready to be shown: text is text, and only drawings are markup.

::

    Report ─┬─ Section (a scenario against its base, or a run) ─┬─ Measure, Card, Figure, Table
            └─ Table (at a glance, ranking, provenance, what is declared)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["Card", "Figure", "LegendEntry", "Measure", "Report", "Section", "Table", "Tone"]

Tone = Literal["better", "worse", "changed", "chance", "same", "unknown", "level"]
"""How a number is marked: by colour, by a sign, and always in words."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Represent a table; the first column names its rows.

    Parameters
    ----------
    caption
        What it shows.
    headings
        Of its columns.
    rows
        Cells as text.
    numeric
        Which columns hold numbers; those stand on the right.
    tones
        Of the rows, or nothing.
    note
        What must be known to read it.
    """

    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...] = ()
    tones: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class LegendEntry:
    """Say what one way of drawing means: its class in the style sheet, and how it looks without one."""

    style: str
    label: str
    colour: str
    width: float
    dashes: str = ""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """Represent a drawing with its legend and the table beside it.

    Parameters
    ----------
    title
        Its heading.
    drawing
        An SVG picture with a title and a description of its own.
    legend
        What colours and dashes mean.
    caption
        What must be known to read it.
    table
        The same in numbers.
    tall
        Whether it is higher than wide, so that its table has room beside it.
    """

    title: str
    drawing: Markup
    legend: tuple[LegendEntry, ...] = ()
    caption: str = ""
    table: Table | None = None
    tall: bool = False


@dataclass(frozen=True, kw_only=True)
class Measure:
    """Say what was changed: what it is, on which roads, its numbers, and what it did to trips."""

    title: str
    where: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    did: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Card:
    """Represent one number in front of the reader.

    Parameters
    ----------
    label, value
        What it is, and its level with its unit.
    before
        The base's level, or empty.
    change, interval, verdict
        In words; empty where nothing is compared.
    tone
        How it is marked.
    gauge
        The interval against zero, drawn; or empty.
    """

    label: str
    value: str
    before: str = ""
    change: str = ""
    interval: str = ""
    verdict: str = ""
    tone: Tone = "level"
    gauge: Markup | str = ""


@dataclass(frozen=True, kw_only=True)
class Section:
    """Represent one scenario, or one run.

    Parameters
    ----------
    anchor
        Its id on the page.
    title, kicker
        Its name, and what stands above it.
    lead
        What is found, one sentence each.
    warnings
        What must be known before it is believed.
    measures, cards, figures, tables
        In the order in which they are shown.
    cards_heading, cards_note
        What stands above and below the cards.
    """

    anchor: str
    title: str
    kicker: str
    lead: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    measures: tuple[Measure, ...] = ()
    cards: tuple[Card, ...] = ()
    cards_heading: str = ""
    cards_note: str = ""
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Report:
    """Represent a whole report.

    Parameters
    ----------
    language
        Of its texts (ISO 639-1).
    title, subtitle
        What it is about; where, when, how many runs.
    facts
        Term and value pairs below the title.
    overview
        Tables that hold several scenarios side by side.
    sections
        One a scenario or run.
    declared
        What is learned and what is declared.
    limits
        What it cannot say.
    glossary
        Term and meaning.
    provenance
        Tables that say how to make it again.
    commands
        That make it again.
    credits
        Whom to thank, and that it is simulated.
    trust_lead, trust_warnings, trust
        How far the demand can be trusted: sentences, warnings, and the model's scorecards.
    """

    language: str
    title: str
    subtitle: str
    facts: tuple[tuple[str, str], ...]
    overview: tuple[Table, ...]
    sections: tuple[Section, ...]
    declared: tuple[Table, ...]
    limits: tuple[str, ...]
    glossary: tuple[tuple[str, str], ...]
    provenance: tuple[Table, ...]
    commands: tuple[str, ...]
    credits: tuple[str, ...]
    trust_lead: tuple[str, ...] = ()
    trust_warnings: tuple[str, ...] = ()
    trust: tuple[Table, ...] = ()
