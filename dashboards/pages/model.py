"""Draw what is known of the demand model: how well it does, how near a place is to what it has seen, where it fails."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final, Literal

import streamlit as st

from dashboards.shell import view
from dashboards.shell.looks import date_text, number
from dashboards.shell.missing import missing
from dashboards.shell.names import plain
from dashboards.shell.pages import Page
from dashboards.shell.scorecards import goal_cards, show_scorecards
from dashboards.shell.state import workspace
from dashboards.shell.training_range import show_standing, standing_at
from dashboards.shell.words import has_word, language, plain_word, word
from trafficdiff.errors import InputError
from trafficdiff.workflows.shipped_model import card_text, shipped_model

if TYPE_CHECKING:
    from trafficdiff.workflows.shipped_model import ShippedModel

PAGE = Page(order=80, icon=":material/school:")

_TABS: Final = ("scorecard", "place", "limits", "sources", "model_card", "data_card")
_FAULTS: Final = ("new_cities", "places", "lengths", "rim", "days", "hours")
_LEARNED: Final = ("given", "commuting", "edges", "detours")
_DECLARED: Final = ("ends", "departures", "days", "choice")
_MOST_LOOKED_AT: Final = 100
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
    scorecard, place, limits, sources, model_card, data_card = st.tabs([word(f"model.tab_{name}") for name in _TABS])
    with scorecard:
        goal_cards()
        show_scorecards(of_model=model.sha256)
    with place:
        _place()
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


def _place() -> None:
    """Show where the place of a study or a run lies among the training places."""
    st.markdown(word("model.place_lead"))
    folder = workspace()
    there = {
        f"{kind}:{entry.name}": entry.path
        for kind, entries in (("study", folder.studies()), ("run", folder.runs()))
        for entry in entries[:_MOST_LOOKED_AT]
    }
    known = {name: found for name, path in there.items() if (found := standing_at(path)) is not None}
    if known:
        asked = [f"{kind}:{name}" for kind in ("study", "run") if (name := view.get(kind))]
        first = next((number for number, name in enumerate(known) if name in asked), 0)
        chosen = st.selectbox(word("congestion.what"), list(known), first, format_func=_named, key="model.place")
        show_standing(known[chosen])
    else:
        st.info(word("model.place_none"), icon=":material/info:")
    st.caption(word("model.place_any"))
    st.code("trafficdiff doctor NETWORK", language="bash")


def _named(option: str) -> str:
    kind, _, name = option.partition(":")
    return f"{PurePosixPath(name).name} ({plain_word(f'congestion.kind_{kind}')})"


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
    with st.container(border=True):
        st.markdown(f"**{word('model.learned')}**")
        lines = [f"{word('model.head_learned')} | {word('model.head_declared')}", ":-- | :--"]
        lines += [
            f"{word(f'model.learned_{one}')} | {word(f'model.declared_{other}')}"
            for one, other in zip(_LEARNED, _DECLARED, strict=True)
        ]
        st.markdown("\n".join(lines))


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
