"""Put the area's numbers into a report: cards in front, all scenarios at a glance, one table with everything."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from trafficdiff.export.report_content import Card, Table
from trafficdiff.export.shown_numbers import (
    CARDS,
    CHARGING_CARDS,
    NOTHING,
    OF_MEASURES,
    SAFETY_CARDS,
    SHOWN_NUMBERS,
    ShownNumber,
    decimals_for,
    signed,
    with_unit,
)
from trafficdiff.export.svg_gauge import draw_gauge
from trafficdiff.metrics.kpi_changes import VERDICTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trafficdiff.export.catalogue import Catalogue
    from trafficdiff.export.report_content import Tone
    from trafficdiff.workflows.comparison import Comparison

__all__ = ["at_a_glance", "change_cards", "change_sentences", "level_cards", "numbers_of_runs", "table_of_changes"]

_BY_NAME: Final = {number.name: number for number in SHOWN_NUMBERS}
_IN_FRONT: Final = (*CARDS, *CHARGING_CARDS, *SAFETY_CARDS)
_GLANCE: Final = ("mean_trip_time", "delay_hours", "mean_speed", "trip_kilometres", "total_co2_mass")
_SAID: Final = ("mean_trip_time", "delay_hours", "trip_kilometres")
_SIGNS: Final[dict[Tone, str]] = {
    "better": "✓ ", "worse": "✗ ", "changed": "● ", "chance": "≈ ", "same": "= ", "unknown": "? ", "level": "",
}  # fmt: skip
"""Second cue beside the colour of a verdict."""


def change_cards(found: Comparison, words: Catalogue) -> tuple[Card, ...]:
    """Return the cards of a comparison: level, base, change, interval, and what can be said of it."""
    rows = _rows(found)
    return tuple(_change_card(_BY_NAME[name], rows[name], found, words) for name in _IN_FRONT if name in rows)


def _change_card(number: ShownNumber, row: Mapping[str, Any], found: Comparison, words: Catalogue) -> Card:
    tone = _tone(number, row)
    change, low, high = _change_texts(number, row, words)
    relative = _relative(row, words)
    same = tone == "same"
    return Card(
        label=words.word(f"report.number_{number.name}"),
        value=_level(number, row["scenario"], words),
        before=words.word("report.card_before", base=found.base, value=_level(number, row["base"], words)),
        change=words.word("report.no_change") if same else f"{change}{f' ({relative})' if relative else ''}",
        interval="" if same or tone == "unknown" else _interval_text(low, high, found, words),
        verdict=words.word(f"report.verdict_{tone}"),
        tone=tone,
        gauge="" if same else draw_gauge(row["difference"], low=row["low"], high=row["high"]),
    )


def level_cards(numbers: Mapping[str, float], words: Catalogue) -> tuple[Card, ...]:
    """Return the cards of one run."""
    return tuple(
        Card(label=words.word(f"report.number_{name}"), value=_level(_BY_NAME[name], numbers[name], words))
        for name in _IN_FRONT
        if math.isfinite(numbers.get(name, math.nan))
    )


def change_sentences(found: Comparison, words: Catalogue) -> tuple[str, ...]:
    """Return what a comparison found about the most important numbers, one sentence each."""
    rows = _rows(found)
    said = []
    for name in _SAID:
        if (row := rows.get(name)) is None:
            continue
        number, tone = _BY_NAME[name], _tone(_BY_NAME[name], row)
        change, low, high = _change_texts(number, row, words)
        said.append(
            words.word(
                f"report.say_{'found' if tone in {'better', 'worse', 'changed'} else tone}",
                label=words.word(f"report.number_{name}"),
                change=change,
                relative=_relative(row, words) or NOTHING,
                low=low,
                high=high,
                confidence=words.number(100 * found.confidence),
            )
        )
    return tuple(said)


def table_of_changes(found: Comparison, words: Catalogue) -> Table:
    """Return every shown number of base and scenario with its change."""
    rows, tones = [], []
    known = _rows(found)
    for number in SHOWN_NUMBERS:
        if (row := known.get(number.name)) is None:
            continue
        if number.name in OF_MEASURES and row["base"] == row["scenario"] == 0:
            continue
        tone = _tone(number, row)
        change, low, high = _change_texts(number, row, words)
        same = tone == "same"
        rows.append(
            (
                words.word(f"report.number_{number.name}"),
                _level(number, row["base"], words),
                _level(number, row["scenario"], words),
                "0" if same else change,
                "" if same else _relative(row, words),
                "" if same or tone == "unknown" else words.word("report.from_to", low=low, high=high),
                f"{_SIGNS[tone]}{words.word(f'report.short_{tone}')}",
            )
        )
        tones.append(tone)
    confidence = words.number(100 * found.confidence)
    return Table(
        caption=words.word("report.all_numbers", scenario=found.scenario, base=found.base),
        headings=(
            words.word("report.head_number"),
            found.base,
            found.scenario,
            words.word("report.head_change"),
            "%",
            words.word("report.head_interval", confidence=confidence),
            words.word("report.head_verdict"),
        ),
        rows=tuple(rows),
        numeric=(False, True, True, True, True, True, False),
        tones=tuple(tones),
        note=words.word("report.all_numbers_note", count=len(found.samples), confidence=confidence),
    )


def at_a_glance(all_found: Sequence[Comparison], words: Catalogue) -> Table:
    """Return the change of the most important numbers, one row a scenario."""
    names = [name for name in _GLANCE if any(name in _rows(found) for found in all_found)]
    rows = []
    for found in all_found:
        known = _rows(found)
        rows.append((found.scenario, *(_glance(_BY_NAME[name], known.get(name), words) for name in names)))
    base = all_found[0].base
    return Table(
        caption=words.word("report.glance", base=base),
        headings=(words.word("report.head_scenario"), *(words.word(f"report.number_{name}") for name in names)),
        rows=tuple(rows),
        numeric=(False, *(True for _ in names)),
        note=words.word("report.glance_note"),
    )


def _glance(number: ShownNumber, row: Mapping[str, Any] | None, words: Catalogue) -> str:
    if row is None:
        return NOTHING
    tone = _tone(number, row)
    if tone == "same":
        return words.word("report.short_same")
    change, _, _ = _change_texts(number, row, words)
    return words.word("report.glance_chance", change=change) if tone in {"chance", "unknown"} else (
        f"{_SIGNS[tone]}{change}"
    )  # fmt: skip


def numbers_of_runs(runs: Sequence[tuple[str, Mapping[str, float]]], words: Catalogue) -> Table:
    """Return the shown numbers of single runs side by side; nothing is said of chance, for there is one of each."""
    rows = []
    for number in SHOWN_NUMBERS:
        values = [numbers.get(number.name, math.nan) for _, numbers in runs]
        if not any(map(math.isfinite, values)) or (number.name in OF_MEASURES and not any(values)):
            continue
        rows.append((words.word(f"report.number_{number.name}"), *(_level(number, value, words) for value in values)))
    return Table(
        caption=words.word("report.numbers_of_runs"),
        headings=(words.word("report.head_number"), *(name for name, _ in runs)),
        rows=tuple(rows),
        numeric=(False, *(True for _ in runs)),
        note=words.word("report.numbers_of_runs_note") if len(runs) > 1 else "",
    )


def _rows(found: Comparison) -> dict[str, dict[str, Any]]:
    """Return the changes that are known, by the number's name."""
    return {
        str(row["name"]): {str(key): value for key, value in row.items()}
        for row in found.kpis.to_dict("records")
        if math.isfinite(row["difference"])
    }


def _tone(number: ShownNumber, row: Mapping[str, Any]) -> Tone:
    if row["verdict"] == VERDICTS["same"]:
        return "same"
    if row["verdict"] == VERDICTS["unknown"]:
        return "unknown"
    if row["verdict"] == VERDICTS["not"]:
        return "chance"
    if not number.better:
        return "changed"
    return "better" if (row["difference"] > 0) == (number.better == "more") else "worse"


def _level(number: ShownNumber, value: float, words: Catalogue) -> str:
    if not math.isfinite(value):
        return NOTHING
    return with_unit(words.number(value * number.factor, number.decimals), number.unit)


def _change_texts(number: ShownNumber, row: Mapping[str, Any], words: Catalogue) -> tuple[str, str, str]:
    """Return change, low and high with one number of decimals; a share changes by percentage points.

    The low bound goes without the unit, for it stands before the high one.
    """
    values = [float(row[name]) * number.factor for name in ("difference", "low", "high")]
    decimals = decimals_for(values)
    unit = words.word("report.points") if number.unit == "%" else number.unit
    change, low, high = (signed(value, decimals, words) for value in values)
    return with_unit(change, unit), low, with_unit(high, unit)


def _relative(row: Mapping[str, Any], words: Catalogue) -> str:
    if not math.isfinite(row["relative"]):
        return ""
    return with_unit(signed(100 * row["relative"], 1, words), "%")


def _interval_text(low: str, high: str, found: Comparison, words: Catalogue) -> str:
    return words.word("report.interval", confidence=words.number(100 * found.confidence), low=low, high=high)
