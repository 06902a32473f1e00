"""Draw what is known of the demand model: how well it does, what it is, what it learned from, where it fails."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Final, Literal

import streamlit as st

from dashboards.shell.looks import date_text, number
from dashboards.shell.missing import missing
from dashboards.shell.names import plain
from dashboards.shell.pages import Page
from dashboards.shell.words import has_word, language, word
from trafficdiff.errors import InputError
from trafficdiff.workflows.shipped_model import card_text, read_scorecard, shipped_model

if TYPE_CHECKING:
    from trafficdiff.workflows.shipped_model import Row, Scorecard, ShippedModel

PAGE = Page(order=80, icon=":material/school:")

_TABS: Final = ("scorecard", "limits", "sources", "model_card", "data_card")
_FAULTS: Final = ("new_cities", "places", "lengths", "rim", "days", "hours")
_COLOURS: Final = {"ahead": "green", "level": "gray", "behind": "orange"}
_LINK: Final = re.compile(r"\[([^\]]+)\]\((?!https?://)[^)]*\)")
_NONE: Final = "\N{EN DASH}"
_MILLION: Final = 1_000_000


def show() -> None:
    """Draw the page."""
    st.title(word("model.heading"), anchor=False)
    st.markdown(word("model.lead"))
    try:
        model = shipped_model()
    except InputError:
        missing("model.no_model", command="pip install --force-reinstall trafficdiff")
        return
    _facts(model)
    scorecard, limits, sources, model_card, data_card = st.tabs([word(f"model.tab_{name}") for name in _TABS])
    with scorecard:
        _scorecard(model)
    with limits:
        _limits()
    with sources:
        _sources(model)
    with model_card:
        _card("model")
    with data_card:
        _card("data")


def _facts(model: ShippedModel) -> None:
    """Show the model's size and age as a row of figures."""
    shown = {
        "date": _date(model.date),
        "parameters": _NONE if model.parameters is None else f"{number(model.parameters / _MILLION, 2)} M",
        "size": f"{number(model.size_bytes / _MILLION, 1)} MB",
        "training": _NONE if model.cpu_minutes is None else f"{number(model.cpu_minutes, 1)} min",
        "places": number(sum(source.places for source in model.sources), 0),
    }
    with st.container(horizontal=True):
        for name, value in shown.items():
            st.metric(word(f"model.fact_{name}"), value, border=True, help=word(f"model.fact_{name}_help"))
    st.caption(word("model.fingerprint", sha256=model.sha256[:12]))


def _date(written: str) -> str:
    """Return the day in a checkpoint's header as the reader writes it."""
    try:
        return date_text(dt.date.fromisoformat(written))
    except ValueError:
        return plain(written) or _NONE


def _scorecard(model: ShippedModel) -> None:
    """Show the measured figures beside the best baseline."""
    try:
        card = read_scorecard()
    except InputError:
        missing("model.no_scorecard", command="trafficdiff evaluate --network NET --routes REAL --model shipped")
        return
    if card.checkpoint_sha256 != model.sha256:
        st.warning(word("model.other_model"), icon=":material/warning:")
    st.markdown(word("model.scorecard_why"))
    st.markdown(_table(card))
    st.caption(word("model.scorecard_legend"))
    for note in card.notes.get(language(), card.notes.get("en", ())):
        st.caption(plain(note, longest=1_000))


def _table(card: Scorecard) -> str:
    """Return the scorecard as a Markdown table."""
    columns = ("what", "model", "baseline", "verdict", "aim")
    lines = [" | ".join(word(f"model.column_{name}") for name in columns), ":-- | --: | --: | :-- | :--"]
    return "\n".join([*lines, *(" | ".join(_cells(row)) for row in card.rows)])


def _cells(row: Row) -> tuple[str, ...]:
    arrow = "↑" if row.better == "high" else "↓"
    baseline = _NONE if row.baseline is None else f"{_figure(row, row.baseline)} ({_baseline_name(row)})"
    verdict = _NONE if row.verdict == "none" else _badge(_COLOURS[row.verdict], word(f"model.verdict_{row.verdict}"))
    aim = _NONE
    if row.aim is not None:
        met = _badge("green", word("model.aim_met")) if row.meets_aim else _badge("orange", word("model.aim_missed"))
        aim = f"{_figure(row, row.aim)} {met}"
    return f"{_row_name(row)} {arrow}", f"**{_figure(row, row.model)}**", baseline, verdict, aim


def _badge(colour: str, text: str) -> str:
    return f":{colour}-badge[{text}]"


def _row_name(row: Row) -> str:
    key = f"model.row_{row.key}"
    return word(key) if has_word(key) else plain(row.name)  # a new figure may not be in the catalogue yet


def _baseline_name(row: Row) -> str:
    key = f"model.baseline_{row.baseline_name.replace(' ', '_').lower()}"
    return word(key) if has_word(key) else plain(row.baseline_name)


def _figure(row: Row, value: float) -> str:
    return f"{number(100 * value, 1)} %" if row.unit == "share" else number(value, 3)


def _limits() -> None:
    """Show where the model is known to fail, and what it must not be used for."""
    left, right = st.columns(2, gap="medium")
    with left, st.container(border=True, height="stretch"):
        st.markdown(f"**{word('model.faults')}**")
        for what in _FAULTS:
            st.markdown(f":orange[:material/warning:] {word(f'model.fault_{what}')}")
    with right, st.container(border=True, height="stretch"):
        st.markdown(f"**{word('model.use')}**")
        for what in ("first_picture", "tests", "prior"):
            st.markdown(f":green[:material/check:] {word(f'model.use_{what}')}")
        for what in ("forecast", "persons", "daily"):
            st.markdown(f":orange[:material/close:] {word(f'model.not_{what}')}")


def _sources(model: ShippedModel) -> None:
    """Show what the model learned from, under which licences."""
    st.markdown(word("model.sources_why"))
    for source in model.sources:
        with st.container(border=True):
            count = word("model.source_count", scenes=number(source.scenes, 0), places=number(source.places, 0))
            st.markdown(f"**{_source_word(source.name, 'name') or plain(source.name)}** · {count}")
            if about := _source_word(source.name, "about"):
                st.markdown(about)
            licences = "; ".join(plain(one, longest=300) for one in source.licences) or _NONE
            st.caption(f"{word('model.licences')}: {licences}")


def _source_word(name: str, what: str) -> str:
    key = f"model.source_{name}_{what}"
    return word(key) if has_word(key) else ""


def _card(which: Literal["model", "data"]) -> None:
    """Show a card as it is in the documentation, without its title and what leads to other files."""
    try:
        text = card_text(which)
    except InputError:
        missing("model.no_card", command="pip install --force-reinstall trafficdiff")
        return
    if language() != "en":
        st.caption(word("model.card_language"))
    body = text[text.index("\n## ") :] if which == "model" and "\n## " in text else text.partition("\n")[2]
    with st.container(width=880):
        st.markdown(re.sub(r"(?m)^## ", "#### ", _LINK.sub(r"\1", body)))
