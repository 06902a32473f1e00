"""Show numbers of the whole area as cards: the level, the change against the base, its interval, and what that says.

A card says in words what can be told from chance, and shows it as a dot with whiskers about zero.
"""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import streamlit as st

from dashboards.shell.looks import change, number, theme
from dashboards.shell.words import plain_word
from trafficdiff.export.shown_numbers import CARDS, SHOWN_NUMBERS
from trafficdiff.metrics.kpi_changes import VERDICTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from trafficdiff.export.shown_numbers import ShownNumber

__all__ = ["Card", "Tone", "change_card", "change_cards", "level_cards", "show_cards", "tone_of"]

Tone = Literal["better", "worse", "changed", "chance", "same", "unknown", ""]
"""What a change says; the words are ``report.verdict_<tone>``."""

_MARKS: Final[dict[str, str]] = {
    "better": "✓", "worse": "✗", "changed": "●", "chance": "≈", "same": "=", "unknown": "?",
}  # fmt: skip
_COLOURS: Final = {
    "light": {"better": "#0b6b4f", "worse": "#a53f00", "changed": "#0b5c8a", "": "#5b6a72"},
    "dark": {"better": "#6fd3ae", "worse": "#ffb07a", "changed": "#7cc6f5", "": "#a9b7be"},
}
"""Teal and orange, which colour-blind people tell apart; sign and words say the same. Grey where it may be chance."""
_STYLE: Final = """<style>
.td-cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(138px,1fr));gap:.5rem;margin:0;padding:0}
.td-card{border:1px solid rgba(128,140,148,.35);border-radius:6px;padding:.45rem .6rem;display:flex;
flex-direction:column;min-width:0;line-height:1.3}
.td-label{font-size:.78rem;opacity:.8}
.td-level{display:flex;flex-wrap:wrap;align-items:baseline;column-gap:.4rem}
.td-value{font-size:1.2rem;font-weight:600;line-height:1.25;font-variant-numeric:tabular-nums}
.td-note{font-size:.72rem;opacity:.78;font-variant-numeric:tabular-nums}
.td-change{font-size:.85rem;font-weight:600;font-variant-numeric:tabular-nums}
.td-verdict{font-size:.72rem;font-weight:600;margin-top:auto;padding-top:.1rem}
.td-gauge{position:relative;height:12px;margin:.05rem 0}
.td-gauge i{position:absolute;display:block}
</style>"""


@dataclass(frozen=True, kw_only=True)
class Card:
    """Hold the texts of one card.

    Parameters
    ----------
    label, about
        What the number is called, and what it means.
    value, note
        The level, and what stands below it.
    change, bounds, interval
        The change against the base, its interval in short, and in full; empty for none.
    tone
        What the change says.
    gauge
        Lower bound, change and upper bound as shares of the gauge's half width, -1 to 1; None for no gauge.
    """

    label: str
    about: str
    value: str
    note: str = ""
    change: str = ""
    bounds: str = ""
    interval: str = ""
    tone: Tone = ""
    gauge: tuple[float, float, float] | None = None


def tone_of(verdict: str, difference: float, better: str) -> Tone:
    """Return what a change says: whether it is more than chance, and which way a planner wants it to go."""
    if verdict != VERDICTS["distinguishable"]:
        tones: dict[str, Tone] = {VERDICTS["same"]: "same", VERDICTS["not"]: "chance"}
        return tones.get(verdict, "unknown")
    if not better:
        return "changed"
    return "better" if (difference > 0) == (better == "more") else "worse"


def change_cards(kpis: pd.DataFrame, *, confidence: float, names: Sequence[str] = CARDS) -> list[Card]:
    """Return a card for each number that stands in front, from `metrics.kpi_changes` by name."""
    return [change_card(kpis.loc[shown.name], shown, confidence=confidence) for shown in _in_front(kpis.index, names)]


def change_card(row: Any, shown: ShownNumber, *, confidence: float) -> Card:
    """Return the card of one number, a row of `metrics.kpi_changes`."""
    low, mid, high = (float(row[name]) * shown.factor for name in ("low", "difference", "high"))
    unit = plain_word("report.points") if shown.unit == "%" else shown.unit
    tone = tone_of(str(row["verdict"]), mid, shown.better)
    relative = float(row["relative"])
    moved = change(mid, low, high, unit=unit)
    if math.isfinite(relative) and mid and shown.unit != "%" and tone != "same":
        share = 100 * relative / mid
        moved += f" ({change(share * mid, share * low, share * high, unit='%')})"
    reach = max(abs(low), abs(high), abs(mid), 1e-12)
    known = math.isfinite(low) and tone != "same"
    before = number(float(row["base"]) * shown.factor, shown.decimals)  # in the unit of the level beside it
    ends = {"low": change(low, mid, high), "high": change(high, mid, low), "confidence": f"{100 * confidence:g}"}
    return Card(
        label=plain_word(f"report.number_{shown.name}"),
        about=plain_word(f"report.about_{shown.name}"),
        value=number(float(row["scenario"]) * shown.factor, shown.decimals, shown.unit),
        note=plain_word("congestion.card_base", value=before),
        change=plain_word("report.no_change") if tone == "same" else moved,
        bounds=plain_word("congestion.card_interval", **ends) if known else "",
        interval=plain_word("report.interval", **ends) if known else "",
        tone=tone,
        gauge=(low / reach, mid / reach, high / reach) if known else None,
    )  # fmt: skip


def level_cards(levels: pd.DataFrame, *, confidence: float, names: Sequence[str] = CARDS) -> list[Card]:
    """Return a card for each number that stands in front, from `metrics.kpi_levels` by name, without a comparison."""
    cards = []
    for shown in _in_front(levels.index, names):
        row: Any = levels.loc[shown.name]
        low, high = (number(float(row[name]) * shown.factor, shown.decimals) for name in ("low", "high"))
        one = int(row["samples"]) < 2
        cards.append(
            Card(
                label=plain_word(f"report.number_{shown.name}"),
                about=plain_word(f"report.about_{shown.name}"),
                value=number(float(row["mean"]) * shown.factor, shown.decimals, shown.unit),
                note=plain_word("congestion.one_sample") if one else plain_word(
                    "report.interval", confidence=f"{100 * confidence:g}", low=low, high=high
                ),
            )
        )  # fmt: skip
    return cards


def show_cards(cards: Sequence[Card]) -> None:
    """Draw cards side by side, as many in a row as there is room for."""
    st.html(_STYLE + '<div class="td-cards" role="list">' + "".join(_markup(card) for card in cards) + "</div>")


def _in_front(there: pd.Index[str], names: Sequence[str]) -> list[ShownNumber]:
    return [shown for shown in SHOWN_NUMBERS if shown.name in names and shown.name in there]


def _markup(card: Card) -> str:
    colours = _COLOURS[theme()]
    colour = colours.get(card.tone, colours[""])
    safe = {
        name: html.escape(str(getattr(card, name)))
        for name in ("label", "about", "value", "note", "change", "bounds", "interval")
    }
    parts = [
        f'<div class="td-label" title="{safe["about"]}">{safe["label"]}</div>',
        f'<div class="td-level"><span class="td-value">{safe["value"]}</span>'
        f'<span class="td-note">{safe["note"]}</span></div>',
    ]
    if card.tone:
        verdict = html.escape(plain_word(f"report.verdict_{card.tone}"))
        parts += [
            f'<div class="td-change" style="color:{colour}">{safe["change"]}</div>',
            _gauge(card.gauge, colour),
            f'<div class="td-note" title="{safe["interval"]}">{safe["bounds"]}</div>',
            f'<div class="td-verdict" style="color:{colour}">{_MARKS[card.tone]} {verdict}</div>',
        ]
    return f'<div class="td-card" role="listitem">{"".join(parts)}</div>'


def _gauge(gauge: tuple[float, float, float] | None, colour: str) -> str:
    """Return a dot with whiskers on a line whose middle is zero; it repeats what the texts say."""
    if gauge is None:
        return ""
    low, mid, high = (50 + 46 * share for share in gauge)
    return (
        '<div class="td-gauge" aria-hidden="true">'
        '<i style="left:0;right:0;top:5.5px;height:1px;background:rgba(128,140,148,.35)"></i>'
        '<i style="left:50%;top:0;width:1px;height:12px;background:currentColor;opacity:.6"></i>'
        f'<i style="left:{low:.1f}%;width:{max(high - low, 0.5):.1f}%;top:5px;height:2px;background:{colour}"></i>'
        f'<i style="left:calc({mid:.1f}% - 4px);top:2px;width:8px;height:8px;border-radius:50%;'
        f'background:{colour}"></i>'
        "</div>"
    )
