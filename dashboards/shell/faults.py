"""Show what the package refuses, in its own words."""

from __future__ import annotations

import streamlit as st

from dashboards.shell.names import plain
from dashboards.shell.words import LANGUAGES, language, word

__all__ = ["show_fault"]


def show_fault(words: str, *, about: str = "", longest: int = 600) -> None:
    """Show an error's words, which are English, and say that they are where the page is not.

    Parameters
    ----------
    words
        What the error says; shown as plain text.
    about
        Markdown that stands before it: which line, which measure.
    longest
        Characters after which it is cut.
    """
    foreign = language() != next(iter(LANGUAGES))
    note = f"  \n:small[{word('shell.fault_in_english')}]" if foreign else ""
    st.error(f"{about}{plain(words, longest=longest)}{note}", icon=":material/error:")
