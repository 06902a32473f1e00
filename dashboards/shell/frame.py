"""Draw what stands around every page: logo, language, who is here, and where the data come from."""

from __future__ import annotations

import streamlit as st

from dashboards.shell import view
from dashboards.shell.logo import mark, wordmark
from dashboards.shell.state import settings
from dashboards.shell.visitors import show_visitor
from dashboards.shell.words import LANGUAGES, language, word

__all__ = ["footer", "header", "name_tab", "sidebar"]

_LANGUAGE: str = "shell.language"
_STYLE = "<style>.stMainBlockContainer{padding:3.75rem clamp(1rem,3vw,3rem) 3rem}</style>"
"""As little empty space as leaves room for the bar of buttons: maps are what the page is for."""


def header() -> None:
    """Set the page up: the whole width, the mark as its icon, the logo."""
    st.set_page_config(layout="wide", page_icon=mark())
    st.html(_STYLE)
    st.logo(wordmark(str(st.context.theme.type or "light")), icon_image=mark(), size="large")


def name_tab(title: str) -> None:
    """Name the browser's tab after the page."""
    st.set_page_config(page_title=f"{title} · trafficdiff")


def sidebar() -> None:
    """Draw the language switch, who is here, and what visitors may do."""
    with st.sidebar:
        if settings().read_only:
            st.caption(f":material/visibility: {word('shell.read_only')}", help=word("shell.read_only_help"))
        show_visitor()
        st.segmented_control(
            word("shell.language"),
            list(LANGUAGES),
            format_func=LANGUAGES.__getitem__,
            default=language(),
            key=f"{_LANGUAGE}.{language()}",
            on_change=_change_language,
            label_visibility="collapsed",
            required=True,
        )


def footer() -> None:
    """Say what is synthetic, and whom the map belongs to."""
    from trafficdiff import __version__

    st.divider()
    st.caption(f"{word('shell.footer_synthetic')} {word('shell.footer_map')} · trafficdiff {__version__}")


def _change_language() -> None:
    chosen = st.session_state.get(f"{_LANGUAGE}.{language()}")
    if chosen in LANGUAGES:
        view.put(lang=chosen)
